//! The network of servers is asked before the API is: whether another server knows the answer, and for a place in the
//! budget they share.

use std::time::{Duration, Instant};

use super::queues::WorkId;
use super::work::{Asking, Stage, Way, Work};
use super::{Assignment, Effect, Purpose, Schedule};
use crate::model::Text;
use crate::network::Claim;
use crate::operations::{Answer, Decoded, Next, Operation, Status};
use crate::policy::cache::Age;
use crate::room::{NoMemory, TryClone};
use crate::runtime::engine::counters::Counters;
use crate::runtime::engine::in_flight::InFlight;
use crate::runtime::mailbox::{Outcome, Priority, Source};
use crate::runtime::recorder::Said;

/// A place that is not used for so long is lost: used later it would stand beside the places of others.
const PLACE_LASTS: Duration = Duration::from_millis(500);

/// Before the network is asked about the same work again, whatever it says.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);

/// What the network is to be asked.
#[derive(Debug, Clone, Copy)]
pub(in crate::runtime::engine) struct Consultation {
    /// Whether it may know the answer.
    pub(in crate::runtime::engine) has_question: bool,
    pub(in crate::runtime::engine) must_exist: bool,
    pub(in crate::runtime::engine) only_known: bool,
    pub(in crate::runtime::engine) interactive: bool,
    pub(in crate::runtime::engine) left: Duration,
    pub(in crate::runtime::engine) claim: Option<Claim>,
}

/// What the network said.
pub(in crate::runtime::engine) struct Consulted {
    pub(in crate::runtime::engine) work: WorkId,
    pub(in crate::runtime::engine) flight: Box<InFlight>,
    pub(in crate::runtime::engine) told: Told,
}

/// What it says of one piece of work.
pub(in crate::runtime::engine) enum Told {
    Known {
        outcome: Outcome,
        asked_at: Instant,
    },
    /// It knows an answer that cannot be used.
    Unusable,
    Go {
        after: Duration,
        claim: Option<Claim>,
    },
    Again(Duration),
    Refused {
        retry_after: Duration,
    },
    Alone {
        share: Option<f64>,
    },
}

/// How a request ends that the rate lets through too late.
pub(super) fn refused(operation: &Operation, retry_after: Duration) -> Outcome {
    let message = "not sent: more requests wait than the rate limit lets through before the deadline";
    let decoded = Decoded {
        status: Status::RateLimited,
        message: Some(Text::from(format!("{}: {message}", operation.name))),
        ..Decoded::ok()
    };
    let answered = Outcome::answered(decoded, 0, Text::from(""));
    Outcome { retry_after: Some(retry_after.max(Duration::from_millis(1))), ..answered }
}

/// The same for the flight recorder.
fn said(told: &Told) -> Said {
    match told {
        Told::Known { .. } => Said::Known,
        Told::Unusable => Said::Unusable,
        Told::Go { .. } => Said::Go,
        Told::Again(_) => Said::Again,
        Told::Refused { .. } => Said::Refused,
        Told::Alone { .. } => Said::Nothing,
    }
}

impl Schedule {
    /// By what work is sent of which nothing is known yet.
    pub(super) fn first_way(&self) -> Way {
        if self.has_network { Way::Unasked } else { Way::Local }
    }

    /// What another server may know is asked for also while the API does not answer.
    pub(super) fn may_be_known(&self, work: &Work) -> bool {
        self.has_network && work.network_question().is_some_and(|question| !question.first_step)
    }

    pub(super) fn give_up(&mut self, claim: Option<Claim>) {
        // Without memory to say so it runs out by itself.
        if let Some(claim) = claim
            && self.effects.try_reserve(1).is_ok()
        {
            self.effects.push(Effect::GiveUp(claim));
        }
    }

    /// Gives up what all that is known holds: the client ends.
    pub(in crate::runtime::engine) fn give_up_all(&mut self) {
        let Self { works, effects, .. } = self;
        for claim in works.values_mut().filter_map(|work| work.claim.take()) {
            if effects.try_reserve(1).is_ok() {
                effects.push(Effect::GiveUp(claim));
            }
        }
    }

