//! What the servers of one store share: answers, one budget, and one question at a time.
//!
//! The engine's workers ask [`Network`] before they send and tell it what came back. It knows no request, no deadline and
//! no schedule. Every time that crosses here is a duration from now: the servers' clocks may differ.

pub(crate) mod link;
pub(crate) mod settings;
pub(crate) mod tier;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::model::Secret;

/// The network as one client's engine sees it.
pub(crate) trait Network: Send + Sync {
    /// Asks for an answer another server may know, and for a place in the network's budget. For worker threads only: it
    /// waits at most for the configured timeout, and for half of what is left, whatever the connection does; while it is
    /// known not to answer, not at all.
    fn consult(&self, ask: &Ask<'_>) -> Verdict;

    /// Tells what an exchange brought. For worker threads; what it has to send is handed over and not waited for, in any
    /// case not longer than the timeout. What was written while the network does not answer is told when it answers again,
    /// as [`Written::Anything`] if need be.
    fn settle(&self, settled: &Settled<'_>);

    /// Forgets a claim whose work is given up without an exchange that could be settled. Never waits: the dispatcher
    /// calls it too.
    fn give_up(&self, claim: Claim);

    /// Numbers for the host. Its tick thread asks: takes no lock, never waits, allocates nothing.
    fn state(&self) -> NetworkState;

    /// What the host's log should say and was not told yet. The dispatcher asks a few times a second: never waits. One
    /// for each change, however many attempts it took; the first connection is not one, a first one that fails is.
    fn news(&self) -> Option<News>;

    /// Another API key from here on. Both are tried for a while.
    fn set_api_key(&self, key: Secret);

    /// Ends the threads, in bounded time. What is asked afterwards is answered with [`Verdict::Alone`].
    fn close(&self);
}

/// What a piece of work asks of the network.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The target of a look-up whose answer another server may know, path and query; `None`: only a place in the budget is
    /// asked for.
    pub(crate) question: Option<&'a str>,
    /// "No such customer" is not enough: one is going to be created.
    pub(crate) must_exist: bool,
    /// PayNow is not going to be asked, whatever comes: take no place, no lease, and answer [`Verdict::Known`] or, when it
    /// is not known, [`Verdict::Refused`].
    pub(crate) only_known: bool,
    /// A player waits.
    pub(crate) interactive: bool,
    /// How long it may be until it is sent: the time to the deadline, less what an answer typically takes.
    pub(crate) left: Duration,
    /// What an earlier consultation gave this work: a later step or a repetition keeps its lease.
    pub(crate) claim: Option<Claim>,
}

/// What the network says to it.
pub(crate) enum Verdict {
    /// Another server knows the answer.
    Known(Known),
    /// It has a place in the network's budget: it is sent after so long, not earlier.
    Go {
        after: Duration,
        /// What it holds; in place of the one it asked with.
        claim: Option<Claim>,
    },
    /// Another server asks the same: ask the network again after so long.
    Again(Duration),
    /// It would miss its deadline, and is not sent.
    Refused { retry_after: Duration },
    /// The network does not answer. The local rules hold, at this share of the configured rate where it is known.
    Alone { share: Option<f64> },
}

/// An answer from another server.
pub(crate) struct Known {
    pub(crate) answer: KnownAnswer,
    /// How long ago PayNow was asked.
    pub(crate) age: Duration,
}

/// What it is.
pub(crate) enum KnownAnswer {
    /// The customer as PayNow wrote it.
    Customer(Zeroizing<Vec<u8>>),
    /// There is no such customer.
    Absent,
}

/// What a piece of work holds in the network: the lease on its question, and what was known of the question when it was
/// asked. Means nothing to the engine, which keeps it and hands it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The question, as it is named there.
    pub(crate) name: [u8; 32],
    /// Tells this lease from earlier and later ones on the same question.
    pub(crate) fence: u64,
    /// The stamp seen when the question was asked: an answer does not overwrite what has a later one.
    pub(crate) stamp: u64,
}

/// An exchange that ended. Every exchange is settled, also one that failed.
#[derive(Clone, Copy)]
pub(crate) struct Settled<'a> {
    pub(crate) claim: Option<Claim>,
    /// The work goes on without an answer to its question (it is repeated, or creates the customer next) and keeps the
    /// claim: it asks with it again, or gives it up. Otherwise the claim ends here.
    pub(crate) keeps_claim: bool,
    /// The target of the look-up that this answers. Also that of a customer who was created because of it.
    pub(crate) question: Option<&'a str>,
    pub(crate) answer: SettledAnswer<'a>,
    /// How long ago it was asked. What was written since is not in it.
    pub(crate) asked_at_age: Duration,
    /// PayNow said 429, and how long to wait if it said that too.
    pub(crate) rate_limited: Option<Option<Duration>>,
    /// What others must forget.
    pub(crate) written: Written<'a>,
}

/// What an exchange brought.
#[derive(Clone, Copy)]
pub(crate) enum SettledAnswer<'a> {
    Customer {
        id: &'a str,
        /// As PayNow wrote it.
        body: &'a [u8],
    },
    Absent,
    /// An answer that concerns no other server.
    Other,
    /// No answer: unreachable, cut off, 5xx, 429.
    Failed,
}

/// What an exchange changed at PayNow, or may have changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written<'a> {
    Nothing,
    /// Customers: every "no such customer" is over.
    Created,
    /// One customer, who may have got a key by which there was none: every "no such customer" is over too.
    Customer(&'a str),
    Anything,
}

/// Numbers about the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct NetworkState {
    /// Whether it answers at present.
    pub(crate) up: bool,
    /// Servers seen lately, this one included; 0 while it was never reached.
    pub(crate) servers: u32,
    /// Connections made.
    pub(crate) connections: u64,
    /// Commands sent.
    pub(crate) commands: u64,
    /// What an answer takes lately.
    pub(crate) round_trip: Duration,
    /// Answers found there that did not open: forged, damaged, or put in another's place.
    pub(crate) unopened: u64,
}

/// What changed. The text is for the host's log and holds no secret; it is one clause, without a capital or full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// It does not answer, and why.
    Down(String),
    /// It answers again, and since when it did not.
    Up(String),
}

/// What the network says to this server's own memory, on a thread of the network.
pub(crate) trait Forget: Send + Sync {
    /// Another server changed this customer, or may have.
    fn customer(&self, id: &str);
    /// Another server created customers, or may have.
    fn created(&self);
    /// Anything may have changed: for a while nothing was heard of the others.
    fn anything(&self);
}

/// Starts a network, whose other servers overtake what this one remembers.
pub(crate) type Start = Box<dyn FnOnce(Box<dyn Forget>) -> io::Result<Arc<dyn Network>>>;

// What is asked and answered is about players.
impl fmt::Debug for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Claim").field("fence", &self.fence).finish_non_exhaustive()
    }
}
