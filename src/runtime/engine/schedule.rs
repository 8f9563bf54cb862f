//! Which request is worked on next, until when each may take, and who waits for whose answer.
//!
//! Only threads of ours come here, under one lock; a submitting thread never does.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::attempt::Job;
use crate::policy::rate::RateBudget;
use crate::runtime::Priority;
use crate::runtime::mailbox::slots::Key;

/// One request in every so many goes to the background queue while the other is not empty: a long
/// import is delayed by players, never stopped by them.
const BACKGROUND_SHARE: u32 = 8;

/// What a submitter leaves for the dispatcher.
#[derive(Debug, Clone, Copy)]
pub(in crate::runtime) struct Entry {
    pub(in crate::runtime) key: Key,
    /// Microseconds since the runtime started.
    pub(in crate::runtime) deadline: u64,
    pub(in crate::runtime) priority: Priority,
    /// Whether the answer may be known already, or be on its way to somebody else.
    pub(in crate::runtime) cacheable: bool,
    /// Whether the customer is to be created: that is shared also when nothing is remembered.
    pub(in crate::runtime) ensures: bool,
}

/// A request that waits before its next attempt.
struct Later {
    due: Instant,
    job: Job,
}

impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Later {}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Later {
    fn cmp(&self, other: &Self) -> Ordering {
        self.due.cmp(&other.due)
    }
}

/// One question that several requests ask. The first of them, the leader, is sent; the others get its answer.
struct Flight {
    leader: Key,
    followers: Vec<Key>,
    /// The latest of all.
    deadline: Instant,
}

/// A request's deadline.
#[derive(Clone)]
struct Deadline {
    key: Key,
    at: u64,
    /// Under what an answer may be remembered.
    memory: Option<Memory>,
}

/// What may stand in for an answer.
#[derive(Clone)]
pub(in crate::runtime) struct Memory {
    pub(in crate::runtime) question: Arc<str>,
    /// "There is none" does not do: the customer was to be created.
    pub(in crate::runtime) somebody: bool,
    /// It is only what the first step asks; the whole answer is another.
    pub(in crate::runtime) first_step: bool,
}

/// Requests that wait for a worker, and the deadlines of all.
pub(in crate::runtime) struct Schedule {
    interactive: VecDeque<Job>,
    background: VecDeque<Job>,
    later: BinaryHeap<Reverse<Later>>,
    taken: u32,
    /// By slot. A request that ended early leaves its entry behind: deciding it again fails, and the next
    /// request of the slot overwrites it. So the table needs no bookkeeping and never grows past the slots.
    deadlines: Vec<Option<Deadline>>,
    flights: HashMap<Arc<str>, Flight>,
    /// By leader.
    leaders: HashMap<Key, Arc<str>>,
    pub(in crate::runtime) rate: RateBudget,
}

impl Schedule {
    pub(in crate::runtime) fn new(rate: RateBudget) -> Self {
        Self {
            interactive: VecDeque::new(),
            background: VecDeque::new(),
            later: BinaryHeap::new(),
            taken: 0,
            deadlines: Vec::new(),
            flights: HashMap::new(),
            leaders: HashMap::new(),
            rate,
        }
    }

    /// Notes until when a request may take.
    pub(in crate::runtime) fn set_deadline(&mut self, entry: &Entry, memory: Option<Memory>) {
        let index = entry.key.index();
        if self.deadlines.len() <= index {
            self.deadlines.resize(index + 1, None);
        }
        self.deadlines[index] = Some(Deadline { key: entry.key, at: entry.deadline, memory });
    }

    pub(in crate::runtime) fn push(&mut self, job: Job) {
        match job.priority {
            Priority::Interactive => self.interactive.push_back(job),
            Priority::Background => self.background.push_back(job),
        }
    }

    /// Lets a request wait before it is worked on again.
    pub(in crate::runtime) fn push_later(&mut self, job: Job, due: Instant) {
        self.later.push(Reverse(Later { due, job }));
    }

