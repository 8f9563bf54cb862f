//! Everything a host's thread touches, from submitting to freeing.
//!
//! Nothing here takes a lock, waits, wakes a thread or makes a system call, whatever one of our threads was doing when it
//! was stopped; the one exception is the gate at which `next` with a timeout waits. The engine calls the mailbox,
//! through the handful of methods in `engine_side`, and the mailbox knows no engine.

mod bell;
mod chain;
mod collecting;
mod consumer;
mod counters;
mod ending;
mod engine_side;
mod fork;
mod free_list;
mod front;
mod holds;
mod key;
mod log;
#[cfg(all(test, loom))]
mod model;
mod outcome;
mod pile;
mod slots;
mod state;
mod submission;
mod submitting;
mod table;
#[cfg(all(test, not(loom)))]
mod tests;
mod trash;

use std::sync::Arc;

use crossbeam_utils::CachePadded;

use self::bell::Bell;
use self::chain::Head;
use self::collecting::Completions;
pub(super) use self::consumer::Polls;
pub(crate) use self::consumer::{Consumer, Occupied, Turn};
use self::counters::{Counters, read};
pub(super) use self::engine_side::{Answered, Arrival, Backlog, SignsOfLife};
pub(crate) use self::holds::Reading;
pub(crate) use self::key::{Key, MAX_SLOTS};
use self::log::Log;
pub use self::log::LogLine;
pub(super) use self::log::one_line;
pub use self::outcome::Source;
pub(crate) use self::outcome::{Content, Outcome};
pub(crate) use self::slots::NoCompletion;
use self::slots::Slots;
pub(crate) use self::submission::{Attachment, Submission};
pub use self::submission::{Priority, SubmitError};
pub(crate) use self::submitting::Peeked;
pub(crate) use self::table::Header;
use self::trash::Trash;
use super::lines::LogLevel;
use super::stats::Stats;
use crate::policy::cache::Cache;
use crate::room::NoMemory;
use crate::sync::{AtomicBool, AtomicU64, Ordering, zeros};

/// Answers that are remembered: the engine keeps them, and peeking looks at them.
pub(super) type AnswerCache = Cache<Arc<Content>>;

/// What a mailbox needs to know.
pub(super) struct MailboxSettings {
    pub(super) store_id: String,
    pub(super) has_api_key: bool,
    pub(super) max_outstanding: u32,
    pub(super) log_level: Option<LogLevel>,
    /// First generation of this client's ids, see [`Mailbox::next_generation`].
    pub(super) first_generation: u32,
}

/// One client's mailbox. What our threads write often lies in cache lines of its own: a host's thread must not lose
/// the lines it needs to submit.
pub(crate) struct Mailbox {
    store_id: String,
    /// See [`Mailbox::settle`].
    settled: AtomicBool,
    slots: Slots,
    /// By slot: what cancel_all looks for. Kept apart so that looking is a walk over dense memory.
    tags: Box<[AtomicU64]>,
    /// Slots the engine is to look at: something new is in them, or something it knew about is over.
    notices: CachePadded<Head>,
    completions: CachePadded<Completions>,
    consumer: CachePadded<Consumer>,
    bell: CachePadded<Bell>,
    trash: CachePadded<Trash>,
    log: Log,
    cache: Arc<AnswerCache>,
    counters: Counters,
}

impl Mailbox {
    pub(super) fn new(settings: MailboxSettings, cache: Arc<AnswerCache>) -> Result<Self, NoMemory> {
        fork::watch();
        let capacity = settings.max_outstanding.clamp(1, MAX_SLOTS);
        let slots = Slots::new(capacity, settings.first_generation)?;
        slots.front().has_api_key.store(settings.has_api_key, Ordering::Relaxed);
        Ok(Self {
            store_id: settings.store_id,
            settled: AtomicBool::new(false),
            slots,
            tags: zeros(capacity as usize)?,
            notices: CachePadded::default(),
            completions: CachePadded::new(Completions::new(capacity as usize)?),
            consumer: CachePadded::default(),
            bell: CachePadded::default(),
            trash: CachePadded::default(),
            log: Log::new(settings.log_level),
            cache,
            counters: Counters::default(),
        })
    }

    /// Whether this process is a fork of the one that made the client.
    pub(crate) fn is_forked(&self) -> bool {
        self.slots.front().is_forked()
    }

    /// The store its requests are for.
    pub(crate) fn store_id(&self) -> &str {
        &self.store_id
    }

    /// A generation that no id of this client has reached, for the next client with the same number.
    pub(crate) fn next_generation(&self) -> u32 {
        self.slots.next_generation()
    }

    /// Requests that need an API key are accepted from here on.
    pub(super) fn allow_api_key(&self) {
        self.slots.front().has_api_key.store(true, Ordering::Release);
    }

    /// The collecting thread, and waiting for something to collect.
    pub(crate) fn consumer(&self) -> &Consumer {
        &self.consumer
    }

    /// Hands waiting log lines to `sink`, on the calling thread.
    pub(crate) fn deliver_log(&self, sink: impl FnMut(&LogLine)) {
        self.log.deliver(sink);
    }

    /// Writes the mailbox's share of the numbers about the client.
    pub(super) fn add_to(&self, stats: &mut Stats) {
        let Counters { host, ended } = &self.counters;
        let front = self.slots.front();
        let (cache_entries, cache_bytes) = self.cache.size();
        // In this order, so that a request is never counted as freed and not yet as accepted.
        let released = read(&front.released);
        let collected = read(&front.collected);
        stats.discarded = read(&host.discarded);
        stats.delivered = collected.saturating_sub(stats.discarded);
        stats.submitted = read(&front.submitted);
        stats.outstanding = u32::try_from(stats.submitted.saturating_sub(released)).unwrap_or(u32::MAX);
        stats.rejected_full = read(&host.refused);
        stats.completed_ok = read(&ended.ok);
        stats.completed_error = read(&ended.error);
        stats.timed_out = read(&ended.timed_out);
        stats.cancelled = read(&ended.cancelled);
        stats.unavailable = read(&ended.unavailable);
        stats.cache_hits += read(&host.peeked);
        stats.log_dropped = self.log.dropped();
        stats.held_bytes = self.trash.held_bytes() as u64;
        stats.cache_entries = cache_entries;
        stats.cache_bytes = cache_bytes;
    }
}
