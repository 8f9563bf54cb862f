//! Virtual time, and in it what `engine` and the mailbox do around the rules: slots, notices, a dispatcher that looks,
//! workers that take, send and finish.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Arguments as Words;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use zeroize::Zeroizing;

use super::api::{self, Api, Call, Fate, How, Response, id_of, name_of};
use super::checks::Checks;
use super::servers::{self, Servers};
use super::{At, millis};
use crate::model::Text;
use crate::operations::{self, Answer, Arguments, Decoded, Operation, Parameter, Sent, Status};
use crate::policy::cache::CachePolicy;
use crate::runtime::engine::counters::Counters;
use crate::runtime::engine::in_flight::InFlight;
use crate::runtime::engine::memory::Memory;
use crate::runtime::engine::reading;
use crate::runtime::engine::schedule::queues::WorkId;
use crate::runtime::engine::schedule::{
    Assignment, Consultation, Consulted, Effect, Finished, Newcomer, Purpose, Rules, Schedule, Told,
};
use crate::runtime::lines::Line;
use crate::runtime::mailbox::{AnswerCache, Attachment, Header, Key, Outcome, Priority, Source};
use crate::transport::{Exchange, HttpAnswer, TransportError};

const STORE: &str = "1";
/// As in `dispatcher`.
const RUSH: Duration = Duration::from_micros(150);
const BUSY: Duration = Duration::from_micros(500);
const WAITING: Duration = millis(5);
pub(super) const IDLE: Duration = millis(10);
const LINGER: Duration = millis(250);
pub(super) const TIMER_STEP: Duration = millis(2);
/// From taking work to sending it, at most.
const TO_SEND: Duration = Duration::from_micros(40);
const BATCH: usize = 256;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Lookup(usize),
    Get(usize),
    Ensure(usize),
    Token(usize),
    Create(usize),
    Update(usize),
    RawGet,
    RawPost,
    RawPatch(usize),
    List,
}

impl What {
    fn operation(self) -> &'static Operation {
        match self {
            Self::Lookup(_) => &operations::LOOKUP_CUSTOMER,
            Self::Get(_) => &operations::GET_CUSTOMER,
            Self::Ensure(_) => &operations::ENSURE_CUSTOMER,
            Self::Token(_) => &operations::TOKEN_FOR,
            Self::Create(_) => &operations::CREATE_CUSTOMER,
            Self::Update(_) => &operations::UPDATE_CUSTOMER,
            Self::RawGet | Self::RawPost | Self::RawPatch(_) => &operations::REQUEST,
            Self::List => &operations::LIST_CUSTOMERS,
        }
    }

    fn arguments(self) -> Arguments {
        let mut arguments = Arguments::new();
        let mut add = |parameter, value: &str| arguments.text(parameter, value).expect("is valid");
        match self {
            Self::Lookup(player) | Self::Create(player) => add(Parameter::Name, &name_of(player)),
            Self::Get(player) => add(Parameter::CustomerId, &id_of(player)),
            Self::Update(player) => {
                add(Parameter::CustomerId, &id_of(player));
                add(Parameter::Name, "new");
            }
            Self::Ensure(player) | Self::Token(player) => {
                add(Parameter::Name, &name_of(player));
                add(Parameter::Name, &name_of(player));
            }
            Self::RawGet | Self::RawPost => {
                add(Parameter::Method, if self == Self::RawGet { "GET" } else { "POST" });
                add(Parameter::Path, "/v1/other");
                add(Parameter::Auth, "api_key");
            }
            Self::RawPatch(player) => {
                add(Parameter::Method, "PATCH");
                add(Parameter::Path, &format!("/v1/stores/1/customers/{}", id_of(player)));
                add(Parameter::Auth, "api_key");
                add(Parameter::Json, "{}");
            }
            Self::List => add(Parameter::Limit, "100"),
        }
        arguments
    }

    /// Whose customer the answer is.
    fn reads(self) -> Option<usize> {
        match self {
            Self::Lookup(player) | Self::Get(player) | Self::Ensure(player) => Some(player),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) what: What,
    pub(super) priority: Priority,
    pub(super) deadline: Duration,
}

/// How the engine and the mailbox are set up.
pub(super) struct Setup {
    pub(super) workers: usize,
    pub(super) capacity: usize,
    pub(super) rules: Rules,
    pub(super) cache: CachePolicy,
    /// Completions are collected and freed at once.
    pub(super) collects: bool,
    /// The servers that share a budget and answers, if there are any. `rules` say so too.
    pub(super) servers: Option<Servers>,
    /// How often a request is cancelled at the worst moment, or a worker meets a fault of the library.
    pub(super) races: f64,
}

