//! Numbers for how things ended: those of `operations::Status` and `operations::Refusal`, spelled out once more because
//! the header is made from here. `src/tables.rs` compares them.

use std::ffi::{CStr, c_char};

use super::types::paynow_status;
use crate::operations::Status;

/// It worked. For a lookup, paynow_completion_info.found says whether anything was found.
pub const PAYNOW_OK: paynow_status = 0;
/// An argument cannot be used: NULL, not UTF-8, malformed, out of range, a wrong struct_size.
/// paynow_last_error() names it. Nothing was sent.
pub const PAYNOW_E_INVALID_ARGUMENT: paynow_status = 1;
/// The handle or id names nothing (any more): never given out, destroyed, freed, or not yet collected.
pub const PAYNOW_E_INVALID_HANDLE: paynow_status = 2;
/// As many requests are outstanding as the client allows. Collect completions before submitting more.
pub const PAYNOW_E_QUEUE_FULL: paynow_status = 3;
/// The client is shut down. As a completion's status: it was shut down before the request ended.
pub const PAYNOW_E_SHUTDOWN: paynow_status = 4;
/// paynow_client_poll or paynow_client_next was called from inside a callback that one of them runs.
pub const PAYNOW_E_REENTRANT: paynow_status = 5;
/// Another thread is inside paynow_client_poll or paynow_client_next of this client.
pub const PAYNOW_E_BUSY: paynow_status = 6;
/// The client will be destroyed when the poll or next that is running returns.
pub const PAYNOW_E_PENDING: paynow_status = 7;
/// This process was forked from the one that created the client. Create a client of its own here.
pub const PAYNOW_E_FORKED: paynow_status = 8;
/// The operation needs an API key and the client was created without one.
pub const PAYNOW_E_NO_API_KEY: paynow_status = 9;
/// The completion does not hold what was asked for, or the index is beyond its end.
pub const PAYNOW_E_NO_VALUE: paynow_status = 10;
/// This machine lacks something: there is no memory for it, the system starts no thread, or 255 clients exist already.
/// As a completion's status: there was no memory for the request or its answer.
pub const PAYNOW_E_RESOURCES: paynow_status = 11;
/// The request had ended already when it was to be cancelled.
pub const PAYNOW_E_TOO_LATE: paynow_status = 12;
/// A fault inside the library was contained. Please report it.
pub const PAYNOW_E_INTERNAL: paynow_status = 13;

/// Not answered by its deadline.
pub const PAYNOW_E_TIMEOUT: paynow_status = 20;
/// Cancelled by the host.
pub const PAYNOW_E_CANCELLED: paynow_status = 21;
/// The name of the API's host could not be resolved.
pub const PAYNOW_E_RESOLVE: paynow_status = 22;
/// No connection to the API could be made.
pub const PAYNOW_E_CONNECT: paynow_status = 23;
/// The TLS handshake failed: certificate, host name or protocol.
pub const PAYNOW_E_TLS: paynow_status = 24;
/// The connection broke before the answer was complete.
pub const PAYNOW_E_TRANSPORT: paynow_status = 25;
/// The answer is larger than the client accepts.
pub const PAYNOW_E_RESPONSE_TOO_LARGE: paynow_status = 26;
/// The answer is not what the contract says; a 404 that is not a PayNowError is one (a mistyped api_base).
pub const PAYNOW_E_INVALID_RESPONSE: paynow_status = 27;

/// Not asked: the API has not answered for a while, and is asked again soon.
pub const PAYNOW_E_UNAVAILABLE: paynow_status = 28;

