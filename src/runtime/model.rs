//! "Exactly once", in every order the steps of the threads can take: the real submitting, deciding, collecting and
//! freeing under the model checker. Run by `tests/verify/loom.sh`.
//!
//! The threads of a test stand for the host's and for ours; the network is left out, and what crossbeam's queues do
//! inside. How many context switches against a thread's will are tried is said per test: bugs of this kind need few.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use super::mailbox::slots::Slots;
use super::*;
use crate::model::{Secret, Text};
use crate::operations::{Decoded, LIST_CUSTOMERS, Parameter, REQUEST};
use crate::sync::explore;
use crate::transport::Connection;

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

    fn connections_opened(&self) -> u32 {
        0
    }

    fn close(&self) {}
}

fn runtime(capacity: u32) -> Arc<Runtime> {
    let settings = Settings {
        store_id: "1".to_owned(),
        has_api_key: true,
        max_outstanding: capacity,
        max_workers: 1,
        max_held_bytes: usize::MAX,
        log_level: None,
        retry: RetryPolicy::default(),
        breaker: BreakerPolicy::default(),
        rate: RatePolicy::default(),
        cache: CachePolicy { ttl: Duration::ZERO, max_bytes: 1, ..CachePolicy::default() },
        first_generation: 1,
    };
    Arc::new(Runtime::new(settings, Box::new(Nowhere)))
}

fn try_submit(runtime: &Runtime, tag: u64, search: &str) -> Result<Key, SubmitError> {
    let submission =
        Submission { operation: &LIST_CUSTOMERS, deadline: FOREVER, priority: Priority::Interactive, tag };
    runtime.submit(submission, |arguments| arguments.text(Parameter::Search, search), |_| {})
}

fn submit(runtime: &Runtime, tag: u64) -> Key {
    try_submit(runtime, tag, "x").unwrap()
}

fn answered() -> Outcome {
    Outcome::answered(Decoded::ok(), 200, Text::from("{}"))
}

/// What a worker does, without the network.
fn work(runtime: &Runtime, key: Key) {
    let taken = runtime.take(key);
    if taken.is_some() && runtime.slots.begin(key) {
        runtime.answer(key, answered());
    }
}

/// What the deadline does.
fn expire(runtime: &Runtime, key: Key) {
    runtime.answer(key, Outcome::without_answer(Status::Timeout));
}

/// What polling does.
fn collect(runtime: &Runtime) -> Vec<(Key, Status)> {
    let mut ended = Vec::new();
    while let Some(key) = runtime.collect() {
        let status = runtime.read(key).unwrap().outcome().status;
        runtime.release(key, || {}).unwrap();
        ended.push((key, status));
    }
    ended
}

/// Once all is over: every slot is free, none twice, and no answer is held.
fn assert_at_rest(runtime: &Runtime, capacity: usize) {
    runtime.free_garbage();
    assert_eq!(runtime.trash.held_bytes(), 0, "an answer is held");
    let reserved: Vec<Reserved<'_>> = std::iter::from_fn(|| runtime.slots.reserve()).collect();
    assert_eq!(reserved.len(), capacity, "a slot is lost, or there twice");
}

