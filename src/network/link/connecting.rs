//! From addresses to a connection that can be used: the right server, greeted, and listened to.
//!
//! What a user must be allowed for this: SELECT (for a database other than 0), EXISTS (of the probe), SUBSCRIBE (to the
//! channels) and PING. HELLO and AUTH are allowed to all. A Sentinel is asked SENTINEL GET-MASTER-ADDR-BY-NAME.

use std::io;
use std::time::{Duration, Instant};

use super::commands::Commands;
use super::decoder::{Decoder, Unreadable};
use super::reply::{Reply, ReplyError, ReplyErrorKind, whole_number};
use crate::model::Secret;
use crate::network::settings::{Address, LinkSettings};
use crate::transport::{Dialer, Socket, Wait};

/// How long connecting to one server may take, until it is greeted.
const CONNECT: Duration = Duration::from_secs(1);
/// How long greeting it may take.
const GREET: Duration = Duration::from_secs(1);
/// How long a Sentinel, or one of several servers, may keep the others from being asked.
const ONE_OF_SEVERAL: Duration = Duration::from_millis(500);
/// How often one attempt follows where a cluster points.
const MOST_REDIRECTS: usize = 5;
/// How often a wait looks whether the link is closed.
const SLICE: Duration = Duration::from_millis(100);

/// A connection that can be used.
pub(super) struct Connected {
    pub(super) socket: Socket,
    /// Has read no more than the greeting, and perhaps what was published since.
    pub(super) decoder: Decoder,
    /// Whether the server takes writes.
    pub(super) is_master: bool,
    pub(super) address: Address,
}

/// Why no server can be used. Holds no secret.
#[derive(Debug)]
pub(super) enum Failed {
    /// In a cluster, another node has the store.
    Elsewhere(Address),
    Why(String),
}

impl Failed {
    fn why(why: &str) -> Self {
        Self::Why(why.to_owned())
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Why(error.to_string())
    }
}

/// Finds the server.
pub(super) struct Finder {
    /// Where the store was found last, or is said to be.
    known: Option<Address>,
    /// The address of the settings that is asked first.
    first: usize,
}

impl Finder {
    pub(super) fn new() -> Self {
        Self { known: None, first: 0 }
    }

    /// Another node of the cluster has the store.
    pub(super) fn go_to(&mut self, address: Address) {
        self.known = Some(address);
    }

    /// Tries once what there is to try.
    pub(super) fn connect(&mut self, dialer: &Dialer, settings: &LinkSettings) -> Result<Connected, String> {
        if settings.sentinel_name.is_some() {
            let master = self.ask_sentinels(dialer, settings)?;
            let connected =
                open(dialer, settings, &master, CONNECT).map_err(|failed| because(&master, &failed))?;
            if !connected.is_master {
                return Err(format!("{master} is not the master that the Sentinels call it"));
            }
            return Ok(connected);
        }
        // A node that has left the cluster would be asked without end.
        if let Some(address) = self.known.take()
            && let Ok(connected) = follow(dialer, settings, &address)
        {
            self.known = Some(connected.address.clone());
            return Ok(connected);
        }
        self.try_all(dialer, settings)
    }

    /// The first master, or for want of one the first replica: it can be read.
    fn try_all(&mut self, dialer: &Dialer, settings: &LinkSettings) -> Result<Connected, String> {
        let count = settings.addresses.len();
        let mut why = None;
        let mut replica = None;
        for index in (0..count).map(|offset| (self.first + offset) % count) {
            match follow(dialer, settings, &settings.addresses[index]) {
                Ok(connected) if connected.is_master || count == 1 => {
                    self.first = index;
                    if connected.address != settings.addresses[index] {
                        self.known = Some(connected.address.clone());
                    }
                    return Ok(connected);
                }
                Ok(_) => replica = replica.or(Some(index)),
                Err(failed) => why = why.or(Some(failed)),
            }
            if dialer.is_stopped() {
                break;
            }
        }
        if let Some(index) = replica
            && let Ok(connected) = follow(dialer, settings, &settings.addresses[index])
        {
            self.first = index;
            return Ok(connected);
        }
        Err(why.unwrap_or_else(|| "no address can be used".to_owned()))
    }

