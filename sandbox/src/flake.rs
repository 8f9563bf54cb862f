//! PayNow's ids: 64-bit integers, written as strings, that carry their creation time.

/// The instant the ids count from: 2022-02-22T22:22:22Z.
const EPOCH_MS: u64 = 1_645_568_542_000;
const SEQUENCE_BITS: u32 = 22;

/// The first id of a millisecond.
pub const fn first_of(ms: u64) -> u64 {
    ms.saturating_sub(EPOCH_MS) << SEQUENCE_BITS
}

/// When an id was made, in milliseconds since 1970.
pub const fn created_ms(id: u64) -> u64 {
    (id >> SEQUENCE_BITS) + EPOCH_MS
}

/// Reads an id: decimal digits, positive, within an int64, in its one canonical spelling.
pub fn parse(text: &str) -> Option<u64> {
    let canonical =
        (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    if !canonical {
        return None;
    }
    text.parse::<i64>().ok().map(|id| id as u64)
}

/// Hands out ids that only ever rise, also when the clock stands still or goes back.
#[derive(Debug, Default)]
pub struct Flakes {
    last: u64,
}

impl Flakes {
    /// The next id for the given instant.
    pub fn next(&mut self, now_ms: u64) -> u64 {
        self.last = first_of(now_ms).max(self.last + 1);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_its_time() {
        assert_eq!(created_ms(first_of(1_767_225_600_123)), 1_767_225_600_123);
        // The store of the public examples was made in April 2025.
        let store = created_ms(parse("411486491630370816").unwrap());
        assert!(crate::time::rfc3339(store).starts_with("2025-04-"));
    }

    #[test]
    fn ids_rise_even_when_time_does_not() {
        let mut flakes = Flakes::default();
        let a = flakes.next(1_767_225_600_000);
        let b = flakes.next(1_767_225_600_000);
        let c = flakes.next(1_767_225_599_000);
        let d = flakes.next(1_767_225_600_001);
        assert!(a < b && b < c && c < d);
        assert_eq!(b, a + 1);
    }

    #[test]
    fn only_the_canonical_spelling_is_read() {
        for bad in
            ["", "0", "01", "+1", "-1", " 1", "1.0", "abc", "9223372036854775808", "99999999999999999999"]
        {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        assert_eq!(parse("9223372036854775807"), Some(i64::MAX as u64));
    }
}