#[test]
fn answer_deadline_and_cancel_compete_while_the_host_collects() {
    explore("answer, deadline, cancel, collect", 3, || {
        let runtime = runtime(1);
        let key = submit(&runtime, 0);
        let spawn = |act: fn(&Runtime, Key)| {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || act(&runtime, key))
        };
        let cancel = |runtime: &Runtime, key| {
            runtime.cancel(key);
        };
        let threads = [spawn(work), spawn(expire), spawn(cancel)];
        let mut ended = collect(&runtime);
        for thread in threads {
            thread.join().unwrap();
        }
        ended.extend(collect(&runtime));
        assert_eq!(ended.len(), 1, "{ended:?}");
        assert_eq!(ended[0].0, key);
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn cancelling_says_whether_it_won() {
    explore("cancel against answer", 5, || {
        let runtime = runtime(1);
        let key = submit(&runtime, 0);
        let worker = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || work(&runtime, key))
        };
        let won = runtime.cancel(key);
        worker.join().unwrap();
        let expected = if won { Status::Cancelled } else { Status::Ok };
        assert_eq!(collect(&runtime), [(key, expected)]);
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn a_slot_freed_while_its_arguments_are_read_is_used_again_once() {
    explore("free while the arguments are lent, reuse", 5, || {
        let runtime = runtime(1);
        let key = submit(&runtime, 0);
        let worker = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || work(&runtime, key))
        };
        runtime.cancel(key);
        let mut ended = collect(&runtime);
        let next = try_submit(&runtime, 1, "y");
        worker.join().unwrap();
        ended.extend(collect(&runtime));
        assert_eq!(ended.len(), 1);
        if let Ok(next) = next {
            assert_ne!(next, key);
            assert!(runtime.slots.is_pending(next), "the worker of the one before left it alone");
            runtime.cancel(next);
            assert_eq!(collect(&runtime), [(next, Status::Cancelled)]);
        }
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn long_arguments_are_freed_by_one_thread_of_ours() {
    explore("cancel with long arguments, worker, cleaner", 4, || {
        let runtime = runtime(1);
        let json = format!("\"{}\"", "x".repeat(1_000));
        let submission =
            Submission { operation: &REQUEST, deadline: FOREVER, priority: Priority::Interactive, tag: 0 };
        let fill = |arguments: &mut Arguments| {
            arguments.text(Parameter::Method, "POST")?;
            arguments.text(Parameter::Path, "/")?;
            arguments.text(Parameter::Auth, "none")?;
            arguments.text(Parameter::Json, &json)
        };
        let key = runtime.submit(submission, fill, |_| {}).unwrap();
        let spawn = |act: fn(&Runtime, Key)| {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || act(&runtime, key))
        };
        let threads = [spawn(work), spawn(|runtime, _| runtime.free_garbage())];
        runtime.cancel(key);
        let mut ended = collect(&runtime);
        for thread in threads {
            thread.join().unwrap();
        }
        ended.extend(collect(&runtime));
        assert_eq!(ended.len(), 1);
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn what_is_read_is_not_freed_and_not_overwritten() {
    explore("read, free twice, reuse", 4, || {
        let runtime = runtime(1);
        let key = submit(&runtime, 7);
        runtime.answer(key, answered());
        assert_eq!(runtime.collect(), Some(key));
        let reader = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || {
                if let Ok(reading) = runtime.read(key) {
                    assert_eq!(reading.header().tag, 7);
                    assert_eq!(reading.outcome().reply.as_ref().map(|reply| reply.body.len()), Some(2));
                }
            })
        };
        let other = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || usize::from(runtime.release(key, || {}).is_ok()))
        };
        let mut freed = usize::from(runtime.release(key, || {}).is_ok());
        let next = try_submit(&runtime, 8, "y");
        reader.join().unwrap();
        freed += other.join().unwrap();
        if freed == 0 {
            // Both met the reader.
            runtime.release(key, || {}).unwrap();
            freed += 1;
        }
        assert_eq!(freed, 1);
        if let Ok(next) = next {
            runtime.cancel(next);
            assert_eq!(collect(&runtime).len(), 1);
        }
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn what_is_accepted_while_the_client_shuts_down_ends() {
    explore("submit against shutdown", 5, || {
        let runtime = runtime(1);
        let host = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || try_submit(&runtime, 0, "x"))
        };
        runtime.shutdown();
        let mut ended = collect(&runtime);
        let accepted = host.join().unwrap();
        ended.extend(collect(&runtime));
        assert_eq!(ended.len(), usize::from(accepted.is_ok()), "no dispatcher is needed for this");
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn shutdown_and_a_worker_and_a_cancel_compete() {
    explore("shutdown, answer, cancel", 3, || {
        let runtime = runtime(2);
        let keys = [submit(&runtime, 1), submit(&runtime, 1)];
        let worker = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || work(&runtime, keys[0]))
        };
        let host = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || runtime.cancel_all(1))
        };
        runtime.shutdown();
        worker.join().unwrap();
        let cancelled = host.join().unwrap() as usize;
        let ended = collect(&runtime);
        assert_eq!(ended.len(), 2, "{ended:?}");
        assert_eq!(ended.iter().filter(|(_, status)| *status == Status::Cancelled).count(), cancelled);
        assert_at_rest(&runtime, 2);
    });
}

#[test]
fn cancelling_a_tag_spares_the_next_request_of_the_slot() {
    explore("cancel_all against reuse under another tag", 5, || {
        let runtime = runtime(1);
        let first = submit(&runtime, 1);
        let host = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || runtime.cancel_all(1))
        };
        runtime.cancel(first);
        let mut ended = collect(&runtime);
        let second = try_submit(&runtime, 2, "y");
        host.join().unwrap();
        if let Ok(second) = second {
            assert!(runtime.slots.is_pending(second), "a request of another tag was cancelled");
            runtime.cancel(second);
        }
        ended.extend(collect(&runtime));
        assert_eq!(ended.len(), 1 + usize::from(second.is_ok()));
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn a_late_entry_does_not_take_the_next_request_its_deadline() {
    explore("a submitter that is held up, and the next request of its slot", 5, || {
        let runtime = runtime(1);
        let slow = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || try_submit(&runtime, 1, "x"))
        };
        runtime.cancel_all(1);
        let mut ended = collect(&runtime).len();
        let next = try_submit(&runtime, 2, "y");
        runtime.drain_ingress(&mut lock(&runtime.schedule));
        let first = slow.join().unwrap();
        runtime.drain_ingress(&mut lock(&runtime.schedule));
        let mut expired = Vec::new();
        lock(&runtime.schedule).expire(u64::MAX, |key, _| expired.push(key));
        for key in expired {
            expire(&runtime, key);
        }
        ended += collect(&runtime).len();
        let accepted = usize::from(first.is_ok()) + usize::from(next.is_ok());
        assert_eq!(ended, accepted, "the deadline of a request was lost");
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn two_hosts_submit_and_cancel_in_one_slot() {
    explore("two submitters, one slot", 5, || {
        let runtime = runtime(1);
        let act = |runtime: &Runtime, tag| match try_submit(runtime, tag, "x") {
            Ok(key) => {
                assert!(runtime.cancel(key));
                1
            }
            Err(SubmitError::QueueFull) => 0,
            Err(error) => panic!("{error}"),
        };
        let other = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || act(&runtime, 1))
        };
        let mut accepted = act(&runtime, 2);
        let mut ended = collect(&runtime).len();
        accepted += other.join().unwrap();
        ended += collect(&runtime).len();
        assert_eq!(ended, accepted);
        assert_at_rest(&runtime, 1);
    });
}

#[test]
fn the_slot_alone_hands_over_the_outcome() {
    explore("decide, finish, collect, without a queue between them", 5, || {
        let slots = Arc::new(Slots::new(1, 1));
        let now = Instant::now();
        let header = Header { operation: &LIST_CUSTOMERS, accepted: now, deadline: now, tag: 7 };
        let key = slots.reserve().unwrap().publish(header);
        let decider = |status| {
            let slots = Arc::clone(&slots);
            thread::spawn(move || {
                if slots.decide(key) {
                    slots.finish(key, Outcome::without_answer(status));
                }
            })
        };
        let deciders = [decider(Status::Ok), decider(Status::Timeout)];
        let look = || {
            let found = slots.collect(key.index() as u32)?;
            let status = slots.read(found).unwrap().outcome().status;
            slots.release(found, drop).unwrap();
            Some(status)
        };
        let early = look();
        for decider in deciders {
            decider.join().unwrap();
        }
        assert_eq!(usize::from(early.is_some()) + usize::from(look().is_some()), 1);
    });
}

#[test]
fn a_free_slot_is_taken_by_one() {
    explore("three threads take and return two slots", 2, || {
        let slots = Arc::new(Slots::new(2, 1));
        let act = |slots: &Slots| {
            for _ in 0..2 {
                if let Some(mut reserved) = slots.reserve() {
                    // Writing shows the checker when two hold the same slot.
                    let _ = reserved.arguments();
                }
            }
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let slots = Arc::clone(&slots);
                thread::spawn(move || act(&slots))
            })
            .collect();
        act(&slots);
        for thread in threads {
            thread.join().unwrap();
        }
        let reserved: Vec<Reserved<'_>> = std::iter::from_fn(|| slots.reserve()).collect();
        assert_eq!(reserved.len(), 2);
    });
}

#[test]
fn what_is_thrown_away_is_freed_once() {
    explore("two throw away, one empties", 4, || {
        let trash = Arc::new(Trash::default());
        let throw = |trash: &Trash| {
            let Some(reply) = answered().reply else { return };
            trash.hold(&reply);
            trash.put(reply);
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let trash = Arc::clone(&trash);
                thread::spawn(move || throw(&trash))
            })
            .collect();
        trash.empty();
        throw(&trash);
        for thread in threads {
            thread.join().unwrap();
        }
        trash.empty();
        assert_eq!(trash.held_bytes(), 0);
    });
}

#[test]
fn no_wake_of_a_waiting_consumer_is_lost() {
    explore("wait against notify", 4, || {
        // Relaxed: the consumer's own fences must do.
        let shared = Arc::new((Consumer::default(), AtomicBool::new(false)));
        let waiting = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.0.wait(FOREVER, || shared.1.load(Ordering::Relaxed)))
        };
        shared.1.store(true, Ordering::Relaxed);
        shared.0.notify();
        // The checker's clock stands still: a wake that is lost is a deadlock.
        waiting.join().unwrap();
    });
}

#[test]
fn an_answer_wakes_who_waits_for_it() {
    explore("wait for an answer", 5, || {
        let runtime = runtime(1);
        let key = submit(&runtime, 0);
        let worker = {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || work(&runtime, key))
        };
        let _turn = runtime.consumer().enter().unwrap();
        runtime.consumer().wait(FOREVER, || runtime.ready() > 0);
        assert_eq!(collect(&runtime), [(key, Status::Ok)]);
        worker.join().unwrap();
        drop(_turn);
        assert_at_rest(&runtime, 1);
    });
}