    /// The next request to work on, if the rate allows one. It may have been decided since it was added; who
    /// sends it tells the rate budget.
    pub(in crate::runtime) fn next(&mut self, now: Instant) -> Option<Job> {
        self.promote(now);
        let background_turn = (self.taken + 1).is_multiple_of(BACKGROUND_SHARE);
        let from_background = !self.background.is_empty() && (background_turn || self.interactive.is_empty());
        let job = if from_background && self.rate.is_ready(now, false) {
            self.background.pop_front()
        } else if !self.interactive.is_empty() && self.rate.is_ready(now, true) {
            self.interactive.pop_front()
        } else {
            None
        };
        if job.is_some() {
            self.taken = self.taken.wrapping_add(1);
        }
        job
    }

    fn promote(&mut self, now: Instant) {
        while self.later.peek().is_some_and(|Reverse(later)| later.due <= now) {
            if let Some(Reverse(later)) = self.later.pop() {
                // It has waited its time: it goes before what came meanwhile.
                match later.job.priority {
                    Priority::Interactive => self.interactive.push_front(later.job),
                    Priority::Background => self.background.push_front(later.job),
                }
            }
        }
    }

    /// How many requests a worker could take now.
    pub(in crate::runtime) fn waiting(&mut self, now: Instant) -> usize {
        self.promote(now);
        let interactive = self.interactive.len();
        if interactive > 0 && self.rate.is_ready(now, true) {
            return interactive + self.background.len();
        }
        if interactive == 0 && !self.background.is_empty() && self.rate.is_ready(now, false) {
            return self.background.len();
        }
        0
    }

    /// Takes the keys whose deadline is over, with what an answer may be remembered under.
    pub(in crate::runtime) fn expire(&mut self, now: u64, mut expired: impl FnMut(Key, Option<Memory>)) {
        for slot in &mut self.deadlines {
            if let Some(deadline) = slot.take_if(|deadline| deadline.at <= now) {
                expired(deadline.key, deadline.memory);
            }
        }
    }

    /// Asks the question `flight` on behalf of `key`. True when somebody asks it already, whose answer `key` will get.
    pub(in crate::runtime) fn join(&mut self, flight: &Arc<str>, key: Key, deadline: Instant) -> bool {
        if let Some(flying) = self.flights.get_mut(flight) {
            flying.followers.push(key);
            flying.deadline = flying.deadline.max(deadline);
            return true;
        }
        let flying = Flight { leader: key, followers: Vec::new(), deadline };
        self.flights.insert(Arc::clone(flight), flying);
        self.leaders.insert(key, Arc::clone(flight));
        false
    }

    /// Ends a flight: those who wait for its answer.
    pub(in crate::runtime) fn land(&mut self, flight: &Arc<str>) -> Vec<Key> {
        let Some(landed) = self.flights.remove(flight) else {
            return Vec::new();
        };
        self.leaders.remove(&landed.leader);
        landed.followers
    }

    /// Ends the flight a request leads, if it leads one.
    pub(in crate::runtime) fn land_of(&mut self, leader: Key) -> Vec<Key> {
        match self.leaders.get(&leader).cloned() {
            Some(flight) => self.land(&flight),
            None => Vec::new(),
        }
    }

    /// Until when the longest of those who wait for a flight would wait.
    pub(in crate::runtime) fn flight_deadline(&self, flight: &Arc<str>) -> Option<Instant> {
        Some(self.flights.get(flight)?.deadline)
    }

