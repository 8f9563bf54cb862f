//! How many exchanges are worth having under way at once.
//!
//! Contract:
//! - Everything may go at once, unless answers come within a millisecond. Then the API is on this machine or beside it, and an
//!   exchange is work for the processor, not waiting: more of them than keep the processor busy only get in each other's way.
//! - How many those are is found out as TCP finds its window (Vegas, and Netflix's gradient): the limit shrinks while an
//!   exchange takes several times the least that was seen, and grows while it does not and the limit holds work back. It
//!   never falls below 4.
//! - An exchange counts for as long as it may be work, which is 5 to 10 ms. One that is out for longer waits for the API: a
//!   worker that hangs takes no place. When as many are out for longer as may be at work, the API has become slow, and
//!   everything may go.
//! - So may it when the limit was tried and answers took long nevertheless: the API takes so long itself. It is tried again
//!   after a second, and each time after twice the wait, up to a minute.
//! - Where a crowd without a limit keeps each of its own answers waiting for more than a millisecond, no limit is tried until it lets
//!   up: from within it looks like a slow API.
//! - After a second in which nothing was sent no limit is known: a burst finds none that another load has taught.

#[cfg(all(test, not(loom)))]
mod simulation;

use std::time::{Duration, Instant};

/// An answer that comes sooner is from this machine or from one beside it.
const NEAR: Duration = Duration::from_millis(1);
/// Under a limit the typical answer comes sooner than this, or else it is the API that takes the time. Longer than [`NEAR`]:
/// other programs may keep this machine busy.
const FAR: Duration = Duration::from_millis(3);
/// An exchange counts in the step in which it began and in the next.
const STEP: Duration = Duration::from_millis(5);
/// After so long without an exchange nothing is known.
const QUIET: Duration = Duration::from_secs(1);
/// The first limit, which shows whether the API or we take the time.
const FIRST: f64 = 8.0;
/// The smallest: with fewer the processor idles between an answer and the next request.
const LEAST: f64 = 4.0;
/// An exchange may take so many times the least before the limit shrinks.
const TOLERANCE: f64 = 5.0;
/// How far the limit moves towards what one window of answers says.
const SHARE: f64 = 0.2;
/// Answers from which a typical time is told.
const WINDOW: usize = 32;
/// With each window the least is forgotten by this part of it.
const MEMORY: u64 = 1024;
/// Until a limit that was tried in vain is tried again: the first time, and at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The same when the API, or this machine, became slow under a limit that was good.
const STALLED_WAIT: Duration = Duration::from_millis(200);

/// What one client knows about how much work an exchange is.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// No limit is larger.
    most: f64,
    made: Instant,
    held: Option<Held>,
    /// Counts the changes between a limit and none: what began before one says nothing about what is so since.
    regime: u32,
    /// Limits that were tried in vain, one after the other.
    in_vain: u32,
    /// A limit is tried from then on.
    not_before: Instant,
    last_begun: Instant,
    /// Time in steps.
    step: u64,
    step_ends: Instant,
    /// Exchanges under way that began in the present step and in the one before, by [`parity`].
    young: [Young; 2],
    under_way: usize,
    /// Those of them that began in an earlier regime.
    elders: usize,
    /// Those that began in this one and count no longer.
    long: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Young {
    all: usize,
    /// Those that began in the present regime.
    own: usize,
}

/// A limit.
#[derive(Debug)]
struct Held {
    limit: f64,
    /// Answers came soon under it.
    is_good: bool,
    /// All places were taken in this window.
    was_full: bool,
    /// How long the answers of this window took, in nanoseconds.
    took: [u64; WINDOW],
    answers: usize,
    /// The least that an answer took lately.
    least: u64,
}

/// An exchange that was begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass {
    step: u64,
    regime: u32,
    /// Nothing of an earlier regime was in its way.
    tells: bool,
}

impl Limiter {
    /// For a client with at most so many exchanges at once.
    pub(crate) fn new(most: usize, now: Instant) -> Self {
        Self {
            most: most.max(1) as f64,
            made: now,
            held: None,
            regime: 0,
            in_vain: 0,
            not_before: now,
            last_begun: now,
            step: 0,
            step_ends: now + STEP,
            young: [Young::default(); 2],
            under_way: 0,
            elders: 0,
            long: 0,
        }
    }

