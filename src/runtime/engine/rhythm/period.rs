//! How long a host's ticks take, and when the last one began, from when the host polls.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::runtime::mailbox::Polls;

/// Longer and shorter periods are not ticks: a host that polls more often needs no guess, and a game polls more often.
const SHORTEST: Duration = Duration::from_millis(4);
const LONGEST: Duration = Duration::from_millis(260);
/// Polls that are remembered.
const REMEMBERED: usize = 16;
/// Of those that could, so many in a hundred must be one tick after another.
const REGULAR: usize = 70;
/// Fewer say nothing.
const AT_LEAST: usize = 6;
/// A rhythm is looked for each time so many polls have come, in the steps that lead to these.
const LATEST: usize = 4;
/// How much one tick that was not when it was expected speaks against the rhythm, and how much is needed to give it up. One
/// that was speaks for it.
const MISS: u32 = 3;
const GIVE_UP: u32 = 12;
/// While a host that polls more often than it is looked at is surveyed: between two looks, and how many there are at most.
pub(super) const SURVEYING: Duration = Duration::from_micros(2_500);
const SURVEY: usize = 160;
/// If more of them than so many in a hundred see a poll, there are more than can be told apart.
const DENSE: usize = 60;
/// How long after a survey that found nothing the next one is.
const REST: Duration = Duration::from_secs(10);
/// Ticks without a poll after which there is no rhythm.
const ABSENT: u32 = 20;

/// The rhythm of a host that has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticks {
    /// When the last tick began, and the one before.
    pub(super) start: Instant,
    before: Instant,
    pub(super) period: Duration,
    /// How many ticks ago the beginning of one was measured.
    pub(super) unmeasured: u32,
    /// There is one poll to a tick.
    is_single: bool,
    doubt: u32,
}

impl Ticks {
    fn new(start: Instant, period: Duration, is_single: bool) -> Self {
        let before = start.checked_sub(period).unwrap_or(start);
        Self { start, before, period, unmeasured: 0, is_single, doubt: 0 }
    }

    /// How far the tick was over then. `None` when it was not one of the last two.
    pub(super) fn share_at(&self, at: Instant) -> Option<f64> {
        let start = if at >= self.start { self.start } else { self.before };
        let share = at.checked_duration_since(start)?.as_secs_f64() / self.period.as_secs_f64();
        (share < 1.5).then_some(share)
    }

    /// A tick began then, as was seen or as was to be expected.
    fn begin(&mut self, start: Instant) {
        self.before = self.start;
        self.start = start;
    }

    /// A tick was seen to begin.
    fn measure(&mut self, start: Instant) {
        let took = start.saturating_duration_since(self.start);
        // Some may have begun unseen.
        let ticks = (took.as_secs_f64() / self.period.as_secs_f64()).round().max(1.0) as u32;
        let expected = self.period * ticks;
        if took.abs_diff(expected) <= tolerance(self.period) {
            self.doubt = self.doubt.saturating_sub(1);
            self.period = (self.period * 15 + took / ticks) / 16;
        } else {
            self.doubt += MISS;
        }
        self.begin(start);
        self.unmeasured = 0;
    }
}

/// How far from when it was expected a tick may begin.
fn tolerance(period: Duration) -> Duration {
    (period / 8).max(Duration::from_millis(1))
}

/// Follows the rhythm of a host, and finds it.
#[derive(Debug, Default)]
pub(super) struct Track {
    polls: VecDeque<Instant>,
    /// How many of them came since a rhythm was last looked for.
    unread: usize,
    ticks: Option<Ticks>,
    survey: Option<Survey>,
    /// No survey before.
    rest: Option<Instant>,
}

/// A host polled more than once between two looks: for a while it is looked at so often that no poll stays unseen, or
/// several of its ticks would be taken for one.
#[derive(Debug, Default)]
struct Survey {
    looks: usize,
    polls: usize,
}

impl Track {
    /// The host's ticks, while it has any.
    pub(super) fn ticks(&self) -> Option<&Ticks> {
        self.ticks.as_ref()
    }

    /// Whether every poll is to be seen for a while.
    pub(super) fn is_surveying(&self) -> bool {
        self.survey.is_some()
    }

