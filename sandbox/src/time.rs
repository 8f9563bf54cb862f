//! The clock and RFC 3339 dates.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where a seeded clock starts: 2026-01-01T00:00:00Z.
const SEEDED_START_MS: u64 = 1_767_225_600_000;
const SEEDED_STEP_MS: u64 = 1_000;
const DAY_MS: u64 = 86_400_000;

/// Tells the time, either the real one or one that repeats run after run.
#[derive(Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Starts at a fixed instant and moves on one second each time it is read.
    Seeded(AtomicU64),
}

impl Clock {
    /// A clock that repeats when `seeded`, the system's clock otherwise.
    pub fn new(seeded: bool) -> Self {
        if seeded { Self::Seeded(AtomicU64::new(SEEDED_START_MS)) } else { Self::System }
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        match self {
            Self::System => system_ms(),
            Self::Seeded(at) => at.fetch_add(SEEDED_STEP_MS, Ordering::Relaxed),
        }
    }
}

/// Milliseconds since 1970 by the system's clock.
pub fn system_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// Milliseconds since 1970 of a UTC date and time.
pub const fn utc(year: u64, month: u64, day: u64, hour: u64, minute: u64, second: u64) -> u64 {
    // Years begin in March here, so that a leap day is the last day of a year.
    let y = if month <= 2 { year - 1 } else { year };
    let m = (month + 9) % 12;
    let era = y / 400;
    let year_of_era = y % 400;
    let day_of_year = (153 * m + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000
}

/// `2025-06-01T12:34:56.789Z`.
pub fn rfc3339(ms: u64) -> String {
    let days = ms / DAY_MS + 719_468;
    let in_day = ms % DAY_MS;
    let era = days / 146_097;
    let doe = days % 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        in_day / 3_600_000,
        in_day / 60_000 % 60,
        in_day / 1_000 % 60,
        in_day % 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_agree_with_known_instants() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_645_568_542_000), "2022-02-22T22:22:22.000Z");
        assert_eq!(rfc3339(1_709_164_800_123), "2024-02-29T00:00:00.123Z");
        assert_eq!(rfc3339(SEEDED_START_MS), "2026-01-01T00:00:00.000Z");
    }

    #[test]
    fn utc_is_the_inverse() {
        for (y, m, d) in [(1970, 1, 1), (2000, 2, 29), (2024, 12, 31), (2100, 3, 1)] {
            let text = rfc3339(utc(y, m, d, 23, 59, 58));
            assert_eq!(text, format!("{y:04}-{m:02}-{d:02}T23:59:58.000Z"));
        }
    }

    #[test]
    fn a_seeded_clock_repeats() {
        let (a, b) = (Clock::new(true), Clock::new(true));
        assert_eq!((a.now_ms(), a.now_ms()), (b.now_ms(), b.now_ms()));
    }
}
