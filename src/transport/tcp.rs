//! Connections that can be interrupted.

use std::fmt;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use socket2::{SockRef, Socket};
use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use zeroize::{Zeroize, Zeroizing};

use super::buffers::WipedBuffers;
use super::connect::{Preferred, connect};
use super::interrupt::Interrupter;
use super::progress::{Progress, Stage};
use super::proxy::Proxy;

/// Output is collected up to this size, so that head and body leave in one segment.
const COALESCE: usize = 16 * 1024;

/// How often a wait for input looks whether a kept connection has been silent for too long.
const TICK: Duration = Duration::from_millis(500);

/// Opens TCP connections for one line.
pub(super) struct TcpConnector {
    pub(super) interrupter: Arc<Interrupter>,
    pub(super) progress: Arc<Progress>,
    pub(super) connect_timeout: Duration,
    pub(super) loopback_only: bool,
    /// Addresses are the proxy's then, and this is where to go through it.
    pub(super) tunnel: Option<Tunnel>,
    pub(super) opened: Arc<AtomicU32>,
    pub(super) preferred: Arc<Preferred>,
}

impl fmt::Debug for TcpConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TcpConnector").finish_non_exhaustive()
    }
}

/// A proxy, and where to go through it.
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
        if let Some(tunnel) = &self.tunnel {
            self.progress.reach(Stage::Tunnel);
            tunnel.proxy.open_tunnel(&socket, &tunnel.host, tunnel.port)?;
        }
        // Set once: asking the time at each read would cost every healthy request a system call.
        socket.set_read_timeout(Some(TICK))?;
        self.progress.reach(if details.needs_tls() { Stage::Handshake } else { Stage::Exchange });
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Some(TcpTransport {
            socket,
            buffers: WipedBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            pending: Zeroizing::new(Vec::new()),
            progress: Arc::clone(&self.progress),
            is_bare: !details.needs_tls(),
        }))
    }
}

impl TcpConnector {
    fn open(&self, addresses: &[SocketAddr]) -> io::Result<Arc<Socket>> {
        let may = |address: &&SocketAddr| !self.loopback_only || address.ip().is_loopback();
        let usable: Vec<_> = addresses.iter().filter(may).copied().collect();
        if usable.is_empty() && !addresses.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "plain http is for loopback addresses only",
            ));
        }
        let (address, socket) = connect(&self.interrupter, &usable, self.connect_timeout)?;
        self.preferred.set(address);
        Ok(socket)
    }
}

/// One TCP connection.
///
/// The runtime's timer interrupts what hangs. The timeout of its socket is only for noticing that a kept connection
/// leads nowhere any more.
pub(super) struct TcpTransport {
    socket: Arc<Socket>,
    buffers: WipedBuffers,
    /// Collected output. In plain http it holds the credential.
    pending: Zeroizing<Vec<u8>>,
    progress: Arc<Progress>,
    /// Whether there is no TLS layer above, which would note itself what leaves and what arrives.
    is_bare: bool,
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
            // Only what was written: a whole vector is wiped with all of its capacity, 32 KiB for a request of 300 bytes.
            self.pending[..].zeroize();
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
        if self.is_bare {
            self.progress.request_leaves();
        }
        self.pending.reserve(COALESCE * 2);
        self.pending.extend_from_slice(&self.buffers.output()[..amount]);
        self.buffers.wipe_output(amount);
        if self.pending.len() >= COALESCE {
            self.flush()?;
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        self.flush()?;
        let input = self.buffers.input_append_buf();
        let mut silence = Duration::ZERO;
        let amount = loop {
            match (&*self.socket).read(input) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_tick(&error) => {
                    silence += TICK;
                    if self.progress.is_given_up_after(silence) {
                        return Err(Error::Io(io::Error::other("a kept connection is silent")));
                    }
                }
                result => break result.map_err(cut_off)?,
            }
        };
        self.buffers.input_appended(amount);
        if self.is_bare && amount > 0 {
            self.progress.answer_arrives();
        }
        Ok(amount > 0)
    }

    /// Open means that the peer has neither closed it nor sent anything we did not ask for.
    fn is_open(&mut self) -> bool {
        let mut byte = [MaybeUninit::<u8>::uninit()];
        !self.progress.is_retired()
            && self.buffers.input().is_empty()
            && matches!(peek(&self.socket, &mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// Whether it is the socket's timeout: Windows has a kind of its own for it.
fn is_tick(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || (cfg!(windows) && error.kind() == io::ErrorKind::TimedOut)
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
