//! The life of a slot, step by step and in a crowd.

use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use super::holds::{Lent, Reserved};
use super::slots::{Decided, Notice, Slots};
use super::*;
use crate::operations::{LIST_CUSTOMERS, Parameter, Status};
use crate::policy::cache::CachePolicy;

fn header() -> Header {
    let now = Instant::now();
    Header {
        operation: &LIST_CUSTOMERS,
        accepted: now,
        patience: Duration::ZERO,
        tag: 7,
        priority: Priority::Interactive,
        attachment: Attachment::NONE,
    }
}

fn submitted(slots: &Slots) -> Key {
    slots.reserve().unwrap().publish(header()).unwrap().key
}

fn end(slots: &Slots, key: Key, status: Status) {
    let decided = slots.decide(key, false).unwrap();
    slots.finish(&decided, Outcome::without_answer(status));
}

fn arrived(slots: &Slots, index: usize) -> Lent<'_> {
    match slots.notice(index) {
        Notice::Arrived(_, lent) => lent,
        Notice::Ended => panic!("nothing new"),
    }
}

fn completed(slots: &Slots) -> Key {
    let key = submitted(slots);
    end(slots, key, Status::Timeout);
    assert_eq!(slots.collect(key.slot().unwrap()), Some(key));
    key
}

#[test]
fn a_life() {
    let slots = Slots::new(1, 1).unwrap();
    let key = submitted(&slots);
    assert!(slots.reserve().is_none(), "the only slot is taken");
    assert!(slots.is_pending(key));
    let lent = arrived(&slots, 0);
    assert_eq!(lent.header().tag, 7);
    assert!(matches!(slots.notice(0), Notice::Ended), "a request arrives once");
    drop(lent);
    assert!(matches!(slots.notice(0), Notice::Ended), "nor when its arguments were taken");
    assert!(slots.begin(key));
    let decided = slots.decide(key, false).unwrap();
    assert!(slots.decide(key, false).is_none(), "a request is decided once");
    assert!(!slots.begin(key), "what is decided is not sent");
    assert!(slots.collect(0).is_none(), "not finished yet");
    slots.finish(&decided, Outcome::without_answer(Status::Cancelled));
    assert_eq!(slots.read(key).err(), Some(NoCompletion::Unknown), "not collected yet");
    assert_eq!(slots.collect(0), Some(key));
    assert_eq!(slots.collect(0), None, "a completion is delivered once");
    assert_eq!(slots.read(key).unwrap().outcome().status, Status::Cancelled);
    assert!(slots.release(key, drop).is_ok());
    assert_eq!(slots.release(key, drop).err(), Some(NoCompletion::Unknown));
    let next = submitted(&slots);
    assert_ne!(next, key);
    assert!(!slots.is_pending(key) && slots.decide(key, false).is_none());
}

#[test]
fn a_slot_is_noted_once_until_it_was_looked_at() {
    let slots = Slots::new(1, 1).unwrap();
    let published = slots.reserve().unwrap().publish(header()).unwrap();
    assert!(published.note);
    let decided = slots.decide(published.key, true).unwrap();
    assert!(!decided.note, "the engine has not looked yet");
    slots.finish(&decided, Outcome::without_answer(Status::Cancelled));
    slots.collect(0).unwrap();
    assert!(!slots.release(published.key, drop).unwrap().note);
    let next = slots.reserve().unwrap().publish(header()).unwrap();
    assert!(!next.note, "the notice outlives the request");
    drop(arrived(&slots, 0));
    assert!(slots.decide(next.key, true).unwrap().note);
}

#[test]
fn a_refused_request_gives_its_slot_back() {
    let slots = Slots::new(1, 1).unwrap();
    let mut reserved = slots.reserve().unwrap();
    reserved.arguments().text(Parameter::Search, "x").unwrap();
    drop(reserved);
    assert!(slots.reserve().is_some());
}

#[test]
fn what_is_read_is_not_freed() {
    let slots = Slots::new(2, 1).unwrap();
    let key = completed(&slots);
    let reading = slots.read(key).unwrap();
    assert_eq!(slots.release(key, drop).err(), Some(NoCompletion::InUse));
    drop(reading);
    assert!(slots.release(key, drop).is_ok());
}

