//! What is under way on the connection, for all threads that use it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[cfg(all(test, not(loom)))]
use super::LinkState;
use super::commands::{Commands, LONGEST_BATCH};
use super::decoder::LONGEST_REPLY;
use super::reply::{Reply, ReplyErrorKind};
use super::{LinkError, LinkErrorKind};
use crate::room;
use crate::transport::{Ready, Socket};

/// Most batches that are under way.
const MOST_PENDING: usize = 1024;
/// Most bytes that wait for the connection to take them.
const MOST_UNSENT: usize = 4 * LONGEST_BATCH;
/// Most bytes that are kept because they may have to be sent again.
const MOST_KEPT: usize = 4 * LONGEST_BATCH;
/// Most bytes of all replies to one batch.
const LONGEST_ANSWER: usize = 2 * LONGEST_REPLY;
/// The share of the timeout after which a caller has waited for it.
const ALMOST: f64 = 0.9;
/// What the output keeps while there is nothing to send.
const KEPT_OUTPUT: usize = 64 * 1024;

pub(super) const DOWN: LinkError = error(LinkErrorKind::Down, "there is no connection");
pub(super) const SLOW: LinkError = error(LinkErrorKind::Slow, "its answers take too long");
pub(super) const TIMED_OUT: LinkError = error(LinkErrorKind::TimedOut, "no answer came in time");
pub(super) const LOST: LinkError = error(LinkErrorKind::Lost, "the connection was lost");
pub(super) const CLOSED: LinkError = error(LinkErrorKind::Closed, "the link is closed");
pub(super) const OWN_THREAD: LinkError =
    error(LinkErrorKind::Down, "the link's own thread cannot wait for it");
const NO_MEMORY: LinkError = error(LinkErrorKind::NoMemory, room::NoMemory::EXPLANATION);
const TOO_MUCH: LinkError = error(LinkErrorKind::TooMuch, "too much is under way");
const TOO_LARGE: LinkError = error(LinkErrorKind::TooMuch, "the commands are too large");

const fn error(kind: LinkErrorKind, message: &'static str) -> LinkError {
    LinkError { kind, message }
}

type Answer = Result<Vec<Reply>, LinkError>;

/// Where a caller waits for its answer.
#[derive(Default)]
pub(super) struct Waiter {
    answer: Mutex<Option<Answer>>,
    arrived: Condvar,
}

impl Waiter {
    fn give(&self, answer: Answer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        self.arrived.notify_one();
    }

