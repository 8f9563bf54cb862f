//! The rules that the servers of a store keep together, over one connection to a Redis or Valkey.
//!
//! Contract:
//! - A customer that one server was told of is known to all, until it is changed by any, or old. So is "no such customer",
//!   until any server creates or changes one. An answer never stands in for one that was asked for later.
//! - A question is asked by one server at a time. The others are told to come again, and take over when that one is gone.
//! - The places in the budget are handed out in the order they are asked for, players before background work; see
//!   `scripts/budget.lua`. A place that is not used is lost: others do not come earlier for it, nor later.
//! - Redis decides, in scripts that are one step for all, by its own clock. What does not come back in time is
//!   [`Verdict::Alone`].
//! - Redis is trusted with the rates, not with the answers: they open only under the name and stamp they were sealed for.

mod health;
mod leases;
mod names;
mod scripts;
mod seal;
#[cfg(all(test, unix, not(loom)))]
mod simulation;
#[cfg(all(test, unix, not(loom)))]
mod tests;
mod writes;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use self::health::Health;
use self::leases::{Lease, Leases};
use self::names::{LENGTH, Name, Names};
use self::scripts::Scripts;
use self::seal::{Keys, Pointer};
use self::writes::{Again, Writes};
use super::link::{Commands, Link, LinkError, LinkErrorKind, LinkEvents, Reply, ReplyErrorKind, Script};
use super::settings::NetworkSettings;
use super::{
    Ask, Claim, Forget, Known, KnownAnswer, Network, NetworkState, News, Settled, SettledAnswer, Verdict,
    Written,
};
use crate::model::Secret;
use crate::policy::cache::CachePolicy;
use crate::policy::rate::RatePolicy;
use crate::room::{self, NoMemory};

/// The connection, as the rules use it. See [`Link`].
pub(crate) trait Wire: Send + Sync {
    /// Sends commands and waits for their replies, at most so long.
    fn call(&self, commands: &Commands, timeout: Duration) -> Result<Vec<Reply>, LinkError>;
    /// Sends commands whose replies come to [`LinkEvents::answered`]. A script that is not known there is sent again, whole.
    fn ask(&self, commands: &Commands, tag: u32) -> Result<(), LinkError>;
    fn close(&self);
}

impl Wire for Link {
    fn call(&self, commands: &Commands, timeout: Duration) -> Result<Vec<Reply>, LinkError> {
        Self::call(self, commands, timeout)
    }

    fn ask(&self, commands: &Commands, tag: u32) -> Result<(), LinkError> {
        Self::ask(self, commands, tag)
    }

    fn close(&self) {
        Self::close(self);
    }
}

/// What the rules are set to.
pub(crate) struct TierSettings {
    pub(crate) store_id: String,
    pub(crate) api_key: Secret,
    /// What all servers together may ask. A rate of 0: what 429s teach.
    pub(crate) rate: RatePolicy,
    /// How long answers are as good as new, and how long they stand in for a failure.
    pub(crate) cache: CachePolicy,
}

/// Starts the network: its connection, and the rules on it. Waits for nothing.
#[inline(never)]
pub(crate) fn start(
    network: NetworkSettings,
    tier: &TierSettings,
    forget: Box<dyn Forget>,
) -> io::Result<Arc<dyn Network>> {
    let rules = Rules::new(tier, &network.network_id, network.timeout, forget)
        .map_err(|NoMemory| io::Error::from(io::ErrorKind::OutOfMemory))?;
    let rules = Arc::new(rules);
    let mut settings = network.link;
    settings.probe = rules.stamps.clone();
    settings.channels = vec![rules.channel.clone()];
    let link = Link::start(settings, Box::new(Events(Arc::downgrade(&rules))))?;
    let _ = rules.wire.set(Box::new(link));
    Ok(Arc::new(Tier(rules)))
}