#[test]
fn a_slot_whose_arguments_are_in_use_is_freed_by_the_engine() {
    let slots = Slots::new(1, 1).unwrap();
    let key = submitted(&slots);
    let lent = arrived(&slots, 0);
    end(&slots, key, Status::Cancelled);
    slots.collect(0).unwrap();
    assert!(!slots.release(key, drop).unwrap().note);
    assert!(slots.reserve().is_none());
    drop(lent);
    assert!(slots.reserve().is_some());
}

#[test]
fn heavy_arguments_are_freed_by_the_engine() {
    let slots = Slots::new(1, 1).unwrap();
    let mut reserved = slots.reserve().unwrap();
    let long = "x".repeat(250);
    reserved.arguments().text(Parameter::Search, &long).unwrap();
    reserved.arguments().text(Parameter::Name, &long).unwrap();
    let key = reserved.publish(header()).unwrap().key;
    end(&slots, key, Status::Cancelled);
    slots.collect(0).unwrap();
    slots.release(key, drop).unwrap();
    assert!(slots.reserve().is_none());
    for _ in 0..2 {
        assert!(matches!(slots.notice(0), Notice::Ended));
    }
    let again = slots.reserve();
    assert!(again.is_some());
    assert!(slots.reserve().is_none(), "freed once");
}

#[test]
fn a_sealed_slot_takes_nothing_any_more() {
    let slots = Slots::new(3, 1).unwrap();
    let pending = submitted(&slots);
    let mut held_up = slots.reserve().unwrap();
    held_up.arguments().text(Parameter::Search, "x").unwrap();
    assert_eq!(slots.close(), 2);
    let decided: Vec<Decided> = (0..2).filter_map(|index| slots.seal(index)).collect();
    assert_eq!(decided.len(), 1, "the pending one, and nothing of the one that is on its way");
    slots.finish(&decided[0], Outcome::without_answer(Status::Shutdown));
    assert!(held_up.publish(header()).is_none());
    assert_eq!(slots.collect(0), Some(pending));
    slots.release(pending, drop).unwrap();
    assert!(slots.reserve().unwrap().publish(header()).is_none(), "nor does one that was freed since");
}

/// A mailbox without an engine.
fn mailbox(max_outstanding: u32) -> Mailbox {
    let settings = MailboxSettings {
        store_id: "1".to_owned(),
        has_api_key: true,
        max_outstanding,
        log_level: None,
        first_generation: 1,
    };
    Mailbox::new(settings, Arc::new(AnswerCache::new(CachePolicy::default()).unwrap())).unwrap()
}

fn submit(mailbox: &Mailbox) -> Result<Key, SubmitError> {
    let submission = Submission {
        deadline: Duration::from_secs(60),
        priority: Priority::Interactive,
        tag: 0,
        attachment: Attachment::NONE,
    };
    mailbox.submit(&LIST_CUSTOMERS, |arguments| arguments.text(Parameter::Search, "x"), || submission)
}

#[test]
fn a_closed_mailbox_accepts_nothing_from_then_on() {
    let mailbox = mailbox(3);
    assert!(submit(&mailbox).is_ok());
    mailbox.close();
    // Before anything is settled: no slot is sealed yet.
    assert_eq!(submit(&mailbox), Err(SubmitError::Shutdown));
}

#[test]
fn the_last_collecting_finds_what_a_thread_that_is_held_up_has_not_passed_on() {
    let mailbox = mailbox(3);
    let keys = [(); 3].map(|()| submit(&mailbox).unwrap());
    let held_up = mailbox.slots.decide(keys[1], true).unwrap();
    mailbox.slots.finish(&held_up, Outcome::without_answer(Status::Cancelled));
    mailbox.close();
    assert_eq!(mailbox.gather(), 2);
    mailbox.settle();
    let collected: Vec<Key> = std::iter::from_fn(|| mailbox.collect()).collect();
    assert_eq!(collected, [keys[0], keys[2], keys[1]]);
    collected.into_iter().for_each(|key| assert!(mailbox.release(key).is_ok()));
    mailbox.completions.push(held_up.slot);
    assert_eq!((mailbox.gather(), mailbox.collect()), (1, None), "it is collected once");
}

