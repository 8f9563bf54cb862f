//! A Redis of a test's own, and servers that share it: the rules of each, over a simple connection.

#[allow(clippy::duplicate_mod, reason = "the tests of the link have it too")]
#[path = "../../../../tests/support/redis.rs"]
pub(in super::super) mod server;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use crate::model::Secret;
use crate::network::link::{
    Commands, LinkError, LinkErrorKind, LinkEvents, Reply, ReplyError, ReplyErrorKind,
};
use crate::network::tier::scripts::Scripts;
use crate::network::tier::{Events, Rules, Tier, TierSettings, Wire};
use crate::network::{Ask, Claim, Forget, Network, Settled, SettledAnswer, Verdict, Written};
use crate::policy::cache::CachePolicy;
use crate::policy::rate::RatePolicy;

/// How long a test waits for what should happen at once.
pub(in super::super) const PATIENCE: Duration = Duration::from_secs(20);

/// `None`, and a word about it, where there is no Redis.
pub(in super::super) fn redis(options: &[&str]) -> Option<Arc<Redis>> {
    let thread = std::thread::current();
    let server = server::Redis::start(thread.name().unwrap_or_default(), options)?;
    let control = Mutex::new(Connection::open(server.port).unwrap());
    Some(Arc::new(Redis { server, control }))
}

pub(in super::super) struct Redis {
    pub(in super::super) server: server::Redis,
    control: Mutex<Connection>,
}

impl Redis {
    fn connect(&self) -> Connection {
        Connection::open(self.server.port).unwrap()
    }

    /// Runs a command of a test's own.
    pub(in super::super) fn run(&self, command: &[&[u8]]) -> Reply {
        self.control.lock().unwrap().run(command)
    }

    /// Tells it the time.
    pub(in super::super) fn tell(&self, clock: &str, now: Duration) {
        self.run(&[b"SET", clock.as_bytes(), now.as_micros().to_string().as_bytes()]);
    }

    pub(in super::super) fn keys(&self, pattern: &str) -> Vec<String> {
        let reply = self.run(&[b"KEYS", pattern.as_bytes()]);
        let text = |reply: &Reply| String::from_utf8(reply.bytes().unwrap().to_vec()).unwrap();
        reply.items().unwrap().iter().map(text).collect()
    }
}

/// A connection that waits.
pub(in super::super) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut connection = Self { stream: BufReader::new(stream) };
        connection.run(&[b"HELLO", b"3"]);
        Ok(connection)
    }

    pub(in super::super) fn run(&mut self, command: &[&[u8]]) -> Reply {
        self.send(Commands::new().add(command).bytes().unwrap()).unwrap();
        self.read().unwrap()
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub(in super::super) fn read(&mut self) -> io::Result<Reply> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        let end = line.strip_suffix(b"\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let (kind, rest) = end.split_first().ok_or(io::ErrorKind::InvalidData)?;
        let text = String::from_utf8_lossy(rest).into_owned();
        let number = text.parse::<i64>().unwrap_or(-1);
        Ok(match kind {
            b'+' => Reply::Simple(rest.to_vec()),
            b'-' => Reply::Error(ReplyError { kind: ReplyErrorKind::read(rest), message: text }),
            b':' => Reply::Integer(number),
            b'_' => Reply::Null,
            b',' => Reply::Double(text.parse().unwrap()),
            b'$' if number < 0 => Reply::Null,
            b'$' => {
                let mut bytes = vec![0; number as usize + 2];
                self.stream.read_exact(&mut bytes)?;
                bytes.truncate(number as usize);
                Reply::Bulk(bytes)
            }
            b'*' | b'>' | b'~' => {
                let items = (0..number).map(|_| self.read()).collect::<io::Result<_>>()?;
                if *kind == b'>' { Reply::Push(items) } else { Reply::Array(items) }
            }
            b'%' => {
                Reply::Map((0..number).map(|_| Ok((self.read()?, self.read()?))).collect::<io::Result<_>>()?)
            }
            other => panic!("a reply of kind {other}"),
        })
    }
}

/// What a server's memory was told to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Forgotten {
    Customer(String),
    Created,
    Anything,
}

#[derive(Default)]
pub(in super::super) struct Memory(Mutex<Vec<Forgotten>>);

impl Memory {
    pub(in super::super) fn take(&self) -> Vec<Forgotten> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub(in super::super) struct Forgetful(pub(in super::super) Arc<Memory>);

impl Forget for Forgetful {
    fn customer(&self, id: &str) {
        self.0.0.lock().unwrap().push(Forgotten::Customer(id.to_owned()));
    }

