//! Rules about when and how often to ask the API. Each is one module with a stated contract, knows nothing of
//! threads or HTTP, and is told the time.

pub(crate) mod breaker;
pub(crate) mod cache;
pub(crate) mod identity;
pub(crate) mod limiter;
pub(crate) mod patience;
pub(crate) mod rate;
pub(crate) mod retry;
pub(crate) mod warmth;

use crate::operations::Status;

/// Whether a failure says that the API is unreachable or failing, rather than that this request is wrong.
pub(crate) fn is_outage(status: Status) -> bool {
    matches!(
        status,
        Status::Resolve
            | Status::Connect
            | Status::Tls
            | Status::Transport
            | Status::Timeout
            | Status::Server
            // Whatever answers in PayNow's place, PayNow is not reached.
            | Status::InvalidResponse
    )
}
