//! When a request has waited long enough, and when an exchange has.

use std::collections::BTreeMap;
use std::time::Instant;

use super::queues::WorkId;
use super::work::{Sent, Stage, Work};
use super::{Effect, Schedule};
use crate::model::Text;
use crate::operations::{Decoded, Status};
use crate::room::{self, NoMemory};
use crate::runtime::mailbox::Outcome;

/// How a request ends that waited for a worker that could not be started.
fn no_worker() -> Outcome {
    let message = "not sent by its deadline: this machine starts no further thread: raise the limit of threads \
                   (ulimit -u, or pids.max)";
    let decoded = Decoded { status: Status::Timeout, message: Some(Text::from(message)), ..Decoded::ok() };
    Outcome::answered(decoded, 0, Text::from(""))
}

impl Schedule {
    /// Keeps the deadlines, up to `limit` of them. False when there is more to do now.
    pub(in crate::runtime::engine) fn tick(&mut self, now: Instant, limit: usize) -> bool {
        self.lacks_memory = false;
        self.promote(now);
        for _ in 0..limit {
            let Some(slot) = self.deadlines.first_expired(now) else {
                self.ask_again(now);
                self.fail_fast(now);
                return true;
            };
            if let Err(NoMemory) = self.expire(slot, now) {
                // What was decided is passed on first, if that is something; otherwise there may be memory later.
                return self.effects.is_empty();
            }
        }
        false
    }

    pub(super) fn expire(&mut self, slot: usize, now: Instant) -> Result<(), NoMemory> {
        let Some(request) = self.requests.get(&slot) else { return Ok(()) };
        let (key, record) = (request.key, request.record);
        self.effects.try_reserve(1)?;
        let question = self.works.get(&request.work).and_then(|work| work.question.clone());
        self.withdraw(slot);
        let timeout = if self.lacks_workers { no_worker() } else { Outcome::without_answer(Status::Timeout) };
        let outcome = self.memory.stale_if_error(question.as_ref(), &timeout, now).unwrap_or(timeout);
        self.count_stale(&outcome);
        self.recorder.ended(record, &outcome, now);
        self.effects.push(Effect::Answer(key, outcome));
        Ok(())
    }

    /// An exchange that outlived the request it was sent for is interrupted; those that still want the answer ask again. So
    /// do those that wait for one that is probably lost: alone they would not.
    fn ask_again(&mut self, now: Instant) {
        let may_ask = !self.health.breaker.refuses(now);
        let patience = &self.health.patience;
        let is_lost = |sent: &Sent| patience.is_overdue(now.saturating_duration_since(sent.since));
        let over = |id: &&WorkId| {
            self.works.get(*id).is_some_and(|work| {
                let others_wait = may_ask && !work.followers.is_empty();
                work.leader.is_some()
                    && (work.is_hung(now) || others_wait && work.sent().is_some_and(is_lost))
            })
        };
        // What there is no memory for is tried again with the next look.
        let mut found = Vec::new();
        let _ = self.sent.iter().filter(over).try_for_each(|id| room::push(&mut found, *id));
        for id in found {
            let _ = self.ask_again_for_followers(id, now);
        }
    }

    pub(super) fn ask_again_for_followers(&mut self, id: WorkId, now: Instant) -> Result<(), NoMemory> {
        let Some(work) = self.works.get(&id) else { return Ok(()) };
        let mut slots = room::list(work.followers.len() + 1)?;
        slots.extend(work.slots());
        self.works.try_reserve(1)?;
        self.shared.try_reserve(1)?;
        let new = self.next_number();
        let way = self.first_way();
        let shared_as = self.works.get(&id).and_then(|work| work.shared_as.clone());
        self.unshare(id);
        let Some(work) = self.works.get_mut(&id) else { return Ok(()) };
        let (place, priority, question) = (work.place, work.priority, work.question.clone());
        let is_unknown = work.is_unknown;
        // Whose own question it is waits on, as long as it may.
        let stays = work.leader.filter(|slot| {
            let is_own = self.requests.get(slot).is_some_and(|request| request.own.is_none());
            is_own && !work.is_hung(now)
        });
        slots.retain(|slot| Some(*slot) != stays);
        work.leader = stays;
        work.followers.clear();
        let Some(first) = slots
            .iter()
            .position(|slot| self.requests.get(slot).is_some_and(|request| request.own.is_some()))
        else {
            return Ok(());
        };
        let leader = slots.remove(first);
        // It asks the same, now on behalf of these.
        let claim = work.claim.take();
        let flight = self.requests.get_mut(&leader).and_then(|request| request.own.take());
        let mut followers = BTreeMap::new();
        for slot in slots.into_iter().chain([leader]) {
            let Some(request) = self.requests.get_mut(&slot) else { continue };
            request.work = new;
            if slot != leader {
                followers.insert(request.number, slot);
            }
        }
        let work = Work {
            place: (place.0, new),
            priority,
            stage: Stage::Ready,
            flight,
            question,
            leader: Some(leader),
            followers,
            shared_as,
            way,
            claim,
            is_unknown,
        };
        self.add(new, work);
        Ok(())
    }

    /// Whether the worker at this work is to be freed.
    pub(in crate::runtime::engine) fn is_hung(&self, id: WorkId, now: Instant) -> bool {
        self.works.get(&id).is_none_or(|work| work.is_hung(now))
    }
}