/// A request the mailbox accepted.
pub(super) struct Asked {
    pub(super) ask: Ask,
    pub(super) slot: usize,
    pub(super) key: Key,
    pub(super) accepted: At,
    pub(super) deadline: At,
    /// How it ended, and when; `None` while it is pending.
    pub(super) ended: Option<(At, Status)>,
    pub(super) source: Option<Source>,
    pub(super) retry_after: Option<Duration>,
    /// The engine has been told that it ended.
    pub(super) withdrawn: bool,
    /// Answers the engine gave.
    pub(super) answers: u32,
    /// How often it was sent for this very request.
    pub(super) sent: u32,
    /// The version of the customer it may not fall behind.
    floor: u64,
    outcome: Option<Outcome>,
    collected: bool,
}

pub(super) enum Noted {
    New(Box<Newcomer>, usize),
    Ended(usize),
}

enum Event {
    Look,
    Apply { batch: Vec<Noted>, worker: Option<usize> },
    Wake(usize),
    Begin(usize),
    Told(usize),
    Handle { worker: usize, number: u64, call: Call, how: How },
    End { worker: usize, number: u64 },
    Cancel(usize),
}

enum Job {
    /// Waits to be woken.
    Rests,
    /// Between two things.
    Moves,
    Assigned(Assignment),
    Asks {
        work: WorkId,
        flight: Box<InFlight>,
        what: servers::What,
    },
    Sends(Sending),
}

struct Sending {
    number: u64,
    work: WorkId,
    /// Whom it was sent for.
    request: usize,
    flight: Box<InFlight>,
    fate: Fate,
    began: At,
    interrupted: bool,
    response: Option<Response>,
}

#[derive(Default)]
struct Slot {
    occupant: Option<usize>,
    generation: u64,
    noted: bool,
    /// The engine has looked at the present request.
    seen: bool,
}

pub(super) struct World {
    pub(super) now: At,
    pub(super) random: Rng,
    pub(super) schedule: Schedule,
    pub(super) api: Api,
    pub(super) setup: Setup,
    pub(super) requests: Vec<Asked>,
    pub(super) checks: Checks,
    pub(super) held_bytes: usize,
    /// Every line for the host's log that is a warning.
    pub(super) warnings: Vec<String>,
    /// What happened, in one number.
    pub(super) hash: u64,
    pub(super) says: bool,
    counters: Arc<Counters>,
    base: Instant,
    events: BTreeMap<(At, u64), Event>,
    sequence: u64,
    slots: Vec<Slot>,
    free: Vec<usize>,
    notices: VecDeque<usize>,
    jobs: Vec<Job>,
    idle: Vec<usize>,
    /// By address: holders, of answers that completions hold.
    held: BTreeMap<usize, usize>,
    next_timer: At,
    last_arrival: Option<At>,
    /// Since when the dispatcher's looks find nothing, and are left out.
    parked: Option<At>,
}

impl World {
    pub(super) fn new(setup: Setup, api: Api, random: Rng) -> Self {
        let base = Instant::now();
        let cache = Arc::new(AnswerCache::new(setup.cache).unwrap());
        let counters = Arc::new(Counters::default());
        let schedule = Schedule::new(&setup.rules, Memory::new(cache), Arc::clone(&counters), base);
        let mut world = Self {
            now: At::ZERO,
            random,
            schedule,
            counters,
            api,
            requests: Vec::new(),
            checks: Checks::new(&setup),
            held_bytes: 0,
            warnings: Vec::new(),
            hash: 0xcbf2_9ce4_8422_2325,
            says: false,
            base,
            events: BTreeMap::new(),
            sequence: 0,
            slots: (0..setup.capacity).map(|_| Slot::default()).collect(),
            free: (0..setup.capacity).rev().collect(),
            notices: VecDeque::new(),
            jobs: (0..setup.workers).map(|_| Job::Rests).collect(),
            idle: (0..setup.workers).rev().collect(),
            held: BTreeMap::new(),
            next_timer: At::ZERO,
            last_arrival: None,
            parked: None,
            setup,
        };
        world.push(At::ZERO, Event::Look);
        world
    }

    pub(super) fn instant(&self) -> Instant {
        self.base + self.now
    }

