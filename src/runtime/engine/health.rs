//! What attempts say about the API: whether it can be asked at all, how long it takes, and one line for the host's log
//! when that changes.

use std::time::{Duration, Instant};

use crate::operations::Status;
use crate::policy::breaker::{Admission, Breaker, BreakerPolicy, Change};
use crate::policy::is_outage;
use crate::policy::patience::Patience;
use crate::runtime::lines::Line;

pub(super) struct Health {
    pub(super) breaker: Breaker,
    pub(super) patience: Patience,
    /// The API refused our key, and the host was told.
    key_refused: bool,
    /// This machine lacks something, and the host was told.
    lacks: bool,
}

/// What an attempt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ended by itself.
    Ended(Status),
    /// It was interrupted at the deadline of the request it was sent for.
    CutOff,
    /// Nothing: it was cancelled, or failed on our side.
    Nothing,
}

/// When an attempt was made, and how much time the request had.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) allowance: Duration,
}

impl Given {
    fn took(self) -> Duration {
        self.ended.saturating_duration_since(self.began)
    }
}

impl Health {
    pub(super) fn new(policy: BreakerPolicy) -> Self {
        Self {
            breaker: Breaker::new(policy),
            patience: Patience::default(),
            key_refused: false,
            lacks: false,
        }
    }

    /// There is another API key.
    pub(super) fn key_changed(&mut self) {
        self.key_refused = false;
    }

    /// An attempt failed for want of something on this machine: a line for the host's log, if it is news.
    pub(super) fn lacked(&mut self, describe: impl FnOnce() -> String) -> Option<(Line, String)> {
        (!std::mem::replace(&mut self.lacks, true)).then(|| (Line::Lack, describe()))
    }

    /// Notes how an attempt ended; `describe` says what went wrong. The line is for the host's log.
    ///
    /// Only what was sent with the API key says something about it: a player whose token ran out is not news.
    pub(super) fn note(
        &mut self,
        verdict: Verdict,
        given: Given,
        admission: Admission,
        uses_key: bool,
        describe: impl FnOnce() -> String,
    ) -> Option<(Line, String)> {
        let status = match verdict {
            Verdict::Ended(Status::Internal | Status::Resources) | Verdict::Nothing => None,
            Verdict::Ended(status) => Some(status),
            // An attempt that began too late because of our own queue says nothing about the API.
            Verdict::CutOff => {
                self.patience.blames_api(given.took(), given.allowance).then_some(Status::Timeout)
            }
        };
        let Some(status) = status else {
            self.breaker.abandoned(admission, given.ended);
            return None;
        };
        self.lacks = false;
        let change = if is_outage(status) {
            self.breaker.failed(given.began, given.ended, admission)
        } else {
            self.patience.answered(given.took());
            self.breaker.succeeded(given.ended)
        };
        match change {
            Some(Change::Opened(failures)) => Some((
                Line::Outage,
                format!(
                    "{failures} requests failed in a row, the last one so: {}. Requests fail at once until it answers \
                     again",
                    describe()
                ),
            )),
            Some(Change::Closed(after)) => {
                Some((Line::Recovered, format!("after {:.1} s", after.as_secs_f64())))
            }
            None if uses_key && status == Status::Unauthorized && !self.key_refused => {
                self.key_refused = true;
                Some((Line::KeyRefused, describe()))
            }
            None => {
                self.key_refused &= !(uses_key && status == Status::Ok);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        let now = Instant::now();
        Given { began: now, ended: now, allowance: Duration::from_secs(10) }
    }

    #[test]
    fn an_outage_is_two_lines() {
        let mut health = Health::new(BreakerPolicy { threshold: 3, ..BreakerPolicy::default() });
        let mut lines = Vec::new();
        for _ in 0..1_000 {
            let failed = Verdict::Ended(Status::Connect);
            lines.extend(health.note(failed, given(), Admission::Granted, true, || "refused".to_owned()));
        }
        assert!(health.breaker.is_open());
        let admission = health.breaker.admit(Instant::now());
        assert!(matches!(admission, Admission::Probe(_)));
        lines.extend(health.note(Verdict::Ended(Status::Ok), given(), admission, true, || unreachable!()));
        let which: Vec<Line> = lines.iter().map(|(line, _)| *line).collect();
        assert_eq!(which, [Line::Outage, Line::Recovered]);
        assert!(lines[0].1.contains("3 requests failed in a row") && lines[0].1.contains("refused"));
    }

    #[test]
    fn a_wrong_key_is_one_line_until_it_works() {
        let mut health = Health::new(BreakerPolicy::default());
        let refused = Verdict::Ended(Status::Unauthorized);
        let describe = || "HTTP 401".to_owned();
        let mut lines = Vec::new();
        for _ in 0..100 {
            lines.extend(health.note(refused, given(), Admission::Granted, true, describe));
        }
        assert_eq!(lines, [(Line::KeyRefused, "HTTP 401".to_owned())]);
        health.note(Verdict::Ended(Status::Ok), given(), Admission::Granted, true, || unreachable!());
        assert!(health.note(refused, given(), Admission::Granted, true, describe).is_some());
        health.key_changed();
        assert!(health.note(refused, given(), Admission::Granted, true, describe).is_some(), "another key");
    }

    #[test]
    fn a_players_token_says_nothing_about_the_key() {
        let mut health = Health::new(BreakerPolicy::default());
        let refused = Verdict::Ended(Status::Unauthorized);
        assert_eq!(health.note(refused, given(), Admission::Granted, false, || unreachable!()), None);
        assert!(health.note(refused, given(), Admission::Granted, true, String::new).is_some());
        health.note(Verdict::Ended(Status::Ok), given(), Admission::Granted, false, || unreachable!());
        assert_eq!(health.note(refused, given(), Admission::Granted, true, || unreachable!()), None);
    }

    #[test]
    fn a_lack_is_one_line_until_the_network_is_reached() {
        let mut health = Health::new(BreakerPolicy::default());
        let mut lines = Vec::new();
        for _ in 0..100 {
            assert_eq!(
                health.note(Verdict::Nothing, given(), Admission::Granted, true, || unreachable!()),
                None
            );
            lines.extend(health.lacked(|| "no descriptor".to_owned()));
        }
        assert_eq!(lines, [(Line::Lack, "no descriptor".to_owned())]);
        health.note(Verdict::Ended(Status::Connect), given(), Admission::Granted, true, || unreachable!());
        assert!(health.lacked(String::new).is_some());
    }

    #[test]
    fn our_own_queue_is_not_the_apis_failure() {
        let mut health = Health::new(BreakerPolicy { threshold: 3, ..BreakerPolicy::default() });
        let began = Instant::now();
        let millis = Duration::from_millis;
        let late = Given { began, ended: began + millis(100), allowance: millis(2_000) };
        for _ in 0..100 {
            assert_eq!(health.note(Verdict::CutOff, late, Admission::Granted, true, || unreachable!()), None);
        }
        let whole = Given { began, ended: began + millis(2_000), allowance: millis(2_000) };
        for _ in 0..3 {
            health.note(Verdict::CutOff, whole, Admission::Granted, true, || "not answered".to_owned());
        }
        assert!(health.breaker.is_open());
    }
}
