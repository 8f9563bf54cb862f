//! The way of a request: what happened to it one after another.

use serde::Serialize;

use super::{End, Request, Way};

/// What happened meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Submitted, and not found by the library's thread yet.
    Submitted,
    /// In line for a worker, the rate, or its turn.
    Queued,
    /// The network of servers was asked.
    Network,
    /// It waited for the answer to another request's question.
    Joined,
    /// PayNow was asked.
    Attempt,
    /// Before it was tried again, or after the last attempt.
    Waited,
    /// Attempts that were made and are not in the dump.
    LeftOut,
    /// It was answered, and not collected yet.
    Answered,
}

/// One part of the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step<'a> {
    pub kind: Kind,
    pub at_us: u64,
    /// None while it lasts.
    pub until_us: Option<u64>,
    /// Of an attempt.
    pub operation: Option<&'a str>,
    pub status: Option<&'a str>,
    pub http: Option<u16>,
}

impl Step<'_> {
    /// How long, or how long so far.
    pub fn lasted(&self, now_us: u64) -> u64 {
        self.until_us.unwrap_or(now_us.max(self.at_us)).saturating_sub(self.at_us)
    }
}

/// The steps as they follow each other, each beginning where the one before ended.
struct Steps<'a> {
    list: Vec<Step<'a>>,
    at: u64,
}

impl<'a> Steps<'a> {
    /// A step until then. What a dump says that goes back in time takes no time.
    fn add(&mut self, kind: Kind, until: Option<u64>) -> &mut Step<'a> {
        let until_us = until.map(|until| until.max(self.at));
        self.list.push(Step { kind, at_us: self.at, until_us, operation: None, status: None, http: None });
        self.at = until_us.unwrap_or(self.at);
        self.list.last_mut().expect("one was put there")
    }

    /// Unless it takes no time.
    fn add_if_any(&mut self, kind: Kind, until: Option<u64>) {
        if until.is_none_or(|until| until > self.at) {
            self.add(kind, until);
        }
    }
}

/// The steps of a request.
pub fn steps(request: &Request) -> Vec<Step<'_>> {
    let mut steps = Steps { list: Vec::new(), at: 0 };
    let is_over = request.end.is_some();
    steps.add(Kind::Submitted, request.found_us.or(request.ended_us));
    match request.way {
        _ if request.found_us.is_none() => {}
        Way::Joined => _ = steps.add(Kind::Joined, request.ended_us),
        Way::AtOnce => {}
        Way::Asked | Way::Unknown => asked(request, &mut steps, is_over),
    }
    if let Some(ended) = request.ended_us {
        steps.at = steps.at.max(ended);
        steps.add(Kind::Answered, request.collected_us);
    }
    steps.list
}

fn asked<'a>(request: &'a Request, steps: &mut Steps<'a>, is_over: bool) {
    let first = request.attempts.first().and_then(|attempt| attempt.began_us);
    if let Some(said) = request.network.as_ref().and_then(|network| network.said_us)
        && first.is_none_or(|first| said <= first)
    {
        steps.add(Kind::Network, Some(said));
    }
    let count = request.attempts.len();
    for (place, attempt) in request.attempts.iter().enumerate() {
        let was_left_out = place > 0 && place + 1 == count && request.tried > count as u64;
        let before = match place {
            0 => Kind::Queued,
            _ if was_left_out => Kind::LeftOut,
            _ => Kind::Waited,
        };
        steps.add_if_any(before, Some(attempt.began_us.unwrap_or(steps.at)));
        // An attempt of a request that ended while it was under way ends for the request.
        let until = attempt.ended_us.or(request.ended_us);
        let step = steps.add(Kind::Attempt, until);
        step.operation = Some(&attempt.operation);
        step.status = attempt.status.as_deref();
        step.http = attempt.http.filter(|http| *http != 0);
        if until.is_none() {
            return;
        }
    }
    let kind = if count == 0 { Kind::Queued } else { Kind::Waited };
    match request.ended_us {
        Some(ended) => steps.add_if_any(kind, Some(ended)),
        // When the host ended it is not known.
        None if is_over => {}
        None => steps.add_if_any(kind, None),
    }
}

/// How long all of it took, or takes so far.
pub fn total(request: &Request, now_us: u64) -> u64 {
    let last = steps(request).last().map(|step| (step.at_us, step.until_us));
    match last {
        Some((_, Some(until))) => until,
        Some((at, None)) if request.end == Some(End::Host) => at,
        Some((at, None)) => now_us.saturating_sub(request.submitted_us).max(at),
        None => 0,
    }
}

/// How it ended, in a word or two.
pub fn outcome(request: &Request) -> String {
    match (request.end, &request.status) {
        (None, _) => "under way".to_owned(),
        (Some(End::Host), _) => "ended by the host".to_owned(),
        (_, Some(status)) => status.replace('_', " "),
        (_, None) => "ended".to_owned(),
    }
}

