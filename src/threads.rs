//! Starting the library's own threads.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Enough for a TLS handshake with room to spare, small enough for 64 of them in a 32-bit process.
const STACK_BYTES: usize = 512 * 1024;

/// Starts a named thread that receives none of the host's asynchronous signals.
///
/// A host's signal handler belongs on a host's thread: engines save state in thread-locals that ours
/// do not have.
#[expect(clippy::disallowed_methods, reason = "the one place threads are started at")]
pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let _masked = signals::BlockAll::new();
    Builder::new().name(format!("paynow-{name}")).stack_size(STACK_BYTES).spawn(run)
}

#[cfg(unix)]
mod signals {
    use std::mem::MaybeUninit;

    /// Blocks every signal that can be blocked on this thread until dropped; a thread started meanwhile
    /// inherits the mask. Faults (SIGSEGV and its like) stay deliverable.
    pub(super) struct BlockAll(libc::sigset_t);

    impl BlockAll {
        pub(super) fn new() -> Self {
            let mut all = MaybeUninit::<libc::sigset_t>::uninit();
            let mut before = MaybeUninit::<libc::sigset_t>::uninit();
            // SAFETY: both sets are valid for writes; sigfillset initialises the first before it is
            // changed and used, pthread_sigmask initialises the second.
            unsafe {
                libc::sigfillset(all.as_mut_ptr());
                for fault in [
                    libc::SIGSEGV,
                    libc::SIGBUS,
                    libc::SIGFPE,
                    libc::SIGILL,
                    libc::SIGTRAP,
                    libc::SIGABRT,
                    libc::SIGSYS,
                ] {
                    libc::sigdelset(all.as_mut_ptr(), fault);
                }
                libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
                Self(before.assume_init())
            }
        }
    }

    impl Drop for BlockAll {
        fn drop(&mut self) {
            // SAFETY: the set was initialised by pthread_sigmask; the old mask is not asked for.
            unsafe {
                libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut());
            }
        }
    }
}

#[cfg(not(unix))]
mod signals {
    pub(super) struct BlockAll;

    impl BlockAll {
        pub(super) fn new() -> Self {
            Self
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn threads_are_named_and_blocked_signals_do_not_leak_to_the_spawner() {
        let blocked = || {
            let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
            let line = status.lines().find(|line| line.starts_with("SigBlk:")).unwrap();
            u64::from_str_radix(line["SigBlk:".len()..].trim(), 16).unwrap()
        };
        let before = blocked();
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = super::spawn("test", move || {
            let name = std::thread::current().name().map(str::to_owned);
            sender.send((name, blocked())).unwrap();
        })
        .unwrap();
        let (name, inside) = receiver.recv().unwrap();
        thread.join().unwrap();
        assert_eq!(name.as_deref(), Some("paynow-test"));
        let interrupt = 1_u64 << (libc::SIGINT - 1);
        let fault = 1_u64 << (libc::SIGSEGV - 1);
        assert_ne!(inside & interrupt, 0);
        assert_eq!(inside & fault, 0);
        assert_eq!(blocked(), before);
    }
}