    /// Where the Sentinels say the master is.
    fn ask_sentinels(&mut self, dialer: &Dialer, settings: &LinkSettings) -> Result<Address, String> {
        let count = settings.addresses.len();
        let mut why = None;
        for index in (0..count).map(|offset| (self.first + offset) % count) {
            match ask_sentinel(dialer, settings, &settings.addresses[index]) {
                Ok(master) => {
                    self.first = index;
                    return Ok(master);
                }
                Err(failed) => {
                    why = why.or(Some(because(&settings.addresses[index], &failed)));
                }
            }
            if dialer.is_stopped() {
                break;
            }
        }
        Err(why.unwrap_or_else(|| "no Sentinel can be used".to_owned()))
    }
}

#[inline(never)]
fn because(address: &Address, failed: &Failed) -> String {
    match failed {
        Failed::Why(why) => format!("{address}: {why}"),
        Failed::Elsewhere(other) => format!("{address}: it points to {other}, and that points on"),
    }
}

/// Connects to a server, or where in a cluster it points to.
fn follow(dialer: &Dialer, settings: &LinkSettings, address: &Address) -> Result<Connected, String> {
    let patience = if settings.addresses.len() > 1 { ONE_OF_SEVERAL } else { CONNECT };
    let mut at = address.clone();
    for _ in 0..MOST_REDIRECTS {
        match open(dialer, settings, &at, patience) {
            Ok(connected) => return Ok(connected),
            Err(Failed::Elsewhere(owner)) => at = owner,
            Err(failed) => return Err(because(&at, &failed)),
        }
    }
    Err(because(address, &Failed::Elsewhere(at)))
}

/// Connects to one server, and greets it.
fn open(
    dialer: &Dialer,
    settings: &LinkSettings,
    address: &Address,
    patience: Duration,
) -> Result<Connected, Failed> {
    let socket = dialer.dial(&address.host, address.port, Instant::now() + patience)?;
    let mut talk = Talk { dialer, socket, decoder: Decoder::default(), until: Instant::now() + GREET };
    let is_master = talk.greet(settings)?;
    talk.begin(settings, address)?;
    Ok(Connected { socket: talk.socket, decoder: talk.decoder, is_master, address: address.clone() })
}

