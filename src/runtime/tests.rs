//! The runtime's promise, against a transport that does what a test wants.

mod network;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::*;
use crate::operations::{Arguments, Operation};
use crate::room::counting::each_refused;

use crate::operations::{
    Answer, CREATE_CUSTOMER, ENSURE_CUSTOMER, GET_CURRENT_CUSTOMER, HttpRequest, LOOKUP_CUSTOMER, Parameter,
    REQUEST, Sent, Status, TOKEN_FOR, UPDATE_CUSTOMER,
};
use crate::policy::{breaker::BreakerPolicy, cache::CachePolicy, rate::RatePolicy, retry::RetryPolicy};
use crate::transport::{Connection, ConnectionCounts, Exchange, HttpAnswer, Interrupter, TransportError};

/// Longer than anything a test waits for takes; what would take so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// A deadline that comes after a test has given up: what it does must never be taken for what was waited for.
const FOREVER: Duration = Duration::from_secs(600);

/// What the lines of a test share.
#[derive(Default)]
struct World {
    /// What is answered to a target, one after the other; the last one again and again.
    script: Mutex<HashMap<&'static str, Vec<(u16, &'static str)>>>,
    exchanges: AtomicUsize,
    lines: AtomicU32,
    /// What opening a connection ahead does.
    warming: Mutex<Warming>,
    warmed: AtomicU32,
    gate_open: Mutex<bool>,
    gate: Condvar,
}

/// What opening a connection ahead of a request does.
#[derive(Debug, Clone, Copy, Default)]
enum Warming {
    #[default]
    Works,
    Fails,
    Hangs,
    Panics,
}

impl World {
    fn say(&self, target: &'static str, answers: &[(u16, &'static str)]) {
        self.script.lock().unwrap().insert(target, answers.to_vec());
    }

    fn scripted(&self, target: &str) -> Option<(u16, &'static str)> {
        let mut script = self.script.lock().unwrap();
        let answers = script.get_mut(target)?;
        Some(if answers.len() > 1 { answers.remove(0) } else { answers[0] })
    }

    fn exchanges(&self) -> usize {
        self.exchanges.load(Ordering::SeqCst)
    }

    fn open_gate(&self) {
        *self.gate_open.lock().unwrap() = true;
        self.gate.notify_all();
    }
}

/// An answer; status 0 is a connection that could not be made.
fn answered(status: u16, body: &str) -> Exchange {
    let error = || TransportError {
        status: Status::Connect,
        message: "refused".to_owned(),
        http_status: 0,
        is_local: false,
    };
    let answer = HttpAnswer {
        status,
        content_type: "application/json".to_owned(),
        retry_after: None,
        body: Zeroizing::new(body.as_bytes().to_vec()),
    };
    Exchange {
        result: if status == 0 { Err(error()) } else { Ok(answer) },
        sent: if status == 0 { Sent::Never } else { Sent::Answered },
        died_idle: false,
        credential: None,
    }
}

struct FakeTransport(Arc<World>);

impl Transport for FakeTransport {
    fn open(&self) -> Box<dyn Connection> {
        self.0.lines.fetch_add(1, Ordering::SeqCst);
        Box::new(FakeLine { world: Arc::clone(&self.0), interrupter: Arc::default(), broken: false })
    }

    fn set_api_key(&self, _: crate::model::Secret) {}

    fn api_key(&self) -> Option<crate::model::Secret> {
        Some(crate::model::Secret::new("the-api-key".to_owned()))
    }

    fn connections(&self) -> ConnectionCounts {
        ConnectionCounts {
            opened: self.0.lines.load(Ordering::SeqCst),
            open: self.0.warmed.load(Ordering::SeqCst),
            ..ConnectionCounts::default()
        }
    }

    fn look_after_idle(&self, _: u32) {}

    fn close(&self) {}
}

struct FakeLine {
    world: Arc<World>,
    interrupter: Arc<Interrupter>,
    /// A panic leaves it in no state to be used again.
    broken: bool,
}

impl Connection for FakeLine {
    fn exchange(&mut self, request: &HttpRequest, _: bool) -> Exchange {
        self.world.exchanges.fetch_add(1, Ordering::SeqCst);
        assert!(!self.broken, "a line is used after a panic");
        if request.target == "/reset" {
            // A kept connection that turns out to be dead, as does the new one after it.
            let message = "reset".to_owned();
            return Exchange {
                result: Err(TransportError {
                    status: Status::Transport,
                    message,
                    http_status: 0,
                    is_local: false,
                }),
                sent: Sent::Maybe,
                died_idle: true,
                credential: None,
            };
        }
        if let Some((status, body)) = self.world.scripted(&request.target) {
            return answered(status, body);
        }
        let body = match request.target.as_str() {
            "/panic" => {
                self.broken = true;
                panic!("a panic a test wants")
            }
            "/hang" => {
                // As a socket does: blocked until another thread interrupts.
                while !self.interrupter.is_interrupted() {
                    std::thread::yield_now();
                }
                "null".to_owned()
            }
            "/gate" => {
                let mut open = self.world.gate_open.lock().unwrap();
                while !*open && !self.interrupter.is_interrupted() {
                    open = self.world.gate.wait_timeout(open, Duration::from_millis(1)).unwrap().0;
                }
                "null".to_owned()
            }
            "/lack" => {
                let mut lacking = answered(0, "");
                if let Err(error) = &mut lacking.result {
                    error.is_local = true;
                    error.message = "no file descriptor is left".to_owned();
                }
                return lacking;
            }
            "/large" => format!("\"{}\"", "x".repeat(1_000)),
            _ => "null".to_owned(),
        };
        answered(200, &body)
    }

