//! Starting the library's own threads.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// What one of our threads may use: enough for a TLS handshake with room to spare, small enough for 64 of them in a 32-bit
/// process.
const STACK_BYTES: usize = 512 * 1024;
/// How often a stack that the system calls too small is tried again, four times as large.
const LARGER_STACKS: u32 = 3;

/// Starts a named thread that receives none of the host's asynchronous signals.
///
/// A host's signal handler belongs on a host's thread: engines save state in thread-locals that ours
/// do not have.
pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    spawn_boxed(name, Box::new(run))
}

/// Once for all of them: what the standard library needs to start a thread is some kilobytes of code.
#[expect(clippy::disallowed_methods, reason = "the one place threads are started at")]
fn spawn_boxed(name: &str, run: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    let _masked = signals::BlockAll::new();
    // A thread that does not start takes what it was to run with it.
    let run = Arc::new(Mutex::new(Some(run)));
    larger_until_accepted(STACK_BYTES.saturating_add(taken_by_libc()), |stack| {
        let run = Arc::clone(&run);
        Builder::new().name(format!("paynow-{name}")).stack_size(stack).spawn(move || {
            let run = run.lock().unwrap_or_else(PoisonError::into_inner).take();
            run.into_iter().for_each(|run| run());
        })
    })
}

/// Starts something with a stack of so many bytes, or a larger one when the system says that it is too small.
fn larger_until_accepted<T>(bytes: usize, mut start: impl FnMut(usize) -> io::Result<T>) -> io::Result<T> {
    let mut bytes = bytes;
    for _ in 0..LARGER_STACKS {
        match start(bytes) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => bytes = bytes.saturating_mul(4),
            result => return result,
        }
    }
    start(bytes)
}

/// What the C library takes out of each thread's stack before the thread may use it. With glibc these are the
/// thread-locals of everything that is loaded: a host may have megabytes of them.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
fn taken_by_libc() -> usize {
    type GetMinStack = unsafe extern "C" fn(*const libc::pthread_attr_t) -> libc::size_t;
    // SAFETY: the name ends in NUL.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__pthread_get_minstack".as_ptr()) };
    if found.is_null() {
        return 0;
    }
    // SAFETY: where the C library has a function of this name, this is its type.
    let get_min_stack: GetMinStack = unsafe { std::mem::transmute(found) };
    // SAFETY: no attributes are asked about.
    unsafe { get_min_stack(std::ptr::null()) }
}

/// Others put thread-locals beside the stack.
#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
fn taken_by_libc() -> usize {
    0
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
    use super::*;

    #[test]
    fn a_stack_that_is_too_small_is_made_larger() {
        let mut tried = Vec::new();
        let mut start = |enough: usize| {
            larger_until_accepted(100, |bytes| {
                tried.push(bytes);
                if bytes >= enough { Ok(bytes) } else { Err(io::ErrorKind::InvalidInput.into()) }
            })
        };
        assert_eq!(start(0).unwrap(), 100);
        assert_eq!(start(1_000).unwrap(), 1_600);
        assert_eq!(start(1_000_000).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(tried, [100, 100, 400, 1_600, 100, 400, 1_600, 6_400]);
        let mut tries = 0;
        let none = larger_until_accepted(100, |_| {
            tries += 1;
            Err::<(), _>(io::ErrorKind::WouldBlock.into())
        });
        assert_eq!(
            (none.unwrap_err().kind(), tries),
            (io::ErrorKind::WouldBlock, 1),
            "not for want of a stack"
        );
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
    fn what_libc_takes_is_known() {
        assert!(taken_by_libc() >= libc::PTHREAD_STACK_MIN / 4);
    }

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
        let thread = spawn("test", move || {
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
