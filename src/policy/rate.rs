//! Staying below the API's rate limit, the configured one and the one it shows.
//!
//! Contract:
//! - Configured: in every window of `t` seconds no more than `burst + per_second * t` exchanges may go.
//!   Not configured: everything may go at once, until the first 429.
//! - A 429 closes the budget for as long as the server asks (a second when it does not say, half a minute at most).
//!   While pauses are followed by another 429 and nothing else, they double. All 429s up to the first accepted
//!   exchange are one event: what was under way is refused together.
//! - What the server accepted before an event tells its limit. Afterwards the client settles near that: it starts
//!   at 0.85 of it, returns to just below it, stays there for long, and only then probes, slowly at first. It does not
//!   swing between a burst and a pause. Bursts are small while a limit is known.
//! - A limit is forgotten after a quarter of an hour without a 429.
//! - The last fifth of the burst is kept for interactive requests.
//!
//! How the limit is estimated. The rate accepted in the second before the 429 is an upper bound: a server with a burst,
//! or with a window of a minute, accepts more than its limit for a moment. What was accepted from one event to the next,
//! pauses included, is a lower bound: close to the limit when the budget was the bottleneck all the time, and below it
//! when the server gives nothing for time that was not used. As a rule the first decides. When pauses were a large part
//! of the time and the bounds are far apart, the second does.

use std::time::{Duration, Instant};

/// How fast a client may ask.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct RatePolicy {
    /// Exchanges a second; 0: no limit but what 429s teach.
    pub(crate) per_second: f64,
    /// Exchanges that may go at once after a quiet time; at least one.
    pub(crate) burst: f64,
}

/// The pause after a 429 that does not say how long.
const UNSAID: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// What background requests must leave.
const RESERVED: f64 = 0.2;
/// Slower than one in the longest pause makes no sense: trying is what pauses are for.
const SLOWEST: f64 = 1.0 / 30.0;
/// Assumed of a limit of which nothing but a refusal was seen.
const UNKNOWN: f64 = 1.0;
/// Where the rate starts after an event, as a share of the estimate.
const DECREASE: f64 = 0.85;
/// Where it returns to, as a share of the rate that was refused.
const MARGIN: f64 = 0.95;
/// Below this share of the rate that was refused, what was accepted over all shows another limit than the last second:
/// a burst, or a long window.
const CONSISTENT: f64 = 0.8;
/// What was accepted in total counts when the budget was open for at most this many pauses.
const SHORT: u32 = 10;
/// Of a slower rate too few are counted in a second.
const FEW: f64 = 10.0;
/// The burst while a limit is known, in seconds of the rate.
const LEARNT_BURST: f64 = 0.1;
/// Returning takes this many pauses.
const RETURN: u32 = 8;
/// Probing reaches [`PROBE_STEP`] after so long, or after so many pauses or exchanges, whichever takes longest.
const PROBE: Duration = Duration::from_secs(30);
const PROBE_PAUSES: u32 = 4;
const PROBE_EXCHANGES: f64 = 60.0;
const PROBE_STEP: f64 = 0.05;
/// A limit is forgotten after so long without a 429.
const FORGOTTEN: Duration = Duration::from_secs(900);

/// The exchanges of one unknown player: looking up, creating, and looking up again when another server was first.
const FLOW: f64 = 3.0;

/// No server of a network is held to less of the rate.
const SMALLEST_SHARE: f64 = 0.0001;

/// No wait is predicted to be longer.
const FARTHEST: Duration = Duration::from_secs(86_400);
/// A longer pause is a ban, not the rest of a window: it says nothing about the rate.
const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// What goes through one limit.
#[derive(Debug)]
struct Bucket {
    /// Exchanges a second since `filled_at`.
    rate: f64,
    burst: f64,
    tokens: f64,
    filled_at: Instant,
}

impl Bucket {
    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.burst);
        self.filled_at = self.filled_at.max(now);
    }

    /// What an exchange needs, with this many others before it. A background one leaves the last fifth of the burst.
    fn needed(&self, position: usize, interactive: bool) -> f64 {
        1.0 + position as f64 + if interactive { 0.0 } else { (self.burst * RESERVED).floor() }
    }

    /// When there is so much.
    fn holds_at(&self, needed: f64) -> Instant {
        if self.tokens >= needed {
            return self.filled_at;
        }
        let wait = Duration::try_from_secs_f64((needed - self.tokens) / self.rate).unwrap_or(Duration::MAX);
        // Rounded up: at that very moment there must be enough.
        self.filled_at + wait.min(FARTHEST) + Duration::from_micros(1)
    }
}

/// The budget of one client.
#[derive(Debug)]
pub(crate) struct RateBudget {
    policy: RatePolicy,
    configured: Option<Bucket>,
    learnt: Option<Learnt>,
    /// The end of a pause. In the past when nothing happened since.
    closed_until: Option<Instant>,
    window: Window,
}

