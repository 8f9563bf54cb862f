//! One piece of work: a question to the API, and the requests that want it answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::queues::{Place, WorkId};
use crate::network::Claim;
use crate::operations::Status;
use crate::policy::breaker::Admission;
use crate::policy::limiter::Pass;
use crate::runtime::engine::in_flight::{InFlight, Question};
use crate::runtime::mailbox::{Key, Priority};
use crate::runtime::recorder::Entry;

/// A request the engine knows.
pub(super) struct Request {
    pub(super) key: Key,
    pub(super) deadline: Instant,
    pub(super) work: WorkId,
    /// Tells it from the others that want the same; lower came earlier.
    pub(super) number: u64,
    /// Where the flight recorder notes how it goes.
    pub(super) record: Entry,
    /// What it would send itself, while another asks for it.
    pub(super) own: Option<Box<InFlight>>,
}

/// A question, asked once for all that want the answer. The leader is the request it is sent for; when it leaves, the next
/// takes its place.
pub(super) struct Work {
    pub(super) place: Place,
    pub(super) priority: Priority,
    pub(super) stage: Stage,
    /// What is sent; its worker has it while it is.
    pub(super) flight: Option<Box<InFlight>>,
    /// What the cache may know of it.
    pub(super) question: Option<Question>,
    /// By slot. `None` when no request wants the answer any more and only the connection is still busy with it.
    pub(super) leader: Option<usize>,
    /// By number: slots.
    pub(super) followers: BTreeMap<u64, usize>,
    /// The key by which others find it, to join.
    pub(super) shared_as: Option<Arc<str>>,
    /// What it may be sent by.
    pub(super) way: Way,
    /// What it holds in the network of servers.
    pub(super) claim: Option<Claim>,
    /// The network said what it knows of the question, and that would not do.
    pub(super) is_unknown: bool,
}

/// By what a piece of work may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By the local rate: there is no network, or it does not answer.
    Local,
    /// By nothing yet: the network is asked first.
    Unasked,
    /// By its place in the network's budget, which is lost when it is not used soon.
    Placed { until: Instant },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    Ready,
    /// The earliest time at which it is sent again.
    Later(Instant),
    /// A worker asks the network of servers.
    Asking(Asking),
    Sent(Sent),
}

/// What is known of work the network is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking {
    /// Bytes set aside for an answer that is known.
    pub(super) bytes: usize,
    /// The API is not going to be asked: how it ends when the network does not know the answer.
    pub(super) only_known: Option<Status>,
}

/// What is known of work that a worker is at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) since: Instant,
    /// The deadline of the request it was sent for. An exchange has no right to live longer, however many would wait.
    pub(super) limit: Instant,
    pub(super) admission: Admission,
    /// Bytes set aside for the answer.
    pub(super) bytes: usize,
    /// `None` when the worker is done with it.
    pub(super) pass: Option<Pass>,
}

impl Work {
    /// The slots of all requests that want the answer, the leader first.
    pub(super) fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.leader.into_iter().chain(self.followers.values().copied())
    }

    pub(super) fn sent(&self) -> Option<&Sent> {
        match &self.stage {
            Stage::Sent(sent) => Some(sent),
            Stage::Ready | Stage::Later(_) | Stage::Asking(_) => None,
        }
    }

    /// Whether a worker has it.
    pub(super) fn is_out(&self) -> bool {
        matches!(self.stage, Stage::Asking(_) | Stage::Sent(_))
    }

    /// What the network is asked, besides for a place. A flow asks with its first step alone: later ones look again because
    /// what is known would not do.
    pub(super) fn network_question(&self) -> Option<&Question> {
        self.question.as_ref().filter(|_| !self.is_unknown)
    }

    /// Whether the worker that is at it should be freed.
    pub(super) fn is_hung(&self, now: Instant) -> bool {
        self.leader.is_none() || self.sent().is_some_and(|sent| sent.limit <= now)
    }
}
