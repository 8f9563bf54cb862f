//! What a client is set to, as its threads need it.

use super::LogLevel;
use crate::network;
use crate::policy::breaker::BreakerPolicy;
use crate::policy::cache::CachePolicy;
use crate::policy::rate::RatePolicy;
use crate::policy::retry::RetryPolicy;

/// What a runtime needs to know.
pub(crate) struct Settings {
    pub(crate) store_id: String,
    /// All of them as text, without anything that is to stay secret.
    pub(crate) told: Box<str>,
    pub(crate) has_api_key: bool,
    pub(crate) max_outstanding: u32,
    pub(crate) max_workers: u32,
    /// How many connections are held ready.
    pub(crate) warm_connections: u32,
    /// Bytes of answers the host has not freed yet, above which no new request is sent.
    pub(crate) max_held_bytes: usize,
    pub(crate) log_level: Option<LogLevel>,
    /// Whether it is noted how requests go.
    pub(crate) flight_recorder: bool,
    pub(crate) retry: RetryPolicy,
    pub(crate) breaker: BreakerPolicy,
    pub(crate) rate: RatePolicy,
    pub(crate) cache: CachePolicy,
    /// What the servers of the store share, where that is set up.
    pub(crate) network: Option<network::Start>,
    /// First generation of this client's ids: none of an earlier client's with the same number.
    pub(crate) first_generation: u32,
}
