//! "Accepted is completed, and handed back once", in every order the steps of host threads can take: the real mailbox
//! and its parts under the model checker, without an engine. Run by `tests/verify/loom.sh`.
//!
//! How many context switches against a thread's will are tried is said per test: bugs of this kind need few.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loom::thread::{self, JoinHandle};

use super::chain::{Chain, Taken};
use super::free_list::FreeList;
use super::holds::Reserved;
use super::pile::{Pile, Piled};
use super::slots::Notice;
use super::*;
use crate::model::Text;
use crate::operations::{Arguments, Decoded, LIST_CUSTOMERS, LOOKUP_CUSTOMER, Parameter, REQUEST, Status};
use crate::policy::cache::CachePolicy;
use crate::sync::{AtomicU32, Cell, Mutex, explore, lock};

const FOREVER: Duration = Duration::from_secs(3_600);

fn mailbox(capacity: u32) -> Arc<Mailbox> {
    let settings = MailboxSettings {
        store_id: "1".to_owned(),
        has_api_key: true,
        max_outstanding: capacity,
        log_level: None,
        first_generation: 1,
    };
    let policy = CachePolicy { ttl: Duration::ZERO, max_bytes: 1, ..CachePolicy::default() };
    Arc::new(Mailbox::new(settings, Arc::new(AnswerCache::new(policy).unwrap())).unwrap())
}

fn spawn<R: 'static>(mailbox: &Arc<Mailbox>, act: impl FnOnce(&Mailbox) -> R + 'static) -> JoinHandle<R> {
    let mailbox = Arc::clone(mailbox);
    thread::spawn(move || act(&mailbox))
}

fn attachment(number: u64) -> Attachment {
    Attachment([std::ptr::without_provenance(number as usize + 1), std::ptr::null(), std::ptr::null()])
}

/// The tag is also what is attached.
fn submission(tag: u64) -> Submission {
    Submission { deadline: FOREVER, priority: Priority::Interactive, tag, attachment: attachment(tag) }
}

fn try_submit(mailbox: &Mailbox, tag: u64) -> Result<Key, SubmitError> {
    mailbox.submit(&LIST_CUSTOMERS, |arguments| arguments.text(Parameter::Search, "x"), || submission(tag))
}

fn submit(mailbox: &Mailbox, tag: u64) -> Key {
    try_submit(mailbox, tag).unwrap()
}

/// With arguments that own heap memory.
fn submit_much(mailbox: &Mailbox, tag: u64) -> Key {
    let json = format!("\"{}\"", "x".repeat(1_000));
    let fill = |arguments: &mut Arguments| {
        arguments.text(Parameter::Method, "POST")?;
        arguments.text(Parameter::Path, "/")?;
        arguments.text(Parameter::Auth, "none")?;
        arguments.text(Parameter::Json, &json)
    };
    mailbox.submit(&REQUEST, fill, || submission(tag)).unwrap()
}

fn answered() -> Outcome {
    Outcome::answered(Decoded::ok(), 200, Text::from("{}"))
}

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

/// What polling does, and what it hands back.
fn collect(mailbox: &Mailbox) -> Vec<(Key, Status, Attachment)> {
    let mut ended = Vec::new();
    mailbox.gather();
    while let Some(key) = mailbox.collect() {
        let status = mailbox.read(key).unwrap().outcome().status;
        ended.push((key, status, mailbox.release(key).unwrap()));
    }
    ended
}

fn statuses(mailbox: &Mailbox) -> Vec<(Key, Status)> {
    collect(mailbox).into_iter().map(|(key, status, _)| (key, status)).collect()
}

/// What the engine does with what it is told, if it were to forget all at once.
fn drain(mailbox: &Mailbox, backlog: &Mutex<Backlog>) -> usize {
    let mut arrived = 0;
    mailbox.drain(&mut lock(backlog), 8, |arrival| {
        if let Arrival::New(_, _, lent) = arrival {
            assert!(lent.arguments().spilled() < 10_000);
            arrived += 1;
        }
    });
    arrived
}

/// Once all is over: every slot that was ever used is free, none twice, and no answer is held.
fn assert_at_rest(mailbox: &Mailbox) {
    mailbox.empty_trash();
    assert_eq!(mailbox.held_bytes(), 0, "an answer is held");
    mailbox.slots.close();
    let reserved: Vec<Reserved<'_>> = std::iter::from_fn(|| mailbox.slots.reserve()).collect();
    assert_eq!(reserved.len(), mailbox.slots.used(), "a slot is lost, or there twice");
}

