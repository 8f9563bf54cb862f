//! Connections that can be interrupted.

use std::fmt;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

use super::interrupt::Interrupter;
use super::progress::{Progress, Stage};
use super::proxy::Proxy;

/// Output is collected up to this size, so that head and body leave in one segment.
const COALESCE: usize = 16 * 1024;

/// Opens TCP connections for one line.
pub(super) struct TcpConnector {
    pub(super) interrupter: Arc<Interrupter>,
    pub(super) progress: Arc<Progress>,
    pub(super) connect_timeout: Duration,
    pub(super) loopback_only: bool,
    /// Addresses are the proxy's then, and this is where to go through it.
    pub(super) tunnel: Option<Tunnel>,
    pub(super) opened: Arc<AtomicU32>,
}

impl fmt::Debug for TcpConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TcpConnector").finish_non_exhaustive()
    }
}

/// A proxy, and where to through it.
pub(super) struct Tunnel {
    pub(super) proxy: Proxy,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Connector for TcpConnector {
    type Out = TcpTransport;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<TcpTransport>, Error> {
        self.progress.reach(Stage::Connect);
        let socket = self.open(&details.addrs)?;
        self.progress.reach(if details.needs_tls() { Stage::Handshake } else { Stage::Exchange });
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Some(TcpTransport {
            socket,
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            pending: Vec::new(),
            progress: (!details.needs_tls()).then(|| Arc::clone(&self.progress)),
        }))
    }
}

impl TcpConnector {
    fn open(&self, addresses: &[SocketAddr]) -> io::Result<Arc<Socket>> {
        let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no usable address");
        let mut patience = self.connect_timeout;
        for (index, address) in addresses.iter().enumerate() {
            if self.loopback_only && !address.ip().is_loopback() {
                last = io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "plain http is for loopback addresses only",
                );
                continue;
            }
            // A first address that does not answer must leave time for the next one.
            let share = if index + 1 == addresses.len() { patience } else { patience / 2 };
            patience = patience.saturating_sub(share);
            match self.open_one(*address, share) {
                Ok(socket) => return Ok(socket),
                Err(error) => last = error,
            }
            if self.interrupter.is_interrupted() {
                break;
            }
        }
        Err(last)
    }

    fn open_one(&self, address: SocketAddr, patience: Duration) -> io::Result<Arc<Socket>> {
        let socket = Arc::new(Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?);
        if !self.interrupter.attach(&socket) {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        socket.connect_timeout(&address.into(), patience.max(Duration::from_millis(1)))?;
        socket.set_tcp_nodelay(true)?;
        if let Some(tunnel) = &self.tunnel {
            tunnel.proxy.open_tunnel(&socket, &tunnel.host, tunnel.port)?;
        }
        Ok(socket)
    }
}

/// One TCP connection.
///
/// It sets no timeout on its socket: the runtime's timer interrupts what hangs, which costs a healthy
/// request no system call.
pub(super) struct TcpTransport {
    socket: Arc<Socket>,
    buffers: LazyBuffers,
    pending: Vec<u8>,
    /// Where to note that the request left; a TLS layer above notes it itself.
    progress: Option<Arc<Progress>>,
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TcpTransport").finish_non_exhaustive()
    }
}

impl TcpTransport {
    fn flush(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            let written = (&*self.socket).write_all(&self.pending);
            self.pending.clear();
            written?;
        }
        Ok(())
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        if let Some(progress) = &self.progress {
            progress.request_leaves();
        }
        self.pending.extend_from_slice(&self.buffers.output()[..amount]);
        if self.pending.len() >= COALESCE {
            self.flush()?;
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        self.flush()?;
        let input = self.buffers.input_append_buf();
        let amount = loop {
            match (&*self.socket).read(input) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result.map_err(cut_off)?,
            }
        };
        self.buffers.input_appended(amount);
        if let (Some(progress), true) = (&self.progress, amount > 0) {
            progress.answer_arrives();
        }
        Ok(amount > 0)
    }

    /// Open means: the peer has neither closed nor sent anything we did not ask for.
    fn is_open(&mut self) -> bool {
        let mut byte = [MaybeUninit::<u8>::uninit()];
        matches!(peek(&self.socket, &mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// A connection that was cut is not one that ended: ureq takes some kinds of error for the regular end of a body
/// without a length.
pub(super) fn cut_off(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => {
            io::Error::other(error)
        }
        _ => error,
    }
}

#[cfg(unix)]
fn peek(socket: &Socket, byte: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    SockRef::from(socket).recv_with_flags(byte, libc::MSG_PEEK | libc::MSG_DONTWAIT)
}

#[cfg(not(unix))]
fn peek(socket: &Socket, byte: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    let socket = SockRef::from(socket);
    socket.set_nonblocking(true)?;
    let peeked = socket.peek(byte);
    socket.set_nonblocking(false)?;
    peeked
}
