//! What the concurrent core is built of. With `--cfg loom` these are the model checker's: `runtime/model.rs` then
//! runs the real code through every order its steps can take. In unit tests they have a hook, with which
//! `runtime/stops.rs` stops a thread of the library at any step.

#[cfg(all(test, not(loom)))]
pub(crate) mod stops;

#[cfg(loom)]
pub(crate) use self::checked::Cell;
#[cfg(not(loom))]
pub(crate) use self::plain::Cell;
#[cfg(all(test, not(loom)))]
pub(crate) use self::stops::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Mutex, fence};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
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
#[cfg(all(test, loom))]
pub(crate) fn explore(name: &str, switches: usize, test: impl Fn() + Send + Sync + 'static) {
    // The model checker must not see the counter.
    let orders = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&orders);
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
        println!("explored {name}: {orders} orders, at most {} switches", bound.unwrap_or_default());
    }
}

/// An atomic whose zero is all zeros.
pub(crate) trait Zeroed: Default {}

impl Zeroed for AtomicU32 {}
impl Zeroed for AtomicU64 {}

/// So many atomics, all 0.
pub(crate) fn zeros<T: Zeroed>(count: usize) -> Box<[T]> {
    #[cfg(not(loom))]
    // SAFETY: the atomics that are Zeroed are valid as zeros. The memory comes zeroed from the system, so what is never
    // used takes no physical memory.
    return unsafe { Box::<[T]>::new_zeroed_slice(count).assume_init() };
    #[cfg(loom)]
    return (0..count).map(|_| T::default()).collect();
}

/// Locks, also when a thread panicked with the lock: the data is consistent between any two statements.
#[cfg_attr(test, track_caller)]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
    /// so that the model checker can see who is in whose way.
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