/// Both keys are tried for so long after a rotation.
const BOTH_KEYS: Duration = Duration::from_secs(24 * 3_600);
/// What stands in the place of a name where a message to other servers is sealed.
const MESSAGE: Name = *b"message to other servers";
/// A customer that takes more bytes is not put there. PayNow's take some hundred.
const LARGEST: usize = 64 * 1024;
/// How long Redis is waited for by work that has no time left.
const SHORTEST: Duration = Duration::from_millis(5);
/// Letters of a server's name.
const SERVER: usize = 16;
/// Answers that take too long may be those to a crowd: so long the network is asked again before each works alone, which would
/// be a crowd at PayNow.
const SLOW_FOR: Duration = Duration::from_millis(250);
/// How soon.
const SLOW_AGAIN: Duration = Duration::from_millis(40);
/// No place is waited for longer, and Redis is not believed when it says to come later than this.
const LATEST: Duration = Duration::from_secs(60);

/// What a tag says of the commands it came with.
mod tags {
    pub(super) const BEAT: u32 = 1;
    pub(super) const SETTLED: u32 = 2;
    pub(super) const FREED: u32 = 3;
}

/// The network as the engine sees it. Dropping it closes it.
struct Tier(Arc<Rules>);

struct Rules {
    me: [u8; SERVER],
    timeout: Duration,
    cache: CachePolicy,
    /// The settings as the scripts are given them.
    given: Given,
    names: Names,
    stamps: Vec<u8>,
    budget: Vec<u8>,
    servers: Vec<u8>,
    /// What the names of customers begin with.
    customers: Vec<u8>,
    channel: Vec<u8>,
    scripts: Scripts,
    keys: RwLock<KeyRing>,
    health: Health,
    writes: Writes,
    leases: Leases,
    forget: Box<dyn Forget>,
    wire: OnceLock<Box<dyn Wire>>,
    random: Mutex<fastrand::Rng>,
    is_closed: AtomicBool,
}

/// The settings, written once.
struct Given {
    per_second: String,
    burst: String,
    /// In microseconds.
    fresh: String,
    fresh_absent: String,
    stale: String,
    /// In milliseconds.
    keep: String,
}

impl Given {
    fn new(settings: &TierSettings) -> Self {
        let (rate, cache) = (&settings.rate, &settings.cache);
        Self {
            per_second: rate.per_second.to_string(),
            burst: rate.burst.to_string(),
            fresh: digits(micros(cache.ttl)),
            fresh_absent: digits(micros(cache.negative_ttl)),
            stale: digits(micros(kept(cache))),
            keep: digits(kept(cache).as_millis() as u64),
        }
    }
}

struct KeyRing {
    current: Arc<Keys>,
    previous: Option<(Arc<Keys>, Instant)>,
}

/// Why the network is of no use to a piece of work.
#[derive(Debug)]
struct Unusable;

impl From<NoMemory> for Unusable {
    fn from(NoMemory: NoMemory) -> Self {
        Self
    }
}

impl Rules {
    fn new(
        settings: &TierSettings,
        network_id: &str,
        timeout: Duration,
        forget: Box<dyn Forget>,
    ) -> Result<Self, NoMemory> {
        let names = Names::new(&settings.store_id, network_id)?;
        let current = Arc::new(Keys::derive(&settings.api_key, &names.scope).ok_or(NoMemory)?);
        let seeds: [u64; 2] = [random()?, random()?];
        let mut me = [0; SERVER];
        for (place, letter) in me.iter_mut().enumerate() {
            *letter = b"0123456789abcdef"[(seeds[0] >> (4 * place)) as usize & 15];
        }
        Ok(Self {
            me,
            timeout,
            cache: settings.cache,
            given: Given::new(settings),
            stamps: names.key(b"w", b"")?,
            budget: names.key(b"b", b"")?,
            servers: names.key(b"s", b"")?,
            customers: names.key(b"c:", b"")?,
            channel: names.key(b"m", b"")?,
            names,
            scripts: Scripts::new(),
            keys: RwLock::new(KeyRing { current, previous: None }),
            health: Health::default(),
            writes: Writes::default(),
            leases: Leases::default(),
            forget,
            wire: OnceLock::new(),
            random: Mutex::new(fastrand::Rng::with_seed(seeds[1])),
            is_closed: AtomicBool::new(false),
        })
    }

    /// The keys that are tried, the one to seal with first.
    fn keys(&self) -> (Arc<Keys>, Option<Arc<Keys>>) {
        let ring = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let previous = ring.previous.as_ref().filter(|(_, until)| Instant::now() < *until);
        (Arc::clone(&ring.current), previous.map(|(keys, _)| Arc::clone(keys)))
    }

