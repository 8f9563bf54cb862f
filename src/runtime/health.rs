//! One line when the API stops answering, one when it answers again, none for each request between.

use std::sync::atomic::{AtomicU64, Ordering};

use super::log::{Log, LogLevel};
use crate::operations::Status;

/// How many requests in a row found the API unreachable or failing.
#[derive(Default)]
pub(super) struct Health {
    failures: AtomicU64,
}

impl Health {
    /// Notes how a request ended; `describe` says what went wrong.
    pub(super) fn note(&self, status: Status, log: &Log, describe: impl FnOnce() -> String) {
        match status {
            Status::Resolve
            | Status::Connect
            | Status::Tls
            | Status::Transport
            | Status::Timeout
            | Status::Server
            | Status::Unauthorized => self.failed(log, describe),
            Status::Ok => self.answered(log),
            // Neither says anything about the API's health.
            _ => {}
        }
    }

    fn failed(&self, log: &Log, describe: impl FnOnce() -> String) {
        if self.failures.fetch_add(1, Ordering::Relaxed) == 0 {
            log.say(LogLevel::Warn, || {
                format!("PayNow does not answer as it should: {}", describe())
            });
        }
    }

    fn answered(&self, log: &Log) {
        // Loaded first: a healthy API must not make workers fight over the cache line.
        if self.failures.load(Ordering::Relaxed) == 0 {
            return;
        }
        let failures = self.failures.swap(0, Ordering::Relaxed);
        if failures != 0 {
            log.say(LogLevel::Info, || {
                format!("PayNow answers again; {failures} requests had failed")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_failures_are_one_line() {
        let log = Log::new(Some(LogLevel::Info));
        let health = Health::default();
        for _ in 0..1_000 {
            health.note(Status::Connect, &log, || "refused".to_owned());
        }
        health.note(Status::Cancelled, &log, || unreachable!());
        health.note(Status::Ok, &log, || unreachable!());
        health.note(Status::Ok, &log, || unreachable!());
        let mut lines = Vec::new();
        log.deliver(|line| lines.push(line.text.to_string()));
        assert_eq!(
            lines,
            [
                "PayNow does not answer as it should: refused",
                "PayNow answers again; 1000 requests had failed"
            ]
        );
    }
}
