//! Not asking an API that is down.
//!
//! Contract: after `threshold` failures in a row (unreachable, broken off, timed out, 5xx) the circuit opens and
//! requests fail at once, except for one probe at a time. The first probe is allowed at once, so that an API that has
//! recovered meanwhile is noticed by the very next request; each probe that fails doubles the wait before the next
//! one, up to `longest`. A probe is a lease: one that has not reported after `lease` no longer keeps others from
//! probing, so a request that hangs cannot keep the circuit open. Any success closes the circuit, however late it
//! comes. Every change is reported once.
//!
//! Invariants: while the circuit is open, at most one lease runs; and for as long as it stays open, there is always
//! a later moment at which a request may probe, whatever becomes of the probes before.

use std::time::{Duration, Instant};

/// How a client gives up on an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BreakerPolicy {
    /// Failures in a row that open the circuit; 0: it never opens.
    pub(crate) threshold: u32,
    /// Between the first failed probe and the next.
    pub(crate) first: Duration,
    /// Between a failed probe and the next, at most.
    pub(crate) longest: Duration,
    /// How long a probe keeps other requests from probing.
    pub(crate) lease: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            threshold: 20,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(15),
            lease: Duration::from_secs(3),
        }
    }
}

/// What a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Go ahead.
    Granted,
    /// Go ahead, and report how it went: others wait for that until the lease with this number runs out.
    Probe(u64),
    /// Fail at once.
    Refused,
}

/// What happened to the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It opened, after this many failures in a row.
    Opened(u32),
    /// It closed, after so long.
    Closed(Duration),
}

/// The circuit of one client.
#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    /// Failures in a row while closed.
    failures: u32,
    open: Option<Open>,
    /// When it closed last: what began before says nothing about the API since.
    closed_at: Option<Instant>,
    /// Leases given so far. The numbers are never reused: a report from an earlier outage must not pass for the
    /// present probe's.
    leases: u64,
}

#[derive(Debug)]
struct Open {
    since: Instant,
    next_probe: Instant,
    wait: Duration,
    probe: Option<Probe>,
}

#[derive(Debug)]
struct Probe {
    lease: u64,
    until: Instant,
}

impl Open {
    fn refuses(&self, now: Instant) -> bool {
        match &self.probe {
            Some(probe) => now < probe.until,
            None => now < self.next_probe,
        }
    }
}

