//! Customer tokens.

use std::fmt;
use zeroize::Zeroizing;

use super::wire::{self, wire_object};
use super::{HeapBytes, Malformed, Text};
use crate::room::{NoMemory, TryClone};

/// A token that lets its bearer act as one customer in the storefront.
///
/// `Debug` prints a placeholder and the memory is wiped on drop. Hand a player the *URL* made with it,
/// never the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<Text>);

impl Token {
    /// The token itself. Never log or print it.
    #[must_use]
    pub fn expose(&self) -> &Text {
        &self.0
    }
}

impl HeapBytes for Token {
    fn heap_bytes(&self) -> usize {
        let Self(token) = self;
        token.heap_bytes()
    }
}

impl TryClone for Token {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        self.0.try_clone().map(|token| Self(Zeroizing::new(token)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

wire_object!(TokenWire { token, customer_token });

/// Reads the token from an answer whose contract names it `field` (`token` when minted by the
/// Management API, `customer_token` when by the Storefront's authentication).
///
/// A token travels in a header later: one that is empty, or holds anything but visible ASCII, is refused
/// here rather than smuggled into a request.
pub(crate) fn read_token(json: &str, field: &'static str) -> Result<Token, Malformed> {
    const WHAT: &str = "a customer token";
    let wire: TokenWire<'_> = super::object_of(json, WHAT)?;
    let found = if field == "token" { wire.token } else { wire.customer_token };
    wire::strict_text(found)?
        .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(|token| Token(Zeroizing::new(token)))
        .ok_or(Malformed::Missing(field, WHAT))
}

#[cfg(test)]
mod tests {
    use super::read_token;

    #[test]
    fn each_contract_has_its_own_field() {
        assert_eq!(read_token(r#"{"token":"abc"}"#, "token").unwrap().expose(), "abc");
        assert_eq!(read_token(r#"{"customer_token":"abc"}"#, "customer_token").unwrap().expose(), "abc");
        assert!(read_token(r#"{"customer_token":"abc"}"#, "token").is_err());
        assert!(read_token(r#"{"token":"abc"}"#, "customer_token").is_err());
    }

    #[test]
    fn debug_shows_nothing() {
        let token = read_token(r#"{"token":"pnct_secret"}"#, "token").unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn unusable_tokens_are_refused() {
        for json in
            [r#"{"token":""}"#, r#"{"token":"a\r\nb"}"#, r#"{"token":null}"#, r#"{"token":12}"#, "null"]
        {
            assert!(read_token(json, "token").is_err(), "{json}");
        }
    }
}
