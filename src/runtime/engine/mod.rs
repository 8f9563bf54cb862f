//! Everything that runs on our threads: one dispatcher, and as many workers as there is work for.
//!
//! The rules are in `schedule`, under one lock; here are the threads that ask them what to do.

mod agenda;
mod consulting;
mod counters;
mod dispatcher;
mod expected;
mod health;
mod in_flight;
mod memory;
mod reading;
mod rhythm;
mod schedule;
mod seats;
mod warming;
mod worker;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use self::agenda::Agenda;
use self::counters::Counters;
use self::in_flight::InFlight;
use self::memory::Memory;
pub(super) use self::memory::Remembered;
pub(super) use self::schedule::Rules;
use self::schedule::{Assignment, Effect, Finished, Held, Newcomer, Schedule};
use self::seats::Seats;
use self::warming::Warming;
use super::lines::{Line, Lines, LogLevel};
use super::mailbox::{AnswerCache, Arrival, Backlog, Content, Key, Mailbox, Outcome};
use super::metrics::Metrics;
use super::recorder::{RECORDS, Recorded, Recorder};
use super::stats::Stats;
use crate::model::Secret;
use crate::network::Network;
use crate::room::{self, NoMemory};
use crate::sync::{AtomicBool, AtomicUsize, Mutex, Ordering, lock};
use crate::transport::Transport;

/// Requests taken from the mailbox at a time: deadlines are looked at between batches.
const BATCH: usize = 256;

/// What an engine needs to know.
pub(super) struct EngineSettings {
    pub(super) store_id: String,
    /// The settings as text, for a dump.
    pub(super) told: Box<str>,
    pub(super) rules: Rules,
    /// How many connections are held ready.
    pub(super) warm_connections: u32,
    pub(super) network: Option<Arc<dyn Network>>,
    /// Where it is counted how requests go.
    pub(super) metrics: Metrics,
    /// Where it is noted how each goes.
    pub(super) recorder: Recorder,
}

/// One client's threads, and what they share.
pub(super) struct Engine {
    mailbox: Arc<Mailbox>,
    transport: Box<dyn Transport>,
    /// What the servers of the store share.
    network: Option<Arc<dyn Network>>,
    /// Answers are remembered here, so that those of others are too.
    shares_answers: bool,
    store_id: String,
    told: Box<str>,
    max_workers: usize,
    backlog: CachePadded<Mutex<Backlog>>,
    /// Not all that was taken from the mailbox is in the schedule yet.
    is_behind: AtomicBool,
    schedule: CachePadded<Mutex<Schedule>>,
    agenda: CachePadded<Agenda>,
    seats: CachePadded<Mutex<Seats>>,
    warming: Warming,
    /// Workers that were called and have not asked for work yet.
    coming: Arc<AtomicUsize>,
    counters: Arc<Counters>,
    metrics: CachePadded<Metrics>,
    /// Whether it is noted how requests go.
    records: bool,
    lines: Mutex<Lines>,
    stopping: AtomicBool,
    /// Workers are wanted, none runs and none can be started.
    lacks_workers: AtomicBool,
    dispatcher: Mutex<Option<JoinHandle<()>>>,
}

/// What host threads left, taken from the mailbox.
#[derive(Default)]
struct Arrivals {
    newcomers: Vec<Newcomer>,
    /// Slots whose request may have ended.
    ended: Vec<usize>,
}

impl Arrivals {
    fn is_empty(&self) -> bool {
        self.newcomers.is_empty() && self.ended.is_empty()
    }
}

impl Engine {
    /// Without its threads.
    pub(super) fn new(
        settings: EngineSettings,
        mailbox: Arc<Mailbox>,
        cache: Arc<AnswerCache>,
        transport: Box<dyn Transport>,
    ) -> Self {
        let counters = Arc::new(Counters::default());
        let now = Instant::now();
        let seats = Seats::default();
        let coming = seats.coming();
        let shares_answers = cache.is_on();
        let mut schedule = Schedule::new(&settings.rules, Memory::new(cache), Arc::clone(&counters), now);
        let records = settings.recorder.is_on();
        schedule.recorder = settings.recorder;
        Self {
            mailbox,
            transport,
            network: settings.network,
            shares_answers,
            store_id: settings.store_id,
            told: settings.told,
            max_workers: settings.rules.max_workers,
            backlog: CachePadded::default(),
            is_behind: AtomicBool::new(false),
            schedule: CachePadded::new(Mutex::new(schedule)),
            warming: Warming::new(settings.warm_connections, now, settings.rules.seed),
            agenda: CachePadded::new(Agenda::new(now)),
            seats: CachePadded::new(Mutex::new(seats)),
            coming,
            counters,
            metrics: CachePadded::new(settings.metrics),
            records,
            lines: Mutex::default(),
            stopping: AtomicBool::new(false),
            lacks_workers: AtomicBool::new(false),
            dispatcher: Mutex::new(None),
        }
    }