    fn created(&self) {
        self.0.0.lock().unwrap().push(Forgotten::Created);
    }

    fn anything(&self) {
        self.0.0.lock().unwrap().push(Forgotten::Anything);
    }
}

/// The connection of a server's rules.
struct TestWire {
    connection: Mutex<Connection>,
    events: OnceLock<Events>,
    is_cut: Arc<AtomicBool>,
    loses_answers: Arc<AtomicBool>,
}

impl TestWire {
    fn exchange(&self, commands: &Commands) -> Result<Vec<Reply>, LinkError> {
        let lost = LinkError { kind: LinkErrorKind::Lost, message: "the connection was lost" };
        if self.is_cut.load(Ordering::Acquire) {
            return Err(LinkError { kind: LinkErrorKind::Down, message: "there is no connection" });
        }
        let mut connection = self.connection.lock().unwrap();
        connection.send(commands.bytes().unwrap()).map_err(|_| lost.clone())?;
        (0..commands.len()).map(|_| connection.read().map_err(|_| lost.clone())).collect()
    }
}

impl Wire for Arc<TestWire> {
    fn call(&self, commands: &Commands, _timeout: Duration) -> Result<Vec<Reply>, LinkError> {
        let answer = self.exchange(commands);
        if self.loses_answers.load(Ordering::Acquire) {
            return Err(LinkError { kind: LinkErrorKind::TimedOut, message: "no answer came in time" });
        }
        answer
    }

    fn ask(&self, commands: &Commands, tag: u32) -> Result<(), LinkError> {
        let mut answer = self.exchange(commands);
        let is_unknown = |reply: &Reply| reply.error().is_some_and(|e| e.kind == ReplyErrorKind::NoScript);
        if let (Ok([reply]), Some(whole)) = (answer.as_deref(), commands.whole())
            && is_unknown(reply)
        {
            answer = self.exchange(&whole);
        }
        if answer.as_ref().is_err_and(|error| error.kind == LinkErrorKind::Down) {
            return answer.map(drop);
        }
        self.events.get().unwrap().answered(tag, answer);
        Ok(())
    }

    fn close(&self) {
        self.is_cut.store(true, Ordering::Release);
    }
}

/// A server of the network.
pub(in super::super) struct Server {
    pub(in super::super) tier: Tier,
    pub(in super::super) memory: Arc<Memory>,
    pub(in super::super) is_cut: Arc<AtomicBool>,
    /// What is asked is done, and its answer comes too late.
    pub(in super::super) loses_answers: Arc<AtomicBool>,
    heard: Mutex<Connection>,
    redis: Arc<Redis>,
}

/// What servers are set to.
#[derive(Clone)]
pub(in super::super) struct Setup {
    pub(in super::super) store: &'static str,
    pub(in super::super) network: &'static str,
    pub(in super::super) api_key: Secret,
    pub(in super::super) rate: RatePolicy,
    pub(in super::super) cache: CachePolicy,
    /// The key under which Redis is told the time.
    pub(in super::super) clock: Option<&'static str>,
    pub(in super::super) user: Option<&'static str>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            store: "1",
            network: "",
            api_key: Secret::new("pnapi_first".to_owned()),
            rate: RatePolicy::default(),
            cache: CachePolicy::default(),
            clock: None,
            user: None,
        }
    }
}

impl Server {
    pub(in super::super) fn start(redis: &Arc<Redis>, setup: &Setup) -> Self {
        let settings = TierSettings {
            store_id: setup.store.to_owned(),
            api_key: setup.api_key.clone(),
            rate: setup.rate,
            cache: setup.cache,
        };
        let memory = Arc::new(Memory::default());
        let forget = Box::new(Forgetful(Arc::clone(&memory)));
        let mut rules = Rules::new(&settings, setup.network, PATIENCE, forget).unwrap();
        if let Some(clock) = setup.clock {
            rules.scripts = Scripts::with_clock(clock);
        }
        let rules = Arc::new(rules);
        let connect = || {
            let mut connection = redis.connect();
            if let Some(user) = setup.user {
                let reply = connection.run(&[b"AUTH", user.as_bytes(), b"pnpw_test"]);
                assert!(reply.error().is_none(), "{reply:?}");
            }
            connection
        };
        let is_cut = Arc::new(AtomicBool::new(false));
        let loses_answers = Arc::new(AtomicBool::new(false));
        let wire = Arc::new(TestWire {
            connection: Mutex::new(connect()),
            events: OnceLock::new(),
            is_cut: Arc::clone(&is_cut),
            loses_answers: Arc::clone(&loses_answers),
        });
        let _ = wire.events.set(Events(Arc::downgrade(&rules)));
        let _ = rules.wire.set(Box::new(wire));
        let mut heard = connect();
        let reply = heard.run(&[b"SUBSCRIBE", &rules.channel]);
        assert!(matches!(reply, Reply::Push(_)), "{reply:?}");
        let server = Self {
            tier: Tier(rules),
            memory,
            is_cut,
            loses_answers,
            heard: Mutex::new(heard),
            redis: Arc::clone(redis),
        };
        server.events().up();
        server.memory.take();
        server
    }

