//! Not asking an API that is down.
//!
//! Contract: after `threshold` failures in a row (unreachable, broken off, timed out, 5xx) the circuit opens and
//! requests fail at once, but for one probe at a time. The first probe is allowed at once, so that an API that has
//! recovered meanwhile is noticed by the very next request; each probe that fails doubles the wait before the next
//! one, up to `longest`. Any success closes the circuit. Every change is reported once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a client gives up on an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BreakerPolicy {
    /// Failures in a row that open the circuit; 0: it never opens.
    pub(crate) threshold: u32,
    /// Between the first failed probe and the next.
    pub(crate) first: Duration,
    /// Between any two probes.
    pub(crate) longest: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { threshold: 20, first: Duration::from_millis(500), longest: Duration::from_secs(15) }
    }
}

/// What a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Go ahead.
    Granted,
    /// Go ahead, and say how it went: others wait for that.
    Probe,
    /// Fail at once.
    Refused,
}

/// What happened to the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It opened, after so many failures in a row.
    Opened(u32),
    /// It closed, after so long.
    Closed(Duration),
}

/// The circuit of one client.
#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    /// Failures in a row while closed. Outside of the lock: a healthy API costs one load.
    failures: AtomicU32,
    circuit: Mutex<Circuit>,
    /// 1 while open: what most requests look at.
    is_open: AtomicU32,
}

#[derive(Debug, Default)]
struct Circuit {
    open: Option<Open>,
    /// When it closed last: what began before says nothing about the API since.
    closed_at: Option<Instant>,
}

#[derive(Debug)]
struct Open {
    since: Instant,
    next_probe: Instant,
    wait: Duration,
    probing: bool,
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, failures: AtomicU32::new(0), circuit: Mutex::default(), is_open: AtomicU32::new(0) }
    }

    /// Whether the circuit is open.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed) != 0
    }

    /// Asks for leave to make a request. Who gets [`Admission::Probe`] must report with `succeeded`, `failed` or
    /// `abandoned`.
    pub(crate) fn admit(&self, now: Instant) -> Admission {
        if !self.is_open() {
            return Admission::Granted;
        }
        match &mut self.lock().open {
            None => Admission::Granted,
            Some(open) if open.probing || now < open.next_probe => Admission::Refused,
            Some(open) => {
                open.probing = true;
                Admission::Probe
            }
        }
    }

    /// The API answered.
    pub(crate) fn succeeded(&self, now: Instant) -> Option<Change> {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        if !self.is_open() {
            return None;
        }
        let mut circuit = self.lock();
        let open = circuit.open.take()?;
        circuit.closed_at = Some(now);
        self.is_open.store(0, Ordering::Relaxed);
        Some(Change::Closed(now.saturating_duration_since(open.since)))
    }

    /// The API did not answer a request that began at `began`, or not as it should.
    pub(crate) fn failed(&self, began: Instant, now: Instant, was_probe: bool) -> Option<Change> {
        if self.policy.threshold == 0 {
            return None;
        }
        let mut circuit = self.lock();
        if let Some(open) = &mut circuit.open {
            // What began before the circuit opened says nothing new.
            if was_probe {
                open.probing = false;
                open.wait = open.wait.saturating_mul(2).max(self.policy.first).min(self.policy.longest);
                open.next_probe = now + open.wait;
            }
            return None;
        }
        if circuit.closed_at.is_some_and(|closed| began < closed) {
            return None;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures < self.policy.threshold {
            return None;
        }
        circuit.open = Some(Open { since: now, next_probe: now, wait: Duration::ZERO, probing: false });
        self.failures.store(0, Ordering::Relaxed);
        self.is_open.store(1, Ordering::Relaxed);
        Some(Change::Opened(failures))
    }

    /// A probe ended without telling anything: it was cancelled, or failed on our side.
    pub(crate) fn abandoned(&self) {
        if let Some(open) = &mut self.lock().open {
            open.probing = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn opened() -> (Breaker, Instant) {
        let breaker = Breaker::new(BreakerPolicy { threshold: 3, first: SECOND, longest: SECOND * 4 });
        let now = Instant::now();
        assert_eq!(breaker.failed(now, now, false), None);
        assert_eq!(breaker.failed(now, now, false), None);
        assert_eq!(breaker.failed(now, now, false), Some(Change::Opened(3)));
        (breaker, now)
    }

    #[test]
    fn only_failures_in_a_row_open_it() {
        let breaker = Breaker::new(BreakerPolicy { threshold: 3, ..BreakerPolicy::default() });
        let now = Instant::now();
        for _ in 0..10 {
            assert_eq!(breaker.failed(now, now, false), None);
            assert_eq!(breaker.failed(now, now, false), None);
            assert_eq!(breaker.succeeded(now), None);
        }
        assert_eq!(breaker.admit(now), Admission::Granted);
    }

    #[test]
    fn one_probe_at_a_time_the_first_at_once() {
        let (breaker, now) = opened();
        assert_eq!(breaker.admit(now), Admission::Probe);
        assert_eq!(breaker.admit(now), Admission::Refused);
        assert_eq!(breaker.failed(now, now, true), None);
        assert_eq!(breaker.admit(now), Admission::Refused);
        assert_eq!(breaker.admit(now + SECOND), Admission::Probe);
        assert_eq!(breaker.succeeded(now + SECOND), Some(Change::Closed(SECOND)));
        assert_eq!(breaker.admit(now + SECOND), Admission::Granted);
        assert_eq!(breaker.succeeded(now + SECOND), None, "reported once");
        assert!(!breaker.is_open());
    }

    #[test]
    fn waits_between_probes_double_up_to_a_limit() {
        let (breaker, mut now) = opened();
        for expected in [1, 2, 4, 4] {
            assert_eq!(breaker.admit(now), Admission::Probe);
            breaker.failed(now, now, true);
            assert_eq!(breaker.admit(now + SECOND * expected - Duration::from_millis(1)), Admission::Refused);
            now += SECOND * expected;
        }
    }

    #[test]
    fn late_failures_change_nothing_and_late_successes_close_it() {
        let (breaker, now) = opened();
        assert_eq!(breaker.failed(now, now, false), None);
        assert_eq!(breaker.admit(now), Admission::Probe);
        assert!(breaker.succeeded(now).is_some());
    }

    #[test]
    fn what_began_before_it_closed_does_not_open_it_again() {
        let (breaker, now) = opened();
        let closed = now + SECOND;
        assert!(breaker.succeeded(closed).is_some());
        for _ in 0..10 {
            assert_eq!(breaker.failed(now, closed + SECOND, false), None);
        }
        for _ in 0..2 {
            assert_eq!(breaker.failed(closed, closed + SECOND, false), None);
        }
        assert_eq!(breaker.failed(closed, closed + SECOND, false), Some(Change::Opened(3)));
    }

    #[test]
    fn an_abandoned_probe_makes_room_for_the_next() {
        let (breaker, now) = opened();
        assert_eq!(breaker.admit(now), Admission::Probe);
        breaker.abandoned();
        assert_eq!(breaker.admit(now), Admission::Probe);
    }

    #[test]
    fn it_can_be_switched_off() {
        let breaker = Breaker::new(BreakerPolicy { threshold: 0, ..BreakerPolicy::default() });
        let now = Instant::now();
        assert!((0..1_000).all(|_| breaker.failed(now, now, false).is_none()));
        assert_eq!(breaker.admit(now), Admission::Granted);
    }
}
