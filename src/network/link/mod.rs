//! One connection to a Redis or a Valkey, and the one thread that reads from it.

mod commands;
mod connecting;
mod decoder;
mod reply;
mod script;
#[cfg(all(test, not(loom)))]
mod tests;
mod thread;
mod wire;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) use commands::Commands;
#[cfg(all(test, unix, not(loom)))]
pub(crate) use reply::ReplyError;
pub(crate) use reply::{Reply, ReplyErrorKind};
pub(crate) use script::Script;

use self::thread::Shared;
use self::wire::{Begun, To, Waiter};
use super::settings::LinkSettings;
use crate::threads;
use crate::transport::Wait;

/// How long closing waits for the thread: it waits for nothing longer than it takes to end a socket.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);
/// Longest that a caller waits, whatever it says.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How often a caller whose commands do not go out looks whether they are still wanted.
const SLICE: Duration = Duration::from_millis(20);

/// What happens on the link, told on its thread: nothing here may wait. From here [`Link::ask`] may be called;
/// [`Link::call`] fails.
pub(crate) trait LinkEvents: Send {
    /// It can be used, and hears what is published from now on. What was published before may not have been heard: this is
    /// also called the first time, and without a `down` before it when a connection that was lost was replaced at once.
    fn up(&self);

    /// It cannot be used: once until it is up again, also when it was never up. `why` holds no secret.
    fn down(&self, why: &str);

    /// What was published in one of the channels of the settings.
    fn push(&self, channel: &[u8], payload: &[u8]);

    /// About once a second, while it is up.
    fn tick(&self);

    /// What became of commands given to [`Link::ask`].
    fn answered(&self, tag: u32, answer: Result<Vec<Reply>, LinkError>) {
        let _ = (tag, answer);
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkError {
    pub(crate) kind: LinkErrorKind,
    /// Holds no secret.
    pub(crate) message: &'static str,
}

impl fmt::Display for LinkError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message)
    }
}

/// What kept commands from being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkErrorKind {
    /// There is no connection: nothing was sent.
    Down,
    /// Its answers take too long lately: nothing was sent.
    Slow,
    /// No reply came in time. The commands may still be done.
    TimedOut,
    /// The connection was lost. The commands may have been done.
    Lost,
    /// Too much is under way, or the batch is too large: nothing was sent.
    TooMuch,
    /// This machine has no memory left for it. The commands may have been done.
    NoMemory,
    /// The link was closed.
    Closed,
}

/// How the link is.
#[cfg(all(test, not(loom)))]
#[derive(Debug)]
struct LinkState {
    is_up: bool,
    /// Why it is not up. Empty when it is up or was never tried.
    why: String,
    /// Connections made so far that could be used.
    connections: u64,
}

/// One connection and its thread, `paynow-network`.
pub(crate) struct Link {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Link {
    /// Starts the thread, which connects and stays connected. Waits for nothing of the network.
    pub(crate) fn start(settings: LinkSettings, events: Box<dyn LinkEvents>) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(settings));
        let of_thread = Arc::clone(&shared);
        let thread = threads::spawn("network", move || thread::run(&of_thread, &*events))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Sends commands, and waits for their replies: one of each, in order. Waits at most `timeout`, whatever becomes of
    /// the connection.
    pub(crate) fn call(&self, commands: &Commands, timeout: Duration) -> Result<Vec<Reply>, LinkError> {
        if self.is_own_thread() {
            return Err(wire::OWN_THREAD);
        }
        if commands.len() == 0 {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        let until = began + timeout.min(LONGEST_WAIT);
        let waiter = Arc::<Waiter>::default();
        let begun = self.shared.wire().begin(commands, To::Caller(Arc::clone(&waiter)))?;
        self.send_all(&begun, until, &|| !waiter.has_answer());
        waiter.wait(until).unwrap_or_else(|| {
            self.shared.wire().timed_out(began.elapsed(), self.shared.settings.timeout, Instant::now());
            Err(wire::TIMED_OUT)
        })
    }

    /// Sends commands whose replies come to [`LinkEvents::answered`] with `tag`. Waits only while the connection takes no
    /// more, and then at most the settings' timeout. A script that turns out not to be known there is sent again, whole.
    pub(crate) fn ask(&self, commands: &Commands, tag: u32) -> Result<(), LinkError> {
        if commands.len() == 0 {
            return Ok(());
        }
        let begun = self.shared.wire().begin(commands, To::Events(tag))?;
        // What the link's own thread leaves, it sends when it looks next.
        if !self.is_own_thread() {
            self.send_all(&begun, Instant::now() + self.shared.settings.timeout, &|| true);
        }
        Ok(())
    }

    /// Sends the rest of a batch the connection did not take at once. The thread would too, but may be waiting for input.
    fn send_all(&self, begun: &Begun, until: Instant, is_wanted: &dyn Fn() -> bool) {
        loop {
            let sent = self.shared.wire().is_sent(begun);
            let Err(ready) = sent else { return };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !is_wanted() {
                return;
            }
            // An error shows when something is sent or received.
            let _ = ready.wait(Wait { input: false, output: true }, left.min(SLICE));
        }
    }

    #[cfg(all(test, not(loom)))]
    fn state(&self) -> LinkState {
        self.shared.wire().state()
    }

    /// Ends the connection and the thread, in bounded time. A caller that waits gets an error.
    pub(crate) fn close(&self) {
        self.shared.close();
        if self.is_own_thread() {
            return;
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        let patience = Instant::now() + CLOSE_PATIENCE;
        while !thread.is_finished() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        // One that is held up by its events ends by itself.
        if thread.is_finished() {
            let _ = thread.join();
        }
    }

    fn is_own_thread(&self) -> bool {
        thread::serves(&self.shared)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}
