//! What must hold whatever happens.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::api::Bucket;
use super::servers::{Grant, Servers};
use super::world::{Asked, IDLE, Setup, TIMER_STEP, World};
use super::{At, millis};
use crate::operations::{Sent, Status};
use crate::policy::is_outage;
use crate::runtime::engine::in_flight::InFlight;
use crate::runtime::engine::schedule::queues::{BACKGROUND_SHARE, WorkId};
use crate::runtime::engine::schedule::work::{Stage, Way};
use crate::runtime::engine::schedule::{Assignment, Consultation, Schedule};
use crate::runtime::mailbox::{Outcome, Priority, Source};

/// How late a deadline may be kept: one look while idle, one timer step, and what threads take.
const GRACE: Duration = millis(1).saturating_add(IDLE).saturating_add(TIMER_STEP);

/// What one piece of work sent.
#[derive(Default)]
struct Step {
    target: String,
    method: &'static str,
    times: u32,
    /// The furthest that an attempt of it came.
    reached: Option<Sent>,
}

#[derive(Default)]
pub(super) struct Checks {
    max_attempts: u32,
    max_held: usize,
    workers: usize,
    cache_bytes: usize,
    threshold: u32,
    bucket: Option<Bucket>,
    steps: BTreeMap<WorkId, Step>,
    /// The largest answer so far.
    largest: usize,
    /// Sent since the background had its turn, while it waited; and while players waited.
    without_background: u32,
    since_background: u32,
    /// Failures that are the API's, since it last answered or the circuit last changed.
    blamed: u32,
    was_open: bool,
    /// How often the circuit opened.
    pub(super) opened: u32,
    /// Exchanges begun.
    pub(super) exchanges: u32,
}

impl Checks {
    pub(super) fn new(setup: &Setup) -> Self {
        let rate = setup.rules.rate;
        Self {
            max_attempts: setup.rules.retry.max_attempts.max(1),
            max_held: setup.rules.max_held_bytes,
            workers: setup.workers,
            cache_bytes: setup.cache.max_bytes as usize,
            threshold: setup.rules.breaker.threshold,
            bucket: (rate.per_second > 0.0).then(|| Bucket::new(rate.per_second, rate.burst.max(1.0))),
            ..Self::default()
        }
    }

    /// Nothing is kept that has ended, and no more is on its way than there is room for.
    pub(super) fn after_event(&self, world: &World) {
        let schedule = &world.schedule;
        let [requests, deadlines, waiting, lined_up, shared, sent] = schedule.sizes();
        assert_eq!(requests, deadlines, "a deadline for every request, and for nothing else");
        assert_eq!(waiting, lined_up, "what waits is in line, and nothing else");
        assert!(shared <= waiting + sent, "{shared} questions shared by {waiting} waiting and {sent} sent");
        assert!(waiting <= requests, "{waiting} pieces of work wait for {requests} requests");
        assert!(sent <= self.workers, "{sent} pieces of work are with {} workers", self.workers);
        assert!(requests <= world.setup.capacity, "{requests} requests known");
        let mut wanted = 0;
        let mut aside = 0;
        for work in schedule.works.values() {
            wanted += work.slots().count();
            match work.stage {
                Stage::Sent(sent) => aside += sent.bytes,
                Stage::Asking(asking) => aside += asking.bytes,
                Stage::Ready | Stage::Later(_) => {
                    assert!(work.leader.is_some(), "work that no request wants waits");
                }
            }
        }
        assert_eq!(wanted, requests, "every request wants one piece of work");
        assert_eq!(aside, schedule.set_aside, "bytes set aside");
        let exchanges = schedule.sent.len();
        assert_eq!(
            schedule.limiter.under_way(),
            exchanges,
            "every exchange has its place, and nothing else has"
        );
        for (&slot, request) in &schedule.requests {
            let work = schedule.works.get(&request.work).expect("every request has its work");
            assert!(
                work.slots().any(|wants| wants == slot),
                "slot {slot} is not among those its work is for"
            );
            let pending = world.waits_for(slot, request.key);
            assert!(pending || world.is_noted(slot), "slot {slot} is kept though its request has ended");
        }
        let lone = if schedule.has_network && !schedule.is_alone { schedule.ready.local.len() } else { 0 };
        assert_eq!(lone, 0, "pieces of work go by the local rate while the network answers");
        let room = self.max_held + 256 * 1024 + self.cache_bytes + self.workers * self.largest;
        let taken = world.held_bytes + schedule.set_aside;
        assert!(taken <= room, "{taken} bytes held and set aside, {room} allowed");
    }

    /// A request was decided.
    pub(super) fn ended(&self, asked: &Asked, now: At) {
        let late = now.saturating_sub(asked.deadline);
        assert!(late <= GRACE, "{:?} ended {late:?} after its deadline", asked.ask);
    }

    /// A player who joins an import waits like a player.
    pub(super) fn admitted(&self, schedule: &Schedule, slot: usize, priority: Priority, now: Instant) {
        let Some(request) = schedule.requests.get(&slot) else { return };
        let Some(work) = schedule.works.get(&request.work) else { return };
        if priority == Priority::Interactive {
            assert_eq!(work.priority, Priority::Interactive, "a player waits like an import");
        }
        if let Stage::Later(due) = work.stage
            && !matches!(work.way, Way::Placed { .. })
        {
            assert!(
                due < request.deadline || request.deadline <= now,
                "joined what is not asked in its time"
            );
        }
    }

