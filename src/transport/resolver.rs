//! Names to addresses, without a thread per call.
//!
//! The system's resolver cannot be interrupted and may hang for half a minute. So one thread asks it,
//! callers wait for that thread's answer no longer than they like, and an answer is kept: a name that is
//! in use is refreshed while the old addresses still serve.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::threads;

/// How long addresses are used before they are asked for again.
const FRESH: Duration = Duration::from_secs(60);
/// How long a failure is repeated to callers before the system is asked again.
const FAILED: Duration = Duration::from_secs(1);
/// How often a waiting caller looks whether it is still wanted.
const SLICE: Duration = Duration::from_millis(20);
/// How long closing waits for a resolver that hangs inside the operating system.
const CLOSE_PATIENCE: Duration = Duration::from_millis(500);

type Lookup = dyn Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Addresses of the API's host.
pub(crate) struct Resolver {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    lookup: Box<Lookup>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    addresses: Arc<[SocketAddr]>,
    asked_at: Option<Instant>,
    failure: Option<io::ErrorKind>,
    wanted: bool,
    closed: bool,
}

impl Resolver {
    /// A resolver for a host. An address needs no lookup and no thread.
    pub(crate) fn new(host: &str, port: u16) -> Self {
        match host.parse() {
            Ok(address) => Self::fixed(SocketAddr::new(address, port)),
            Err(_) => {
                let host = host.to_owned();
                Self::with_lookup(Box::new(move || Ok((host.as_str(), port).to_socket_addrs()?.collect())))
            }
        }
    }

    fn fixed(address: SocketAddr) -> Self {
        let resolver = Self::with_lookup(Box::new(move || Ok(vec![address])));
        resolver.shared.lock().addresses = Arc::new([address]);
        resolver
    }

    fn with_lookup(lookup: Box<Lookup>) -> Self {
        Self {
            shared: Arc::new(Shared { lookup, state: Mutex::new(State::default()), changed: Condvar::new() }),
            thread: Mutex::new(None),
        }
    }

    /// The addresses; waits for them only when none are known, and while `is_wanted` says so.
    pub(crate) fn addresses(&self, is_wanted: &dyn Fn() -> bool) -> io::Result<Arc<[SocketAddr]>> {
        let mut state = self.shared.lock();
        let asked_at_first = state.asked_at;
        loop {
            if state.closed {
                return Err(io::Error::other("the client is shut down"));
            }
            if !state.addresses.is_empty() {
                if state.asked_at.is_some_and(|asked| asked.elapsed() > FRESH) {
                    self.ask(&mut state)?;
                }
                return Ok(Arc::clone(&state.addresses));
            }
            let answered = state.asked_at != asked_at_first;
            let recent = state.asked_at.is_some_and(|asked| asked.elapsed() < FAILED);
            if let Some(kind) = state.failure
                && (answered || recent)
            {
                return Err(io::Error::new(kind, "the name could not be resolved"));
            }
            if !is_wanted() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            self.ask(&mut state)?;
            state = self.shared.changed.wait_timeout(state, SLICE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The addresses did not work: they are asked for again, and still serve until an answer comes.
    pub(crate) fn distrust(&self) {
        let mut state = self.shared.lock();
        let recent = state.asked_at.is_some_and(|asked| asked.elapsed() < FAILED);
        // Nothing to distrust in an address that was written down rather than looked up.
        if state.asked_at.is_some() && !recent {
            // A thread that cannot be started now is tried again by the next caller.
            let _ = self.ask(&mut state);
        }
    }

    fn ask(&self, state: &mut State) -> io::Result<()> {
        state.wanted = true;
        self.shared.changed.notify_all();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            *thread = Some(threads::spawn("resolver", move || shared.serve())?);
        }
        Ok(())
    }

    /// Ends the resolver. One that hangs inside the operating system is waited for only briefly: it
    /// then ends by itself when the system answers, and touches nothing but its own memory.
    pub(crate) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        let patience = Instant::now() + CLOSE_PATIENCE;
        while !thread.is_finished() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        if thread.is_finished() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn serve(&self) {
        let mut state = self.lock();
        while !state.closed {
            if !state.wanted {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            let found = (self.lookup)();
            state = self.lock();
            state.wanted = false;
            state.asked_at = Some(Instant::now());
            match found {
                Ok(addresses) if !addresses.is_empty() => {
                    state.addresses = addresses.into();
                    state.failure = None;
                }
                // Old addresses that may work beat none.
                Ok(_) => state.failure = Some(io::ErrorKind::NotFound),
                Err(error) => state.failure = Some(error.kind()),
            }
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    const ADDRESS: &str = "127.0.0.1:9";

    #[test]
    fn an_address_needs_no_thread() {
        let resolver = Resolver::new("127.0.0.1", 9);
        assert_eq!(*resolver.addresses(&|| true).unwrap(), [ADDRESS.parse().unwrap()]);
        resolver.distrust();
        assert!(resolver.thread.lock().unwrap().is_none());
    }

    #[test]
    fn a_name_is_looked_up_once_for_many_callers() {
        let lookups = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&lookups);
        let resolver = Resolver::with_lookup(Box::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(vec![ADDRESS.parse().unwrap()])
        }));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(resolver.addresses(&|| true).unwrap().len(), 1));
            }
        });
        assert_eq!(lookups.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn failures_are_reported_and_old_addresses_kept() {
        let answers = Mutex::new(vec![
            Err(io::Error::from(io::ErrorKind::TimedOut)),
            Ok(vec![ADDRESS.parse().unwrap()]),
            Err(io::Error::from(io::ErrorKind::NotFound)),
        ]);
        let (asked, was_asked) = mpsc::channel();
        let resolver = Resolver::with_lookup(Box::new(move || {
            let answer = answers.lock().unwrap().remove(0);
            asked.send(()).unwrap();
            answer
        }));
        assert_eq!(resolver.addresses(&|| true).unwrap_err().kind(), io::ErrorKind::TimedOut);
        was_asked.recv().unwrap();
        resolver.shared.lock().asked_at = Instant::now().checked_sub(FAILED * 2);
        assert_eq!(resolver.addresses(&|| true).unwrap().len(), 1);
        was_asked.recv().unwrap();
        resolver.shared.lock().asked_at = Instant::now().checked_sub(FAILED * 2);
        resolver.distrust();
        was_asked.recv().unwrap();
        assert_eq!(resolver.addresses(&|| true).unwrap().len(), 1);
    }

    #[test]
    fn a_caller_that_is_no_longer_wanted_does_not_wait_for_a_hung_system() {
        let (release, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let resolver = Resolver::with_lookup(Box::new(move || {
            let _ = held.lock().unwrap().recv();
            Ok(Vec::new())
        }));
        let looks = AtomicUsize::new(0);
        let error = resolver.addresses(&|| looks.fetch_add(1, Ordering::SeqCst) == 0).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        drop(release);
        resolver.close();
        assert!(resolver.addresses(&|| true).is_err());
    }
}
