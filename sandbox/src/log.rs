//! What the sandbox was asked, kept in memory for tests to look at.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;

use serde::Serialize;

const MAX_ENTRIES: usize = 20_000;
const MAX_BODY: usize = 64 * 1024;
// Entries are many and bodies may be large; both together must not be.
const MAX_BODIES: usize = 64 * 1024 * 1024;

/// One request. Credentials are never among it.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Counts from 1 for as long as the sandbox runs.
    pub seq: u64,
    /// The method.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    /// The operation.
    pub operation: &'static str,
    /// The status that was sent; none while the request waits and when it got no answer.
    pub status: Option<u16>,
    /// What became of it: `pending`, `answered`, `broken_answer`, `reset`, `closed`, `client_gone`.
    pub outcome: &'static str,
    /// The scheme of the Authorization header, never its value.
    pub authorization: String,
    /// Content-Type.
    pub content_type: Option<String>,
    /// User-Agent.
    pub user_agent: Option<String>,
    /// x-paynow-store-id.
    pub store_id_header: Option<String>,
    /// x-paynow-customer-ip.
    pub customer_ip: Option<String>,
    /// x-paynow-customer-countrycode.
    pub customer_country: Option<String>,
    /// The first 64 KiB of the body.
    pub body: String,
    /// When it came: milliseconds since the log began with the sandbox.
    pub at_ms: f64,
    /// From the request's last byte to its answer.
    pub duration_ms: Option<f64>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    next: u64,
    body_bytes: usize,
}

/// The last requests, oldest first.
#[derive(Debug)]
pub struct Log {
    ring: Mutex<Ring>,
    since: Instant,
}

impl Default for Log {
    fn default() -> Self {
        Self { ring: Mutex::default(), since: Instant::now() }
    }
}

impl Log {
    /// Notes a request on its arrival; the number finds it again.
    pub fn begin(&self, mut entry: Entry) -> u64 {
        let mut ring = self.lock();
        entry.at_ms = self.since.elapsed().as_secs_f64() * 1_000.0;
        ring.next += 1;
        entry.seq = ring.next;
        ring.body_bytes += entry.body.len();
        ring.entries.push_back(entry);
        while ring.entries.len() > MAX_ENTRIES || ring.body_bytes > MAX_BODIES {
            let gone = ring.entries.pop_front().map_or(0, |e| e.body.len());
            ring.body_bytes -= gone;
        }
        ring.next
    }

    /// Notes what became of it, unless it has been forgotten meanwhile.
    pub fn finish(&self, seq: u64, status: Option<u16>, outcome: &'static str, duration_ms: f64) {
        let mut ring = self.lock();
        let Some(first) = ring.entries.front().map(|entry| entry.seq) else {
            return;
        };
        let Some(at) = seq.checked_sub(first) else {
            return;
        };
        if let Some(entry) = ring.entries.get_mut(at as usize) {
            entry.status = status;
            entry.outcome = outcome;
            entry.duration_ms = Some(duration_ms);
        }
    }

    /// The last `limit` requests, oldest first.
    pub fn last(&self, limit: usize) -> Vec<Entry> {
        let ring = self.lock();
        let skip = ring.entries.len().saturating_sub(limit);
        ring.entries.iter().skip(skip).cloned().collect()
    }

    /// Forgets everything. Numbers go on, so that a request under way is not mistaken for another.
    pub fn clear(&self) {
        let mut ring = self.lock();
        ring.entries.clear();
        ring.body_bytes = 0;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().expect("no holder panics")
    }
}

/// The part of a body that is kept.
pub fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(MAX_BODY)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(body: String) -> Entry {
        Entry {
            seq: 0,
            method: "GET".into(),
            target: "/".into(),
            operation: "other",
            status: None,
            outcome: "pending",
            authorization: "none".into(),
            content_type: None,
            user_agent: None,
            store_id_header: None,
            customer_ip: None,
            customer_country: None,
            body,
            at_ms: 0.0,
            duration_ms: None,
        }
    }

    #[test]
    fn entries_are_bounded_and_found_again() {
        let log = Log::default();
        let first = log.begin(entry(String::new()));
        for _ in 0..MAX_ENTRIES {
            log.begin(entry(String::new()));
        }
        log.finish(first, Some(200), "answered", 1.0);
        let last = log.begin(entry(String::new()));
        log.finish(last, Some(201), "answered", 1.0);
        let kept = log.last(usize::MAX);
        assert_eq!(kept.len(), MAX_ENTRIES);
        assert_eq!(kept.last().unwrap().status, Some(201));
        assert!(kept[..kept.len() - 1].iter().all(|e| e.status.is_none()));
    }

    #[test]
    fn bodies_are_bounded() {
        let log = Log::default();
        for _ in 0..2_000 {
            log.begin(entry("x".repeat(MAX_BODY)));
        }
        assert_eq!(log.last(usize::MAX).len(), MAX_BODIES / MAX_BODY);
        assert_eq!(excerpt(&[b'x'; MAX_BODY + 1]).len(), MAX_BODY);
    }

    #[test]
    fn a_request_that_outlives_a_clear_is_not_mistaken() {
        let log = Log::default();
        let old = log.begin(entry(String::new()));
        log.clear();
        log.finish(old, Some(200), "answered", 1.0);
        log.begin(entry(String::new()));
        log.finish(old, Some(200), "answered", 1.0);
        assert_eq!(log.last(10)[0].status, None);
    }
}
