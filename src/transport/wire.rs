//! One connection to the API, with TLS or without, idle or at work.

use std::io;
use std::time::{Duration, Instant};

use super::buffers::WipedBuffers;
use super::line::Line;
use super::pool::{Idle, Place};
use super::tcp::{TcpWire, Waiting};
use super::tls::TlsWire;

/// How long a connection that was never used is as good as a new one: nothing on the way forgets it sooner.
const YOUNG: Duration = Duration::from_secs(30);

/// One connection.
pub(super) struct Wire {
    stream: Stream,
    opened: Instant,
    was_used: bool,
    _place: Place,
}

enum Stream {
    Plain(TcpWire),
    Tls(Box<TlsWire>),
}

/// Does the same with whichever of the two it is.
macro_rules! either {
    ($wire:expr, $name:ident => $what:expr) => {
        match &mut $wire.stream {
            Stream::Plain($name) => $what,
            Stream::Tls($name) => $what,
        }
    };
}

impl Wire {
    pub(super) fn plain(tcp: TcpWire, place: Place) -> Self {
        Self::new(Stream::Plain(tcp), place)
    }

    pub(super) fn secure(tls: TlsWire, place: Place) -> Self {
        Self::new(Stream::Tls(Box::new(tls)), place)
    }

    fn new(stream: Stream, place: Place) -> Self {
        Self { stream, opened: Instant::now(), was_used: false, _place: place }
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// From here on it is at work for `line`. False when it is too late to begin.
    pub(super) fn lend(&mut self, line: &Line) -> bool {
        if !self.was_used {
            line.progress.takes_unused(self.opened.elapsed() < YOUNG);
        }
        either!(self, wire => wire.lend(line))
    }

    /// Sends what was collected: the end of a handshake no request follows.
    pub(super) fn send(&mut self) -> io::Result<()> {
        either!(self, wire => wire.send())
    }

    pub(super) fn buffers(&mut self) -> &mut WipedBuffers {
        either!(self, wire => wire.buffers())
    }

    /// Takes so much of the output buffer, to be sent at the latest when an answer is waited for.
    pub(super) fn transmit(&mut self, amount: usize) -> io::Result<()> {
        self.was_used = true;
        either!(self, wire => wire.transmit(amount))
    }

    /// Whether nothing is left over that could be part of an answer. Does not look at the socket.
    pub(super) fn is_clean(&mut self) -> bool {
        match &mut self.stream {
            Stream::Plain(tcp) => tcp.buffers().unread().is_empty(),
            Stream::Tls(tls) => tls.is_clean(),
        }
    }

    /// Waits for input. False when the peer has closed.
    pub(super) fn receive(&mut self) -> io::Result<bool> {
        either!(self, wire => wire.receive())
    }
}

impl Idle for Wire {
    fn is_open(&mut self) -> bool {
        match &mut self.stream {
            // What was not asked for belongs to no answer.
            Stream::Plain(tcp) => tcp.buffers().unread().is_empty() && tcp.look() == Waiting::Nothing,
            Stream::Tls(tls) => tls.is_open(),
        }
    }
}
