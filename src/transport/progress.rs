//! How far an exchange has come: what tells "never sent" from "maybe sent" when it fails.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// What a line was doing last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    Resolve,
    Connect,
    Handshake,
    Exchange,
}

/// Noted by the layers of a connection, read by its line. Only one thread uses it at a time; it is
/// atomic because the HTTP client asks for `Sync`.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stage: AtomicU8,
    fresh_connection: AtomicBool,
    request_left: AtomicBool,
    answer_arrived: AtomicBool,
}

impl Progress {
    pub(super) fn restart(&self) {
        self.stage.store(Stage::Exchange as u8, Ordering::Relaxed);
        self.fresh_connection.store(false, Ordering::Relaxed);
        self.request_left.store(false, Ordering::Relaxed);
        self.answer_arrived.store(false, Ordering::Relaxed);
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

    /// Whether a connection kept from earlier was closed by the server before it answered anything.
    pub(super) fn was_stale(&self) -> bool {
        !self.fresh_connection.load(Ordering::Relaxed) && !self.answer_arrived.load(Ordering::Relaxed)
    }
}