    fn kept(&self) -> Duration {
        kept(&self.cache)
    }

    /// From three quarters to five, so that those who wait do not come together.
    fn jitter(&self) -> f64 {
        0.75 + self.random().f64() / 2.0
    }

    fn random(&self) -> MutexGuard<'_, fastrand::Rng> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wire(&self) -> Result<&dyn Wire, Unusable> {
        match self.wire.get() {
            Some(wire) if !self.is_closed.load(Ordering::Acquire) => Ok(&**wire),
            _ => Err(Unusable),
        }
    }

    // --- asking ---

    fn consult(&self, ask: &Ask<'_>) -> Result<Verdict, Unusable> {
        let began = Instant::now();
        let (current, previous) = self.keys();
        let lease = match (ask.question, ask.claim) {
            (Some(question), _) => Some(self.names.question(question)),
            (None, Some(claim)) => Some(lease_of(claim).name),
            (None, None) => None,
        };
        let mut consultation = Consultation {
            rules: self,
            ask,
            lease,
            current: &current,
            previous: previous.as_ref(),
            skip: false,
            number: self.random().u64(1..1 << 53),
            doubted: lease.filter(|_| ask.claim.is_none()).and_then(|name| self.leases.doubted(name)),
        };
        let mut reply = match consultation.call(began) {
            Ok(reply) => reply,
            Err(Unusable) => return consultation.unanswered(began),
        };
        if reply.is_hit() {
            match consultation.open(reply) {
                Some(known) => {
                    // What was claimed to ask it is not needed any more.
                    if let Some(claim) = ask.claim {
                        self.leases.give_up(lease_of(claim));
                    }
                    return Ok(Verdict::Known(known));
                }
                None => {
                    self.health.unopened();
                    consultation.skip = true;
                    reply = consultation.call(began)?;
                }
            }
        }
        consultation.conclude(&reply, began)
    }

    /// Runs a script and waits for what it returns.
    fn run(
        &self,
        script: &'static Script,
        arguments: &[&[u8]],
        (began, patience): (Instant, Duration),
    ) -> Result<Vec<Reply>, Unusable> {
        let wire = self.wire()?;
        let mut commands = Commands::script(script, arguments);
        loop {
            let left = patience.saturating_sub(began.elapsed());
            self.health.sent(1);
            let called = Instant::now();
            let replies = wire.call(&commands, left).map_err(|error| self.not_answered(&error))?;
            self.health.answered(called.elapsed());
            match replies.into_iter().next() {
                Some(Reply::Array(items)) => return Ok(items),
                Some(Reply::Error(error)) => match commands.whole() {
                    Some(whole) if error.kind == ReplyErrorKind::NoScript => commands = whole,
                    _ => {
                        self.health.refused(error.kind, Instant::now());
                        return Err(Unusable);
                    }
                },
                _ => return Err(Unusable),
            }
        }
    }

    fn not_answered(&self, error: &LinkError) -> Unusable {
        if matches!(error.kind, LinkErrorKind::TimedOut | LinkErrorKind::Slow) {
            self.health.slow(Instant::now());
        }
        Unusable
    }

    // --- telling ---

    /// Sends a script whose reply is of no interest to a caller.
    fn tell(&self, script: &'static Script, arguments: &[&[u8]], tag: u32) -> Result<(), Unusable> {
        self.health.sent(1);
        self.wire()?.ask(&Commands::script(script, arguments), tag).map_err(|_| Unusable)
    }

    fn settle(&self, settled: &Settled<'_>) -> Result<(), Unusable> {
        let (current, _) = self.keys();
        let outcome = match (settled.rate_limited, settled.answer) {
            (Some(_), _) => b"l",
            (None, SettledAnswer::Failed) => b"f",
            (None, _) => b"a",
        };
        let pause = match settled.rate_limited {
            Some(Some(pause)) => digits(micros(pause)),
            _ => String::new(),
        };
        let fill = match (settled.claim, settled.question) {
            (Some(claim), Some(question)) if settled.asked_at_age < self.kept() => {
                self.fill(&current, claim, question, settled.answer)?
            }
            _ => None,
        };
        let changed = match settled.written {
            Written::Customer(id) => Some(self.names.customer(id)),
            _ => None,
        };
        let lease = settled.claim.map(lease_of);
        let news = match settled.written {
            Written::Nothing => None,
            written => Some((written, self.message(&current, written)?)),
        };
        self.report(&Report {
            outcome,
            pause: &pause,
            lease,
            release: lease.is_some() && !settled.keeps_claim,
            fill: fill.as_ref(),
            news: news
                .as_ref()
                .map(|(written, message)| (matches!(written, Written::Anything), message.as_slice())),
            changed: changed.as_slice(),
        })
    }

    /// An answer as it is put down for others.
    fn fill(
        &self,
        keys: &Keys,
        claim: Claim,
        question: &str,
        answer: SettledAnswer<'_>,
    ) -> Result<Option<Fill>, NoMemory> {
        let name = keys.question(question);
        let (pointer, customer, concerns) = match answer {
            SettledAnswer::Customer { body, .. } if body.len() > LARGEST => return Ok(None),
            SettledAnswer::Customer { id, body } => {
                let (kept, changes) = (keys.customer(id), self.names.customer(id));
                let sealed = keys.seal(&kept, claim.stamp, body)?;
                let key = self.names.key(b"c:", &kept)?;
                (Pointer::Customer { kept, changes }, Some((key, sealed)), Some(changes))
            }
            SettledAnswer::Absent => (Pointer::Absent, None, None),
            SettledAnswer::Other | SettledAnswer::Failed => return Ok(None),
        };
        Ok(Some(Fill {
            key: self.names.key(b"q:", &name)?,
            pointer: keys.write(&name, claim.stamp, &pointer)?,
            customer,
            concerns,
            stamp: claim.stamp,
        }))
    }

    fn report(&self, report: &Report<'_>) -> Result<(), Unusable> {
        let lease_key = report.lease.map(|lease| self.names.key(b"l:", &lease.name)).transpose()?;
        let number = report.lease.map(|lease| digits(lease.number)).unwrap_or_default();
        let given = &self.given;
        let mut keys: [&[u8]; 5] = [&self.stamps, &self.budget, b"", b"", b""];
        let mut count = 2;
        let (mut stamp, mut pointer, mut value, mut concerns): (_, &[u8], &[u8], &[u8]) =
            (String::new(), b"", b"", b"");
        if let Some(key) = &lease_key {
            (keys[2], count) = (key, 3);
        }
        if let (Some(fill), Some(_)) = (report.fill, &lease_key) {
            (keys[3], count) = (&fill.key, 4);
            (stamp, pointer) = (digits(fill.stamp), &fill.pointer);
            if let Some((key, sealed)) = &fill.customer {
                (keys[4], count) = (key, 5);
                value = sealed;
            }
            concerns = fill.concerns.as_ref().map_or(b"", |name| name);
        }
        let (written, message): (&[u8], &[u8]) = match report.news {
            None => (b"", b""),
            Some((true, message)) => (b"x", message),
            Some((false, message)) => (b"c", message),
        };
        let number_of_keys = digits(count as u64);
        let mut arguments = room::list(1 + count + 16 + report.changed.len())?;
        arguments.push(number_of_keys.as_bytes());
        arguments.extend_from_slice(&keys[..count]);
        arguments.extend_from_slice(&[
            &self.me,
            number.as_bytes(),
            flag(report.release),
            report.outcome,
            report.pause.as_bytes(),
            given.per_second.as_bytes(),
            given.burst.as_bytes(),
            given.keep.as_bytes(),
            stamp.as_bytes(),
            pointer,
            value,
            given.keep.as_bytes(),
            concerns,
            written,
            &self.channel,
            message,
        ]);
        arguments.extend(report.changed.iter().map(|name| name.as_slice()));
        self.tell(self.scripts.settle, &arguments, tags::SETTLED)
    }

    /// What is published of a write: who says it, and what only servers with a key of the store can read.
    fn message(&self, keys: &Keys, written: Written<'_>) -> Result<Vec<u8>, NoMemory> {
        let (kind, id) = match written {
            Written::Customer(id) => (b'c', id),
            Written::Created => (b'n', ""),
            Written::Anything | Written::Nothing => (b'x', ""),
        };
        let mut content = Zeroizing::new(room::list(1 + id.len())?);
        content.push(kind);
        content.extend_from_slice(id.as_bytes());
        let sealed = keys.seal(&MESSAGE, 0, &content)?;
        let mut message = room::list(SERVER + sealed.len())?;
        message.extend_from_slice(&self.me);
        message.extend_from_slice(&sealed);
        Ok(message)
    }

    /// Tells Redis again what was written lately.
    fn remind(&self) -> Result<(), Unusable> {
        let (current, _) = self.keys();
        let again = self.writes.again(self.kept(), Instant::now());
        let (written, ids) = match &again {
            Again::Nothing => return Ok(()),
            Again::Anything => (Written::Anything, None),
            Again::Customers(ids) => match ids.as_slice() {
                [] => (Written::Created, None),
                [id] => (Written::Customer(id), Some(ids)),
                // One message is not about many: the others forget everything they know.
                _ => (Written::Anything, Some(ids)),
            },
        };
        let mut changed = room::list(ids.map_or(0, Vec::len))?;
        changed.extend(ids.into_iter().flatten().map(|id| self.names.customer(id)));
        let message = self.message(&current, written)?;
        self.report(&Report {
            outcome: b"",
            pause: "",
            lease: None,
            release: false,
            fill: None,
            news: Some((again == Again::Anything, &message)),
            changed: &changed,
        })
    }

    fn beat(&self) -> Result<(), Unusable> {
        let leases = self.leases.held(Instant::now());
        let (keys, numbers) = self.named(&leases)?;
        let count = digits(2 + keys.len() as u64);
        let mut arguments = room::list(1 + 2 + keys.len() + 2 + numbers.len())?;
        arguments.extend_from_slice(&[count.as_bytes(), &self.stamps, &self.servers]);
        arguments.extend(keys.iter().map(Vec::as_slice));
        arguments.extend_from_slice(&[self.me.as_slice(), self.given.keep.as_bytes()]);
        arguments.extend(numbers.iter().map(String::as_bytes));
        self.tell(self.scripts.beat, &arguments, tags::BEAT)
    }

    /// Tells Redis which leases are not needed any more.
    fn free(&self) -> Result<(), Unusable> {
        let leases = self.leases.unwanted();
        if leases.is_empty() {
            return Ok(());
        }
        let told = self.tell_free(&leases);
        if told.is_err() {
            leases.into_iter().for_each(|lease| self.leases.give_up(lease));
        }
        told
    }

    fn tell_free(&self, leases: &[Lease]) -> Result<(), Unusable> {
        let (keys, numbers) = self.named(leases)?;
        let count = digits(keys.len() as u64);
        let mut arguments = room::list(1 + keys.len() + 1 + numbers.len())?;
        arguments.push(count.as_bytes());
        arguments.extend(keys.iter().map(Vec::as_slice));
        arguments.push(&self.me);
        arguments.extend(numbers.iter().map(String::as_bytes));
        self.tell(self.scripts.free, &arguments, tags::FREED)
    }

    fn named(&self, leases: &[Lease]) -> Result<(Vec<Vec<u8>>, Vec<String>), NoMemory> {
        let (mut keys, mut numbers) = (room::list(leases.len())?, room::list(leases.len())?);
        for lease in leases {
            keys.push(self.names.key(b"l:", &lease.name)?);
            numbers.push(digits(lease.number));
        }
        Ok((keys, numbers))
    }

    // --- hearing ---

    fn heard(&self, payload: &[u8]) {
        let Some((server, sealed)) = payload.split_at_checked(SERVER) else { return self.forget.anything() };
        if server == self.me {
            return;
        }
        let (current, previous) = self.keys();
        let content = [Some(current), previous].into_iter().flatten().find_map(|keys| {
            let copy = room::collect(sealed.iter().copied()).ok()?;
            keys.open(&MESSAGE, copy)
        });
        // A server with another key says something: what, only those with that key can tell.
        match content.as_deref().map(|content| content.split_first()) {
            Some(Some((b'c', id))) => match std::str::from_utf8(id) {
                Ok(id) => self.forget.customer(id),
                Err(_) => self.forget.anything(),
            },
            Some(Some((b'n', _))) => self.forget.created(),
            _ => self.forget.anything(),
        }
    }

    fn answered(&self, tag: u32, answer: Result<Vec<Reply>, LinkError>) {
        let reply = answer.ok().and_then(|replies| replies.into_iter().next());
        match (tag, reply) {
            (_, Some(Reply::Error(error))) => {
                self.health.refused(error.kind, Instant::now());
                if tag == tags::SETTLED {
                    self.writes.owe();
                }
            }
            (tags::SETTLED, None) => self.writes.owe(),
            (tags::SETTLED, Some(_)) => self.health.wrote(),
            (tags::BEAT, Some(reply)) => {
                self.health.wrote();
                self.health.counted_servers(reply.integer().unwrap_or(0));
            }
            _ => {}
        }
    }
}