    /// There was a look, and these polls since the one before.
    pub(super) fn note(&mut self, polls: Polls, now: Instant) {
        if let Some(first) = polls.first {
            if self.polls.len() == REMEMBERED {
                self.polls.pop_front();
            }
            self.polls.push_back(first);
            self.unread += 1;
        }
        if self.ticks.is_some() {
            self.follow(polls, now);
        } else if self.survey.is_some() {
            self.go_on_with_survey(polls, now);
        } else if polls.more {
            self.polls.clear();
            self.unread = 0;
            self.survey = self.rest.is_none_or(|rest| now >= rest).then(Survey::default);
        } else if self.unread >= LATEST {
            self.unread = 0;
            self.ticks = self.find();
        }
    }

    fn follow(&mut self, polls: Polls, now: Instant) {
        let Some(ticks) = &mut self.ticks else { return };
        let begins = |at: &Instant| *at >= ticks.start + ticks.period / 2;
        if let Some(first) = polls.first.filter(begins) {
            ticks.measure(first);
        } else if polls.more && now >= ticks.start + ticks.period {
            // Only the first poll is known by its time, and it was one more of the tick before.
            ticks.begin(ticks.start + ticks.period);
            ticks.unmeasured += 1;
        }
        if polls.more && ticks.is_single {
            // Its ticks may be a part of what they were.
            ticks.doubt += MISS;
        }
        let is_over = now.saturating_duration_since(ticks.start) > ticks.period * ABSENT;
        if is_over || ticks.doubt >= GIVE_UP {
            // Of what was between, not everything was seen.
            *self = Self { rest: self.rest, ..Self::default() };
        }
    }

    fn go_on_with_survey(&mut self, polls: Polls, now: Instant) {
        let Some(survey) = &mut self.survey else { return };
        survey.looks += 1;
        survey.polls += usize::from(polls.first.is_some());
        if survey.looks < SURVEY && self.polls.len() < REMEMBERED {
            return;
        }
        let can_tell = survey.polls * 100 <= survey.looks * DENSE;
        self.survey = None;
        self.unread = 0;
        self.ticks = if can_tell { self.find() } else { None };
        if self.ticks.is_none() {
            self.rest = Some(now + REST);
        }
    }

    /// The shortest time after which most polls were followed by another.
    fn find(&self) -> Option<Ticks> {
        let polls = &self.polls;
        let last = *polls.back()?;
        // A number and no `Option`, of which optimised code compares what is not set: memory checkers cannot know it is unused.
        let mut shortest = Duration::MAX;
        for to in polls.len().saturating_sub(LATEST)..polls.len() {
            for from in to.saturating_sub(3)..to {
                let period = polls[to].saturating_duration_since(polls[from]);
                if (SHORTEST..=LONGEST).contains(&period) && period < shortest && self.is_regular(period) {
                    shortest = period;
                }
            }
        }
        (shortest < Duration::MAX).then(|| Ticks::new(last, self.average(shortest), self.is_single(shortest)))
    }

    /// Whether there are no more polls than ticks.
    fn is_single(&self, period: Duration) -> bool {
        let (Some(first), Some(last)) = (self.polls.front(), self.polls.back()) else { return false };
        let ticks = last.saturating_duration_since(*first).as_secs_f64() / period.as_secs_f64();
        (self.polls.len() as f64) < ticks * 1.3 + 1.0
    }

    fn is_regular(&self, period: Duration) -> bool {
        let Steps { could, did, .. } = self.steps(period);
        could >= AT_LEAST && did * 100 >= could * REGULAR
    }

    /// The mean of the steps that are about so long.
    fn average(&self, period: Duration) -> Duration {
        let Steps { did, total, .. } = self.steps(period);
        total / did.max(1) as u32
    }

    fn steps(&self, period: Duration) -> Steps {
        let tolerance = tolerance(period);
        let mut steps = Steps::default();
        let Some(last) = self.polls.back() else { return steps };
        for poll in self.polls.iter().filter(|poll| *poll != last && **poll + period <= *last + tolerance) {
            steps.could += 1;
            let nearest = self
                .polls
                .iter()
                .filter_map(|later| later.checked_duration_since(*poll))
                .min_by_key(|step| step.abs_diff(period));
            if let Some(step) = nearest.filter(|step| step.abs_diff(period) <= tolerance) {
                steps.did += 1;
                steps.total += step;
            }
        }
        steps
    }
}

/// How many polls are old enough to have been followed by another after some time, how many were, and after how long
/// together.
#[derive(Default)]
struct Steps {
    could: usize,
    did: usize,
    total: Duration,
}
