//! Answers, sealed for Redis.
//!
//! Contract: what opens was sealed by a server that knows the API key, under this very name and with this very stamp. What was
//! changed, put under another name, or sealed with another key does not open. A customer can be read with the key alone.
//!
//! The keys are derived from the API key, the store and the network. Customers are sealed with AES-256-GCM and a random
//! nonce; a pointer hides nothing and is signed with HMAC-SHA256.

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use super::names::{self, LENGTH, Name};
use crate::model::Secret;
use crate::room::{self, NoMemory};

/// What is written by this version. Another version writes another first byte, and under other names: servers of both
/// share leases and budget, and each reads its own answers.
const VERSION: u8 = 1;
/// The version, and the stamp in decimal digits: what the scripts read.
const HEAD: usize = 1 + DIGITS;
const DIGITS: usize = 16;
const NONCE: usize = aead::NONCE_LEN;
const SIGNATURE: usize = 32;
/// The longest pointer without its signature.
const POINTER: usize = HEAD + 1 + 2 * LENGTH;
/// Stamps stay below this.
const LAST_STAMP: u64 = 9_999_999_999_999_999;

/// What is derived from one API key.
pub(super) struct Keys {
    seal: LessSafeKey,
    sign: hmac::Key,
    name: hmac::Key,
    /// Names this key among others, to servers that know it.
    pub(super) id: Name,
}

/// A key of 32 bytes.
struct Long;

impl hkdf::KeyType for Long {
    fn len(&self) -> usize {
        32
    }
}

/// Where a question leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pointer {
    Absent,
    /// What the customer is kept under, and what its changes are noted under.
    Customer {
        kept: Name,
        changes: Name,
    },
}

impl Keys {
    /// `None` never, as far as `ring` is concerned.
    pub(super) fn derive(api_key: &Secret, scope: &[u8]) -> Option<Self> {
        let source =
            hkdf::Salt::new(hkdf::HKDF_SHA256, b"paynow-bridge network").extract(api_key.expose().as_bytes());
        let derive = |purpose: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            source.expand(&[&[VERSION], purpose, b"\0", scope], Long).ok()?.fill(&mut *key).ok()?;
            Some(key)
        };
        let sign = |purpose| Some(hmac::Key::new(hmac::HMAC_SHA256, &*derive(purpose)?));
        let name = sign(b"name")?;
        Some(Self {
            seal: LessSafeKey::new(UnboundKey::new(&aead::AES_256_GCM, &*derive(b"seal")?).ok()?),
            sign: sign(b"sign")?,
            id: names::name(&name, b"key", b""),
            name,
        })
    }

    pub(super) fn question(&self, question: &str) -> Name {
        names::name(&self.name, b"question", question.as_bytes())
    }

    pub(super) fn customer(&self, id: &str) -> Name {
        names::name(&self.name, b"customer", id.as_bytes())
    }

    /// Seals `content` under a name.
    pub(super) fn seal(&self, name: &Name, stamp: u64, content: &[u8]) -> Result<Vec<u8>, NoMemory> {
        let mut nonce = [0; NONCE];
        SystemRandom::new().fill(&mut nonce).map_err(|_| NoMemory)?;
        let mut sealed = room::list(HEAD + NONCE + content.len() + aead::MAX_TAG_LEN)?;
        sealed.extend_from_slice(&head(stamp));
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(content);
        let tag = self
            .seal
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                bound_to(name, stamp),
                &mut sealed[HEAD + NONCE..],
            )
            .map_err(|_| NoMemory)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what lies under a name.
    pub(super) fn open(&self, name: &Name, sealed: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
        let mut content = Zeroizing::new(sealed);
        let stamp = stamp_of(&content)?;
        let nonce = Nonce::try_assume_unique_for_key(content.get(HEAD..HEAD + NONCE)?).ok()?;
        let length =
            self.seal.open_within(nonce, bound_to(name, stamp), &mut content, HEAD + NONCE..).ok()?.len();
        content.truncate(length);
        Some(content)
    }

    /// Writes where the question of this name leads.
    pub(super) fn write(&self, name: &Name, stamp: u64, pointer: &Pointer) -> Result<Vec<u8>, NoMemory> {
        let mut written = room::list(POINTER + SIGNATURE)?;
        written.extend_from_slice(&head(stamp));
        match pointer {
            Pointer::Absent => written.push(b'a'),
            Pointer::Customer { kept, changes } => {
                written.push(b'c');
                written.extend_from_slice(kept);
                written.extend_from_slice(changes);
            }
        }
        let signature = signed(name, &written, |said| hmac::sign(&self.sign, said)).ok_or(NoMemory)?;
        written.extend_from_slice(signature.as_ref());
        Ok(written)
    }

    /// Reads it.
    pub(super) fn read(&self, name: &Name, written: &[u8]) -> Option<Pointer> {
        stamp_of(written)?;
        let (said, signature) = written.split_at_checked(written.len().checked_sub(SIGNATURE)?)?;
        signed(name, said, |said| hmac::verify(&self.sign, said, signature))?.ok()?;
        let pointer = match said.get(HEAD..)?.split_first()? {
            (b'a', []) => Pointer::Absent,
            (b'c', names) => {
                let (kept, changes) = names.split_first_chunk()?;
                Pointer::Customer { kept: *kept, changes: changes.try_into().ok()? }
            }
            _ => return None,
        };
        Some(pointer)
    }
}