/// What 429s taught.
#[derive(Debug)]
struct Learnt {
    bucket: Bucket,
    /// The rate right after the last event, and the one it returns to.
    start: f64,
    level: f64,
    /// When the last 429 came.
    limited_at: Instant,
    /// When the last pause began, and when it ended.
    paused_at: Instant,
    reopened_at: Instant,
    /// All of the pause of the last event, in however many parts.
    pause: Duration,
    /// The next pause while nothing is accepted.
    patience: Duration,
    /// Whether an exchange was accepted since the last pause ended.
    has_accepted: bool,
    /// Exchanges accepted since the last event.
    accepted: f64,
    /// Whether exchanges had to wait lately: only then the rate was put to the test.
    is_pressed: bool,
    /// For how long the budget was open since the last event, and how much of that pressed.
    open: Duration,
    pressed: Duration,
    /// For how long it was pressed since the level was reached again.
    probed: Duration,
}

impl Learnt {
    /// The rate now: a fast, then flattening return to the level, and from there a slow, then steepening probe.
    fn rate(&self, now: Instant) -> f64 {
        let returning = self.return_time().as_secs_f64();
        let passed = now.saturating_duration_since(self.reopened_at).as_secs_f64() / returning;
        if passed < 1.0 {
            return self.level - (self.level - self.start) * (1.0 - passed).powi(3);
        }
        let probed = self.probed.as_secs_f64() / self.probe_time();
        self.level * (1.0 + PROBE_STEP * probed.powi(3))
    }

    fn return_time(&self) -> Duration {
        self.pause.min(LONGEST) * RETURN
    }

    fn probe_time(&self) -> f64 {
        let pauses = (self.pause.min(LONGEST) * PROBE_PAUSES).as_secs_f64();
        PROBE.as_secs_f64().max(pauses).max(PROBE_EXCHANGES / self.level)
    }

    /// Ends the pause.
    fn reopen(&mut self, until: Instant) {
        self.reopened_at = until;
        self.pause += until.saturating_duration_since(self.paused_at);
        self.has_accepted = false;
        // One may go at once, to see whether the pause was long enough.
        self.bucket.tokens = 1.0;
        self.bucket.filled_at = until;
        self.bucket.rate = self.rate(until);
    }

    /// Accounts for the time since the bucket was filled last, in which the budget was open.
    fn pass(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.bucket.filled_at);
        self.open += passed;
        if self.is_pressed {
            self.pressed += passed;
            if now.saturating_duration_since(self.reopened_at) > self.return_time() {
                self.probed += passed;
            }
        }
        self.bucket.fill(now);
        self.is_pressed &= self.bucket.tokens < self.bucket.burst;
        self.bucket.rate = self.rate(now);
    }

    /// The rate accepted since the last event, all pauses counted, and all but a second of them. `None` when the
    /// budget was not the bottleneck, or the pauses were a small part: then it says nothing new about the server, but
    /// lags behind a rate that grew.
    fn accepted_rate(&self) -> Option<(f64, f64)> {
        let pause = self.pause.min(LONGEST_WINDOW);
        let elapsed = (self.open + pause).as_secs_f64();
        // A pause that had to be doubled ended somewhere in the middle of its last part, as far as can be known.
        let wasted = UNSAID.max(self.patience / 2).min(pause);
        let credited = elapsed - wasted.as_secs_f64();
        let is_bottleneck = self.pressed * 2 >= self.open;
        let is_short = self.open <= pause * SHORT;
        (is_bottleneck && is_short && credited > 0.0)
            .then(|| (self.accepted / elapsed, self.accepted / credited))
    }
}

/// Counts what was accepted in the last second, in eighths of it.
#[derive(Debug)]
struct Window {
    counts: [u32; Self::PARTS as usize],
    start: Instant,
    /// The part counted last, since `start`.
    part: u128,
}

impl Window {
    const PARTS: u128 = 8;
    const PART: Duration = Duration::from_millis(125);

    fn new(now: Instant) -> Self {
        Self { counts: [0; Self::PARTS as usize], start: now, part: 0 }
    }

    fn advance(&mut self, now: Instant) -> &mut u32 {
        let part = now.saturating_duration_since(self.start).as_nanos() / Self::PART.as_nanos();
        let passed = part.saturating_sub(self.part).min(Self::PARTS);
        for later in 1..=passed {
            self.counts[((self.part + later) % Self::PARTS) as usize] = 0;
        }
        self.part = self.part.max(part);
        if passed == Self::PARTS {
            self.counts.fill(0);
        }
        &mut self.counts[(self.part % Self::PARTS) as usize]
    }

