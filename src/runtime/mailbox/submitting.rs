//! Accepting a request, and answering one from memory.

use std::time::Instant;

use super::counters::count;
use super::holds::Reserved;
use super::outcome::{Outcome, Source};
use super::table::Header;
use super::{Attachment, Key, Mailbox, Priority, Submission, SubmitError};
use crate::operations::{self, Arguments, InvalidArgument, Operation};
use crate::policy::cache::Age;
use crate::sync::Ordering;

fn fill_in(
    arguments: &mut Arguments,
    fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
) -> Result<(), SubmitError> {
    fill(arguments)
        .map_err(|refused| if refused.is_without_memory() { SubmitError::Memory } else { refused.into() })
}

impl Mailbox {
    /// Accepts a request, or refuses it at once. No system call, no lock, no wake; no allocation unless the arguments
    /// are long. `fill` adds the arguments.
    pub(crate) fn submit(
        &self,
        submission: Submission,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<Key, SubmitError> {
        self.check_open()?;
        let reserved = self.reserve(&submission, fill)?;
        let accepted = Instant::now();
        self.tag(reserved.index(), submission.tag);
        let header = Header {
            operation: submission.operation,
            accepted,
            deadline: accepted + submission.deadline,
            tag: submission.tag,
            priority: submission.priority,
            attachment: submission.attachment,
        };
        let published = reserved.publish(header).ok_or(SubmitError::Shutdown)?;
        count(&self.counters.host.submitted);
        if published.note {
            self.notices.push(published.slot);
        }
        Ok(published.key)
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

    fn reserve(
        &self,
        submission: &Submission,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<Reserved<'_>, SubmitError> {
        let mut reserved = self.reserve_slot()?;
        let arguments = reserved.arguments();
        fill_in(arguments, fill)?;
        submission.operation.check(arguments)?;
        if !self.has_api_key.load(Ordering::Acquire) && submission.operation.needs_api_key(arguments) {
            return Err(SubmitError::NoApiKey);
        }
        Ok(reserved)
    }

    fn reserve_slot(&self) -> Result<Reserved<'_>, SubmitError> {
        let refuse = || {
            // Once closed, slots run out by themselves.
            if self.is_closed() {
                return SubmitError::Shutdown;
            }
            count(&self.counters.host.refused);
            SubmitError::QueueFull
        };
        self.slots.reserve().ok_or_else(refuse)
    }

    fn tag(&self, slot: usize, tag: u64) {
        let cell = &self.tags[slot];
        if cell.load(Ordering::Relaxed) != tag {
            cell.store(tag, Ordering::Relaxed);
        }
    }

    /// What is remembered of the answer to a request, as a completion that needs no collecting.
    pub(crate) fn peek(
        &self,
        operation: &'static Operation,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<Option<Key>, SubmitError> {
        self.check_open()?;
        let mut arguments = Arguments::new();
        fill_in(&mut arguments, fill)?;
        operation.check(&arguments)?;
        let target = operations::target(operation, &arguments, &self.store_id)?;
        let now = Instant::now();
        let Some((content, Age::Fresh, asked_at)) = self.cache.look(&target, now) else {
            return Ok(None);
        };
        let outcome = Outcome { decided: asked_at, ..Outcome::remembered(content, Source::Cache) };
        self.hand_out(operation, now, outcome).map(Some)
    }

    /// Makes a completion of an outcome, in the hands of the caller.
    pub(super) fn hand_out(
        &self,
        operation: &'static Operation,
        now: Instant,
        outcome: Outcome,
    ) -> Result<Key, SubmitError> {
        self.hold(&outcome);
        let reserved = match self.reserve_slot() {
            Ok(reserved) => reserved,
            Err(error) => {
                self.throw_away(outcome);
                return Err(error);
            }
        };
        self.tag(reserved.index(), 0);
        let header = Header {
            operation,
            accepted: now,
            deadline: now,
            tag: 0,
            priority: Priority::Interactive,
            attachment: Attachment::NONE,
        };
        let status = outcome.status;
        match reserved.publish_collected(header, outcome) {
            Ok(key) => {
                debug_assert_eq!(status, operations::Status::Ok);
                for counter in [
                    &self.counters.host.submitted,
                    &self.counters.host.peeked,
                    &self.counters.host.collected,
                    &self.counters.ended.ok,
                ] {
                    count(counter);
                }
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
