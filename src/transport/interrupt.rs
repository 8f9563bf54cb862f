//! Freeing a worker that hangs in the network.

use std::net::Shutdown;
use std::ops::DerefMut;
#[cfg(not(loom))]
use std::sync::Mutex;
#[cfg(not(loom))]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use socket2::Socket;

// Not in unit tests: there a step that can be stopped is one that a host's thread might wait for.
#[cfg(loom)]
use crate::sync::{AtomicBool, Mutex};

/// Ends whatever one line is doing for one call, from another thread.
///
/// A read, a write, a TLS handshake or (on Linux) a connect that blocks returns at once when its socket
/// is shut down. The call's number guards against killing the *next* call of the same connection.
#[derive(Debug, Default)]
pub(crate) struct Interrupter {
    current: Mutex<Current>,
    interrupted: AtomicBool,
}

#[derive(Debug, Default)]
struct Current {
    call: Option<u64>,
    /// Several only while addresses are tried beside each other.
    sockets: Vec<Arc<Socket>>,
}

impl Interrupter {
    /// The line begins to work for `call`.
    pub(crate) fn begin(&self, call: u64) {
        let mut current = self.lock();
        current.call = Some(call);
        self.interrupted.store(false, Ordering::Relaxed);
    }

    /// The line is done with its call: from here on nothing interrupts it.
    pub(crate) fn end(&self) {
        self.lock().call = None;
    }

    /// Ends the work for `call`, if the line is still at it.
    pub(crate) fn interrupt(&self, call: u64) {
        let current = self.lock();
        if current.call == Some(call) {
            self.interrupted.store(true, Ordering::Relaxed);
            for socket in &current.sockets {
                // An error means that the socket is closed already.
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }

    /// Whether the present call was told to end.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// From here on interrupting shuts down `socket` too. False when it is too late to begin.
    pub(super) fn attach(&self, socket: &Arc<Socket>) -> bool {
        let mut current = self.lock();
        current.sockets.push(Arc::clone(socket));
        !self.is_interrupted()
    }

    /// From here on interrupting shuts down no socket that was attached before.
    pub(super) fn detach(&self) {
        self.lock().sockets.clear();
    }
    fn lock(&self) -> impl DerefMut<Target = Current> + '_ {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
