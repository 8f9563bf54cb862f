//! What there is to do and by when, for who looks without taking the lock.

use std::time::{Duration, Instant};

use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Written under the lock of the schedule whenever that has changed. Nothing is ordered by it: who acts on it takes a lock
/// and asks again.
pub(super) struct Agenda {
    made: Instant,
    /// When the schedule wants to be told the time, in nanoseconds after `made`.
    due: AtomicU64,
    /// Pieces of work a worker could take now.
    waiting: AtomicUsize,
    /// Some wait, whether or not a worker could take them.
    held_back: AtomicBool,
    /// No request is under way.
    idle: AtomicBool,
}

/// What the schedule says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Situation {
    pub(super) due: Option<Instant>,
    pub(super) waiting: usize,
    pub(super) is_held_back: bool,
    pub(super) is_idle: bool,
}

impl Agenda {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            made: now,
            due: AtomicU64::new(u64::MAX),
            waiting: AtomicUsize::new(0),
            held_back: AtomicBool::new(false),
            idle: AtomicBool::new(true),
        }
    }

    pub(super) fn publish(&self, situation: Situation) {
        let after = |due: Instant| due.saturating_duration_since(self.made).as_nanos() as u64;
        self.due.store(situation.due.map_or(u64::MAX, after), Ordering::Relaxed);
        self.idle.store(situation.is_idle, Ordering::Relaxed);
        self.held_back.store(situation.is_held_back, Ordering::Relaxed);
        self.waiting.store(situation.waiting, Ordering::Release);
    }

    /// When the schedule wants to be told the time.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.due.load(Ordering::Relaxed) {
            u64::MAX => None,
            after => self.made.checked_add(Duration::from_nanos(after)),
        }
    }

    /// Pieces of work a worker could take when this was last written.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Whether work waits that is not sent, for want of a worker, of room, or by the rate.
    pub(super) fn is_held_back(&self) -> bool {
        self.held_back.load(Ordering::Relaxed)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.idle.load(Ordering::Relaxed)
    }
}
