//! What a server says about when to come back.

use std::time::{Duration, SystemTime};

/// Longest wait believed. Servers have been seen asking for a day; a player does not wait that long, and
/// an attacker must not be able to switch a shop off with one header.
const LONGEST: Duration = Duration::from_secs(300);

/// Reads a `Retry-After` header: seconds, or a date. Nonsense and the past are `None`.
pub(crate) fn parse(value: &str) -> Option<Duration> {
    parse_at(value, SystemTime::now())
}

fn parse_at(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = if value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().ok()?)
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).ok()?
    };
    (!wait.is_zero()).then_some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_dates_and_nonsense() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let read = |value| parse_at(value, now).map(|wait| wait.as_secs());
        assert_eq!(read("2"), Some(2));
        assert_eq!(read(" 2 "), Some(2));
        assert_eq!(read("86400"), Some(300));
        assert_eq!(read("Sun, 09 Sep 2001 01:46:50 GMT"), Some(10));
        assert_eq!(read("Sun, 09 Sep 2001 01:46:30 GMT"), None);
        for nonsense in ["", "soon", "-1", "0", "2.5", "99999999999999999999", "١"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