/// Does something with a pointer and the name it is under. `None` when it is too long for one.
fn signed<T>(name: &Name, said: &[u8], work: impl FnOnce(&[u8]) -> T) -> Option<T> {
    let mut all = [0; LENGTH + POINTER];
    all[..LENGTH].copy_from_slice(name);
    all.get_mut(LENGTH..LENGTH + said.len())?.copy_from_slice(said);
    Some(work(&all[..LENGTH + said.len()]))
}

#[inline(never)]
fn head(stamp: u64) -> [u8; HEAD] {
    let mut head = [VERSION; HEAD];
    let mut rest = stamp.min(LAST_STAMP);
    for digit in head[1..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    head
}

/// The stamp in the head of what was sealed. `None` for another version.
fn stamp_of(sealed: &[u8]) -> Option<u64> {
    let (version, digits) = sealed.get(..HEAD)?.split_first()?;
    let is_ours = *version == VERSION && digits.iter().all(u8::is_ascii_digit);
    is_ours.then(|| digits.iter().fold(0, |stamp, digit| stamp * 10 + u64::from(digit - b'0')))
}

fn bound_to(name: &Name, stamp: u64) -> Aad<[u8; LENGTH + HEAD]> {
    let mut bound = [0; LENGTH + HEAD];
    bound[..LENGTH].copy_from_slice(name);
    bound[LENGTH..].copy_from_slice(&head(stamp));
    Aad::from(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::counting::each_refused;

    fn keys(api_key: &str, scope: &[u8]) -> Keys {
        Keys::derive(&Secret::new(api_key.to_owned()), scope).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_under_its_name_alone() {
        let ours = keys("pnapi_a", b"1");
        let (name, other) = (ours.customer("7"), ours.customer("8"));
        let sealed = ours.seal(&name, 12, b"{\"id\":\"7\"}").unwrap();
        assert!(sealed.starts_with(b"\x010000000000000012"));
        assert!(!sealed.windows(2).any(|pair| pair == b"id"));
        assert_eq!(ours.open(&name, sealed.clone()).unwrap().as_slice(), b"{\"id\":\"7\"}");
        assert!(ours.open(&other, sealed.clone()).is_none(), "swapped");
        assert!(keys("pnapi_b", b"1").open(&name, sealed.clone()).is_none(), "another key");
        assert!(keys("pnapi_a", b"2").open(&name, sealed.clone()).is_none(), "another store");
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(ours.open(&name, damaged).is_none(), "byte {place}");
            assert!(ours.open(&name, sealed[..place].to_vec()).is_none(), "cut to {place}");
        }
        assert_ne!(sealed, ours.seal(&name, 12, b"{\"id\":\"7\"}").unwrap(), "no nonce twice");
    }

    #[test]
    fn pointers_are_read_where_they_were_written_alone() {
        let ours = keys("pnapi_a", b"1");
        let name = ours.question("/lookup?steam_id=1");
        let pointers =
            [Pointer::Absent, Pointer::Customer { kept: ours.customer("7"), changes: ours.customer("8") }];
        for pointer in pointers {
            let written = ours.write(&name, 9, &pointer).unwrap();
            assert_eq!(ours.read(&name, &written), Some(pointer));
            assert_eq!(ours.read(&ours.question("/lookup?steam_id=2"), &written), None, "swapped");
            assert_eq!(keys("pnapi_b", b"1").read(&name, &written), None, "another key");
            for place in 0..written.len() {
                let mut damaged = written.clone();
                damaged[place] ^= 1;
                assert_eq!(ours.read(&name, &damaged), None, "byte {place}");
                assert_eq!(ours.read(&name, &written[..place]), None, "cut to {place}");
            }
        }
        assert_eq!(ours.read(&name, b""), None);
    }

    #[test]
    fn names_depend_on_the_key() {
        let (one, other) = (keys("pnapi_a", b"1"), keys("pnapi_b", b"1"));
        assert_ne!(one.question("x"), other.question("x"));
        assert_ne!(one.question("x"), one.customer("x"));
        assert_ne!(one.id, other.id);
    }

    #[test]
    fn memory_may_be_missing() {
        let ours = keys("pnapi_a", b"1");
        let name = ours.customer("7");
        each_refused(1, || ours.seal(&name, 1, &[7; 900]).map(drop));
        each_refused(1, || ours.write(&name, 1, &Pointer::Absent).map(drop));
    }
}
