//! HTTP, done blocking on a worker thread, and interruptible from another.

mod base;
mod buffers;
mod connect;
mod dialer;
mod file;
mod http;
mod interrupt;
mod lending;
mod line;
mod local;
#[cfg(all(test, loom, unix))]
mod model;
mod opening;
mod pool;
mod progress;
mod proxy;
mod resolver;
mod retry_after;
mod tcp;
mod tls;
mod whole;
mod wire;

pub(crate) use base::ApiBase;
pub(crate) use dialer::{Dialer, Ready, Socket, Wait};
pub(crate) use file::{belongs_to_us_alone, read_small_file};
pub(crate) use http::{HttpSettings, HttpTransport};
pub(crate) use interrupt::Interrupter;
pub(crate) use proxy::Proxy;
#[cfg(fuzzing)]
pub(crate) use retry_after::parse as retry_after;
pub(crate) use tls::read_certificates;

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::model::Secret;
use crate::operations::{HttpRequest, Sent, Status};

/// An answer, before anything is read from it.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    /// What the body is: its media type, or the unrequested encoding that makes it unreadable.
    pub(crate) content_type: String,
    /// How long the server wants to be left alone, its date counted from its own clock.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer. The message holds no secret.
#[derive(Debug)]
pub(crate) struct TransportError {
    pub(crate) status: Status,
    pub(crate) message: String,
    /// The HTTP status, when the answer's head arrived and only its body failed.
    pub(crate) http_status: u16,
    /// This machine lacks something (descriptors, memory, a thread): that says nothing about the API.
    pub(crate) is_local: bool,
}

impl TransportError {
    /// A fault of the library.
    pub(crate) fn internal(what: &str) -> Self {
        Self { status: Status::Internal, message: what.to_owned(), http_status: 0, is_local: true }
    }
}

/// What became of one request that was sent once.
pub(crate) struct Exchange {
    pub(crate) result: Result<HttpAnswer, TransportError>,
    pub(crate) sent: Sent,
    /// It failed because a connection kept from an earlier exchange was no longer good: closed, silent, or full of
    /// what was left of an earlier answer. That says nothing about the API: where repeating is safe, the request goes
    /// out again at once, on a new connection.
    pub(crate) died_idle: bool,
    /// The key or token that was sent, to be taken out of what is said about it: the key in use may be another by now.
    pub(crate) credential: Option<Secret>,
}

/// Makes connections to the API.
pub(crate) trait Transport: Send + Sync {
    /// A way of its own to the API, for one worker.
    fn open(&self) -> Box<dyn Connection>;

    /// Another API key from here on.
    fn set_api_key(&self, key: Secret);

    /// The API key in use.
    fn api_key(&self) -> Option<Secret>;

    /// How many connections there are and were.
    fn connections(&self) -> ConnectionCounts;

    /// Closes idle connections that the server has closed, and those that have been idle for a while beyond `keep` of
    /// them. Does not wait; to be called about once a second.
    fn look_after_idle(&self, keep: u32);

    /// Ends what the transport itself runs. No line is in use any more.
    fn close(&self);
}

/// How many connections a client has and had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ConnectionCounts {
    /// Opened so far.
    pub(crate) opened: u32,
    /// TLS handshakes done so far.
    pub(crate) handshakes: u32,
    /// Open and idle.
    pub(crate) idle: u32,
    /// Open, idle or in use, and those that are being opened.
    pub(crate) open: u32,
}

/// One worker's way to the API: does one exchange at a time, on whichever connection of the client is idle.
pub(crate) trait Connection: Send {
    /// Sends a request once and waits for the answer, as long as it takes: the runtime interrupts what takes too long.
    ///
    /// A kept connection that brings nothing is given up after a while, as one that died idle, if the request is
    /// `repeatable`: it can go out again. Any other waits, since it may have been done.
    fn exchange(&mut self, request: &HttpRequest, repeatable: bool) -> Exchange;

    /// Opens a connection ahead of the request that will need it, unless `wanted` are open already. Says whether it opened
    /// one. No request is sent, and no credential.
    fn warm(&mut self, wanted: u32) -> Result<bool, TransportError>;

    /// Ends an exchange, or the opening of a connection, from another thread.
    fn interrupter(&self) -> Arc<Interrupter>;
}
