//! A request comes in: it is answered from memory, joins others that ask the same, gets in line, or is refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::queues::WorkId;
use super::work::{Request, Stage, Work};
use super::{Effect, Newcomer, Schedule};
use crate::model::Text;
use crate::operations::{Answer, Decoded, Next, Status};
use crate::runtime::engine::counters::Counters;
use crate::runtime::engine::in_flight::{InFlight, Question};
use crate::runtime::mailbox::{Key, Outcome, Priority, Source};

impl Schedule {
    /// A request came in: it is answered from memory, joins those that ask the same, gets in line, or is refused.
    pub(in crate::runtime::engine) fn admit(&mut self, newcomer: Newcomer, now: Instant) {
        let Newcomer { slot, key, priority, cacheable, mut flight } = newcomer;
        // Another request may have had the slot, and have ended unseen.
        self.withdraw(slot);
        let ensures = flight.flow.is_some();
        let target: Arc<str> = flight.request.target.as_str().into();
        let mut shared_as = None;
        if cacheable && (ensures || self.memory.is_on()) {
            let question = Question { target, must_exist: ensures, first_step: false };
            if let Some(content) = self.memory.fresh(&question, now) {
                Counters::count(&self.counters.cache_hits);
                self.effects.push(Effect::Answer(key, Outcome::remembered(content, Source::Cache)));
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
        if let Some(refusal) = self.refuse(&flight, priority, now) {
            let outcome =
                self.memory.stale_if_error(flight.question.as_ref(), &refusal, now).unwrap_or(refusal);
            self.count_stale(&outcome);
            self.effects.push(Effect::Answer(key, outcome));
            return;
        }
        let id = self.next_number();
        self.deadlines.insert(flight.deadline, slot);
        self.requests
            .insert(slot, Request { key, deadline: flight.deadline, work: id, number: id, own: None });
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
        };
        self.add(id, work);
    }

    /// A flow that ends with more than the customer does not look up whom the cache knows.
    fn skip_known_step(&self, flight: &mut InFlight, question: &Question, now: Instant) {
        if let Some(content) = self.memory.fresh(question, now)
            && let Answer::Customer(customer) = &content.answer
            && let Some(flow) = &mut flight.flow
            && let Next::Send(operation, request) = flow.recognise(customer.clone())
        {
            Counters::count(&self.counters.cache_hits);
            flight.go_on(operation, request);
        }
    }

    /// Why a newcomer is not even put in line: the API does not answer at present, or there are more in line than the
    /// rate lets through before the deadline.
    fn refuse(&mut self, flight: &InFlight, priority: Priority, now: Instant) -> Option<Outcome> {
        if self.health.breaker.refuses(now) {
            return Some(Outcome::without_answer(Status::Unavailable));
        }
        let wait = self.rate.wait_for(self.ready.ahead_of(priority), now);
        let late = (now + wait + self.health.patience.typical()).saturating_duration_since(flight.deadline);
        if wait.is_zero() || late.is_zero() {
            return None;
        }
        let message = "not sent: more requests wait than the rate limit lets through before the deadline";
        let decoded = Decoded {
            status: Status::RateLimited,
            message: Some(Text::from(format!("{}: {message}", flight.operation.name))),
            ..Decoded::ok()
        };
        let answered = Outcome::answered(decoded, 0, Text::from(""));
        Some(Outcome { retry_after: Some(late.max(Duration::from_millis(1))), ..answered })
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
        let deadline = flight.deadline;
        self.requests.insert(slot, Request { key, deadline, work: id, number, own: Some(flight) });
        let Some(work) = self.works.get_mut(&id) else { return };
        work.followers.insert(number, slot);
        if let Stage::Later(due) = work.stage
            && (due >= deadline
                || (priority == Priority::Interactive && work.priority == Priority::Background))
        {
            // Asking alone, the newcomer would not sit out the wait of another.
            self.later.remove(due, id);
            work.stage = Stage::Ready;
            self.ready.insert(work.priority, work.place);
        }
        if priority == Priority::Interactive && work.priority == Priority::Background {
            work.priority = Priority::Interactive;
            if let Stage::Ready = work.stage {
                self.ready.remove(Priority::Background, work.place);
                self.ready.insert(Priority::Interactive, work.place);
            }
        }
    }
}
