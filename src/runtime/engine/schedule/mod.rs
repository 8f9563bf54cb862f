//! All rules about when and how often to ask, acting together: which share a question, which goes next, what an
//! attempt means, and when a request has waited long enough.
//!
//! Told the time and everything else, it knows no thread, no lock and no network, so that it can be run in virtual time
//! (see `simulation`). Every decision that ends a request comes out as an [`Effect`].

mod admission;
mod consulting;
mod deadlines;
mod finishing;
mod queues;
mod sending;
#[cfg(all(test, not(loom)))]
mod simulation;
mod work;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

pub(super) use self::consulting::{Consultation, Consulted, Told};
pub(super) use self::finishing::Held;
use self::queues::{Deadlines, Later, Queues, WorkId};
use self::work::{Request, Stage, Work};
use super::agenda::Situation;
use super::counters::Counters;
use super::expected::Expected;
use super::health::Health;
use super::in_flight::InFlight;
use super::memory::Memory;
use crate::network::Claim;
use crate::policy::breaker::BreakerPolicy;
use crate::policy::limiter::Limiter;
use crate::policy::rate::{RateBudget, RatePolicy};
use crate::policy::retry::{RetryBudget, RetryPolicy};
use crate::runtime::lines::Line;
use crate::runtime::mailbox::{Key, Outcome, Priority, Source};
use crate::runtime::metrics::Vitals;
use crate::runtime::recorder::Recorder;

/// What the rules are set to.
pub(in crate::runtime) struct Rules {
    pub(in crate::runtime) retry: RetryPolicy,
    pub(in crate::runtime) breaker: BreakerPolicy,
    pub(in crate::runtime) rate: RatePolicy,
    /// Bytes of answers, above which nothing is sent.
    pub(in crate::runtime) max_held_bytes: usize,
    /// How many exchanges there are at once.
    pub(in crate::runtime) max_workers: usize,
    /// Servers share a budget, and what they know: they are asked before the API is.
    pub(in crate::runtime) has_network: bool,
    /// Seeds what is drawn at random.
    pub(in crate::runtime) seed: u64,
}

/// What is to be done once the rules have decided.
#[derive(Debug)]
pub(super) enum Effect {
    /// A request ends.
    Answer(Key, Outcome),
    /// A line for the host's log.
    Say(Line, String),
    /// Work is given up that held something in the network of servers.
    GiveUp(Claim),
}

/// A request the rules have not seen.
pub(super) struct Newcomer {
    pub(super) slot: usize,
    pub(super) key: Key,
    pub(super) priority: Priority,
    /// Whether the answer may be known already, or be on its way to another request.
    pub(super) cacheable: bool,
    pub(super) flight: Box<InFlight>,
}

/// What a worker is to do.
pub(super) struct Assignment {
    pub(super) work: WorkId,
    /// The request it is sent for.
    pub(super) leader: Key,
    pub(super) flight: Box<InFlight>,
    pub(super) purpose: Purpose,
}

/// What a worker does with what it is given.
pub(super) enum Purpose {
    /// Sends it.
    Send,
    /// Asks the network of servers about it.
    Consult(Consultation),
}

/// How an exchange ended.
pub(super) struct Finished {
    pub(super) work: WorkId,
    pub(super) flight: Box<InFlight>,
    pub(super) outcome: Outcome,
    /// When its worker began with it.
    pub(super) began: Instant,
    /// The worker was freed before the exchange ended by itself.
    pub(super) interrupted: bool,
    /// A kept connection had died: sent again at once where that is safe.
    pub(super) died_idle: bool,
    /// This machine lacked something.
    pub(super) is_local: bool,
}

pub(super) struct Schedule {
    retry: RetryPolicy,
    max_held_bytes: usize,
    max_workers: usize,
    budget: RetryBudget,
    rate: RateBudget,
    limiter: Limiter,
    health: Health,
    memory: Memory,
    expected: Expected,
    counters: Arc<Counters>,
    random: fastrand::Rng,
    /// By slot.
    requests: HashMap<usize, Request>,
    deadlines: Deadlines,
    works: HashMap<WorkId, Work>,
    ready: Queues,
    later: Later,
    sent: BTreeSet<WorkId>,
    /// Pieces of work the network is being asked about.
    asking: usize,
    has_network: bool,
    /// The network does not answer.
    is_alone: bool,
    /// Bytes set aside for answers that are on their way.
    set_aside: usize,
    /// By what they are shared as: work that others may join.
    shared: HashMap<Arc<str>, WorkId>,
    /// What the next request or piece of work is numbered.
    number: u64,
    effects: Vec<Effect>,
    /// No worker runs, and none can be started.
    lacks_workers: bool,
    /// There was no memory to end what is over. Nothing is sent until deadlines are looked at again.
    lacks_memory: bool,
    /// Is told how requests go.
    pub(super) recorder: Recorder,
}

