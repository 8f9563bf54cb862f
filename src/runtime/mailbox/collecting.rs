//! From the end of a request until its completion is freed.

use std::time::Duration;

use super::chain::{Chain, Taken};
use super::counters::count;
use super::slots::{NoCompletion, Released};
use super::{Attachment, Key, Mailbox, Reading};
use crate::room::NoMemory;
use crate::sync::{Cell, Ordering};

/// Completions on their way to the consumer.
pub(super) struct Completions {
    chain: Chain,
    /// The consumer's own.
    taken: Cell<Taken>,
}

// SAFETY: `taken` is touched by the thread whose turn it is to collect, and turns follow each other with
// acquire and release.
unsafe impl Sync for Completions {}

impl Completions {
    pub(super) fn new(capacity: usize) -> Result<Self, NoMemory> {
        Ok(Self { chain: Chain::new(capacity)?, taken: Cell::new(Taken::default()) })
    }

    pub(super) fn push(&self, slot: usize) {
        self.chain.push(slot);
    }

    pub(super) fn have_come(&self) -> bool {
        !self.chain.is_empty()
    }

    fn gather(&self) -> usize {
        // SAFETY: only the consumer comes here.
        let taken = unsafe { &mut *self.taken.writing() };
        self.chain.take_all(taken);
        taken.len()
    }

    fn pop(&self) -> Option<usize> {
        // SAFETY: only the consumer comes here.
        self.chain.pop(unsafe { &mut *self.taken.writing() })
    }
}

impl Mailbox {
    /// How many completions can be collected now: what comes later is not among them before the next call. Only in the
    /// consumer's turn.
    pub(crate) fn gather(&self) -> usize {
        self.completions.gather()
    }

    /// Takes the next completion that was gathered. Only in the consumer's turn.
    pub(crate) fn collect(&self) -> Option<Key> {
        let key = self.next_completion()?;
        count(&self.slots.front().collected);
        Some(key)
    }

    fn next_completion(&self) -> Option<Key> {
        while let Some(slot) = self.completions.pop() {
            if let Some(key) = self.slots.collect(slot) {
                return Some(key);
            }
        }
        // A host's thread that was stopped in the middle of ending a request may not have passed it on yet. When the
        // client ends, it is collected nevertheless, and passing it on will pass on nothing.
        let all = if self.settled.load(Ordering::Acquire) { self.slots.used() } else { 0 };
        (0..all).find_map(|slot| self.slots.collect(slot))
    }

    /// Waits until something comes that is not gathered yet, or the client is closed, at most for so long. What was
    /// submitted before is found at once: a thread that waits here may wake another.
    pub(crate) fn wait_for_completions(&self, timeout: Duration) {
        if self.has_notices() {
            self.bell.ring();
        }
        self.consumer.wait(timeout, || self.has_completions() || self.is_closed());
    }

    /// Whether something came that is not gathered yet.
    pub(crate) fn has_completions(&self) -> bool {
        self.completions.have_come()
    }

    /// Opens a collected completion.
    pub(crate) fn read(&self, key: Key) -> Result<Reading<'_>, NoCompletion> {
        self.slots.read(key)
    }

    /// Frees a collected completion, and gives back what was attached to it. Its memory goes to one of our threads.
    pub(crate) fn release(&self, key: Key) -> Result<Attachment, NoCompletion> {
        let index = key.slot();
        let Released { attachment, note } = self.slots.release(key, |outcome| self.throw_away(outcome))?;
        if let (true, Some(slot)) = (note, index) {
            self.notices.push(&self.slots, slot);
        }
        count(&self.slots.front().released);
        Ok(attachment)
    }

    /// Notes that a completion was freed unread.
    pub(crate) fn note_discarded(&self) {
        count(&self.counters.host.discarded);
    }

    /// The completions that were collected and not freed.
    pub(crate) fn unfreed(&self) -> impl Iterator<Item = Key> + '_ {
        (0..self.slots.used()).filter_map(|slot| self.slots.collected_in(slot))
    }
}
