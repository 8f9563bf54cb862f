//! The one thread at a time that collects completions.

use std::time::{Duration, Instant};

use crate::sync::{AtomicU32, AtomicU64, AtomicUsize, Condvar, Mutex, Ordering, fence, lock};

/// Why a thread cannot collect now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occupied {
    /// Another thread collects.
    Busy,
    /// This thread collects already: it is inside a callback.
    Reentrant,
}

/// The consumer's turn, and the place it waits at.
#[derive(Default)]
pub(crate) struct Consumer {
    /// Token of the thread whose turn it is; 0 between turns.
    holder: AtomicUsize,
    /// Turns so far. The thread whose turn it is writes it.
    turns: AtomicU64,
    waiting: AtomicU32,
    gate: Mutex<()>,
    arrived: Condvar,
}

/// The right to collect, until dropped.
pub(crate) struct Turn<'a>(&'a Consumer);

impl Consumer {
    /// Begins a turn.
    pub(crate) fn enter(&self) -> Result<Turn<'_>, Occupied> {
        let me = thread_token();
        match self.holder.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => {
                self.turns.store(self.turns.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
                Ok(Turn(self))
            }
            Err(holder) if holder == me => Err(Occupied::Reentrant),
            Err(_) => Err(Occupied::Busy),
        }
    }

    /// How many turns there have been, and whether one goes on.
    pub(super) fn turns(&self) -> (u64, bool) {
        (self.turns.load(Ordering::Relaxed), self.holder.load(Ordering::Relaxed) != 0)
    }

    /// Whether it is this thread's turn.
    pub(crate) fn is_mine(&self) -> bool {
        self.holder.load(Ordering::Relaxed) == thread_token()
    }

    /// Waits until `is_done`, at most for `patience`. The thread that makes it true calls [`Consumer::notify`].
    pub(crate) fn wait(&self, patience: Duration, is_done: impl Fn() -> bool) {
        let give_up = Instant::now().checked_add(patience);
        let mut gate = lock(&self.gate);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        while !is_done() {
            let left = give_up.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            gate = match self.arrived.wait_timeout(gate, left) {
                Ok((gate, _)) => gate,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Wakes a waiting consumer, if there is one. Not for a host's thread that must not wait: it may
    /// take a lock.
    pub(crate) fn notify(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            drop(lock(&self.gate));
            self.arrived.notify_all();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.holder.store(0, Ordering::Release);
    }
}

/// A number no other living thread has, and not 0.
#[cfg(unix)]
fn thread_token() -> usize {
    // The address of a thread-local would do, but finding it in a shared library takes twice as much as all the rest of a
    // poll that finds nothing.
    // SAFETY: it has no conditions.
    unsafe { libc::pthread_self() as usize }
}

/// A number no other living thread has, and not 0.
#[cfg(not(unix))]
fn thread_token() -> usize {
    thread_local!(static PLACE: u8 = const { 0 });
    PLACE.with(|place| std::ptr::from_ref(place) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn one_at_a_time_and_never_nested() {
        let consumer = Consumer::default();
        let turn = consumer.enter().unwrap();
        assert!(consumer.is_mine());
        assert_eq!(consumer.enter().err(), Some(Occupied::Reentrant));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(!consumer.is_mine());
                assert_eq!(consumer.enter().err(), Some(Occupied::Busy));
            });
        });
        drop(turn);
        assert!(consumer.enter().is_ok());
    }

    #[test]
    fn a_waiting_consumer_is_woken() {
        let consumer = Consumer::default();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| consumer.wait(Duration::from_secs(600), || done.load(Ordering::SeqCst)));
            while consumer.waiting.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            done.store(true, Ordering::SeqCst);
            consumer.notify();
        });
        consumer.wait(Duration::ZERO, || false);
        assert_eq!(consumer.waiting.load(Ordering::SeqCst), 0);
    }
}
