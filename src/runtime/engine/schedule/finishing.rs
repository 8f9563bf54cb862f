//! An exchange ended: it is repeated, followed by the next step, or the end for all that want the answer.

use std::time::{Duration, Instant};

use super::queues::WorkId;
use super::work::{Stage, Way, Work};
use super::{Effect, Finished, Schedule};
use crate::model::Text;
use crate::network::Claim;
use crate::operations::{Answer, Authorization, Decoded, Flow, Next, OperationId, Sent, Status};
use crate::policy::is_outage;
use crate::policy::retry::Attempted;
use crate::room::NoMemory;
use crate::runtime::engine::counters::Counters;
use crate::runtime::engine::health::{Given, Verdict};
use crate::runtime::engine::in_flight::InFlight;
use crate::runtime::mailbox::Outcome;

/// What work held in the network of servers while it was sent.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::runtime::engine) struct Held {
    pub(in crate::runtime::engine) claim: Option<Claim>,
    /// It is asked again, or its next step is.
    pub(in crate::runtime::engine) keeps: bool,
}

fn is_customer(outcome: &Outcome) -> bool {
    outcome.status == Status::Ok
        && outcome.content().is_some_and(|content| matches!(content.answer, Answer::Customer(_)))
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Answered,
    Failed,
    Interrupted,
    /// On this side, before the API was asked.
    Ours,
}

/// An outcome in words.
fn said_of(flight: &InFlight, outcome: &Outcome) -> String {
    let message = outcome.reply.as_ref().and_then(|reply| reply.message.as_ref());
    message.map_or_else(|| flight.operation.name.to_owned(), ToString::to_string)
}

impl Schedule {
    /// An exchange ended: it is repeated, followed by the next step, or the end for all that want the answer. Says what the
    /// network of servers is to be told of the claim.
    pub(in crate::runtime::engine) fn finish(&mut self, finished: Finished, now: Instant) -> Held {
        let id = finished.work;
        let is_answer = is_customer(&finished.outcome);
        let held =
            self.works.get_mut(&id).and_then(|work| if is_answer { work.claim.take() } else { work.claim });
        if held.is_none() {
            self.go_on_from(finished, now);
            return Held::default();
        }
        let before = self.number;
        self.go_on_from(finished, now);
        // By the same work, or by that of those who ask again, which is the only one that can be new.
        let keepers = [Some(id), (self.number > before).then_some(self.number)];
        let keeps = keepers
            .into_iter()
            .flatten()
            .any(|id| self.works.get(&id).is_some_and(|work| work.claim == held));
        Held { claim: held, keeps }
    }

    fn go_on_from(&mut self, finished: Finished, now: Instant) {
        let Finished { work: id, mut flight, mut outcome, began, interrupted, died_idle, is_local } =
            finished;
        // This attempt, not one before it.
        let answered = outcome.sent == Sent::Answered;
        self.recorder.returned(flight.record, &outcome, outcome.sent, now);
        flight.account(&mut outcome);
        self.memory.learn(&flight, &outcome, now);
        if let Some(reply) = &outcome.reply {
            self.expected.learn(flight.operation.id, reply.bytes());
        }
        let ended = match (interrupted && !answered, is_local || died_idle) {
            // This machine lacked something, or a kept connection had died: the API was not asked.
            (_, true) => Ended::Ours,
            (true, _) => Ended::Interrupted,
            (false, _) if answered => Ended::Answered,
            (false, _) => Ended::Failed,
        };
        self.note(id, &flight, &outcome, ended, now);
        // What fails at once says nothing about how much work an answer is.
        let is_telling = !is_outage(outcome.status) && outcome.status != Status::RateLimited;
        let took = now.saturating_duration_since(began);
        self.leave(id, (ended == Ended::Answered && is_telling).then_some(took), now);
        if is_local {
            let details = || said_of(&flight, &outcome);
            self.effects
                .extend(self.health.lacked(details).map(|(line, details)| Effect::Say(line, details)));
        }
        if ended == Ended::Interrupted && self.is_hung(id, now) {
            // The deadline it was sent for is over: for that request it is a timeout, and for no other an answer.
            // Without memory to say so it ends as the exchange did.
            let _ = self.expire_over(id, now);
            if let Err(NoMemory) = self.ask_again_for_followers(id, now) {
                let lacking = Outcome { sent: outcome.sent, ..Outcome::no_memory(flight.operation) };
                outcome = lacking.again(&outcome);
            }
        }
        let Some(work) = self.works.get_mut(&id) else { return };
        if work.leader.is_none() {
            self.discard(id);
            return;
        }
        let latest = work.slots().filter_map(|slot| Some(self.requests.get(&slot)?.deadline)).max();
        let safe = flight.idempotent || outcome.sent == Sent::Never;
        if died_idle && safe && !interrupted && flight.tries < self.retry.max_attempts {
            Counters::count(&self.counters.retries);
            self.again(id, flight);
        } else if let Some(wait) = self.wait_before_retry(&flight, &outcome, latest, now) {
            Counters::count(&self.counters.retries);
            flight.last = Some(outcome);
            if wait.is_zero() { self.again(id, flight) } else { self.again_later(id, flight, now + wait) }
        } else {
            match flight.flow.take() {
                Some(flow) => self.go_on(id, flight, flow, outcome, now),
                None => {
                    // The exchange is settled with it.
                    self.conclude(id, &flight, outcome, now);
                }
            }
        }
    }

