//! What goes next, and what is not worth sending any more.

use std::time::Instant;

use super::queues::WorkId;
use super::work::{Sent, Stage, Work};
use super::{Assignment, Schedule};
use crate::operations::Status;
use crate::policy::breaker::Admission;
use crate::room;
use crate::runtime::mailbox::{Key, Outcome, Priority};

impl Schedule {
    /// What a worker is to send next. `held` are the bytes of answers the host has not freed.
    pub(in crate::runtime::engine) fn next(&mut self, held: usize, now: Instant) -> Option<Assignment> {
        self.promote(now);
        loop {
            self.fail_fast(now);
            let rate = &mut self.rate;
            let (_, place) =
                self.ready.next(|priority| rate.is_ready(now, priority == Priority::Interactive))?;
            let id = place.1;
            let bytes = self.room_for(id, held)?;
            if self.expire_over(id, now) {
                continue;
            }
            let work = self.works.get(&id)?;
            let latest = work.slots().filter_map(|slot| Some(self.requests.get(&slot)?.deadline)).max();
            if latest.is_none_or(|latest| !self.health.patience.can_answer_by(latest, now)) {
                // Too late to be answered: not sent, and not worth waiting for.
                self.fail(id, Status::Timeout, now);
                continue;
            }
            match self.health.breaker.admit(now) {
                Admission::Refused => continue,
                admission => return self.send(id, bytes, admission, now),
            }
        }
    }

    /// Bytes to set aside for the answer; `None` when there is no room for it.
    fn room_for(&self, id: WorkId, held: usize) -> Option<usize> {
        let bytes = self.expected.bytes(self.works.get(&id)?.flight.as_ref()?.operation.id);
        let taken = held.saturating_add(self.set_aside);
        (taken == 0 || taken.saturating_add(bytes) <= self.max_held_bytes).then_some(bytes)
    }

    /// Ends those of a piece of work whose deadline is over: it must not be sent for one of them. Whether there were any.
    pub(super) fn expire_over(&mut self, id: WorkId, now: Instant) -> bool {
        let is_over = |slot: &usize| self.requests.get(slot).is_some_and(|request| request.deadline <= now);
        // At least the first: the rest follows with the next look.
        let mut over = Vec::new();
        let slots = self.works.get(&id).into_iter().flat_map(Work::slots);
        let _ = slots.filter(is_over).try_for_each(|slot| room::push(&mut over, slot));
        for slot in &over {
            self.expire(*slot, now);
        }
        !over.is_empty()
    }

    fn send(&mut self, id: WorkId, bytes: usize, admission: Admission, now: Instant) -> Option<Assignment> {
        let work = self.works.get_mut(&id)?;
        let leader = self.requests.get(&work.leader?)?;
        let limit = leader.deadline;
        let mut flight = work.flight.take()?;
        work.stage = Stage::Sent(Sent { since: now, limit, admission, bytes });
        self.ready.remove(work.priority, work.place);
        self.ready.count_taken();
        self.sent.insert(id);
        self.set_aside += bytes;
        self.rate.take(now);
        if flight.attempts == 0 {
            self.budget.deposit();
        }
        flight.begin(now);
        Some(Assignment { work: id, leader: leader.key, flight })
    }

    /// Moves what has waited long enough to where it can be sent.
    pub(super) fn promote(&mut self, now: Instant) {
        while let Some(id) = self.later.pop_due(now) {
            let Some(work) = self.works.get_mut(&id) else { continue };
            work.stage = Stage::Ready;
            self.ready.insert(work.priority, work.place);
        }
    }

    /// While the API does not answer, nothing that waits is worth waiting for.
    pub(super) fn fail_fast(&mut self, now: Instant) {
        while self.health.breaker.refuses(now)
            && let Some(id) = self.ready.any()
        {
            self.fail(id, Status::Unavailable, now);
        }
    }

    fn fail(&mut self, id: WorkId, status: Status, now: Instant) {
        let Some(work) = self.works.get_mut(&id) else { return };
        let Some(flight) = &mut work.flight else { return };
        // What was said the last time is more than "not asked".
        let outcome = flight.last.take().unwrap_or_else(|| {
            let mut outcome = Outcome::without_answer(status);
            flight.account(&mut outcome);
            outcome
        });
        let sent = outcome.sent.max(flight.sent);
        self.end(id, Outcome { sent, ..outcome }, now);
    }

    /// The leader turned out to have ended. Returns the next one; `None` when no request wants the answer, and the work is over.
    pub(in crate::runtime::engine) fn leader_left(
        &mut self,
        id: WorkId,
        leader: Key,
        now: Instant,
    ) -> Option<Key> {
        let work = self.works.get(&id)?;
        if let Some(slot) = work.leader
            && self.requests.get(&slot).is_some_and(|request| request.key == leader)
        {
            self.withdraw(slot);
        }
        let work = self.works.get_mut(&id)?;
        if let Some(request) = work.leader.and_then(|slot| self.requests.get(&slot)) {
            if let Stage::Sent(sent) = &mut work.stage {
                sent.limit = request.deadline;
            }
            return Some(request.key);
        }
        if let Some(Work { stage: Stage::Sent(sent), .. }) = self.discard(id) {
            self.health.breaker.abandoned(sent.admission, now);
        }
        None
    }

    /// How many pieces of work a worker could take now.
    pub(super) fn waiting(&mut self, held: usize, now: Instant) -> usize {
        self.promote(now);
        let rate = &mut self.rate;
        let next = self.ready.next(|priority| rate.is_ready(now, priority == Priority::Interactive));
        // Nothing that `next` would hold back: a worker that is told of work and given none asks without end.
        let has_room = next.is_some_and(|(_, place)| self.room_for(place.1, held).is_some());
        if has_room { self.ready.len() } else { 0 }
    }
}
