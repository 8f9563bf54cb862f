//! Opening connections to the API.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ureq::Error;

use super::line::Line;
use super::pool::Place;
use super::progress::Stage;
use super::tcp::TcpOpener;
use super::tls::{TlsSettings, TlsWire};
use super::wire::Wire;

/// Opens a client's connections, and counts them.
pub(super) struct Opener {
    pub(super) tcp: TcpOpener,
    pub(super) tls: Arc<TlsSettings>,
    /// The API's host, as it stands in its certificate; `None` without TLS.
    pub(super) secure_host: Option<String>,
    pub(super) opened: AtomicU32,
    pub(super) handshakes: AtomicU32,
}

impl Opener {
    /// Opens a connection to one of the addresses, which is at work for `line` from then on.
    pub(super) fn open(&self, line: &Line, addresses: &[SocketAddr], place: Place) -> Result<Wire, Error> {
        let tcp = self.tcp.open(line, addresses, self.secure_host.is_none())?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        let Some(host) = &self.secure_host else {
            line.progress.reach(Stage::Exchange);
            return Ok(Wire::plain(tcp, place));
        };
        let tls = TlsWire::set_up(&self.tls, host, line, tcp)?;
        self.handshakes.fetch_add(1, Ordering::Relaxed);
        Ok(Wire::secure(tls, place))
    }
}