    /// Starts the dispatcher, which starts workers as they are needed.
    pub(super) fn start(self: &Arc<Self>) -> io::Result<()> {
        let handle = dispatcher::start(self)?;
        *lock(&self.dispatcher) = Some(handle);
        Ok(())
    }

    /// Ends the threads, in bounded time.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.mailbox.wake();
        let handle = lock(&self.dispatcher).take();
        if let Some(handle) = handle {
            // A worker may be waiting for a network that hangs, for as long as its timeout is.
            dispatcher::join(handle, || {
                if let Some(network) = &self.network {
                    network.close();
                }
            });
        }
        self.transport.close();
        self.drain_all();
        if let Some(network) = &self.network {
            self.decide(|schedule, _| schedule.give_up_all());
            network.close();
        }
        self.mailbox.empty_trash();
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Another API key from here on.
    pub(super) fn set_api_key(&self, key: Secret) {
        if let Some(network) = &self.network {
            network.set_api_key(key.clone());
        }
        self.transport.set_api_key(key);
        self.decide(|schedule, _| schedule.key_changed());
    }

    pub(super) fn add_to(&self, stats: &mut Stats) {
        self.counters.add_to(stats);
        let connections = self.transport.connections();
        stats.connections_opened = connections.opened.into();
        stats.handshakes = connections.handshakes.into();
        stats.warm_connections = connections.idle;
        if let Some(network) = &self.network {
            let state = network.state();
            stats.network_up = state.up;
            stats.network_servers = state.servers;
            stats.network_round_trip_us = u32::try_from(state.round_trip.as_micros()).unwrap_or(u32::MAX);
            stats.network_connections = state.connections;
            stats.network_commands = state.commands;
        }
    }

    /// Asks the rules for something, and does what they decided.
    fn decide<R>(&self, ask: impl FnOnce(&mut Schedule, Instant) -> R) -> R {
        let (answer, effects) = {
            let mut schedule = lock(&self.schedule);
            let now = Instant::now();
            let answer = ask(&mut schedule, now);
            self.agenda.publish(schedule.situation(self.mailbox.held_bytes(), now));
            self.counters.circuit_open.store(schedule.is_circuit_open(), Ordering::Relaxed);
            self.metrics.publish(schedule.vitals(now));
            (answer, schedule.take_effects())
        };
        for effect in effects {
            match effect {
                Effect::Answer(key, outcome) => self.answer(key, outcome),
                Effect::Say(line, details) => self.say(line, || details),
                Effect::GiveUp(claim) => self.give_up(claim),
            }
        }
        answer
    }

    /// Ends a request, and counts how.
    fn answer(&self, key: Key, outcome: Outcome) {
        let mut is_ours = false;
        self.mailbox.answer(key, outcome, |answered| {
            self.metrics.answered(answered);
            is_ours = true;
        });
        if !is_ours && self.records {
            lock(&self.schedule).recorder.lost(key);
        }
    }

    /// The settings as text, and how the last requests went. Not on a thread that must not wait: it takes a lock.
    pub(super) fn recorded(&self) -> Result<(&str, Recorded), NoMemory> {
        let records = room::list(RECORDS)?;
        let recorded = lock(&self.schedule).recorder.copy_into(records, Instant::now());
        Ok((&self.told, recorded))
    }

    /// What is counted beside the numbers about a client.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Whether host threads left something that is not in the schedule yet.
    fn has_arrivals(&self) -> bool {
        self.mailbox.has_notices() || self.is_behind.load(Ordering::Acquire)
    }

    /// Moves one batch of what host threads left in the mailbox to where workers find it. `note` is told when each request
    /// was accepted. Says how many requests came.
    fn drain(&self, note: impl FnMut(Instant)) -> usize {
        let arrivals = self.gather(note);
        let arrived = arrivals.newcomers.len();
        if !arrivals.is_empty() {
            self.decide(|schedule, now| self.let_in(arrivals, schedule, now));
        }
        arrived
    }

