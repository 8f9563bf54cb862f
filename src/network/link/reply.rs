//! What Redis answers.

use std::fmt;

/// A reply, as RESP3 has it. What it holds comes from another machine: nothing about it is checked but its form.
#[derive(Clone, PartialEq)]
pub(crate) enum Reply {
    Null,
    Bool(bool),
    Integer(i64),
    Double(f64),
    /// A status, such as `OK`.
    Simple(Vec<u8>),
    /// A value; also what RESP3 calls a verbatim string or a big number.
    Bulk(Vec<u8>),
    /// A list; also what RESP3 calls a set.
    Array(Vec<Reply>),
    Map(Vec<(Reply, Reply)>),
    /// What came without being asked for. Never the reply to a command.
    Push(Vec<Reply>),
    Error(ReplyError),
}

impl Reply {
    /// The bytes of a value or a status.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bulk(bytes) | Self::Simple(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A number: one of Redis's, or what stands in a value as one.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => whole_number(self.bytes()?),
        }
    }

    /// The items of a list.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn items(&self) -> Option<&[Reply]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The error, if it is one.
    pub(crate) fn error(&self) -> Option<&ReplyError> {
        match self {
            Self::Error(error) => Some(error),
            _ => None,
        }
    }
}

/// A whole number, as text.
#[inline(never)]
pub(super) fn whole_number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Shows no byte of what is in it.
impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("Null"),
            Self::Bool(value) => write!(formatter, "Bool({value})"),
            Self::Integer(value) => write!(formatter, "Integer({value})"),
            Self::Double(value) => write!(formatter, "Double({value})"),
            Self::Simple(bytes) => write!(formatter, "Simple({} bytes)", bytes.len()),
            Self::Bulk(bytes) => write!(formatter, "Bulk({} bytes)", bytes.len()),
            Self::Array(items) => formatter.debug_tuple("Array").field(items).finish(),
            Self::Map(entries) => formatter.debug_tuple("Map").field(entries).finish(),
            Self::Push(items) => formatter.debug_tuple("Push").field(items).finish(),
            Self::Error(error) => error.fmt(formatter),
        }
    }
}

/// An error in place of a reply: the command was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyError {
    pub(crate) kind: ReplyErrorKind,
    /// What Redis says, cut short: printable ASCII. It may repeat arguments of the command.
    pub(crate) message: String,
}

/// What an error of Redis means for the one that asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyErrorKind {
    /// User or password are wrong, or the user may not do this (NOAUTH, WRONGPASS, NOPERM).
    LockedOut,
    /// Its memory is full, or its disk is: it reads and does not write (OOM, MISCONF, NOREPLICAS).
    Full,
    /// It is a replica (READONLY). The link looks for the master by itself.
    ReadOnly,
    /// It reads its data from disk, or has lost its master (LOADING, MASTERDOWN).
    Loading,
    /// A script holds it up (BUSY).
    Busy,
    /// It takes no more clients.
    TooManyClients,
    /// Another node of the cluster has the store (MOVED). The link goes there by itself.
    Moved,
    /// The store is on its way to another node of the cluster, or the cluster is down (ASK, TRYAGAIN, CLUSTERDOWN).
    Moving,
    /// It does not know the script: send it whole (NOSCRIPT).
    NoScript,
    /// Anything else.
    Other,
}

impl ReplyErrorKind {
    /// Reads it from the error's first word, or for want of one its beginning.
    pub(in crate::network) fn read(text: &[u8]) -> Self {
        let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
        match word {
            b"NOAUTH" | b"WRONGPASS" | b"NOPERM" => Self::LockedOut,
            b"OOM" | b"MISCONF" | b"NOREPLICAS" => Self::Full,
            b"READONLY" => Self::ReadOnly,
            b"LOADING" | b"MASTERDOWN" => Self::Loading,
            b"BUSY" => Self::Busy,
            b"MOVED" => Self::Moved,
            b"ASK" | b"TRYAGAIN" | b"CLUSTERDOWN" => Self::Moving,
            b"NOSCRIPT" => Self::NoScript,
            _ if text.starts_with(b"ERR max number of clients") => Self::TooManyClients,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_known_by_their_first_word() {
        for (text, kind) in [
            ("NOAUTH Authentication required.", ReplyErrorKind::LockedOut),
            ("WRONGPASS invalid username-password pair or user is disabled.", ReplyErrorKind::LockedOut),
            ("NOPERM this user has no permissions", ReplyErrorKind::LockedOut),
            ("OOM command not allowed when used memory > 'maxmemory'.", ReplyErrorKind::Full),
            ("MISCONF Redis is configured to save RDB snapshots", ReplyErrorKind::Full),
            ("READONLY You can't write against a read only replica.", ReplyErrorKind::ReadOnly),
            ("LOADING Redis is loading the dataset in memory", ReplyErrorKind::Loading),
            ("MASTERDOWN Link with MASTER is down", ReplyErrorKind::Loading),
            ("BUSY Redis is busy running a script.", ReplyErrorKind::Busy),
            ("ERR max number of clients reached", ReplyErrorKind::TooManyClients),
            ("MOVED 3999 127.0.0.1:6381", ReplyErrorKind::Moved),
            ("ASK 3999 127.0.0.1:6381", ReplyErrorKind::Moving),
            ("CLUSTERDOWN The cluster is down", ReplyErrorKind::Moving),
            ("NOSCRIPT No matching script.", ReplyErrorKind::NoScript),
            ("NOSCRIPTS", ReplyErrorKind::Other),
            ("ERR unknown command", ReplyErrorKind::Other),
            ("", ReplyErrorKind::Other),
        ] {
            assert_eq!(ReplyErrorKind::read(text.as_bytes()), kind, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_from_values_too() {
        assert_eq!(Reply::Integer(-7).integer(), Some(-7));
        assert_eq!(Reply::Bulk(b"12".to_vec()).integer(), Some(12));
        assert_eq!(Reply::Bulk(b"12x".to_vec()).integer(), None);
        assert_eq!(Reply::Null.integer(), None);
    }

    #[test]
    fn printing_shows_no_content() {
        let reply = Reply::Array(vec![Reply::Bulk(b"hidden".to_vec()), Reply::Simple(b"hidden".to_vec())]);
        assert_eq!(format!("{reply:?}"), "Array([Bulk(6 bytes), Simple(6 bytes)])");
    }
}