/// What is told of an exchange.
struct Report<'a> {
    /// Answered, failed, limited; empty when it is about no exchange.
    outcome: &'a [u8],
    pause: &'a str,
    lease: Option<Lease>,
    release: bool,
    fill: Option<&'a Fill>,
    /// Whether anything may have changed, and the message to the others.
    news: Option<(bool, &'a [u8])>,
    changed: &'a [Name],
}

struct Fill {
    key: Vec<u8>,
    pointer: Vec<u8>,
    customer: Option<(Vec<u8>, Vec<u8>)>,
    /// The customer whose changes make it old.
    concerns: Option<Name>,
    stamp: u64,
}

/// One piece of work that asks.
struct Consultation<'a> {
    rules: &'a Rules,
    ask: &'a Ask<'a>,
    lease: Option<Name>,
    current: &'a Arc<Keys>,
    previous: Option<&'a Arc<Keys>>,
    /// What is there does not open: it is passed over.
    skip: bool,
    /// What a lease is called that is taken now.
    number: u64,
    /// One that may have been taken for the same question before.
    doubted: Option<u64>,
}

/// What the script said: its word, and what follows.
struct Said(Vec<Reply>);

impl Said {
    fn is_hit(&self) -> bool {
        self.word() == Some(b"h")
    }