impl Schedule {
    pub(super) fn new(rules: &Rules, memory: Memory, counters: Arc<Counters>, now: Instant) -> Self {
        Self {
            retry: rules.retry,
            max_held_bytes: rules.max_held_bytes,
            max_workers: rules.max_workers,
            budget: RetryBudget::default(),
            rate: RateBudget::new(rules.rate, now),
            limiter: Limiter::new(rules.max_workers, now),
            health: Health::new(rules.breaker),
            memory,
            expected: Expected::new(rules.max_held_bytes, rules.max_workers),
            counters,
            random: fastrand::Rng::with_seed(rules.seed),
            requests: HashMap::new(),
            deadlines: Deadlines::default(),
            works: HashMap::new(),
            ready: Queues::default(),
            later: Later::default(),
            sent: BTreeSet::new(),
            asking: 0,
            has_network: rules.has_network,
            is_alone: false,
            set_aside: 0,
            shared: HashMap::new(),
            number: 0,
            effects: Vec::new(),
            lacks_workers: false,
            lacks_memory: false,
            recorder: Recorder::off(now),
        }
    }

    /// Whether no worker runs and none can be started.
    pub(super) fn lacks_workers(&mut self, lacks: bool) {
        self.lacks_workers = lacks;
    }

    /// There is another API key: what was said of the last one is not said of it.
    pub(super) fn key_changed(&mut self) {
        self.health.key_changed();
    }

    /// What was decided since it was last asked for.
    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether requests fail at once at present.
    pub(super) fn is_circuit_open(&self) -> bool {
        self.health.breaker.is_open()
    }

    /// What there is to do. `held` are the bytes of answers the host has not freed.
    pub(super) fn situation(&mut self, held: usize, now: Instant) -> Situation {
        let waiting = self.waiting(held, now);
        let is_held_back = self.ready.len() > 0;
        let place = if is_held_back { self.limiter.due(now) } else { None };
        Situation {
            due: self.deadlines.first().into_iter().chain(self.later.first()).chain(place).min(),
            waiting,
            is_held_back,
            is_idle: self.is_idle(),
        }
    }

    /// How it stands with what metrics show.
    pub(super) fn vitals(&self, now: Instant) -> Vitals {
        Vitals {
            waiting: self.works.len() - self.sent.len() - self.asking,
            rate: self.rate.limit(now),
            concurrency: self.limiter.limit(),
        }
    }

    /// Whether no request is under way.
    fn is_idle(&self) -> bool {
        self.requests.is_empty() && self.sent.is_empty() && self.asking == 0
    }

    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Puts new work in line.
    fn add(&mut self, id: WorkId, work: Work) {
        if let Some(name) = &work.shared_as {
            self.shared.insert(Arc::clone(name), id);
        }
        self.ready.of(work.way).insert(work.priority, work.place);
        self.works.insert(id, work);
    }

    /// Closes a piece of work to those that ask the same.
    fn unshare(&mut self, id: WorkId) {
        let name = self.works.get_mut(&id).and_then(|work| work.shared_as.take());
        if let Some(name) = name
            && self.shared.get(&name) == Some(&id)
        {
            self.shared.remove(&name);
        }
    }

    /// Forgets the request in a slot: it ended.
    pub(super) fn withdraw(&mut self, slot: usize) {
        let Some(request) = self.requests.remove(&slot) else { return };
        self.recorder.withdrawn(request.record);
        self.deadlines.remove(request.deadline, slot);
        let Some(work) = self.works.get_mut(&request.work) else { return };
        if work.leader != Some(slot) {
            work.followers.remove(&request.number);
            return;
        }
        work.leader = work.followers.pop_first().map(|(_, slot)| slot);
        match work.leader {
            Some(next) => self.lead(request.work, next),
            None if work.is_out() => self.unshare(request.work),
            None => {
                let claim = self.discard(request.work).and_then(|work| work.claim);
                self.give_up(claim);
            }
        }
    }

