//! What the engine calls, and all it calls. Our threads only.

use std::time::{Duration, Instant};

use super::chain::Taken;
use super::consumer::Polls;
use super::counters::read;
use super::holds::Lent;
use super::outcome::{Content, Outcome};
use super::slots::Notice;
use super::{Header, Key, Mailbox};
use crate::operations::{OperationId, Status};
use crate::runtime::lines::{LogLevel, Sayable};

/// What the engine finds in a slot it was told to look at.
pub(in crate::runtime) enum Arrival<'a> {
    /// A request it has not seen.
    New(usize, Key, Lent<'a>),
    /// The request it knows about may have ended.
    Ended(usize),
}

/// What a host has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::runtime) struct SignsOfLife {
    /// Requests it made, those that were answered from memory included.
    pub(in crate::runtime) submitted: u64,
    /// How often it began to collect.
    pub(in crate::runtime) turns: u64,
    /// It collects or waits at this moment.
    pub(in crate::runtime) is_collecting: bool,
}

/// How a request ended, for what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime) struct Answered {
    pub(in crate::runtime) operation: OperationId,
    pub(in crate::runtime) status: Status,
    /// From acceptance.
    pub(in crate::runtime) took: Duration,
    /// From acceptance until it was first sent, or ended without; `None` when it ended while a worker had it.
    pub(in crate::runtime) queued: Option<Duration>,
}

impl Answered {
    fn of(header: &Header, begun: bool, outcome: &Outcome) -> Self {
        let took = outcome.decided.saturating_duration_since(header.accepted);
        let queued = match outcome.attempts {
            0 => (!begun).then_some(took),
            _ => Some(outcome.queued),
        };
        Self { operation: header.operation.id, status: outcome.status, took, queued }
    }
}

/// Slots the engine has taken and not looked at yet.
#[derive(Default)]
pub(in crate::runtime) struct Backlog(Taken);

impl Mailbox {
    /// What the host has done so far.
    pub(in crate::runtime) fn signs_of_life(&self) -> SignsOfLife {
        let (turns, is_collecting) = self.consumer.turns();
        SignsOfLife { submitted: read(&self.slots.front().submitted), turns, is_collecting }
    }

    /// Looks at up to `limit` slots that something happened to. `backlog` keeps the rest; the mailbox must always be
    /// given the same one. False when there may be more.
    pub(in crate::runtime) fn drain<'a>(
        &'a self,
        backlog: &mut Backlog,
        limit: usize,
        mut look: impl FnMut(Arrival<'a>),
    ) -> bool {
        if backlog.0.len() < limit {
            self.notices.take_all(&self.slots, &mut backlog.0);
        }
        for _ in 0..limit {
            let Some(slot) = backlog.0.pop(&self.slots) else { return true };
            look(match self.slots.notice(slot) {
                Notice::Arrived(key, lent) => Arrival::New(slot, key, lent),
                Notice::Ended => Arrival::Ended(slot),
            });
        }
        backlog.0.len() == 0
    }

    /// Sleeps for so long, or until a host's thread that is about to wait has left something to find. Always the same
    /// thread; says whether it was woken.
    pub(in crate::runtime) fn sleep(&self, time: Duration) -> bool {
        self.bell.sleep(time, || self.has_notices())
    }

    /// Ends the sleep. Not for a host's thread that must not wait: it makes a system call.
    pub(in crate::runtime) fn wake(&self) {
        self.bell.wake();
    }

    /// This thread rests, and is woken first by a host's thread that is about to wait and has left something to find. To be
    /// called before it looks for the last time.
    pub(in crate::runtime) fn watch(&self) {
        self.bell.watch();
    }

    /// The end of [`Mailbox::watch`].
    pub(in crate::runtime) fn unwatch(&self) {
        self.bell.unwatch();
    }

    /// When the host polled since this was last called.
    pub(in crate::runtime) fn take_polls(&self) -> Polls {
        self.consumer.take_polls()
    }

    /// Whether [`Mailbox::drain`] would find anything that is in no backlog.
    pub(in crate::runtime) fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    /// Notes that a request is about to be sent. False when it was decided before.
    pub(in crate::runtime) fn begin(&self, key: Key) -> bool {
        self.slots.begin(key)
    }

    /// Whether the request is undecided.
    pub(in crate::runtime) fn is_pending(&self, key: Key) -> bool {
        self.slots.is_pending(key)
    }

    /// Ends a request with what was found out, and wakes a consumer that waits. A late answer is dropped: the request was
    /// decided. `note` is told how it ended, if this did it, before the host can know.
    #[inline(never)]
    pub(in crate::runtime) fn answer(&self, key: Key, mut outcome: Outcome, note: impl FnOnce(&Answered)) {
        // Held before it can be seen, so that the count is never too low.
        self.hold(&outcome);
        match self.slots.decide(key, false) {
            Some(decided) => {
                outcome.decided = Instant::now();
                let (header, begun) = self.slots.history(&decided);
                note(&Answered::of(header, begun, &outcome));
                self.conclude(&decided, outcome);
                self.consumer.notify();
            }
            None => self.throw_away(outcome),
        }
    }

    /// Counts an answer as held while the engine decides what becomes of it.
    pub(in crate::runtime) fn hold_content(&self, content: &Content) {
        self.trash.hold(content);
    }

    /// The end of [`Mailbox::hold_content`].
    pub(in crate::runtime) fn let_go_of_content(&self, content: &Content) {
        self.trash.let_go(content);
    }

    /// Bytes of answers that completions hold.
    pub(in crate::runtime) fn held_bytes(&self) -> usize {
        self.trash.held_bytes()
    }

    /// Frees what host threads are done with.
    pub(in crate::runtime) fn empty_trash(&self) {
        self.trash.empty();
        self.log.empty();
    }

    /// Wakes a consumer that waits, if something came: completions from a host's thread have woken no thread.
    pub(in crate::runtime) fn notify(&self) {
        if self.has_completions() {
            self.consumer.notify();
        }
    }

    /// Whether the host's log keeps lines of this level.
    pub(in crate::runtime) fn wants_lines(&self, level: LogLevel) -> bool {
        self.log.wants(level)
    }

    /// Adds a line to the host's log.
    pub(in crate::runtime) fn say(&self, line: &Sayable) {
        self.log.say(line);
    }
}