    /// Over the time since the first of those counted: for what began less than a second ago.
    fn per_second_while_busy(&mut self, now: Instant) -> f64 {
        self.advance(now);
        let oldest = self.part.saturating_sub(Self::PARTS - 1);
        let first = (oldest..self.part).find(|part| self.counts[(part % Self::PARTS) as usize] > 0);
        let total: f64 = self.counts.iter().copied().map(f64::from).sum();
        total / self.since(first.unwrap_or(self.part), now)
    }

    /// Seconds since `part` began; a part at least.
    fn since(&self, part: u128, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.start).as_secs_f64();
        (passed - part as f64 * Self::PART.as_secs_f64()).max(Self::PART.as_secs_f64())
    }

    /// Over the whole second.
    fn per_second(&mut self, now: Instant) -> f64 {
        self.advance(now);
        let total: f64 = self.counts.iter().copied().map(f64::from).sum();
        total / self.since(self.part.saturating_sub(Self::PARTS - 1), now)
    }
}

impl RateBudget {
    /// A budget with its whole burst.
    pub(crate) fn new(policy: RatePolicy, now: Instant) -> Self {
        let burst = policy.burst.max(1.0);
        let bucket = Bucket { rate: policy.per_second, burst, tokens: burst, filled_at: now };
        Self {
            policy,
            configured: (policy.per_second > 0.0).then_some(bucket),
            learnt: None,
            closed_until: None,
            window: Window::new(now),
        }
    }

    /// Holds to a share of the configured rate. What that brings in a second may go at once, for the exchanges of one
    /// player, but at most [`FLOW`]. With `first`, from 0 to 1, only a part is left to begin with: of such a second the half or
    /// more, otherwise so much of one exchange.
    pub(crate) fn share(&mut self, share: f64, first: Option<f64>, now: Instant) {
        self.advance(now);
        if let Some(bucket) = &mut self.configured {
            let share = if share.is_finite() { share.clamp(SMALLEST_SHARE, 1.0) } else { 1.0 };
            bucket.rate = self.policy.per_second * share;
            let flow = bucket.rate.min(FLOW).min(self.policy.burst);
            bucket.burst = (self.policy.burst * share).max(flow).max(1.0);
            let most = first.map_or(bucket.burst, |first| {
                if flow > 1.0 { bucket.burst * f64::midpoint(first, 1.0) } else { first }
            });
            bucket.tokens = bucket.tokens.min(most).min(bucket.burst);
        }
    }

    /// What may go in a second at present: nothing in a pause. `None` where no limit is known.
    pub(crate) fn limit(&self, now: Instant) -> Option<f64> {
        if self.is_closed(now) {
            return Some(0.0);
        }
        let known = self.learnt.iter().map(|learnt| &learnt.bucket).chain(&self.configured);
        known.map(|bucket| bucket.rate).min_by(f64::total_cmp)
    }

    /// Whether an exchange may go now. Takes nothing. A background one leaves the last fifth of the burst.
    pub(crate) fn is_ready(&mut self, now: Instant, interactive: bool) -> bool {
        self.advance(now);
        if self.is_closed(now) {
            return false;
        }
        if let Some(learnt) = &mut self.learnt
            && learnt.bucket.tokens < learnt.bucket.needed(0, interactive)
        {
            learnt.is_pressed = true;
            return false;
        }
        self.configured.as_ref().is_none_or(|bucket| bucket.tokens >= bucket.needed(0, interactive))
    }

    /// Notes that one exchange goes, ready or not. Every exchange takes: later steps of a flow and repeats too.
    pub(crate) fn take(&mut self, now: Instant) {
        self.advance(now);
        for bucket in self.buckets_mut() {
            bucket.tokens -= 1.0;
        }
    }

    /// The server answered with something other than 429.
    pub(crate) fn accepted(&mut self, now: Instant) {
        self.advance(now);
        *self.window.advance(now) += 1;
        let is_open = !self.is_closed(now);
        if let Some(learnt) = &mut self.learnt {
            learnt.accepted += 1.0;
            learnt.has_accepted |= is_open;
        }
    }

    /// The server answered 429, and said for how long to pause or did not.
    pub(crate) fn limited(&mut self, retry_after: Option<Duration>, now: Instant) {
        self.advance(now);
        let asked = retry_after.unwrap_or(UNSAID).min(LONGEST);
        if let (Some(closed), Some(learnt)) = (self.closed_until, &mut self.learnt) {
            // Sent before the pause: the same event.
            learnt.limited_at = now;
            self.closed_until = Some(closed.max(now + asked));
            return;
        }
        let learnt = match self.learnt.take() {
            Some(learnt) if !learnt.has_accepted => {
                // The pause was too short. That tells nothing new about the rate.
                let patience = (learnt.patience * 2).min(LONGEST);
                Learnt { limited_at: now, paused_at: now, patience, is_pressed: true, ..learnt }
            }
            before => self.learn(before.as_ref(), now),
        };
        self.closed_until = Some(now + asked.max(learnt.patience));
        self.learnt = Some(learnt);
    }

