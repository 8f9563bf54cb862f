//! When a connection is opened before a request needs it.
//!
//! Contract: as long as the host collects, and until an hour after its last request, so many connections are to be open as
//! are wanted. What is missing is opened one after the other. In ten seconds no more are opened than are wanted, so a
//! server that closes them early costs it and us little; after a failure the next is tried later and later, up to two
//! minutes apart. Nothing here says anything about the API: a request finds out for itself.

use std::time::{Duration, Instant};

/// How long after the last request connections are held ready.
const HELD_READY: Duration = Duration::from_secs(60 * 60);
/// How long a host may not collect until it is taken to be gone.
const GONE: Duration = Duration::from_secs(60);
/// In this time no more are opened than are wanted.
const WINDOW: Duration = Duration::from_secs(10);
/// The wait after the first failure; it doubles with each one more in a row.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// The longest wait after a failure, before what is drawn at random is added.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// How long opening one may take, in all.
const PATIENCE: Duration = Duration::from_secs(15);

/// How opening one ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    Opened,
    Failed,
    /// It was not begun: there are enough by now.
    Needless,
}

/// What one client knows about holding connections ready.
#[derive(Debug)]
pub(crate) struct Warmth {
    wanted: u32,
    requested: Instant,
    collected: Instant,
    /// When the first of the latest few was begun, and how many those are.
    window: Option<Instant>,
    begun: u32,
    failures: u32,
    not_before: Instant,
    under_way: Option<UnderWay>,
    number: u64,
    random: fastrand::Rng,
}

#[derive(Debug, Clone, Copy)]
struct UnderWay {
    number: u64,
    since: Instant,
}

