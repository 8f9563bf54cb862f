//! Getting requests off the tick thread and their completions back to it.
//!
//! ```text
//!  host thread                     threads of ours
//!  submit ─▶ slot + ingress ─▶ dispatcher ─▶ ready queues ─▶ workers ─▶ network
//!  poll/next ◀─ completions ◀────────┴── decide once: answer, deadline, cancel, shutdown
//! ```
//!
//! The host's side only ever touches atomics and bounded lock-free queues. Nobody is woken from it: the
//! dispatcher looks for work by itself, often while there is traffic and rarely when there is none.

mod attempt;
mod consumer;
mod dispatcher;
mod fork;
mod free_list;
mod health;
mod log;
#[cfg(all(test, loom))]
mod model;
mod outcome;
mod schedule;
mod settle;
mod slots;
mod stats;
#[cfg(all(test, not(loom)))]
mod tests;
mod trash;
mod worker;

pub(crate) use consumer::{Consumer, Occupied, Turn};
pub use log::{LogLevel, LogLine};
pub use outcome::Source;
pub(crate) use outcome::{Content, Outcome};
pub(crate) use slots::{Key, MAX_SLOTS, NoCompletion, Reading};
pub use stats::Stats;

use std::io;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use self::health::Health;
use self::log::Log;
use self::schedule::{Entry, Schedule};
use self::slots::{Header, Released, Reserved, Slots};
use self::stats::Counters;
use self::trash::Trash;
use self::worker::Seats;
use crate::model::Secret;
use crate::operations::{self, Arguments, InvalidArgument, Operation, Status};
use crate::policy::breaker::BreakerPolicy;
use crate::policy::cache::{Age, Cache, CachePolicy};
use crate::policy::rate::{RateBudget, RatePolicy};
use crate::policy::retry::{RetryBudget, RetryPolicy};
use crate::sync::{ArrayQueue, AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, zeros};
use crate::transport::Transport;

/// Who goes first when workers are scarce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Priority {
    /// A player waits at a prompt.
    #[default]
    Interactive,
    /// An import, a warm-up: nobody waits.
    Background,
}

/// What a runtime needs to know.
pub(crate) struct Settings {
    pub(crate) store_id: String,
    pub(crate) has_api_key: bool,
    pub(crate) max_outstanding: u32,
    pub(crate) max_workers: u32,
    /// Bytes of answers the host has not freed yet, above which no new request is sent.
    pub(crate) max_held_bytes: usize,
    pub(crate) log_level: Option<LogLevel>,
    pub(crate) retry: RetryPolicy,
    pub(crate) breaker: BreakerPolicy,
    pub(crate) rate: RatePolicy,
    pub(crate) cache: CachePolicy,
    /// First generation of this client's ids, see [`Runtime::next_generation`].
    pub(crate) first_generation: u32,
}

/// How one request differs from the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Submission {
    pub(crate) operation: &'static Operation,
    pub(crate) deadline: Duration,
    pub(crate) priority: Priority,
    pub(crate) tag: u64,
}

/// Why a request was not accepted. Nothing was sent and nothing will be delivered for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitError {
    /// An argument cannot be used.
    InvalidArgument(InvalidArgument),
    /// As many requests are outstanding as the client allows. Completions must be collected (and freed)
    /// before more are accepted.
    QueueFull,
    /// The client is shut down.
    Shutdown,
    /// This process is a fork of the one that made the client: its threads are not here.
    Forked,
    /// The operation needs an API key and the client has none.
    NoApiKey,
}

impl SubmitError {
    /// What it means and what to do, in a sentence. For an argument see the argument itself.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::InvalidArgument(_) => "an argument cannot be used",
            Self::QueueFull => {
                "as many requests are outstanding as the client allows; poll, or raise max_outstanding"
            }
            Self::Shutdown => "the client is shut down",
            Self::Forked => {
                "this process was forked from the one that created the client; create a client of its own"
            }
            Self::NoApiKey => "this operation needs an API key; the client was created without one",
        }
    }
}

impl std::fmt::Display for SubmitError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InvalidArgument(argument) => argument.fmt(formatter),
            other => formatter.write_str(other.explanation()),
        }
    }
}

impl std::error::Error for SubmitError {}

