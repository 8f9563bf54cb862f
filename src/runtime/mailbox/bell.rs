//! Wakes a thread that looks for work.
//!
//! Submitting never does: waking a thread is a system call. A thread that is about to wait itself may, so what it
//! submitted before is found at once.

use std::sync::OnceLock;
use std::thread::Thread;
use std::time::Duration;

use crate::sync::{AtomicBool, Mutex, Ordering, fence, lock, try_lock};

#[derive(Default)]
pub(super) struct Bell {
    /// The one that looks by itself.
    sleeper: OnceLock<Thread>,
    sleeps: AtomicBool,
    /// The one that rests and would rather look itself: it sends what it finds.
    watcher: Mutex<Option<Thread>>,
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

    /// Lets this thread be rung first, from before it looks for the last time until it ends its rest.
    pub(super) fn watch(&self) {
        *lock(&self.watcher) = Some(std::thread::current());
    }

    /// This thread rests no longer.
    pub(super) fn unwatch(&self) {
        let mut watcher = lock(&self.watcher);
        if watcher.as_ref().is_some_and(|watcher| watcher.id() == std::thread::current().id()) {
            *watcher = None;
        }
    }

    /// Wakes the one that watches, or else the sleeper. Waits for no lock.
    pub(super) fn ring(&self) {
        let watcher = try_lock(&self.watcher).and_then(|mut watcher| watcher.take());
        match watcher {
            Some(watcher) => watcher.unpark(),
            None => self.wake(),
        }
    }

    /// Wakes the sleeper, if it sleeps.
    pub(super) fn wake(&self) {
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
    fn the_one_that_watches_is_woken_first() {
        let bell = Bell::default();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| bell.sleep(FOREVER, || false));
            let watcher = scope.spawn(|| {
                bell.watch();
                std::thread::park_timeout(FOREVER);
            });
            while !watcher.is_finished() {
                let watches = lock(&bell.watcher).is_some();
                if watches {
                    bell.ring();
                }
                std::thread::yield_now();
            }
            assert!(!sleeper.is_finished());
            while !sleeper.is_finished() {
                bell.ring();
                std::thread::yield_now();
            }
            assert!(sleeper.join().unwrap());
        });
    }

    #[test]
    fn a_thread_takes_back_its_own_watch_and_no_other() {
        let bell = Bell::default();
        bell.watch();
        std::thread::scope(|scope| scope.spawn(|| bell.unwatch()).join().unwrap());
        assert!(lock(&bell.watcher).is_some());
        bell.unwatch();
        assert!(lock(&bell.watcher).is_none());
    }

    #[test]
    fn who_is_needed_does_not_sleep() {
        let bell = Bell::default();
        bell.ring();
        assert!(!bell.sleep(FOREVER, || true), "no thread slept when it was rung");
        assert!(!bell.sleep(Duration::ZERO, || false));
    }
}
