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

/// When the turns were that began since it was last asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::runtime) struct Turns {
    /// When the first of them began.
    pub(in crate::runtime) first: Option<Instant>,
    /// Whether there were more.
    pub(in crate::runtime) more: bool,
}

/// The consumer's turn, and the place it waits at.
pub(crate) struct Consumer {
    /// Token of the thread whose turn it is; 0 between turns.
    holder: AtomicUsize,
    /// When the first turn since the engine last asked began, in nanoseconds after `made` from 1, and below that whether
    /// there were more. Only the first turn reads the clock. 0 for none.
    began: AtomicU64,
    made: Instant,
    waiting: AtomicU32,
    gate: Mutex<()>,
    arrived: Condvar,
}

/// The right to collect, until dropped.
pub(crate) struct Turn<'a>(&'a Consumer);

impl Default for Consumer {
    fn default() -> Self {
        Self {
            holder: AtomicUsize::new(0),
            began: AtomicU64::new(0),
            made: Instant::now(),
            waiting: AtomicU32::new(0),
            gate: Mutex::new(()),
            arrived: Condvar::new(),
        }
    }
}

impl Consumer {
    /// Begins a turn.
    pub(crate) fn enter(&self) -> Result<Turn<'_>, Occupied> {
        let me = thread_token();
        match self.holder.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => {
                self.note_turn();
                Ok(Turn(self))
            }
            Err(holder) if holder == me => Err(Occupied::Reentrant),
            Err(_) => Err(Occupied::Busy),
        }
    }

    /// In a turn, so that no other thread does.
    fn note_turn(&self) {
        let began = self.began.load(Ordering::Relaxed);
        if began == 0 {
            let after = self.made.elapsed().as_nanos() as u64 + 1;
            self.began.store(after << 1, Ordering::Relaxed);
        } else if began & 1 == 0 {
            self.began.store(began | 1, Ordering::Relaxed);
        }
    }

    /// When there were turns since this was last called. Now and then one is told of twice, or counts as none.
    pub(in crate::runtime) fn take_turns(&self) -> Turns {
        // Looked at first: the thread that collects must not lose the cache line each time.
        if self.began.load(Ordering::Relaxed) == 0 {
            return Turns::default();
        }
        let began = self.began.swap(0, Ordering::Relaxed);
        let first =
            (began >> 1).checked_sub(1).and_then(|after| self.made.checked_add(Duration::from_nanos(after)));
        Turns { first, more: began & 1 != 0 }
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

/// A number no other living thread has.
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
    fn when_turns_began_is_known() {
        let consumer = Consumer::default();
        assert_eq!(consumer.take_turns(), Turns::default());
        let before = Instant::now();
        drop(consumer.enter());
        let after = Instant::now();
        let Turns { first, more } = consumer.take_turns();
        assert!(first.is_some_and(|first| before <= first && first <= after) && !more);
        assert_eq!(consumer.take_turns(), Turns::default());
        let before = Instant::now();
        (0..3).for_each(|_| drop(consumer.enter()));
        let Turns { first, more } = consumer.take_turns();
        assert!(first.is_some_and(|first| before <= first) && more);
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
