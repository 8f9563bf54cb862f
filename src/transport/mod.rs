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
use crate::operations::{HttpRequest, Sent, Status};

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
    /// This machine lacks something (descriptors, memory, a thread): that says nothing about the API.
    pub(crate) is_local: bool,
}

/// What became of one request that was sent once.
pub(crate) struct Exchange {
    pub(crate) result: Result<HttpAnswer, TransportError>,
    pub(crate) sent: Sent,
    /// It failed because a connection kept from an earlier exchange had died meanwhile. That says nothing about the
    /// API: where repeating is safe, the request goes out again at once, on a new connection.
    pub(crate) died_idle: bool,
}

/// Makes connections to the API.
pub(crate) trait Transport: Send + Sync {
    /// A connection of its own for one worker.
    fn open(&self) -> Box<dyn Connection>;

    /// Another API key from here on.
    fn set_api_key(&self, key: Secret);

    /// The API key in use.
    fn api_key(&self) -> Option<Secret>;

    /// How many connections were opened so far.
    fn connections_opened(&self) -> u32;

    /// Ends what the transport itself runs. No line is in use any more.
    fn close(&self);
}

/// One worker's way to the API: does one exchange at a time and keeps its socket for the next.
pub(crate) trait Connection: Send {
    /// Sends a request once and waits for the answer, as long as it takes: the runtime interrupts what takes too long.
    fn exchange(&mut self, request: &HttpRequest) -> Exchange;

    /// Ends an exchange from another thread.
    fn interrupter(&self) -> Arc<Interrupter>;
}