#[test]
fn forged_keys_name_nothing() {
    let slots = Slots::new(4, 100).unwrap();
    let key = completed(&slots);
    for bits in [0, 1 << 32, u64::MAX, key.bits() + 1, key.bits() | 1 << 24, key.bits() ^ 1 << 63] {
        let forged = Key::from_bits(bits);
        assert!(slots.read(forged).is_err(), "{bits:x}");
        assert!(slots.release(forged, drop).is_err(), "{bits:x}");
        assert!(slots.decide(forged, false).is_none(), "{bits:x}");
    }
}

#[test]
fn generations_go_on_in_the_next_table_and_past_their_end() {
    let slots = Slots::new(1, 1).unwrap();
    let key = completed(&slots);
    let next = Slots::new(1, slots.next_generation()).unwrap();
    assert!(next.read(key).is_err());
    assert_ne!(submitted(&next), key);
    let last = Slots::new(1, u32::MAX).unwrap();
    for _ in 0..3 {
        let key = completed(&last);
        assert_ne!(key.bits(), 0);
        last.release(key, drop).unwrap();
    }
}

#[test]
fn many_threads_decide_each_request_once() {
    const REQUESTS: usize = 2_000;
    let slots = Slots::new(64, 1).unwrap();
    let decided = AtomicUsize::new(0);
    let freed = AtomicUsize::new(0);
    let (finish, ready) = std::sync::mpsc::channel();
    let current: Vec<AtomicU64> = (0..64).map(|_| AtomicU64::new(0)).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut sent = 0;
            while sent < REQUESTS {
                match slots.reserve() {
                    Some(reserved) => {
                        let published = reserved.publish(header()).unwrap();
                        current[published.slot].store(published.key.bits(), Ordering::SeqCst);
                        sent += 1;
                    }
                    None => std::thread::yield_now(),
                }
            }
        });
        for _ in 0..3 {
            let (slots, current, decided, freed) = (&slots, &current, &decided, &freed);
            let finish = finish.clone();
            scope.spawn(move || {
                for index in (0..64).cycle() {
                    if freed.load(Ordering::SeqCst) == REQUESTS {
                        return;
                    }
                    let key = Key::from_bits(current[index].load(Ordering::SeqCst));
                    if let Some(ours) = slots.decide(key, false) {
                        decided.fetch_add(1, Ordering::SeqCst);
                        slots.finish(&ours, Outcome::without_answer(Status::Ok));
                        finish.send(ours.slot).unwrap();
                    }
                }
            });
        }
        let (slots, freed) = (&slots, &freed);
        scope.spawn(move || {
            while freed.load(Ordering::SeqCst) < REQUESTS {
                let slot = ready.recv().unwrap();
                // Its arguments are still in the slot: the engine takes or frees them.
                drop(slots.notice(slot));
                let key = slots.collect(slot).unwrap();
                assert_eq!(slots.read(key).unwrap().header().tag, 7);
                slots.release(key, drop).unwrap();
                freed.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
    assert_eq!(decided.load(Ordering::SeqCst), REQUESTS);
    let held: Vec<Reserved<'_>> = std::iter::from_fn(|| slots.reserve()).collect();
    assert_eq!(held.len(), 64, "no slot is lost or doubled");
}

#[test]
fn a_flood_is_handed_over_in_batches() {
    let mailbox = mailbox(1_000);
    let submit = || submit(&mailbox).unwrap();
    let keys: Vec<Key> = (0..600).map(|_| submit()).collect();
    let mut backlog = Backlog::default();
    let mut seen = Vec::new();
    let mut drain = |limit| {
        mailbox.drain(&mut backlog, limit, |arrival| {
            if let Arrival::New(_, key, _) = arrival {
                seen.push(key);
            }
        })
    };
    assert!(!drain(256) && !drain(256), "deadlines are looked at between batches");
    let late = submit();
    assert!(drain(256));
    assert_eq!(seen[..600], keys, "first in, first out");
    assert_eq!(seen[600..], [late]);
}
