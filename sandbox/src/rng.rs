//! A small seedable generator. Nothing here guards anything: the tokens only have to look random.

use std::sync::atomic::{AtomicU64, Ordering};

/// SplitMix64 over an atomic counter, so that it can be shared without a lock.
#[derive(Debug)]
pub struct Rng(AtomicU64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Rng {
    /// A generator that yields the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..=max`.
    pub fn up_to(&self, max: u64) -> u64 {
        match max.checked_add(1) {
            Some(bound) => self.next() % bound,
            None => self.next(),
        }
    }

    /// True with the given probability.
    pub fn chance(&self, probability: f64) -> bool {
        // 53 bits are what an f64 holds exactly.
        ((self.next() >> 11) as f64) < probability * (1u64 << 53) as f64
    }

    /// `length` characters that look like an opaque token.
    pub fn word(&self, length: usize) -> String {
        (0..length).map(|_| ALPHABET[(self.next() % 62) as usize] as char).collect()
    }

    /// 32 hexadecimal digits, the shape of a distributed trace id.
    pub fn trace_id(&self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_words() {
        assert_eq!(Rng::new(7).word(55), Rng::new(7).word(55));
        assert_ne!(Rng::new(7).word(55), Rng::new(8).word(55));
    }

    #[test]
    fn probability_zero_never_and_one_always() {
        let rng = Rng::new(1);
        assert!((0..1000).all(|_| !rng.chance(0.0) && rng.chance(1.0)));
        assert!((0..1000).all(|_| rng.up_to(3) <= 3));
    }
}
