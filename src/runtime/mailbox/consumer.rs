//! The one thread at a time that collects completions.

use std::time::{Duration, Instant};

use crate::sync::{AtomicU32, AtomicU64, AtomicUsize, Condvar, Mutex, Ordering, fence, lock};

/// Ticks noted sooner after one another than this are one: several parts of a host may tell of the same.
const SAME_TICK: Duration = Duration::from_millis(2);

/// Why a thread cannot collect now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occupied {
    /// Another thread collects.
    Busy,
    /// This thread collects already: it is inside a callback.
    Reentrant,
}

/// The polls since the engine last asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::runtime) struct Polls {
    /// When the first of them was.
    pub(in crate::runtime) first: Option<Instant>,
    /// Whether there were more.
    pub(in crate::runtime) more: bool,
}

/// The consumer's turn, and the place it waits at.
pub(crate) struct Consumer {
    /// Token of the thread whose turn it is; 0 between turns.
    holder: AtomicUsize,
    /// Turns so far. The thread whose turn it is writes it.
    turns: AtomicU64,
    /// When the first poll since the engine last asked was, in nanoseconds after `made` from 1, and below that whether
    /// there were more. Of polls only the first reads the clock. 0 for none.
    polled: AtomicU64,
    made: Instant,
    /// 1 while the consumer waits and no thread has begun to wake it.
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
            turns: AtomicU64::new(0),
            polled: AtomicU64::new(0),
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

    /// When the host polled since this was last called. Now and then a poll is told of twice, or counts as none.
    pub(in crate::runtime) fn take_polls(&self) -> Polls {
        // Looked at first: the thread that polls must not lose the cache line each time.
        if self.polled.load(Ordering::Relaxed) == 0 {
            return Polls::default();
        }
        let polled = self.polled.swap(0, Ordering::Relaxed);
        let after = (polled >> 1).checked_sub(1).map(Duration::from_nanos);
        Polls { first: after.and_then(|after| self.made.checked_add(after)), more: polled & 1 != 0 }
    }

    /// Notes that a tick of the host begins, as a poll would, for a host that has its completions collected by a thread that
    /// waits. Any thread, also while it is another's turn.
    pub(crate) fn note_tick(&self) {
        let before = self.polled.load(Ordering::Relaxed);
        let after = self.nanoseconds();
        if before == 0 {
            self.polled.store(after << 1, Ordering::Relaxed);
        } else if before & 1 == 0 && after.saturating_sub(before >> 1) >= SAME_TICK.as_nanos() as u64 {
            self.polled.store(before | 1, Ordering::Relaxed);
        }
    }

    /// Whether a poll or a tick waits for the engine to ask.
    #[cfg(all(test, feature = "jni"))]
    pub(crate) fn has_polls(&self) -> bool {
        self.polled.load(Ordering::Relaxed) != 0
    }

    /// How old this is, from 1.
    fn nanoseconds(&self) -> u64 {
        self.made.elapsed().as_nanos() as u64 + 1
    }

    /// Whether it is this thread's turn.
    pub(crate) fn is_mine(&self) -> bool {
        self.holder.load(Ordering::Relaxed) == thread_token()
    }

    /// Waits until `is_done`, at most for `patience`. One thread at a time. The thread that makes it true calls [`Consumer::notify`].
    pub(crate) fn wait(&self, patience: Duration, is_done: impl Fn() -> bool) {
        let give_up = Instant::now().checked_add(patience);
        let mut gate = lock(&self.gate);
        loop {
            // Each time: who wakes it takes it back.
            self.waiting.store(1, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            if is_done() {
                break;
            }
            let left = give_up.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            gate = match self.arrived.wait_timeout(gate, left) {
                Ok((gate, _)) => gate,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        self.waiting.store(0, Ordering::SeqCst);
    }

    /// Wakes a waiting consumer, if there is one that no thread wakes already. Not for a host's thread that must not wait: it
    /// may take a lock.
    pub(crate) fn notify(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 && self.waiting.swap(0, Ordering::SeqCst) > 0 {
            drop(lock(&self.gate));
            self.arrived.notify_all();
        }
    }
}

impl Turn<'_> {
    /// Notes that the host collects without waiting, as it does once a tick.
    pub(crate) fn note_poll(&self) {
        let polled = &self.0.polled;
        let before = polled.load(Ordering::Relaxed);
        if before == 0 {
            polled.store(self.0.nanoseconds() << 1, Ordering::Relaxed);
        } else if before & 1 == 0 {
            polled.store(before | 1, Ordering::Relaxed);
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
    fn when_the_host_polled_is_known() {
        let consumer = Consumer::default();
        let turn = consumer.enter().unwrap();
        assert_eq!(consumer.take_polls(), Polls::default(), "one that may wait is none");
        let before = Instant::now();
        turn.note_poll();
        let after = Instant::now();
        let Polls { first, more } = consumer.take_polls();
        assert!(first.is_some_and(|first| before <= first && first <= after) && !more);
        assert_eq!(consumer.take_polls(), Polls::default());
        let before = Instant::now();
        (0..3).for_each(|_| turn.note_poll());
        let Polls { first, more } = consumer.take_polls();
        assert!(first.is_some_and(|first| before <= first) && more);
    }

    #[test]
    fn when_the_host_ticks_is_known_although_another_thread_collects() {
        let consumer = Consumer::default();
        let turn = consumer.enter().unwrap();
        let before = Instant::now();
        std::thread::scope(|scope| scope.spawn(|| consumer.note_tick()).join().unwrap());
        let after = Instant::now();
        let Polls { first, more } = consumer.take_polls();
        assert!(first.is_some_and(|first| before <= first && first <= after) && !more);
        assert_eq!(consumer.take_polls(), Polls::default());
        drop(turn);
    }

    #[test]
    fn a_tick_that_is_noted_by_several_is_one() {
        let consumer = Consumer { made: Instant::now() - 2 * SAME_TICK, ..Consumer::default() };
        let noted = |first: u64| {
            consumer.polled.store(first << 1, Ordering::Relaxed);
            consumer.note_tick();
            consumer.take_polls()
        };
        assert_eq!(noted(1), Polls { first: Some(consumer.made), more: true }, "a tick and the next");
        // However long this takes, that is still to come.
        let later = u64::MAX >> 1;
        assert!(!noted(later).more);
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
