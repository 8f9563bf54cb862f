//! What the concurrent core is built of. With `--cfg loom` these are the model checker's: `runtime/model.rs` then
//! runs the real code through every order its steps can take. In unit tests they have a hook, with which
//! `runtime/stops.rs` stops a thread of the library at any step.

#[cfg(all(test, not(loom)))]
pub(crate) mod stops;

use crate::room::{self, NoMemory};

#[cfg(loom)]
pub(crate) use self::checked::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Cell};
#[cfg(not(loom))]
pub(crate) use self::plain::Cell;
#[cfg(all(test, not(loom)))]
pub(crate) use self::stops::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Mutex, fence};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{Ordering, fence};
#[cfg(loom)]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(loom)]
pub(crate) use loom::thread::yield_now;
#[cfg(not(any(test, loom)))]
pub(crate) use std::sync::Mutex;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::Ordering;
#[cfg(not(any(test, loom)))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::{Condvar, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::thread::yield_now;

/// Runs `test` in every order with so many context switches against a thread's will, and says how many those were.
///
/// Twice: the search looks only at the last access before a write, so that of a thread's own look and exchange it sees
/// the race of the first alone. In the second run the look of `fetch_update` counts as a write, which shows the others,
/// but never sees an old value, which the first run does.
#[cfg(all(test, loom))]
pub(crate) fn explore(name: &str, switches: usize, test: impl Fn() + Send + Sync + 'static) {
    let test = std::sync::Arc::new(test);
    for (how, looks_write) in [("", false), (", looks as writes", true)] {
        checked::set_looks_write(looks_write);
        // The model checker must not see the counter.
        let orders = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = std::sync::Arc::clone(&orders);
        let test = std::sync::Arc::clone(&test);
        let mut builder = loom::model::Builder::new();
        builder.max_branches = 20_000;
        builder.preemption_bound = builder.preemption_bound.or(Some(switches));
        let bound = builder.preemption_bound;
        builder.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            test();
        });
        #[expect(clippy::print_stdout, reason = "the figure the script reports")]
        {
            let orders = orders.load(Ordering::Relaxed);
            println!("explored {name}{how}: {orders} orders, at most {} switches", bound.unwrap_or_default());
        }
    }
}

/// An atomic whose zero is all zeros.
pub(crate) trait Zeroed: Default {}

impl Zeroed for AtomicU32 {}
impl Zeroed for AtomicU64 {}

/// So many atomics, all 0.
pub(crate) fn zeros<T: Zeroed>(count: usize) -> Result<Box<[T]>, NoMemory> {
    #[cfg(not(loom))]
    // SAFETY: the atomics that are Zeroed are valid as zeros.
    return unsafe { room::zeroed(count) };
    #[cfg(loom)]
    return Ok(room::collect((0..count).map(|_| T::default()))?.into_boxed_slice());
}

/// Locks, also when a thread panicked with the lock: the data is consistent between any two statements.
#[cfg_attr(test, track_caller)]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Locks, unless another thread has the lock at this moment.
#[cfg_attr(test, track_caller)]
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(std::sync::TryLockError::WouldBlock) => None,
    }
}

/// Reads an atomic no other thread can reach.
pub(crate) fn own(atomic: &mut AtomicU64) -> u64 {
    #[cfg(not(loom))]
    return *atomic.get_mut();
    #[cfg(loom)]
    return atomic.with_mut(|word| *word);
}

impl<T> std::fmt::Debug for Cell<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Cell(…)")
    }
}

#[cfg(not(loom))]
mod plain {
    use std::cell::UnsafeCell;

    /// A place whose owner is told by something else. Asking for its address says what is meant to be done there,
    /// so that the model checker can see which threads are in each other's way.
    #[repr(transparent)]
    pub(crate) struct Cell<T>(UnsafeCell<T>);

    impl<T> Cell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }

        /// To read.
        #[cfg_attr(test, track_caller)]
        pub(crate) fn reading(&self) -> *const T {
            #[cfg(test)]
            super::stops::point();
            self.0.get()
        }

        /// To write, or to move the value away.
        #[cfg_attr(test, track_caller)]
        pub(crate) fn writing(&self) -> *mut T {
            #[cfg(test)]
            super::stops::point();
            self.0.get()
        }
    }
}

#[cfg(loom)]
mod checked {
    use std::ops::{Deref, DerefMut};

    use loom::sync::atomic::Ordering;

    /// Whether the look of a `fetch_update` counts as a write. The model checker must not see it.
    static LOOKS_WRITE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

    #[cfg(test)]
    pub(super) fn set_looks_write(yes: bool) {
        LOOKS_WRITE.store(yes, Ordering::SeqCst);
    }

    macro_rules! atomics {
        ($($name:ident $(<$of:ident>)?, $value:ty, $none:expr;)*) => {$(
            #[derive(Debug)]
            pub(crate) struct $name $(<$of>)? (loom::sync::atomic::$name $(<$of>)?);

            impl $(<$of>)? $name $(<$of>)? {
                pub(crate) fn new(value: $value) -> Self {
                    Self(loom::sync::atomic::$name::new(value))
                }

                pub(crate) fn fetch_update(
                    &self,
                    set: Ordering,
                    fetch: Ordering,
                    mut update: impl FnMut($value) -> Option<$value>,
                ) -> Result<$value, $value> {
                    let mut seen = if LOOKS_WRITE.load(Ordering::SeqCst) {
                        // Changes nothing, whether it succeeds or not.
                        self.0.compare_exchange($none, $none, fetch, fetch).unwrap_or_else(|seen| seen)
                    } else {
                        self.0.load(fetch)
                    };
                    loop {
                        let Some(next) = update(seen) else { return Err(seen) };
                        match self.0.compare_exchange(seen, next, set, fetch) {
                            Ok(before) => return Ok(before),
                            Err(now) => seen = now,
                        }
                    }
                }
            }

            impl $(<$of>)? Default for $name $(<$of>)? {
                fn default() -> Self {
                    Self::new($none)
                }
            }

            impl $(<$of>)? Deref for $name $(<$of>)? {
                type Target = loom::sync::atomic::$name $(<$of>)?;

                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }

            impl $(<$of>)? DerefMut for $name $(<$of>)? {
                fn deref_mut(&mut self) -> &mut Self::Target {
                    &mut self.0
                }
            }
        )*};
    }

    atomics! {
        AtomicBool, bool, false;
        AtomicU32, u32, 0;
        AtomicU64, u64, 0;
        AtomicUsize, usize, 0;
        AtomicPtr<T>, *mut T, std::ptr::null_mut();
    }

    pub(crate) struct Cell<T>(loom::cell::UnsafeCell<T>);

    impl<T> Cell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::cell::UnsafeCell::new(value))
        }

        pub(crate) fn reading(&self) -> *const T {
            self.0.with(|place| place)
        }

        pub(crate) fn writing(&self) -> *mut T {
            self.0.with_mut(|place| place)
        }
    }
}
