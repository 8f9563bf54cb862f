//! One of our threads that is stopped holds up no host call, wherever it is stopped.
//!
//! One client after the other does the same little work. Each time one of our threads is stopped one step later, until
//! none gets that far, and every host call that promises not to wait is made while it stands there.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::*;
use crate::operations::{
    Arguments, HttpRequest, LOOKUP_CUSTOMER, Operation, Parameter, REQUEST, Sent, UPDATE_CUSTOMER,
};
use crate::policy::{breaker::BreakerPolicy, cache::CachePolicy, rate::RatePolicy, retry::RetryPolicy};
use crate::sync::stops::{self, Armed, Step};
use crate::transport::{Connection, ConnectionCounts, Exchange, HttpAnswer, Interrupter, TransportError};

/// Longer than anything here takes, a thread that gives up waiting included.
const PATIENCE: Duration = Duration::from_secs(60);
const FOREVER: Duration = Duration::from_secs(600);
/// Says to the test's own program that it is the process of its own.
const ALONE: &str = "PAYNOW_TEST_STOPS";
/// Begins the lines that say how much was tried.
const STOPPED: &str = "stopped paynow-";
const HUNG: u64 = 2;
const PROBE: u64 = 3;

#[derive(Default)]
struct Api {
    exchanges: AtomicUsize,
    /// An exchange hangs that was not interrupted.
    hangs: AtomicBool,
}

struct FakeTransport(Arc<Api>);

impl Transport for FakeTransport {
    fn open(&self) -> Box<dyn Connection> {
        Box::new(FakeConnection { api: Arc::clone(&self.0), interrupter: Arc::default() })
    }

    fn set_api_key(&self, _: Secret) {}

    fn api_key(&self) -> Option<Secret> {
        None
    }

    fn connections(&self) -> ConnectionCounts {
        ConnectionCounts::default()
    }

    fn look_after_idle(&self, _: u32) {}

    fn close(&self) {}
}

struct FakeConnection {
    api: Arc<Api>,
    interrupter: Arc<Interrupter>,
}

impl Connection for FakeConnection {
    fn exchange(&mut self, request: &HttpRequest, _: bool) -> Exchange {
        let number = self.api.exchanges.fetch_add(1, Ordering::SeqCst);
        if request.target == "/hang" {
            while !self.interrupter.is_interrupted() {
                self.api.hangs.store(true, Ordering::SeqCst);
                std::thread::yield_now();
            }
            self.api.hangs.store(false, Ordering::SeqCst);
        }
        let answer = HttpAnswer {
            // The first is repeated.
            status: if number == 0 { 503 } else { 200 },
            content_type: "application/json".to_owned(),
            retry_after: None,
            body: Zeroizing::new(br#"{"id":"77"}"#.to_vec()),
        };
        Exchange { result: Ok(answer), sent: Sent::Answered, died_idle: false, credential: None }
    }

    fn warm(&mut self, _: u32) -> Result<bool, TransportError> {
        Ok(true)
    }

    fn interrupter(&self) -> Arc<Interrupter> {
        Arc::clone(&self.interrupter)
    }
}

/// A client, and what its host knows of its requests.
struct Host {
    runtime: Runtime,
    api: Arc<Api>,
    accepted: Mutex<Vec<Key>>,
    /// Whether they were sent, as they said.
    ended: Mutex<BTreeMap<Key, Sent>>,
}

impl Host {
    fn new() -> Self {
        let settings = Settings {
            store_id: "1".to_owned(),
            has_api_key: true,
            max_outstanding: 10,
            max_workers: 2,
            warm_connections: 1,
            max_held_bytes: usize::MAX,
            log_level: Some(LogLevel::Debug),
            flight_recorder: true,
            told: Box::default(),
            retry: RetryPolicy { base: Duration::ZERO, ..RetryPolicy::default() },
            breaker: BreakerPolicy::default(),
            rate: RatePolicy::default(),
            cache: CachePolicy::default(),
            network: None,
            first_generation: 1,
        };
        let api = Arc::<Api>::default();
        let runtime = Runtime::start(settings, Box::new(FakeTransport(Arc::clone(&api)))).unwrap();
        Self { runtime, api, accepted: Mutex::default(), ended: Mutex::default() }
    }