    fn warm(&mut self, wanted: u32) -> Result<bool, TransportError> {
        let before = self.world.warmed.fetch_add(1, Ordering::SeqCst);
        assert!(before < wanted, "more are opened than are wanted");
        let warming = *self.world.warming.lock().unwrap();
        match warming {
            Warming::Works => Ok(true),
            Warming::Panics => panic!("a panic a test wants"),
            Warming::Fails | Warming::Hangs => {
                while matches!(warming, Warming::Hangs) && !self.interrupter.is_interrupted() {
                    std::thread::yield_now();
                }
                Err(TransportError {
                    status: Status::Connect,
                    message: "refused".to_owned(),
                    http_status: 0,
                    is_local: false,
                })
            }
        }
    }

    fn interrupter(&self) -> Arc<Interrupter> {
        Arc::clone(&self.interrupter)
    }
}

fn settings() -> Settings {
    Settings {
        store_id: "1".to_owned(),
        has_api_key: true,
        max_outstanding: 10_000,
        max_workers: 4,
        warm_connections: 0,
        max_held_bytes: usize::MAX,
        log_level: Some(LogLevel::Info),
        flight_recorder: true,
        told: Box::default(),
        retry: RetryPolicy::default(),
        breaker: BreakerPolicy::default(),
        rate: RatePolicy::default(),
        cache: CachePolicy::default(),
        network: None,
        first_generation: 1,
    }
}

struct Host {
    runtime: Runtime,
    world: Arc<World>,
}

impl Host {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        Self::in_world(World::default(), change)
    }

    fn in_world(world: World, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let world = Arc::new(world);
        let runtime = Runtime::start(settings, Box::new(FakeTransport(Arc::clone(&world)))).unwrap();
        Self { runtime, world }
    }

    fn try_submit(&self, path: &str, deadline: Duration, tag: u64) -> Result<Key, SubmitError> {
        let submission =
            Submission { deadline, priority: Priority::Interactive, tag, attachment: Attachment::NONE };
        let fill = |arguments: &mut Arguments| {
            arguments.text(Parameter::Method, "GET")?;
            arguments.text(Parameter::Path, path)?;
            arguments.text(Parameter::Auth, "none")
        };
        self.runtime.submit(&REQUEST, fill, || submission)
    }

    fn ask(&self, operation: &'static Operation, values: &[(Parameter, &str)]) -> Key {
        self.ask_within(operation, values, FOREVER)
    }

    fn ask_within(
        &self,
        operation: &'static Operation,
        values: &[(Parameter, &str)],
        deadline: Duration,
    ) -> Key {
        let submission =
            Submission { deadline, priority: Priority::Interactive, tag: 0, attachment: Attachment::NONE };
        let fill = |arguments: &mut Arguments| {
            values.iter().try_for_each(|(parameter, value)| arguments.text(*parameter, value))
        };
        self.runtime.submit(operation, fill, || submission).unwrap()
    }

    /// Waits for one completion and looks at it.
    fn one<R>(&self, look: impl FnOnce(&Outcome) -> R) -> R {
        let give_up = Instant::now() + PATIENCE;
        let key = loop {
            if let Some(key) = self.collect_one() {
                break key;
            }
            assert!(Instant::now() < give_up, "no completion came");
            std::thread::yield_now();
        };
        let seen = look(self.runtime.read(key).unwrap().outcome());
        self.runtime.release(key).unwrap();
        seen
    }

    fn collect_one(&self) -> Option<Key> {
        self.runtime.gather();
        self.runtime.collect()
    }

    fn submit(&self, path: &str, deadline: Duration) -> Key {
        self.try_submit(path, deadline, 0).unwrap()
    }

    /// Collects as many completions as are said to come, and not one more.
    fn collect(&self, count: usize) -> HashMap<Key, Status> {
        self.collect_looking(count, |_| {})
    }

    fn collect_looking(&self, count: usize, mut look: impl FnMut(&Outcome)) -> HashMap<Key, Status> {
        let mut ended = HashMap::new();
        let give_up = Instant::now() + PATIENCE;
        while ended.len() < count {
            assert!(Instant::now() < give_up, "only {} of {count} came", ended.len());
            let _turn = self.runtime.consumer().enter().unwrap();
            self.runtime.consumer().wait(Duration::from_millis(100), || self.runtime.has_completions());
            while let Some(key) = self.collect_one() {
                let status = {
                    let reading = self.runtime.read(key).unwrap();
                    look(reading.outcome());
                    reading.outcome().status
                };
                assert_eq!(ended.insert(key, status), None, "completed twice");
                self.runtime.release(key).unwrap();
            }
        }
        assert_eq!(self.collect_one(), None);
        ended
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < give_up, "never: {what}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.runtime.stop();
        assert_eq!(self.runtime.stats().workers, 0, "every worker has ended");
    }
}

