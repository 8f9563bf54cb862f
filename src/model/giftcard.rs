//! A gift card as a customer sees it.

use serde::Deserialize;

use super::customer::Date;
use super::wire::{self, Field};
use super::{HeapBytes, Malformed, Text};

/// A gift card (`StorefrontGiftCardDto`).
///
/// Amounts are in the minor unit of the store's currency (cents); the contract names no currency. It
/// calls them int32, PayNow's management side int64: 64 bits are carried.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GiftCard {
    /// The code it is redeemed with.
    pub code: Text,
    /// What is left.
    pub balance: i64,
    /// What it was issued with.
    pub starting_balance: i64,
    /// When it expires; `None` = never.
    pub expires_at: Option<Date>,
}

#[derive(Deserialize)]
pub(super) struct GiftCardWire<'a> {
    #[serde(borrow)]
    code: Field<'a>,
    #[serde(borrow)]
    balance: Field<'a>,
    #[serde(borrow)]
    starting_balance: Field<'a>,
    #[serde(borrow)]
    expires_at: Field<'a>,
}

impl GiftCard {
    /// Reads a gift card from the body of an answer.
    pub(crate) fn read(json: &str) -> Result<Self, Malformed> {
        const WHAT: &str = "a gift card";
        let wire: GiftCardWire<'_> = super::object_of(json, WHAT)?;
        Ok(Self {
            code: wire::text(wire.code).ok_or(Malformed::Missing("code", WHAT))?,
            // A balance that is not a whole number must not be rounded: money is refused rather than guessed.
            balance: wire::integer(wire.balance).ok_or(Malformed::Missing("balance", WHAT))?,
            starting_balance: wire::integer(wire.starting_balance)
                .ok_or(Malformed::Missing("starting_balance", WHAT))?,
            expires_at: Date::read(wire.expires_at),
        })
    }
}

impl HeapBytes for GiftCard {
    fn heap_bytes(&self) -> usize {
        let Self { code, balance: _, starting_balance: _, expires_at } = self;
        code.heap_bytes() + expires_at.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_field() {
        let card = GiftCard::read(
            r#"{"code":"G-1","balance":5000000000,"starting_balance":-1,"expires_at":"2030-01-01T00:00:00Z"}"#,
        )
        .unwrap();
        assert_eq!(card.code, "G-1");
        assert_eq!(card.balance, 5_000_000_000);
        assert_eq!(card.starting_balance, -1);
        assert_eq!(card.expires_at.unwrap().unix_milliseconds, Some(1_893_456_000_000));
    }

    #[test]
    fn money_is_never_rounded() {
        assert!(GiftCard::read(r#"{"code":"G","balance":12.5,"starting_balance":1}"#).is_err());
        assert!(GiftCard::read(r#"{"code":"G","starting_balance":1}"#).is_err());
        assert!(GiftCard::read(r#"{"code":null,"balance":1,"starting_balance":1}"#).is_err());
    }
}