    /// How many exchanges may be under way at once. `None` while no limit is kept.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.held.as_ref().map(|held| held.limit as usize)
    }

    /// How many exchanges may begin now.
    pub(crate) fn places(&mut self, now: Instant) -> usize {
        self.pass(now);
        self.limit().map_or(usize::MAX, |limit| limit.saturating_sub(self.at_work()))
    }

    /// When places come free by time alone. `None` when there are some.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Instant> {
        (self.places(now) == 0).then_some(self.step_ends)
    }

    /// Notes that an exchange begins. What is returned goes to [`Limiter::end`].
    pub(crate) fn begin(&mut self, now: Instant) -> Pass {
        self.pass(now);
        self.last_begun = now;
        self.under_way += 1;
        let young = &mut self.young[parity(self.step)];
        (young.all, young.own) = (young.all + 1, young.own + 1);
        let at_work = self.at_work();
        if let Some(held) = &mut self.held {
            held.was_full |= at_work >= held.limit as usize;
        }
        Pass { step: self.step, regime: self.regime, tells: self.elders == 0 }
    }

    /// Notes that an exchange ended. `took`: how long the API took, if it answered.
    pub(crate) fn end(&mut self, pass: Pass, took: Option<Duration>, now: Instant) {
        self.pass(now);
        self.under_way -= 1;
        let is_own = pass.regime == self.regime;
        if pass.step + 1 >= self.step {
            let young = &mut self.young[parity(pass.step)];
            young.all -= 1;
            young.own -= usize::from(is_own);
        } else if is_own {
            self.long -= 1;
        }
        self.elders -= usize::from(!is_own);
        if let Some(took) = took {
            self.learn(pass, took, now);
        }
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn under_way(&self) -> usize {
        self.under_way
    }

    fn at_work(&self) -> usize {
        self.young[0].all + self.young[1].all
    }

    fn learn(&mut self, pass: Pass, took: Duration, now: Instant) {
        match &mut self.held {
            None if took < NEAR && now >= self.not_before => {
                self.change(Some(Held {
                    limit: FIRST.min(self.most),
                    is_good: false,
                    was_full: false,
                    took: [0; WINDOW],
                    answers: 0,
                    least: nanos(took),
                }));
            }
            Some(held) if pass.tells && pass.regime == self.regime => match held.note(nanos(took)) {
                Some(typical) if typical >= nanos(FAR) => self.give_up(now),
                Some(typical) => {
                    held.adapt(typical, self.most);
                    self.in_vain = 0;
                }
                None => {}
            },
            _ => {}
        }
    }

    /// Answers take long, and not because of us.
    fn give_up(&mut self, now: Instant) {
        self.not_before = now + FIRST_WAIT.saturating_mul(1 << self.in_vain.min(16)).min(LONGEST_WAIT);
        self.in_vain += 1;
        self.change(None);
    }

    fn change(&mut self, held: Option<Held>) {
        self.held = held;
        self.regime = self.regime.wrapping_add(1);
        self.elders = self.under_way;
        self.long = 0;
        self.young.iter_mut().for_each(|young| young.own = 0);
    }

    /// Lets time pass.
    fn pass(&mut self, now: Instant) {
        if now < self.step_ends {
            return;
        }
        let after = now.saturating_duration_since(self.made);
        let step = (after.as_nanos() / STEP.as_nanos()) as u64;
        // The place of the step before the last is that of the next.
        self.long += std::mem::take(&mut self.young[parity(self.step + 1)]).own;
        if step > self.step + 1 {
            self.long += std::mem::take(&mut self.young[parity(self.step)]).own;
        }
        self.step = step;
        self.step_ends = now + STEP - Duration::from_nanos((after.as_nanos() % STEP.as_nanos()) as u64);
        let Some(held) = &self.held else { return };
        if now.saturating_duration_since(self.last_begun) >= QUIET {
            self.change(None);
        } else if self.long >= held.limit as usize {
            if held.is_good {
                self.not_before = now + STALLED_WAIT;
                self.change(None);
            } else {
                self.give_up(now);
            }
        }
    }
}

impl Held {
    /// Notes how long an answer took. Says what is typical when a window is full.
    fn note(&mut self, took: u64) -> Option<u64> {
        self.took[self.answers] = took;
        self.answers += 1;
        if self.answers < WINDOW {
            return None;
        }
        self.answers = 0;
        self.took.sort_unstable();
        self.least = (self.least + self.least / MEMORY + 1).min(self.took[0]);
        Some(self.took[WINDOW / 2])
    }

    fn adapt(&mut self, typical: u64, most: f64) {
        let gradient = (TOLERANCE * self.least as f64 / typical.max(1) as f64).clamp(0.5, 1.0);
        let target = self.limit * gradient + self.limit.sqrt();
        // A limit that holds nothing back does not show that a larger one is as good.
        if target < self.limit || self.was_full {
            self.limit = (self.limit + (target - self.limit) * SHARE).clamp(LEAST.min(most), most);
        }
        self.was_full = false;
        self.is_good = true;
    }
}

fn nanos(time: Duration) -> u64 {
    time.as_nanos() as u64
}

fn parity(step: u64) -> usize {
    usize::from(step % 2 == 1)
}
