//! Numbers about a client.

/// Declares the numbers, each with the metric it is exported as and what is said of it: a number without one does not compile.
macro_rules! numbers {
    (
        $(#[doc = $doc:literal])+ pub struct $name:ident {
            $(
                $(#[doc = $help:literal])+
                #[metric($kind:ident, $metric:literal $(, $unit:ident)?)] pub $field:ident: $type:ty,
            )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[doc = $help])+ pub $field: $type,)*
        }

        impl $name {
            /// What each number is exported as.
            pub(crate) const METRICS: &'static [StatMetric] = &[
                $(StatMetric {
                    field: stringify!($field),
                    name: $metric,
                    kind: StatKind::$kind,
                    unit: unit!($($unit)?),
                    help: concat!($($help),+),
                    read: |stats| stats.$field.into(),
                },)*
            ];
        }
    };
}

/// The unit of a metric, and what one of it is in those a number is kept in.
macro_rules! unit {
    () => {
        None
    };
    (bytes) => {
        Some(("bytes", 1))
    };
    (microseconds) => {
        Some(("seconds", 1_000_000))
    };
}

/// Whether a number only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatKind {
    Counter,
    Gauge,
}

/// How one of the numbers is exported.
#[derive(Debug)]
pub(crate) struct StatMetric {
    /// What the number is called here.
    pub(crate) field: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: StatKind,
    /// What the name ends in, and the number that makes one of it.
    pub(crate) unit: Option<(&'static str, u64)>,
    pub(crate) help: &'static str,
    pub(crate) read: fn(&Stats) -> u64,
}

numbers! {
    /// What a client has done so far, and what it is doing. A snapshot: the numbers are read one after another.
    pub struct Stats {
        /// Worker threads alive.
        #[metric(Gauge, "paynow_workers")]
        pub workers: u32,
        /// Worker threads that work on a request.
        #[metric(Gauge, "paynow_workers_busy")]
        pub workers_busy: u32,
        /// Requests accepted whose completion is not freed yet.
        #[metric(Gauge, "paynow_requests_outstanding")]
        pub outstanding: u32,
        /// Requests accepted.
        #[metric(Counter, "paynow_requests_submitted")]
        pub submitted: u64,
        /// Requests refused because the queue was full.
        #[metric(Counter, "paynow_requests_rejected_full")]
        pub rejected_full: u64,
        /// Requests that ended with an answer, "no such customer" included.
        #[metric(Counter, "paynow_requests_completed_ok")]
        pub completed_ok: u64,
        /// Requests that failed in any other way than the following two.
        #[metric(Counter, "paynow_requests_completed_error")]
        pub completed_error: u64,
        /// Requests that were not answered by their deadline.
        #[metric(Counter, "paynow_requests_timed_out")]
        pub timed_out: u64,
        /// Requests the host cancelled.
        #[metric(Counter, "paynow_requests_cancelled")]
        pub cancelled: u64,
        /// Completions handed to the host.
        #[metric(Counter, "paynow_completions_delivered")]
        pub delivered: u64,
        /// Completions that poll freed because no callback was set.
        #[metric(Counter, "paynow_completions_discarded")]
        pub discarded: u64,
        /// Log lines lost because the host did not fetch them.
        #[metric(Counter, "paynow_log_lines_dropped")]
        pub log_dropped: u64,
        /// Bytes of answers that are not freed yet.
        #[metric(Gauge, "paynow_held_bytes", bytes)]
        pub held_bytes: u64,
        /// Connections opened.
        #[metric(Counter, "paynow_connections_opened")]
        pub connections_opened: u64,
        /// TLS handshakes done: one for each connection opened with `https`, none without.
        #[metric(Counter, "paynow_tls_handshakes")]
        pub handshakes: u64,
        /// Connections open and idle: a request that comes now opens none.
        #[metric(Gauge, "paynow_connections_warm")]
        pub warm_connections: u32,
        /// Attempts that were repetitions.
        #[metric(Counter, "paynow_retries")]
        pub retries: u64,
        /// Repetitions that were left out because too much of the traffic was repetitions.
        #[metric(Counter, "paynow_retries_denied")]
        pub retries_denied: u64,
        /// Answers 429.
        #[metric(Counter, "paynow_rate_limited")]
        pub rate_limited: u64,
        /// Requests answered from memory.
        #[metric(Counter, "paynow_cache_hits")]
        pub cache_hits: u64,
        /// Requests answered from memory because the API could not be asked.
        #[metric(Counter, "paynow_cache_stale")]
        pub cache_stale: u64,
        /// Requests that got the answer to another request's question.
        #[metric(Counter, "paynow_requests_coalesced")]
        pub coalesced: u64,
        /// Requests that failed at once because the API had not answered for a while.
        #[metric(Counter, "paynow_requests_unavailable")]
        pub unavailable: u64,
        /// Whether requests fail at once at present.
        #[metric(Gauge, "paynow_circuit_open")]
        pub circuit_open: bool,
        /// Answers remembered.
        #[metric(Gauge, "paynow_cache_entries")]
        pub cache_entries: u64,
        /// Bytes of answers remembered.
        #[metric(Gauge, "paynow_cache_bytes", bytes)]
        pub cache_bytes: u64,
        /// Whether the network of servers answers at present; `false` where none is set up.
        #[metric(Gauge, "paynow_network_up")]
        pub network_up: bool,
        /// Servers seen in the network lately, this one included.
        #[metric(Gauge, "paynow_network_servers")]
        pub network_servers: u32,
        /// What an answer of the network takes at present.
        #[metric(Gauge, "paynow_network_round_trip_seconds", microseconds)]
        pub network_round_trip_us: u32,
        /// Connections made to the network.
        #[metric(Counter, "paynow_network_connections_opened")]
        pub network_connections: u64,
        /// Commands sent to the network.
        #[metric(Counter, "paynow_network_commands")]
        pub network_commands: u64,
        /// Questions another server had the answer to.
        #[metric(Counter, "paynow_network_hits")]
        pub network_hits: u64,
        /// How often a question waited because another server asked it.
        #[metric(Counter, "paynow_network_waits")]
        pub network_waits: u64,
        /// Requests the network's budget refused.
        #[metric(Counter, "paynow_network_refused")]
        pub network_refused: u64,
        /// How often the network did not answer, so that the local rules held.
        #[metric(Counter, "paynow_network_alone")]
        pub network_alone: u64,
    }
}
