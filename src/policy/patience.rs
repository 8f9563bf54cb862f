//! How long an answer takes, and what follows from that.
//!
//! Contract: learns the typical latency of the API from exchanges that were answered, and judges by it whether a
//! request is still worth sending, whether a request that was cut off says anything about the API, and whether a
//! shared question has been under way for too long to be joined. A single slow answer changes little; a lasting
//! change is followed within about a dozen answers. No judgement locks itself in: a client that refuses requests
//! because answers took long before still sends one of them a second, and so notices when answers are quick again.

use std::time::{Duration, Instant};

/// What is assumed until something is known.
const ASSUMED: Duration = Duration::from_millis(300);
/// No latency counts as shorter, or an average could never grow again by a factor.
const SHORTEST: Duration = Duration::from_millis(1);
/// No latency counts as longer: deadlines are shorter.
const LONGEST: Duration = Duration::from_secs(600);
/// An answer weighs this share of the average, the first few more.
const MEMORY: u32 = 8;
/// One answer counts as at most this many averages: an outlier is not a trend.
const OUTLIER: u32 = 4;
/// How slowly the quickest answer is forgotten.
const QUICKEST_MEMORY: u32 = 32;
/// Between two requests that are sent in spite of too little time.
const TRIAL: Duration = Duration::from_secs(1);
/// From then on a shared question may be overdue, however quick the API is.
const EARLIEST_OVERDUE: Duration = Duration::from_secs(1);

/// What one client knows about the latency of its API.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    known: Option<Known>,
    /// When a request with too little time left may go all the same.
    next_trial: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    average: Duration,
    /// Falls at once, rises slowly: operations differ, and a slow import must not speak for a quick look-up.
    quickest: Duration,
    /// Answers so far, up to [`MEMORY`].
    answers: u32,
}

impl Patience {
    /// Notes that an exchange was answered, `took` after it was sent. Queueing on our side is not part of that.
    pub(crate) fn answered(&mut self, took: Duration) {
        let took = took.clamp(SHORTEST, LONGEST);
        let Some(known) = &mut self.known else {
            self.known = Some(Known { average: took, quickest: took, answers: 1 });
            return;
        };
        known.answers = (known.answers + 1).min(MEMORY);
        known.average = approach(known.average, took.min(known.average * OUTLIER), known.answers);
        known.quickest =
            if took < known.quickest { took } else { approach(known.quickest, took, QUICKEST_MEMORY) };
    }

    /// How long an answer takes as a rule; 300 ms until something is known.
    pub(crate) fn typical(&self) -> Duration {
        self.known.as_ref().map_or(ASSUMED, |known| known.average)
    }

    /// Whether a request that would be sent at `now` may be answered by `deadline`. Cautious: false only when less
    /// is left than half of the typical latency and than the quickest answers took lately; true while nothing is
    /// known and any time is left. Once a second, a request with too little time goes all the same.
    pub(crate) fn can_answer_by(&mut self, deadline: Instant, now: Instant) -> bool {
        let left = deadline.saturating_duration_since(now);
        if left.is_zero() {
            return false;
        }
        let needed =
            self.known.as_ref().map_or(Duration::ZERO, |known| known.quickest.min(known.average / 2));
        if left >= needed {
            return true;
        }
        let is_trial = self.next_trial.is_some_and(|trial| trial <= now);
        if is_trial || self.next_trial.is_none() {
            self.next_trial = Some(now + TRIAL);
        }
        is_trial
    }

    /// Whether an exchange that was cut off at its request's deadline, after it had been `given` that long, says
    /// something about the API: only when it had a fair chance, which a deadline shorter than answers take never is. `allowance` is what the request was allowed in all,
    /// from its acceptance to its deadline. A request that spent its time in our own queue says nothing.
    pub(crate) fn blames_api(&self, given: Duration, allowance: Duration) -> bool {
        // A deadline that is shorter than answers take is missed by every API.
        let is_enough = self.known.as_ref().is_none_or(|known| given >= known.average);
        given >= self.typical() * 3 || is_enough && given >= allowance.mul_f64(0.9)
    }

    /// Whether a shared question that has been under way for so long should not be joined any more.
    pub(crate) fn is_overdue(&self, in_flight_for: Duration) -> bool {
        in_flight_for >= EARLIEST_OVERDUE.max(self.typical() * 4)
    }
}

