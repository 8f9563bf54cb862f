//! Times for people.

use super::LONGEST_TIME;

/// A duration in microseconds, with as many digits as tell something.
pub fn time(microseconds: u64) -> String {
    let us = microseconds as f64;
    match microseconds {
        0..10_000 => format!("{:.1} ms", us / 1e3),
        10_000..1_000_000 => format!("{:.0} ms", us / 1e3),
        1_000_000..60_000_000 => format!("{:.2} s", us / 1e6),
        LONGEST_TIME => "over 71 min".to_owned(),
        60_000_000..7_200_000_000 => format!("{:.1} min", us / 6e7),
        _ => format!("{:.1} h", us / 3.6e9),
    }
}

/// The time of day, in UTC.
pub fn clock(unix_ms: u64) -> String {
    let (seconds, ms) = (unix_ms / 1_000 % 86_400, unix_ms % 1_000);
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable() {
        for (us, text) in [
            (0, "0.0 ms"),
            (1_234, "1.2 ms"),
            (56_700, "57 ms"),
            (1_234_000, "1.23 s"),
            (150_000_000, "2.5 min"),
            (LONGEST_TIME, "over 71 min"),
            (36_000_000_000, "10.0 h"),
            (u64::MAX, "5124095576.0 h"),
        ] {
            assert_eq!(time(us), text);
        }
        assert_eq!(clock(1_790_000_000_123), "14:13:20.123");
        assert_eq!(clock(u64::MAX).len(), 12);
    }
}
