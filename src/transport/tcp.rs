//! TCP connections that can be interrupted.

use std::fmt;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, Socket};
use zeroize::{Zeroize, Zeroizing};

use super::buffers::WipedBuffers;
use super::connect::{Preferred, connect};
use super::line::Line;
use super::local;
use super::progress::Stage;
use super::proxy::Proxy;
use crate::room;

/// Output is collected up to this size, so that head and body leave in one segment.
const COALESCE: usize = 16 * 1024;
/// Room for what is collected and one buffer of ureq's more: never grows, or a copy would stay behind.
const PENDING: usize = 2 * COALESCE;

/// How often a wait for input looks whether a kept connection has been silent for too long.
const TICK: Duration = Duration::from_millis(500);

/// Opens TCP connections.
pub(super) struct TcpOpener {
    pub(super) connect_timeout: Duration,
    pub(super) loopback_only: bool,
    /// Addresses are the proxy's then, and this is where to go through it.
    pub(super) tunnel: Option<Tunnel>,
    pub(super) preferred: Arc<Preferred>,
}

/// A proxy, and where to go through it.
pub(super) struct Tunnel {
    pub(super) proxy: Proxy,
    pub(super) host: String,
    pub(super) port: u16,
}

impl TcpOpener {
    /// Opens a connection, which is at work for `line` from then on.
    pub(super) fn open(&self, line: &Line, addresses: &[SocketAddr], is_bare: bool) -> io::Result<TcpWire> {
        line.progress.reach(Stage::Connect);
        let socket = self.connect(line, addresses)?;
        if let Some(tunnel) = &self.tunnel {
            line.progress.reach(Stage::Tunnel);
            tunnel.proxy.open_tunnel(&socket, &tunnel.host, tunnel.port)?;
        }
        // Set once: asking the time at each read would cost every healthy request a system call.
        socket.set_read_timeout(Some(TICK))?;
        Ok(TcpWire {
            socket,
            buffers: WipedBuffers::for_http().map_err(local::no_memory)?,
            pending: Zeroizing::new(room::list(PENDING).map_err(local::no_memory)?),
            line: line.clone(),
            is_bare,
        })
    }

    fn connect(&self, line: &Line, addresses: &[SocketAddr]) -> io::Result<Arc<Socket>> {
        let may = |address: &&SocketAddr| !self.loopback_only || address.ip().is_loopback();
        let usable: Vec<_> = addresses.iter().filter(may).copied().collect();
        if usable.is_empty() && !addresses.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "plain http is for loopback addresses only",
            ));
        }
        let (address, socket) = connect(&line.interrupter, &usable, self.connect_timeout)?;
        self.preferred.set(address);
        Ok(socket)
    }
}

/// One TCP connection.
///
/// The runtime's timer interrupts what hangs. The timeout of its socket is only for noticing that a kept connection
/// leads nowhere any more.
pub(super) struct TcpWire {
    socket: Arc<Socket>,
    buffers: WipedBuffers,
    /// Collected output. In plain http it holds the credential.
    pending: Zeroizing<Vec<u8>>,
    /// Whom it is at work for, or was last.
    line: Line,
    /// Whether there is no TLS layer above, which would note itself what leaves and what arrives.
    is_bare: bool,
}

impl fmt::Debug for TcpWire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TcpWire").finish_non_exhaustive()
    }
}

impl TcpWire {
    /// From here on it is at work for `line`. False when it is too late to begin.
    pub(super) fn lend(&mut self, line: &Line) -> bool {
        self.line = line.clone();
        line.interrupter.attach(&self.socket)
    }

    pub(super) fn buffers(&mut self) -> &mut WipedBuffers {
        &mut self.buffers
    }

    /// Sends what was collected.
    pub(super) fn send(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            let written = (&*self.socket).write_all(&self.pending);
            // Only what was written: a whole vector is wiped with all of its capacity, 32 KiB for a request of 300 bytes.
            self.pending[..].zeroize();
            self.pending.clear();
            written?;
        }
        Ok(())
    }

    /// Takes so much of the output buffer, to be sent at the latest when an answer is waited for.
    pub(super) fn transmit(&mut self, amount: usize) -> io::Result<()> {
        if self.is_bare {
            self.line.progress.request_leaves();
        }
        if self.pending.len() + amount > PENDING {
            self.send()?;
        }
        self.pending.extend_from_slice(self.buffers.output_up_to(amount));
        self.buffers.wipe_output(amount);
        if self.pending.len() >= COALESCE {
            self.send()?;
        }
        Ok(())
    }

    /// Waits for input. False when the peer has closed.
    pub(super) fn receive(&mut self) -> io::Result<bool> {
        self.send()?;
        let mut silence = Duration::ZERO;
        let amount = loop {
            match (&*self.socket).read(self.buffers.append_to_input()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_tick(&error) => {
                    silence += TICK;
                    if self.line.progress.is_given_up_after(silence) {
                        return Err(io::Error::other("a kept connection is silent"));
                    }
                }
                result => break result.map_err(cut_off)?,
            }
        };
        self.buffers.appended_to_input(amount);
        if self.is_bare && amount > 0 {
            self.line.progress.answer_arrives();
        }
        Ok(amount > 0)
    }

    /// What lies in the socket, without waiting.
    pub(super) fn look(&self) -> Waiting {
        let mut byte = [MaybeUninit::<u8>::uninit()];
        match peek(&self.socket, &mut byte) {
            Ok(1..) => Waiting::Input,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Waiting::Nothing,
            _ => Waiting::End,
        }
    }
}

/// What lies in a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    Nothing,
    Input,
    /// The peer has closed, or the connection is broken.
    End,
}

/// As rustls reads and writes: through the buffers, so that small records cost no system call each.
impl Read for TcpWire {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.buffers.unread().is_empty() {
            self.receive()?;
        }
        let unread = self.buffers.unread();
        let amount = target.len().min(unread.len());
        target[..amount].copy_from_slice(&unread[..amount]);
        self.buffers.consume(amount);
        Ok(amount)
    }
}

impl Write for TcpWire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let output = self.buffers.output_up_to(bytes.len());
        let amount = output.len();
        output.copy_from_slice(&bytes[..amount]);
        self.transmit(amount)?;
        Ok(amount)
    }

    /// Nothing: rustls flushes after each record, and what is written is sent when an answer is waited for.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