    fn ask(&self, operation: &'static Operation, tag: u64, deadline: Duration, values: &[(Parameter, &str)]) {
        let submission =
            Submission { deadline, priority: Priority::Interactive, tag, attachment: Attachment::NONE };
        let fill = |arguments: &mut Arguments| {
            values.iter().try_for_each(|(parameter, value)| arguments.text(*parameter, value))
        };
        match self.runtime.submit(operation, fill, || submission) {
            Ok(key) => self.accepted.lock().unwrap().push(key),
            Err(SubmitError::QueueFull | SubmitError::Shutdown) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn get(&self, path: &str, tag: u64, deadline: Duration) {
        let values = [(Parameter::Method, "GET"), (Parameter::Path, path), (Parameter::Auth, "none")];
        self.ask(&REQUEST, tag, deadline, &values);
    }

    fn post(&self, json: &str) {
        let target = [(Parameter::Method, "POST"), (Parameter::Path, "/ok"), (Parameter::Auth, "none")];
        let values: Vec<_> = target.into_iter().chain([(Parameter::Json, json)]).collect();
        self.ask(&REQUEST, PROBE, FOREVER, &values);
    }

    fn cancel_latest(&self) {
        let latest = self.accepted.lock().unwrap().last().copied();
        if let Some(key) = latest {
            self.runtime.cancel(key);
        }
    }

    fn peek(&self) {
        let fill = |arguments: &mut Arguments| arguments.text(Parameter::Name, "a");
        match self.runtime.peek(&LOOKUP_CUSTOMER, fill) {
            Ok(Some(key)) => assert!(self.runtime.release(key).is_ok()),
            Ok(None) | Err(SubmitError::QueueFull | SubmitError::Shutdown) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn collect(&self, limit: usize) {
        let _turn = self.runtime.consumer().enter().unwrap();
        let limit = limit.min(self.runtime.gather());
        for _ in 0..limit {
            let key = self.runtime.collect().unwrap();
            let sent = self.runtime.read(key).unwrap().outcome().sent;
            assert!(self.runtime.release(key).is_ok());
            assert_eq!(self.ended.lock().unwrap().insert(key, sent), None, "completed twice");
        }
        self.runtime.deliver_log(|_| {});
    }

    /// Something of everything that makes our threads share things with a host's.
    fn begin_work(&self) {
        self.get("/ok", 1, FOREVER);
        self.get("/hang", HUNG, FOREVER);
        self.get("/hang", 1, Duration::from_millis(3));
        for _ in 0..2 {
            self.ask(&LOOKUP_CUSTOMER, 1, FOREVER, &[(Parameter::Name, "a")]);
        }
        self.ask(&UPDATE_CUSTOMER, 1, FOREVER, &[(Parameter::CustomerId, "77"), (Parameter::Name, "b")]);
        self.post(&long());
        self.cancel_latest();
    }

    /// Goes on with it. True when all is done.
    fn go_on(&self) -> bool {
        if self.api.hangs.load(Ordering::SeqCst) {
            self.runtime.cancel_all(HUNG);
        }
        self.collect(usize::MAX);
        let stats = self.runtime.stats();
        self.ended.lock().unwrap().len() == self.accepted.lock().unwrap().len()
            && (stats.workers_busy, stats.held_bytes) == (0, 0)
    }
}

/// Too long to be kept in a slot.
fn long() -> String {
    format!("\"{}\"", "x".repeat(10_000))
}

type Call = (&'static str, fn(&Host));

/// Every call that promises not to wait.
const CALLS: &[Call] = &[
    ("submit", |host| host.get("/ok", PROBE, FOREVER)),
    ("cancel", Host::cancel_latest),
    ("submit of much", |host| host.post(&long())),
    ("peek", Host::peek),
    ("cancel_all", |host| {
        host.runtime.cancel_all(PROBE);
    }),
    ("poll", |host| host.collect(usize::MAX)),
    ("next", |host| host.collect(1)),
    ("stats", |host| {
        host.runtime.stats();
    }),
];

/// How often the calling thread has gone to sleep.
fn sleeps() -> libc::c_long {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the place is valid for writes; all zeros is a value of it already.
    unsafe {
        assert_eq!(libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()), 0);
        usage.assume_init().ru_nvcsw
    }
}

/// By call: how often it put its thread to sleep.
type Sleeps = BTreeMap<&'static str, usize>;

/// Makes every call while one of our threads is stopped.
fn call_everything(host: &Host, armed: Armed, step: Step, slept: &mut Sleeps) {
    for (name, call) in CALLS {
        let before = sleeps();
        call(host);
        *slept.entry(name).or_default() += usize::from(sleeps() > before);
        assert_nothing_waited(&armed, name);
    }
    assert_eq!(armed.stopped_before(Duration::ZERO), Some(step), "it stood there all the time");
}

fn assert_nothing_waited(armed: &Armed, what: &str) {
    if let Some((at, before)) = armed.gave_up() {
        panic!("{what} waits for one of our threads that is stopped at {at}, before {before}");
    }
}

/// Also when a test fails.
struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Stops one of our threads before its step number `nth`, if one gets that far.
fn stop_one(thread: &'static str, nth: usize, slept: &mut Sleeps) -> Option<Step> {
    let armed = stops::arm(thread, nth);
    let host = Host::new();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // A consumer that waits, so that there is a thread to wake.
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let is_done = || host.runtime.has_completions();
                host.runtime.consumer().wait(Duration::from_millis(1), is_done);
                std::thread::yield_now();
            }
        });
        let over = SetWhenDropped(&over);
        host.begin_work();
        let give_up = Instant::now() + PATIENCE;
        let wait = |armed: &Armed| loop {
            let step = armed.stopped_before(Duration::from_micros(50));
            assert_nothing_waited(armed, "poll, cancel_all or stats");
            if step.is_some() || host.go_on() {
                return step;
            }
            assert!(Instant::now() < give_up, "the work is never done");
        };
        let mut step = wait(&armed);
        let mut armed = Some(armed);
        if let Some(step) = step
            && let Some(armed) = armed.take()
        {
            call_everything(&host, armed, step, slept);
            while !host.go_on() {
                assert!(Instant::now() < give_up, "the work is never done");
            }
        }
        let ending = scope.spawn(|| host.runtime.stop());
        while let Some(waiting) = &armed {
            step = waiting.stopped_before(Duration::from_micros(50));
            if let Some(step) = step
                && let Some(armed) = armed.take()
            {
                call_everything(&host, armed, step, slept);
            } else if ending.is_finished() {
                armed = None;
            }
        }
        ending.join().unwrap();
        drop(over);
        host.collect(usize::MAX);
        let accepted: BTreeSet<Key> = host.accepted.lock().unwrap().iter().copied().collect();
        let ended: BTreeSet<Key> = host.ended.lock().unwrap().keys().copied().collect();
        assert_eq!(ended, accepted, "what was accepted completes");
        step
    })
}

