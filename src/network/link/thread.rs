//! What the link's thread does: connects, reads, looks after the connection, and connects again.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LinkEvents;
use super::commands::Commands;
use super::connecting::{Connected, Finder, moved_to, slow, unreadable};
use super::decoder::Decoder;
use super::reply::{Reply, ReplyErrorKind};
use super::wire::{Answered, To, Wire, Wrong};
use crate::network::settings::{Address, LinkSettings};
use crate::transport::{Dialer, Ready, Wait};

/// How long it rests after an attempt that failed, the first time and at most.
const FIRST_REST: Duration = Duration::from_millis(50);
const LONGEST_REST: Duration = Duration::from_secs(1);
/// A connection that lasted so long was good: when it is lost, the next attempt is made at once.
const STEADY: Duration = Duration::from_secs(1);
/// How long nothing comes until the server is asked whether it is there.
const PING_AFTER: Duration = Duration::from_millis(500);
/// How long nothing may come while an answer is missing.
const LOST_AFTER: Duration = Duration::from_millis(1500);
/// How long answers take too long until that is called an outage.
const DOWN_AFTER: Duration = Duration::from_millis(500);
/// How many answers in a row must come in time until that outage is over.
const GOOD_AGAIN: u32 = 3;
/// How often the thread looks when nothing happens, and when an answer is missing.
const IDLE_LOOK: Duration = Duration::from_millis(250);
const BUSY_LOOK: Duration = Duration::from_millis(50);
/// How often events are told that a while has passed.
const TICK: Duration = Duration::from_secs(1);
/// How long a replica is used before a master is looked for because of a write it refused.
const REPLICA_FOR: Duration = Duration::from_secs(30);
/// How much is read before other things are looked at.
const MOST_READS: usize = 16;
const READ_AT_ONCE: usize = 4 * 1024;

/// What the link's thread shares with those that use the link.
pub(super) struct Shared {
    pub(super) settings: LinkSettings,
    pub(super) dialer: Dialer,
    wire: Mutex<Wire>,
    closing: Condvar,
}

impl Shared {
    pub(super) fn new(settings: LinkSettings) -> Self {
        let dialer = match &settings.tls {
            Some(tls) => Dialer::secure(tls.extra_roots.clone(), tls.server_name.clone()),
            None => Dialer::plain(),
        };
        Self { settings, dialer, wire: Mutex::new(Wire::new()), closing: Condvar::new() }
    }