    pub(super) fn at(&self, instant: Instant) -> At {
        instant.saturating_duration_since(self.base)
    }

    /// Notes what happened: the same seed must do the same.
    fn note(&mut self, kind: u64, a: u64, b: u64, words: Words<'_>) {
        for word in [kind, self.now.as_nanos() as u64, a, b] {
            self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
        if self.says {
            let _ = writeln!(std::io::stderr(), "{:>12.6} {words}", self.now.as_secs_f64());
        }
    }

    fn push(&mut self, at: At, event: Event) {
        self.sequence += 1;
        self.events.insert((at, self.sequence), event);
    }

    /// Lets time pass until `at`.
    pub(super) fn run_until(&mut self, at: At) {
        while self.step(at) {}
        self.now = at;
    }

    /// The next event, if it comes before `at`.
    fn step(&mut self, at: At) -> bool {
        self.unpark(at);
        let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= at) else { return false };
        let ((time, _), event) = entry.remove_entry();
        self.now = time;
        self.happen(event);
        self.check();
        true
    }

    /// Lets time pass until a worker has work that it has not begun.
    pub(super) fn run_until_assigned(&mut self) {
        let latest = self.now + millis(1_000);
        while !self.jobs.iter().any(|job| matches!(job, Job::Assigned(_))) {
            assert!(self.step(latest), "no worker is given work");
        }
    }

