//! Staying below the API's rate limit.
//!
//! Contract: a token bucket of `per_second` requests with a burst of `burst`; without a configured rate it is open.
//! A 429 closes it for as long as the server asks (a second when it does not say, half a minute at most), and
//! afterwards only half of the rate seen before is allowed, growing again by a tenth of what is configured (or was
//! seen) every second. The last fifth of the burst is kept for interactive requests.

use std::time::{Duration, Instant};

/// How fast a client may ask.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct RatePolicy {
    /// Requests a second; 0: no limit but what 429s teach.
    pub(crate) per_second: f64,
    /// Requests that may go at once after a quiet time; at least one.
    pub(crate) burst: f64,
}

const UNSAID: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// What background requests must leave.
const RESERVED: f64 = 0.2;
/// Slower than this the bucket never gets, or a client would not notice that the limit is gone.
const SLOWEST: f64 = 1.0;
const STEP: Duration = Duration::from_secs(1);

/// The bucket of one client. Used under the runtime's own lock.
#[derive(Debug)]
pub(crate) struct RateBudget {
    policy: RatePolicy,
    /// Requests a second allowed now; infinite when open.
    rate: f64,
    /// What `rate` grows back to, and by which step.
    goal: f64,
    tokens: f64,
    filled_at: Instant,
    closed_until: Option<Instant>,
    grown_at: Instant,
    /// Requests since `window_at`: the rate that was seen.
    seen: u32,
    window_at: Instant,
    last_rate: f64,
}

impl RateBudget {
    pub(crate) fn new(policy: RatePolicy, now: Instant) -> Self {
        let rate = if policy.per_second > 0.0 { policy.per_second } else { f64::INFINITY };
        let policy = RatePolicy { burst: policy.burst.max(1.0), ..policy };
        Self {
            policy,
            rate,
            goal: rate,
            tokens: policy.burst,
            filled_at: now,
            closed_until: None,
            grown_at: now,
            seen: 0,
            window_at: now,
            last_rate: 0.0,
        }
    }

    /// Whether a request may go now. Does not take anything.
    pub(crate) fn is_ready(&mut self, now: Instant, interactive: bool) -> bool {
        if let Some(until) = self.closed_until {
            if now < until {
                return false;
            }
            self.closed_until = None;
            self.grown_at = now;
            self.filled_at = now;
            self.tokens = 1.0;
        }
        if self.rate.is_infinite() {
            return true;
        }
        self.grow(now);
        self.fill(now);
        let kept = if interactive { 0.0 } else { (self.burst() * RESERVED).floor() };
        self.tokens >= 1.0 + kept
    }

    /// Notes that a request goes.
    pub(crate) fn take(&mut self, now: Instant) {
        self.seen = self.seen.saturating_add(1);
        let window = now.saturating_duration_since(self.window_at);
        if window >= STEP {
            self.last_rate = f64::from(self.seen) / window.as_secs_f64();
            self.seen = 0;
            self.window_at = now;
        }
        if self.rate.is_finite() {
            self.tokens -= 1.0;
        }
    }

    /// The server said 429.
    pub(crate) fn limited(&mut self, retry_after: Option<Duration>, now: Instant) {
        let until = now + retry_after.unwrap_or(UNSAID).min(LONGEST);
        // Many requests under way are refused together: that is one refusal.
        if self.closed_until.is_some_and(|closed| closed > now) {
            self.closed_until = self.closed_until.max(Some(until));
            return;
        }
        let seen = self.last_rate.max(f64::from(self.seen));
        let before = if self.rate.is_finite() { self.rate.min(seen.max(SLOWEST)) } else { seen };
        if self.goal.is_infinite() {
            self.goal = before.max(SLOWEST);
        }
        self.rate = (before / 2.0).max(SLOWEST);
        self.closed_until = Some(until);
    }

    pub(crate) fn accepted(&mut self, _: Instant) {}
    pub(crate) fn wait_for(&mut self, position: usize, now: Instant) -> Duration {
        let pause = self.closed_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        if self.rate.is_infinite() {
            return pause;
        }
        self.fill(now);
        let missing = position as f64 + 1.0 - self.tokens;
        pause + Duration::from_secs_f64((missing / self.rate).max(0.0))
    }

    fn burst(&self) -> f64 {
        if self.policy.per_second > 0.0 { self.policy.burst } else { self.rate.max(1.0) }
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.burst());
        self.filled_at = now;
    }

    fn grow(&mut self, now: Instant) {
        while self.rate < self.goal && now.saturating_duration_since(self.grown_at) >= STEP {
            self.fill(self.grown_at + STEP);
            self.grown_at += STEP;
            self.rate = (self.rate + self.goal / 10.0).min(self.goal);
        }
        if self.rate >= self.goal && self.policy.per_second <= 0.0 {
            // What was learnt is forgotten once it has been reached again without a refusal.
            self.rate = f64::INFINITY;
            self.goal = f64::INFINITY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn passed(budget: &mut RateBudget, now: Instant, wanted: usize, interactive: bool) -> usize {
        (0..wanted)
            .take_while(|_| {
                let ready = budget.is_ready(now, interactive);
                if ready {
                    budget.take(now);
                }
                ready
            })
            .count()
    }

    #[test]
    fn without_a_rate_everything_passes() {
        let now = Instant::now();
        let mut budget = RateBudget::new(RatePolicy::default(), now);
        assert_eq!(passed(&mut budget, now, 10_000, false), 10_000);
    }

    #[test]
    fn a_burst_then_the_rate() {
        let now = Instant::now();
        let mut budget = RateBudget::new(RatePolicy { per_second: 10.0, burst: 5.0 }, now);
        assert_eq!(passed(&mut budget, now, 100, true), 5);
        assert_eq!(passed(&mut budget, now + SECOND / 5, 100, true), 2);
        assert_eq!(passed(&mut budget, now + SECOND * 60, 100, true), 5, "no more than the burst is saved");
    }

    #[test]
    fn the_last_fifth_is_kept_for_players() {
        let now = Instant::now();
        let mut budget = RateBudget::new(RatePolicy { per_second: 1.0, burst: 10.0 }, now);
        assert_eq!(passed(&mut budget, now, 100, false), 8);
        assert_eq!(passed(&mut budget, now, 100, true), 2);
    }

    #[test]
    fn a_429_closes_halves_and_lets_grow_again() {
        let start = Instant::now();
        let mut budget = RateBudget::new(RatePolicy::default(), start);
        for tenth in 0..=20 {
            passed(&mut budget, start + SECOND / 10 * tenth, 4, true);
        }
        let now = start + SECOND * 2;
        budget.limited(Some(SECOND * 2), now);
        budget.limited(None, now);
        assert!(!budget.is_ready(now + SECOND, true));
        let open = now + SECOND * 2;
        assert!(budget.is_ready(open, true));
        let first = passed(&mut budget, open + SECOND, 1_000, true);
        assert!((15..=30).contains(&first), "about half of 40 a second, not {first}");
        let mut later = 0;
        for second in 2..=10 {
            later = passed(&mut budget, open + SECOND * second, 10_000, true);
        }
        assert_eq!(later, 10_000, "in the end what was learnt is forgotten");
    }

    #[test]
    fn absurd_waits_are_capped() {
        let now = Instant::now();
        let mut budget = RateBudget::new(RatePolicy::default(), now);
        budget.limited(Some(SECOND * 86_400), now);
        assert!(!budget.is_ready(now + SECOND * 29, true));
        assert!(budget.is_ready(now + SECOND * 30, true));
    }
}