    /// Whether anybody still wants the answer to what `key` asked first.
    pub(in crate::runtime) fn is_wanted(&self, key: Key, is_pending: impl Fn(Key) -> bool) -> bool {
        let followed = || {
            let flight = self.flights.get(self.leaders.get(&key)?)?;
            Some(flight.followers.iter().any(|follower| is_pending(*follower)))
        };
        is_pending(key) || followed().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::rate::RatePolicy;
    use std::time::Duration;

    fn schedule() -> Schedule {
        Schedule::new(RateBudget::new(RatePolicy::default(), Instant::now()))
    }

    fn key(index: u64) -> Key {
        Key::from_bits(1 << 32 | index)
    }

    fn job(index: u64, priority: Priority) -> Job {
        Job { key: key(index), priority, attempt: None }
    }

    fn entry(index: u64, deadline: u64) -> Entry {
        Entry { key: key(index), deadline, priority: Priority::Interactive, cacheable: false, ensures: false }
    }

    #[test]
    fn players_go_first_and_imports_are_not_starved() {
        let (mut schedule, now) = (schedule(), Instant::now());
        for index in 0..100 {
            schedule.push(job(index, Priority::Background));
            schedule.push(job(100 + index, Priority::Interactive));
        }
        let first: Vec<usize> = (0..16).map(|_| schedule.next(now).unwrap().key.index()).collect();
        assert_eq!(first.iter().filter(|index| **index < 100).count(), 2);
        assert_eq!(first[0], 100);
        assert_eq!(schedule.waiting(now), 184);
        assert_eq!(std::iter::from_fn(|| schedule.next(now)).count(), 184);
    }

    #[test]
    fn each_deadline_expires_once() {
        let mut schedule = schedule();
        schedule.set_deadline(&entry(3, 10), None);
        schedule.set_deadline(
            &entry(1, 20),
            Some(Memory { question: "memory".into(), somebody: false, first_step: false }),
        );
        let mut expired = Vec::new();
        for now in [9, 10, 30, 30] {
            schedule.expire(now, |key, memory| expired.push((key.index(), memory.is_some())));
        }
        assert_eq!(expired, [(3, false), (1, true)]);
    }

    #[test]
    fn what_waits_comes_back_first_when_it_is_due() {
        let (mut schedule, now) = (schedule(), Instant::now());
        let second = Duration::from_secs(1);
        schedule.push_later(job(1, Priority::Interactive), now + second * 2);
        schedule.push_later(job(2, Priority::Interactive), now + second);
        schedule.push(job(3, Priority::Interactive));
        assert_eq!(schedule.waiting(now), 1);
        let order: Vec<usize> =
            std::iter::from_fn(|| schedule.next(now + second)).map(|job| job.key.index()).collect();
        assert_eq!(order, [2, 3]);
        assert_eq!(schedule.next(now + second * 2).map(|job| job.key.index()), Some(1));
    }

    #[test]
    fn one_asks_and_the_others_follow() {
        let (mut schedule, now) = (schedule(), Instant::now());
        let flight: Arc<str> = "question".into();
        let later = now + Duration::from_secs(5);
        assert!(!schedule.join(&flight, key(1), now));
        assert!(schedule.join(&flight, key(2), later));
        assert_eq!(schedule.flight_deadline(&flight), Some(later));
        assert!(schedule.is_wanted(key(1), |pending| pending == key(2)), "for the follower");
        assert!(!schedule.is_wanted(key(1), |_| false));
        assert_eq!(schedule.land(&flight), [key(2)]);
        assert!(schedule.land(&flight).is_empty());
        assert!(!schedule.is_wanted(key(1), |pending| pending == key(2)));
        assert!(!schedule.join(&flight, key(3), now), "landed: asked anew");
    }

    #[test]
    fn the_rate_holds_back_imports_before_players() {
        let now = Instant::now();
        let mut schedule = Schedule::new(RateBudget::new(RatePolicy { per_second: 1.0, burst: 5.0 }, now));
        for index in 0..10 {
            schedule.push(job(index, Priority::Background));
        }
        let mut sent = 0;
        while schedule.next(now).is_some() {
            schedule.rate.take(now);
            sent += 1;
        }
        assert_eq!(sent, 4);
        assert_eq!(schedule.waiting(now), 0);
        schedule.push(job(100, Priority::Interactive));
        assert_eq!(schedule.next(now).map(|job| job.key.index()), Some(100));
    }
}
