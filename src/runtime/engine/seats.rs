//! The workers, seen from outside: which of them idle, and how to free one that hangs.

use std::sync::Arc;
use std::thread::{JoinHandle, Thread};

use super::counters::Counters;
use crate::sync::{AtomicU64, Ordering};
use crate::transport::Interrupter;

#[derive(Default)]
pub(super) struct Seats {
    seats: Vec<Option<Seat>>,
    /// Workers that wait for work; the last to come is the first to go, so that surplus workers really idle.
    idle: Vec<usize>,
    ended: Vec<JoinHandle<()>>,
}

/// One worker.
pub(super) struct Seat {
    /// The number of the work it is at, 0 for none.
    pub(super) work: Arc<AtomicU64>,
    pub(super) interrupter: Arc<Interrupter>,
    thread: Thread,
    handle: Option<JoinHandle<()>>,
}

impl Seats {
    pub(super) fn alive(&self) -> usize {
        self.seats.iter().flatten().count()
    }

    /// A place for one more worker.
    pub(super) fn vacant(&mut self) -> usize {
        self.seats.iter().position(Option::is_none).unwrap_or_else(|| {
            self.seats.push(None);
            self.seats.len() - 1
        })
    }

    pub(super) fn take(
        &mut self,
        place: usize,
        work: Arc<AtomicU64>,
        interrupter: Arc<Interrupter>,
        handle: JoinHandle<()>,
    ) {
        let thread = handle.thread().clone();
        self.seats[place] = Some(Seat { work, interrupter, thread, handle: Some(handle) });
    }

    /// The worker has a new connection.
    pub(super) fn reconnect(&mut self, place: usize, interrupter: Arc<Interrupter>) {
        if let Some(seat) = &mut self.seats[place] {
            seat.interrupter = interrupter;
        }
    }

    /// The worker ends.
    pub(super) fn leave(&mut self, place: usize) {
        let seat = self.seats[place].take();
        self.awake(place);
        self.ended.extend(seat.and_then(|seat| seat.handle));
    }

    /// The worker waits for work.
    pub(super) fn rest(&mut self, place: usize) {
        if !self.idle.contains(&place) {
            self.idle.push(place);
        }
    }

    /// The worker waits no longer.
    pub(super) fn awake(&mut self, place: usize) {
        self.idle.retain(|idle| *idle != place);
    }

    /// Wakes up to `wanted` idle workers; says how many were found.
    pub(super) fn wake(&mut self, wanted: usize) -> usize {
        let found = wanted.min(self.idle.len());
        for place in self.idle.split_off(self.idle.len() - found) {
            if let Some(seat) = &self.seats[place] {
                seat.thread.unpark();
            }
        }
        found
    }

    /// Wakes all workers, to let them end.
    pub(super) fn wake_all(&mut self) {
        self.wake(self.idle.len());
    }

    /// Joins the threads that have ended.
    pub(super) fn bury(&mut self) {
        for handle in self.ended.drain(..) {
            // A worker contains its panics; one that ended by one is as ended as any.
            let _ = handle.join();
        }
    }

    /// Interrupts every worker whose work is hung.
    pub(super) fn free_the_hung(&self, is_hung: impl Fn(u64) -> bool) {
        for seat in self.seats.iter().flatten() {
            let work = seat.work.load(Ordering::Acquire);
            if work != 0 && is_hung(work) {
                seat.interrupter.interrupt(work);
            }
        }
    }

    pub(super) fn publish(&self, counters: &Counters) {
        counters.workers.store(self.alive() as u32, Ordering::Relaxed);
    }
}
