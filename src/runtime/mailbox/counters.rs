//! What the mailbox counts. Each side has cache lines of its own: the engine never slows a host's thread by counting.

use super::outcome::Outcome;
use crate::operations::Status;
use crate::sync::{AtomicU64, Ordering};

#[derive(Default)]
pub(super) struct Counters {
    pub(super) host: HostSide,
    pub(super) ended: Ended,
}

/// What host threads count beside [`super::front::Front`]: rarely.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct HostSide {
    pub(super) refused: AtomicU64,
    pub(super) discarded: AtomicU64,
    pub(super) peeked: AtomicU64,
}

/// How requests ended, whichever side decided.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Ended {
    pub(super) ok: AtomicU64,
    pub(super) error: AtomicU64,
    pub(super) timed_out: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) unavailable: AtomicU64,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(super) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Ended {
    pub(super) fn count(&self, outcome: &Outcome) {
        if outcome.status == Status::Unavailable {
            count(&self.unavailable);
        }
        count(match outcome.status {
            Status::Ok => &self.ok,
            Status::Timeout => &self.timed_out,
            Status::Cancelled => &self.cancelled,
            _ => &self.error,
        });
    }
}
