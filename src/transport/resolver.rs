//! Names to addresses, without a thread per call.
//!
//! The system's resolver cannot be interrupted and may hang for half a minute. So one thread asks it,
//! callers wait for that thread's answer only as long as they like, and an answer is kept: a name that is
//! in use is refreshed while the old addresses still serve.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use socket2::{Domain, Socket, Type};

use super::local;
use crate::threads;

/// How long addresses are used before they are asked for again.
const FRESH: Duration = Duration::from_secs(60);
/// How long a failure is repeated to callers before the system is asked again.
const FAILED: Duration = Duration::from_secs(1);
/// How often a waiting caller looks whether it is still wanted.
const SLICE: Duration = Duration::from_millis(20);
/// How long closing waits for a resolver that hangs inside the operating system.
pub(super) const CLOSE_PATIENCE: Duration = Duration::from_millis(500);

/// Most addresses of a host that are kept.
const MOST_ADDRESSES: usize = 64;

type Lookup = dyn Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Addresses of the API's host.
pub(crate) struct Resolver {
    shared: Arc<Shared>,
    thread: Mutex<Option<Asked>>,
}

/// The thread that asks the system, and how it is told to. It ends when no sender is left.
struct Asked {
    questions: Sender<()>,
    handle: JoinHandle<()>,
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
    failure: Option<Failure>,
    closed: bool,
}

/// Why the last lookup failed, for all that wait for it.
#[derive(Clone)]
struct Failure {
    kind: io::ErrorKind,
    lack: Option<local::Lack>,
    text: Arc<str>,
}

impl Failure {
    fn new(error: &io::Error) -> Self {
        Self { kind: error.kind(), lack: local::lack(error), text: error.to_string().into() }
    }

    fn error(&self) -> io::Error {
        match self.lack {
            Some(lack) => io::Error::new(self.kind, lack),
            None => io::Error::new(self.kind, format!("the name could not be resolved: {}", self.text)),
        }
    }
}

/// Asks the system. It does not always say that it failed for want of a descriptor; whether one is left can be tried.
fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found = (host, port).to_socket_addrs().map(|found| found.take(MOST_ADDRESSES).collect());
    found.map_err(|error| match Socket::new(Domain::IPV4, Type::DGRAM, None).map_err(local::mark) {
        Err(lacking) if local::lack(&lacking).is_some() => lacking,
        _ => error,
    })
}

impl Resolver {
    /// A resolver for a host. An address needs no lookup and no thread.
    pub(crate) fn new(host: &str, port: u16) -> Self {
        match host.parse() {
            Ok(address) => Self::fixed(SocketAddr::new(address, port)),
            Err(_) => {
                let host = host.to_owned();
                Self::with_lookup(Box::new(move || look_up(&host, port)))
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
                    // Old addresses still serve when new ones cannot be looked up.
                    let _ = self.ask();
                }
                return Ok(Arc::clone(&state.addresses));
            }
            let answered = state.asked_at != asked_at_first;
            let recent = state.asked_at.is_some_and(|asked| asked.elapsed() < FAILED);
            if let Some(failure) = &state.failure
                && (answered || recent)
            {
                return Err(failure.error());
            }
            if !is_wanted() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            self.ask()?;
            state = self.shared.changed.wait_timeout(state, SLICE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The addresses did not work: they are asked for again, and still serve until an answer comes.
    pub(crate) fn distrust(&self) {
        let state = self.shared.lock();
        let recent = state.asked_at.is_some_and(|asked| asked.elapsed() < FAILED);
        // Nothing to distrust in an address that was written down rather than looked up.
        if state.asked_at.is_some() && !recent {
            // A thread that cannot be started now is tried again by the next caller.
            let _ = self.ask();
        }
    }

    fn ask(&self) -> io::Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            // One question is as good as many: while it waits, others add nothing.
            let (questions, asked) = bounded(1);
            let shared = Arc::clone(&self.shared);
            let handle = threads::spawn("resolver", move || shared.serve(&asked))
                .map_err(|error| local::no_thread(&error))?;
            *thread = Some(Asked { questions, handle });
        }
        if let Some(thread) = &*thread {
            // Full means that it is asked already.
            let _ = thread.questions.try_send(());
        }
        Ok(())
    }

    /// Ends the resolver. One that hangs inside the operating system is waited for only briefly: it
    /// then ends by itself when the system answers, and touches nothing but its own memory.
    pub(crate) fn close(&self) {
        self.close_within(CLOSE_PATIENCE);
    }

    /// The same, waiting for another while.
    pub(super) fn close_within(&self, patience: Duration) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Asked { questions, handle }) = thread else { return };
        drop(questions);
        let patience = Instant::now() + patience;
        while !handle.is_finished() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        if handle.is_finished() {
            let _ = handle.join();
        }
    }
}

impl Shared {
    fn serve(&self, asked: &Receiver<()>) {
        for () in asked {
            let found = (self.lookup)();
            let mut state = self.lock();
            // All that asked while the system was busy wanted to know the same.
            let _ = asked.try_recv();
            state.asked_at = Some(Instant::now());
            match found {
                Ok(addresses) if !addresses.is_empty() => {
                    state.addresses = addresses.into();
                    state.failure = None;
                }
                // Old addresses that may work beat none.
                Ok(_) => state.failure = Some(Failure::new(&io::ErrorKind::NotFound.into())),
                Err(error) => state.failure = Some(Failure::new(&error)),
            }
            let closed = state.closed;
            drop(state);
            self.changed.notify_all();
            if closed {
                return;
            }
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
