//! What the API speaks of: customers, gift cards, tokens and errors.
//!
//! Reading is tolerant (unknown fields and values are ignored, null equals absent), so that a server
//! that grows a field does not take a game down.

mod api_error;
mod customer;
mod giftcard;
pub(crate) mod heap;
pub(crate) mod reads;
mod secret;
mod text;
mod token;
mod wire;

pub use api_error::{ApiError, ValidationError};
pub use customer::{Customer, Date, MinecraftPlatform, PlatformProfile, Profile};
pub use giftcard::GiftCard;
pub(crate) use heap::HeapBytes;
pub use secret::Secret;
pub use text::Text;
pub use token::Token;
pub(crate) use token::read_token;

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Deserializer;

use crate::room::{self, NoMemory};

/// Deepest nesting accepted in an answer. The contract needs five levels.
const DEEPEST: u32 = 128;

/// Why the body of an answer could not be used. Holds no part of the body: it may carry a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Not JSON, or cut short: what was expected, line and column.
    NotJson(&'static str, usize, usize),
    /// JSON of another kind: what was expected.
    WrongKind(&'static str),
    /// Nested deeper than anything the API says.
    TooDeep(&'static str),
    /// A field nothing can be done without is missing or unusable: the field, in what.
    Missing(&'static str, &'static str),
    /// There is no memory left for what it says.
    NoMemory,
}

impl From<NoMemory> for Malformed {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(what, line, column) => write!(
                formatter,
                "expected {what}, but the body is not valid JSON (line {line}, column {column})"
            ),
            Self::TooDeep(what) => write!(formatter, "expected {what}, but the body is nested too deep"),
            Self::WrongKind(what) => {
                write!(formatter, "expected {what}, but the body is JSON of another kind")
            }
            Self::NoMemory => NoMemory.fmt(formatter),
            Self::Missing(field, what) => {
                write!(formatter, "expected {what}, but \"{field}\" is missing or unusable")
            }
        }
    }
}

fn object_of<'a, T: Deserialize<'a>>(json: &'a str, what: &'static str) -> Result<T, Malformed> {
    check_depth(json, what)?;
    serde_json::from_str(json).map_err(|error| not_as_expected(&error, what))
}

/// What `read` makes of the items of an array, or of the first of them that it makes nothing of.
fn list_of<'a, T: Deserialize<'a>, R>(
    json: &'a str,
    what: &'static str,
    mut read: impl FnMut(T) -> Result<R, Malformed>,
) -> Result<Vec<R>, Malformed> {
    check_depth(json, what)?;
    let mut count = 0;
    let mut document = Deserializer::from_str(json);
    let counted = wire::each_item(&mut document, |IgnoredAny| {
        count += 1;
        true
    });
    counted.and_then(|()| document.end()).map_err(|error| not_as_expected(&error, what))?;
    let mut items = room::list(count)?;
    let mut failure = None;
    let read_all = wire::each_item(&mut Deserializer::from_str(json), |item| {
        failure = read(item).map(|item| items.push(item)).err();
        failure.is_none()
    });
    match failure {
        Some(failure) => Err(failure),
        None => read_all.map(|()| items).map_err(|error| not_as_expected(&error, what)),
    }
}

fn not_as_expected(error: &serde_json::Error, what: &'static str) -> Malformed {
    if error.is_syntax() || error.is_eof() {
        Malformed::NotJson(what, error.line(), error.column())
    } else {
        Malformed::WrongKind(what)
    }
}

/// Refuses what is nested too deep, before anything walks down into it. serde counts levels only where it makes something
/// of them, not in what is skipped or kept as it is (`IgnoredAny`, `RawValue`).
pub(crate) fn check_depth(json: &str, what: &'static str) -> Result<(), Malformed> {
    let mut depth = 0_u32;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(Malformed::TooDeep(what));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        check_depth(&nested(128), "JSON").unwrap();
        assert_eq!(check_depth(&nested(129), "JSON"), Err(Malformed::TooDeep("JSON")));
        check_depth(&format!(r#"{{"a":"{} \" {}"}}"#, "[".repeat(500), "{".repeat(500)), "JSON").unwrap();
        check_depth(&"[]".repeat(1_000), "JSON").unwrap();
    }
}