    fn learn(&mut self, before: Option<&Learnt>, now: Instant) -> Learnt {
        let learnt = before.map(|learnt| &learnt.bucket);
        let rate = learnt.into_iter().chain(&self.configured).map(|bucket| bucket.rate).reduce(f64::min);
        let refused = match rate {
            None => self.window.per_second_while_busy(now),
            Some(rate) if rate < FEW => rate,
            Some(rate) => self.window.per_second(now).min(rate),
        };
        // Refused before anything was accepted: another client may have used the limit up, and how high it is stays open.
        let refused = if refused > 0.0 { refused.max(SLOWEST) } else { rate.unwrap_or(UNKNOWN) };
        let (start, level) = match before.and_then(Learnt::accepted_rate) {
            Some((lower, upper)) if upper < refused * CONSISTENT => (lower, upper),
            _ => (refused, refused * MARGIN),
        };
        let level = level.max(SLOWEST);
        let start = (start * DECREASE).clamp(SLOWEST, level);
        Learnt {
            bucket: Bucket {
                rate: start,
                burst: (level * LEARNT_BURST).max(1.0),
                tokens: 0.0,
                filled_at: now,
            },
            start,
            level,
            limited_at: now,
            paused_at: now,
            reopened_at: now,
            pause: Duration::ZERO,
            patience: UNSAID,
            has_accepted: false,
            accepted: 0.0,
            is_pressed: true,
            open: Duration::ZERO,
            pressed: Duration::ZERO,
            probed: Duration::ZERO,
        }
    }