/// HTTP 401: the API key or customer token is not valid.
pub const PAYNOW_E_UNAUTHORIZED: paynow_status = 40;
/// HTTP 403: the credential does not allow this.
pub const PAYNOW_E_FORBIDDEN: paynow_status = 41;
/// HTTP 404 where that does not simply mean "no such customer".
pub const PAYNOW_E_NOT_FOUND: paynow_status = 42;
/// HTTP 409: it exists already, or was changed meanwhile.
pub const PAYNOW_E_CONFLICT: paynow_status = 43;
/// HTTP 429: too many requests. paynow_completion_info.retry_after_ms says when to come back, if known.
pub const PAYNOW_E_RATE_LIMITED: paynow_status = 44;
/// Any other HTTP 4xx.
pub const PAYNOW_E_API: paynow_status = 45;
/// HTTP 5xx.
pub const PAYNOW_E_SERVER: paynow_status = 46;

/// The number of a completion's status.
pub(super) fn number(status: Status) -> paynow_status {
    status as paynow_status
}

/// The status in words, for a log: static, never NULL, also for numbers that mean nothing. Any thread,
/// never blocks.
#[unsafe(no_mangle)]
pub extern "C" fn paynow_status_text(status: paynow_status) -> *const c_char {
    text(status).as_ptr()
}

pub(super) fn text(status: paynow_status) -> &'static CStr {
    match status {
        PAYNOW_OK => c"ok",
        PAYNOW_E_INVALID_ARGUMENT => c"an argument cannot be used",
        PAYNOW_E_INVALID_HANDLE => c"the handle or id names nothing (any more)",
        PAYNOW_E_QUEUE_FULL => c"as many requests are outstanding as the client allows",
        PAYNOW_E_SHUTDOWN => c"the client is shut down",
        PAYNOW_E_REENTRANT => c"poll and next cannot be called from inside a callback",
        PAYNOW_E_BUSY => c"another thread is collecting completions of this client",
        PAYNOW_E_PENDING => c"the client will be destroyed when the running poll or next returns",
        PAYNOW_E_FORKED => c"this process was forked from the one that created the client",
        PAYNOW_E_NO_API_KEY => c"the operation needs an API key and the client has none",
        PAYNOW_E_NO_VALUE => c"the completion does not hold what was asked for",
        PAYNOW_E_RESOURCES => {
            c"there is no memory for it, the system starts no thread, or too many clients exist"
        }
        PAYNOW_E_TOO_LATE => c"the request had ended already",
        PAYNOW_E_INTERNAL => c"a fault inside the library was contained",
        PAYNOW_E_TIMEOUT => c"not answered by its deadline",
        PAYNOW_E_CANCELLED => c"cancelled by the host",
        PAYNOW_E_RESOLVE => c"the name of the API's host could not be resolved",
        PAYNOW_E_CONNECT => c"no connection to the API could be made",
        PAYNOW_E_TLS => c"the TLS handshake with the API failed",
        PAYNOW_E_TRANSPORT => c"the connection broke before the answer was complete",
        PAYNOW_E_RESPONSE_TOO_LARGE => c"the answer is larger than the client accepts",
        PAYNOW_E_INVALID_RESPONSE => c"the answer is not what the contract says",
        PAYNOW_E_UNAVAILABLE => c"not asked: the API has not answered for a while",
        PAYNOW_E_UNAUTHORIZED => c"the API key or customer token is not valid",
        PAYNOW_E_FORBIDDEN => c"the credential does not allow this",
        PAYNOW_E_NOT_FOUND => c"what the request is about does not exist",
        PAYNOW_E_CONFLICT => c"it exists already, or was changed meanwhile",
        PAYNOW_E_RATE_LIMITED => c"too many requests were made",
        PAYNOW_E_API => c"the API refused the request",
        PAYNOW_E_SERVER => c"the API failed",
        _ => c"unknown status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::Refusal;

    #[test]
    fn every_status_has_words_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        let refusals = Refusal::ALL.iter().map(|refusal| *refusal as paynow_status);
        for status in Status::ALL.iter().map(|status| number(*status)).chain(refusals) {
            let words = text(status);
            assert_ne!(words, c"unknown status", "{status}");
            assert!(seen.insert(words), "{status}");
        }
        assert_eq!(text(-1), c"unknown status");
        assert_eq!(text(1_000), c"unknown status");
    }
}
