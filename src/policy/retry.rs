//! Asking again.
//!
//! Contract: a request is repeated only when that can do no harm (it surely never left, or doing it twice is
//! doing it once), only when another try may go better, never past its deadline, at most `max_attempts` times in
//! all, and only while retries stay a small share of all traffic: an outage is not amplified.

use std::time::Duration;

use crate::operations::Sent;
use crate::operations::Status;

/// How a client repeats requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// The first attempt included.
    pub(crate) max_attempts: u32,
    /// The longest first wait; it doubles with every attempt.
    pub(crate) base: Duration,
    /// No wait is longer, unless the server asked for it.
    pub(crate) cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 3, base: Duration::from_millis(200), cap: Duration::from_secs(5) }
    }
}

/// How an attempt went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempted {
    pub(crate) status: Status,
    pub(crate) http_status: u16,
    pub(crate) sent: Sent,
    /// Whether doing it twice is doing it once.
    pub(crate) repeatable: bool,
    /// Attempts so far.
    pub(crate) attempts: u32,
    pub(crate) retry_after: Option<Duration>,
}

impl RetryPolicy {
    /// How long to wait before the next attempt; `None` when there must not be one. `left` is the time until the
    /// deadline, `random` a number from 0 to 1: all clients of an outage must not come back at once.
    pub(crate) fn wait(&self, attempted: &Attempted, left: Duration, random: f64) -> Option<Duration> {
        if attempted.attempts >= self.max_attempts || !is_safe(attempted) || !may_go_better(attempted) {
            return None;
        }
        let doublings = attempted.attempts.saturating_sub(1).min(16);
        let longest = self.base.saturating_mul(1 << doublings).min(self.cap);
        let wait = longest.mul_f64(random.clamp(0.0, 1.0)).max(attempted.retry_after.unwrap_or_default());
        // A wait that ends at the deadline leaves no time for an answer.
        (wait < left).then_some(wait)
    }
}

fn is_safe(attempted: &Attempted) -> bool {
    attempted.sent == Sent::Never || attempted.repeatable
}

fn may_go_better(attempted: &Attempted) -> bool {
    match attempted.status {
        Status::Resolve | Status::Connect | Status::Transport | Status::RateLimited => true,
        // 501 and 505 say that the server cannot, now or later.
        Status::Server => !matches!(attempted.http_status, 501 | 505),
        // The server gave up waiting for the request, or wants it on another connection. A server that races its
        // own keep-alive timeout answers 408 to a request it may have read, so only repeatable requests go again.
        Status::Api => attempted.repeatable && matches!(attempted.http_status, 408 | 421 | 425),
        _ => false,
    }
}

/// Retries as a share of traffic: every request pays in, every retry takes out.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    /// Thousandths of a retry.
    saved: u32,
}

impl RetryBudget {
    /// What one request pays in: one retry for every ten requests.
    const SHARE: u32 = 100;
    const RETRY: u32 = 1_000;
    /// A quiet client may still repeat this many in a row; a busy one saves no more.
    const MOST: u32 = 20 * Self::RETRY;

    /// Notes that a request was made. Its retries do not count as requests.
    pub(crate) fn deposit(&mut self) {
        self.saved = (self.saved + Self::SHARE).min(Self::MOST);
    }

    /// Takes out a retry. False when none is left: the request must not be repeated.
    pub(crate) fn withdraw(&mut self) -> bool {
        let left = self.saved.checked_sub(Self::RETRY);
        self.saved = left.unwrap_or(self.saved);
        left.is_some()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { saved: Self::MOST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn failed(status: Status) -> Attempted {
        Attempted {
            status,
            http_status: 0,
            sent: Sent::Maybe,
            repeatable: true,
            attempts: 1,
            retry_after: None,
        }
    }

    #[test]
    fn only_what_is_safe_and_may_go_better() {
        let policy = RetryPolicy::default();
        let retried = |attempted: Attempted| policy.wait(&attempted, LONG, 0.5).is_some();
        for status in
            [Status::Resolve, Status::Connect, Status::Transport, Status::RateLimited, Status::Server]
        {
            assert!(retried(failed(status)), "{status:?}");
            assert!(!retried(Attempted { repeatable: false, ..failed(status) }), "{status:?}");
            assert!(
                retried(Attempted { repeatable: false, sent: Sent::Never, ..failed(status) }),
                "{status:?}"
            );
        }
        for status in [
            Status::Ok,
            Status::Tls,
            Status::Timeout,
            Status::Cancelled,
            Status::Unauthorized,
            Status::Forbidden,
            Status::NotFound,
            Status::Conflict,
            Status::Api,
            Status::InvalidResponse,
            Status::ResponseTooLarge,
        ] {
            assert!(!retried(failed(status)), "{status:?}");
        }
        assert!(!retried(Attempted { http_status: 501, ..failed(Status::Server) }));
    }

    #[test]
    fn a_server_that_gave_up_waiting_is_asked_again_when_that_is_safe() {
        let policy = RetryPolicy::default();
        let retried = |http_status, repeatable| {
            let attempted =
                Attempted { http_status, repeatable, sent: Sent::Answered, ..failed(Status::Api) };
            policy.wait(&attempted, LONG, 0.5).is_some()
        };
        for http_status in [408, 421, 425] {
            assert!(retried(http_status, true), "{http_status}");
            assert!(!retried(http_status, false), "{http_status}");
        }
        for http_status in [400, 405, 410, 413, 415, 422, 451] {
            assert!(!retried(http_status, true), "{http_status}");
        }
    }

    #[test]
    fn waits_grow_are_capped_and_spread() {
        let policy = RetryPolicy { max_attempts: 100, ..RetryPolicy::default() };
        let wait = |attempts, random| {
            policy.wait(&Attempted { attempts, ..failed(Status::Server) }, LONG, random).unwrap().as_millis()
        };
        assert_eq!([wait(1, 1.0), wait(2, 1.0), wait(3, 1.0)], [200, 400, 800]);
        assert_eq!(wait(50, 1.0), 5_000);
        assert_eq!([wait(3, 0.0), wait(3, 0.25)], [0, 200]);
    }

    #[test]
    fn the_servers_wish_is_heard_unless_the_deadline_is_earlier() {
        let policy = RetryPolicy::default();
        let asked = Attempted { retry_after: Some(Duration::from_secs(2)), ..failed(Status::RateLimited) };
        assert_eq!(policy.wait(&asked, LONG, 0.0), Some(Duration::from_secs(2)));
        assert_eq!(policy.wait(&asked, Duration::from_secs(2), 0.0), None);
        assert_eq!(policy.wait(&failed(Status::Server), Duration::ZERO, 0.0), None);
    }

    #[test]
    fn attempts_are_counted() {
        let policy = RetryPolicy::default();
        let after = |attempts| policy.wait(&Attempted { attempts, ..failed(Status::Server) }, LONG, 0.5);
        assert!(after(2).is_some());
        assert_eq!(after(3), None);
    }

    #[test]
    fn retries_stay_a_tenth_of_traffic() {
        let mut budget = RetryBudget::default();
        assert_eq!((0..100).filter(|_| budget.withdraw()).count(), 20, "the reserve");
        let mut retries = 0;
        for _ in 0..1_000 {
            budget.deposit();
            retries += usize::from(budget.withdraw());
        }
        assert_eq!(retries, 100);
        (0..10_000).for_each(|_| budget.deposit());
        assert_eq!((0..100).filter(|_| budget.withdraw()).count(), 20, "no more than the reserve is saved");
    }
}