#[test]
fn what_is_accepted_while_the_client_ends_is_completed_and_handed_back_once() {
    explore("submit, cancel_all, close and the last collecting", 4, || {
        let mailbox = mailbox(2);
        submit(&mailbox, 5);
        let submitter = spawn(&mailbox, |mailbox| try_submit(mailbox, 6));
        let canceller = spawn(&mailbox, |mailbox| mailbox.cancel_all(5));
        mailbox.close();
        mailbox.settle();
        let ended = collect(&mailbox);
        let mut expected = vec![attachment(5)];
        match submitter.join().unwrap() {
            Ok(_) => expected.push(attachment(6)),
            Err(error) => assert_eq!(error, SubmitError::Shutdown),
        }
        let cancelled = canceller.join().unwrap() as usize;
        let mut attachments: Vec<Attachment> = ended.iter().map(|(_, _, attachment)| *attachment).collect();
        attachments.sort_by_key(|attachment| attachment.0[0]);
        assert_eq!(attachments, expected);
        let count = |status| ended.iter().filter(|(_, ended, _)| *ended == status).count();
        assert_eq!((count(Status::Cancelled), count(Status::Shutdown)), (cancelled, ended.len() - cancelled));
        assert_eq!(collect(&mailbox), [], "what was passed on late is collected already");
        assert_at_rest(&mailbox);
    });
}

#[test]
fn submitting_peeking_and_ending_share_a_full_table() {
    explore("submit, peek, end, one slot", 3, || {
        let mailbox = mailbox(1);
        let submitter = spawn(&mailbox, |mailbox| try_submit(mailbox, 5));
        let peeker = spawn(&mailbox, |mailbox| {
            match mailbox.hand_out(&LOOKUP_CUSTOMER, Instant::now(), answered()) {
                // The end of the client may have freed it already.
                Ok(key) => usize::from(mailbox.release(key).is_ok()),
                Err(error) => {
                    assert!(matches!(error, SubmitError::QueueFull | SubmitError::Shutdown));
                    0
                }
            }
        });
        let free = |key: Key| mailbox.release(key).is_ok();
        mailbox.close();
        mailbox.settle();
        let ended = collect(&mailbox).len();
        let found = mailbox.unfreed().filter(|key| free(*key)).count();
        let peeked = peeker.join().unwrap();
        let accepted = match submitter.join().unwrap() {
            Ok(_) => 1,
            Err(error) => {
                assert!(matches!(error, SubmitError::QueueFull | SubmitError::Shutdown));
                0
            }
        };
        assert_eq!(ended, accepted);
        assert!(peeked + found <= 1, "freed twice");
        assert_eq!(mailbox.unfreed().count(), 0);
        assert_at_rest(&mailbox);
    });
}

#[test]
fn nothing_is_handed_out_after_the_end() {
    explore("peek against the end", 4, || {
        let mailbox = mailbox(1);
        let peeker =
            spawn(&mailbox, |mailbox| mailbox.hand_out(&LOOKUP_CUSTOMER, Instant::now(), answered()));
        mailbox.close();
        mailbox.settle();
        let handed_out: Vec<Key> = mailbox.unfreed().collect();
        let peeked: Vec<Key> = peeker.join().unwrap().into_iter().collect();
        assert_eq!(peeked, handed_out, "the end must find what was handed out");
        for key in handed_out {
            mailbox.release(key).unwrap();
        }
        assert_at_rest(&mailbox);
    });
}

#[test]
fn two_hosts_submit_and_cancel_in_one_slot() {
    explore("two submitters, one slot", 5, || {
        let mailbox = mailbox(1);
        let act = |mailbox: &Mailbox, tag| match try_submit(mailbox, tag) {
            Ok(key) => {
                assert!(mailbox.cancel(key));
                1
            }
            Err(SubmitError::QueueFull) => 0,
            Err(error) => panic!("{error}"),
        };
        let other = spawn(&mailbox, move |mailbox| act(mailbox, 1));
        let mut accepted = act(&mailbox, 2);
        let mut ended = collect(&mailbox).len();
        accepted += other.join().unwrap();
        ended += collect(&mailbox).len();
        assert_eq!(ended, accepted);
        assert_at_rest(&mailbox);
    });
}

#[test]
fn cancelling_a_tag_spares_the_next_request_of_the_slot() {
    explore("cancel_all against reuse under another tag", 5, || {
        let mailbox = mailbox(1);
        let first = submit(&mailbox, 1);
        let other = spawn(&mailbox, |mailbox| mailbox.cancel_all(1));
        mailbox.cancel(first);
        let mut ended = collect(&mailbox).len();
        let second = try_submit(&mailbox, 2);
        other.join().unwrap();
        if let Ok(second) = second {
            assert!(mailbox.is_pending(second), "a request of another tag was cancelled");
            mailbox.cancel(second);
        }
        ended += collect(&mailbox).len();
        assert_eq!(ended, 1 + usize::from(second.is_ok()));
        assert_at_rest(&mailbox);
    });
}