    pub(super) fn has_answer(&self) -> bool {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Waits, until then at the latest.
    pub(super) fn wait(&self, until: Instant) -> Option<Answer> {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if answer.is_some() {
                return answer.take();
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            answer = self.arrived.wait_timeout(answer, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Where the replies to a batch go.
pub(super) enum To {
    Caller(Arc<Waiter>),
    Events(u32),
    /// Sent by the link itself.
    Ping,
}

impl To {
    /// Whether anything wants the replies still.
    fn wants(&self) -> bool {
        match self {
            // A caller that stopped waiting has let go of it.
            Self::Caller(waiter) => Arc::strong_count(waiter) > 1,
            Self::Events(_) => true,
            Self::Ping => false,
        }
    }
}

/// Whether the reply to a script is that Redis does not know it.
fn is_unknown(replies: &[Reply]) -> bool {
    let error = replies.first().and_then(Reply::error);
    error.is_some_and(|error| error.kind == ReplyErrorKind::NoScript)
}

/// A batch whose replies have not all come.
struct Pending {
    to: To,
    /// A script that no caller waits for: it is sent whole where it is not known.
    script: Option<Commands>,
    /// The bytes of it.
    kept: usize,
    left: usize,
    replies: Vec<Reply>,
    bytes: usize,
    sent: Instant,
}

/// What is to be told the link's events, when no lock is held.
pub(super) struct Answered {
    pub(super) tag: u32,
    pub(super) answer: Answer,
}

/// Why the connection cannot be used on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A reply came to nothing that was asked.
    Unasked,
    TooLarge,
    NoMemory,
}

/// What a caller is refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Refused,
    /// Connected, but answers take too long.
    Suspended {
        since: Instant,
        /// How many answers in a row came in time.
        good: u32,
    },
    Allowed,
    Closed,
}

/// The connection, and what is under way on it.
pub(super) struct Wire {
    using: Use,
    socket: Option<Socket>,
    /// Sending failed: its thread has not noticed yet.
    is_broken: bool,
    /// Counts connections: what a thread began on one is not finished on the next.
    number: u64,
    output: Vec<u8>,
    /// Bytes of the output that the connection has taken.
    gone: usize,
    /// Bytes ever given to this connection, and ever taken by it.
    queued: u64,
    taken: u64,
    pending: VecDeque<Pending>,
    /// Bytes of the scripts in `pending`.
    kept: usize,
    last_received: Instant,
    has_ping: bool,
    /// Why it is not up; holds no secret.
    why: String,
}

/// A batch that was begun.
pub(super) struct Begun {
    number: u64,
    end: u64,
}

impl Wire {
    pub(super) fn new() -> Self {
        Self {
            using: Use::Refused,
            socket: None,
            is_broken: false,
            number: 0,
            output: Vec::new(),
            gone: 0,
            queued: 0,
            taken: 0,
            pending: VecDeque::new(),
            kept: 0,
            last_received: Instant::now(),
            has_ping: false,
            why: String::new(),
        }
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn state(&self) -> LinkState {
        let is_up = matches!(self.using, Use::Allowed);
        LinkState { is_up, why: self.why.clone(), connections: self.number }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.using == Use::Closed
    }

    /// From here on this connection is used, unless the link was closed meanwhile: then there is nothing to wait for.
    pub(super) fn install(&mut self, socket: Socket, now: Instant) -> Option<Ready> {
        if self.is_closed() {
            return None;
        }
        let ready = socket.ready();
        self.socket = Some(socket);
        self.is_broken = false;
        self.number += 1;
        self.why.clear();
        self.using = Use::Allowed;
        self.last_received = now;
        Some(ready)
    }

    /// The connection is over: all that is under way fails. Returns what the events are to be told.
    pub(super) fn uninstall(&mut self, why: &str) -> Vec<Answered> {
        self.socket = None;
        if !self.is_closed() {
            self.using = Use::Refused;
            self.note(why);
        }
        self.fail_all(&LOST)
    }

    /// Notes why it is not up.
    pub(super) fn note(&mut self, why: &str) {
        self.why.clear();
        self.why.push_str(why);
    }

    /// Nothing is accepted from here on, and all that is under way fails.
    pub(super) fn close(&mut self) {
        self.using = Use::Closed;
        // The events hear no more.
        drop(self.fail_all(&CLOSED));
    }

    fn fail_all(&mut self, error: &LinkError) -> Vec<Answered> {
        self.output = Vec::new();
        self.gone = 0;
        self.queued = 0;
        self.taken = 0;
        self.has_ping = false;
        self.kept = 0;
        let mut answered = Vec::new();
        for pending in self.pending.drain(..) {
            match pending.to {
                To::Caller(waiter) => waiter.give(Err(error.clone())),
                To::Events(tag) => answered.push(Answered { tag, answer: Err(error.clone()) }),
                To::Ping => {}
            }
        }
        answered
    }

    /// Takes a batch, and sends as much as goes without waiting.
    pub(super) fn begin(&mut self, commands: &Commands, to: To) -> Result<Begun, LinkError> {
        let is_ping = matches!(to, To::Ping);
        // What no caller waits for may come late: without it others would wait for what is known, or for a lease that ended.
        let is_refused = match to {
            To::Caller(_) => true,
            To::Events(_) => self.has_unsent(),
            To::Ping => false,
        };
        match self.using {
            Use::Closed => return Err(CLOSED),
            Use::Refused => return Err(DOWN),
            Use::Suspended { .. } if is_refused => return Err(SLOW),
            Use::Suspended { .. } | Use::Allowed if self.is_broken => return Err(DOWN),
            Use::Suspended { .. } | Use::Allowed => {}
        }
        let bytes = commands.bytes().ok_or(NO_MEMORY)?;
        if bytes.len() > LONGEST_BATCH {
            return Err(TOO_LARGE);
        }
        if self.pending.len() >= MOST_PENDING || self.output.len() - self.gone + bytes.len() > MOST_UNSENT {
            return Err(TOO_MUCH);
        }
        let script = match to {
            To::Events(_) => commands.to_repeat().map_err(|_| NO_MEMORY)?,
            To::Caller(_) | To::Ping => None,
        };
        let kept = script.as_ref().map_or(0, |_| bytes.len());
        if self.kept + kept > MOST_KEPT {
            return Err(TOO_MUCH);
        }
        let room = self.output.try_reserve(bytes.len()).and_then(|()| self.pending.try_reserve(1));
        room.map_err(|_| NO_MEMORY)?;
        self.output.extend_from_slice(bytes);
        self.queued += bytes.len() as u64;
        self.kept += kept;
        let now = Instant::now();
        self.pending.push_back(Pending {
            to,
            script,
            kept,
            left: commands.len(),
            replies: Vec::new(),
            bytes: 0,
            sent: now,
        });
        self.has_ping |= is_ping;
        let begun = Begun { number: self.number, end: self.queued };
        self.flush_or_end();
        Ok(begun)
    }

    /// Whether all of a batch went out, or never will. If not, more may go when the connection is ready.
    pub(super) fn is_sent(&mut self, begun: &Begun) -> Result<(), Ready> {
        if self.number != begun.number {
            return Ok(());
        }
        self.flush_or_end();
        match &self.socket {
            Some(_) if self.is_broken => Ok(()),
            Some(socket) if self.taken < begun.end || socket.holds_back() => Err(socket.ready()),
            _ => Ok(()),
        }
    }

    /// An error ends the connection, which its thread notices.
    fn flush_or_end(&mut self) {
        if self.flush().is_err()
            && let Some(socket) = &self.socket
        {
            self.is_broken = true;
            socket.ready().end();
        }
    }

    /// Sends as much as goes without waiting.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        let amount = socket.send(&self.output[self.gone..])?;
        self.gone += amount;
        self.taken += amount as u64;
        if self.gone == self.output.len() {
            self.output.clear();
            self.gone = 0;
            if self.output.capacity() > KEPT_OUTPUT {
                self.output = Vec::new();
            }
        } else if self.gone > LONGEST_BATCH {
            self.output.drain(..self.gone);
            self.gone = 0;
        }
        Ok(())
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.gone < self.output.len() || self.socket.as_ref().is_some_and(Socket::holds_back)
    }

    /// Takes what has come; `None` when nothing has.
    pub(super) fn receive(&mut self, into: &mut [u8], now: Instant) -> io::Result<Option<usize>> {
        let Some(socket) = &mut self.socket else { return Err(io::ErrorKind::NotConnected.into()) };
        let received = socket.receive(into)?;
        if received.is_some() {
            self.last_received = now;
        }
        Ok(received)
    }

    /// A reply came, of so many bytes: it belongs to the batch that has waited longest. Returns what the events are to be
    /// told.
    pub(super) fn arrived(
        &mut self,
        reply: Reply,
        bytes: usize,
        in_time: Duration,
        now: Instant,
    ) -> Result<Option<Answered>, Wrong> {
        let first = self.pending.front_mut().ok_or(Wrong::Unasked)?;
        first.bytes += bytes;
        if first.bytes > LONGEST_ANSWER {
            return Err(Wrong::TooLarge);
        }
        if first.to.wants() {
            room::push(&mut first.replies, reply).map_err(|_| Wrong::NoMemory)?;
        }
        first.left -= 1;
        if first.left > 0 {
            return Ok(None);
        }
        let Some(Pending { to, script, kept, replies, sent, .. }) = self.pending.pop_front() else {
            return Ok(None);
        };
        self.kept -= kept;
        let took = now.saturating_duration_since(sent);
        if let Use::Suspended { good, .. } = &mut self.using {
            *good = if took <= in_time { *good + 1 } else { 0 };
        }
        match to {
            To::Caller(waiter) => waiter.give(Ok(replies)),
            To::Events(tag) => {
                let answer = match script.filter(|_| is_unknown(&replies)).and_then(|script| script.whole()) {
                    // Once: what is whole is known.
                    Some(whole) => match self.begin(&whole, To::Events(tag)) {
                        Ok(_) => return Ok(None),
                        Err(error) => Err(error),
                    },
                    None => Ok(replies),
                };
                return Ok(Some(Answered { tag, answer }));
            }
            To::Ping => self.has_ping = false,
        }
        Ok(None)
    }

    /// A caller waited in vain. When it waited for so long, others need not: not those who wait already either, because
    /// answers come in order.
    pub(super) fn timed_out(&mut self, waited: Duration, in_time: Duration, now: Instant) {
        // One that had to look something up first has waited a little less.
        if waited >= in_time.mul_f64(ALMOST) {
            self.suspend(now);
        }
    }

    /// Answers take too long: a server that hangs keeps those who wait for it once, and none of them longer than the first.
    fn suspend(&mut self, now: Instant) {
        if self.using == Use::Allowed {
            self.using = Use::Suspended { since: now, good: 0 };
            for pending in &self.pending {
                if let To::Caller(waiter) = &pending.to {
                    waiter.give(Err(TIMED_OUT));
                }
            }
        }
    }

    /// Looks how long the oldest batch has waited, and suspends the connection when that is too long.
    pub(super) fn look(&mut self, in_time: Duration, now: Instant) {
        if self.pending.front().is_some_and(|first| now.saturating_duration_since(first.sent) > in_time) {
            self.suspend(now);
        }
    }

    /// How long answers have taken too long, if they do.
    pub(super) fn suspended_for(&self, now: Instant) -> Option<Duration> {
        match self.using {
            Use::Suspended { since, .. } => Some(now.saturating_duration_since(since)),
            _ => None,
        }
    }

    /// Ends the suspension when so many answers in a row came in time.
    pub(super) fn resume_after(&mut self, enough: u32) -> bool {
        let is_over = matches!(self.using, Use::Suspended { good, .. } if good >= enough);
        if is_over {
            self.using = Use::Allowed;
            self.why.clear();
        }
        is_over
    }

    /// How long nothing has come.
    pub(super) fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_received)
    }

    pub(super) fn has_ping(&self) -> bool {
        self.has_ping
    }

    /// Whether any reply is missing.
    pub(super) fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }
}
