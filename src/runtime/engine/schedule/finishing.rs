//! An exchange ended: it is repeated, followed by the next step, or the end for all that want the answer.

use std::time::{Duration, Instant};

use super::queues::WorkId;
use super::work::{Stage, Work};
use super::{Effect, Finished, Schedule};
use crate::model::Text;
use crate::operations::{Flow, Next, OperationId, Sent, Status};
use crate::policy::retry::Attempted;
use crate::runtime::engine::counters::Counters;
use crate::runtime::engine::health::{Given, Verdict};
use crate::runtime::engine::in_flight::InFlight;
use crate::runtime::mailbox::Outcome;

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Answered,
    Failed,
    Interrupted,
    /// On this side, before the API was asked.
    Ours,
}

impl Schedule {
    /// An exchange ended: it is repeated, followed by the next step, or the end for all that want the answer.
    pub(in crate::runtime::engine) fn finish(&mut self, finished: Finished, now: Instant) {
        let Finished { work: id, mut flight, mut outcome, interrupted, died_idle, is_local } = finished;
        // This attempt, not one before it.
        let answered = outcome.sent == Sent::Answered;
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
        if ended == Ended::Interrupted && self.is_hung(id, now) {
            // The deadline it was sent for is over: for that request it is a timeout, and for no other an answer.
            self.expire_over(id, now);
            self.ask_again_for_followers(id, now);
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
                None => self.conclude(id, &flight, outcome, now),
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
        let describe = || {
            let message = outcome.reply.as_ref().and_then(|reply| reply.message.as_ref());
            match (verdict, message) {
                (Verdict::CutOff, _) => format!("{}: not answered by its deadline", flight.operation.name),
                (_, Some(text)) => text.to_string(),
                (_, None) => flight.operation.name.to_owned(),
            }
        };
        if let Some((level, line)) = self.health.note(verdict, given, sent.admission, describe) {
            self.effects.push(Effect::Say(level, line));
        }
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
        self.take_back(id, flight, Stage::Ready);
        if let Some(work) = self.works.get(&id) {
            self.ready.insert(work.priority, work.place);
        }
    }

    fn again_later(&mut self, id: WorkId, flight: Box<InFlight>, due: Instant) {
        self.take_back(id, flight, Stage::Later(due));
        self.later.insert(due, id);
    }

    /// Takes back work from its worker.
    fn take_back(&mut self, id: WorkId, flight: Box<InFlight>, stage: Stage) {
        let Some(work) = self.works.get_mut(&id) else { return };
        if let Stage::Sent(sent) = std::mem::replace(&mut work.stage, stage) {
            self.set_aside -= sent.bytes;
            self.sent.remove(&id);
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
        let Some(decoded) = outcome.to_decoded() else {
            return self.conclude(id, &flight, outcome, now);
        };
        let (operation, request) = match flow.advance(decoded, outcome.sent) {
            Next::Send(operation, request) => (operation, request),
            Next::SendAfterSetback(operation, request) => {
                flight.setback = Some(outcome);
                (operation, request)
            }
            Next::AsBefore => {
                let before = flight.setback.take().map(|setback| setback.again(&outcome));
                return self.conclude(id, &flight, before.unwrap_or(outcome), now);
            }
            Next::Done(decoded) => {
                let body = outcome.reply.as_ref().map_or("", |reply| reply.body.as_str());
                let answered = Outcome::answered(decoded, outcome.http_status, Text::from(body));
                let ended = Outcome { sent: outcome.sent, retry_after: outcome.retry_after, ..answered }
                    .again(&outcome);
                if flight.operation.id == OperationId::CreateCustomer {
                    let asked_at = flight.step_began.unwrap_or(now);
                    self.memory.keep(flight.question.as_ref(), &ended, asked_at);
                }
                return self.conclude(id, &flight, ended, now);
            }
        };
        flight.go_on(operation, request);
        flight.flow = Some(flow);
        self.again(id, flight);
    }

    fn conclude(&mut self, id: WorkId, flight: &InFlight, outcome: Outcome, now: Instant) {
        let sent = outcome.sent.max(flight.sent);
        self.end(id, Outcome { sent, ..outcome }, now);
    }

    /// Ends all that want the answer to work a fault of the library happened in.
    pub(in crate::runtime::engine) fn fault(&mut self, id: WorkId, now: Instant) {
        if let Some(sent) = self.works.get(&id).and_then(Work::sent).copied() {
            self.health.breaker.abandoned(sent.admission, now);
        }
        self.end(id, Outcome::without_answer(Status::Internal), now);
    }
}