    /// What an attempt says about the API and its rate.
    fn note(&mut self, id: WorkId, flight: &InFlight, outcome: &Outcome, ended: Ended, now: Instant) {
        if outcome.status == Status::RateLimited && ended == Ended::Answered {
            Counters::count(&self.counters.rate_limited);
            self.rate.limited(outcome.retry_after, now);
        } else if ended == Ended::Answered {
            self.rate.accepted(now);
        }
        let Some(sent) = self.works.get(&id).and_then(Work::sent).copied() else { return };
        let verdict = match ended {
            Ended::Answered | Ended::Failed => Verdict::Ended(outcome.status),
            Ended::Interrupted if now >= sent.limit => Verdict::CutOff,
            Ended::Interrupted | Ended::Ours => Verdict::Nothing,
        };
        let allowance = sent.limit.saturating_duration_since(flight.accepted);
        let given = Given { began: sent.since, ended: now, allowance };
        let describe = || match verdict {
            Verdict::CutOff => format!("{}: not answered by its deadline", flight.operation.name),
            _ => said_of(flight, outcome),
        };
        let uses_key = flight.request.authorization == Authorization::ApiKey;
        let said = self.health.note(verdict, given, sent.admission, uses_key, describe);
        self.effects.extend(said.map(|(line, details)| Effect::Say(line, details)));
    }

    /// How long to wait before trying again, if at all.
    fn wait_before_retry(
        &mut self,
        flight: &InFlight,
        outcome: &Outcome,
        latest: Option<Instant>,
        now: Instant,
    ) -> Option<Duration> {
        let attempted = Attempted {
            status: outcome.status,
            http_status: outcome.http_status,
            sent: outcome.sent,
            repeatable: flight.idempotent,
            attempts: flight.tries,
            retry_after: outcome.retry_after,
        };
        let left = latest?.saturating_duration_since(now);
        let wait = self.retry.wait(&attempted, left, self.random.f64())?;
        if self.budget.withdraw() {
            return Some(wait);
        }
        Counters::count(&self.counters.retries_denied);
        None
    }

    /// Puts work back in line, where it was.
    fn again(&mut self, id: WorkId, flight: Box<InFlight>) {
        self.take_back(id, flight, Stage::Ready, self.first_way());
        if let Some(work) = self.works.get(&id) {
            self.ready.of(work.way).insert(work.priority, work.place);
        }
    }

    fn again_later(&mut self, id: WorkId, flight: Box<InFlight>, due: Instant) {
        self.take_back(id, flight, Stage::Later(due), self.first_way());
        self.later.insert(due, id);
    }

    /// Takes back work from its worker.
    pub(super) fn take_back(&mut self, id: WorkId, flight: Box<InFlight>, stage: Stage, way: Way) {
        let Some(work) = self.works.get_mut(&id) else { return };
        work.way = way;
        match std::mem::replace(&mut work.stage, stage) {
            Stage::Sent(sent) => {
                self.set_aside -= sent.bytes;
                self.sent.remove(&id);
            }
            Stage::Asking(asking) => {
                self.set_aside -= asking.bytes;
                self.asking -= 1;
            }
            Stage::Ready | Stage::Later(_) => {}
        }
        work.flight = Some(flight);
        // The leader by now may not be the one it was sent for.
        if let Some(slot) = work.leader {
            self.lead(id, slot);
        }
    }

    /// Takes the next step of a flow, or ends it.
    fn go_on(
        &mut self,
        id: WorkId,
        mut flight: Box<InFlight>,
        mut flow: Flow,
        outcome: Outcome,
        now: Instant,
    ) {
        let decoded = match outcome.to_decoded() {
            Ok(Some(decoded)) => decoded,
            Ok(None) => {
                self.conclude(id, &flight, outcome, now);
                return;
            }
            Err(NoMemory) => Decoded::no_memory(flight.operation),
        };
        let (operation, request) = match flow.advance(decoded, outcome.sent) {
            Next::Send(operation, request) => (operation, request),
            Next::SendAfterSetback(operation, request) => {
                flight.setback = Some(outcome);
                (operation, request)
            }
            Next::AsBefore => {
                let before = flight.setback.take().map(|setback| setback.again(&outcome));
                self.conclude(id, &flight, before.unwrap_or(outcome), now);
                return;
            }
            Next::Done(decoded) => {
                let body = outcome.reply.as_ref().map_or("", |reply| reply.body.as_str());
                let answered = match Text::copy_of(body) {
                    Ok(body) => Outcome::answered(decoded, outcome.http_status, body),
                    Err(NoMemory) => Outcome::no_memory(flight.operation),
                };
                let ended = Outcome { sent: outcome.sent, retry_after: outcome.retry_after, ..answered }
                    .again(&outcome);
                if flight.operation.id == OperationId::CreateCustomer {
                    let asked_at = flight.step_began.unwrap_or(now);
                    self.memory.keep(flight.question.as_ref(), &ended, asked_at);
                }
                self.conclude(id, &flight, ended, now);
                return;
            }
        };
        flight.go_on(operation, request);
        flight.flow = Some(flow);
        if let Some(work) = self.works.get_mut(&id) {
            // Only the first step asks what may be known: a later one looks again because that would not do.
            work.is_unknown = true;
        }
        self.again(id, flight);
    }

    /// Ends work that a worker has. Returns what it held in the network.
    pub(super) fn conclude(
        &mut self,
        id: WorkId,
        flight: &InFlight,
        outcome: Outcome,
        now: Instant,
    ) -> Option<Claim> {
        let sent = outcome.sent.max(flight.sent);
        self.end(id, Outcome { sent, ..outcome }, now)
    }

    /// Ends all that want the answer to work a fault of the library happened in.
    pub(in crate::runtime::engine) fn fault(&mut self, id: WorkId, now: Instant) {
        if let Some(sent) = self.works.get(&id).and_then(Work::sent).copied() {
            self.health.breaker.abandoned(sent.admission, now);
        }
        self.leave(id, None, now);
        let claim = self.end(id, Outcome::without_answer(Status::Internal), now);
        self.give_up(claim);
    }
}
