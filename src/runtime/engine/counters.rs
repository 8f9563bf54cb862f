//! What the engine counts, for the numbers about a client.

use crate::runtime::Stats;
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Read by host threads, so every number is an atomic of its own.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Counters {
    pub(super) retries: AtomicU64,
    pub(super) retries_denied: AtomicU64,
    pub(super) rate_limited: AtomicU64,
    pub(super) cache_hits: AtomicU64,
    pub(super) cache_stale: AtomicU64,
    pub(super) coalesced: AtomicU64,
    pub(super) network_hits: AtomicU64,
    pub(super) network_waits: AtomicU64,
    pub(super) network_refused: AtomicU64,
    pub(super) network_alone: AtomicU64,
    pub(super) workers: AtomicU32,
    pub(super) workers_busy: AtomicU32,
    pub(super) circuit_open: AtomicBool,
}

impl Counters {
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes the engine's share of the numbers about the client.
    pub(super) fn add_to(&self, stats: &mut Stats) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        stats.workers = self.workers.load(Ordering::Relaxed);
        stats.workers_busy = self.workers_busy.load(Ordering::Relaxed);
        stats.circuit_open = self.circuit_open.load(Ordering::Relaxed);
        stats.retries = read(&self.retries);
        stats.retries_denied = read(&self.retries_denied);
        stats.rate_limited = read(&self.rate_limited);
        stats.cache_hits += read(&self.cache_hits);
        stats.cache_stale = read(&self.cache_stale);
        stats.coalesced = read(&self.coalesced);
        stats.network_hits = read(&self.network_hits);
        stats.network_waits = read(&self.network_waits);
        stats.network_refused = read(&self.network_refused);
        stats.network_alone = read(&self.network_alone);
    }
}