    pub(in super::super) fn events(&self) -> Events {
        Events(Arc::downgrade(&self.tier.0))
    }

    pub(in super::super) fn rules(&self) -> &Rules {
        &self.tier.0
    }

    /// Hears what was published until now.
    pub(in super::super) fn hear(&self) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let end = format!("end {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.redis.run(&[b"PUBLISH", &self.rules().channel, end.as_bytes()]);
        loop {
            let Ok(Reply::Push(items)) = self.heard.lock().unwrap().read() else { panic!("no message") };
            let payload = items[2].bytes().unwrap();
            if payload == end.as_bytes() {
                return;
            }
            if payload.starts_with(b"end ") {
                continue;
            }
            self.events().push(items[1].bytes().unwrap(), payload);
        }
    }

    pub(in super::super) fn ask(&self, ask: Ask<'_>) -> Verdict {
        self.tier.consult(&ask)
    }

    /// Asks PayNow for a customer, in time and for a player.
    pub(in super::super) fn look_up(&self, question: &str) -> Verdict {
        self.ask(look_up(question))
    }

    /// What is known of a question, with its body as text; "" for "no such customer".
    pub(in super::super) fn known(&self, question: &str) -> Option<String> {
        match self.ask(Ask { only_known: true, ..look_up(question) }) {
            Verdict::Known(known) => Some(said(&known)),
            Verdict::Refused { .. } => None,
            other => panic!("{}", describe(&other)),
        }
    }

    /// PayNow answers.
    pub(in super::super) fn answer(&self, claim: Claim, question: &str, answer: SettledAnswer<'_>) {
        self.tier.settle(&Settled { claim: Some(claim), question: Some(question), answer, ..settled() });
    }

    pub(in super::super) fn answer_customer(&self, claim: Claim, question: &str, id: &str, body: &str) {
        self.answer(claim, question, SettledAnswer::Customer { id, body: body.as_bytes() });
    }

    pub(in super::super) fn write(&self, written: Written<'_>) {
        self.tier.settle(&Settled { written, ..settled() });
    }
}

pub(in super::super) fn look_up(question: &str) -> Ask<'_> {
    Ask {
        question: Some(question),
        must_exist: false,
        only_known: false,
        interactive: true,
        left: Duration::from_secs(10),
        claim: None,
    }
}

/// Only a place.
pub(in super::super) fn place() -> Ask<'static> {
    Ask { question: None, ..look_up("") }
}

pub(in super::super) fn settled() -> Settled<'static> {
    Settled {
        claim: None,
        keeps_claim: false,
        question: None,
        answer: SettledAnswer::Other,
        asked_at_age: Duration::ZERO,
        rate_limited: None,
        written: Written::Nothing,
    }
}

pub(in super::super) fn said(known: &crate::network::Known) -> String {
    match &known.answer {
        crate::network::KnownAnswer::Customer(body) => String::from_utf8(body.to_vec()).unwrap(),
        crate::network::KnownAnswer::Absent => String::new(),
    }
}

pub(in super::super) fn describe(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Known(known) => format!("known: {}, for {:?}", said(known), known.age),
        Verdict::Go { after, claim } => format!("go after {after:?}, {claim:?}"),
        Verdict::Again(after) => format!("again after {after:?}"),
        Verdict::Refused { retry_after } => format!("refused for {retry_after:?}"),
        Verdict::Alone { share } => format!("alone, {share:?}"),
    }
}

/// The claim of work that may go now.
#[track_caller]
pub(in super::super) fn goes(verdict: Verdict) -> Claim {
    match verdict {
        Verdict::Go { after: Duration::ZERO, claim: Some(claim) } => claim,
        other => panic!("{}", describe(&other)),
    }
}

#[track_caller]
pub(in super::super) fn waits(verdict: Verdict) -> Duration {
    match verdict {
        Verdict::Again(pause) => pause,
        other => panic!("{}", describe(&other)),
    }
}