fn count(ended: &HashMap<Key, Status>, status: Status) -> usize {
    ended.values().filter(|ended| **ended == status).count()
}

#[test]
fn a_panic_in_a_worker_ends_one_request_and_no_more() {
    let host = Host::new(|settings| settings.max_workers = 1);
    let panicking: Vec<Key> = (0..3).map(|_| host.submit("/panic", FOREVER)).collect();
    let healthy = host.submit("/ok", FOREVER);
    let ended = host.collect(4);
    for key in panicking {
        assert_eq!(ended[&key], Status::Internal);
    }
    assert_eq!(ended[&healthy], Status::Ok);
    let mut lines = Vec::new();
    host.runtime.deliver_log(|line| lines.push(line.text.to_string()));
    assert_eq!(lines.iter().filter(|line| line.contains("was contained")).count(), 3, "{lines:?}");
}

#[test]
fn when_every_worker_hangs_deadlines_still_hold_and_the_workers_are_freed() {
    let host = Host::new(|settings| settings.breaker.threshold = 0);
    for _ in 0..1_000 {
        host.submit("/hang", Duration::from_millis(20));
    }
    let ended = host.collect(1_000);
    assert_eq!(count(&ended, Status::Timeout), 1_000);
    let healthy = host.submit("/ok", FOREVER);
    assert_eq!(host.collect(1)[&healthy], Status::Ok);
    host.wait_until("the hung workers are free", || host.runtime.stats().workers_busy == 0);
}

#[test]
fn a_request_no_worker_took_is_known_not_to_have_been_sent() {
    let host = Host::new(|settings| settings.max_workers = 1);
    let taken = host.submit("/gate", FOREVER);
    host.wait_until("the worker is busy", || host.world.exchanges() == 1);
    let waiting = host.submit("/ok", FOREVER);
    assert!(host.runtime.cancel(waiting) && host.runtime.cancel(taken));
    let mut seen = HashMap::new();
    while seen.len() < 2 {
        if let Some(key) = host.collect_one() {
            let reading = host.runtime.read(key).unwrap();
            seen.insert(key, (reading.outcome().sent, reading.outcome().attempts));
        }
    }
    assert_eq!(seen[&taken], (Sent::Maybe, 1));
    assert_eq!(seen[&waiting], (Sent::Never, 0));
    host.world.open_gate();
}

#[test]
fn cancelling_frees_the_worker_and_comes_through_collecting() {
    let host = Host::new(|settings| settings.max_workers = 1);
    let hung = host.submit("/hang", FOREVER);
    host.wait_until("the worker hangs", || host.runtime.stats().workers_busy == 1);
    assert!(host.runtime.cancel(hung));
    assert!(!host.runtime.cancel(hung), "cancelled once");
    let healthy = host.submit("/ok", FOREVER);
    let ended = host.collect(2);
    assert_eq!(ended[&hung], Status::Cancelled);
    assert_eq!(ended[&healthy], Status::Ok);
    assert!(!host.runtime.cancel(hung), "a freed id cancels nothing");
}

#[test]
fn a_tag_is_cancelled_without_touching_the_others() {
    let host = Host::new(|_| {});
    for tag in [7, 8, 7, 9, 7] {
        host.try_submit("/gate", FOREVER, tag).unwrap();
    }
    assert_eq!(host.runtime.cancel_all(7), 3);
    assert_eq!(host.runtime.cancel_all(7), 0);
    host.world.open_gate();
    let ended = host.collect(5);
    assert_eq!(count(&ended, Status::Cancelled), 3);
    assert_eq!(count(&ended, Status::Ok), 2);
}

#[test]
fn a_full_client_refuses_at_once_and_recovers() {
    let host = Host::new(|settings| settings.max_outstanding = 3);
    for _ in 0..3 {
        host.submit("/ok", FOREVER);
    }
    host.wait_until("all three are answered", || host.runtime.gather() == 3);
    assert_eq!(host.try_submit("/ok", FOREVER, 0), Err(SubmitError::QueueFull), "held until collected");
    assert_eq!(host.runtime.stats().rejected_full, 1);
    host.collect(3);
    host.submit("/ok", FOREVER);
    host.collect(1);
}

