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
    Probe(u64),
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

    pub(crate) fn refuses(&self, now: Instant) -> bool {
        self.lock().open.as_ref().is_some_and(|open| open.probing || now < open.next_probe)
    }

    /// Asks for leave to make a request. Who gets [`Admission::Probe`] must report with `succeeded`, `failed` or
    /// `abandoned`.
    pub(crate) fn admit(&mut self, now: Instant) -> Admission {
        if !self.is_open() {
            return Admission::Granted;
        }
        match &mut self.lock().open {
            None => Admission::Granted,
            Some(open) if open.probing || now < open.next_probe => Admission::Refused,
            Some(open) => {
                open.probing = true;
                Admission::Probe(1)
            }
        }
    }

    /// The API answered.
    pub(crate) fn succeeded(&mut self, now: Instant) -> Option<Change> {
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
    pub(crate) fn failed(&mut self, began: Instant, now: Instant, admission: Admission) -> Option<Change> {
        if self.policy.threshold == 0 {
            return None;
        }
        let mut circuit = self.lock();
        if let Some(open) = &mut circuit.open {
            // What began before the circuit opened says nothing new.
            if matches!(admission, Admission::Probe(_)) {
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
    pub(crate) fn abandoned(&mut self, _: Admission, _: Instant) {
        if let Some(open) = &mut self.lock().open {
            open.probing = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