    /// Lets a worker ask the network about work that waits for that.
    pub(super) fn consult(&mut self, id: WorkId, bytes: usize, now: Instant) -> Option<Assignment> {
        let circuit_refuses = self.health.breaker.refuses(now);
        let typical = self.health.patience.typical();
        let work = self.works.get_mut(&id)?;
        let leader = self.requests.get(&work.leader?)?.key;
        let latest = work.slots().filter_map(|slot| Some(self.requests.get(&slot)?.deadline)).max()?;
        let question = work.network_question();
        let consultation = Consultation {
            has_question: question.is_some(),
            must_exist: question.is_some_and(|question| question.must_exist),
            only_known: circuit_refuses,
            interactive: work.priority == Priority::Interactive,
            left: latest.saturating_duration_since(now).saturating_sub(typical),
            claim: work.claim,
        };
        // Of a place alone no answer comes.
        let bytes = if consultation.has_question { bytes } else { 0 };
        let only_known = circuit_refuses.then_some(Status::Unavailable);
        let flight = work.flight.take()?;
        work.stage = Stage::Asking(Asking { bytes, only_known });
        let queue = &mut self.ready.unasked;
        queue.remove(work.priority, work.place);
        queue.count_taken();
        self.asking += 1;
        self.set_aside += bytes;
        Some(Assignment { work: id, leader, flight, purpose: Purpose::Consult(consultation) })
    }

    /// The network said what becomes of a piece of work.
    pub(in crate::runtime::engine) fn consulted(&mut self, consulted: Consulted, now: Instant) {
        let Consulted { work: id, flight, told } = consulted;
        self.heard(&told, now);
        self.recorder.consulted(flight.record, said(&told), now);
        let given = if let Told::Go { claim, .. } = &told { *claim } else { None };
        let Some(work) = self.works.get_mut(&id) else { return self.give_up(given) };
        let Stage::Asking(Asking { only_known, .. }) = work.stage else { return self.give_up(given) };
        work.claim = given.or(work.claim);
        if work.leader.is_none() {
            let claim = self.discard(id).and_then(|work| work.claim);
            return self.give_up(claim);
        }
        match (told, only_known) {
            (Told::Known { outcome, asked_at }, only_known) => {
                let stands_in = only_known.is_some();
                self.known(id, flight, (outcome, asked_at), stands_in, now);
            }
            (_, Some(status)) => self.not_sent(id, flight, Outcome::without_answer(status), now),
            (Told::Unusable, None) => self.ask_for_a_place(id, flight),
            (Told::Go { after, .. }, None) => {
                let due = now + after;
                let way = Way::Placed { until: due + PLACE_LASTS };
                self.line_up(id, flight, way, (!after.is_zero()).then_some(due));
            }
            (Told::Again(after), None) => {
                Counters::count(&self.counters.network_waits);
                self.line_up(id, flight, Way::Unasked, Some(now + after.max(SHORTEST_WAIT)));
            }
            (Told::Refused { retry_after }, None) => {
                Counters::count(&self.counters.network_refused);
                let refusal = refused(flight.operation, retry_after);
                self.not_sent(id, flight, refusal, now);
            }
            (Told::Alone { .. }, None) => self.go_alone(id, flight, now),
        }
    }

    /// Whether the network answers at all decides by which rules all others go.
    fn heard(&mut self, told: &Told, now: Instant) {
        if let Told::Alone { share } = told {
            Counters::count(&self.counters.network_alone);
            let is_news = !std::mem::replace(&mut self.is_alone, true);
            // The servers that lose the network lose it together: what each sends first is spread over time.
            let first = is_news.then(|| self.random.f64());
            self.rate.share(share.unwrap_or(1.0), first, now);
        } else if std::mem::replace(&mut self.is_alone, false) {
            while let Some(id) = self.ready.local.any() {
                let Some(work) = self.works.get_mut(&id) else { return };
                self.ready.local.remove(work.priority, work.place);
                work.way = Way::Unasked;
                self.ready.unasked.insert(work.priority, work.place);
            }
        }
    }

    /// Puts work back in line, at once or when it is due.
    fn line_up(&mut self, id: WorkId, flight: Box<InFlight>, way: Way, due: Option<Instant>) {
        self.take_back(id, flight, due.map_or(Stage::Ready, Stage::Later), way);
        let Some(work) = self.works.get(&id) else { return };
        match due {
            Some(due) => self.later.insert(due, id),
            None => self.ready.of(way).insert(work.priority, work.place),
        }
    }

    /// What the network knows will not do: the API is asked.
    fn ask_for_a_place(&mut self, id: WorkId, flight: Box<InFlight>) {
        if let Some(work) = self.works.get_mut(&id) {
            work.is_unknown = true;
        }
        self.line_up(id, flight, Way::Unasked, None);
    }