#[test]
fn cancelling_faster_than_the_dispatcher_looks_loses_nothing() {
    let host = Host::new(|settings| settings.max_outstanding = 1);
    let mut accepted = 0;
    for _ in 0..20_000 {
        match host.try_submit("/ok", FOREVER, 0) {
            Ok(key) => {
                accepted += 1;
                host.runtime.cancel(key);
                host.collect(1);
            }
            Err(SubmitError::QueueFull) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
    let stats = host.runtime.stats();
    assert_eq!((stats.submitted, stats.delivered, stats.outstanding), (accepted, accepted, 0));
}

#[test]
fn answers_the_host_does_not_free_hold_back_new_requests() {
    let host = Host::new(|settings| settings.max_held_bytes = 5_000);
    for _ in 0..200 {
        host.submit("/large", FOREVER);
    }
    // Room for an answer is set aside before it is asked for.
    host.wait_until("no further answer would fit", || {
        let stats = host.runtime.stats();
        stats.held_bytes > 0 && stats.workers_busy == 0
    });
    let stats = host.runtime.stats();
    assert!(stats.held_bytes <= 5_000, "{} held", stats.held_bytes);
    assert_eq!(count(&host.collect(200), Status::Ok), 200, "they go on as the host frees");
}

#[test]
fn shutdown_ends_everything_and_leaves_it_to_be_collected() {
    let host = Host::new(|_| {});
    for _ in 0..1_000 {
        host.submit("/gate", FOREVER);
    }
    host.runtime.close();
    assert_eq!(host.try_submit("/ok", FOREVER, 0), Err(SubmitError::Shutdown));
    assert_eq!(count(&host.collect(1_000), Status::Shutdown), 1_000);
}

#[test]
fn everything_at_once_completes_exactly_once() {
    const THREADS: usize = 3;
    const EACH: usize = 2_000;
    let host = Host::new(|settings| settings.max_workers = 8);
    let accepted = AtomicUsize::new(0);
    let seen = std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (host, accepted) = (&host, &accepted);
            scope.spawn(move || {
                for number in 0..EACH {
                    let (path, deadline) = match number % 5 {
                        0 => ("/hang", Duration::from_micros(500)),
                        1 => ("/ok", Duration::from_micros(100)),
                        _ => ("/ok", FOREVER),
                    };
                    match host.try_submit(path, deadline, thread as u64) {
                        Ok(key) => {
                            accepted.fetch_add(1, Ordering::SeqCst);
                            if number % 3 == 0 {
                                host.runtime.cancel(key);
                            }
                        }
                        Err(error) => panic!("{error}"),
                    }
                    if number % 500 == 0 {
                        host.runtime.cancel_all(thread as u64);
                    }
                }
            });
        }
        host.collect(THREADS * EACH)
    });
    assert_eq!(seen.len(), accepted.load(Ordering::SeqCst));
    let stats = host.runtime.stats();
    assert_eq!(stats.outstanding, 0);
    assert_eq!(
        stats.completed_ok + stats.completed_error + stats.timed_out + stats.cancelled,
        stats.submitted
    );
}

#[test]
fn a_long_request_that_was_cancelled_unseen_is_freed_by_our_threads() {
    let host = Host::new(|settings| settings.max_outstanding = 1);
    let submission = Submission {
        deadline: FOREVER,
        priority: Priority::Background,
        tag: 0,
        attachment: Attachment::NONE,
    };
    let json = format!("\"{}\"", "x".repeat(10_000));
    for _ in 0..3 {
        let fill = |arguments: &mut Arguments| {
            arguments.text(Parameter::Method, "POST")?;
            arguments.text(Parameter::Path, "/ok")?;
            arguments.text(Parameter::Auth, "none")?;
            arguments.text(Parameter::Json, &json)
        };
        let mut key = None;
        let give_up = Instant::now() + PATIENCE;
        while key.is_none() && Instant::now() < give_up {
            key = host.runtime.submit(&REQUEST, fill, || submission).ok();
        }
        host.runtime.cancel(key.expect("the slot was freed"));
        host.collect(1);
    }
}

#[test]
fn a_completion_is_not_freed_under_a_reader() {
    let host = Host::new(|_| {});
    let key = host.submit("/ok", FOREVER);
    host.wait_until("it is answered", || host.runtime.gather() == 1);
    assert_eq!(host.collect_one(), Some(key));
    {
        let reading = host.runtime.read(key).unwrap();
        let outcome = reading.outcome();
        assert_eq!(outcome.reply.as_ref().unwrap().answer, Answer::Json);
        assert_eq!((outcome.http_status, outcome.sent), (200, Sent::Answered));
        assert_eq!(host.runtime.release(key), Err(NoCompletion::InUse), "not freed under a reader");
    }
    host.runtime.release(key).unwrap();
}

const NAME: &[(Parameter, &str)] = &[(Parameter::Name, "a")];
const BY_NAME: &str = "/v1/stores/1/customers/lookup?name=a";
const CUSTOMERS: &str = "/v1/stores/1/customers";
const CUSTOMER: &str = r#"{"id":"77"}"#;
const UNKNOWN: &str = r#"{"status":404,"code":"not-found","message":"none"}"#;

/// Without waits between attempts, so that no test waits for them.
fn impatient(settings: &mut Settings) {
    settings.retry.base = Duration::ZERO;
}

#[test]
fn a_read_is_repeated_until_it_works_and_a_write_is_not() {
    let host = Host::new(impatient);
    host.world.say(BY_NAME, &[(503, ""), (0, ""), (200, CUSTOMER)]);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    assert_eq!(host.one(|outcome| (outcome.status, outcome.attempts)), (Status::Ok, 3));
    host.world.say(CUSTOMERS, &[(503, "")]);
    host.ask(&CREATE_CUSTOMER, NAME);
    assert_eq!(host.one(|outcome| (outcome.status, outcome.attempts)), (Status::Server, 1));
    host.world.say(CUSTOMERS, &[(0, ""), (201, CUSTOMER)]);
    host.ask(&CREATE_CUSTOMER, NAME);
    assert_eq!(host.one(|outcome| (outcome.status, outcome.attempts)), (Status::Ok, 2), "it never left");
    assert_eq!(host.runtime.stats().retries, 3);
}