impl From<InvalidArgument> for SubmitError {
    fn from(argument: InvalidArgument) -> Self {
        Self::InvalidArgument(argument)
    }
}

/// What host threads and threads of ours share. What threads of ours write often lies in cache lines of its
/// own: a host's thread must not lose the lines it needs to submit.
pub(crate) struct Runtime {
    settings: Settings,
    slots: Slots,
    ingress: ArrayQueue<Entry>,
    completions: ArrayQueue<u32>,
    /// Cancelled requests whose arguments hold memory that must not be freed on a host's thread.
    to_clean: ArrayQueue<Key>,
    /// By slot: what cancel_all looks for. Kept apart so that looking is a walk over dense memory.
    tags: Box<[AtomicU64]>,
    trash: CachePadded<Trash>,
    log: Log,
    health: CachePadded<Health>,
    cache: Cache<Arc<Content>>,
    retry_budget: Mutex<RetryBudget>,
    counters: Counters,
    epoch: Instant,
    fork_generation: u32,
    has_api_key: AtomicBool,
    closed: AtomicBool,
    stopping: AtomicBool,
    consumer: CachePadded<Consumer>,
    schedule: CachePadded<Mutex<Schedule>>,
    seats: CachePadded<Mutex<Seats>>,
    transport: Box<dyn Transport>,
    dispatcher: Mutex<Option<JoinHandle<()>>>,
}

impl Runtime {
    /// Starts the dispatcher; workers come with the first requests.
    pub(crate) fn start(settings: Settings, transport: Box<dyn Transport>) -> io::Result<Arc<Self>> {
        fork::watch();
        let runtime = Arc::new(Self::new(settings, transport));
        let handle = dispatcher::start(&runtime)?;
        *lock(&runtime.dispatcher) = Some(handle);
        Ok(runtime)
    }

    /// Without its threads.
    fn new(settings: Settings, transport: Box<dyn Transport>) -> Self {
        let capacity = settings.max_outstanding.clamp(1, MAX_SLOTS);
        Self {
            slots: Slots::new(capacity, settings.first_generation),
            // A request that was cancelled leaves a stale entry, so there is room for some of these.
            ingress: ArrayQueue::new(capacity as usize + 1024),
            completions: ArrayQueue::new(capacity as usize),
            to_clean: ArrayQueue::new(capacity as usize),
            tags: zeros(capacity as usize),
            trash: CachePadded::default(),
            log: Log::new(settings.log_level),
            health: CachePadded::new(Health::new(settings.breaker)),
            cache: Cache::new(settings.cache),
            retry_budget: Mutex::default(),
            counters: Counters::default(),
            epoch: Instant::now(),
            fork_generation: fork::generation(),
            has_api_key: AtomicBool::new(settings.has_api_key),
            closed: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            consumer: CachePadded::default(),
            schedule: CachePadded::new(Mutex::new(Schedule::new(RateBudget::new(
                settings.rate,
                Instant::now(),
            )))),
            seats: CachePadded::default(),
            transport,
            dispatcher: Mutex::new(None),
            settings,
        }
    }

    /// Whether this process is a fork of the one that made the client.
    pub(crate) fn is_forked(&self) -> bool {
        self.fork_generation != fork::generation()
    }

    /// Accepts a request, or refuses it at once. No system call, no lock, no wake; no allocation unless
    /// the arguments are long. `fill` adds the arguments; `attach` gets the key before anyone can see it
    /// (and may have been called when the request is refused after all).
    pub(crate) fn submit(
        &self,
        submission: Submission,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
        attach: impl FnOnce(Key),
    ) -> Result<Key, SubmitError> {
        if self.is_forked() {
            return Err(SubmitError::Forked);
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(SubmitError::Shutdown);
        }
        let mut reserved = self.reserve(&submission, fill)?;
        let accepted = Instant::now();
        let deadline = (accepted - self.epoch).saturating_add(submission.deadline);
        let entry = Entry {
            key: reserved.key(),
            deadline: u64::try_from(deadline.as_micros()).unwrap_or(u64::MAX),
            priority: submission.priority,
            cacheable: submission.operation.cacheable,
            ensures: submission.operation.goal.is_some(),
        };
        let _ = reserved.arguments();
        attach(entry.key);
        self.tag(entry.key, submission.tag);
        let key = reserved.publish(Header {
            operation: submission.operation,
            accepted,
            deadline: accepted + submission.deadline,
            tag: submission.tag,
        });
        if self.ingress.push(entry).is_err() {
            // Entries of requests that were cancelled unseen have filled it. Taking the request back is
            // this thread's right if nobody has decided it meanwhile.
            if self.slots.decide(key) {
                self.slots.finish(key, Outcome::without_answer(Status::Internal));
                self.slots.collect(key.index() as u32);
                let _ = self.recycle(key, || {});
                self.counters.refused();
                return Err(SubmitError::QueueFull);
            }
        }
        self.counters.submitted();
        if self.closed.load(Ordering::SeqCst) {
            self.conclude(key, Outcome::without_answer(Status::Shutdown));
        }
        Ok(key)
    }