    /// Takes one batch of what host threads left in the mailbox.
    fn gather(&self, mut note: impl FnMut(Instant)) -> Arrivals {
        let mut arrivals = Arrivals::default();
        if !self.has_arrivals() {
            return arrivals;
        }
        let mut lent = Vec::new();
        {
            let mut backlog = lock(&self.backlog);
            let all = self.mailbox.drain(&mut backlog, BATCH, |arrival| match arrival {
                Arrival::New(slot, key, arguments) => lent.push((slot, key, arguments)),
                Arrival::Ended(slot) => arrivals.ended.push(slot),
            });
            self.is_behind.store(!all, Ordering::Release);
        }
        // Not under the lock: other threads may take the next.
        for (slot, key, lent) in lent {
            let header = lent.header();
            note(header.accepted);
            match InFlight::new(&header, lent.arguments(), &self.store_id) {
                Ok(flight) => arrivals.newcomers.push(Newcomer {
                    slot,
                    key,
                    priority: header.priority,
                    cacheable: header.operation.cacheable,
                    flight: Box::new(flight),
                }),
                Err(NoMemory) => self.answer(key, Outcome::no_memory(header.operation)),
            }
        }
        arrivals
    }

    fn let_in(&self, arrivals: Arrivals, schedule: &mut Schedule, now: Instant) {
        // Asked again under the lock: by now the next request may be in the slot, and be known.
        for slot in arrivals.ended {
            schedule.withdraw_if(slot, |key| !self.mailbox.is_pending(key));
        }
        for newcomer in arrivals.newcomers {
            // One that ended meanwhile may come after the next request of its slot, whose place it must not take.
            if self.mailbox.is_pending(newcomer.key) {
                schedule.admit(newcomer, now);
            }
        }
    }

    fn drain_all(&self) {
        while self.has_arrivals() {
            self.drain(|_| {});
        }
    }

    /// The next request for a worker. `None` when none waits, when the rate allows none, or when the host must
    /// first free what it has got.
    fn next_assignment(&self) -> Option<Assignment> {
        self.decide_and_go_on(|_, _| {}).0
    }

    /// Has something decided, and says what the worker that asks is to send next.
    fn decide_and_go_on<R>(&self, ask: impl FnOnce(&mut Schedule, Instant) -> R) -> (Option<Assignment>, R) {
        let arrivals = self.gather(|_| {});
        let (assignment, answer) = self.decide(|schedule, now| {
            self.let_in(arrivals, schedule, now);
            let answer = ask(schedule, now);
            (schedule.next(self.mailbox.held_bytes(), now), answer)
        });
        if assignment.is_some() && self.agenda.waiting() > self.coming.load(Ordering::SeqCst) {
            let woken = lock(&self.seats).call(1);
            woken.wake();
        }
        (assignment, answer)
    }

    /// How many requests a worker could take now.
    fn waiting(&self) -> usize {
        self.decide(|_, _| {});
        self.agenda.waiting()
    }

    /// Whether a worker that is about to rest should not. Who adds work later looks for one that rests.
    fn has_work(&self) -> bool {
        self.is_stopping() || self.has_arrivals() || self.warming.is_ordered() || self.agenda.waiting() > 0
    }

    /// Notes whether workers are wanted and none can be started.
    fn note_lack_of_workers(&self, lacks: bool) {
        if self.lacks_workers.swap(lacks, Ordering::Relaxed) != lacks {
            self.decide(|schedule, _| schedule.lacks_workers(lacks));
        }
    }

    /// Notes that work is about to be sent. False when no request wants the answer any more.
    fn begin(&self, work: u64, leader: Key) -> bool {
        let mut leader = Some(leader);
        while let Some(key) = leader {
            if self.mailbox.begin(key) {
                return true;
            }
            leader = self.decide(|schedule, now| schedule.leader_left(work, key, now));
        }
        false
    }

    /// An exchange ended. Says what its worker is to do next, and what the work held in the network of servers.
    fn finish(&self, finished: Finished) -> (Option<Assignment>, Held) {
        let content = finished.outcome.content().cloned();
        self.while_held(content.as_ref(), || {
            self.decide_and_go_on(|schedule, now| schedule.finish(finished, now))
        })
    }

