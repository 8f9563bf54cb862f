//! Accepting a request, and answering one from memory.

use std::time::{Duration, Instant};

use super::counters::count;
use super::outcome::{Outcome, Source};
use super::table::Header;
use super::{Attachment, Key, Mailbox, Priority, Submission, SubmitError};
use crate::operations::{self, Arguments, InvalidArgument, Operation};
use crate::policy::cache::Age;
use crate::sync::Ordering;

/// Why arguments could not be filled in.
#[cold]
fn refusal(refused: InvalidArgument) -> SubmitError {
    if refused.is_without_memory() { SubmitError::Memory } else { refused.into() }
}

/// What peeking finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peeked {
    Nothing,
    /// The answer that the host has seen.
    Seen,
    /// Another, as a completion, and its number.
    Other(Key, u64),
}

impl Mailbox {
    /// Accepts a request, or refuses it at once. No system call, no lock, no wake; no allocation unless the arguments
    /// are long. `fill` adds the arguments, and then `submission` says the rest.
    #[inline(always)] // every operation has its own, in which most of checking it is gone
    pub(crate) fn submit(
        &self,
        operation: &'static Operation,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
        submission: impl FnOnce() -> Submission,
    ) -> Result<Key, SubmitError> {
        let front = self.slots.front();
        self.check_open()?;
        let mut reserved = match self.slots.reserve() {
            Some(reserved) => reserved,
            None => return Err(self.full()),
        };
        let arguments = reserved.arguments();
        if let Err(refused) = fill(arguments) {
            return Err(refusal(refused));
        }
        operation.check(arguments)?;
        if !front.has_api_key.load(Ordering::Acquire) && operation.needs_api_key(arguments) {
            return Err(SubmitError::NoApiKey);
        }
        let accepted = Instant::now();
        let submission = submission();
        if reserved.tag() != submission.tag {
            self.tag(reserved.set_tag(submission.tag), submission.tag);
        }
        let header = Header {
            operation,
            accepted,
            patience: submission.deadline,
            tag: submission.tag,
            priority: submission.priority,
            attachment: submission.attachment,
        };
        let Some(published) = reserved.publish(header) else { return Err(SubmitError::Shutdown) };
        count(&front.submitted);
        if published.note {
            self.notices.push(&self.slots, published.slot);
        }
        Ok(published.key)
    }

    /// Notes a slot's tag where cancel_all looks. That is what the slot says itself whenever it is free, so that only a tag
    /// that changes needs another cache line.
    #[inline(never)]
    fn tag(&self, slot: usize, tag: u64) {
        self.tags[slot].store(tag, Ordering::Relaxed);
    }

    fn check_open(&self) -> Result<(), SubmitError> {
        if self.is_forked() {
            Err(SubmitError::Forked)
        } else if self.is_closed() {
            Err(SubmitError::Shutdown)
        } else {
            Ok(())
        }
    }

    /// Why there is no free slot.
    #[cold]
    fn full(&self) -> SubmitError {
        // Once closed, slots run out by themselves.
        if self.is_closed() {
            return SubmitError::Shutdown;
        }
        count(&self.counters.host.refused);
        SubmitError::QueueFull
    }

    /// What is remembered of the answer to a request, as a completion that needs no collecting.
    pub(crate) fn peek(
        &self,
        operation: &'static Operation,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<Option<Key>, SubmitError> {
        Ok(match self.peek_for_other(operation, 0, fill)? {
            Peeked::Other(key, _) => Some(key),
            Peeked::Nothing | Peeked::Seen => None,
        })
    }

    /// The same for a host that has seen the answer with this number.
    pub(crate) fn peek_for_other(
        &self,
        operation: &'static Operation,
        seen: u64,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<Peeked, SubmitError> {
        self.check_open()?;
        let mut arguments = Arguments::new();
        fill(&mut arguments).map_err(refusal)?;
        operation.check(&arguments)?;
        let target = operations::target(operation, &arguments, &self.store_id)?;
        let now = Instant::now();
        let Some((other, Age::Fresh, asked_at)) = self.cache.look_for_other(&target, now, seen) else {
            return Ok(Peeked::Nothing);
        };
        let Some((content, number)) = other else {
            self.count_peek();
            count(&self.slots.front().released);
            return Ok(Peeked::Seen);
        };
        let outcome = Outcome { decided: asked_at, ..Outcome::remembered(content, Source::Cache) };
        self.hand_out(operation, now, outcome).map(|key| Peeked::Other(key, number))
    }

    /// Counts a request that was made, answered from memory and collected at once.
    fn count_peek(&self) {
        for counter in [
            &self.slots.front().submitted,
            &self.counters.host.peeked,
            &self.slots.front().collected,
            &self.counters.ended.ok,
        ] {
            count(counter);
        }
    }

    /// Makes a completion of an outcome, in the hands of the caller.
    pub(super) fn hand_out(
        &self,
        operation: &'static Operation,
        now: Instant,
        outcome: Outcome,
    ) -> Result<Key, SubmitError> {
        self.hold(&outcome);
        let Some(reserved) = self.slots.reserve() else {
            self.throw_away(outcome);
            return Err(self.full());
        };
        self.tag(reserved.set_tag(0), 0);
        let header = Header {
            operation,
            accepted: now,
            patience: Duration::ZERO,
            tag: 0,
            priority: Priority::Interactive,
            attachment: Attachment::NONE,
        };
        let status = outcome.status;
        match reserved.publish_collected(header, outcome) {
            Ok(key) => {
                debug_assert_eq!(status, operations::Status::Ok);
                self.count_peek();
                Ok(key)
            }
            Err(outcome) => {
                self.throw_away(outcome);
                Err(SubmitError::Shutdown)
            }
        }
    }

    /// Notes that a completion is about to hold what was answered.
    pub(super) fn hold(&self, outcome: &Outcome) {
        if let Some(reply) = &outcome.reply {
            self.trash.hold(reply.content());
        }
    }

    /// Lets one of our threads free what an outcome holds.
    pub(super) fn throw_away(&self, outcome: Outcome) {
        if let Some(reply) = outcome.reply {
            self.trash.put(reply);
        }
    }
}
