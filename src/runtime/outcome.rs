//! How a request ended, and everything that is known about it.

use std::time::{Duration, Instant};

use crate::model::{ApiError, Text};
use crate::operations::{Answer, Status};
use crate::transport::Sent;

/// What is known of a request that ended. Small; what is large hangs on [`Outcome::reply`].
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) sent: Sent,
    pub(crate) attempts: u32,
    pub(crate) http_status: u16,
    /// From acceptance until a worker took it, or until it ended without one.
    pub(crate) queued: Duration,
    /// From the worker's start until the answer was complete.
    pub(crate) network: Duration,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) decided: Instant,
    pub(crate) reply: Option<Box<Reply>>,
}

/// The part of an outcome that lives on the heap.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) error: Option<Box<ApiError>>,
    pub(crate) message: Option<Text>,
    /// The body as it came; empty when there was none or it was not UTF-8.
    pub(crate) body: zeroize::Zeroizing<Text>,
    /// Next in the heap of memory that waits to be freed, see [`super::trash`].
    pub(super) next: *mut Reply,
}

// SAFETY: `next` is touched by the trash alone, which owns the reply by then.
unsafe impl Send for Reply {}
// SAFETY: a shared reply is only read, and `next` not at all.
unsafe impl Sync for Reply {}

impl Reply {
    pub(super) fn new(
        answer: Answer,
        error: Option<Box<ApiError>>,
        message: Option<Text>,
        body: Text,
    ) -> Box<Self> {
        Box::new(Self {
            answer,
            error,
            message,
            body: zeroize::Zeroizing::new(body),
            next: std::ptr::null_mut(),
        })
    }

    /// Bytes it keeps alive, roughly: the body, which everything else was read from.
    pub(super) fn bytes(&self) -> usize {
        self.body.len() + size_of::<Self>()
    }
}

impl Outcome {
    /// The end of a request that nobody answered.
    pub(super) fn without_answer(status: Status) -> Self {
        Self {
            status,
            sent: Sent::Never,
            attempts: 0,
            http_status: 0,
            queued: Duration::ZERO,
            network: Duration::ZERO,
            retry_after: None,
            decided: Instant::now(),
            reply: None,
        }
    }

    /// Adds what is known of a request that was decided by something else than a worker's answer. One a
    /// worker had taken may have reached the server.
    pub(super) fn ended_without_worker(&mut self, accepted: Instant, taken: bool) {
        let lived = self.decided.saturating_duration_since(accepted);
        if taken {
            self.sent = Sent::Maybe;
            self.attempts = 1;
            self.network = lived;
        } else {
            self.queued = lived;
        }
    }
}