    /// How long until an exchange with `position` others before it may go, at the present rate and with what is left
    /// of a pause. Zero when nothing limits it. For background exchanges that is a lower bound.
    pub(crate) fn wait_for(&mut self, position: usize, now: Instant) -> Duration {
        self.advance(now);
        self.ready_at(position, true).map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    /// When [`Self::is_ready`] will turn true, or at the latest: a rate that grows may allow it earlier. `None` when
    /// it is true now.
    #[cfg(test)]
    pub(crate) fn next_ready(&self, now: Instant, interactive: bool) -> Option<Instant> {
        self.ready_at(0, interactive).filter(|at| now < *at)
    }

    /// The moment from which nothing keeps an exchange back, if nothing else goes but what is before it.
    fn ready_at(&self, position: usize, interactive: bool) -> Option<Instant> {
        let configured =
            self.configured.as_ref().map(|bucket| bucket.holds_at(bucket.needed(position, interactive)));
        let learnt = self.learnt.as_ref().map(|learnt| {
            let bucket = &learnt.bucket;
            let needed = bucket.needed(position, interactive);
            match self.closed_until {
                // As it will be when the pause ends.
                Some(until) => {
                    Bucket { rate: learnt.start, tokens: 1.0, filled_at: until, ..*bucket }.holds_at(needed)
                }
                None => bucket.holds_at(needed),
            }
        });
        configured.max(learnt)
    }

    fn is_closed(&self, now: Instant) -> bool {
        self.closed_until.is_some_and(|until| now < until)
    }

    fn buckets_mut(&mut self) -> impl Iterator<Item = &mut Bucket> {
        self.learnt.as_mut().map(|learnt| &mut learnt.bucket).into_iter().chain(&mut self.configured)
    }

    /// Brings everything to `now`: ends a pause that is over, forgets a limit that is old.
    fn advance(&mut self, now: Instant) {
        if let Some(bucket) = &mut self.configured {
            bucket.fill(now);
        }
        let ended = self.closed_until.take_if(|until| *until <= now);
        let Some(learnt) = &mut self.learnt else {
            return;
        };
        if let Some(until) = ended {
            learnt.reopen(until);
        }
        if self.closed_until.is_none() {
            learnt.pass(now);
            if now.saturating_duration_since(learnt.limited_at) >= FORGOTTEN {
                self.learnt = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;
    use std::collections::{BinaryHeap, VecDeque};

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

    /// How a server counts.
    #[derive(Debug, Clone)]
    enum Model {
        Bucket { burst: f64, tokens: f64, at: f64 },
        Fixed { length: f64, window: f64, count: f64 },
        Sliding { length: f64, sent: VecDeque<f64> },
    }

    impl Model {
        fn bucket(burst: f64) -> Self {
            Self::Bucket { burst, tokens: burst, at: 0.0 }
        }

        fn fixed(length: f64) -> Self {
            Self::Fixed { length, window: 0.0, count: 0.0 }
        }

        fn sliding(length: f64) -> Self {
            Self::Sliding { length, sent: VecDeque::new() }
        }

        /// Whether a request that arrives `at` is accepted; if not, when the next would be.
        fn ask(&mut self, limit: f64, at: f64) -> Result<(), f64> {
            match self {
                Self::Bucket { burst, tokens, at: before } => {
                    *tokens = (*tokens + (at - *before) * limit).min(*burst);
                    *before = at;
                    if *tokens < 1.0 {
                        return Err((1.0 - *tokens) / limit);
                    }
                    *tokens -= 1.0;
                }
                Self::Fixed { length, window, count } => {
                    // Not in step with the client's clock.
                    let current = ((at + 0.37) / *length).floor();
                    if current > *window {
                        (*window, *count) = (current, 0.0);
                    }
                    if *count >= limit * *length {
                        return Err((*window + 1.0) * *length - at - 0.37);
                    }
                    *count += 1.0;
                }
                Self::Sliding { length, sent } => {
                    while sent.front().is_some_and(|first| *first <= at - *length) {
                        sent.pop_front();
                    }
                    if sent.len() as f64 >= limit * *length {
                        return Err(sent[0] + *length - at);
                    }
                    sent.push_back(at);
                }
            }
            Ok(())
        }
    }

    #[derive(Debug, Clone, Copy)]
    struct Run {
        /// What the server accepts a second, and something else from a second on.
        limit: f64,
        changed: Option<(u32, f64)>,
        /// What all clients ask for, as a multiple of the limit.
        demand: f64,
        /// Requests come every so many milliseconds: a host with 20 ticks a second makes them in bursts.
        tick: u32,
        /// Clients that share the limit.
        clients: usize,
        /// Whether a 429 comes with Retry-After.
        says_when: bool,
        seconds: u32,
        seed: u64,
    }

    const RUN: Run = Run {
        limit: 50.0,
        changed: None,
        demand: 3.0,
        tick: 1,
        clients: 1,
        says_when: true,
        seconds: 300,
        seed: 0,
    };

    #[derive(Debug, Default, Clone, Copy)]
    struct Counts {
        sent: u32,
        accepted: u32,
        refused: u32,
        delayed: u32,
    }

    impl Counts {
        fn of(seconds: &[Self]) -> Self {
            seconds.iter().fold(Self::default(), |sum, second| Self {
                sent: sum.sent + second.sent,
                accepted: sum.accepted + second.accepted,
                refused: sum.refused + second.refused,
                delayed: sum.delayed + second.delayed,
            })
        }

        fn refused_share(self) -> f64 {
            f64::from(self.refused) / f64::from(self.sent)
        }
    }

    struct Client {
        budget: RateBudget,
        due: f64,
        queue: VecDeque<u32>,
    }

    /// Lets clients and a server run against each other, a millisecond a step: 20 ms there, 20 ms back, each give or
    /// take 3 ms. Says what happened in each second.
    fn simulate(run: &Run, mut model: Model) -> Vec<Counts> {
        let mut random = fastrand::Rng::with_seed(run.seed);
        let start = Instant::now();
        let new = || Client {
            budget: RateBudget::new(RatePolicy::default(), start),
            due: 0.0,
            queue: VecDeque::new(),
        };
        let mut clients: Vec<Client> = (0..run.clients).map(|_| new()).collect();
        let mut seconds = vec![Counts::default(); run.seconds as usize];
        let mut to_server: BinaryHeap<Reverse<(u32, usize)>> = BinaryHeap::new();
        let mut to_client: BinaryHeap<Reverse<(u32, usize, Option<u32>)>> = BinaryHeap::new();
        for millisecond in 0..run.seconds * 1_000 {
            let now = start + Duration::from_millis(millisecond.into());
            let second = millisecond / 1_000;
            let limit = run.changed.filter(|(from, _)| *from <= second).map_or(run.limit, |(_, limit)| limit);
            let counts = &mut seconds[second as usize];
            while to_server.peek().is_some_and(|Reverse((at, _))| *at <= millisecond) {
                let Reverse((_, client)) = to_server.pop().unwrap();
                let wait = model.ask(limit, f64::from(millisecond) / 1_000.0).err();
                // Whole seconds, rounded up; 0 stands for no header.
                let wait = wait.map(|wait| if run.says_when { wait.ceil() as u32 } else { 0 });
                to_client.push(Reverse((millisecond + random.u32(17..=23), client, wait)));
            }
            while to_client.peek().is_some_and(|Reverse((at, ..))| *at <= millisecond) {
                let Reverse((_, client, wait)) = to_client.pop().unwrap();
                let budget = &mut clients[client].budget;
                if let Some(wait) = wait {
                    budget.limited((wait > 0).then(|| SECOND * wait), now);
                    counts.refused += 1;
                } else {
                    budget.accepted(now);
                    counts.accepted += 1;
                }
            }
            for (index, client) in clients.iter_mut().enumerate() {
                client.due += limit * run.demand / run.clients as f64 / 1_000.0 * (0.5 + random.f64());
                if millisecond % run.tick == 0 {
                    let asked = client.due as usize;
                    client.due -= asked as f64;
                    client.queue.extend(std::iter::repeat_n(millisecond, asked));
                }
                // What waited until its deadline is gone.
                while client.queue.front().is_some_and(|since| millisecond - since > 10_000) {
                    client.queue.pop_front();
                }
                while !client.queue.is_empty() && client.budget.is_ready(now, true) {
                    client.budget.take(now);
                    let since = client.queue.pop_front();
                    counts.delayed += u32::from(since != Some(millisecond));
                    counts.sent += 1;
                    to_server.push(Reverse((millisecond + random.u32(17..=23), index)));
                }
            }
        }
        seconds
    }

    /// Asserts that from a second on at least such a share of the limit is accepted and no more than 3 % of what is
    /// sent is refused.
    fn assert_settles(run: &Run, model: &Model, from: usize, least: f64) {
        let counts = Counts::of(&simulate(run, model.clone())[from..]);
        let limit = run.changed.map_or(run.limit, |(_, limit)| limit);
        let share = f64::from(counts.accepted) / (limit * f64::from(run.seconds - from as u32));
        let refused = counts.refused_share();
        assert!(share >= least, "accepted {share:.3} of the limit: {model:?}, {run:?}");
        assert!(refused <= 0.03, "refused {refused:.4} of what was sent: {model:?}, {run:?}");
    }

    fn limits_a_second() -> [(f64, Model); 7] {
        [
            (50.0, Model::bucket(50.0)),
            (50.0, Model::bucket(500.0)),
            (200.0, Model::bucket(20.0)),
            (50.0, Model::fixed(1.0)),
            (10.0, Model::fixed(1.0)),
            (50.0, Model::sliding(1.0)),
            (10.0, Model::sliding(1.0)),
        ]
    }

    #[test]
    fn the_limit_is_the_lowest_that_is_known() {
        let start = Instant::now();
        let free = RateBudget::new(RatePolicy::default(), start);
        assert_eq!(free.limit(start), None);
        let mut budget = RateBudget::new(RatePolicy { per_second: 50.0, burst: 1.0 }, start);
        assert_eq!(budget.limit(start), Some(50.0));
        budget.accepted(start);
        budget.limited(Some(SECOND), start);
        assert_eq!(budget.limit(start), Some(0.0), "a pause");
        let learnt = budget.limit(start + 2 * SECOND).unwrap();
        assert!(0.0 < learnt && learnt < 50.0, "{learnt}");
    }

    #[test]
    fn a_refusal_before_anything_was_accepted_does_not_stop_a_client() {
        let start = Instant::now();
        let mut budget = RateBudget::new(RatePolicy::default(), start);
        budget.take(start);
        budget.limited(None, start);
        let mut sent = 0;
        for tenth in 0..100 {
            let now = start + Duration::from_millis(100) * tenth;
            if budget.is_ready(now, true) {
                budget.take(now);
                budget.accepted(now);
                sent += 1;
            }
        }
        assert!(sent >= 6, "{sent} in ten seconds, though the limit is gone");
    }

    #[test]
    fn below_the_limit_nothing_is_delayed() {
        for (limit, model) in limits_a_second() {
            for tick in [1, 50] {
                let run = Run { limit, demand: 0.8, tick, ..RUN };
                let counts = Counts::of(&simulate(&run, model.clone()));
                assert_eq!((counts.refused, counts.delayed), (0, 0), "{model:?}, {run:?}");
            }
        }
    }

    #[test]
    fn it_settles_near_a_limit_a_second() {
        for (limit, model) in limits_a_second() {
            for (demand, tick) in [(1.5, 1), (3.0, 1), (3.0, 50)] {
                assert_settles(&Run { limit, demand, tick, ..RUN }, &model, 60, 0.85);
            }
        }
    }

    /// What was accepted in a moment is not a second's worth.
    #[test]
    fn a_limit_met_right_after_a_quiet_time_is_not_taken_for_a_slow_one() {
        let start = Instant::now();
        let mut budget = RateBudget::new(RatePolicy::default(), start);
        let now = start + SECOND * 60;
        (0..75).for_each(|_| budget.accepted(now));
        budget.limited(None, now + SECOND / 20);
        let rate = budget.learnt.as_ref().unwrap().start;
        assert!((400.0..600.0).contains(&rate), "{rate} a second");
    }

    /// In the first minutes the whole window is used up at once; what is asked for is the long run.
    #[test]
    fn it_settles_near_a_limit_a_minute() {
        for (model, says_when, least) in [
            (Model::fixed(60.0), true, 0.9),
            (Model::sliding(60.0), true, 0.9),
            (Model::fixed(60.0), false, 0.9),
            (Model::sliding(60.0), false, 0.85),
        ] {
            for demand in [1.5, 3.0] {
                let run = Run { limit: 1.0, demand, says_when, seconds: 1_200, ..RUN };
                assert_settles(&run, &model, 180, least);
            }
        }
    }

    #[test]
    fn it_follows_a_limit_that_changes() {
        for model in [Model::bucket(50.0), Model::fixed(1.0), Model::sliding(1.0)] {
            for (changed, settled) in [(20.0, 30), (100.0, 150)] {
                let run = Run { changed: Some((120, changed)), seconds: 420, ..RUN };
                assert_settles(&run, &model, 120 + settled, 0.85);
            }
        }
    }

    #[test]
    fn clients_that_share_a_limit_settle_too() {
        for model in [Model::bucket(50.0), Model::fixed(1.0), Model::sliding(1.0)] {
            for clients in [2, 5, 20] {
                assert_settles(&Run { clients, ..RUN }, &model, 60, 0.85);
            }
        }
    }

    #[test]
    fn a_server_alone_sends_the_exchanges_of_one_player_at_once_when_its_share_brings_them_in_a_second() {
        let start = Instant::now();
        for (per_second, burst, share, at_once) in
            [(54, 6, 0.05, 2), (54, 6, 0.1, 3), (54, 2, 0.1, 2), (54, 6, 0.01, 1), (54, 54, 0.5, 27)]
        {
            let policy = RatePolicy { per_second: f64::from(per_second), burst: f64::from(burst) };
            let mut budget = RateBudget::new(policy, start);
            budget.share(share, Some(0.0), start);
            assert_eq!(budget.is_ready(start, true), at_once > 1, "{share} of {policy:?}");
            let mut count = 0;
            while budget.is_ready(start + Duration::from_secs(60), true) {
                budget.take(start + Duration::from_secs(60));
                count += 1;
            }
            assert_eq!(count, at_once, "{share} of {policy:?}");
        }
    }

    #[test]
    fn without_a_rate_everything_passes() {
        let now = Instant::now();
        let mut budget = RateBudget::new(RatePolicy::default(), now);
        assert_eq!(passed(&mut budget, now, 10_000, false), 10_000);
        assert_eq!(budget.next_ready(now, false), None);
        assert_eq!(budget.wait_for(1_000_000, now), Duration::ZERO);
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
    fn a_place_in_the_queue_is_a_time() {
        let now = Instant::now();
        let mut budget = RateBudget::new(RatePolicy { per_second: 10.0, burst: 5.0 }, now);
        let mut wait = |position| budget.wait_for(position, now).as_millis();
        assert_eq!([wait(0), wait(4), wait(5), wait(14)], [0, 0, 100, 1_000]);
        budget.limited(Some(SECOND * 2), now);
        let (first, second) = (budget.wait_for(0, now), budget.wait_for(1, now));
        assert_eq!(first, SECOND * 2);
        assert!(second > first);
        assert!(budget.wait_for(usize::MAX, now) > SECOND * 3_600, "no overflow");
    }

    /// A client that sent 40 a second for 2 s, and then got a 429.
    fn taught(start: Instant) -> (RateBudget, Instant) {
        let mut budget = RateBudget::new(RatePolicy::default(), start);
        for tick in 0..80 {
            let now = start + SECOND / 40 * tick;
            assert_eq!(passed(&mut budget, now, 1, true), 1);
            budget.accepted(now);
        }
        (budget, start + SECOND * 2)
    }

    #[test]
    fn refusals_up_to_the_first_success_are_one_event() {
        let (mut budget, mut now) = taught(Instant::now());
        let start = |budget: &RateBudget| budget.learnt.as_ref().unwrap().start;
        (0..20).for_each(|_| budget.limited(None, now));
        let first = start(&budget);
        assert!((30.0..38.0).contains(&first), "0.85 of 40, not {first}");
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            assert!(!budget.is_ready(now + SECOND * pause - SECOND / 1_000, true), "{pause} s");
            now += SECOND * pause;
            assert_eq!(
                passed(&mut budget, now, 100, true),
                1,
                "one, to see whether the pause was long enough"
            );
            budget.limited(None, now);
            assert_eq!(start(&budget), first, "nothing was accepted: nothing new is known");
        }
        now += SECOND * 30;
        assert_eq!(passed(&mut budget, now, 1, true), 1);
        budget.accepted(now);
        budget.limited(None, now);
        assert!(budget.is_ready(now + SECOND, true), "the pauses begin again");
    }

    #[test]
    fn what_the_server_asks_for_is_the_least() {
        let (mut budget, now) = taught(Instant::now());
        budget.limited(Some(SECOND * 5), now);
        budget.limited(Some(SECOND * 2), now);
        assert!(!budget.is_ready(now + SECOND * 5 - SECOND / 1_000, true));
        assert!(budget.is_ready(now + SECOND * 5, true));
        budget.limited(Some(SECOND), now + SECOND * 5);
        assert!(!budget.is_ready(now + SECOND * 7 - SECOND / 1_000, true), "a second was too short");
    }

    #[test]
    fn absurd_waits_are_capped() {
        let now = Instant::now();
        let mut budget = RateBudget::new(RatePolicy::default(), now);
        budget.limited(Some(SECOND * 86_400), now);
        assert!(!budget.is_ready(now + SECOND * 29, true));
        assert!(budget.is_ready(now + SECOND * 30, true));
    }

    #[test]
    fn a_limit_is_forgotten_late() {
        let (mut budget, now) = taught(Instant::now());
        budget.limited(None, now);
        let quiet = passed(&mut budget, now + SECOND * 899, 10_000, true);
        assert!(quiet <= 5, "{quiet} at once, though the limit is known");
        assert_eq!(passed(&mut budget, now + SECOND * 900, 10_000, true), 10_000);
    }

    #[test]
    fn only_a_rate_that_is_used_grows() {
        let (mut budget, mut now) = taught(Instant::now());
        budget.limited(None, now);
        let level = budget.learnt.as_ref().unwrap().level;
        let mut ask = |seconds: u32, every: u32| {
            for _ in 0..seconds * 1_000 / every {
                now += SECOND / 1_000 * every;
                if passed(&mut budget, now, 1, true) == 1 {
                    budget.accepted(now);
                }
            }
            budget.learnt.as_ref().unwrap().bucket.rate
        };
        let unused = ask(300, 50);
        assert!(
            (level..level * 1.01).contains(&unused),
            "20 a second, below {level}, prove nothing: {unused}"
        );
        let used = ask(90, 1);
        assert!(used > level * 2.0, "{used}, from {level}");
    }

    #[test]
    fn a_long_ban_does_not_pass_for_a_slow_limit() {
        let (mut budget, mut now) = taught(Instant::now());
        for _ in 0..120 {
            budget.limited(Some(SECOND * 30), now);
            now += SECOND * 30;
            assert_eq!(passed(&mut budget, now, 1, true), 1);
        }
        for _ in 0..40_000 {
            now += SECOND / 1_000;
            if budget.is_ready(now, true) {
                budget.take(now);
                budget.accepted(now);
            }
        }
        budget.limited(None, now);
        let level = budget.learnt.as_ref().unwrap().level;
        assert!(level > 10.0, "{level} a second");
    }

    /// Whatever happens: `next_ready` keeps its word, and a configured rate holds in every window.
    #[test]
    fn the_configured_rate_holds_and_the_next_moment_is_right() {
        for seed in 0..60 {
            let mut random = fastrand::Rng::with_seed(seed);
            let is_limited = seed % 3 != 0;
            let per_second = if is_limited { 0.5 + random.f64() * 50.0 } else { 0.0 };
            let policy = RatePolicy { per_second, burst: 1.0 + f64::from(random.u32(0..20)) };
            let start = Instant::now();
            let mut now = start;
            let mut budget = RateBudget::new(policy, now);
            let mut sent: Vec<f64> = Vec::new();
            while sent.len() < 400 {
                let context = format!("seed {seed}, {policy:?}, {budget:?}");
                let interactive = random.bool();
                let next = budget.next_ready(now, interactive);
                if budget.is_ready(now, interactive) {
                    assert_eq!(budget.next_ready(now, interactive), None, "{context}");
                    budget.take(now);
                    sent.push(now.saturating_duration_since(start).as_secs_f64());
                } else {
                    let next = next.expect(&context);
                    assert!(next > now, "{context}");
                    if budget.learnt.is_none() {
                        let before = next - (next - now) / 100 - Duration::from_micros(2);
                        assert!(before < now || !budget.is_ready(before, interactive), "{context}");
                    }
                    assert!(budget.is_ready(next, interactive), "{context}");
                    now = next;
                }
                match random.u32(0..60) {
                    0 => budget.limited(random.bool().then(|| SECOND * random.u32(1..40)), now),
                    1..30 => budget.accepted(now),
                    30 => now += SECOND * random.u32(0..60),
                    31..40 => now += Duration::from_millis(random.u64(0..200)),
                    _ => {}
                }
            }
            for (first, from) in sent.iter().enumerate().filter(|_| is_limited) {
                for (more, to) in sent[first..].iter().enumerate() {
                    let most = policy.burst + per_second * (to - from) + 1e-6;
                    assert!((more + 1) as f64 <= most, "seed {seed}, {policy:?}: {more} since {from}");
                }
            }
        }
    }
}
