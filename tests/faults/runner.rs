//! Runs rows, several at once, and says of each whether it went as its table says.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use paynow_bridge::{Call, Client, Completion, Priority, RequestId, Source, Status};

use super::neighbour::Neighbour;
use super::row::{Act, Ask, Asked, Expect, Kind, Meanwhile, Reached, Row, Server, TAG, TOKEN};
use super::support::Sandbox;

/// How long beyond its deadline a completion is waited for before it counts as lost: no figure of the library's,
/// only what a machine that does three other things may need.
const LIVENESS: Duration = Duration::from_secs(45);
/// What a client may need at most while a server sends it gigabytes.
const FRUGAL_KIB: u64 = 64 * 1024;
/// Rows that run at the same time: most of them wait for something.
const AT_ONCE: usize = 3;

/// Runs the rows and panics with all that failed.
pub fn run(rows: Vec<Row>) {
    let count = rows.len();
    let rows = Mutex::new(rows.into_iter());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(count) {
            scope.spawn(|| {
                let sandbox = Sandbox::start();
                loop {
                    let Some(row) = rows.lock().unwrap().next() else { return };
                    match catch_unwind(AssertUnwindSafe(|| play(&row, &sandbox))) {
                        Ok(()) => println!("row {} ok", row.name),
                        Err(panic) => {
                            let why = reason(panic.as_ref());
                            println!("row {} FAILED: {why}", row.name);
                            failures.lock().unwrap().push(format!("{}: {why}", row.name));
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {count} rows failed:\n{}", failures.len(), failures.join("\n"));
}

fn reason(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// A row on its way.
pub struct Scene<'a> {
    pub client: &'a Client,
    pub sandbox: &'a Sandbox,
    pub neighbour: Option<&'a Neighbour>,
    token: RefCell<String>,
    calls: Cell<u64>,
    attempts: Cell<u64>,
}

fn play(row: &Row, sandbox: &Sandbox) {
    sandbox.admin("POST", "reset", "");
    let elsewhere = Neighbour::start(std::sync::Arc::new(|_| {}));
    let neighbour = match &row.server {
        Server::Neighbour(_, script) | Server::Proxy(_, script) => Some(Neighbour::start(script.clone())),
        Server::Sandbox | Server::Unreachable(_) => None,
    };
    let port = neighbour.as_ref().map_or(0, Neighbour::port);
    let (base, proxy) = match &row.server {
        Server::Sandbox => (sandbox.base.clone(), String::new()),
        Server::Neighbour(base, _) => (format!("{base}:{port}"), String::new()),
        Server::Proxy(base, _) => ((*base).to_owned(), format!("http://127.0.0.1:{port}")),
        Server::Unreachable(address) => (address(), String::new()),
    };
    // Waits between attempts are the policy's own tests' business; here they would only take time.
    let builder = sandbox.builder().api_base(base).proxy(proxy).retry_base(Duration::from_millis(1));
    let client = row.settings.iter().fold(builder, |builder, set| set(builder)).build().unwrap();
    let scene = Scene {
        client: &client,
        sandbox,
        neighbour: neighbour.as_ref(),
        token: RefCell::new(TOKEN.to_owned()),
        calls: Cell::new(0),
        attempts: Cell::new(0),
    };
    let memory = row.frugal.then(Memory::watch);
    for act in &row.acts {
        match act {
            Act::Plan(plan) => {
                let elsewhere = format!("127.0.0.1:{}", elsewhere.port());
                sandbox.faults(&plan().to_string().replace("ELSEWHERE", &elsewhere));
            }
            Act::Ask(asked) => scene.ask(asked),
            Act::Play(play) => play(&scene),
        }
    }
    if let Some(memory) = memory {
        let grown = memory.grown_kib();
        assert!(grown < FRUGAL_KIB, "memory grew by {grown} KiB");
    }
    client.shutdown();
    assert!(client.next(Duration::ZERO).unwrap().is_none(), "a completion too many");
    let stats = client.stats();
    assert_eq!(stats.submitted, scene.calls.get(), "calls accepted");
    assert_eq!(stats.delivered, stats.submitted, "every call completes once");
    assert_eq!((stats.outstanding, stats.discarded), (0, 0));
    let attempts = scene.attempts.get();
    // The client is gone: nothing can arrive any more.
    let tally = |arrived: u64| match row.reached {
        Reached::Attempts => assert_eq!(arrived, attempts, "requests that reached the server"),
        Reached::AtMostAttempts => assert!(arrived <= attempts, "{arrived} requests for {attempts} attempts"),
        Reached::Exactly(requests) => assert_eq!(arrived, requests, "requests that reached the server"),
    };
    let arrived = || arrived(neighbour.as_ref(), sandbox);
    drop(client);
    tally(arrived());
    assert_eq!(sandbox.admin("GET", "stats", "")["creates_effective"], row.creates, "customers created");
    assert_eq!(elsewhere.connections(), 0, "another host was contacted");
}

impl Scene<'_> {
    /// Makes a call, and checks how it ends.
    fn ask(&self, asked: &Asked) {
        let begun = Instant::now();
        let seen = self.arrived();
        let id = self.submit(asked.ask, asked.deadline);
        if asked.meanwhile != Meanwhile::Nothing {
            self.until("the request arrives", || self.arrived() > seen);
        }
        match asked.meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Cancel => assert!(self.client.cancel(id), "nothing but the cancel decides"),
            Meanwhile::CancelAll => assert_eq!(self.client.cancel_all(TAG), 1),
            Meanwhile::Shutdown => self.client.shutdown(),
        }
        let completion = self.next(asked.deadline);
        assert_eq!(completion.id(), id);
        assert_eq!(completion.operation(), asked.ask.operation());
        self.check(&completion, &asked.expect);
        if completion.status() == Status::Timeout {
            // A millisecond for the two clocks.
            let waited = begun.elapsed() + Duration::from_millis(1);
            assert!(waited >= asked.deadline, "given up after {waited:?}");
        }
    }

    /// The next completion, which must come by its deadline, give or take a busy machine.
    pub fn next(&self, deadline: Duration) -> Completion<'_> {
        let completion =
            self.client.next(deadline + LIVENESS).unwrap().expect("a completion by the deadline");
        self.calls.set(self.calls.get() + 1);
        self.attempts.set(self.attempts.get() + u64::from(completion.attempts()));
        completion
    }

    /// Checks what the row says, and what is true of every completion.
    pub fn check(&self, completion: &Completion<'_>, expect: &Expect) {
        let message = completion.message();
        let said = (completion.status(), completion.http_status(), Kind::of(completion.answer()));
        assert_eq!(said, (expect.status, expect.http, expect.answer), "{message:?}");
        assert_eq!(completion.source(), expect.source);
        assert_eq!((completion.sent(), completion.attempts()), (expect.sent, expect.attempts), "{message:?}");
        assert_eq!(completion.tag(), TAG);
        assert_eq!(message.is_none(), completion.status() == Status::Ok, "{message:?}");
        let message = message.unwrap_or_default();
        for word in &expect.words {
            assert!(message.contains(word), "{word:?} is not in {message:?}");
        }
        for check in &expect.checks {
            check(completion);
        }
        assert!(!message.chars().any(char::is_control), "more than a line for a log: {message:?}");
        if let Some(token) = completion.token() {
            *self.token.borrow_mut() = token.expose().to_string();
        }
        let printed = format!("{message} {completion:?}");
        for secret in [self.sandbox.api_key.as_str(), &self.token.borrow()] {
            assert!(!printed.contains(secret), "a secret was printed: {printed}");
        }
    }

    /// How many requests the server has got.
    pub fn arrived(&self) -> u64 {
        arrived(self.neighbour, self.sandbox)
    }

    /// Makes a call without waiting for its end.
    pub fn submit(&self, ask: Ask, deadline: Duration) -> RequestId {
        let call = Call { deadline: Some(deadline), priority: Priority::default(), tag: TAG };
        ask.submit(self.client, &self.token.borrow(), &call).expect("accepted")
    }

    /// Checks that a question asked at `asked_at` was sent once and that `source` says so of an answer that was shared. One
    /// that got no answer for a second is asked again by those that wait for it, so that a machine that took so long may
    /// have sent it twice.
    pub fn check_sent_once(&self, asked_at: Instant, source: Source, expected: Source) {
        if asked_at.elapsed() < Duration::from_secs(1) {
            assert_eq!((source, self.arrived()), (expected, 1));
        }
    }

    /// Waits for something that must become true.
    pub fn until(&self, what: &str, mut is_true: impl FnMut() -> bool) {
        let give_up = Instant::now() + LIVENESS;
        while !is_true() {
            assert!(Instant::now() < give_up, "never: {what}");
            std::thread::yield_now();
        }
    }
}

fn arrived(neighbour: Option<&Neighbour>, sandbox: &Sandbox) -> u64 {
    neighbour.map_or_else(|| sandbox.requests(), |neighbour| neighbour.heard().len() as u64)
}

/// The highest this process's memory has been.
struct Memory {
    before: Option<u64>,
}

impl Memory {
    fn watch() -> Self {
        // Forgets what other rows needed before, where the system lets one.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        Self { before: Self::peak_kib() }
    }

    /// `None` where the system does not say.
    fn peak_kib() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    }

    fn grown_kib(&self) -> u64 {
        let (Some(before), Some(now)) = (self.before, Self::peak_kib()) else { return 0 };
        now.saturating_sub(before)
    }
}