    /// Lets a follower lead work that waits. What was sent stays what was sent.
    fn lead(&mut self, id: WorkId, slot: usize) {
        let (Some(work), Some(request)) = (self.works.get_mut(&id), self.requests.get_mut(&slot)) else {
            return;
        };
        if let Some(flight) = &mut work.flight
            && let Some(own) = request.own.take()
        {
            flight.accepted = own.accepted;
            flight.deadline = own.deadline;
            flight.record = own.record;
        }
    }

    /// Forgets the request in a slot if it has ended.
    pub(super) fn withdraw_if(&mut self, slot: usize, has_ended: impl FnOnce(Key) -> bool) {
        if self.requests.get(&slot).is_some_and(|request| has_ended(request.key)) {
            self.withdraw(slot);
        }
    }

    /// Takes work that waits, or was sent, out of every structure.
    fn discard(&mut self, id: WorkId) -> Option<Work> {
        self.unshare(id);
        let work = self.works.remove(&id)?;
        match work.stage {
            Stage::Ready => self.ready.of(work.way).remove(work.priority, work.place),
            Stage::Later(due) => self.later.remove(due, id),
            Stage::Asking(asking) => {
                self.set_aside -= asking.bytes;
                self.asking -= 1;
            }
            Stage::Sent(sent) => {
                self.set_aside -= sent.bytes;
                self.sent.remove(&id);
            }
        }
        Some(work)
    }

    /// Ends a piece of work for all that want it. Returns what it held in the network.
    fn end(&mut self, id: WorkId, outcome: Outcome, now: Instant) -> Option<Claim> {
        let work = self.discard(id)?;
        let outcome = self.memory.stale_if_error(work.question.as_ref(), &outcome, now).unwrap_or(outcome);
        for slot in work.followers.values() {
            self.answer(*slot, outcome.shared(), now);
        }
        if let Some(slot) = work.leader {
            // One that came to lead what was sent for another has only shared it.
            let is_own = self.requests.get(&slot).is_some_and(|request| request.own.is_none());
            self.answer(slot, if is_own { outcome } else { outcome.shared() }, now);
        }
        work.claim
    }

    fn answer(&mut self, slot: usize, outcome: Outcome, now: Instant) {
        if self.effects.try_reserve(1).is_err() {
            // It ends at its deadline then.
            return;
        }
        let Some(request) = self.requests.remove(&slot) else { return };
        self.deadlines.remove(request.deadline, slot);
        self.count_stale(&outcome);
        self.recorder.ended(request.record, &outcome, now);
        self.effects.push(Effect::Answer(request.key, outcome));
    }

    fn count_stale(&self, outcome: &Outcome) {
        if outcome.source == Source::StaleCache {
            Counters::count(&self.counters.cache_stale);
        }
    }

    /// How many things each structure holds, for tests that nothing is kept which has ended.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> [usize; 6] {
        [
            self.requests.len(),
            self.deadlines.len(),
            self.works.len() - self.sent.len() - self.asking,
            self.ready.len() + self.later.len(),
            self.shared.len(),
            self.sent.len() + self.asking,
        ]
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Text;
    use crate::operations::{Arguments, Decoded, GET_CUSTOMER, Parameter, Sent, Status};
    use crate::policy::cache::CachePolicy;
    use crate::room::counting::{refusing, refusing_all};
    use crate::runtime::mailbox::{AnswerCache, Attachment, Header};

    const REQUESTS: usize = 600;

    /// A schedule, and requests for it: each number asked for twice, so that half of them share a question.
    fn schedule(now: Instant, has_network: bool) -> (Schedule, Vec<Newcomer>) {
        let rules = Rules {
            retry: RetryPolicy::default(),
            breaker: BreakerPolicy::default(),
            rate: RatePolicy::default(),
            max_held_bytes: usize::MAX,
            max_workers: 4,
            has_network,
            seed: 7,
        };
        let cache = Arc::new(AnswerCache::new(CachePolicy::default()).unwrap());
        let newcomer = |slot: usize| {
            let mut arguments = Arguments::new();
            arguments.text(Parameter::CustomerId, &(slot / 2 + 1).to_string()).unwrap();
            let header = Header {
                operation: &GET_CUSTOMER,
                accepted: now,
                patience: Duration::from_secs(10),
                tag: 0,
                priority: Priority::Interactive,
                attachment: Attachment::NONE,
            };
            let flight = Box::new(InFlight::new(&header, &arguments, "1").unwrap());
            Newcomer {
                slot,
                key: Key::from_bits(slot as u64 + 1),
                priority: Priority::Interactive,
                cacheable: true,
                flight,
            }
        };
        let schedule = Schedule::new(&rules, Memory::new(cache), Arc::default(), now);
        (schedule, (0..REQUESTS).map(newcomer).collect())
    }

