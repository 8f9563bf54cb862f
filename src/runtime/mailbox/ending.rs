//! How requests end: exactly one party says how.

use std::time::{Duration, Instant};

use super::outcome::Outcome;
use super::slots::Decided;
use super::{Key, Mailbox};
use crate::operations::Status;
use crate::sync::{Ordering, yield_now};

/// How long the end of a client waits for host threads that are in the middle of ending a request.
const PATIENCE: Duration = Duration::from_secs(5);

impl Mailbox {
    /// Cancels a request. False when it was decided already.
    pub(crate) fn cancel(&self, key: Key) -> bool {
        let Some(decided) = self.slots.decide(key, true) else { return false };
        self.conclude(&decided, Outcome::without_answer(Status::Cancelled));
        true
    }

    /// Cancels every undecided request with this tag.
    pub(crate) fn cancel_all(&self, tag: u64) -> u32 {
        let mut cancelled = 0;
        for (slot, cell) in self.tags[..self.slots.used()].iter().enumerate() {
            if cell.load(Ordering::Relaxed) == tag
                && let Some(key) = self.slots.pending_in(slot)
                // The slot may have changed hands between the two looks. Seen after the key, the tag is the key's own,
                // or that of a later request, and then the key names nothing any more.
                && cell.load(Ordering::Relaxed) == tag
            {
                cancelled += u32::from(self.cancel(key));
            }
        }
        cancelled
    }

    /// Whether the key names a request whose completion is not freed yet.
    pub(crate) fn exists(&self, key: Key) -> bool {
        self.slots.exists(key)
    }

    /// Accepts nothing more and ends everything that is undecided. The completions can still be collected.
    ///
    /// Every slot is sealed, so a submitter that was held up on its way is refused: when this returns nothing is
    /// pending, and nothing ever will be.
    pub(crate) fn close(&self) {
        self.slots.front().closed.store(true, Ordering::SeqCst);
        for slot in 0..self.slots.close() {
            if let Some(decided) = self.slots.seal(slot) {
                self.conclude(&decided, Outcome::without_answer(Status::Shutdown));
            }
        }
        self.consumer.notify();
    }

    /// Whether [`Mailbox::close`] was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.slots.front().closed.load(Ordering::Acquire)
    }

    /// Waits until whatever was decided can be collected: another host thread may be in the middle of cancelling.
    /// Only once closed, and not on a thread that must not wait.
    pub(in crate::runtime) fn settle(&self) {
        let patience = Instant::now() + PATIENCE;
        for slot in 0..self.slots.used() {
            while self.slots.is_being_decided(slot) && Instant::now() < patience {
                yield_now();
            }
        }
        self.settled.store(true, Ordering::Release);
    }

    /// Says how a request ended that the caller decided.
    pub(super) fn conclude(&self, decided: &Decided, mut outcome: Outcome) {
        if outcome.attempts == 0 {
            let (header, begun) = self.slots.history(decided);
            outcome.ended_without_worker(header.accepted, begun);
        }
        self.counters.ended.count(&outcome);
        // Before Ready is seen: from then on the consumer may free the slot, and the next request note it.
        if decided.note {
            self.notices.push(&self.slots, decided.slot);
        }
        self.slots.finish(decided, outcome);
        self.completions.push(decided.slot);
    }
}