    /// Another server asked the same. While the API does not answer an old answer stands in for its own.
    fn known(
        &mut self,
        id: WorkId,
        mut flight: Box<InFlight>,
        (mut outcome, asked_at): (Outcome, Instant),
        stands_in: bool,
        now: Instant,
    ) {
        let question = self.works.get(&id).and_then(|work| work.network_question().cloned());
        let age = self.memory.age_of(&outcome, asked_at, now);
        let does = |age: &Age| stands_in || matches!(age, Age::Fresh);
        let (Some(question), Some(age)) = (question, age.filter(does)) else {
            return self.ask_for_a_place(id, flight);
        };
        if matches!(age, Age::Stale) {
            outcome.source = Source::StaleCache;
        }
        self.memory.keep(Some(&question), &outcome, asked_at);
        Counters::count(&self.counters.network_hits);
        if question.first_step {
            let claim = self.works.get_mut(&id).and_then(|work| work.claim.take());
            self.give_up(claim);
            return self.recognise(id, flight, &outcome, now);
        }
        flight.account(&mut outcome);
        let claim = self.conclude(id, &flight, outcome, now);
        self.give_up(claim);
    }

    /// The first step of a flow is known: it goes on with the next, or with this one where there is no memory for that.
    fn recognise(&mut self, id: WorkId, mut flight: Box<InFlight>, known: &Outcome, now: Instant) {
        let next = match (known.content().map(|content| &content.answer), &mut flight.flow) {
            (Some(Answer::Customer(customer)), Some(flow)) => {
                customer.try_clone().ok().map(|customer| flow.recognise(customer))
            }
            _ => None,
        };
        match next {
            Some(Next::Send(operation, request)) => flight.go_on(operation, request),
            Some(Next::Done(decoded)) => {
                return self.not_sent(id, flight, Outcome::answered(decoded, 0, Text::from("")), now);
            }
            Some(Next::SendAfterSetback(..) | Next::AsBefore) | None => {}
        }
        self.ask_for_a_place(id, flight);
    }

    /// The network does not answer: the local rate decides.
    fn go_alone(&mut self, id: WorkId, flight: Box<InFlight>, now: Instant) {
        let Some(work) = self.works.get(&id) else { return };
        let latest = work.slots().filter_map(|slot| Some(self.requests.get(&slot)?.deadline)).max();
        let latest = latest.unwrap_or(flight.deadline);
        match self.late_by(work.priority, latest, now) {
            Some(late) => {
                let refusal = refused(flight.operation, late);
                self.not_sent(id, flight, refusal, now);
            }
            None => self.line_up(id, flight, Way::Local, None),
        }
    }

    /// By how much a newcomer to the local line would miss its deadline, because of the rate.
    pub(super) fn late_by(
        &mut self,
        priority: Priority,
        deadline: Instant,
        now: Instant,
    ) -> Option<Duration> {
        let wait = self.rate.wait_for(self.ready.local.ahead_of(priority), now);
        let late = (now + wait + self.health.patience.typical()).saturating_duration_since(deadline);
        (!wait.is_zero() && !late.is_zero()).then_some(late)
    }

    /// Work a worker asked the network about ends without being sent.
    fn not_sent(&mut self, id: WorkId, mut flight: Box<InFlight>, why: Outcome, now: Instant) {
        let outcome = flight.said_last(why);
        let claim = self.conclude(id, &flight, outcome, now);
        self.give_up(claim);
    }

    /// Whether work that waits for the network is worth asking about. What is not is ended.
    pub(super) fn is_worth_asking(&mut self, id: WorkId, now: Instant) -> Result<bool, NoMemory> {
        if self.expire_over(id, now)? {
            return Ok(false);
        }
        let may_be_known = self.works.get(&id).is_some_and(|work| self.may_be_known(work));
        let is_worth = may_be_known || !self.health.breaker.refuses(now);
        if !is_worth {
            self.fail(id, Status::Unavailable, now);
        }
        Ok(is_worth)
    }

    /// A place that was not used in time is lost: work that had one asks again. Whether it was.
    pub(super) fn has_lost_its_place(&mut self, id: WorkId, now: Instant) -> bool {
        let Some(work) = self.works.get_mut(&id) else { return false };
        if !matches!(work.way, Way::Placed { until } if until < now) {
            return false;
        }
        self.ready.placed.remove(work.priority, work.place);
        work.way = Way::Unasked;
        self.ready.unasked.insert(work.priority, work.place);
        true
    }
}