    #[test]
    fn every_request_is_answered_also_when_there_is_no_memory_for_it() {
        let now = Instant::now();
        for granted in 0.. {
            let (mut schedule, newcomers) = schedule(now, false);
            let mut answers = Vec::with_capacity(REQUESTS);
            let mut gather = |schedule: &mut Schedule| {
                for effect in schedule.take_effects() {
                    if let Effect::Answer(key, outcome) = effect {
                        answers.push((key.bits(), outcome.status));
                    }
                }
            };
            let ((), refused) = refusing(granted, 1_500, || {
                for newcomer in newcomers {
                    schedule.admit(newcomer, now);
                    gather(&mut schedule);
                }
                while !schedule.tick(now + Duration::from_secs(11), 256) || schedule.sizes() != [0; 6] {
                    gather(&mut schedule);
                }
                gather(&mut schedule);
            });
            assert_eq!(schedule.sizes(), [0; 6]);
            answers.sort_unstable_by_key(|(key, _)| *key);
            assert!(answers.iter().map(|(key, _)| *key).eq(1..=REQUESTS as u64), "each once: {answers:?}");
            assert!(answers.iter().filter(|(_, status)| *status != Status::Timeout).count() <= 1);
            if !refused {
                assert!(granted >= 10, "{granted}");
                return;
            }
        }
    }

    #[test]
    fn while_there_is_no_memory_to_end_what_is_over_nothing_is_sent() {
        let now = Instant::now();
        let over = now + Duration::from_secs(11);
        for has_network in [false, true] {
            // Neither to say that it is over, nor to find out which of those that want it are.
            for size in [size_of::<Effect>(), 1] {
                let (mut schedule, newcomers) = schedule(now, has_network);
                newcomers.into_iter().take(6).for_each(|newcomer| schedule.admit(newcomer, now));
                let (given, waiting, has_looked) = refusing_all(size, || {
                    let given = schedule.next(0, over).is_some();
                    (given, schedule.waiting(0, over), schedule.tick(over, 256))
                });
                assert_eq!((given, waiting), (false, 0));
                assert!(has_looked, "it is looked at again, but not at once");
                assert!(schedule.take_effects().is_empty());
                while !schedule.tick(over, 2) {}
                assert_eq!(schedule.take_effects().len(), 6);
                assert_eq!(schedule.sizes(), [0; 6]);
            }
        }
    }

    #[test]
    fn what_a_worker_does_before_it_begins_is_not_counted_against_the_api() {
        let now = Instant::now();
        let (mut schedule, mut newcomers) = schedule(now, false);
        schedule.admit(newcomers.swap_remove(0), now);
        let Assignment { work, flight, .. } = schedule.next(0, now).unwrap();
        let later = now + Duration::from_millis(50);
        assert_eq!(schedule.limiter.places(later), usize::MAX, "nothing is known");
        assert_eq!(schedule.vitals(later).concurrency, None);
        let began = later - Duration::from_micros(100);
        let answered = Outcome::answered(Decoded::ok(), 200, Text::from("{}"));
        let outcome = Outcome { sent: Sent::Answered, ..answered };
        let (interrupted, died_idle, is_local) = (false, false, false);
        schedule.finish(Finished { work, flight, outcome, began, interrupted, died_idle, is_local }, later);
        assert!(schedule.limiter.places(later) <= 4, "the API is near");
        assert_eq!(schedule.vitals(later).concurrency, Some(schedule.limiter.places(later)));
    }

    #[test]
    fn a_network_that_knows_no_time_to_wait_is_not_asked_all_the_time() {
        let now = Instant::now();
        let (mut schedule, mut newcomers) = schedule(now, true);
        schedule.admit(newcomers.swap_remove(0), now);
        let Assignment { work, flight, purpose: Purpose::Consult(_), .. } = schedule.next(0, now).unwrap()
        else {
            panic!("it is not asked")
        };
        schedule.consulted(Consulted { work, flight, told: Told::Again(Duration::ZERO) }, now);
        assert!(schedule.next(0, now + Duration::from_millis(4)).is_none());
        assert!(schedule.next(0, now + Duration::from_millis(5)).is_some());
    }
}
