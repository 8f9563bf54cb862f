//! A request comes in: it is answered from memory, joins others that ask the same, gets in line, or is refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::consulting::refused;
use super::queues::WorkId;
use super::work::{Request, Stage, Way, Work};
use super::{Effect, Newcomer, Schedule};
use crate::operations::{Answer, LOOKUP_CUSTOMER, Next, Status};
use crate::room::{NoMemory, TryClone};
use crate::runtime::engine::counters::Counters;
use crate::runtime::engine::in_flight::{InFlight, Question};
use crate::runtime::mailbox::{Key, Outcome, Priority, Source};
use crate::runtime::recorder::{Arrival, Entry};

impl Schedule {
    /// A request came in: it is answered from memory, joins those that ask the same, gets in line, or is refused.
    pub(in crate::runtime::engine) fn admit(&mut self, newcomer: Newcomer, now: Instant) {
        let Newcomer { slot, key, priority, cacheable, mut flight } = newcomer;
        // Another request may have had the slot, and have ended unseen.
        self.withdraw(slot);
        self.record(key, priority, &mut flight, now);
        if self.reserve().is_err() {
            self.answer_at_once(&flight, key, Outcome::no_memory(flight.operation), now);
            return;
        }
        let ensures = flight.flow.is_some();
        let target: Arc<str> = flight.request.target.as_str().into();
        let mut shared_as = None;
        if cacheable && (ensures || self.memory.is_on()) {
            let question = Question { target, must_exist: ensures, first_step: false };
            if let Some(content) = self.memory.fresh(&question, now) {
                Counters::count(&self.counters.cache_hits);
                self.answer_at_once(&flight, key, Outcome::remembered(content, Source::Cache), now);
                return;
            }
            // A request that would create the unknown does not wait for one that only looks. Nor does one that came
            // after an own write share the answer to a question from before it.
            let what = if ensures { "ensure" } else { "look" };
            let name: Arc<str> = format!("{what} {} {}", self.memory.epoch(), question.target).into();
            flight.question = Some(question);
            if let Some(work) = self.joinable(&name, now) {
                self.join(work, slot, key, priority, flight);
                return;
            }
            shared_as = Some(name);
        } else if ensures && self.memory.is_on() {
            let question = Question { target, must_exist: true, first_step: true };
            self.skip_known_step(&mut flight, &question, now);
            flight.question = Some(question);
        }
        // Without a memory nothing that is known is used; and whom the memory knows is not looked up.
        let is_unknown = !self.memory.is_on() || ensures && flight.operation.id != LOOKUP_CUSTOMER.id;
        if let Some(refusal) = self.refuse(&flight, priority, is_unknown, now) {
            let outcome =
                self.memory.stale_if_error(flight.question.as_ref(), &refusal, now).unwrap_or(refusal);
            self.count_stale(&outcome);
            self.answer_at_once(&flight, key, outcome, now);
            return;
        }
        let id = self.next_number();
        self.deadlines.insert(flight.deadline, slot);
        let (deadline, record) = (flight.deadline, flight.record);
        self.requests.insert(slot, Request { key, deadline, work: id, number: id, record, own: None });
        let question = flight.question.clone();
        let work = Work {
            place: (id, id),
            priority,
            stage: Stage::Ready,
            flight: Some(flight),
            question,
            leader: Some(slot),
            followers: BTreeMap::new(),
            shared_as,
            way: self.first_way(),
            claim: None,
            is_unknown,
        };
        self.add(id, work);
    }

    /// Begins to note how a request goes.
    fn record(&mut self, key: Key, priority: Priority, flight: &mut InFlight, now: Instant) {
        let arrival = Arrival {
            key,
            operation: flight.asked,
            priority,
            target: &flight.request.target,
            body: flight.request.body.as_ref().map_or(b"", |body| body.as_slice()),
            submitted: flight.accepted,
            deadline: flight.deadline,
        };
        flight.record = self.recorder.arrived(&arrival, now);
    }