#[test]
fn attempts_end_and_the_last_failure_is_told() {
    let host = Host::new(impatient);
    host.world.say(BY_NAME, &[(503, "")]);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    assert_eq!(
        host.one(|outcome| (outcome.status, outcome.attempts, outcome.http_status)),
        (Status::Server, 3, 503)
    );
}

#[test]
fn sending_again_because_a_kept_connection_was_dead_counts_as_an_attempt() {
    for most in [1, 2, 3, 4] {
        let host = Host::new(|settings| {
            impatient(settings);
            settings.retry.max_attempts = most;
        });
        host.submit("/reset", FOREVER);
        assert_eq!(host.one(|outcome| (outcome.status, outcome.attempts)), (Status::Transport, most));
    }
}

#[test]
fn an_outage_is_not_amplified() {
    let host = Host::new(|settings| {
        impatient(settings);
        settings.breaker.threshold = 0;
    });
    host.world.say("/down", &[(503, "")]);
    for _ in 0..200 {
        host.submit("/down", FOREVER);
    }
    host.collect(200);
    let stats = host.runtime.stats();
    assert_eq!(host.world.exchanges() as u64, 200 + stats.retries);
    assert!(stats.retries <= 40, "{} retries: the reserve and a tenth", stats.retries);
    assert!(stats.retries_denied > 0);
}

#[test]
fn a_dead_api_fails_fast_and_is_noticed_when_it_is_back() {
    let host = Host::new(|settings| {
        settings.retry.max_attempts = 1;
        settings.breaker.threshold = 5;
        settings.breaker.first = FOREVER;
        settings.breaker.longest = FOREVER;
        settings.max_workers = 1;
    });
    host.world.say("/x", &[(0, "")]);
    for _ in 0..20 {
        host.submit("/x", FOREVER);
    }
    let mut unsent = 0;
    let ended = host.collect_looking(20, |outcome| {
        unsent += usize::from(
            outcome.status == Status::Unavailable && outcome.sent == Sent::Never && outcome.attempts == 0,
        );
    });
    assert_eq!(unsent, 14);
    // The five that opened the circuit, and the probe that is allowed at once.
    assert_eq!(count(&ended, Status::Connect), 6);
    assert_eq!(count(&ended, Status::Unavailable), 14);
    assert_eq!(host.world.exchanges(), 6);
    let stats = host.runtime.stats();
    assert_eq!((stats.unavailable, stats.circuit_open), (14, true));
    let mut lines = 0;
    host.runtime.deliver_log(|_| lines += 1);
    assert_eq!(lines, 1, "one line for the outage");
}

#[test]
fn what_is_known_is_not_asked_again() {
    let host = Host::new(impatient);
    host.world.say(BY_NAME, &[(200, CUSTOMER), (500, "")]);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    assert_eq!(host.one(|outcome| outcome.source), Source::Network);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    let (source, sent, known) =
        host.one(|o| (o.source, o.sent, matches!(o.reply.as_ref().unwrap().answer, Answer::Customer(_))));
    assert_eq!((source, sent, known), (Source::Cache, Sent::Never, true));
    assert_eq!(host.world.exchanges(), 1);
    assert_eq!(host.runtime.stats().cache_hits, 1);
}

#[test]
fn own_writes_end_what_is_known() {
    let host = Host::new(impatient);
    let id = (Parameter::CustomerId, "77");
    host.world.say(BY_NAME, &[(404, UNKNOWN), (200, CUSTOMER)]);
    host.world.say(CUSTOMERS, &[(201, CUSTOMER)]);
    host.world.say("/v1/stores/1/customers/77", &[(200, CUSTOMER)]);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    assert!(host.one(|outcome| matches!(outcome.reply.as_ref().unwrap().answer, Answer::Absent)));
    host.ask(&CREATE_CUSTOMER, NAME);
    host.one(|_| ());
    host.ask(&LOOKUP_CUSTOMER, NAME);
    assert_eq!(host.one(|outcome| outcome.source), Source::Network, "the unknown customer exists now");
    host.ask(&UPDATE_CUSTOMER, &[id, NAME[0]]);
    host.one(|_| ());
    host.ask(&LOOKUP_CUSTOMER, NAME);
    assert_eq!(host.one(|outcome| outcome.source), Source::Network, "a customer was changed");
}

#[test]
fn an_old_answer_stands_in_for_a_failure() {
    let host = Host::new(|settings| {
        impatient(settings);
        settings.cache.ttl = Duration::from_nanos(1);
    });
    host.world.say(BY_NAME, &[(200, CUSTOMER), (500, "")]);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    assert_eq!(host.one(|outcome| outcome.source), Source::Network);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    assert_eq!(host.one(|o| (o.status, o.source, o.attempts)), (Status::Ok, Source::StaleCache, 3));
    assert_eq!(host.runtime.stats().cache_stale, 1);
}