impl Warmth {
    /// For a client that begins now and wants so many.
    pub(crate) fn new(wanted: u32, now: Instant, seed: u64) -> Self {
        Self {
            wanted,
            requested: now,
            collected: now,
            window: None,
            begun: 0,
            failures: 0,
            not_before: now,
            under_way: None,
            number: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// The host made a request.
    pub(crate) fn requested(&mut self, now: Instant) {
        self.requested = now;
    }

    /// The host collects, or has since the last look.
    pub(crate) fn collected(&mut self, now: Instant) {
        self.collected = now;
    }

    /// How many are to be held ready now.
    pub(crate) fn wanted(&self, now: Instant) -> u32 {
        let is_in_use = now.saturating_duration_since(self.requested) < HELD_READY
            && now.saturating_duration_since(self.collected) < GONE;
        if is_in_use { self.wanted } else { 0 }
    }

    /// Whether one is to be opened now, of which `open` are there or are being opened.
    pub(crate) fn is_due(&mut self, now: Instant, open: u32) -> bool {
        let wanted = self.wanted(now);
        if open >= wanted {
            if wanted > 0 {
                // A request may have opened them: the way is free.
                self.failures = 0;
            }
            return false;
        }
        let is_full = self.begun >= wanted && self.window.is_some_and(|first| now < first + WINDOW);
        self.under_way.is_none() && now >= self.not_before && !is_full
    }

    /// Notes that opening one begins: its number, which no other has had.
    pub(crate) fn begin(&mut self, now: Instant) -> u64 {
        if self.window.is_none_or(|first| now >= first + WINDOW) {
            self.window = Some(now);
            self.begun = 0;
        }
        self.begun += 1;
        self.number += 1;
        self.under_way = Some(UnderWay { number: self.number, since: now });
        self.number
    }

    /// Whether opening this one takes for too long.
    pub(crate) fn is_overdue(&self, number: u64, now: Instant) -> bool {
        self.under_way
            .is_some_and(|one| one.number == number && now.saturating_duration_since(one.since) >= PATIENCE)
    }

    /// Notes how opening the one that was begun last ended.
    pub(crate) fn ended(&mut self, how: Opening, now: Instant) {
        self.under_way = None;
        match how {
            Opening::Opened => self.failures = 0,
            Opening::Needless => self.begun = self.begun.saturating_sub(1),
            Opening::Failed => {
                let doubled = FIRST_WAIT.saturating_mul(1 << self.failures.min(16));
                self.failures += 1;
                let wait = doubled.min(LONGEST_WAIT);
                // Not all clients of a server at the same moment.
                self.not_before = now + wait + wait.mul_f64(self.random.f64() / 4.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3600);

    /// A server in virtual time, and the client's connections to it.
    struct World {
        warmth: Warmth,
        now: Instant,
        /// When the server closes each that is open.
        open: Vec<Instant>,
        /// When each was opened or tried.
        begun: Vec<Instant>,
        collects: bool,
    }

    impl World {
        fn new(wanted: u32) -> Self {
            let now = Instant::now();
            Self {
                warmth: Warmth::new(wanted, now, 7),
                now,
                open: Vec::new(),
                begun: Vec::new(),
                collects: true,
            }
        }

        /// What the dispatcher does at each look, until one has passed: `serve` says how long what is opened now stays
        /// open, or that it fails.
        fn pass(&mut self, time: Duration, mut serve: impl FnMut() -> Option<Duration>) {
            let end = self.now + time;
            while self.now < end {
                self.open.retain(|closes| *closes > self.now);
                if self.collects {
                    self.warmth.collected(self.now);
                }
                while self.warmth.is_due(self.now, self.open.len() as u32) {
                    self.warmth.begin(self.now);
                    self.begun.push(self.now);
                    assert!(self.begun.len() < 100_000, "there is no limit");
                    let lasts = serve();
                    self.open.extend(lasts.filter(|lasts| !lasts.is_zero()).map(|lasts| self.now + lasts));
                    let how = if lasts.is_some() { Opening::Opened } else { Opening::Failed };
                    self.warmth.ended(how, self.now);
                }
                self.now += LOOK;
            }
        }

        /// The most that were begun within this time.
        fn most_within(&self, time: Duration) -> usize {
            let within = |first: &Instant| {
                self.begun.iter().filter(|begun| *begun >= first && **begun < *first + time).count()
            };
            self.begun.iter().map(within).max().unwrap_or_default()
        }

        fn waits(&self) -> Vec<Duration> {
            self.begun.windows(2).map(|pair| pair[1] - pair[0]).collect()
        }
    }

    const STAYS: fn() -> Option<Duration> = || Some(Duration::from_secs(1_000_000));

    #[test]
    fn what_is_wanted_is_opened_at_once_and_no_more() {
        for wanted in [0, 1, 4, 64] {
            let mut world = World::new(wanted);
            world.pass(LOOK, STAYS);
            assert_eq!(world.open.len(), wanted as usize);
            world.pass(HOUR / 2, STAYS);
            assert_eq!(world.begun.len(), wanted as usize);
        }
    }

    #[test]
    fn what_the_server_closes_is_opened_again() {
        let mut world = World::new(1);
        world.pass(Duration::from_secs(600), || Some(Duration::from_secs(75)));
        assert_eq!(world.begun.len(), 600 / 75);
        assert!(world.waits().iter().all(|wait| *wait == Duration::from_secs(75)), "at the next look");
    }

    #[test]
    fn a_server_that_closes_at_once_sees_one_in_ten_seconds() {
        let mut world = World::new(1);
        world.pass(HOUR / 2, || Some(Duration::ZERO));
        assert_eq!((world.most_within(WINDOW), world.begun.len()), (1, 180));
    }

    #[test]
    fn closings_at_random_never_cost_more_than_the_limit() {
        for seed in 0..500 {
            let mut random = fastrand::Rng::with_seed(seed);
            let wanted = 1 + random.u32(..4);
            let mut world = World::new(wanted);
            let most = random.u64(1..120);
            let fails = random.f64() / 2.0;
            world.pass(HOUR / 2, || (random.f64() >= fails).then(|| Duration::from_secs(random.u64(..most))));
            let (first, last) = (world.begun[0], world.begun[world.begun.len() - 1]);
            let windows = (last - first).as_secs() / WINDOW.as_secs() + 1;
            assert!(world.begun.len() as u64 <= windows * u64::from(wanted), "seed {seed}");
            if wanted == 1 {
                assert_eq!(world.most_within(WINDOW), 1, "seed {seed}");
            }
            assert!(world.open.len() <= wanted as usize, "seed {seed}");
            // However it went: once the server is well, all are there within the longest wait.
            world.pass(LONGEST_WAIT + LONGEST_WAIT / 4 + WINDOW, STAYS);
            assert_eq!(world.open.len(), wanted as usize, "seed {seed}");
        }
    }

    #[test]
    fn failures_are_further_and_further_apart() {
        let mut world = World::new(1);
        world.pass(HOUR / 2, || None);
        let waits = world.waits();
        for (wait, least) in waits.iter().zip([10, 20, 40, 80, 120, 120]) {
            let least = Duration::from_secs(least);
            assert!(*wait >= least && *wait <= least + least / 4 + LOOK, "{waits:?}");
        }
        // After one that works, waits are short again.
        world.pass(HOUR / 4, || Some(Duration::from_secs(30)));
        let before = world.begun.len();
        world.pass(Duration::from_secs(60), || None);
        assert!(world.begun.len() >= before + 2, "{:?}", world.waits());
    }

    #[test]
    fn it_ends_an_hour_after_the_last_request_and_begins_again_with_the_next() {
        let mut world = World::new(1);
        world.pass(HOUR / 2, STAYS);
        world.warmth.requested(world.now);
        world.pass(HOUR - LOOK, STAYS);
        assert_eq!(world.warmth.wanted(world.now), 1);
        world.pass(LOOK, STAYS);
        assert_eq!(world.warmth.wanted(world.now), 0);
        world.open.clear();
        world.pass(HOUR, STAYS);
        assert_eq!(world.begun.len(), 1);
        world.warmth.requested(world.now);
        world.pass(LOOK, STAYS);
        assert_eq!(world.begun.len(), 2);
    }

    #[test]
    fn a_host_that_does_not_collect_is_gone() {
        let mut world = World::new(1);
        world.collects = false;
        world.pass(GONE, || Some(Duration::from_secs(15)));
        assert_eq!(world.begun.len(), 4, "a host may take its time to begin");
        world.pass(HOUR / 2, STAYS);
        assert_eq!(world.begun.len(), 4);
        world.collects = true;
        world.pass(LOOK, STAYS);
        assert_eq!(world.begun.len(), 5);
    }

    #[test]
    fn one_at_a_time_and_none_without_end() {
        let now = Instant::now();
        let mut warmth = Warmth::new(3, now, 7);
        let first = warmth.begin(now);
        assert!(!warmth.is_due(now, 1));
        assert!(!warmth.is_overdue(first, now + PATIENCE - LOOK) && warmth.is_overdue(first, now + PATIENCE));
        warmth.ended(Opening::Needless, now);
        assert!(!warmth.is_overdue(first, now + PATIENCE), "it is over");
        let second = warmth.begin(now);
        assert!(second != first && !warmth.is_overdue(first, now + PATIENCE), "a number is one opening's");
        warmth.ended(Opening::Opened, now);
        assert!(warmth.is_due(now, 2) && !warmth.is_due(now, 3));
    }
}