#[test]
fn what_is_read_is_not_freed_and_not_overwritten() {
    explore("read, free twice, reuse", 4, || {
        let mailbox = mailbox(1);
        let key = submit(&mailbox, 7);
        mailbox.answer(key, answered(), |_| {});
        mailbox.gather();
        assert_eq!(mailbox.collect(), Some(key));
        let reader = spawn(&mailbox, move |mailbox| {
            if let Ok(reading) = mailbox.read(key) {
                assert_eq!(reading.header().tag, 7);
                assert_eq!(reading.outcome().reply.as_ref().map(|reply| reply.body.len()), Some(2));
            }
        });
        let free = move |mailbox: &Mailbox| usize::from(mailbox.release(key).is_ok());
        let other = spawn(&mailbox, free);
        let mut freed = free(&mailbox);
        let next = try_submit(&mailbox, 8);
        reader.join().unwrap();
        freed += other.join().unwrap();
        if freed == 0 {
            // Both met the reader.
            freed += free(&mailbox);
        }
        assert_eq!(freed, 1);
        if let Ok(next) = next {
            mailbox.cancel(next);
            assert_eq!(statuses(&mailbox), [(next, Status::Cancelled)]);
        }
        assert_at_rest(&mailbox);
    });
}

#[test]
fn long_arguments_are_freed_once_and_not_by_the_host() {
    explore("cancel and free with long arguments, two that drain", 3, || {
        let mailbox = mailbox(1);
        let backlog = Arc::new(Mutex::new(Backlog::default()));
        let key = submit_much(&mailbox, 1);
        let drainers = [(); 2].map(|()| {
            let backlog = Arc::clone(&backlog);
            spawn(&mailbox, move |mailbox| drain(mailbox, &backlog))
        });
        mailbox.cancel(key);
        let ended = collect(&mailbox).len();
        let next = try_submit(&mailbox, 2);
        let arrived: usize = drainers.into_iter().map(|drainer| drainer.join().unwrap()).sum();
        let later = drain(&mailbox, &backlog);
        assert_eq!(ended, 1);
        assert!(arrived + later <= 1 + usize::from(next.is_ok()), "a request arrived twice");
        if let Ok(next) = next {
            mailbox.cancel(next);
            assert_eq!(statuses(&mailbox), [(next, Status::Cancelled)]);
        }
        drain(&mailbox, &backlog);
        assert_at_rest(&mailbox);
    });
}

