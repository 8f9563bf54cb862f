//! Noticing that the process was forked.
//!
//! A child has the client's memory but none of its threads: whatever it asks for would never be
//! answered. Asking the system for the process id on every call would cost a system call, so the C
//! library is asked once to tell the child.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);

/// How often this process is a child since the first client: clients of another count are not usable.
pub(super) fn generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// Starts noticing. The handler stays for the life of the process, which is why the library must not be
/// unloaded (it is linked with `-z nodelete`).
pub(super) fn watch() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(register);
}

#[cfg(unix)]
fn register() {
    extern "C" fn in_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: the handler lives as long as the process and only touches an atomic.
    unsafe {
        libc::pthread_atfork(None, None, Some(in_child));
    }
}

#[cfg(not(unix))]
fn register() {}