/// Asks one Sentinel where the master is. What it says is as old as RESP2, which can be read too.
fn ask_sentinel(dialer: &Dialer, settings: &LinkSettings, sentinel: &Address) -> Result<Address, Failed> {
    let name = settings.sentinel_name.as_deref().unwrap_or_default();
    let until = Instant::now() + ONE_OF_SEVERAL;
    let socket = dialer.dial(&sentinel.host, sentinel.port, until)?;
    let mut talk = Talk { dialer, socket, decoder: Decoder::default(), until };
    let question = Commands::new().add(&[b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", name.as_bytes()]);
    talk.say(&question)?;
    let mut reply = talk.reply()?;
    // Most Sentinels ask for no password, and refuse one.
    if let (Some(error), Some(password)) = (reply.error(), &settings.password)
        && error.kind == ReplyErrorKind::LockedOut
    {
        let user = settings.user.as_deref();
        let mut words: Vec<&[u8]> = vec![b"AUTH"];
        words.extend(user.map(str::as_bytes));
        words.push(password.expose().as_bytes());
        talk.say(&Commands::new().add(&words))?;
        if let Some(error) = talk.reply()?.error() {
            return Err(refusal(error));
        }
        talk.say(&question)?;
        reply = talk.reply()?;
    }
    match &reply {
        Reply::Array(items) => match items.as_slice() {
            [host, port] => host
                .bytes()
                .zip(port.bytes())
                .and_then(|(host, port)| Address::from_server(host, port))
                .ok_or_else(|| Failed::why("its answer names no address")),
            _ => Err(Failed::why("its answer names no address")),
        },
        Reply::Null => Err(Failed::why("this Sentinel knows no master of that name")),
        Reply::Error(error) => Err(refusal(error)),
        _ => Err(Failed::why("its answer names no address")),
    }
}

/// What a refusal means, in our words: the server's own may repeat what was sent to it.
fn refusal(error: &ReplyError) -> Failed {
    let code = error.message.split(' ').next().unwrap_or_default();
    Failed::why(match (error.kind, code) {
        (_, "NOPERM") => "the user may not do what is needed (NOPERM)",
        (_, "WRONGPASS") => "it does not accept user and password (WRONGPASS)",
        (ReplyErrorKind::LockedOut, _) => "it wants a password (NOAUTH)",
        (ReplyErrorKind::Loading, "MASTERDOWN") => "it is a replica that has lost its master (MASTERDOWN)",
        (ReplyErrorKind::Loading, _) => "it is reading its data from disk (LOADING)",
        (ReplyErrorKind::Busy, _) => "a script holds it up (BUSY)",
        (ReplyErrorKind::TooManyClients, _) => "it takes no more clients (maxclients)",
        (ReplyErrorKind::Moving | ReplyErrorKind::Moved, _) => {
            "the cluster is down, or the store is on its way to another node"
        }
        (_, "DENIED") => "it takes connections from its own machine only (protected-mode)",
        (_, "NOPROTO") => "it does not speak RESP3: Redis 6.2 or Valkey 7.2 is needed",
        _ => "it does not do what is asked: Redis 6.2 or Valkey 7.2 is needed",
    })
}

/// One server that is greeted.
struct Talk<'a> {
    dialer: &'a Dialer,
    socket: Socket,
    decoder: Decoder,
    until: Instant,
}

impl Talk<'_> {
    /// Says who we are, and asks for RESP3. Says whether the server is a master.
    fn greet(&mut self, settings: &LinkSettings) -> Result<bool, Failed> {
        let password = settings.password.as_ref().map_or("", Secret::expose);
        let user = settings.user.as_deref().unwrap_or("default");
        let mut words: Vec<&[u8]> = vec![b"HELLO", b"3"];
        if settings.password.is_some() || settings.user.is_some() {
            words.extend([&b"AUTH"[..], user.as_bytes(), password.as_bytes()]);
        }
        words.extend([&b"SETNAME"[..], b"paynow-bridge"]);
        self.say(&Commands::new().add(&words))?;
        let reply = self.reply()?;
        if let Some(error) = reply.error() {
            return Err(refusal(error));
        }
        let Reply::Map(entries) = reply else { return Err(Failed::why("it does not speak RESP3")) };
        let value = |name: &[u8]| {
            let found = entries.iter().find(|(key, _)| key.bytes() == Some(name));
            found.and_then(|(_, value)| value.bytes()).unwrap_or_default()
        };
        if value(b"server") == b"redis" && !is_new_enough(value(b"version")) {
            return Err(Failed::why("it is too old: Redis 6.2 or Valkey 7.2 is needed"));
        }
        if value(b"mode") == b"sentinel" {
            return Err(Failed::why("it is a Sentinel, and no name of a master is configured"));
        }
        Ok(value(b"role") == b"master")
    }

    /// Chooses the database, listens, and looks whether the store can be read, and in time.
    fn begin(&mut self, settings: &LinkSettings, address: &Address) -> Result<(), Failed> {
        let mut commands = Commands::new();
        if settings.database != 0 {
            commands = commands.add(&[b"SELECT", settings.database.to_string().as_bytes()]);
        }
        let selects = commands.len();
        if !settings.probe.is_empty() {
            commands = commands.add(&[b"EXISTS", &settings.probe]);
        }
        let checks = commands.len();
        // What is subscribed to comes as a push. Only an error would be a reply, and come before the one to the PING.
        for channel in &settings.channels {
            commands = commands.add(&[b"SUBSCRIBE", channel]);
        }
        let asked = Instant::now();
        self.say(&commands.add(&[b"PING"]))?;
        for index in 0..checks {
            match self.reply()? {
                Reply::Error(_) if index < selects => {
                    return Err(Failed::why("it does not have that database, or the user may not use it"));
                }
                Reply::Error(error) => {
                    return Err(elsewhere(&error, address).unwrap_or_else(|| refusal(&error)));
                }
                _ => {}
            }
        }
        if let Some(error) = self.reply()?.error() {
            return Err(refusal(error));
        }
        if asked.elapsed() > settings.timeout {
            return Err(Failed::Why(slow(settings.timeout)));
        }
        Ok(())
    }

    #[inline(never)]
    fn say(&mut self, commands: &Commands) -> Result<(), Failed> {
        let Some(mut bytes) = commands.bytes() else { return Err(Failed::why("no memory is left for it")) };
        loop {
            let amount = self.socket.send(bytes)?;
            bytes = &bytes[amount..];
            if bytes.is_empty() && !self.socket.holds_back() {
                return Ok(());
            }
            self.wait(Wait { input: false, output: true })?;
        }
    }

    /// The next reply. What is published meanwhile comes too early to be of interest.
    fn reply(&mut self) -> Result<Reply, Failed> {
        loop {
            match self.decoder.next() {
                Ok(Some(Reply::Push(_))) => continue,
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(problem) => return Err(Failed::why(unreadable(problem))),
            }
            let mut bytes = [0; 4096];
            match self.socket.receive(&mut bytes)? {
                Some(amount) => {
                    self.decoder.feed(&bytes[..amount]).map_err(|problem| Failed::why(unreadable(problem)))?
                }
                None => self.wait(Wait { input: true, output: self.socket.holds_back() })?,
            }
        }
    }

    fn wait(&self, what: Wait) -> Result<(), Failed> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failed::why("it does not answer"));
        }
        if self.dialer.is_stopped() {
            return Err(Failed::why("the link is closed"));
        }
        Ok(self.socket.ready().wait(what, left.min(SLICE))?)
    }
}

