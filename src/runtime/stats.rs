//! Numbers about a client.

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
    /// Requests that ended with an answer, "no such customer" included.
    pub completed_ok: u64,
    /// Requests that failed in any other way than the following two.
    pub completed_error: u64,
    /// Requests that were not answered by their deadline.
    pub timed_out: u64,
    /// Requests the host cancelled.
    pub cancelled: u64,
    /// Completions handed to the host.
    pub delivered: u64,
    /// Completions that poll freed because no callback was set.
    pub discarded: u64,
    /// Log lines lost because the host did not fetch them.
    pub log_dropped: u64,
    /// Bytes of answers that are not freed yet.
    pub held_bytes: u64,
    /// Connections opened.
    pub connections_opened: u64,
    /// TLS handshakes done: one for each connection opened with `https`, none without.
    pub handshakes: u64,
    /// Connections open and idle: a request that comes now opens none.
    pub warm_connections: u32,
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
    /// Whether the network of servers answers at present; `false` where none is set up.
    pub network_up: bool,
    /// Servers seen in the network lately, this one included.
    pub network_servers: u32,
    /// What an answer of the network takes at present, in microseconds.
    pub network_round_trip_us: u32,
    /// Connections made to the network.
    pub network_connections: u64,
    /// Commands sent to the network.
    pub network_commands: u64,
    /// Questions another server had the answer to.
    pub network_hits: u64,
    /// How often a question waited because another server asked it.
    pub network_waits: u64,
    /// Requests the network's budget refused.
    pub network_refused: u64,
    /// How often the network did not answer, so that the local rules held.
    pub network_alone: u64,
}
