//! HTTP, done blocking on a worker thread, and interruptible from another.

mod base;
mod http;
mod interrupt;
mod progress;
mod proxy;
mod resolver;
mod tcp;
mod tls;

pub(crate) use base::ApiBase;
pub(crate) use http::{HttpSettings, HttpTransport};
pub(crate) use interrupt::Interrupter;
pub(crate) use proxy::Proxy;
pub(crate) use tls::read_certificates;

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::model::Secret;
use crate::operations::{HttpRequest, Status};

/// Whether a request reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// It surely never left: repeating it is safe.
    Never,
    /// It left, wholly or in part; whether the server acted on it is unknown.
    Maybe,
    /// The server answered.
    Answered,
}

/// An answer, before anything is read from it.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer. The message holds no secret.
#[derive(Debug)]
pub(crate) struct TransportError {
    pub(crate) status: Status,
    pub(crate) message: String,
    /// The HTTP status, when the answer's head arrived and only its body failed.
    pub(crate) http_status: u16,
}

/// What became of one request.
pub(crate) struct Exchange {
    pub(crate) result: Result<HttpAnswer, TransportError>,
    pub(crate) sent: Sent,
    pub(crate) attempts: u32,
}

/// Makes lines to the API.
pub(crate) trait Transport: Send + Sync {
    /// A line of its own for one worker.
    fn open(&self) -> Box<dyn Line>;

    /// Another API key from here on.
    fn set_api_key(&self, key: Secret);

    /// The API key in use.
    fn api_key(&self) -> Option<Secret>;

    /// How many connections were opened so far.
    fn connections_opened(&self) -> u32;

    /// Ends what the transport itself runs. No line is in use any more.
    fn close(&self);
}

/// When a request may go out once more on a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resend {
    Never,
    /// When nothing of it left.
    IfUnsent,
    /// Also when it may have arrived.
    Always,
}

/// One worker's way to the API: does one exchange at a time and keeps its connection for the next.
pub(crate) trait Line: Send {
    /// Sends a request and waits for the answer, as long as it takes: whoever waits for it interrupts.
    /// `resend` says when it may be sent again because a kept connection turns out to be dead.
    fn exchange(&mut self, request: &HttpRequest, resend: Resend) -> Exchange;

    /// Ends an exchange from another thread.
    fn interrupter(&self) -> Arc<Interrupter>;
}