    pub(super) fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    fn check(&mut self) {
        // Taken out: it looks at everything else.
        let checks = std::mem::take(&mut self.checks);
        checks.after_event(self);
        self.checks = checks;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Look => self.look(),
            Event::Apply { batch, worker } => {
                self.apply(batch);
                match worker {
                    Some(worker) => self.take_work(worker),
                    None => self.provide(),
                }
            }
            Event::Wake(worker) => self.wake(worker),
            Event::Begin(worker) => self.begin(worker),
            Event::Told(worker) => self.told(worker),
            Event::Handle { worker, number, call, how } => {
                let response = self.api.handle(call, how, self.now);
                self.note(1, number, response.status.into(), format_args!("the API: {number} {call:?}"));
                if let Job::Sends(sending) = &mut self.jobs[worker]
                    && sending.number == number
                {
                    sending.response = Some(response);
                }
            }
            Event::End { worker, number } => self.end(worker, number),
            Event::Cancel(request) => self.cancel(request),
        }
    }

    // What the host does.

    /// Submits a request. `None` when as many are outstanding as may be.
    pub(super) fn submit(&mut self, ask: Ask) -> Option<usize> {
        let slot = self.free.pop()?;
        let request = self.requests.len();
        let place = &mut self.slots[slot];
        place.generation += 1;
        place.occupant = Some(request);
        place.seen = false;
        let key = Key::from_bits(place.generation << 32 | (slot as u64 + 1));
        self.requests.push(Asked {
            ask,
            slot,
            key,
            accepted: self.now,
            deadline: self.now + ask.deadline,
            ended: None,
            source: None,
            retry_after: None,
            withdrawn: false,
            answers: 0,
            sent: 0,
            floor: ask.what.reads().map_or(0, |player| self.api.players[player].known),
            outcome: None,
            collected: false,
        });
        self.note(2, request as u64, slot as u64, format_args!("submit {request}: {ask:?} in slot {slot}"));
        self.notify(slot);
        Some(request)
    }

    fn notify(&mut self, slot: usize) {
        if !std::mem::replace(&mut self.slots[slot].noted, true) {
            self.notices.push_back(slot);
        }
    }

    pub(super) fn is_pending(&self, request: usize) -> bool {
        self.requests[request].ended.is_none()
    }

    pub(super) fn cancel(&mut self, request: usize) {
        if self.is_pending(request) {
            self.note(3, request as u64, 0, format_args!("cancel {request}"));
            let slot = self.requests[request].slot;
            self.notify(slot);
            self.decide(request, Outcome::without_answer(Status::Cancelled));
        }
    }

    /// Collects and frees what has ended.
    pub(super) fn poll(&mut self) {
        for slot in 0..self.slots.len() {
            if let Some(request) = self.slots[slot].occupant
                && !self.is_pending(request)
            {
                self.collect(request);
            }
        }
    }

    fn collect(&mut self, request: usize) {
        let asked = &mut self.requests[request];
        asked.collected = true;
        let slot = asked.slot;
        if let Some(content) = asked.outcome.take().as_ref().and_then(Outcome::content) {
            let address = Arc::as_ptr(content) as usize;
            if let Some(holders) = self.held.get_mut(&address) {
                *holders -= 1;
                if *holders == 0 {
                    self.held.remove(&address);
                    self.held_bytes -= content.bytes();
                }
            }
        }
        self.note(4, request as u64, 0, format_args!("freed {request}"));
        // Whose arguments the engine has not looked at yet is kept for it.
        if self.slots[slot].seen {
            self.recycle(slot);
        }
    }

    /// Requests that joined another's exchange.
    pub(super) fn coalesced(&self) -> u64 {
        self.counters.coalesced.load(crate::sync::Ordering::Relaxed)
    }

    fn recycle(&mut self, slot: usize) {
        self.slots[slot].occupant = None;
        self.free.push(slot);
    }

    fn decide(&mut self, request: usize, outcome: Outcome) {
        if let Some(content) = outcome.content() {
            let holders = self.held.entry(Arc::as_ptr(content) as usize).or_default();
            *holders += 1;
            if *holders == 1 {
                self.held_bytes += content.bytes();
            }
        }
        let asked = &mut self.requests[request];
        asked.ended = Some((self.now, outcome.status));
        asked.source = Some(outcome.source);
        asked.retry_after = outcome.retry_after;
        let asked = &self.requests[request];
        self.checks.ended(asked, self.now);
        if outcome.status == Status::Ok && asked.ask.what.reads().is_some() {
            let version = match outcome.content().map(|content| &content.answer) {
                Some(Answer::Customer(customer)) => {
                    customer.metadata.first().and_then(|(_, version)| version.parse().ok()).unwrap_or(0)
                }
                _ => 0,
            };
            assert!(
                version >= asked.floor,
                "request {request} ({:?}) was given version {version} from {:?}; {} was written before it came",
                asked.ask.what,
                outcome.source,
                asked.floor
            );
        }
        self.requests[request].outcome = Some(outcome);
        if self.setup.collects {
            self.collect(request);
        }
    }

    /// How many requests the host cannot submit any more before it collects.
    pub(super) fn outstanding(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether the request with this key is pending in its slot.
    pub(super) fn waits_for(&self, slot: usize, key: Key) -> bool {
        self.slots[slot].occupant.is_some_and(|at| self.requests[at].key == key && self.is_pending(at))
    }

    /// Whether the engine will still look at a slot.
    pub(super) fn is_noted(&self, slot: usize) -> bool {
        self.slots[slot].noted
            || self.batches().any(|noted| match noted {
                Noted::New(newcomer, _) => newcomer.slot == slot,
                Noted::Ended(ended) => *ended == slot,
            })
    }

    fn batches(&self) -> impl Iterator<Item = &Noted> {
        self.events.values().flat_map(|event| match event {
            Event::Apply { batch, .. } => batch.as_slice(),
            _ => &[],
        })
    }

    /// Whether every worker waits for an exchange: one that is lost keeps its worker as long as its request may take.
    pub(super) fn all_busy(&self) -> bool {
        self.jobs.iter().all(|job| matches!(job, Job::Sends(_) | Job::Asks { .. }))
    }

    /// Whether what is under way leaves no room for the answer to a request of the host's own: what is lost keeps its room as
    /// long as its request may take.
    pub(super) fn room_is_taken(&self) -> bool {
        let Schedule { expected, set_aside, max_held_bytes, .. } = &self.schedule;
        let taken = self.held_bytes + set_aside;
        taken > 0 && taken + expected.bytes(operations::REQUEST.id) > *max_held_bytes
    }

    // What the engine's threads do.

    fn drain(&mut self) -> Vec<Noted> {
        let mut batch = Vec::new();
        while let Some(slot) = self.notices.pop_front() {
            let place = &mut self.slots[slot];
            place.noted = false;
            let was_seen = std::mem::replace(&mut place.seen, true);
            let Some(request) = place.occupant else {
                batch.push(Noted::Ended(slot));
                continue;
            };
            let asked = &self.requests[request];
            if asked.ended.is_some() || was_seen {
                if asked.collected && !was_seen {
                    self.recycle(slot);
                }
                batch.push(Noted::Ended(slot));
                continue;
            }
            let operation = asked.ask.what.operation();
            let header = Header {
                operation,
                accepted: self.base + asked.accepted,
                patience: asked.deadline - asked.accepted,
                tag: 0,
                priority: asked.ask.priority,
                attachment: Attachment::NONE,
            };
            let flight = Box::new(InFlight::new(&header, &asked.ask.what.arguments(), STORE).unwrap());
            let (key, priority, cacheable) = (asked.key, asked.ask.priority, operation.cacheable);
            batch.push(Noted::New(Box::new(Newcomer { slot, key, priority, cacheable, flight }), request));
        }
        batch
    }

    /// Between taking notices and acting on them other threads act.
    fn apply_soon(&mut self, batch: Vec<Noted>, worker: Option<usize>) {
        let wait = Duration::from_micros(self.random.u64(0..60));
        if self.setup.races > 0.0 && self.random.f64() < self.setup.races {
            let newcomers: Vec<usize> = batch
                .iter()
                .filter_map(|noted| if let Noted::New(_, request) = noted { Some(*request) } else { None })
                .collect();
            if let Some(&request) = newcomers.first() {
                self.push(self.now + wait / 2, Event::Cancel(request));
            }
        }
        self.push(self.now + wait, Event::Apply { batch, worker });
    }

    fn apply(&mut self, batch: Vec<Noted>) {
        let now = self.instant();
        let (ended, new): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|noted| matches!(noted, Noted::Ended(_)));
        for noted in ended {
            if let Noted::Ended(slot) = noted {
                let known = self.schedule.requests.get(&slot).map(|request| request.key);
                let pending = known.is_some_and(|key| self.find(key).is_some_and(|at| self.is_pending(at)));
                self.schedule.withdraw_if(slot, |_| !pending);
                if let Some(request) = known.filter(|_| !pending).and_then(|key| self.find(key)) {
                    self.requests[request].withdrawn = true;
                }
            }
        }
        for noted in new {
            if let Noted::New(newcomer, request) = noted
                && self.is_pending(request)
            {
                self.last_arrival = Some(self.now);
                self.note(5, request as u64, 0, format_args!("admit {request}"));
                let slot = newcomer.slot;
                if let Some(before) = self.schedule.requests.get(&slot).map(|request| request.key)
                    && let Some(before) = self.find(before)
                {
                    self.requests[before].withdrawn = true;
                }
                self.schedule.admit(*newcomer, now);
                self.checks.admitted(&self.schedule, slot, self.requests[request].ask.priority, now);
            }
        }
        self.act();
    }

    /// The request with this key, whatever became of it.
    fn find(&self, key: Key) -> Option<usize> {
        let slot = (key.bits() & 0x00ff_ffff) as usize - 1;
        let occupant = self.slots[slot].occupant.filter(|request| self.requests[*request].key == key);
        occupant.or_else(|| self.requests.iter().rposition(|asked| asked.key == key))
    }

    /// Does what the rules decided.
    fn act(&mut self) {
        for effect in self.schedule.take_effects() {
            match effect {
                Effect::Answer(key, outcome) => {
                    let Some(request) = self.find(key) else {
                        panic!("an answer to a request that never was")
                    };
                    self.note(
                        6,
                        request as u64,
                        outcome.status as u64,
                        format_args!("answer {request}: {:?} {:?}", outcome.status, outcome.source),
                    );
                    let asked = &mut self.requests[request];
                    asked.answers += 1;
                    assert!(asked.answers == 1, "request {request} was answered twice");
                    assert!(!asked.withdrawn, "request {request} was answered after it was taken back");
                    if asked.ended.is_none() {
                        self.decide(request, outcome);
                    }
                }
                Effect::GiveUp(claim) => {
                    self.note(13, claim.fence, 0, format_args!("give up claim {}", claim.fence));
                    self.setup.servers.as_mut().expect("gave it").ended(claim);
                }
                Effect::Say(line, details) => {
                    self.note(7, line as u64, 0, format_args!("say {line:?}: {details}"));
                    if line == Line::Outage {
                        self.warnings.push(details);
                    }
                }
            }
        }
        let is_open = self.schedule.is_circuit_open();
        self.checks.circuit(is_open);
    }

    fn look(&mut self) {
        let batch = self.drain();
        if batch.is_empty() { self.provide() } else { self.apply_soon(batch, None) }
    }

    /// The second half of a look: deadlines, and workers for what waits.
    fn provide(&mut self) {
        if self.now >= self.next_timer {
            self.next_timer = self.now + TIMER_STEP;
            let now = self.instant();
            loop {
                let done = self.schedule.tick(now, BATCH);
                self.act();
                if done {
                    break;
                }
            }
            self.free_the_hung();
        }
        let waiting = self.schedule.waiting(self.held_bytes, self.instant());
        self.wake_some(waiting);
        if self.schedule.ready.len() == 0 && self.notices.is_empty() {
            self.parked = Some(self.now);
        } else {
            let pause = self.pause();
            self.push(self.now + pause, Event::Look);
        }
    }

    fn pause(&mut self) -> Duration {
        if self.last_arrival == Some(self.now) && self.random.bool() {
            RUSH
        } else if self.last_arrival.is_some_and(|last| self.now - last < LINGER) {
            BUSY
        } else if self.schedule.is_idle() {
            IDLE
        } else {
            WAITING
        }
    }

    /// The looks that would find nothing are left out; the first that finds something comes when it would have come.
    fn unpark(&mut self, until: At) {
        let Some(since) = self.parked else { return };
        let now = self.instant();
        let hung = |job: &Job| {
            matches!(job, Job::Sends(sending)
                if !sending.interrupted && self.schedule.is_hung(sending.work, now))
        };
        let due = if !self.notices.is_empty() || self.schedule.ready.len() > 0 || self.jobs.iter().any(hung) {
            self.now
        } else {
            let deadline = self.schedule.deadlines.first();
            let later = self.schedule.later.first();
            let limits =
                self.schedule.sent.iter().filter_map(|id| Some(self.schedule.works.get(id)?.sent()?.limit));
            // What is probably lost is asked again, about then.
            let patience = (self.schedule.health.patience.typical() * 4).max(millis(1_000));
            let lost = self.schedule.sent.iter().filter_map(|id| {
                let work = self.schedule.works.get(id)?;
                let since = work.sent()?.since;
                (!work.followers.is_empty()).then(|| (since + patience).max(now + millis(100)))
            });
            let all = deadline.into_iter().chain(later).chain(limits).chain(lost);
            let Some(first) = all.min() else { return };
            let first = self.at(first).max(self.next_timer);
            // Something else comes before.
            if first > until || self.events.first_key_value().is_some_and(|((at, _), _)| *at < first) {
                return;
            }
            first
        };
        let pause = self.pause();
        let missed = due.saturating_sub(since).as_nanos().div_ceil(pause.as_nanos()).max(1);
        let at = since + pause.saturating_mul(missed as u32);
        self.parked = None;
        self.push(at.max(self.now), Event::Look);
    }

    fn free_the_hung(&mut self) {
        // A little later than the deadlines were looked at.
        let later = Duration::from_micros(self.random.u64(0..200));
        let now = self.instant() + later;
        for worker in 0..self.jobs.len() {
            let Job::Sends(sending) = &mut self.jobs[worker] else { continue };
            if !sending.interrupted && self.schedule.is_hung(sending.work, now) {
                sending.interrupted = true;
                let number = sending.number;
                let wait = later + Duration::from_micros(self.random.u64(20..400));
                self.note(8, number, 0, format_args!("interrupt exchange {number}"));
                self.push(self.now + wait, Event::End { worker, number });
            }
        }
    }

    fn wake_some(&mut self, wanted: usize) {
        for _ in 0..wanted.min(self.idle.len()) {
            if let Some(worker) = self.idle.pop() {
                self.jobs[worker] = Job::Moves;
                let wait = Duration::from_micros(self.random.u64(5..100));
                self.push(self.now + wait, Event::Wake(worker));
            }
        }
    }

    fn wake(&mut self, worker: usize) {
        let batch = self.drain();
        if batch.is_empty() { self.take_work(worker) } else { self.apply_soon(batch, Some(worker)) }
    }

    fn take_work(&mut self, worker: usize) {
        let now = self.instant();
        let assignment = self.schedule.next(self.held_bytes, now);
        let waiting = self.schedule.waiting(self.held_bytes, now);
        self.act();
        let Some(assignment) = assignment else {
            assert!(waiting == 0, "a worker is told of {waiting} that wait and given none: it would spin");
            self.jobs[worker] = Job::Rests;
            self.idle.push(worker);
            return;
        };
        if waiting > 0 {
            self.wake_some(1);
        }
        if let Purpose::Consult(consultation) = assignment.purpose {
            return self.consult(worker, assignment, consultation);
        }
        let grant = self.setup.servers.as_mut().map(|servers| servers.uses(assignment.work, self.now));
        self.checks.assigned(&self.schedule, &assignment, grant, self.now, now);
        self.note(
            9,
            assignment.work,
            worker as u64,
            format_args!("worker {worker} takes {}", assignment.work),
        );
        let wait = Duration::from_micros(self.random.u64(0..TO_SEND.as_micros() as u64));
        if self.setup.races > 0.0
            && self.random.f64() < self.setup.races
            && let Some(request) = self.find(assignment.leader)
        {
            self.push(self.now + wait / 2, Event::Cancel(request));
        }
        self.jobs[worker] = Job::Assigned(assignment);
        self.push(self.now + wait, Event::Begin(worker));
    }

    /// A worker asks the network of servers.
    fn consult(&mut self, worker: usize, assignment: Assignment, consultation: Consultation) {
        let Assignment { work, flight, .. } = assignment;
        self.checks.consults(&self.schedule, work, &consultation, self.instant());
        let servers = self.setup.servers.as_mut().expect("there is a network");
        let call = Api::read(&flight.request);
        let said = servers.ask(&consultation, call, &self.api, self.now, &mut self.random);
        self.note(
            14,
            work,
            said.after.as_micros() as u64,
            format_args!("worker {worker} asks about {work}, {call:?}, {consultation:?}: {said:?}"),
        );
        self.jobs[worker] = Job::Asks { work, flight, what: said.what };
        self.push(self.now + said.after, Event::Told(worker));
    }

    /// The network has answered, or has not.
    fn told(&mut self, worker: usize) {
        let Job::Asks { work, flight, what } = std::mem::replace(&mut self.jobs[worker], Job::Moves) else {
            panic!("worker {worker} has asked nothing")
        };
        let now = self.instant();
        self.note(15, work, 0, format_args!("worker {worker} is told of {work}: {what:?}"));
        let servers = self.setup.servers.as_mut().expect("there is a network");
        servers.heard(work, &what, self.now);
        let is_fault = self.setup.races > 0.0 && self.random.f64() < self.setup.races / 20.0;
        if is_fault && !matches!(what, servers::What::Go(..)) {
            self.schedule.fault(work, now);
        } else {
            let told = match what {
                servers::What::Known(player, version, at) => {
                    servers.hits += 1;
                    let outcome = known(player, version);
                    if let Some(content) = outcome.content() {
                        self.checks.gets(content.bytes());
                    }
                    Told::Known { outcome, asked_at: self.base + at }
                }
                servers::What::Unusable => Told::Unusable,
                servers::What::Go(after, claim) => Told::Go { after, claim },
                servers::What::Again(after) => Told::Again(after),
                servers::What::Refused(retry_after) => Told::Refused { retry_after },
                servers::What::Alone(share) => Told::Alone { share },
            };
            self.schedule.consulted(Consulted { work, flight, told }, now);
        }
        self.act();
        self.wake(worker);
    }

    fn begin(&mut self, worker: usize) {
        let Job::Assigned(Assignment { work, leader, flight, .. }) =
            std::mem::replace(&mut self.jobs[worker], Job::Moves)
        else {
            panic!("worker {worker} has nothing to begin")
        };
        let now = self.instant();
        let mut leader = Some(leader);
        let request = loop {
            let Some(key) = leader else {
                self.note(10, work, 0, format_args!("no request wants {work} any more"));
                return self.wake(worker);
            };
            match self.find(key) {
                Some(request) if self.is_pending(request) => break request,
                found => {
                    if let Some(request) = found {
                        self.requests[request].withdrawn = true;
                    }
                    leader = self.schedule.leader_left(work, key, now);
                    self.act();
                }
            }
        };
        self.requests[request].sent += 1;
        let fate = self.api.draw(&mut self.random);
        let call = Api::read(&flight.request);
        self.checks.sends(work, &flight, self.now);
        self.sequence += 1;
        let number = self.sequence;
        self.note(
            11,
            work,
            number,
            format_args!("send {work} for {request} as {number}: {call:?}, {:?}", fate.how),
        );
        if let Some(after) = fate.handled {
            self.push(self.now + after, Event::Handle { worker, number, call, how: fate.how });
        }
        if let Some(after) = fate.ends {
            self.push(self.now + after, Event::End { worker, number });
        }
        let began = self.now;
        self.jobs[worker] = Job::Sends(Sending {
            number,
            work,
            request,
            flight,
            fate,
            began,
            interrupted: false,
            response: None,
        });
    }

    fn end(&mut self, worker: usize, number: u64) {
        let Job::Sends(sending) = &self.jobs[worker] else { return };
        if sending.number != number {
            return;
        }
        let Job::Sends(sending) = std::mem::replace(&mut self.jobs[worker], Job::Moves) else { return };
        let Sending { work, request, flight, fate, began, interrupted, response, .. } = sending;
        let now = self.instant();
        let whole = fate.ends.is_some_and(|ends| began + ends <= self.now);
        let made = response.as_ref().and_then(|response| response.made);
        let exchange = exchange(fate.how, whole, response);
        let is_local = matches!(&exchange.result, Err(error) if error.is_local);
        let (sent, died_idle) = (exchange.sent, exchange.died_idle);
        let mut outcome = reading::read(&flight, exchange, || None);
        outcome.decided = now;
        self.note(
            12,
            work,
            outcome.status as u64,
            format_args!("end {number} of {work}: {:?}", outcome.status),
        );
        // Cut off after it had a fair chance, which the rules count from when the worker took it.
        let asked = &self.requests[request];
        let (took, allowance) = (self.now - began + TO_SEND, asked.deadline - asked.accepted);
        let fair = took >= self.api.latency / 2 || took >= allowance.mul_f64(0.9);
        let cut_off = interrupted && asked.deadline <= self.now && fair;
        // What a fault of the library happened in tells the rules nothing.
        let is_fault = self.setup.races > 0.0 && self.random.f64() < self.setup.races / 20.0;
        let (by_itself, blames) = (whole && !interrupted, fate.how.is_outage() || cut_off);
        self.checks.finishes(work, &outcome, by_itself && !is_fault, blames && !is_fault);
        if is_fault {
            self.schedule.fault(work, now);
        } else {
            let began = self.base + began;
            let finished = Finished { work, flight, outcome, began, interrupted, died_idle, is_local };
            let held = self.schedule.finish(finished, now);
            if let Some(servers) = &mut self.setup.servers {
                servers.settled(held);
            }
            if let Some((player, version)) = made.filter(|_| sent != Sent::Never) {
                let known = &mut self.api.players[player].known;
                *known = version.max(*known);
            }
            if interrupted && !whole {
                self.check_cut_off();
            }
        }
        self.act();
        self.wake(worker);
    }

    /// An exchange that was interrupted at a deadline is the answer of no request: those whose deadline it was timed out, and
    /// the others ask again.
    fn check_cut_off(&self) {
        for effect in &self.schedule.effects {
            if let Effect::Answer(key, outcome) = effect {
                assert_ne!(
                    outcome.status,
                    Status::Transport,
                    "{key:?} was answered by an interrupted exchange"
                );
            }
        }
    }
}