/// Why a stream cannot be read on.
pub(super) fn unreadable(problem: Unreadable) -> &'static str {
    match problem {
        Unreadable::Malformed => "it does not speak RESP3",
        Unreadable::TooLarge => "it sent a reply that is too large",
        Unreadable::NoMemory => "no memory is left for a reply",
    }
}

/// What is said of a server that answers too late.
pub(super) fn slow(in_time: Duration) -> String {
    format!("its answers take longer than {} ms", in_time.as_millis())
}

/// Where an error points to, if it does: `MOVED 3999 10.0.0.1:6381`. Without a host it is the one that was asked.
pub(super) fn elsewhere(error: &ReplyError, asked: &Address) -> Option<Failed> {
    moved_to(error, &asked.host).map(Failed::Elsewhere)
}

pub(super) fn moved_to(error: &ReplyError, asked: &str) -> Option<Address> {
    if error.kind != ReplyErrorKind::Moved {
        return None;
    }
    let place = error.message.split(' ').nth(2)?;
    let (host, port) = place.rsplit_once(':')?;
    let host = if host.is_empty() { asked } else { host };
    Address::from_server(host.as_bytes(), port.as_bytes())
}

fn is_new_enough(version: &[u8]) -> bool {
    let mut numbers = version.split(|byte| *byte == b'.').map(|part| whole_number(part).unwrap_or_default());
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().unwrap_or_default();
    // What does not say is tried.
    version.is_empty() || (major, minor) >= (6, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_is_known_by_its_version() {
        for (version, enough) in [
            ("6.0.16", false),
            ("5.0", false),
            ("6.2.0", true),
            ("7.0.15", true),
            ("10.0", true),
            ("", true),
            ("6", false),
        ] {
            assert_eq!(is_new_enough(version.as_bytes()), enough, "{version}");
        }
    }

    #[test]
    fn where_the_cluster_points_is_read() {
        let to = |message: &str| {
            let error =
                ReplyError { kind: ReplyErrorKind::read(message.as_bytes()), message: message.to_owned() };
            moved_to(&error, "asked.example").map(|address| address.to_string())
        };
        assert_eq!(to("MOVED 3999 10.0.0.1:6381").as_deref(), Some("10.0.0.1:6381"));
        assert_eq!(to("MOVED 3999 fd00::1:6381").as_deref(), Some("[fd00::1]:6381"));
        assert_eq!(to("MOVED 3999 :6381").as_deref(), Some("asked.example:6381"));
        for message in
            ["MOVED", "MOVED 3999", "MOVED 3999 ?:0", "MOVED 3999 a b:1", "ASK 3999 10.0.0.1:6381", "ERR"]
        {
            assert_eq!(to(message), None, "{message}");
        }
    }

    #[test]
    fn a_refusal_never_repeats_what_was_sent() {
        let message = "ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `a`, `pnpw_b`";
        let kind = ReplyErrorKind::read(message.as_bytes());
        let failed = refusal(&ReplyError { kind, message: message.to_owned() });
        assert!(matches!(&failed, Failed::Why(why) if !why.contains("pnpw_")), "{failed:?}");
    }
}
