//! What a server says about when to come back.

use std::time::{Duration, SystemTime};

/// Longest wait believed. Servers have been seen asking for a day; a player does not wait that long, and
/// an attacker must not be able to switch a shop off with one header.
const LONGEST: Duration = Duration::from_secs(300);

/// Reads a `Retry-After` header: seconds, or a date. Nonsense and the past are `None`.
///
/// A date is counted from the answer's own `Date`: the server's clock is compared with itself, and ours may be wrong.
/// Only without a usable one it is counted from ours.
pub(crate) fn parse(value: &str, date: Option<&str>) -> Option<Duration> {
    let sent_at = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok());
    parse_at(value, || sent_at.unwrap_or_else(SystemTime::now))
}

fn parse_at(value: &str, now: impl FnOnce() -> SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = if value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().ok()?)
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now()).ok()?
    };
    (!wait.is_zero()).then_some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_dates_and_nonsense() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let read = |value| parse_at(value, || now).map(|wait| wait.as_secs());
        assert_eq!(read("2"), Some(2));
        assert_eq!(read(" 2 "), Some(2));
        assert_eq!(read("86400"), Some(300));
        assert_eq!(read("Sun, 09 Sep 2001 01:46:50 GMT"), Some(10));
        assert_eq!(read("Sun, 09 Sep 2001 01:46:30 GMT"), None);
        for nonsense in ["", "soon", "-1", "0", "2.5", "99999999999999999999", "١"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_date_is_counted_from_the_answers_own() {
        let read = |value, date| parse(value, Some(date)).map(|wait| wait.as_secs());
        // Decades off our clock, and two seconds apart.
        assert_eq!(read("Sun, 09 Sep 2001 01:46:42 GMT", "Sun, 09 Sep 2001 01:46:40 GMT"), Some(2));
        assert_eq!(read("Thu, 31 Dec 2099 23:59:59 GMT", " Thu, 31 Dec 2099 23:59:57 GMT"), Some(2));
        assert_eq!(read("Sun, 09 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 2001 01:46:42 GMT"), None, "past");
        assert_eq!(read("3", "Sun, 09 Sep 2001 01:46:42 GMT"), Some(3));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        for unusable in [None, Some("yesterday")] {
            let wait = parse(&soon, unusable).unwrap().as_secs();
            assert!((60..=100).contains(&wait), "{wait}");
        }
    }
}