    fn reserve(
        &self,
        submission: &Submission,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<Reserved<'_>, SubmitError> {
        let Some(mut reserved) = self.slots.reserve() else {
            self.counters.refused();
            return Err(SubmitError::QueueFull);
        };
        let arguments = reserved.arguments();
        fill(arguments)?;
        submission.operation.check(arguments)?;
        if !self.has_api_key.load(Ordering::Acquire) && submission.operation.needs_api_key(arguments) {
            return Err(SubmitError::NoApiKey);
        }
        Ok(reserved)
    }

    /// What is remembered of the answer to a request, as a completion that needs no collecting.
    pub(crate) fn peek(
        &self,
        operation: &'static Operation,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
        attach: impl FnOnce(Key),
    ) -> Result<Option<Key>, SubmitError> {
        if self.is_forked() {
            return Err(SubmitError::Forked);
        }
        let mut arguments = Arguments::new();
        fill(&mut arguments)?;
        operation.check(&arguments)?;
        let target = operations::target(operation, &arguments, &self.settings.store_id);
        let now = Instant::now();
        let Some((content, Age::Fresh, asked_at)) = self.cache.look(&target, now) else {
            return Ok(None);
        };
        let Some(reserved) = self.slots.reserve() else {
            self.counters.refused();
            return Err(SubmitError::QueueFull);
        };
        let outcome = Outcome { decided: asked_at, ..Outcome::remembered(content, Source::Cache) };
        if let Some(reply) = &outcome.reply {
            self.trash.hold(reply);
        }
        attach(reserved.key());
        self.tag(reserved.key(), 0);
        self.counters.submitted();
        self.counters.cache_hit();
        self.counters.concluded(&outcome);
        self.counters.collected();
        let header = Header { operation, accepted: now, deadline: now, tag: 0 };
        Ok(Some(reserved.publish_collected(header, outcome)))
    }

    /// Another API key from here on.
    pub(crate) fn set_api_key(&self, key: Secret) {
        self.transport.set_api_key(key);
        self.has_api_key.store(true, Ordering::Release);
    }

    fn tag(&self, key: Key, tag: u64) {
        let cell = &self.tags[key.index()];
        if cell.load(Ordering::Relaxed) != tag {
            cell.store(tag, Ordering::Relaxed);
        }
    }

    /// Ends a request if nobody has. True for the one who did; the completion then comes through poll.
    fn conclude(&self, key: Key, mut outcome: Outcome) -> bool {
        if !self.slots.decide(key) {
            return false;
        }
        if outcome.attempts == 0
            && let Some((accepted, taken)) = self.slots.history(key)
        {
            outcome.ended_without_worker(accepted, taken);
        }
        self.counters.concluded(&outcome);
        self.slots.finish(key, outcome);
        // There is a place for every slot, and a slot is here at most once.
        let pushed = self.completions.push(key.index() as u32);
        debug_assert!(pushed.is_ok());
        true
    }

    /// Cancels a request. False when it was decided already.
    pub(crate) fn cancel(&self, key: Key) -> bool {
        self.conclude(key, Outcome::without_answer(Status::Cancelled))
    }

    /// Whether the key names a request whose completion is not freed yet.
    pub(crate) fn exists(&self, key: Key) -> bool {
        self.slots.exists(key)
    }