#[test]
fn one_asks_for_all_and_a_leader_that_leaves_does_not_matter() {
    let host = Host::new(|settings| settings.max_workers = 1);
    let blocker = host.submit("/gate", FOREVER);
    host.wait_until("the worker is busy", || host.world.exchanges() == 1);
    host.world.say(BY_NAME, &[(200, CUSTOMER)]);
    let keys: Vec<Key> = (0..100).map(|_| host.ask(&LOOKUP_CUSTOMER, NAME)).collect();
    host.wait_until("all have joined", || host.runtime.stats().coalesced == 99);
    assert!(host.runtime.cancel(keys[0]), "the one that asks for all");
    host.world.open_gate();
    let ended = host.collect(101);
    assert_eq!(ended[&blocker], Status::Ok);
    assert_eq!(ended[&keys[0]], Status::Cancelled);
    assert_eq!(count(&ended, Status::Ok), 100);
    assert_eq!(host.world.exchanges(), 2);
}

#[test]
fn a_question_no_request_waits_for_is_forgotten_and_can_be_asked_again() {
    let host = Host::new(|settings| settings.max_workers = 1);
    host.submit("/gate", FOREVER);
    host.wait_until("the worker is busy", || host.world.exchanges() == 1);
    host.world.say(BY_NAME, &[(200, CUSTOMER)]);
    let first = host.ask_within(&LOOKUP_CUSTOMER, NAME, Duration::from_millis(1));
    assert_eq!(host.collect(1)[&first], Status::Timeout);
    host.world.open_gate();
    host.collect(1);
    let second = host.ask(&LOOKUP_CUSTOMER, NAME);
    assert_eq!(host.collect(1)[&second], Status::Ok);
}

#[test]
fn peeking_sees_what_is_known_and_sends_nothing() {
    let host = Host::new(impatient);
    let peek = || {
        let fill = |arguments: &mut Arguments| arguments.text(Parameter::Name, "a");
        host.runtime.peek(&LOOKUP_CUSTOMER, fill)
    };
    assert_eq!(peek(), Ok(None));
    host.world.say(BY_NAME, &[(200, CUSTOMER)]);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    host.one(|_| ());
    let key = peek().unwrap().unwrap();
    assert_eq!(host.runtime.read(key).unwrap().outcome().source, Source::Cache);
    host.runtime.release(key).unwrap();
    assert_eq!(host.world.exchanges(), 1);
    assert_eq!(host.runtime.stats().outstanding, 0);
    host.runtime.stop();
    assert_eq!(peek(), Err(SubmitError::Shutdown));
}

#[test]
fn what_a_host_has_seen_is_not_handed_out_again() {
    let host = Host::new(impatient);
    let peek = |seen| {
        let fill = |arguments: &mut Arguments| arguments.text(Parameter::Name, "a");
        host.runtime.peek_for_other(&LOOKUP_CUSTOMER, seen, fill)
    };
    assert_eq!(peek(0), Ok(Peeked::Nothing));
    host.world.say(BY_NAME, &[(200, CUSTOMER)]);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    host.one(|_| ());
    let Ok(Peeked::Other(key, number)) = peek(0) else { panic!("it is remembered") };
    host.runtime.release(key).unwrap();
    assert_eq!(peek(number), Ok(Peeked::Seen));
    let Ok(Peeked::Other(again, same)) = peek(number + 1) else { panic!("it is another") };
    assert_eq!(same, number);
    host.runtime.release(again).unwrap();
    let stats = host.runtime.stats();
    // Each is a request that was made, answered and collected.
    assert_eq!((stats.submitted, stats.completed_ok, stats.delivered, stats.cache_hits), (4, 4, 4, 3));
    assert_eq!(stats.outstanding, 0);
    host.runtime.stop();
    assert_eq!(peek(number), Err(SubmitError::Shutdown));
}

#[test]
fn a_client_that_has_ended_says_so_whether_or_not_it_knows_the_answer() {
    let host = Host::new(impatient);
    host.runtime.stop();
    let fill = |arguments: &mut Arguments| arguments.text(Parameter::Name, "a");
    assert_eq!(host.runtime.peek(&LOOKUP_CUSTOMER, fill), Err(SubmitError::Shutdown));
}

#[test]
fn ensuring_creates_once_for_all_who_ask() {
    let host = Host::new(impatient);
    host.world.say(BY_NAME, &[(404, UNKNOWN)]);
    host.world.say(CUSTOMERS, &[(201, CUSTOMER)]);
    let values = &[(Parameter::Name, "a"), (Parameter::Name, "a")];
    for _ in 0..50 {
        host.ask(&ENSURE_CUSTOMER, values);
    }
    assert_eq!(count(&host.collect(50), Status::Ok), 50);
    assert_eq!(host.world.exchanges(), 2, "one lookup, one create");
    host.ask(&ENSURE_CUSTOMER, values);
    assert_eq!(host.one(|outcome| outcome.source), Source::Cache);
}

