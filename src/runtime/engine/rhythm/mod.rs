//! When to look for work next: right after a host is likely to have left some.
//!
//! No submit wakes a thread, so work waits until it is looked for. A host that ticks polls once a tick and submits at
//! much the same moments of each: both are learned, and the looks are put where they find the most. A host without a
//! rhythm is looked at evenly, and more often for a while after it submitted.
//!
//! Told the time, it knows no thread and no clock.

mod offsets;
mod period;
#[cfg(all(test, not(loom)))]
mod simulation;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::offsets::{Care, Offsets};
use self::period::{SURVEYING, Ticks, Track};
use crate::runtime::mailbox::Polls;

/// Between two looks at a host of which nothing is known and nothing came lately. One look takes 10 to 20 us of a core.
const IDLE: Duration = Duration::from_micros(12_500);
/// Between two looks shortly after work was found, at least.
const BUSY: Duration = Duration::from_micros(200);
/// The longer ago work was found, the longer until the next look: this part of it.
const BACK_OFF: u32 = 4;
/// Between two looks at a host whose tick is late, at least.
const LATE: Duration = Duration::from_micros(1_250);
/// Between two looks within a tick in which nothing is likely to come.
const QUIET: Duration = Duration::from_millis(50);
/// So many submits in so short a time are traffic, in which each is to be found sooner still.
const TRAFFIC: usize = 8;
const LINGER: Duration = Duration::from_millis(250);
/// How long after the last submit looks are still spent freely.
const RECENT: Duration = Duration::from_secs(5);
/// A look is not sooner after another.
const SOONEST: Duration = Duration::from_micros(100);
/// Every so many ticks their beginning is measured, however often the host polls in between.
const MEASURED_EVERY: u32 = 8;
/// How long before a tick the look is that measures its beginning.
const BEFORE_A_TICK: Duration = Duration::from_millis(1);

/// What is known of when a host submits.
#[derive(Debug)]
pub(super) struct Rhythm {
    track: Track,
    offsets: Offsets,
    /// When a look last found work that was not announced.
    found: Option<Instant>,
    /// When the latest requests were submitted.
    submitted: VecDeque<Instant>,
    plan: Plan,
}

/// The looks of one tick, from its beginning.
#[derive(Debug, Default)]
struct Plan {
    looks: Vec<Duration>,
    of: Option<(Duration, Care)>,
    is_old: bool,
}

impl Rhythm {
    pub(super) fn new() -> Self {
        Self {
            track: Track::default(),
            offsets: Offsets::default(),
            found: None,
            submitted: VecDeque::new(),
            plan: Plan::default(),
        }
    }

    /// There was a look. To be told before what it found.
    pub(super) fn looked(&mut self, polls: Polls, now: Instant) {
        self.track.note(polls, now);
    }

    /// A request was found that was submitted at this time.
    pub(super) fn submitted(&mut self, at: Instant) {
        if self.submitted.len() == TRAFFIC {
            self.submitted.pop_front();
        }
        self.submitted.push_back(at);
        if let Some(share) = self.track.ticks().and_then(|ticks| ticks.share_at(at)) {
            self.offsets.learn(share);
            self.plan.is_old = true;
        }
    }

    /// A look found work that was not announced.
    pub(super) fn found(&mut self, now: Instant) {
        self.found = Some(now);
    }

    /// When to look next.
    pub(super) fn next_look(&mut self, now: Instant) -> Instant {
        let Some(ticks) = self.track.ticks().copied() else {
            if self.track.is_surveying() {
                return now + SURVEYING;
            }
            let ago = self.found.map(|found| now.saturating_duration_since(found));
            return now + ago.map_or(IDLE, |ago| (ago / BACK_OFF).clamp(BUSY, IDLE));
        };
        self.make_plan(ticks.period, self.care(now));
        self.in_a_tick(&ticks, now)
    }

    fn care(&self, now: Instant) -> Care {
        let within = |then: Option<&Instant>, time| {
            then.is_some_and(|then| now.saturating_duration_since(*then) < time)
        };
        if self.submitted.len() == TRAFFIC && within(self.submitted.front(), LINGER) {
            Care::Eager
        } else if within(self.submitted.back(), RECENT) {
            Care::Attentive
        } else {
            Care::Idle
        }
    }

    fn in_a_tick(&self, ticks: &Ticks, now: Instant) -> Instant {
        let next = ticks.start + ticks.period;
        let first = self.plan.looks.first().copied().unwrap_or(LATE);
        let measure = Some(next - BEFORE_A_TICK).filter(|_| ticks.unmeasured >= MEASURED_EVERY);
        let planned = self.plan.looks.iter().map(|look| ticks.start + *look);
        let upcoming = planned.chain(measure).chain([next + first]).filter(|look| *look > now).min();
        let late = || now + (now.saturating_duration_since(next) / BACK_OFF).clamp(LATE, IDLE);
        upcoming.unwrap_or_else(late).clamp(now + SOONEST, now + QUIET)
    }

    fn make_plan(&mut self, period: Duration, care: Care) {
        let holds = self.plan.of.is_some_and(|(planned, cared)| {
            cared == care && planned.abs_diff(period) < planned / 64 && !self.plan.is_old
        });
        if !holds {
            self.offsets.plan(period, care, &mut self.plan.looks);
            self.plan.of = Some((period, care));
            self.plan.is_old = false;
        }
    }
}