    fn answer_at_once(&mut self, flight: &InFlight, key: Key, outcome: Outcome, now: Instant) {
        self.recorder.ended_at_once(flight.record, &outcome, now);
        self.effects.push(Effect::Answer(key, outcome));
    }

    /// Room for one request more in the tables that grow with them.
    fn reserve(&mut self) -> Result<(), NoMemory> {
        self.requests.try_reserve(1)?;
        self.works.try_reserve(1)?;
        self.shared.try_reserve(1)?;
        Ok(())
    }

    /// A flow that ends with more than the customer does not look up whom the cache knows.
    fn skip_known_step(&self, flight: &mut InFlight, question: &Question, now: Instant) {
        if let Some(content) = self.memory.fresh(question, now)
            && let Answer::Customer(customer) = &content.answer
            && let Some(flow) = &mut flight.flow
            && let Ok(customer) = customer.try_clone()
            && let Next::Send(operation, request) = flow.recognise(customer)
        {
            Counters::count(&self.counters.cache_hits);
            flight.go_on(operation, request);
        }
    }

    /// Why a newcomer is not even put in line: the API does not answer at present, or there are more in line than the
    /// rate lets through before the deadline.
    fn refuse(
        &mut self,
        flight: &InFlight,
        priority: Priority,
        is_unknown: bool,
        now: Instant,
    ) -> Option<Outcome> {
        let may_be_known = self.has_network
            && !is_unknown
            && flight.question.as_ref().is_some_and(|question| !question.first_step);
        if self.health.breaker.refuses(now) {
            return (!may_be_known).then(|| Outcome::without_answer(Status::Unavailable));
        }
        if self.has_network {
            return None;
        }
        let late = self.late_by(priority, flight.deadline, now)?;
        Some(refused(flight.operation, late))
    }

    /// Work that asks the same and may be joined. What no request wants any more, or what has been out for too long, may not.
    fn joinable(&mut self, name: &Arc<str>, now: Instant) -> Option<WorkId> {
        let id = *self.shared.get(name)?;
        let overdue = self.works.get(&id).is_none_or(|work| {
            work.is_hung(now)
                || work.sent().is_some_and(|sent| {
                    self.health.patience.is_overdue(now.saturating_duration_since(sent.since))
                })
        });
        if overdue {
            self.unshare(id);
            return None;
        }
        Some(id)
    }

    fn join(&mut self, id: WorkId, slot: usize, key: Key, priority: Priority, flight: Box<InFlight>) {
        Counters::count(&self.counters.coalesced);
        let number = self.next_number();
        self.deadlines.insert(flight.deadline, slot);
        let (deadline, record) = (flight.deadline, flight.record);
        self.requests.insert(slot, Request { key, deadline, work: id, number, record, own: Some(flight) });
        let Some(work) = self.works.get_mut(&id) else { return };
        let leader = work.leader.and_then(|slot| self.requests.get(&slot));
        self.recorder.joined(record, leader.map_or(Entry::NONE, |leader| leader.record));
        work.followers.insert(number, slot);
        if let Stage::Later(due) = work.stage
            // Its place in the network's budget comes when it comes.
            && !matches!(work.way, Way::Placed { .. })
            && (due >= deadline
                || (priority == Priority::Interactive && work.priority == Priority::Background))
        {
            // Asking alone, the newcomer would not sit out the wait of another.
            self.later.remove(due, id);
            work.stage = Stage::Ready;
            self.ready.of(work.way).insert(work.priority, work.place);
        }
        if priority == Priority::Interactive && work.priority == Priority::Background {
            work.priority = Priority::Interactive;
            if let Stage::Ready = work.stage {
                let queue = self.ready.of(work.way);
                queue.remove(Priority::Background, work.place);
                queue.insert(Priority::Interactive, work.place);
            }
        }
    }
}
