//! "Exactly once", in every order the steps of the threads can take: host threads and the engine's together, on the
//! real code under the model checker. Run by `tests/verify/loom.sh`.
//!
//! The threads of a test stand for the host's and for ours; the network is left out. How many context switches against a
//! thread's will are tried is said per test: bugs of this kind need few. What host threads do among themselves is in
//! `mailbox/model.rs`.

use std::sync::Arc;
use std::time::Duration;

use loom::thread::{self, JoinHandle};

use super::*;
use crate::model::Text;
use crate::operations::{Arguments, Decoded, LIST_CUSTOMERS, Parameter, REQUEST, Status};
use crate::policy::{breaker::BreakerPolicy, cache::CachePolicy, rate::RatePolicy, retry::RetryPolicy};
use crate::sync::explore;
use crate::transport::{Connection, ConnectionCounts};

const FOREVER: Duration = Duration::from_secs(3_600);

struct Nowhere;

impl Transport for Nowhere {
    fn open(&self) -> Box<dyn Connection> {
        unreachable!("no worker is started")
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

fn runtime(capacity: u32) -> Arc<Runtime> {
    let settings = Settings {
        store_id: "1".to_owned(),
        has_api_key: true,
        max_outstanding: capacity,
        max_workers: 1,
        warm_connections: 0,
        max_held_bytes: usize::MAX,
        log_level: None,
        flight_recorder: false,
        told: Box::default(),
        retry: RetryPolicy::default(),
        breaker: BreakerPolicy::default(),
        rate: RatePolicy::default(),
        cache: CachePolicy { ttl: Duration::ZERO, max_bytes: 1, ..CachePolicy::default() },
        network: None,
        first_generation: 1,
    };
    Arc::new(Runtime::new(settings, Box::new(Nowhere)).unwrap())
}

fn spawn<R: 'static>(runtime: &Arc<Runtime>, act: impl FnOnce(&Runtime) -> R + 'static) -> JoinHandle<R> {
    let runtime = Arc::clone(runtime);
    thread::spawn(move || act(&runtime))
}

fn submission(tag: u64) -> Submission {
    Submission { deadline: FOREVER, priority: Priority::Interactive, tag, attachment: Attachment::NONE }
}

fn try_submit(runtime: &Runtime, tag: u64) -> Result<Key, SubmitError> {
    runtime.submit(&LIST_CUSTOMERS, |arguments| arguments.text(Parameter::Search, "x"), || submission(tag))
}

fn submit(runtime: &Runtime, tag: u64) -> Key {
    try_submit(runtime, tag).unwrap()
}

/// What the dispatcher and a worker do, without the network.
fn work(runtime: &Runtime) {
    runtime.engine.work_without_network(|| Outcome::answered(Decoded::ok(), 200, Text::from("{}")));
}

/// What the dispatcher does when all deadlines are over.
fn expire(runtime: &Runtime) {
    runtime.engine.expire_all(FOREVER * 2);
}

/// What polling does.
fn collect(runtime: &Runtime) -> Vec<(Key, Status)> {
    let mut ended = Vec::new();
    runtime.gather();
    while let Some(key) = runtime.collect() {
        let status = runtime.read(key).unwrap().outcome().status;
        runtime.release(key).unwrap();
        ended.push((key, status));
    }
    ended
}

/// Once all is over: the engine knows nothing, every slot can be used again, and no answer is held.
fn assert_at_rest(runtime: &Runtime, capacity: u64) {
    work(runtime);
    assert_eq!(runtime.engine.sizes(), [0; 6], "the engine keeps what has ended");
    runtime.engine.clean();
    assert_eq!(runtime.stats().held_bytes, 0, "an answer is held");
    let keys: Vec<Key> = (0..capacity).map(|_| submit(runtime, 99)).collect();
    assert_eq!(try_submit(runtime, 99), Err(SubmitError::QueueFull), "a slot is there twice");
    assert_eq!(runtime.cancel_all(99) as usize, keys.len());
}

#[test]
fn answer_deadline_and_cancel_compete_while_the_host_collects() {
    explore("answer, deadline, cancel, collect", 2, || {
        let runtime = runtime(1);
        let key = submit(&runtime, 0);
        let worker = spawn(&runtime, work);
        let deadline = spawn(&runtime, |runtime| {
            runtime.engine.take_in();
            expire(runtime);
        });
        let other = spawn(&runtime, move |runtime| runtime.cancel(key));
        let mut ended = collect(&runtime);
        worker.join().unwrap();
        deadline.join().unwrap();
        let cancelled = other.join().unwrap();
        ended.extend(collect(&runtime));
        assert_eq!(ended.len(), 1, "{ended:?}");
        assert_eq!((ended[0].0, ended[0].1 == Status::Cancelled), (key, cancelled));
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn cancelling_says_whether_it_won() {
    explore("cancel against answer", 3, || {
        let runtime = runtime(1);
        let key = submit(&runtime, 0);
        let worker = spawn(&runtime, work);
        let won = runtime.cancel(key);
        worker.join().unwrap();
        let expected = if won { Status::Cancelled } else { Status::Ok };
        assert_eq!(collect(&runtime), [(key, expected)]);
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn a_slot_freed_while_its_arguments_are_read_is_used_again_once() {
    explore("free while the arguments are lent, reuse", 3, || {
        let runtime = runtime(1);
        let key = submit(&runtime, 0);
        let worker = spawn(&runtime, |runtime| runtime.engine.take_in());
        runtime.cancel(key);
        let mut ended = collect(&runtime);
        let next = try_submit(&runtime, 1);
        worker.join().unwrap();
        ended.extend(collect(&runtime));
        assert_eq!(ended, [(key, Status::Cancelled)]);
        if let Ok(next) = next {
            assert_ne!(next, key);
            work(&runtime);
            assert_eq!(collect(&runtime), [(next, Status::Ok)], "the engine of the one before left it alone");
        }
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn long_arguments_are_freed_by_our_threads() {
    explore("cancel with long arguments, worker", 3, || {
        let runtime = runtime(1);
        let json = format!("\"{}\"", "x".repeat(1_000));
        let fill = |arguments: &mut Arguments| {
            arguments.text(Parameter::Method, "POST")?;
            arguments.text(Parameter::Path, "/")?;
            arguments.text(Parameter::Auth, "none")?;
            arguments.text(Parameter::Json, &json)
        };
        let key = runtime.submit(&REQUEST, fill, || submission(0)).unwrap();
        let worker = spawn(&runtime, work);
        let cancelled = runtime.cancel(key);
        let mut ended = collect(&runtime);
        worker.join().unwrap();
        ended.extend(collect(&runtime));
        let expected = if cancelled { Status::Cancelled } else { Status::Ok };
        assert_eq!(ended, [(key, expected)]);
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn the_engine_keeps_the_request_of_a_slot_and_none_that_ended_in_it() {
    explore("cancel, free, reuse, two that drain", 2, || {
        let runtime = runtime(1);
        let first = submit(&runtime, 1);
        let drainers = [(); 2].map(|()| spawn(&runtime, |runtime| runtime.engine.take_in()));
        runtime.cancel(first);
        let mut ended = collect(&runtime).len();
        let second = try_submit(&runtime, 2);
        for drainer in drainers {
            drainer.join().unwrap();
        }
        runtime.engine.take_in();
        ended += collect(&runtime).len();
        assert_eq!(ended, 1);
        let known = usize::from(second.is_ok());
        assert_eq!(
            runtime.engine.sizes(),
            [known, known, known, known, 0, 0],
            "what is asked, and nothing else"
        );
        if let Ok(second) = second {
            work(&runtime);
            assert_eq!(collect(&runtime), [(second, Status::Ok)]);
        }
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn a_submitter_that_is_held_up_costs_no_other_request_its_deadline() {
    explore("a submitter that is held up, and the next request of its slot", 4, || {
        let runtime = runtime(1);
        let slow = spawn(&runtime, |runtime| try_submit(runtime, 1));
        runtime.cancel_all(1);
        let mut ended = collect(&runtime).len();
        let next = try_submit(&runtime, 2);
        runtime.engine.take_in();
        let first = slow.join().unwrap();
        runtime.engine.take_in();
        expire(&runtime);
        ended += collect(&runtime).len();
        let accepted = usize::from(first.is_ok()) + usize::from(next.is_ok());
        assert_eq!(ended, accepted, "the deadline of a request was lost");
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn the_end_and_a_worker_and_a_cancel_compete() {
    explore("close, answer, cancel_all", 2, || {
        let runtime = runtime(2);
        submit(&runtime, 1);
        submit(&runtime, 1);
        let worker = spawn(&runtime, work);
        let other = spawn(&runtime, |runtime| runtime.cancel_all(1));
        runtime.close();
        worker.join().unwrap();
        let cancelled = other.join().unwrap() as usize;
        let ended = collect(&runtime);
        assert_eq!(ended.len(), 2, "{ended:?}");
        assert_eq!(ended.iter().filter(|(_, status)| *status == Status::Cancelled).count(), cancelled);
        work(&runtime);
        assert_eq!(runtime.engine.sizes(), [0; 6], "the engine keeps what has ended");
        runtime.engine.clean();
        assert_eq!(runtime.stats().held_bytes, 0, "an answer is held");
    });
}

#[test]
fn an_answer_wakes_a_consumer_that_waits_for_it() {
    explore("wait for an answer", 3, || {
        let runtime = runtime(1);
        let key = submit(&runtime, 0);
        let worker = spawn(&runtime, work);
        let turn = runtime.consumer().enter().unwrap();
        runtime.consumer().wait(FOREVER, || runtime.has_completions());
        assert_eq!(collect(&runtime), [(key, Status::Ok)]);
        worker.join().unwrap();
        drop(turn);
        assert_at_rest(&runtime, 1);
    });
}