/// Who decided how it ended, in a word that stays as it is.
pub fn decided(request: &Request) -> &'static str {
    let has_answer = request.is_ok() || request.http.is_some_and(|http| http != 0);
    match (request.end, request.source.as_deref()) {
        (None, _) => "",
        (Some(End::Host), _) => "host",
        (_, Some("cache")) => "memory",
        (_, Some("stale_cache")) => "old_memory",
        (_, Some("other_server")) => "another_server",
        (_, Some("shared")) => "another_request",
        (_, Some("network")) if has_answer => "paynow",
        _ => "library",
    }
}

/// The same for people.
pub fn decider(by: &str) -> String {
    if by == "paynow" { "PayNow".to_owned() } else { by.replace('_', " ") }
}

#[cfg(test)]
mod tests {
    use super::super::Attempt;
    use super::*;

    fn request(line: &str) -> Request {
        serde_json::from_str(line).unwrap()
    }

    fn kinds(request: &Request) -> Vec<(Kind, u64, Option<u64>)> {
        steps(request).iter().map(|step| (step.kind, step.at_us, step.until_us)).collect()
    }

    #[test]
    fn a_request_that_was_asked_twice() {
        let request = request(
            r#"{"n":1,"operation":"get_customer","found_us":10,"way":"asked","network":{"asked":1,"said":"go","said_us":20},
            "tried":2,"attempts":[{"operation":"get_customer","began_us":30,"ended_us":40,"status":"server","http":503},
            {"operation":"get_customer","began_us":60,"ended_us":90,"status":"ok","http":200}],"end":"library","status":"ok",
            "http":200,"source":"network","ended_us":91,"collected_us":120}"#,
        );
        assert_eq!(
            kinds(&request),
            [
                (Kind::Submitted, 0, Some(10)),
                (Kind::Network, 10, Some(20)),
                (Kind::Queued, 20, Some(30)),
                (Kind::Attempt, 30, Some(40)),
                (Kind::Waited, 40, Some(60)),
                (Kind::Attempt, 60, Some(90)),
                (Kind::Waited, 90, Some(91)),
                (Kind::Answered, 91, Some(120)),
            ]
        );
        assert_eq!(
            (total(&request, 0), decided(&request), outcome(&request).as_str()),
            (120, "paynow", "ok")
        );
    }

    #[test]
    fn what_lasts_has_no_end() {
        let open = request(
            r#"{"n":1,"submitted_us":100,"found_us":10,"way":"asked","tried":1,"attempts":[{"began_us":30}]}"#,
        );
        assert_eq!(kinds(&open).last(), Some(&(Kind::Attempt, 30, None)));
        assert_eq!((total(&open, 1_100), outcome(&open).as_str(), decided(&open)), (1_000, "under way", ""));
        let waiting = request(r#"{"n":1,"found_us":10,"way":"joined","joined":7}"#);
        assert_eq!(kinds(&waiting).last(), Some(&(Kind::Joined, 10, None)));
        let uncollected = request(
            r#"{"n":1,"found_us":10,"way":"at_once","end":"library","status":"ok","source":"cache","ended_us":10}"#,
        );
        assert_eq!(kinds(&uncollected), [(Kind::Submitted, 0, Some(10)), (Kind::Answered, 10, None)]);
        assert_eq!(decided(&uncollected), "memory");
        let cancelled = request(r#"{"n":1,"found_us":10,"way":"asked","end":"host"}"#);
        assert_eq!(kinds(&cancelled), [(Kind::Submitted, 0, Some(10))]);
        assert_eq!(outcome(&cancelled), "ended by the host");
    }

    #[test]
    fn a_timeout_in_line_was_decided_here() {
        let late = request(
            r#"{"n":1,"found_us":10,"way":"asked","end":"library","status":"timeout","source":"network","sent":"never","http":0,"ended_us":500,"collected_us":500}"#,
        );
        assert_eq!(kinds(&late)[1], (Kind::Queued, 10, Some(500)));
        assert_eq!(decided(&late), "library");
    }

    #[test]
    fn attempts_that_are_not_kept_are_left_out() {
        let mut many = request(
            r#"{"n":1,"found_us":0,"way":"asked","tried":9,"end":"library","status":"server","http":503,"ended_us":200}"#,
        );
        many.attempts = (0..6)
            .map(|place| Attempt {
                began_us: Some(place * 20 + 10),
                ended_us: Some(place * 20 + 15),
                ..Attempt::default()
            })
            .collect();
        let left_out = kinds(&many).iter().filter(|(kind, ..)| *kind == Kind::LeftOut).count();
        assert_eq!(left_out, 1);
    }

    #[test]
    fn what_goes_back_in_time_takes_none() {
        let odd = request(
            r#"{"n":1,"found_us":100,"way":"asked","network":{"said_us":5},"tried":2,"attempts":[{"began_us":20,"ended_us":10},
            {"began_us":18446744073709551615,"ended_us":3}],"end":"library","status":"ok","ended_us":1,"collected_us":0}"#,
        );
        let steps = steps(&odd);
        for pair in steps.windows(2) {
            assert_eq!(Some(pair[1].at_us), pair[0].until_us);
        }
        assert!(steps.iter().all(|step| step.until_us.is_some_and(|until| until >= step.at_us)));
    }
}
