//! Wakes the thread that looks for work.
//!
//! Submitting never does: waking a thread is a system call. A thread that is about to wait itself may, so what it
//! submitted before is found at once.

use std::sync::OnceLock;
use std::thread::Thread;
use std::time::Duration;

use crate::sync::{AtomicBool, Ordering, fence};

#[derive(Default)]
pub(super) struct Bell {
    sleeper: OnceLock<Thread>,
    sleeps: AtomicBool,
}

impl Bell {
    /// Sleeps until it is rung, at most for so long, and not at all if there is something to do. Says whether it was rung.
    /// Always by the same thread.
    pub(super) fn sleep(&self, time: Duration, is_needed: impl FnOnce() -> bool) -> bool {
        self.sleeper.get_or_init(std::thread::current);
        self.sleeps.store(true, Ordering::SeqCst);
        // Either this sees what there is to do, or who adds it sees that this sleeps.
        fence(Ordering::SeqCst);
        if !is_needed() {
            std::thread::park_timeout(time);
        }
        !self.sleeps.swap(false, Ordering::SeqCst)
    }

    /// Wakes the sleeper, if there is one. Takes no lock.
    pub(super) fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.sleeps.load(Ordering::SeqCst)
            && self.sleeps.swap(false, Ordering::SeqCst)
            && let Some(sleeper) = self.sleeper.get()
        {
            sleeper.unpark();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const FOREVER: Duration = Duration::from_secs(600);

    #[test]
    fn a_sleeper_is_woken() {
        let bell = Bell::default();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| bell.sleep(FOREVER, || false));
            while !sleeper.is_finished() {
                bell.ring();
                std::thread::yield_now();
            }
            assert!(sleeper.join().unwrap());
        });
    }

    #[test]
    fn who_is_needed_does_not_sleep() {
        let bell = Bell::default();
        bell.ring();
        assert!(!bell.sleep(FOREVER, || true), "nobody slept when it was rung");
        assert!(!bell.sleep(Duration::ZERO, || false));
    }
}