/// What another server knows of a customer.
fn known(player: usize, version: u64) -> Outcome {
    let (status, body) = match version {
        0 => (404, String::new()),
        version => (200, api::written(player, version, "")),
    };
    let decoded = match version {
        0 => Decoded { answer: Answer::Absent, ..Decoded::ok() },
        _ => operations::decode(&operations::LOOKUP_CUSTOMER, 200, "application/json", body.as_bytes()),
    };
    let outcome = Outcome::answered(decoded, status, Text::from(body.as_str()));
    Outcome { source: Source::OtherServer, ..outcome }
}

/// What the transport makes of how an exchange ended. One that was not `whole` was interrupted.
fn exchange(how: How, whole: bool, response: Option<Response>) -> Exchange {
    let fails = |status, sent, died_idle, is_local| Exchange {
        result: Err(TransportError { status, message: "simulated".to_owned(), http_status: 0, is_local }),
        sent,
        died_idle,
        credential: None,
    };
    match how {
        _ if !whole => fails(Status::Transport, Sent::Maybe, false, false),
        How::Lost | How::Reset => fails(Status::Transport, Sent::Maybe, false, false),
        How::Refused => fails(Status::Connect, Sent::Never, false, false),
        How::Dead => fails(Status::Transport, Sent::Maybe, true, false),
        How::Local => fails(Status::Connect, Sent::Never, false, true),
        How::Answer | How::Large | How::Status(_) | How::Html => {
            let response = response.unwrap_or_else(|| Response {
                status: if how == How::Html { 502 } else { 503 },
                body: api::error(503, "not acted on"),
                retry_after: None,
                made: None,
            });
            let answer = HttpAnswer {
                status: response.status,
                content_type: if how == How::Html { "text/html" } else { "application/json" }.to_owned(),
                retry_after: response.retry_after.map(std::time::Duration::from_secs),
                body: Zeroizing::new(response.body.into_bytes()),
            };
            Exchange { result: Ok(answer), sent: Sent::Answered, died_idle: false, credential: None }
        }
    }
}
