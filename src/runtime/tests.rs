//! The runtime's promise, against a transport that does what a test wants.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::*;
use crate::operations::{Answer, HttpRequest, Parameter, REQUEST, Status};
use crate::transport::{Exchange, HttpAnswer, Interrupter, Line, Sent};

/// Longer than any test takes; what would take so long has failed.
const FOREVER: Duration = Duration::from_secs(60);

/// What the lines of a test share.
#[derive(Default)]
struct World {
    exchanges: AtomicUsize,
    lines: AtomicU32,
    gate_open: Mutex<bool>,
    gate: Condvar,
}

impl World {
    fn open_gate(&self) {
        *self.gate_open.lock().unwrap() = true;
        self.gate.notify_all();
    }
}

struct FakeTransport(Arc<World>);

impl Transport for FakeTransport {
    fn open(&self) -> Box<dyn Line> {
        self.0.lines.fetch_add(1, Ordering::SeqCst);
        Box::new(FakeLine { world: Arc::clone(&self.0), interrupter: Arc::default() })
    }

    fn set_api_key(&self, _: crate::model::Secret) {}

    fn connections_opened(&self) -> u32 {
        self.0.lines.load(Ordering::SeqCst)
    }

    fn close(&self) {}
}

struct FakeLine {
    world: Arc<World>,
    interrupter: Arc<Interrupter>,
}

impl Line for FakeLine {
    fn exchange(&mut self, request: &HttpRequest, _: bool) -> Exchange {
        self.world.exchanges.fetch_add(1, Ordering::SeqCst);
        let body = match request.target.as_str() {
            "/panic" => panic!("a panic a test wants"),
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
            "/large" => format!("\"{}\"", "x".repeat(1_000)),
            _ => "null".to_owned(),
        };
        Exchange {
            result: Ok(HttpAnswer {
                status: 200,
                content_type: "application/json".to_owned(),
                retry_after: None,
                body: Zeroizing::new(body.into_bytes()),
            }),
            sent: Sent::Answered,
            attempts: 1,
        }
    }

    fn interrupter(&self) -> Arc<Interrupter> {
        Arc::clone(&self.interrupter)
    }
}

struct Host {
    runtime: Arc<Runtime>,
    world: Arc<World>,
}

impl Host {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            store_id: "1".to_owned(),
            has_api_key: true,
            max_outstanding: 10_000,
            max_workers: 4,
            max_held_bytes: usize::MAX,
            log_level: Some(LogLevel::Info),
            retry: RetryPolicy::default(),
            breaker: BreakerPolicy::default(),
            rate: RatePolicy::default(),
            cache: CachePolicy::default(),
            first_generation: 1,
        };
        change(&mut settings);
        let world = Arc::new(World::default());
        let runtime = Runtime::start(settings, Box::new(FakeTransport(Arc::clone(&world)))).unwrap();
        Self { runtime, world }
    }

    fn try_submit(&self, path: &str, deadline: Duration, tag: u64) -> Result<Key, SubmitError> {
        let submission = Submission { operation: &REQUEST, deadline, priority: Priority::Interactive, tag };
        let fill = |arguments: &mut Arguments| {
            arguments.text(Parameter::Method, "GET")?;
            arguments.text(Parameter::Path, path)?;
            arguments.text(Parameter::Auth, "none")
        };
        self.runtime.submit(submission, fill, |_| {})
    }

    fn submit(&self, path: &str, deadline: Duration) -> Key {
        self.try_submit(path, deadline, 0).unwrap()
    }

    /// Collects as many completions as are said to come, and not one more.
    fn collect(&self, count: usize) -> HashMap<Key, Status> {
        let mut ended = HashMap::new();
        let give_up = Instant::now() + FOREVER;
        while ended.len() < count {
            assert!(Instant::now() < give_up, "only {} of {count} came", ended.len());
            let _turn = self.runtime.consumer().enter().unwrap();
            self.runtime.consumer().wait(Duration::from_millis(100), || self.runtime.ready() > 0);
            while let Some(key) = self.runtime.collect() {
                let status = self.runtime.read(key).unwrap().outcome().status;
                assert_eq!(ended.insert(key, status), None, "completed twice");
                self.runtime.release(key, || {}).unwrap();
            }
        }
        assert_eq!(self.runtime.collect(), None);
        ended
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let give_up = Instant::now() + FOREVER;
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
    let host = Host::new(|_| {});
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
    host.wait_until("the worker is busy", || host.world.exchanges.load(Ordering::SeqCst) == 1);
    let waiting = host.submit("/ok", FOREVER);
    assert!(host.runtime.cancel(waiting) && host.runtime.cancel(taken));
    let mut seen = HashMap::new();
    while seen.len() < 2 {
        if let Some(key) = host.runtime.collect() {
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
    host.wait_until("all three are answered", || host.runtime.ready() == 3);
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
    // Each worker may have been at one answer when the limit was reached.
    host.wait_until("the limit is reached", || {
        let stats = host.runtime.stats();
        stats.held_bytes > 5_000 && stats.workers_busy == 0
    });
    let sent = host.world.exchanges.load(Ordering::SeqCst);
    assert!(sent < 20, "{sent} were sent");
    assert_eq!(count(&host.collect(200), Status::Ok), 200, "they go on as the host frees");
}

#[test]
fn shutdown_ends_everything_and_leaves_it_to_be_collected() {
    let host = Host::new(|_| {});
    for _ in 0..1_000 {
        host.submit("/gate", FOREVER);
    }
    host.runtime.shutdown();
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
fn a_long_request_that_was_cancelled_unseen_is_freed_by_a_thread_of_ours() {
    let host = Host::new(|settings| settings.max_outstanding = 1);
    let submission =
        Submission { operation: &REQUEST, deadline: FOREVER, priority: Priority::Background, tag: 0 };
    let json = format!("\"{}\"", "x".repeat(10_000));
    for _ in 0..3 {
        let fill = |arguments: &mut Arguments| {
            arguments.text(Parameter::Method, "POST")?;
            arguments.text(Parameter::Path, "/ok")?;
            arguments.text(Parameter::Auth, "none")?;
            arguments.text(Parameter::Json, &json)
        };
        let mut key = None;
        let give_up = Instant::now() + FOREVER;
        while key.is_none() && Instant::now() < give_up {
            key = host.runtime.submit(submission, fill, |_| {}).ok();
        }
        host.runtime.cancel(key.expect("the slot was freed"));
        host.collect(1);
    }
}

#[test]
fn a_completion_is_not_freed_under_a_reader() {
    let host = Host::new(|_| {});
    let key = host.submit("/ok", FOREVER);
    host.wait_until("it is answered", || host.runtime.ready() == 1);
    assert_eq!(host.runtime.collect(), Some(key));
    {
        let reading = host.runtime.read(key).unwrap();
        let outcome = reading.outcome();
        assert_eq!(outcome.reply.as_ref().unwrap().answer, Answer::Json);
        assert_eq!((outcome.http_status, outcome.sent), (200, Sent::Answered));
        assert_eq!(host.runtime.release(key, || {}), Err(NoCompletion::InUse), "not freed under a reader");
    }
    host.runtime.release(key, || {}).unwrap();
}