    fn word(&self) -> Option<&[u8]> {
        self.0.first()?.bytes()
    }

    fn number(&self, place: usize) -> Option<u64> {
        self.0.get(place)?.integer()?.try_into().ok()
    }

    fn time(&self, place: usize) -> Result<Duration, Unusable> {
        self.number(place).map(Duration::from_micros).ok_or(Unusable)
    }

    fn take_bytes(&mut self, place: usize) -> Option<Vec<u8>> {
        match self.0.get_mut(place).map(|reply| std::mem::replace(reply, Reply::Null))? {
            Reply::Bulk(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Consultation<'_> {
    fn call(&self, began: Instant) -> Result<Said, Unusable> {
        let (rules, ask) = (self.rules, self.ask);
        let lease = self.lease.map(|name| rules.names.key(b"l:", &name)).transpose()?;
        let mut pointers: [Vec<u8>; 2] = Default::default();
        let mut keys: [&[u8]; 6] = [&rules.stamps, &rules.budget, &rules.servers, b"", b"", b""];
        let mut count = 3;
        if let Some(lease) = &lease {
            (keys[3], count) = (lease, 4);
        }
        if let Some(question) = ask.question {
            let tried = [Some(self.current), self.previous];
            for (place, tried) in pointers.iter_mut().zip(tried.into_iter().flatten()) {
                *place = rules.names.key(b"q:", &tried.question(question))?;
            }
            for pointer in pointers.iter().filter(|pointer| !pointer.is_empty()) {
                keys[count] = pointer;
                count += 1;
            }
        }
        let claim = ask.claim.map(|claim| claim.fence).or(self.doubted);
        let claim = claim.map(digits).unwrap_or_default();
        let number = digits(self.number);
        let (number_of_keys, left) = (digits(count as u64), digits(micros(ask.left.min(LATEST))));
        let given = &rules.given;
        let mut arguments = room::list(1 + count + 15)?;
        arguments.push(number_of_keys.as_bytes());
        arguments.extend_from_slice(&keys[..count]);
        arguments.extend_from_slice(&[
            rules.me.as_slice(),
            claim.as_bytes(),
            left.as_bytes(),
            flag(ask.interactive),
            flag(ask.must_exist),
            flag(ask.only_known),
            flag(self.skip),
            given.fresh.as_bytes(),
            given.fresh_absent.as_bytes(),
            given.stale.as_bytes(),
            given.per_second.as_bytes(),
            given.burst.as_bytes(),
            &rules.customers,
            given.keep.as_bytes(),
            number.as_bytes(),
        ]);
        // What is left then is for PayNow's answer, which is asked without the network.
        let patience = rules.timeout.min((ask.left / 2).max(SHORTEST));
        let said = Said(rules.run(rules.scripts.consult, &arguments, (began, patience))?);
        rules.health.counted_servers(said.0.get(1).and_then(Reply::integer).unwrap_or(0));
        Ok(said)
    }

    /// No answer came that can be used. The work asks again while that may be because of a crowd; otherwise it goes alone.
    fn unanswered(&self, began: Instant) -> Result<Verdict, Unusable> {
        let (rules, ask) = (self.rules, self.ask);
        let now = Instant::now();
        let left = ask.left.saturating_sub(now.saturating_duration_since(began));
        let slow_for = rules.health.slow_for(now).filter(|_| !ask.only_known && left > SLOW_FOR);
        let is_patient = slow_for.is_some_and(|slow_for| slow_for < SLOW_FOR);
        if let (Some(name), None) = (self.lease, ask.claim) {
            let lease = Lease { name, number: self.doubted.unwrap_or(self.number) };
            if is_patient {
                rules.leases.doubt(lease, now);
            } else {
                rules.leases.give_up(lease);
                let _ = rules.free();
            }
        }
        if !is_patient {
            return Err(Unusable);
        }
        Ok(Verdict::Again(SLOW_AGAIN.mul_f64(rules.jitter())))
    }

    /// The answer in a hit. `None` when it does not open.
    fn open(&self, mut hit: Said) -> Option<Known> {
        let keys = match hit.number(2)? {
            0 => self.current,
            _ => self.previous?,
        };
        let age = hit.time(3).ok()?;
        let pointer = hit.take_bytes(4)?;
        let answer = match keys.read(&keys.question(self.ask.question?), &pointer)? {
            Pointer::Absent => KnownAnswer::Absent,
            Pointer::Customer { kept, .. } => KnownAnswer::Customer(keys.open(&kept, hit.take_bytes(5)?)?),
        };
        Some(Known { answer, age })
    }

    /// What the script says to work whose answer is not known.
    fn conclude(&self, said: &Said, began: Instant) -> Result<Verdict, Unusable> {
        let (rules, ask) = (self.rules, self.ask);
        let time = said.time(2)?;
        match said.word() {
            Some(b"g") => {
                rules.health.wrote();
                let lease = match (said.number(3), said.number(4), self.lease) {
                    (Some(number), Some(stamp), Some(name)) => Some((Lease { name, number }, stamp)),
                    _ => None,
                };
                if let Some((lease, _)) = lease {
                    rules.leases.hold(lease, began + ask.left.min(LATEST) + LATEST);
                }
                Ok(Verdict::Go {
                    after: time.min(ask.left),
                    claim: lease.map(|(lease, stamp)| claim_of(lease, stamp)),
                })
            }
            Some(b"a") => {
                let is_appointment = said.number(3) == Some(1);
                let pause = if is_appointment { time } else { time.mul_f64(rules.jitter()) };
                Ok(Verdict::Again(pause.min(LATEST)))
            }
            Some(b"r") => {
                // The script has taken the lease back.
                if let Some(claim) = ask.claim {
                    rules.leases.ended(lease_of(claim));
                }
                Ok(Verdict::Refused { retry_after: time.min(Duration::from_secs(3_600)) })
            }
            _ => Err(Unusable),
        }
    }
}

impl Network for Tier {
    fn consult(&self, ask: &Ask<'_>) -> Verdict {
        let rules = &*self.0;
        let _ = rules.free();
        rules.consult(ask).unwrap_or_else(|Unusable| Verdict::Alone { share: rules.health.share() })
    }

    fn settle(&self, settled: &Settled<'_>) {
        let rules = &*self.0;
        let is_written = settled.written != Written::Nothing;
        // First: whatever happens on the way, it is told again until it is too old to matter.
        rules.writes.note(settled.written, Instant::now());
        if let Some(claim) = settled.claim.filter(|_| !settled.keeps_claim) {
            rules.leases.ended(lease_of(claim));
        }
        if rules.settle(settled).is_err() {
            if is_written {
                rules.writes.owe();
            }
            // The others wait for it until they are told.
            if let Some(claim) = settled.claim.filter(|_| !settled.keeps_claim) {
                rules.leases.give_up(lease_of(claim));
            }
        }
    }

    fn give_up(&self, claim: Claim) {
        self.0.leases.give_up(lease_of(claim));
    }

    fn state(&self) -> NetworkState {
        self.0.health.state()
    }

    fn news(&self) -> Option<News> {
        self.0.health.news(Instant::now())
    }

    fn set_api_key(&self, key: Secret) {
        let rules = &*self.0;
        let Some(keys) = Keys::derive(&key, &rules.names.scope) else { return };
        let mut ring = rules.keys.write().unwrap_or_else(PoisonError::into_inner);
        if ring.current.id != keys.id {
            let previous = std::mem::replace(&mut ring.current, Arc::new(keys));
            ring.previous = Some((previous, Instant::now() + BOTH_KEYS));
        }
    }

    fn close(&self) {
        self.0.is_closed.store(true, Ordering::Release);
        if let Some(wire) = self.0.wire.get() {
            wire.close();
        }
    }
}

impl Drop for Tier {
    fn drop(&mut self) {
        // The link's thread ends here, so that it is not the last to hold the rules, and with them itself.
        self.close();
    }
}

/// What happens on the link, told on its thread.
struct Events(Weak<Rules>);

impl LinkEvents for Events {
    fn up(&self) {
        let Some(rules) = self.0.upgrade() else { return };
        // First, so that what is asked from here on is compared with it. What others wrote meanwhile was not heard.
        if rules.remind().is_err() {
            rules.writes.owe();
        }
        rules.forget.anything();
        let _ = rules.beat();
        rules.health.up();
    }

    fn down(&self, why: &str) {
        let Some(rules) = self.0.upgrade() else { return };
        rules.health.down(why, Instant::now());
    }

    fn push(&self, channel: &[u8], payload: &[u8]) {
        let Some(rules) = self.0.upgrade() else { return };
        if channel == rules.channel {
            rules.heard(payload);
        }
    }

    fn tick(&self) {
        let Some(rules) = self.0.upgrade() else { return };
        let _ = rules.free();
        if rules.writes.is_owed() && rules.remind().is_err() {
            rules.writes.owe();
        }
        let _ = rules.beat();
    }

    fn answered(&self, tag: u32, answer: Result<Vec<Reply>, LinkError>) {
        if let Some(rules) = self.0.upgrade() {
            rules.answered(tag, answer);
        }
    }
}

/// What no other server draws.
fn random() -> Result<u64, NoMemory> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoMemory)?;
    Ok(u64::from_ne_bytes(bytes))
}

fn lease_of(claim: Claim) -> Lease {
    let mut name = [0; LENGTH];
    name.copy_from_slice(&claim.name[..LENGTH]);
    Lease { name, number: claim.fence }
}

fn claim_of(lease: Lease, stamp: u64) -> Claim {
    let mut name = [0; 32];
    name[..LENGTH].copy_from_slice(&lease.name);
    Claim { name, fence: lease.number, stamp }
}

/// How long Redis keeps answers, and the stamps they are compared with.
fn kept(cache: &CachePolicy) -> Duration {
    cache.stale.max(cache.ttl).max(cache.negative_ttl)
}

fn micros(time: Duration) -> u64 {
    /// A year; Lua's numbers are exact far beyond.
    const MOST: u64 = 365 * 86_400 * 1_000_000;
    u64::try_from(time.as_micros()).unwrap_or(MOST).min(MOST)
}

#[inline(never)]
fn digits(number: u64) -> String {
    number.to_string()
}

fn flag(is_set: bool) -> &'static [u8] {
    if is_set { b"1" } else { b"0" }
}