    /// A worker was given something to send.
    pub(super) fn assigned(
        &mut self,
        schedule: &Schedule,
        assignment: &Assignment,
        grant: Option<Grant>,
        at: At,
        now: Instant,
    ) {
        self.exchanges += 1;
        let work = schedule.works.get(&assignment.work).expect("is known");
        let leader = work.leader.and_then(|slot| schedule.requests.get(&slot)).expect("a request wants it");
        assert_eq!(leader.key, assignment.leader);
        assert!(leader.deadline > now, "{} is sent for a request that is over", assignment.work);
        if let Some(bucket) = &mut self.bucket
            && !matches!(grant, Some(Grant::Place(_)))
        {
            assert!(bucket.take(at), "{} is sent faster than the rate allows", assignment.work);
        }
        if grant.is_some() {
            // Who goes first is decided by the network.
            return;
        }
        let waits = |priority| {
            let is_ready = |stage: &Stage| matches!(stage, Stage::Ready);
            schedule.works.values().any(|work| work.priority == priority && is_ready(&work.stage))
        };
        let (players, background) = (waits(Priority::Interactive), waits(Priority::Background));
        self.since_background += 1;
        if work.priority == Priority::Background {
            assert!(
                !players || self.since_background >= BACKGROUND_SHARE,
                "an import goes {} after an import while a player waits",
                self.since_background
            );
            (self.since_background, self.without_background) = (0, 0);
        } else if background {
            self.without_background += 1;
            assert!(self.without_background < BACKGROUND_SHARE, "an import has been passed over too often");
        } else {
            self.without_background = 0;
        }
        if !players {
            self.since_background = BACKGROUND_SHARE;
        }
    }

    /// A worker is to ask the network of servers.
    pub(super) fn consults(&self, schedule: &Schedule, work: WorkId, asked: &Consultation, now: Instant) {
        let work = schedule.works.get(&work).expect("is known");
        let leader = work.leader.and_then(|slot| schedule.requests.get(&slot)).expect("a request wants it");
        assert!(leader.deadline > now, "it is asked about for a request that is over");
        let Stage::Asking(asking) = work.stage else { panic!("it is not noted that it is asked about") };
        assert_eq!(
            asking.bytes > 0,
            asked.has_question,
            "room is set aside for an answer, where one may come"
        );
    }

    /// An answer has arrived.
    pub(super) fn gets(&mut self, bytes: usize) {
        self.largest = self.largest.max(bytes);
    }

    /// An exchange begins.
    pub(super) fn sends(&mut self, work: WorkId, flight: &InFlight, _: At) {
        let request = &flight.request;
        let step = self.steps.entry(work).or_default();
        if step.target != request.target || step.method != request.method {
            *step = Step { target: request.target.clone(), method: request.method, ..Step::default() };
        }
        step.times += 1;
        assert!(step.times <= self.max_attempts, "{work} is sent {} times", step.times);
        let repeatable = request.method == "GET";
        assert!(
            repeatable || step.reached.is_none_or(|sent| sent == Sent::Never),
            "{} {} was sent again after it may have arrived",
            request.method,
            request.target
        );
    }

    /// An exchange ends. `by_itself`: it was not interrupted. `blames`: the API failed.
    pub(super) fn finishes(&mut self, work: WorkId, outcome: &Outcome, by_itself: bool, blames: bool) {
        if let Some(step) = self.steps.get_mut(&work) {
            step.reached = step.reached.max(Some(outcome.sent));
        }
        if let Some(content) = outcome.content() {
            self.gets(content.bytes());
        }
        if blames {
            self.blamed += 1;
        } else if by_itself && !is_outage(outcome.status) && outcome.status != Status::Internal {
            self.blamed = 0;
        }
    }

    pub(super) fn circuit(&mut self, is_open: bool) {
        if is_open && !self.was_open {
            self.opened += 1;
            assert!(
                self.blamed >= self.threshold,
                "the circuit opened after {} failures of the API, not {}",
                self.blamed,
                self.threshold
            );
        }
        if is_open != self.was_open {
            self.blamed = 0;
        }
        self.was_open = is_open;
    }

    /// All is over, and everything was collected.
    pub(super) fn at_the_end(world: &World) {
        for (number, asked) in world.requests.iter().enumerate() {
            let Some((_, status)) = asked.ended else {
                panic!("request {number} was never answered: {:?}", asked.ask)
            };
            let expected = u32::from(status != Status::Cancelled);
            assert!(asked.answers >= expected, "request {number} ended as {status:?} without an answer");
            let is_own = asked.source == Some(Source::Network) && status == Status::Ok;
            assert!(!is_own || asked.sent > 0, "request {number} was given the answer of another as its own");
        }
        assert_eq!(world.schedule.sizes(), [0; 6], "something is kept");
        let claims = world.setup.servers.as_ref().map_or(0, Servers::claims);
        assert_eq!(claims, 0, "claims are held by no work");
        assert_eq!(world.schedule.set_aside, 0, "bytes are set aside for nothing");
        assert_eq!(world.held_bytes, 0, "bytes are held by no request");
        assert!(world.schedule.is_idle());
        assert_eq!(world.outstanding(), 0, "slots are taken");
    }
}
