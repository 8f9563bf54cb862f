//! What the client makes of how requests end: whether the API can be asked at all, and one line for the host's log
//! when that changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::lock;
use super::log::{Log, LogLevel};
use crate::operations::Status;
use crate::policy::breaker::{Admission, Breaker, BreakerPolicy, Change};
use crate::policy::is_outage;
use crate::sync::Mutex;

pub(super) struct Health {
    breaker: Mutex<Breaker>,
    /// The API refused our credentials, and the host was told.
    refused: AtomicBool,
}

impl Health {
    pub(super) fn new(policy: BreakerPolicy) -> Self {
        Self { breaker: Mutex::new(Breaker::new(policy)), refused: AtomicBool::new(false) }
    }

    pub(super) fn is_open(&self) -> bool {
        lock(&self.breaker).is_open()
    }

    pub(super) fn admit(&self) -> Admission {
        lock(&self.breaker).admit(Instant::now())
    }

    /// Nothing was learnt from an attempt: it was cancelled.
    pub(super) fn abandoned(&self, admission: Admission) {
        lock(&self.breaker).abandoned(admission, Instant::now());
    }

    /// Notes how an attempt ended; `describe` says what went wrong.
    pub(super) fn note(
        &self,
        status: Status,
        began: Instant,
        admission: Admission,
        log: &Log,
        describe: impl FnOnce() -> String,
    ) {
        let now = Instant::now();
        if status == Status::Internal {
            return self.abandoned(admission);
        }
        let change = if is_outage(status) {
            lock(&self.breaker).failed(began, now, admission)
        } else {
            lock(&self.breaker).succeeded(now)
        };
        match change {
            Some(Change::Opened(failures)) => log.say(LogLevel::Warn, || {
                format!(
                    "PayNow does not answer: {failures} requests failed in a row, the last one so: {}. Requests fail at \
                     once until it answers again",
                    describe()
                )
            }),
            Some(Change::Closed(after)) => log.say(LogLevel::Info, || {
                format!("PayNow answers again, after {:.1} s", after.as_secs_f64())
            }),
            None if status == Status::Unauthorized => self.note_refusal(log, describe),
            None => self.note_acceptance(status),
        }
    }

    fn note_refusal(&self, log: &Log, describe: impl FnOnce() -> String) {
        if !self.refused.swap(true, Ordering::Relaxed) {
            log.say(LogLevel::Warn, || format!("PayNow refuses the credentials: {}", describe()));
        }
    }

    fn note_acceptance(&self, status: Status) {
        // Loaded first: a healthy API must not make workers fight over the cache line.
        if status == Status::Ok && self.refused.load(Ordering::Relaxed) {
            self.refused.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &Log) -> Vec<String> {
        let mut lines = Vec::new();
        log.deliver(|line| lines.push(line.text.to_string()));
        lines
    }

    #[test]
    fn an_outage_is_two_lines() {
        let log = Log::new(Some(LogLevel::Info));
        let health = Health::new(BreakerPolicy { threshold: 3, ..BreakerPolicy::default() });
        for _ in 0..1_000 {
            health.note(Status::Connect, Instant::now(), Admission::Granted, &log, || "refused".to_owned());
        }
        assert!(health.is_open());
        let probe = health.admit();
        assert!(matches!(probe, Admission::Probe(_)), "{probe:?}");
        health.note(Status::Ok, Instant::now(), probe, &log, || unreachable!());
        let lines = lines(&log);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("3 requests failed in a row") && lines[0].contains("refused"));
        assert!(lines[1].starts_with("PayNow answers again"));
    }

    #[test]
    fn a_wrong_key_is_one_line_until_it_works() {
        let log = Log::new(Some(LogLevel::Info));
        let health = Health::new(BreakerPolicy::default());
        for _ in 0..100 {
            health.note(Status::Unauthorized, Instant::now(), Admission::Granted, &log, || {
                "HTTP 401".to_owned()
            });
        }
        assert_eq!(lines(&log), ["PayNow refuses the credentials: HTTP 401"]);
        health.note(Status::Ok, Instant::now(), Admission::Granted, &log, || unreachable!());
        health.note(Status::Unauthorized, Instant::now(), Admission::Granted, &log, || "HTTP 401".to_owned());
        assert_eq!(lines(&log).len(), 1);
    }
}