impl Breaker {
    /// A closed circuit.
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, failures: 0, open: None, closed_at: None, leases: 0 }
    }

    /// Whether the circuit is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether a request would be refused now: the circuit is open, and no probe may go.
    pub(crate) fn refuses(&self, now: Instant) -> bool {
        self.open.as_ref().is_some_and(|open| open.refuses(now))
    }

    /// Asks whether a request may be made; refused exactly when [`Self::refuses`] says so. A request that was admitted
    /// reports with [`Self::succeeded`], [`Self::failed`] or [`Self::abandoned`]; the latter two take the admission.
    pub(crate) fn admit(&mut self, now: Instant) -> Admission {
        let Some(open) = &mut self.open else {
            return Admission::Granted;
        };
        if open.refuses(now) {
            return Admission::Refused;
        }
        self.leases += 1;
        open.probe = Some(Probe { lease: self.leases, until: now + self.policy.lease });
        Admission::Probe(self.leases)
    }

    /// The API answered. Closes an open circuit, whether or not the request was its probe.
    pub(crate) fn succeeded(&mut self, now: Instant) -> Option<Change> {
        self.failures = 0;
        let open = self.open.take()?;
        self.closed_at = Some(now);
        Some(Change::Closed(now.saturating_duration_since(open.since)))
    }

    /// The API did not answer a request that began at `began`, or not as it should. While the circuit is open, only
    /// the probe whose lease still runs changes anything. What began before the circuit closed last counts for
    /// nothing.
    pub(crate) fn failed(&mut self, began: Instant, now: Instant, admission: Admission) -> Option<Change> {
        if self.policy.threshold == 0 {
            return None;
        }
        let BreakerPolicy { first, longest, .. } = self.policy;
        if let Some(open) = self.leased(admission, now) {
            open.probe = None;
            open.wait = open.wait.saturating_mul(2).max(first).min(longest);
            open.next_probe = now + open.wait;
        }
        if self.is_open() || self.closed_at.is_some_and(|closed| began < closed) {
            return None;
        }
        self.failures += 1;
        if self.failures < self.policy.threshold {
            return None;
        }
        self.open = Some(Open { since: now, next_probe: now, wait: Duration::ZERO, probe: None });
        Some(Change::Opened(std::mem::take(&mut self.failures)))
    }

    /// A request ended without telling anything about the API: it was cancelled, or failed on our side. When it was
    /// the probe and its lease still runs, the next request may probe.
    pub(crate) fn abandoned(&mut self, admission: Admission, now: Instant) {
        if let Some(open) = self.leased(admission, now) {
            open.probe = None;
        }
    }

    /// The open circuit, if `admission` is the lease that runs.
    fn leased(&mut self, admission: Admission, now: Instant) -> Option<&mut Open> {
        let Admission::Probe(lease) = admission else {
            return None;
        };
        let is_current = |open: &&mut Open| {
            open.probe.as_ref().is_some_and(|probe| probe.lease == lease && now < probe.until)
        };
        self.open.as_mut().filter(is_current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MILLISECOND: Duration = Duration::from_millis(1);
    const POLICY: BreakerPolicy =
        BreakerPolicy { threshold: 3, first: SECOND, longest: Duration::from_secs(4), lease: SECOND };

    fn opened() -> (Breaker, Instant) {
        let mut breaker = Breaker::new(POLICY);
        let now = Instant::now();
        assert_eq!(breaker.failed(now, now, Admission::Granted), None);
        assert_eq!(breaker.failed(now, now, Admission::Granted), None);
        assert_eq!(breaker.failed(now, now, Admission::Granted), Some(Change::Opened(3)));
        (breaker, now)
    }

    fn probe(breaker: &mut Breaker, now: Instant) -> Admission {
        let admission = breaker.admit(now);
        assert!(matches!(admission, Admission::Probe(_)), "{admission:?}");
        admission
    }

    #[test]
    fn only_failures_in_a_row_open_it() {
        let mut breaker = Breaker::new(POLICY);
        let now = Instant::now();
        for _ in 0..10 {
            assert_eq!(breaker.failed(now, now, Admission::Granted), None);
            assert_eq!(breaker.failed(now, now, Admission::Granted), None);
            assert_eq!(breaker.succeeded(now), None);
        }
        assert_eq!(breaker.admit(now), Admission::Granted);
    }

    #[test]
    fn one_probe_at_a_time_the_first_at_once() {
        let (mut breaker, now) = opened();
        let first = probe(&mut breaker, now);
        assert_eq!(breaker.admit(now), Admission::Refused);
        assert_eq!(breaker.failed(now, now, first), None);
        assert_eq!(breaker.admit(now), Admission::Refused);
        probe(&mut breaker, now + SECOND);
        assert_eq!(breaker.succeeded(now + SECOND), Some(Change::Closed(SECOND)));
        assert_eq!(breaker.admit(now + SECOND), Admission::Granted);
        assert_eq!(breaker.succeeded(now + SECOND), None, "reported once");
        assert!(!breaker.is_open());
    }

    #[test]
    fn waits_between_probes_double_up_to_a_limit() {
        let (mut breaker, mut now) = opened();
        for expected in [1, 2, 4, 4] {
            let admission = probe(&mut breaker, now);
            breaker.failed(now, now, admission);
            assert_eq!(breaker.admit(now + SECOND * expected - MILLISECOND), Admission::Refused);
            now += SECOND * expected;
        }
    }

    #[test]
    fn a_probe_that_hangs_makes_room_when_its_lease_ends() {
        let (mut breaker, now) = opened();
        let hung = probe(&mut breaker, now);
        assert!(breaker.refuses(now + SECOND - MILLISECOND));
        let next = probe(&mut breaker, now + SECOND);
        assert_ne!(hung, next);
        // Neither end of the hung one touches the lease of the next.
        breaker.abandoned(hung, now + SECOND);
        assert_eq!(breaker.failed(now, now + SECOND, hung), None);
        assert!(breaker.refuses(now + SECOND * 2 - MILLISECOND));
        assert!(!breaker.refuses(now + SECOND * 2));
    }

    #[test]
    fn a_failure_after_the_lease_adds_no_wait_and_a_success_closes() {
        let (mut breaker, now) = opened();
        let hung = probe(&mut breaker, now);
        assert_eq!(breaker.failed(now, now + SECOND, hung), None);
        assert!(!breaker.refuses(now + SECOND));
        let hung = probe(&mut breaker, now + SECOND);
        assert_eq!(breaker.succeeded(now + SECOND * 9), Some(Change::Closed(SECOND * 9)));
        assert_eq!(breaker.failed(now, now + SECOND * 9, hung), None);
    }

    #[test]
    fn a_lease_of_an_earlier_outage_is_not_the_present_one() {
        let (mut breaker, now) = opened();
        let earlier = probe(&mut breaker, now);
        assert!(breaker.succeeded(now).is_some());
        for _ in 0..3 {
            breaker.failed(now, now, Admission::Granted);
        }
        probe(&mut breaker, now);
        breaker.abandoned(earlier, now);
        assert_eq!(breaker.failed(now, now, earlier), None);
        assert!(breaker.refuses(now + SECOND - MILLISECOND));
        assert!(!breaker.refuses(now + SECOND));
    }

    #[test]
    fn late_failures_change_nothing_and_late_successes_close_it() {
        let (mut breaker, now) = opened();
        assert_eq!(breaker.failed(now, now, Admission::Granted), None);
        probe(&mut breaker, now);
        assert!(breaker.succeeded(now).is_some());
    }

    #[test]
    fn what_began_before_it_closed_does_not_open_it_again() {
        let (mut breaker, now) = opened();
        let closed = now + SECOND;
        assert!(breaker.succeeded(closed).is_some());
        for _ in 0..10 {
            assert_eq!(breaker.failed(now, closed + SECOND, Admission::Granted), None);
        }
        for _ in 0..2 {
            assert_eq!(breaker.failed(closed, closed + SECOND, Admission::Granted), None);
        }
        assert_eq!(breaker.failed(closed, closed + SECOND, Admission::Granted), Some(Change::Opened(3)));
    }

    #[test]
    fn an_abandoned_probe_makes_room_for_the_next() {
        let (mut breaker, now) = opened();
        let admission = probe(&mut breaker, now);
        breaker.abandoned(Admission::Granted, now);
        assert!(breaker.refuses(now), "only the probe gives its lease back");
        breaker.abandoned(admission, now);
        probe(&mut breaker, now);
    }

    #[test]
    fn it_can_be_switched_off() {
        let mut breaker = Breaker::new(BreakerPolicy { threshold: 0, ..POLICY });
        let now = Instant::now();
        assert!((0..1_000).all(|_| breaker.failed(now, now, Admission::Granted).is_none()));
        assert_eq!(breaker.admit(now), Admission::Granted);
    }

    /// Requests that end in any way and order, endless hangs included. What is known about leases from outside is
    /// compared with what the circuit does.
    #[test]
    fn a_probe_ends_and_never_more_than_one_lease_runs() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut breaker = Breaker::new(POLICY);
            let mut now = Instant::now();
            let mut under_way: Vec<(Admission, Instant)> = Vec::new();
            // The lease that runs, as an observer sees it, and when the last one ended.
            let mut running: Option<(u64, Instant)> = None;
            let mut freed = now;
            for step in 0..2_000 {
                now += MILLISECOND * random.u32(0..400);
                if running.is_some_and(|(_, until)| until <= now) {
                    freed = running.take().map_or(freed, |(_, until)| until);
                }
                let context = format!("seed {seed}, step {step}");
                if random.bool() || under_way.is_empty() {
                    let refuses = breaker.refuses(now);
                    let admission = breaker.admit(now);
                    assert_eq!(refuses, admission == Admission::Refused, "{context}");
                    assert_eq!(admission == Admission::Granted, !breaker.is_open(), "{context}");
                    match admission {
                        Admission::Probe(lease) => {
                            assert_eq!(running, None, "a second lease: {context}");
                            running = Some((lease, now + POLICY.lease));
                        }
                        Admission::Refused => assert!(
                            running.is_some() || now < freed + POLICY.longest,
                            "refused though no probe runs and the longest wait is over: {context}"
                        ),
                        Admission::Granted => {}
                    }
                    if admission != Admission::Refused {
                        under_way.push((admission, now));
                    }
                    continue;
                }
                let (admission, began) = under_way.swap_remove(random.usize(..under_way.len()));
                let is_running = matches!((admission, running), (Admission::Probe(lease), Some((current, _))) if lease == current);
                match random.u32(0..10) {
                    0..6 => {
                        breaker.failed(began, now, admission);
                    }
                    6..8 => breaker.abandoned(admission, now),
                    8 => {
                        breaker.succeeded(now);
                        assert!(!breaker.is_open(), "{context}");
                        (running, freed) = (None, now);
                        continue;
                    }
                    // It hangs without end.
                    _ => continue,
                }
                if is_running {
                    (running, freed) = (None, now);
                }
            }
        }
    }
}