#[test]
fn the_slot_alone_hands_over_the_outcome() {
    explore("decide, finish, collect, without a chain between them", 5, || {
        let slots = Arc::new(Slots::new(1, 1).unwrap());
        let key = slots.reserve().unwrap().publish(header()).unwrap().key;
        let decider = |status| {
            let slots = Arc::clone(&slots);
            thread::spawn(move || {
                if let Some(decided) = slots.decide(key, false) {
                    slots.finish(&decided, Outcome::without_answer(status));
                }
            })
        };
        let deciders = [decider(Status::Ok), decider(Status::Timeout)];
        let look = || {
            let found = slots.collect(0)?;
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
fn a_request_arrives_once_and_its_notice_is_given_once() {
    explore("publish, notice twice, decide", 5, || {
        let slots = Arc::new(Slots::new(1, 1).unwrap());
        let key = slots.reserve().unwrap().publish(header()).unwrap().key;
        let look = move |slots: &Slots| match slots.notice(0) {
            Notice::Arrived(found, lent) => {
                assert_eq!((found, lent.header().tag), (key, 7));
                1
            }
            Notice::Ended => 0,
        };
        let other = {
            let slots = Arc::clone(&slots);
            thread::spawn(move || look(&slots))
        };
        let decided = slots.decide(key, true).unwrap();
        let arrived = look(&slots);
        let total = arrived + other.join().unwrap();
        assert!(total <= 1, "arrived twice");
        assert!(!decided.note || total == 1, "noted while it was noted");
        slots.finish(&decided, Outcome::without_answer(Status::Cancelled));
    });
}

#[test]
fn a_free_slot_is_taken_by_one() {
    explore("three threads take and return two slots", 2, || {
        let slots = Arc::new(Slots::new(2, 1).unwrap());
        let act = |slots: &Slots| {
            for _ in 0..2 {
                if let Some(mut reserved) = slots.reserve() {
                    // Writing shows the checker when two hold the same slot.
                    let _ = reserved.arguments();
                }
            }
        };
        let threads = [(); 2].map(|()| {
            let slots = Arc::clone(&slots);
            thread::spawn(move || act(&slots))
        });
        act(&slots);
        for thread in threads {
            thread.join().unwrap();
        }
        let reserved: Vec<Reserved<'_>> = std::iter::from_fn(|| slots.reserve()).collect();
        assert_eq!(reserved.len(), 2);
    });
}

#[test]
fn an_index_that_comes_back_is_not_taken_for_the_one_seen_before() {
    explore("one takes an index while another takes two and returns the first", 4, || {
        let list = Arc::new((FreeList::new(2), [AtomicU32::new(0), AtomicU32::new(0)]));
        let pop = |(list, links): &(FreeList, [AtomicU32; 2])| list.pop(|index| &links[index as usize]);
        let push = |(list, links): &(FreeList, [AtomicU32; 2]), index| {
            list.push(index, |index| &links[index as usize])
        };
        let both = [pop(&list), pop(&list)];
        both.into_iter().flatten().for_each(|index| push(&list, index));
        let other = {
            let list = Arc::clone(&list);
            thread::spawn(move || pop(&list))
        };
        let (first, second) = (pop(&list), pop(&list));
        if let Some(first) = first {
            push(&list, first);
        }
        let mut owned: Vec<u32> = [other.join().unwrap(), second].into_iter().flatten().collect();
        owned.extend(std::iter::from_fn(|| pop(&list)));
        owned.sort_unstable();
        assert_eq!(owned, [0, 1], "an index is lost, or has two owners");
    });
}

#[test]
fn a_chain_loses_and_doubles_nothing() {
    explore("two push, one takes, a slot goes round twice", 4, || {
        let chain = Arc::new(Chain::new(3).unwrap());
        let push = |slots: &'static [usize]| {
            let chain = Arc::clone(&chain);
            thread::spawn(move || slots.iter().for_each(|slot| chain.push(*slot)))
        };
        let pushers = [push(&[0]), push(&[1, 2])];
        let mut taken = Taken::default();
        let mut seen = Vec::new();
        chain.take_all(&mut taken);
        let mut again = 0;
        if let Some(slot) = chain.pop(&mut taken) {
            // Ours alone by now: it may go back while others push, and while the rest is still taken.
            seen.push(slot);
            chain.push(slot);
            again = 1;
        }
        chain.take_all(&mut taken);
        seen.extend(std::iter::from_fn(|| chain.pop(&mut taken)));
        for pusher in pushers {
            pusher.join().unwrap();
        }
        chain.take_all(&mut taken);
        seen.extend(std::iter::from_fn(|| chain.pop(&mut taken)));
        assert_eq!((seen.len(), taken.len()), (3 + again, 0), "{seen:?}");
        let at = |slot: usize| seen.iter().position(|seen| *seen == slot).unwrap();
        assert!(at(1) < at(2), "the order of one thread is kept: {seen:?}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [0, 1, 2]);
    });
}

struct Number(u32, Cell<*mut Number>);

impl Piled for Number {
    fn below(&self) -> &Cell<*mut Self> {
        &self.1
    }
}

// SAFETY: the link is touched by the pile alone, which owns the number by then.
unsafe impl Send for Number {}

#[test]
fn a_pile_loses_and_doubles_nothing() {
    explore("two put, two take", 4, || {
        let pile = Arc::new(Pile::default());
        let number = |value| Box::new(Number(value, Cell::new(std::ptr::null_mut())));
        let values =
            |pile: &Pile<Number>| pile.take_all().earliest_first().map(|item| item.0).collect::<Vec<_>>();
        let putter = {
            let pile = Arc::clone(&pile);
            thread::spawn(move || [1, 2].into_iter().for_each(|value| pile.put(number(value))))
        };
        let taker = {
            let pile = Arc::clone(&pile);
            thread::spawn(move || values(&pile))
        };
        pile.put(number(3));
        let mut seen = values(&pile);
        putter.join().unwrap();
        let theirs = taker.join().unwrap();
        for taken in [&seen, &theirs] {
            let order: Vec<u32> = taken.iter().copied().filter(|value| *value < 3).collect();
            assert!(order.is_sorted(), "the order of one thread is kept: {taken:?}");
        }
        seen.extend(theirs);
        seen.extend(values(&pile));
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3]);
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
        let threads = [(); 2].map(|()| {
            let trash = Arc::clone(&trash);
            thread::spawn(move || throw(&trash))
        });
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