    /// Cancels every undecided request with this tag.
    pub(crate) fn cancel_all(&self, tag: u64) -> u32 {
        let mut cancelled = 0;
        for (index, cell) in self.tags[..self.slots.used()].iter().enumerate() {
            if cell.load(Ordering::Relaxed) == tag
                && let Some(key) = self.slots.pending_at(index)
                // The slot may have changed hands between the two looks. Seen after the key, the tag is the key's own,
                // or that of a later request, and then the key names nothing any more.
                && cell.load(Ordering::Relaxed) == tag
            {
                cancelled += u32::from(self.cancel(key));
            }
        }
        cancelled
    }

    /// Takes the next completion for the consumer.
    pub(crate) fn collect(&self) -> Option<Key> {
        let key = self.slots.collect(self.completions.pop()?)?;
        self.counters.collected();
        Some(key)
    }

    /// How many requests there can be at once.
    pub(crate) fn capacity(&self) -> usize {
        self.tags.len()
    }

    /// How many completions wait to be collected.
    pub(crate) fn ready(&self) -> usize {
        self.completions.len()
    }

    /// Opens a collected completion.
    pub(crate) fn read(&self, key: Key) -> Result<Reading<'_>, NoCompletion> {
        self.slots.read(key)
    }

    /// Frees a collected completion. Its memory goes to a thread of ours. `detach` runs while the key still
    /// names this request and nobody else can reach it.
    pub(crate) fn release(&self, key: Key, detach: impl FnOnce()) -> Result<(), NoCompletion> {
        self.recycle(key, detach)?;
        self.counters.released();
        Ok(())
    }

    /// Notes that a completion was freed without anybody having looked at it.
    pub(crate) fn note_discarded(&self) {
        self.counters.discarded();
    }

    /// The completions that were collected and not freed.
    pub(crate) fn unfreed(&self) -> impl Iterator<Item = Key> + '_ {
        (0..self.slots.used()).filter_map(|index| self.slots.collected_at(index))
    }

    fn recycle(&self, key: Key, detach: impl FnOnce()) -> Result<(), NoCompletion> {
        let released = self.slots.release(key, |outcome| {
            detach();
            if let Some(reply) = outcome.reply {
                self.trash.put(reply);
            }
        })?;
        if released == Released::NeedsCleaning {
            // There is a place for every slot.
            let _ = self.to_clean.push(key);
        }
        Ok(())
    }

    /// Who collects, and waiting for something to collect.
    pub(crate) fn consumer(&self) -> &Consumer {
        &self.consumer
    }

    /// Hands waiting log lines to `sink`, on the calling thread.
    pub(crate) fn deliver_log(&self, sink: impl FnMut(&LogLine)) {
        self.log.deliver(sink);
    }

    /// Numbers about the client.
    pub(crate) fn stats(&self) -> Stats {
        self.counters.stats(
            &lock(&self.seats),
            self.trash.held_bytes(),
            self.log.dropped(),
            self.transport.connections_opened(),
            self.health.is_open(),
            self.cache.size(),
        )
    }

    /// Accepts nothing more and ends everything that is undecided. The completions can still be collected.
    pub(crate) fn shutdown(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.counters.meet_submitters();
        for index in 0..self.slots.used() {
            if let Some(key) = self.slots.pending_at(index) {
                self.conclude(key, Outcome::without_answer(Status::Shutdown));
            }
        }
        self.consumer.notify();
    }

    /// Whether [`Runtime::shutdown`] was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends the threads, in bounded time. Nothing may be submitted any more.
    pub(crate) fn stop(&self) {
        self.shutdown();
        self.stopping.store(true, Ordering::SeqCst);
        let handle = lock(&self.dispatcher).take();
        if let Some(handle) = handle {
            dispatcher::join(handle);
        }
        self.transport.close();
        self.free_garbage();
    }

    /// A generation that no id of this client has reached, for the next client with the same number.
    pub(crate) fn next_generation(&self) -> u32 {
        self.slots.next_generation()
    }

    fn free_garbage(&self) {
        self.trash.empty();
        self.log.empty();
        while let Some(key) = self.to_clean.pop() {
            self.slots.clean(key);
        }
    }

    /// Microseconds since the runtime started.
    fn clock(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Runtime").field("store_id", &self.settings.store_id).finish_non_exhaustive()
    }
}

/// Locks, also when a thread panicked with the lock: the data is consistent between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