    pub(super) fn wire(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what is under way, and tells the thread to end.
    pub(super) fn close(&self) {
        self.wire().close();
        self.closing.notify_all();
        self.dialer.stop();
    }

    /// Waits so long, or until the link is closed. Says whether it is not.
    fn rest(&self, how_long: Duration) -> bool {
        let until = Instant::now() + how_long;
        let mut wire = self.wire();
        loop {
            if wire.is_closed() {
                return false;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            wire = self.closing.wait_timeout(wire, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// However the thread ends, nothing waits for it any longer.
struct CloseAtEnd<'a>(&'a Shared);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

thread_local! {
    /// What this thread serves, if it is a link's. Not std's id of the thread: on a thread of the host's that would allocate.
    static SERVED: Cell<*const Shared> = const { Cell::new(std::ptr::null()) };
}

/// Whether the caller is the thread that serves this.
pub(super) fn serves(shared: &Shared) -> bool {
    std::ptr::eq(SERVED.get(), shared)
}

/// Stays connected until the link is closed. A fault of the library ends the connection it happened on, and no more.
#[inline(never)]
pub(super) fn run(shared: &Shared, events: &dyn LinkEvents) {
    SERVED.set(shared);
    let _close = CloseAtEnd(shared);
    while catch_unwind(AssertUnwindSafe(|| serve(shared, events))).is_err() {
        let why = "a fault of the library";
        // What was handed over and matters is told again when it is up.
        drop(shared.wire().uninstall(why));
        let _ = catch_unwind(AssertUnwindSafe(|| events.down(why)));
        if !shared.rest(LONGEST_REST) {
            return;
        }
    }
}

fn serve(shared: &Shared, events: &dyn LinkEvents) {
    let mut random = fastrand::Rng::with_seed(RandomState::new().hash_one(()));
    let mut finder = Finder::new();
    let mut rest = FIRST_REST;
    // What the events were told last.
    let mut told_down = false;
    while !shared.wire().is_closed() {
        match finder.connect(&shared.dialer, &shared.settings) {
            Ok(connected) => {
                let began = Instant::now();
                let over = use_connection(shared, events, connected);
                if shared.wire().is_closed() {
                    return;
                }
                told_down = over.told_down;
                if let Some(address) = over.moved_to {
                    finder.go_to(address);
                }
                if began.elapsed() >= STEADY {
                    rest = FIRST_REST;
                    continue;
                }
            }
            Err(why) => {
                let is_closed = {
                    let mut wire = shared.wire();
                    wire.note(&why);
                    wire.is_closed()
                };
                if !told_down && !is_closed {
                    events.down(&why);
                    told_down = true;
                }
            }
        }
        // Many that lost the same server do not come back at the same moment.
        if !shared.rest(rest / 2 + rest.mul_f64(random.f64() / 2.0)) {
            return;
        }
        rest = (rest * 2).min(LONGEST_REST);
    }
}

/// How a connection ended.
struct Over {
    told_down: bool,
    /// In a cluster, where the store is now.
    moved_to: Option<Address>,
}

/// Uses a connection until it is over.
fn use_connection(shared: &Shared, events: &dyn LinkEvents, connected: Connected) -> Over {
    let Connected { socket, decoder, is_master, address } = connected;
    let Some(ready) = shared.wire().install(socket, Instant::now()) else {
        return Over { told_down: false, moved_to: None };
    };
    events.up();
    let mut using = Using {
        shared,
        events,
        decoder,
        is_master,
        address,
        since: Instant::now(),
        told_down: false,
        moved_to: None,
    };
    let why = match using.run(&ready) {
        Ok(()) => String::new(),
        Err(why) => format!("{}: {why}", using.address),
    };
    let answered = shared.wire().uninstall(&why);
    answered.into_iter().for_each(|answered| using.tell(answered));
    Over { told_down: using.told_down, moved_to: using.moved_to }
}

/// A connection in use.
struct Using<'a> {
    shared: &'a Shared,
    events: &'a dyn LinkEvents,
    decoder: Decoder,
    is_master: bool,
    address: Address,
    since: Instant,
    told_down: bool,
    moved_to: Option<Address>,
}

#[inline(never)]
fn said(error: std::io::Error) -> String {
    error.to_string()
}

/// What the thread does next.
struct Next {
    /// How long answers have taken too long, if they do.
    suspended: Option<Duration>,
    has_resumed: bool,
    wait: Wait,
    timeout: Duration,
}

impl Using<'_> {
    /// Until the link is closed, or for the reason it returns.
    fn run(&mut self, ready: &Ready) -> Result<(), String> {
        let ping = Commands::new().add(&[b"PING"]);
        let mut pinged = self.since;
        let mut tick = self.since + TICK;
        // What came with the greeting.
        self.deliver()?;
        loop {
            let now = Instant::now();
            let Some(next) = self.look(now, &ping, &mut pinged)? else { return Ok(()) };
            match next.suspended {
                Some(so_long) if so_long >= DOWN_AFTER && !self.told_down => {
                    let why = slow(self.shared.settings.timeout);
                    self.shared.wire().note(&why);
                    self.told_down = true;
                    self.events.down(&why);
                }
                None if next.has_resumed && std::mem::take(&mut self.told_down) => self.events.up(),
                _ => {}
            }
            if now >= tick && next.suspended.is_none() {
                tick = now + TICK;
                self.events.tick();
            }
            ready.wait(next.wait, next.timeout).map_err(said)?;
            self.read()?;
        }
    }

    /// Sends what waits, and looks whether the server is there. `None` when the link is closed.
    fn look(&self, now: Instant, ping: &Commands, pinged: &mut Instant) -> Result<Option<Next>, String> {
        let mut wire = self.shared.wire();
        if wire.is_closed() {
            return Ok(None);
        }
        wire.flush().map_err(said)?;
        if wire.is_waiting() && wire.silence(now) > LOST_AFTER {
            return Err(format!("it has been silent for {} ms", LOST_AFTER.as_millis()));
        }
        wire.look(self.shared.settings.timeout, now);
        let has_resumed = wire.resume_after(if self.told_down { GOOD_AGAIN } else { 1 });
        let suspended = wire.suspended_for(now);
        let is_due = wire.silence(now) >= PING_AFTER || suspended.is_some();
        if is_due && !wire.has_ping() && now.saturating_duration_since(*pinged) >= BUSY_LOOK {
            *pinged = now;
            // Where there is no room for it, much is under way, and silence is noticed by that.
            let _ = wire.begin(ping, To::Ping);
        }
        let timeout = if wire.is_waiting() || suspended.is_some() { BUSY_LOOK } else { IDLE_LOOK };
        let wait = Wait { input: true, output: wire.has_unsent() };
        Ok(Some(Next { suspended, has_resumed, wait, timeout }))
    }

    fn read(&mut self) -> Result<(), String> {
        let mut bytes = [0; READ_AT_ONCE];
        for _ in 0..MOST_READS {
            let received = self.shared.wire().receive(&mut bytes, Instant::now());
            let Some(amount) = received.map_err(said)? else { break };
            self.decoder.feed(&bytes[..amount]).map_err(unreadable)?;
            self.deliver()?;
        }
        Ok(())
    }

    /// Hands over what has come whole.
    fn deliver(&mut self) -> Result<(), String> {
        let mut is_over = None;
        while let Some(reply) = self.decoder.next().map_err(unreadable)? {
            let bytes = self.decoder.last_size();
            let reply = match reply {
                Reply::Push(items) => {
                    self.published(&items);
                    continue;
                }
                reply => reply,
            };
            is_over = self.points_elsewhere(&reply).or(is_over);
            let in_time = self.shared.settings.timeout;
            let arrived = self.shared.wire().arrived(reply, bytes, in_time, Instant::now());
            match arrived {
                Ok(None) => {}
                Ok(Some(answered)) => self.tell(answered),
                Err(Wrong::Unasked) => return Err("it answers what was not asked".to_owned()),
                Err(Wrong::TooLarge) => return Err("its answer is too large".to_owned()),
                Err(Wrong::NoMemory) => return Err("no memory is left for its answer".to_owned()),
            }
        }
        is_over.map_or(Ok(()), |why: &str| Err(why.to_owned()))
    }

    /// Whether a reply says that another server is the right one.
    fn points_elsewhere(&mut self, reply: &Reply) -> Option<&'static str> {
        let error = reply.error()?;
        if let Some(address) = moved_to(error, &self.address.host) {
            self.moved_to = Some(address);
            return Some("another node of the cluster has the store now");
        }
        let is_enough = self.is_master || self.since.elapsed() >= REPLICA_FOR;
        (error.kind == ReplyErrorKind::ReadOnly && is_enough).then_some("it is a replica")
    }

    fn published(&self, items: &[Reply]) {
        if let [kind, channel, payload] = items
            && kind.bytes() == Some(b"message")
            && let (Some(channel), Some(payload)) = (channel.bytes(), payload.bytes())
        {
            self.events.push(channel, payload);
        }
    }

    fn tell(&self, answered: Answered) {
        self.events.answered(answered.tag, answered.answer);
    }
}
