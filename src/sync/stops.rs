//! The same types with a hook: a test stops a thread of the library before any step of its choice, and looks whether
//! host threads get on without it. Unit tests only.

use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, LockResult, MutexGuard, PoisonError, TryLockResult, atomic};
use std::time::Duration;

/// Whether a stop is armed: all that a step looks at when none is.
static ARMED: atomic::AtomicBool = atomic::AtomicBool::new(false);
static STOP: std::sync::Mutex<Stop> = std::sync::Mutex::new(Stop::Off);
static CHANGED: Condvar = Condvar::new();

/// A step, and whether it is taken while the thread has a lock it has just taken.
pub(crate) type Step = (&'static Location<'static>, &'static str);

#[derive(Debug, Clone, Copy)]
enum Stop {
    Off,
    /// So many steps of the threads with this name are still let pass.
    Ahead(&'static str, usize),
    Here(Step),
    /// A thread went on from here by itself.
    GaveUp(Step),
}

/// Longer than everything takes that does not wait for the thread that is stopped.
const PATIENCE: Duration = Duration::from_secs(10);

/// A thread is stopped at one of its next steps, and goes on when this is dropped.
#[derive(Debug)]
pub(crate) struct Armed(());

/// Stops the first thread with this name that takes one of these threads' next steps number `nth`, counted from 1. One
/// stop at a time: for a test in a process of its own.
pub(crate) fn arm(thread: &'static str, nth: usize) -> Armed {
    *stop() = Stop::Ahead(thread, nth - 1);
    ARMED.store(true, Ordering::SeqCst);
    Armed(())
}

impl Armed {
    /// The step a thread is stopped before; waits for one up to `patience`.
    pub(crate) fn stopped_before(&self, patience: Duration) -> Option<Step> {
        let ahead = |stop: &mut Stop| matches!(stop, Stop::Ahead(..));
        let waited = CHANGED.wait_timeout_while(stop(), patience, ahead);
        match *waited.unwrap_or_else(PoisonError::into_inner).0 {
            Stop::Here(step) => Some(step),
            Stop::Ahead(..) | Stop::GaveUp(_) | Stop::Off => None,
        }
    }

    /// The step from which the thread went on by itself after a while, because nothing else did: others wait for it.
    pub(crate) fn gave_up(&self) -> Option<Step> {
        if let Stop::GaveUp(step) = *stop() { Some(step) } else { None }
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        ARMED.store(false, Ordering::SeqCst);
        *stop() = Stop::Off;
        CHANGED.notify_all();
    }
}

fn stop() -> MutexGuard<'static, Stop> {
    STOP.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread is about to take a step others can see.
#[track_caller]
pub(crate) fn point() {
    before("a step");
}

#[track_caller]
fn before(what: &'static str) {
    if ARMED.load(Ordering::Relaxed) {
        reached((Location::caller(), what));
    }
}

#[cold]
fn reached(step: Step) {
    let thread = std::thread::current();
    let Some(name) = thread.name().filter(|name| name.starts_with("paynow-")) else { return };
    let mut stop = stop();
    match *stop {
        Stop::Ahead(wanted, 0) if wanted == name => *stop = Stop::Here(step),
        Stop::Ahead(wanted, left) if wanted == name => {
            *stop = Stop::Ahead(wanted, left - 1);
            return;
        }
        Stop::Off | Stop::Ahead(..) | Stop::Here(_) | Stop::GaveUp(_) => return,
    }
    CHANGED.notify_all();
    let stopped = |stop: &mut Stop| matches!(stop, Stop::Here(_));
    let waited = CHANGED.wait_timeout_while(stop, PATIENCE, stopped);
    let (mut stop, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
    if timeout.timed_out() {
        *stop = Stop::GaveUp(step);
    }
}

#[track_caller]
pub(crate) fn fence(order: Ordering) {
    point();
    atomic::fence(order);
}

#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        before("taking a lock");
        let guard = self.0.lock();
        before("what it does with the lock");
        guard
    }

    #[track_caller]
    pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        point();
        self.0.try_lock()
    }
}

macro_rules! atomics {
    ($($name:ident $(<$parameter:ident>)? of $value:ty;)*) => {$(
        #[repr(transparent)]
        pub(crate) struct $name $(<$parameter>)? (atomic::$name $(<$parameter>)?);

        impl $(<$parameter>)? $name $(<$parameter>)? {
            pub(crate) const fn new(value: $value) -> Self {
                Self(atomic::$name::new(value))
            }

            #[track_caller]
            pub(crate) fn load(&self, order: Ordering) -> $value {
                point();
                self.0.load(order)
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $value, order: Ordering) {
                point();
                self.0.store(value, order);
            }
        }

        impl $(<$parameter>)? std::fmt::Debug for $name $(<$parameter>)? {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    )*};
}

atomics! {
    AtomicBool of bool;
    AtomicPtr<T> of *mut T;
    AtomicU32 of u32;
    AtomicU64 of u64;
    AtomicUsize of usize;
}

macro_rules! swapping {
    ($($name:ident $(<$parameter:ident>)? of $value:ty;)*) => {$(
        impl $(<$parameter>)? $name $(<$parameter>)? {
            #[track_caller]
            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                point();
                self.0.swap(value, order)
            }
        }
    )*};
}

swapping! {
    AtomicBool of bool;
    AtomicPtr<T> of *mut T;
    AtomicU32 of u32;
    AtomicU64 of u64;
}

/// With a step between the look and the exchange.
macro_rules! exchanging {
    ($($name:ident $(<$parameter:ident>)? of $value:ty;)*) => {$(
        impl $(<$parameter>)? $name $(<$parameter>)? {
            #[track_caller]
            pub(crate) fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut change: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                point();
                let mut before = self.0.load(fetch);
                while let Some(next) = change(before) {
                    point();
                    match self.0.compare_exchange_weak(before, next, set, fetch) {
                        Ok(before) => return Ok(before),
                        Err(present) => before = present,
                    }
                }
                Err(before)
            }
        }
    )*};
}

exchanging! {
    AtomicPtr<T> of *mut T;
    AtomicU32 of u32;
    AtomicU64 of u64;
}

macro_rules! counting {
    ($($name:ident of $value:ty: $($method:ident)*;)*) => {$(
        impl Default for $name {
            fn default() -> Self {
                Self::new(0)
            }
        }

        impl $name {
            $(
                #[track_caller]
                pub(crate) fn $method(&self, operand: $value, order: Ordering) -> $value {
                    point();
                    self.0.$method(operand, order)
                }
            )*
        }
    )*};
}

counting! {
    AtomicU32 of u32: fetch_add fetch_sub fetch_or;
    AtomicU64 of u64: fetch_add fetch_sub fetch_and;
    AtomicUsize of usize: fetch_add fetch_sub;
}

impl Default for AtomicBool {
    fn default() -> Self {
        Self::new(false)
    }
}

impl AtomicU64 {
    pub(crate) fn get_mut(&mut self) -> &mut u64 {
        self.0.get_mut()
    }
}

impl AtomicUsize {
    #[track_caller]
    pub(crate) fn compare_exchange(
        &self,
        present: usize,
        next: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize> {
        point();
        self.0.compare_exchange(present, next, success, failure)
    }
}
