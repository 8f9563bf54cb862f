//! What goes next, and what is not worth sending any more.

use std::time::{Duration, Instant};

use super::queues::WorkId;
use super::work::{Sent, Stage, Way, Work};
use super::{Assignment, Purpose, Schedule};
use crate::operations::Status;
use crate::policy::breaker::Admission;
use crate::room::{self, NoMemory};
use crate::runtime::mailbox::{Key, Outcome, Priority};

impl Schedule {
    /// What a worker is to do next. `held` are the bytes of answers the host has not freed.
    pub(in crate::runtime::engine) fn next(&mut self, held: usize, now: Instant) -> Option<Assignment> {
        self.promote(now);
        let next = if self.lacks_memory { Ok(None) } else { self.choose(held, now) };
        // What is over must not be sent. Until there is memory to end it nothing is.
        self.lacks_memory |= next.is_err();
        next.ok().flatten()
    }

    fn choose(&mut self, held: usize, now: Instant) -> Result<Option<Assignment>, NoMemory> {
        loop {
            self.fail_fast(now);
            let Some((way, id)) = self.first(now) else { return Ok(None) };
            let Some(bytes) = self.room_for(id, held) else { return Ok(None) };
            if way == Way::Unasked {
                if self.is_worth_asking(id, now)? {
                    return Ok(self.consult(id, bytes, now));
                }
                continue;
            }
            if self.has_lost_its_place(id, now) || self.expire_over(id, now)? {
                continue;
            }
            let Some(work) = self.works.get(&id) else { return Ok(None) };
            let latest = work.slots().filter_map(|slot| Some(self.requests.get(&slot)?.deadline)).max();
            if latest.is_none_or(|latest| !self.health.patience.can_answer_by(latest, now)) {
                // Too late to be answered: not sent, and not worth waiting for.
                self.fail(id, Status::Timeout, now);
                continue;
            }
            match self.health.breaker.admit(now) {
                Admission::Refused => continue,
                admission => return Ok(self.send(id, bytes, admission, now)),
            }
        }
    }

    /// Which goes next: what has its place, then what the local rate lets go, then what the network is to be asked about. That
    /// needs none of the places at work.
    fn first(&mut self, now: Instant) -> Option<(Way, WorkId)> {
        let may_send = self.limiter.places(now) > 0;
        let may_ask = self.may_ask(now);
        let Self { ready, rate, works, .. } = self;
        let local = |priority| rate.is_ready(now, priority == Priority::Interactive);
        let sent =
            may_send.then(|| ready.placed.next(|_| true).or_else(|| ready.local.next(local))).flatten();
        let found = sent.or_else(|| may_ask.then(|| ready.unasked.next(|_| true)).flatten());
        let (_, (_, id)) = found?;
        Some((works.get(&id)?.way, id))
    }

    /// Whether the network may be asked about more. Of those that have their place in its budget only so many wait for one at
    /// work that none is lost.
    fn may_ask(&mut self, now: Instant) -> bool {
        self.ready.placed.len() < self.max_workers || self.limiter.places(now) > 0
    }

    /// Bytes to set aside for the answer; `None` when there is no room for it.
    fn room_for(&self, id: WorkId, held: usize) -> Option<usize> {
        let bytes = self.expected.bytes(self.works.get(&id)?.flight.as_ref()?.operation.id);
        let taken = held.saturating_add(self.set_aside);
        (taken == 0 || taken.saturating_add(bytes) <= self.max_held_bytes).then_some(bytes)
    }

    /// Ends those of a piece of work whose deadline is over: it must not be sent for one of them. Whether there were any.
    pub(super) fn expire_over(&mut self, id: WorkId, now: Instant) -> Result<bool, NoMemory> {
        let is_over = |slot: &usize| self.requests.get(slot).is_some_and(|request| request.deadline <= now);
        // At least the first: then the rest is looked at.
        let mut over = Vec::new();
        let slots = self.works.get(&id).into_iter().flat_map(Work::slots);
        let found = slots.filter(is_over).try_for_each(|slot| room::push(&mut over, slot));
        for slot in &over {
            self.expire(*slot, now)?;
        }
        if over.is_empty() { found.map(|()| false) } else { Ok(true) }
    }

    fn send(&mut self, id: WorkId, bytes: usize, admission: Admission, now: Instant) -> Option<Assignment> {
        let work = self.works.get_mut(&id)?;
        let leader = self.requests.get(&work.leader?)?;
        let limit = leader.deadline;
        let mut flight = work.flight.take()?;
        let pass = Some(self.limiter.begin(now));
        work.stage = Stage::Sent(Sent { since: now, limit, admission, bytes, pass });
        let queue = self.ready.of(work.way);
        queue.remove(work.priority, work.place);
        queue.count_taken();
        self.sent.insert(id);
        self.set_aside += bytes;
        if work.way == Way::Local {
            self.rate.take(now);
        }
        if flight.attempts == 0 {
            self.budget.deposit();
        }
        flight.begin(now);
        self.recorder.sent(flight.record, flight.operation.id, now);
        Some(Assignment { work: id, leader: leader.key, flight, purpose: Purpose::Send })
    }

    /// The worker at this work is done with it. `took`: how long the API took, if it answered.
    pub(super) fn leave(&mut self, id: WorkId, took: Option<Duration>, now: Instant) {
        if let Some(Work { stage: Stage::Sent(sent), .. }) = self.works.get_mut(&id)
            && let Some(pass) = sent.pass.take()
        {
            self.limiter.end(pass, took, now);
        }
    }

    /// Moves what has waited long enough to where it can be sent.
    pub(super) fn promote(&mut self, now: Instant) {
        while let Some(id) = self.later.pop_due(now) {
            let Some(work) = self.works.get_mut(&id) else { continue };
            work.stage = Stage::Ready;
            self.ready.of(work.way).insert(work.priority, work.place);
        }
    }

    /// While the API does not answer, nothing that waits is worth waiting for.
    pub(super) fn fail_fast(&mut self, now: Instant) {
        while self.health.breaker.refuses(now)
            && let Some(id) = self.ready.local.any().or_else(|| self.ready.placed.any())
        {
            self.fail(id, Status::Unavailable, now);
        }
    }

    pub(super) fn fail(&mut self, id: WorkId, status: Status, now: Instant) {
        let Some(work) = self.works.get_mut(&id) else { return };
        let Some(flight) = &mut work.flight else { return };
        let outcome = flight.said_last(Outcome::without_answer(status));
        let sent = outcome.sent.max(flight.sent);
        let claim = self.end(id, Outcome { sent, ..outcome }, now);
        self.give_up(claim);
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
        self.leave(id, None, now);
        if let Some(Work { stage: Stage::Sent(sent), claim, .. }) = self.discard(id) {
            self.health.breaker.abandoned(sent.admission, now);
            self.give_up(claim);
        }
        None
    }

    /// How many pieces of work a worker could take now.
    pub(super) fn waiting(&mut self, held: usize, now: Instant) -> usize {
        self.promote(now);
        let next = if self.lacks_memory { None } else { self.first(now) };
        // Nothing that `next` would hold back: a worker that is told of work and given none asks without end.
        let has_room = next.is_some_and(|(_, id)| self.room_for(id, held).is_some());
        if !has_room {
            return 0;
        }
        let asked = if self.may_ask(now) { self.ready.unasked.len() } else { 0 };
        let Self { ready, rate, limiter, .. } = self;
        let local = ready.local.next(|priority| rate.is_ready(now, priority == Priority::Interactive));
        let sent = ready.placed.len() + local.map_or(0, |_| ready.local.len());
        asked + sent.min(limiter.places(now))
    }
}