    /// An answer is held before the room that was set aside for it is given back, or the next to look would see neither.
    fn while_held<R>(&self, content: Option<&Arc<Content>>, decide: impl FnOnce() -> R) -> R {
        if let Some(content) = content {
            self.mailbox.hold_content(content);
        }
        let decided = decide();
        if let Some(content) = content {
            self.mailbox.let_go_of_content(content);
        }
        decided
    }

    /// Ends the requests whose deadline is over, and frees the workers that hang.
    fn keep_deadlines(&self, polls: &[Instant]) {
        while !self.decide(|schedule, now| schedule.tick(now, BATCH)) {}
        self.say_news_of_the_network();
        self.say_what_is_due();
        self.join_the_ended();
        let seats = lock(&self.seats);
        let mut schedule = lock(&self.schedule);
        let now = Instant::now();
        let waits = polls.is_empty() && self.mailbox.signs_of_life().is_collecting;
        schedule.recorder.collected(polls, waits, now);
        seats.free_the_hung(|work| {
            self.warming.is_hung(work, now).unwrap_or_else(|| schedule.is_hung(work, now))
        });
    }

    /// Joins the workers that have ended, which takes no time.
    fn join_the_ended(&self) {
        let ended = lock(&self.seats).ended();
        for handle in ended {
            // A worker contains its panics; one that ended by one is as ended as any.
            let _ = handle.join();
        }
    }

    /// Ends work a fault of the library happened in.
    pub(super) fn fault(&self, work: u64) {
        self.say_fault("a worker");
        self.decide(|schedule, now| schedule.fault(work, now));
    }

    /// Adds a line to the host's log, as often as its limit allows.
    fn say(&self, line: Line, details: impl FnOnce() -> String) {
        let sayable = lock(&self.lines).come_up(line, Instant::now(), details);
        if let Some(sayable) = sayable {
            self.mailbox.say(&sayable);
        }
    }

    /// Says what was held back and may be said now.
    fn say_what_is_due(&self) {
        let due = lock(&self.lines).due(Instant::now());
        due.iter().for_each(|sayable| self.mailbox.say(sayable));
    }

    fn say_fault(&self, whose: &str) {
        self.say(Line::Fault, || whose.to_owned());
    }

    fn say_how_it_went(&self, flight: &InFlight, outcome: &Outcome) {
        if !self.mailbox.wants_lines(LogLevel::Debug) {
            return;
        }
        self.say(Line::Attempt, || {
            let message = outcome.content().and_then(|content| content.message.as_deref());
            format!(
                "{} of {}: {:?}, HTTP {}, {} ms after it was accepted{}{}",
                flight.attempts,
                flight.operation.name,
                outcome.status,
                outcome.http_status,
                flight.accepted.elapsed().as_millis(),
                if message.is_some() { ": " } else { "" },
                message.unwrap_or_default()
            )
        });
    }
}

#[cfg(all(test, not(loom)))]
impl Engine {
    /// A worker that leaves at once.
    pub(super) fn seat_one_that_leaves(&self) {
        let handle = crate::threads::spawn("worker", || {}).unwrap();
        let mut seats = lock(&self.seats);
        let place = seats.vacant();
        seats.take(place, Arc::default(), Arc::default(), Arc::default(), handle);
        seats.leave(place);
    }

    pub(super) fn has_joined_all_that_left(&self) -> bool {
        lock(&self.seats).all_joined()
    }
}

/// What the threads do, one step at a time and without the network.
#[cfg(all(test, loom))]
impl Engine {
    /// Takes in what the mailbox has.
    pub(super) fn take_in(&self) {
        self.drain_all();
    }

    /// What a worker does: `answer` is what the network would have brought.
    pub(super) fn work_without_network(&self, answer: fn() -> Outcome) {
        self.take_in();
        let mut next = None;
        while let Some(Assignment { work, leader, flight, .. }) =
            next.take().or_else(|| self.next_assignment())
        {
            if self.begin(work, leader) {
                let outcome = answer();
                next = self
                    .finish(Finished {
                        work,
                        flight,
                        outcome,
                        began: Instant::now(),
                        interrupted: false,
                        died_idle: false,
                        is_local: false,
                    })
                    .0;
            }
        }
    }

    /// Ends what would have ended `later`.
    pub(super) fn expire_all(&self, later: std::time::Duration) {
        while !self.decide(|schedule, now| schedule.tick(now + later, BATCH)) {}
    }

    pub(super) fn clean(&self) {
        self.mailbox.empty_trash();
    }

    pub(super) fn sizes(&self) -> [usize; 6] {
        lock(&self.schedule).sizes()
    }
}