/// Moves `from` towards `to` by one part in `parts`.
fn approach(from: Duration, to: Duration, parts: u32) -> Duration {
    (from.saturating_mul(parts - 1).saturating_add(to)) / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn taught(answers: impl IntoIterator<Item = u64>) -> Patience {
        let mut patience = Patience::default();
        answers.into_iter().for_each(|took| patience.answered(ms(took)));
        patience
    }

    #[test]
    fn the_average_follows_lasting_changes_and_no_outlier() {
        assert_eq!(Patience::default().typical(), ms(300));
        assert_eq!(taught([40]).typical(), ms(40));
        assert_eq!(taught([40, 80]).typical(), ms(60), "the first answers weigh more");
        let mut patience = taught([40; 50]);
        patience.answered(ms(10_000));
        assert_eq!(patience.typical(), ms(55), "no more than four averages count, at an eighth");
        (0..16).for_each(|_| patience.answered(ms(2_000)));
        assert!(patience.typical() > ms(1_500), "{patience:?}");
        (0..40).for_each(|_| patience.answered(ms(40)));
        assert!(patience.typical() < ms(60), "{patience:?}");
    }

    #[test]
    fn an_answer_in_no_time_does_not_end_learning() {
        let mut patience = taught([0; 20]);
        (0..40).for_each(|_| patience.answered(ms(500)));
        assert!(patience.typical() > ms(300), "{patience:?}");
    }

    #[test]
    fn absurd_latencies_do_no_harm() {
        let mut patience = Patience::default();
        (0..100).for_each(|_| patience.answered(Duration::MAX));
        assert!(!patience.blames_api(ms(1_000), Duration::MAX));
        assert!(!patience.is_overdue(ms(1_000)));
        let now = Instant::now();
        assert!(!patience.can_answer_by(now + ms(1_000), now));
    }

    #[test]
    fn nothing_is_refused_while_nothing_is_known() {
        let mut patience = Patience::default();
        let now = Instant::now();
        assert!(patience.can_answer_by(now + ms(1), now));
        assert!(!patience.can_answer_by(now, now));
        assert!(!patience.can_answer_by(now, now + ms(1)));
    }

    #[test]
    fn too_little_time_is_less_than_half_of_the_typical_latency() {
        let mut patience = taught([100; 20]);
        let now = Instant::now();
        assert!(patience.can_answer_by(now + ms(50), now));
        assert!(!patience.can_answer_by(now + ms(49), now));
    }

    #[test]
    fn a_slow_import_does_not_speak_for_quick_requests() {
        let mut patience = taught([3_000, 30, 3_000, 3_000, 3_000]);
        let now = Instant::now();
        assert!(patience.typical() > ms(2_000));
        assert!(patience.can_answer_by(now + ms(500), now));
    }

    #[test]
    fn one_a_second_goes_all_the_same_so_that_recovery_is_noticed() {
        let mut patience = taught([5_000; 100]);
        let start = Instant::now();
        let mut sent = 0;
        for tick in 0..100 {
            let now = start + ms(100) * tick;
            sent += u32::from(patience.can_answer_by(now + ms(200), now));
        }
        assert_eq!(sent, 9, "of 10 s, all but the first");
        patience.answered(ms(30));
        let now = start + ms(10_000);
        assert!(patience.can_answer_by(now + ms(200), now));
        assert!(patience.can_answer_by(now + ms(200), now));
    }

    #[test]
    fn only_a_fair_chance_says_something_about_the_api() {
        let patience = taught([100; 20]);
        assert!(!patience.blames_api(ms(299), ms(10_000)), "it waited in our queue");
        assert!(patience.blames_api(ms(300), ms(10_000)));
        assert!(patience.blames_api(ms(180), ms(200)), "it had nearly all of its time");
        assert!(!patience.blames_api(ms(179), ms(200)));
        assert!(!patience.blames_api(ms(90), ms(90)), "no answer comes so quickly");
        assert!(Patience::default().blames_api(ms(45), ms(50)), "nothing is known of it");
        assert!(!Patience::default().blames_api(ms(899), ms(1_000)));
    }

    #[test]
    fn what_takes_far_longer_than_usual_is_not_joined() {
        let quick = taught([40; 20]);
        assert!(!quick.is_overdue(ms(999)));
        assert!(quick.is_overdue(ms(1_000)));
        let slow = taught([1_000; 20]);
        assert!(!slow.is_overdue(ms(3_999)));
        assert!(slow.is_overdue(ms(4_000)));
        assert!(!Patience::default().is_overdue(ms(1_199)));
    }
}
