//! What a host hands over with a request, and why it may be refused.

use std::time::Duration;

use crate::operations::InvalidArgument;
use crate::room::NoMemory;

/// Which requests go first when workers are scarce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Priority {
    /// A player waits at a prompt.
    #[default]
    Interactive,
    /// An import, a warm-up: no player waits.
    Background,
}

/// What a face wants to find again with a completion: three words, which nothing here looks into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attachment(pub(crate) [*const (); 3]);

impl Attachment {
    pub(crate) const NONE: Self = Self([std::ptr::null(); 3]);
}

// SAFETY: the words are only kept and handed back; whether what they point to may be used on a thread is for the face
// that attached them to know.
unsafe impl Send for Attachment {}
// SAFETY: as above.
unsafe impl Sync for Attachment {}

/// How one request differs from the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Submission {
    pub(crate) deadline: Duration,
    pub(crate) priority: Priority,
    pub(crate) tag: u64,
    pub(crate) attachment: Attachment,
}

/// Why a request was not accepted. Nothing was sent and nothing will be delivered for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitError {
    /// An argument cannot be used.
    InvalidArgument(InvalidArgument),
    /// As many requests are outstanding as the client allows. Completions must be collected (and freed)
    /// before more are accepted.
    QueueFull,
    /// The client is shut down.
    Shutdown,
    /// This process is a fork of the one that made the client: its threads are not here.
    Forked,
    /// The operation needs an API key and the client has none.
    NoApiKey,
    /// This machine has no memory left for the arguments.
    Memory,
}

impl SubmitError {
    /// What it means and what to do, in a sentence. For an argument see the argument itself.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::InvalidArgument(_) => "an argument cannot be used",
            Self::QueueFull => {
                "as many requests are outstanding as the client allows; poll, or raise max_outstanding"
            }
            Self::Shutdown => "the client is shut down",
            Self::Forked => {
                "this process was forked from the one that created the client; create a client of its own"
            }
            Self::Memory => NoMemory::EXPLANATION,
            Self::NoApiKey => "this operation needs an API key; the client was created without one",
        }
    }
}

impl std::fmt::Display for SubmitError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InvalidArgument(argument) => argument.fmt(formatter),
            other => formatter.write_str(other.explanation()),
        }
    }
}

impl std::error::Error for SubmitError {}

impl From<NoMemory> for SubmitError {
    fn from(_: NoMemory) -> Self {
        Self::Memory
    }
}

impl From<InvalidArgument> for SubmitError {
    fn from(argument: InvalidArgument) -> Self {
        Self::InvalidArgument(argument)
    }
}
