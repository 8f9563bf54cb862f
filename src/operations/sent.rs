//! How far a request came.

/// Whether a request reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// It surely never left: repeating it is safe.
    Never,
    /// It left, wholly or in part; whether the server acted on it is unknown.
    Maybe,
    /// The server answered.
    Answered,
}