#[test]
fn a_token_is_minted_for_each_who_asks_and_never_remembered() {
    let host = Host::new(impatient);
    host.world.say(BY_NAME, &[(200, CUSTOMER)]);
    host.world
        .say("/v1/stores/1/customers/77/tokens", &[(200, r#"{"token":"one"}"#), (200, r#"{"token":"two"}"#)]);
    let values = &[(Parameter::Name, "a"), (Parameter::Name, "a")];
    let mut tokens: Vec<String> = Vec::new();
    for _ in 0..2 {
        host.ask(&TOKEN_FOR, values);
        tokens.push(host.one(|outcome| match &outcome.reply.as_ref().unwrap().answer {
            Answer::TokenFor(_, token) => token.expose().to_string(),
            other => panic!("{other:?}"),
        }));
    }
    assert_eq!(tokens, ["one", "two"]);
    assert_eq!(host.world.exchanges(), 3, "the customer is looked up once");
}

#[test]
fn a_token_for_a_remembered_customer_who_is_gone_begins_again() {
    let host = Host::new(impatient);
    host.world.say(BY_NAME, &[(200, CUSTOMER), (200, r#"{"id":"78"}"#)]);
    host.world.say("/v1/stores/1/customers/77/tokens", &[(404, UNKNOWN)]);
    host.world.say("/v1/stores/1/customers/78/tokens", &[(200, r#"{"token":"one"}"#)]);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    host.one(|_| ());
    host.ask(&TOKEN_FOR, &[(Parameter::Name, "a"), (Parameter::Name, "a")]);
    let id = host.one(|outcome| match &outcome.reply.as_ref().unwrap().answer {
        Answer::TokenFor(customer, _) => customer.id.to_string(),
        other => panic!("{other:?}"),
    });
    assert_eq!((id.as_str(), host.world.exchanges()), ("78", 4));
}

#[test]
fn an_old_customer_never_stands_in_for_a_token() {
    let host = Host::new(|settings| {
        impatient(settings);
        settings.cache.ttl = Duration::from_nanos(1);
    });
    host.world.say(BY_NAME, &[(200, CUSTOMER), (500, "")]);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    host.one(|_| ());
    host.ask(&TOKEN_FOR, &[(Parameter::Name, "a"), (Parameter::Name, "a")]);
    assert_eq!(host.one(|outcome| outcome.status), Status::Server);
}

#[test]
fn waiting_for_a_retry_holds_no_worker_and_keeps_the_deadline() {
    let host = Host::new(|settings| {
        settings.max_workers = 1;
        settings.retry.base = FOREVER;
        settings.retry.cap = FOREVER;
    });
    host.world.say("/down", &[(503, "")]);
    let waiting = host.submit("/down", FOREVER * 2);
    host.wait_until("it was tried", || host.runtime.stats().retries == 1);
    let healthy = host.submit("/ok", FOREVER);
    assert_eq!(host.collect(1)[&healthy], Status::Ok);
    assert!(host.runtime.cancel(waiting));
    host.collect(1);
}

#[test]
fn a_fault_of_the_library_ends_the_request_and_all_that_wait_for_its_answer() {
    let host = Host::new(|settings| settings.max_workers = 1);
    host.submit("/gate", FOREVER);
    host.wait_until("the worker is busy", || host.world.exchanges() == 1);
    host.world.say(BY_NAME, &[(200, CUSTOMER)]);
    let leader = host.ask(&LOOKUP_CUSTOMER, NAME);
    let follower = host.ask(&LOOKUP_CUSTOMER, NAME);
    host.wait_until("one follows the other", || host.runtime.stats().coalesced == 1);
    // The second piece of work since the client was made.
    host.runtime.engine.fault(2);
    let ended = host.collect(2);
    assert_eq!((ended[&leader], ended[&follower]), (Status::Internal, Status::Internal));
    host.world.open_gate();
    host.collect(1);
    host.ask(&LOOKUP_CUSTOMER, NAME);
    assert_eq!(host.one(|outcome| outcome.status), Status::Ok, "the question can be asked again");
}

#[test]
fn a_server_that_repeats_our_credentials_does_not_get_them_into_messages() {
    let host = Host::new(impatient);
    host.world.say("/repeats", &[(401, r#"{"code":"the-api-key","message":"not valid:\r\nthe-api-key"}"#)]);
    host.submit("/repeats", FOREVER);
    let (message, error) = host.one(|outcome| {
        let reply = outcome.reply.as_ref().unwrap();
        (reply.message.clone().unwrap().to_string(), format!("{:?}", reply.error))
    });
    assert_eq!(message, "request: HTTP 401: not valid:\\r\\n…");
    assert!(!error.contains("the-api-key"), "{error}");
}

#[test]
fn a_client_there_is_no_memory_for_is_refused() {
    let world = Arc::new(World::default());
    let refused = each_refused(4_096, || {
        let made = Runtime::new(settings(), Box::new(FakeTransport(Arc::clone(&world)))).map(drop);
        made.map_err(|lack| match lack {
            StartError::Memory(lack) => lack,
            StartError::Thread(error) => panic!("{error}"),
        })
    });
    assert!(refused >= 6, "only {refused} allocations depend on settings");
}

/// What a thousand requests make the library say. `ask` makes one of them, and is told its number.
fn lines_of_a_storm(
    script: &[(&'static str, &[(u16, &'static str)])],
    ask: fn(&Host, usize) -> Key,
) -> Vec<String> {
    const TOGETHER: usize = 50;
    let host = Host::new(|settings| {
        settings.retry.max_attempts = 1;
        settings.cache.ttl = Duration::ZERO;
        // Each failure opens the circuit, and it may be probed at once.
        let breaker = &mut settings.breaker;
        (breaker.threshold, breaker.first, breaker.longest) = (1, Duration::ZERO, Duration::ZERO);
    });
    for (target, in_turn) in script {
        host.world.say(target, &in_turn.repeat(1_000));
    }
    for first in (0..1_000).step_by(TOGETHER) {
        for number in first..first + TOGETHER {
            ask(&host, number);
        }
        host.collect(TOGETHER);
    }
    assert_eq!(host.runtime.stats().log_dropped, 0);
    let mut lines = Vec::new();
    host.runtime.deliver_log(|line| lines.push(line.text.to_string()));
    lines
}

#[test]
fn no_storm_is_more_than_a_handful_of_lines() {
    const PLAYER: &str = "/v1/store/customer";
    const REFUSED: (u16, &str) = (401, r#"{"status":401,"code":"unauthorized","message":"no"}"#);
    let now_and_then = |host: &Host, number: usize| {
        host.submit(if number.is_multiple_of(2) { "/lack" } else { "/ok" }, FOREVER)
    };
    let get = |host: &Host, _| host.submit("/flaps", FOREVER);
    let look_up = |host: &Host, _| host.ask(&LOOKUP_CUSTOMER, NAME);
    let log_in = |host: &Host, _| host.ask(&GET_CURRENT_CUSTOMER, &[(Parameter::CustomerToken, "t")]);
    let storms = [
        ("panics", 1..=12, lines_of_a_storm(&[], |host, _| host.submit("/panic", FOREVER))),
        ("no descriptor", 1..=1, lines_of_a_storm(&[], |host, _| host.submit("/lack", FOREVER))),
        ("no descriptor now and then", 1..=12, lines_of_a_storm(&[], now_and_then)),
        (
            "an API that is up and down",
            1..=12,
            lines_of_a_storm(&[("/flaps", &[(0, ""), (200, "null")])], get),
        ),
        ("a key that is refused", 1..=1, lines_of_a_storm(&[(BY_NAME, &[REFUSED])], look_up)),
        (
            "a key that is refused now and then",
            1..=12,
            lines_of_a_storm(&[(BY_NAME, &[REFUSED, (200, CUSTOMER)])], look_up),
        ),
        (
            "players whose tokens ran out",
            0..=0,
            lines_of_a_storm(&[(PLAYER, &[REFUSED, (200, CUSTOMER)])], log_in),
        ),
    ];
    for (what, few, lines) in storms {
        assert!(few.contains(&lines.len()), "{what}: {lines:?}");
    }
}

#[test]
fn workers_that_left_are_joined_while_the_client_lives() {
    let host = Host::new(|_| {});
    (0..3).for_each(|_| host.runtime.engine.seat_one_that_leaves());
    host.wait_until("they are joined", || host.runtime.engine.has_joined_all_that_left());
}

#[test]
fn connections_are_opened_ahead_of_the_first_request() {
    let host = Host::new(|settings| settings.warm_connections = 3);
    host.wait_until("all are open", || host.world.warmed.load(Ordering::SeqCst) == 3);
    assert_eq!(host.world.exchanges(), 0, "nothing is asked");
    assert_eq!((host.runtime.stats().submitted, host.runtime.gather()), (0, 0), "the host notices nothing");
}

#[test]
fn failing_to_open_a_connection_ahead_does_not_count_against_the_api() {
    for warming in [Warming::Fails, Warming::Panics] {
        let world = World { warming: Mutex::new(warming), ..World::default() };
        let host = Host::in_world(world, |settings| {
            settings.warm_connections = 1;
            settings.breaker.threshold = 1;
        });
        host.wait_until("it was tried", || host.world.warmed.load(Ordering::SeqCst) == 1);
        let key = host.submit("/ok", FOREVER);
        assert_eq!(host.collect(1)[&key], Status::Ok, "{warming:?}");
        let stats = host.runtime.stats();
        assert_eq!((stats.circuit_open, stats.completed_error, stats.completed_ok), (false, 0, 1));
    }
}

#[test]
fn stopping_ends_what_hangs_while_a_connection_is_opened_ahead() {
    let world = World { warming: Mutex::new(Warming::Hangs), ..World::default() };
    let host = Host::in_world(world, |settings| settings.warm_connections = 1);
    host.wait_until("it hangs", || host.world.warmed.load(Ordering::SeqCst) == 1);
    // Another worker serves meanwhile.
    let key = host.submit("/ok", FOREVER);
    assert_eq!(host.collect(1)[&key], Status::Ok);
    host.runtime.stop();
    assert_eq!(host.runtime.stats().workers, 0, "a worker is left behind");
}
