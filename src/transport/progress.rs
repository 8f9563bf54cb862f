//! How far an exchange has come: what tells "never sent" from "maybe sent" when it fails.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

/// What a line was doing last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    Resolve,
    Connect,
    /// Asking a proxy for a tunnel.
    Tunnel,
    Handshake,
    Exchange,
}

/// Noted by the layers of a connection, read by its line. Only one thread uses it at a time; it is
/// atomic because the HTTP client asks for `Sync`.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stage: AtomicU8,
    fresh_connection: AtomicBool,
    first_use: AtomicBool,
    request_left: AtomicBool,
    answer_arrived: AtomicBool,
    head_arrived: AtomicBool,
    retired: AtomicBool,
    /// How long a kept connection may bring nothing, in milliseconds.
    patience: AtomicU64,
}

impl Progress {
    /// A new exchange begins. `patience` is how long a kept connection may bring nothing before it is given up;
    /// `None` is as long as it takes.
    pub(super) fn restart(&self, patience: Option<Duration>) {
        self.stage.store(Stage::Exchange as u8, Ordering::Relaxed);
        for flag in [
            &self.fresh_connection,
            &self.first_use,
            &self.request_left,
            &self.answer_arrived,
            &self.head_arrived,
            &self.retired,
        ] {
            flag.store(false, Ordering::Relaxed);
        }
        let patience = patience.map_or(u64::MAX, |patience| patience.as_millis() as u64);
        self.patience.store(patience, Ordering::Relaxed);
    }

    /// The connection was opened ahead and never used. When that was a moment ago it is as good as one that is opened now.
    pub(super) fn takes_unused(&self, is_new: bool) {
        self.first_use.store(true, Ordering::Relaxed);
        self.fresh_connection.store(is_new, Ordering::Relaxed);
    }

    /// Whether the connection has brought nothing before this exchange, so that nothing can be left from an earlier one.
    pub(super) fn is_first_use(&self) -> bool {
        self.first_use.load(Ordering::Relaxed) || self.fresh_connection.load(Ordering::Relaxed)
    }

    pub(super) fn reach(&self, stage: Stage) {
        if stage == Stage::Connect {
            self.fresh_connection.store(true, Ordering::Relaxed);
        }
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    pub(super) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            stage if stage == Stage::Resolve as u8 => Stage::Resolve,
            stage if stage == Stage::Connect as u8 => Stage::Connect,
            stage if stage == Stage::Tunnel as u8 => Stage::Tunnel,
            stage if stage == Stage::Handshake as u8 => Stage::Handshake,
            _ => Stage::Exchange,
        }
    }

    pub(super) fn request_leaves(&self) {
        self.request_left.store(true, Ordering::Relaxed);
    }

    pub(super) fn request_left(&self) -> bool {
        self.request_left.load(Ordering::Relaxed)
    }

    pub(super) fn answer_arrives(&self) {
        self.answer_arrived.store(true, Ordering::Relaxed);
    }

    pub(super) fn head_arrives(&self) {
        self.head_arrived.store(true, Ordering::Relaxed);
    }

    /// The connection must not be used again.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    /// Whether a connection kept from earlier has not brought the head of an answer.
    pub(super) fn is_stale(&self) -> bool {
        !self.fresh_connection.load(Ordering::Relaxed) && !self.head_arrived.load(Ordering::Relaxed)
    }

    /// Whether a kept connection has been silent for too long.
    pub(super) fn is_given_up_after(&self, silence: Duration) -> bool {
        let first_byte_missing = !self.fresh_connection.load(Ordering::Relaxed)
            && self.stage() == Stage::Exchange
            && !self.answer_arrived.load(Ordering::Relaxed);
        first_byte_missing && silence.as_millis() >= u128::from(self.patience.load(Ordering::Relaxed))
    }
}
