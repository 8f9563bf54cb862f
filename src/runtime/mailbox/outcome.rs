//! How a request ended, and everything that is known about it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pile::Piled;
use crate::model::{ApiError, Text};
use crate::operations::{Answer, Decoded, Sent, Status};
use crate::sync::{AtomicU32, Cell, Ordering};

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The API, asked for this request.
    Network,
    /// The API, asked for another request that wanted to know the same.
    Shared,
    /// This client's memory.
    Cache,
    /// This client's memory, because the API could not be asked: it may have changed meanwhile.
    StaleCache,
}

/// What is known of a request that ended. Small; what is large hangs on [`Outcome::reply`].
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) source: Source,
    pub(crate) sent: Sent,
    pub(crate) attempts: u32,
    pub(crate) http_status: u16,
    /// From acceptance until a worker took it, or until it ended without one.
    pub(crate) queued: Duration,
    /// From the first worker's start until the answer was complete, waits between attempts included.
    pub(crate) network: Duration,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) decided: Instant,
    pub(crate) reply: Option<Box<Reply>>,
}

/// What an answer holds. Shared by everybody who asked the same, and by the cache.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) answer: Answer,
    pub(crate) error: Option<Box<ApiError>>,
    pub(crate) message: Option<Text>,
    /// The body as it came; empty when there was none or it was not UTF-8.
    pub(crate) body: zeroize::Zeroizing<Text>,
    pub(crate) http_status: u16,
    /// Bytes it takes, counted once: adding them up walks through all of it.
    bytes: usize,
    /// How many completions hold it.
    holders: AtomicU32,
}

/// One request's hold on what was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    content: Arc<Content>,
    below: Cell<*mut Reply>,
}

impl std::ops::Deref for Reply {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.content
    }
}

// SAFETY: `below` is touched by a pile alone, which owns the reply by then.
unsafe impl Send for Reply {}
// SAFETY: a shared reply is only read, and `below` not at all.
unsafe impl Sync for Reply {}

impl Content {
    fn new(decoded: Decoded, http_status: u16, body: Text) -> Self {
        let Decoded { status: _, answer, error, message } = decoded;
        let body = zeroize::Zeroizing::new(body);
        let holders = AtomicU32::new(0);
        let mut content = Self { answer, error, message, body, http_status, bytes: 0, holders };
        content.bytes = content.measure();
        content
    }

    /// Bytes it keeps alive, roughly: the body, which everything else was read from.
    fn measure(&self) -> usize {
        self.body.len() + size_of::<Self>()
    }

    pub(in crate::runtime) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes one more completion that holds it. True for the first.
    pub(super) fn hold(&self) -> bool {
        self.holders.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// Notes one completion less that holds it. True for the last.
    pub(super) fn let_go(&self) -> bool {
        self.holders.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

impl Reply {
    fn new(content: Arc<Content>) -> Box<Self> {
        Box::new(Self { content, below: Cell::new(std::ptr::null_mut()) })
    }

    pub(super) fn content(&self) -> &Content {
        &self.content
    }
}

impl Piled for Reply {
    fn below(&self) -> &Cell<*mut Self> {
        &self.below
    }
}

impl Outcome {
    /// The end of a request without an answer.
    pub(in crate::runtime) fn without_answer(status: Status) -> Self {
        Self {
            status,
            source: Source::Network,
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

    /// The end of a request that was answered, or failed on the way.
    pub(in crate::runtime) fn answered(decoded: Decoded, http_status: u16, body: Text) -> Self {
        let status = decoded.status;
        let content = Arc::new(Content::new(decoded, http_status, body));
        Self { http_status, reply: Some(Reply::new(content)), ..Self::without_answer(status) }
    }

    /// The end of a request whose answer was known.
    pub(in crate::runtime) fn remembered(content: Arc<Content>, source: Source) -> Self {
        Self {
            status: Status::Ok,
            source,
            http_status: content.http_status,
            reply: Some(Reply::new(content)),
            ..Self::without_answer(Status::Ok)
        }
    }

    /// The same for another request that wanted to know the same.
    pub(in crate::runtime) fn shared(&self) -> Self {
        Self {
            source: if self.source == Source::Network { Source::Shared } else { self.source },
            reply: self.reply.as_ref().map(|reply| Reply::new(Arc::clone(&reply.content))),
            ..*self
        }
    }

    /// What was answered, to be kept.
    pub(in crate::runtime) fn content(&self) -> Option<&Arc<Content>> {
        self.reply.as_ref().map(|reply| &reply.content)
    }

    /// Adds what is known of a request that was decided by something else than a worker's answer. One a
    /// worker had taken may have reached the server.
    pub(in crate::runtime) fn ended_without_worker(&mut self, accepted: Instant, taken: bool) {
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

impl Outcome {
    /// The same at the end of more attempts: `last` is the outcome of the last one.
    pub(in crate::runtime) fn again(self, last: &Self) -> Self {
        Self { attempts: last.attempts, queued: last.queued, network: last.network, ..self }
    }

    /// What a flow wants to know of it.
    pub(in crate::runtime) fn to_decoded(&self) -> Option<Decoded> {
        let content = self.content()?;
        Some(Decoded {
            status: self.status,
            answer: content.answer.clone(),
            error: content.error.clone(),
            message: content.message.clone(),
        })
    }
}
