//! How requests and calls end, and the number each way has in every face. Written here and nowhere else in Rust; what other
//! languages say is held to it by `src/tables.rs`.

/// Declares an enum whose variants have numbers, and all of them as a list.
macro_rules! numbered {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident { $($(#[$of_variant:meta])* $variant:ident = $number:literal,)* }
    ) => {
        $(#[$attribute])*
        #[repr(i32)]
        $visibility enum $name { $($(#[$of_variant])* $variant = $number,)* }

        impl $name {
            /// All of them, in the order they are declared.
            #[cfg_attr(not(test), allow(dead_code, reason = "of some enums only the tests want all"))]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];
        }
    };
}
pub(super) use numbered;

use crate::room::NoMemory;

numbered! {
    /// How a request ended. The numbers are the ones of the C face; they are never reused.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Status {
        /// Answered. [`Answer::Absent`](crate::Answer::Absent) when what was looked for does not exist.
        Ok = 0,
        /// The client was shut down first.
        Shutdown = 4,
        /// This machine has no memory left for the request or its answer.
        Resources = 11,
        /// A fault of this library, contained.
        Internal = 13,
        /// Not answered by its deadline.
        Timeout = 20,
        /// Cancelled by the host.
        Cancelled = 21,
        /// The name of the API's host could not be resolved.
        Resolve = 22,
        /// No connection to the API could be made.
        Connect = 23,
        /// The TLS handshake failed: certificate, name, or protocol.
        Tls = 24,
        /// The connection broke before the answer was complete.
        Transport = 25,
        /// The answer is larger than the client accepts.
        ResponseTooLarge = 26,
        /// The answer is not what the contract says.
        InvalidResponse = 27,
        /// Not asked: the API has not answered for a while, and is asked again soon.
        Unavailable = 28,
        /// 401: the API key or customer token is not valid.
        Unauthorized = 40,
        /// 403: the credential does not allow this.
        Forbidden = 41,
        /// 404 where that does not simply mean that it does not exist.
        NotFound = 42,
        /// 409: it exists already, or changed meanwhile.
        Conflict = 43,
        /// 429: too many requests.
        RateLimited = 44,
        /// Any other 4xx.
        Api = 45,
        /// 5xx.
        Server = 46,
    }
}

numbered! {
    /// Why a call was refused, in faces that answer with a number: what no completion says. One number for both, so
    /// that a host needs one table.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Refusal {
        InvalidArgument = 1,
        InvalidHandle = 2,
        QueueFull = 3,
        Reentrant = 5,
        Busy = 6,
        Pending = 7,
        Forked = 8,
        NoApiKey = 9,
        NoValue = 10,
        TooLate = 12,
    }
}

impl Status {
    /// A word for programs, which stays as it is.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Shutdown => "shutdown",
            Self::Resources => "resources",
            Self::Internal => "internal",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Transport => "transport",
            Self::ResponseTooLarge => "response_too_large",
            Self::InvalidResponse => "invalid_response",
            Self::Unavailable => "unavailable",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Api => "api",
            Self::Server => "server",
        }
    }

    /// What it means, in a sentence; `None` for [`Status::Ok`].
    #[must_use]
    pub fn explanation(self) -> Option<&'static str> {
        Some(match self {
            Self::Ok => return None,
            Self::Timeout => "not answered by its deadline",
            Self::Cancelled => "cancelled by the host",
            Self::Shutdown => "the client was shut down first",
            Self::Resolve => "the name of the API's host could not be resolved",
            Self::Connect => "no connection to the API could be made",
            Self::Tls => "the TLS handshake with the API failed",
            Self::Transport => "the connection broke before the answer was complete",
            Self::ResponseTooLarge => "the answer is larger than the client accepts",
            Self::InvalidResponse => "the answer is not what the contract says",
            Self::Unauthorized => "the API key or customer token is not valid",
            Self::Forbidden => "the credential does not allow this",
            Self::NotFound => "what the request is about does not exist",
            Self::Conflict => "it exists already, or was changed meanwhile",
            Self::RateLimited => "too many requests were made",
            Self::Api => "the API refused the request",
            Self::Server => "the API failed",
            Self::Unavailable => "not asked: PayNow has not answered for a while, and is asked again soon",
            Self::Resources => NoMemory::EXPLANATION,
            Self::Internal => "a fault inside paynow-bridge was contained; please report it",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_its_name_in_small_letters() {
        for status in Status::ALL {
            let joined = status.as_str().replace('_', "");
            assert_eq!(joined, format!("{status:?}").to_lowercase());
        }
    }

    #[test]
    fn every_number_means_one_thing() {
        let ended = Status::ALL.iter().map(|status| *status as i32);
        let refused = Refusal::ALL.iter().map(|refusal| *refusal as i32);
        let mut numbers: Vec<i32> = ended.chain(refused).collect();
        numbers.sort_unstable();
        // One byte carries them to Java; gaps are left for more of a kind.
        let expected: Vec<i32> = (0..=13).chain(20..=28).chain(40..=46).collect();
        assert_eq!(numbers, expected);
    }
}