/// Cancels a request while a worker is stopped before its step number `nth`, if one gets that far.
fn cancel_at(nth: usize) -> Option<Step> {
    let armed = stops::arm("paynow-worker", nth);
    let host = Host::new();
    host.get("/ok", PROBE, FOREVER);
    let give_up = Instant::now() + PATIENCE;
    let is_over = || !host.ended.lock().unwrap().is_empty();
    let mut step = None;
    while step.is_none() && !is_over() {
        assert!(Instant::now() < give_up, "the work is never done");
        step = armed.stopped_before(Duration::from_micros(50));
        host.collect(usize::MAX);
    }
    host.runtime.cancel_all(PROBE);
    drop(armed);
    // What a worker is about to send is sent, or is not, when this returns.
    host.runtime.stop();
    host.collect(usize::MAX);
    let ended: Vec<Sent> = host.ended.lock().unwrap().values().copied().collect();
    let exchanges = host.api.exchanges.load(Ordering::SeqCst);
    assert_eq!(ended.len(), 1);
    assert!(
        ended != [Sent::Never] || exchanges == 0,
        "cancelled before {step:?}, it says that it was never sent, and was sent {exchanges} times"
    );
    step
}

#[expect(clippy::print_stdout, reason = "says how much was tried")]
fn report(line: &str) {
    println!("{line}");
}

/// Whether this is a process for this test alone: threads of other tests have the same names, and their memory traffic puts
/// host threads to sleep. Runs the test in one otherwise.
fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let name = format!("runtime::stops::{test}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args([&name, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    said.lines().filter_map(|line| line.get(line.find(STOPPED)?..)).for_each(report);
    false
}

#[test]
fn what_is_cancelled_before_it_is_sent_is_not_sent() {
    if !is_alone("what_is_cancelled_before_it_is_sent_is_not_sent") {
        return;
    }
    let cancelled = (1..).take_while(|nth| cancel_at(*nth).is_some()).count();
    assert!(cancelled > 10, "a worker took only {cancelled} steps");
    report(&format!("stopped paynow-worker before each of {cancelled} steps, to cancel its request"));
}

#[test]
fn a_stopped_library_thread_holds_up_no_host_call() {
    if !is_alone("a_stopped_library_thread_holds_up_no_host_call") {
        return;
    }
    let mut seen = BTreeSet::new();
    let mut slept = Sleeps::new();
    let mut stopped = 0;
    for thread in ["paynow-dispatcher", "paynow-worker"] {
        let mut misses = 0;
        let mut nth = 1;
        // Not every run takes as many steps as the one before.
        while misses < 3 {
            match stop_one(thread, nth, &mut slept) {
                Some((at, what)) => {
                    seen.insert((at.file(), what));
                    misses = 0;
                }
                None => misses += 1,
            }
            nth += 1;
        }
        assert!(nth > 100, "{thread} took only {nth} steps");
        report(&format!("stopped {thread} before each of {} steps", nth - misses - 1));
        stopped += nth - misses - 1;
    }
    // The system may put a thread to sleep by chance, when another changes the process's memory, but not often.
    let often = slept.iter().filter(|(_, times)| **times * 20 > stopped).collect::<Vec<_>>();
    assert!(often.is_empty(), "of {stopped} calls each, calls that put their thread to sleep: {often:?}");
    for (file, what) in [
        ("mailbox/chain.rs", "a step"),
        ("mailbox/consumer.rs", "a step"),
        ("mailbox/log.rs", "a step"),
        ("mailbox/pile.rs", "a step"),
        ("mailbox/slots.rs", "a step"),
        ("engine/mod.rs", "what it does with the lock"),
    ] {
        let was_seen =
            seen.iter().any(|(path, step)| path.replace('\\', "/").ends_with(file) && *step == what);
        assert!(was_seen, "no thread was stopped in {file} before {what}");
    }
}
