//! What things are called in Redis.
//!
//! Everything of a store, or of one of its networks, begins alike, with the part in braces by which a cluster keeps it in
//! one slot. Questions and customers are named by keyed hashes: no player's id stands in a name. Leases, stamps and the
//! budget hang on the store, so that servers with different API keys share them; answers hang on the key as well.

use ring::hmac;

use crate::room::{self, NoMemory};

/// Letters of a name: 144 bits.
pub(super) const LENGTH: usize = 24;

/// The last part of a name.
pub(super) type Name = [u8; LENGTH];

/// The names of one network.
pub(super) struct Names {
    /// `paynowbridge:{store}:` or `paynowbridge:{store/network}:`.
    prefix: Vec<u8>,
    /// The store, and the network.
    pub(super) scope: Vec<u8>,
    hash: hmac::Key,
}

impl Names {
    pub(super) fn new(store_id: &str, network_id: &str) -> Result<Self, NoMemory> {
        let mut scope = Vec::new();
        write_plainly(&mut scope, store_id)?;
        if !network_id.is_empty() {
            room::push(&mut scope, b'/')?;
            write_plainly(&mut scope, network_id)?;
        }
        let mut prefix = Vec::new();
        for part in [b"paynowbridge:{", scope.as_slice(), b"}:"] {
            prefix.try_reserve(part.len())?;
            prefix.extend_from_slice(part);
        }
        let hash = hmac::Key::new(hmac::HMAC_SHA256, &prefix);
        Ok(Self { prefix, scope, hash })
    }

    /// A whole name: of a kind, and what it is about.
    pub(super) fn key(&self, kind: &[u8], name: &[u8]) -> Result<Vec<u8>, NoMemory> {
        let mut key = room::list(self.prefix.len() + kind.len() + name.len())?;
        for part in [self.prefix.as_slice(), kind, name] {
            key.extend_from_slice(part);
        }
        Ok(key)
    }

    /// What a lease on a question is named by.
    pub(super) fn question(&self, question: &str) -> Name {
        name(&self.hash, b"question", question.as_bytes())
    }

    /// What a changed customer is named by.
    pub(super) fn customer(&self, id: &str) -> Name {
        name(&self.hash, b"customer", id.as_bytes())
    }
}

/// The keyed hash of what is meant by a word, as letters.
pub(super) fn name(key: &hmac::Key, purpose: &[u8], of: &[u8]) -> Name {
    let mut context = hmac::Context::with_key(key);
    context.update(purpose);
    context.update(&[0]);
    context.update(of);
    letters(context.sign().as_ref())
}

fn letters(digest: &[u8]) -> Name {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut letters = [0; LENGTH];
    for (four, three) in letters.chunks_exact_mut(4).zip(digest.chunks_exact(3)) {
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for (place, letter) in four.iter_mut().enumerate() {
            *letter = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
        }
    }
    letters
}

/// What could end the part in braces, or stand for something in a pattern, is written as its number.
fn write_plainly(text: &mut Vec<u8>, part: &str) -> Result<(), NoMemory> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.try_reserve(part.len() * 3)?;
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            text.push(byte);
        } else {
            text.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_of_a_network_begins_alike_and_stays_in_one_slot() {
        let key = |store: &str, network: &str| {
            String::from_utf8(Names::new(store, network).unwrap().key(b"b", b"").unwrap()).unwrap()
        };
        assert_eq!(key("411486491630370816", ""), "paynowbridge:{411486491630370816}:b");
        assert_eq!(key("1", "survival"), "paynowbridge:{1/survival}:b");
        assert_eq!(key("1", "a}:{b/*"), "paynowbridge:{1/a%7D%3A%7Bb%2F%2A}:b");
        assert_ne!(key("1/a", "b"), key("1", "a/b"));
    }

    #[test]
    fn names_hide_what_they_are_of_and_tell_it_apart() {
        let (one, other) = (Names::new("1", "").unwrap(), Names::new("1", "x").unwrap());
        let question = "/v1/stores/1/customers/lookup?steam_id=76561198012345678";
        let name = one.question(question);
        assert!(name.iter().all(|letter| letter.is_ascii_alphanumeric() || b"-_".contains(letter)));
        assert_ne!(name, other.question(question));
        assert_ne!(name, one.question("/v1/stores/1/customers/lookup?steam_id=76561198012345679"));
        assert_ne!(one.customer("7"), one.question("7"));
    }

    #[test]
    fn letters_are_base64_for_urls() {
        let mut digest = [0; 18];
        digest[..6].copy_from_slice(&[0xfb, 0xff, 0xfe, 0x00, 0x10, 0x83]);
        assert_eq!(&letters(&digest)[..8], b"-__-ABCD");
        assert_eq!(&letters(&digest)[8..], b"AAAAAAAAAAAAAAAA");
    }
}
