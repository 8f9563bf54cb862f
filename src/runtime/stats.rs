//! Numbers about a client.

use std::sync::atomic::AtomicU64;

use super::Outcome;
use super::engine::worker::Seats;
use crate::operations::Status;
use crate::sync::{self, Ordering};

/// What a client has done so far, and what it is doing. A snapshot: the numbers are read one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Worker threads alive.
    pub workers: u32,
    /// Worker threads that work on a request.
    pub workers_busy: u32,
    /// Requests accepted whose completion is not freed yet.
    pub outstanding: u32,
    /// Requests accepted.
    pub submitted: u64,
    /// Requests refused because the queue was full.
    pub rejected_full: u64,
    /// Requests that ended with an answer, "there is none" included.
    pub completed_ok: u64,
    /// Requests that failed in any other way than the following two.
    pub completed_error: u64,
    /// Requests that were not answered by their deadline.
    pub timed_out: u64,
    /// Requests the host cancelled.
    pub cancelled: u64,
    /// Completions handed to the host.
    pub delivered: u64,
    /// Completions that poll freed because nobody wanted them.
    pub discarded: u64,
    /// Log lines lost because the host did not fetch them.
    pub log_dropped: u64,
    /// Bytes of answers that are not freed yet.
    pub held_bytes: u64,
    /// Connections opened.
    pub connections_opened: u64,
    /// Attempts that were repetitions.
    pub retries: u64,
    /// Repetitions that were left out because too much of the traffic was repetitions.
    pub retries_denied: u64,
    /// Answers 429.
    pub rate_limited: u64,
    /// Requests answered from memory.
    pub cache_hits: u64,
    /// Requests answered from memory because the API could not be asked.
    pub cache_stale: u64,
    /// Requests that got the answer to another request's question.
    pub coalesced: u64,
    /// Requests that failed at once because the API had not answered for a while.
    pub unavailable: u64,
    /// Whether requests fail at once at present.
    pub circuit_open: bool,
    /// Answers remembered.
    pub cache_entries: u64,
    /// Bytes of answers remembered.
    pub cache_bytes: u64,
}

/// The counters behind [`Stats`]. Those of the host's side and those of the workers' side lie in
/// cache lines of their own, so that a worker never slows a tick thread down by counting.
#[derive(Default)]
pub(super) struct Counters {
    host: HostSide,
    worker: WorkerSide,
}

#[derive(Default)]
#[repr(align(128))]
struct HostSide {
    submitted: sync::AtomicU64,
    refused: AtomicU64,
    collected: AtomicU64,
    released: AtomicU64,
    discarded: AtomicU64,
}

#[derive(Default)]
#[repr(align(128))]
struct WorkerSide {
    ok: AtomicU64,
    error: AtomicU64,
    timed_out: AtomicU64,
    cancelled: AtomicU64,
    retries: AtomicU64,
    retries_denied: AtomicU64,
    rate_limited: AtomicU64,
    cache_hits: AtomicU64,
    cache_stale: AtomicU64,
    coalesced: AtomicU64,
    unavailable: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    /// Of this and [`Counters::meet_submitters`] the second sees everything that was done before the first: either
    /// the submitter sees that the client is closed, or who closes it sees the request.
    pub(super) fn submitted(&self) {
        self.host.submitted.fetch_add(1, Ordering::AcqRel);
    }

    /// See [`Counters::submitted`].
    pub(super) fn meet_submitters(&self) {
        self.host.submitted.fetch_add(0, Ordering::AcqRel);
    }

    pub(super) fn refused(&self) {
        count(&self.host.refused);
    }

    pub(super) fn collected(&self) {
        count(&self.host.collected);
    }

    pub(super) fn released(&self) {
        count(&self.host.released);
    }

    pub(super) fn discarded(&self) {
        count(&self.host.discarded);
    }

    pub(super) fn retried(&self) {
        count(&self.worker.retries);
    }

    pub(super) fn retry_denied(&self) {
        count(&self.worker.retries_denied);
    }

    pub(super) fn rate_limited(&self) {
        count(&self.worker.rate_limited);
    }

    pub(super) fn cache_hit(&self) {
        count(&self.worker.cache_hits);
    }

    pub(super) fn cache_stale(&self) {
        count(&self.worker.cache_stale);
    }

    pub(super) fn coalesced(&self) {
        count(&self.worker.coalesced);
    }

    pub(super) fn concluded(&self, outcome: &Outcome) {
        if outcome.status == Status::Unavailable {
            count(&self.worker.unavailable);
        }
        count(match outcome.status {
            Status::Ok => &self.worker.ok,
            Status::Timeout => &self.worker.timed_out,
            Status::Cancelled => &self.worker.cancelled,
            _ => &self.worker.error,
        });
    }

    /// Requests accepted and not decided yet; never too low.
    pub(super) fn undecided(&self) -> u64 {
        let decided: u64 =
            [&self.worker.ok, &self.worker.error, &self.worker.timed_out, &self.worker.cancelled]
                .iter()
                .map(|counter| counter.load(Ordering::Acquire))
                .sum();
        self.host.submitted.load(Ordering::Acquire).saturating_sub(decided)
    }

    pub(super) fn stats(
        &self,
        seats: &Seats,
        held_bytes: usize,
        log_dropped: u64,
        opened: u32,
        circuit_open: bool,
        (cache_entries, cache_bytes): (u64, u64),
    ) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let released = read(&self.host.released);
        let submitted = self.host.submitted.load(Ordering::Relaxed);
        Stats {
            workers: seats.alive(),
            workers_busy: seats.busy(),
            outstanding: u32::try_from(submitted.saturating_sub(released)).unwrap_or(u32::MAX),
            submitted,
            rejected_full: read(&self.host.refused),
            completed_ok: read(&self.worker.ok),
            completed_error: read(&self.worker.error),
            timed_out: read(&self.worker.timed_out),
            cancelled: read(&self.worker.cancelled),
            delivered: read(&self.host.collected).saturating_sub(read(&self.host.discarded)),
            discarded: read(&self.host.discarded),
            log_dropped,
            held_bytes: held_bytes as u64,
            connections_opened: u64::from(opened),
            retries: read(&self.worker.retries),
            retries_denied: read(&self.worker.retries_denied),
            rate_limited: read(&self.worker.rate_limited),
            cache_hits: read(&self.worker.cache_hits),
            cache_stale: read(&self.worker.cache_stale),
            coalesced: read(&self.worker.coalesced),
            unavailable: read(&self.worker.unavailable),
            circuit_open,
            cache_entries,
            cache_bytes,
        }
    }
}
