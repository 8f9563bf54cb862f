//! The workers, seen from outside: which of them idle, and how to free one that hangs.

use std::sync::Arc;
use std::thread::{JoinHandle, Thread};

use super::counters::Counters;
use crate::room;
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::transport::Interrupter;

#[derive(Default)]
pub(super) struct Seats {
    seats: Vec<Option<Seat>>,
    /// Shared with who must know without the lock.
    coming: Arc<AtomicUsize>,
    /// Workers that wait for work; the last to come is the first to go, so that surplus workers really idle.
    idle: Vec<usize>,
    ended: Vec<JoinHandle<()>>,
}

/// One worker.
pub(super) struct Seat {
    /// The number of the work it is at, 0 for none.
    pub(super) work: Arc<AtomicU64>,
    pub(super) interrupter: Arc<Interrupter>,
    call: Arc<Call>,
    thread: Thread,
    handle: Option<JoinHandle<()>>,
}

/// Whether a worker was called: it will ask for work.
#[derive(Default)]
pub(super) struct Call(AtomicBool);

impl Call {
    /// The worker asks for work from here on. False when it was not called: then it may still be on the list of those that
    /// wait.
    pub(super) fn answer(&self, coming: &AtomicUsize) -> bool {
        let was_called = self.0.swap(false, Ordering::SeqCst);
        if was_called {
            coming.fetch_sub(1, Ordering::SeqCst);
        }
        was_called
    }
}

/// Workers that were called and sleep. To be woken without the lock, which they take next.
#[derive(Default)]
#[must_use]
pub(super) struct Woken {
    count: usize,
    threads: Vec<Thread>,
}

impl Woken {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn wake(self) {
        self.threads.iter().for_each(Thread::unpark);
    }
}

impl Seats {
    /// How many workers were called and have not asked for work yet.
    pub(super) fn coming(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.coming)
    }

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
        call: Arc<Call>,
        handle: JoinHandle<()>,
    ) {
        let thread = handle.thread().clone();
        self.seats[place] = Some(Seat { work, interrupter, call, thread, handle: Some(handle) });
    }

    /// A worker that starts is as good as called.
    pub(super) fn call_new(&self) -> Arc<Call> {
        self.coming.fetch_add(1, Ordering::SeqCst);
        Arc::new(Call(AtomicBool::new(true)))
    }

    /// It does not start.
    pub(super) fn call_off(&self, call: &Call) {
        call.answer(&self.coming);
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

    /// Calls up to `wanted` idle workers.
    pub(super) fn call(&mut self, wanted: usize) -> Woken {
        let mut woken = Woken::default();
        while woken.count < wanted
            && let Some(place) = self.idle.pop()
        {
            let Some(seat) = &self.seats[place] else { continue };
            if !seat.call.0.swap(true, Ordering::SeqCst) {
                self.coming.fetch_add(1, Ordering::SeqCst);
            }
            woken.count += 1;
            if room::push(&mut woken.threads, seat.thread.clone()).is_err() {
                seat.thread.unpark();
            }
        }
        woken
    }

    /// Calls all workers, to let them end.
    pub(super) fn call_all(&mut self) -> Woken {
        self.call(self.idle.len())
    }

    /// The threads that have ended and are to be joined: until then the system keeps their stacks.
    pub(super) fn ended(&mut self) -> impl Iterator<Item = JoinHandle<()>> + use<> {
        let (over, ending) = std::mem::take(&mut self.ended).into_iter().partition(JoinHandle::is_finished);
        self.ended = ending;
        let over: Vec<_> = over;
        over.into_iter()
    }

    /// Whether every thread that has left its seat was joined.
    pub(super) fn all_joined(&self) -> bool {
        self.ended.is_empty()
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
