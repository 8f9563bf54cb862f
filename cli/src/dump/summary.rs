//! How many of each, and how long they took.

use std::collections::BTreeMap;

use serde::Serialize;

use super::draw::word;
use super::{Request, Way, outcome};

/// Requests of one operation that ended alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    pub operation: String,
    pub outcome: String,
    pub requests: usize,
    /// Answered at once: from memory, or refused.
    pub at_once: usize,
    pub joined: usize,
    pub attempts: u64,
    /// From the submission until the answer was there.
    pub median_us: Option<u64>,
    pub p95_us: Option<u64>,
    pub longest_us: Option<u64>,
}

/// The value that this part of all is at most.
pub fn part(sorted: &[u64], of_hundred: usize) -> Option<u64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((sorted.len() * of_hundred).div_ceil(100).saturating_sub(1).min(last)).copied()
}

/// By operation and outcome.
pub fn summary(requests: &[&Request]) -> Vec<Group> {
    let mut groups: BTreeMap<(String, String), Vec<&Request>> = BTreeMap::new();
    for request in requests {
        let key = (word(&request.operation), word(&outcome(request)));
        groups.entry(key).or_default().push(request);
    }
    let group = |((operation, outcome), requests): ((String, String), Vec<&Request>)| {
        let mut times: Vec<u64> = requests.iter().filter_map(|request| request.ended_us).collect();
        times.sort_unstable();
        let count = |way| requests.iter().filter(|request| request.way == way).count();
        Group {
            operation,
            outcome,
            requests: requests.len(),
            at_once: count(Way::AtOnce),
            joined: count(Way::Joined),
            attempts: requests.iter().fold(0, |sum: u64, request| sum.saturating_add(request.tried)),
            median_us: part(&times, 50),
            p95_us: part(&times, 95),
            longest_us: times.last().copied(),
        }
    };
    groups.into_iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_operation_and_outcome() {
        let line = |operation: &str, status: &str, ended: u64| -> Request {
            serde_json::from_str(&format!(
                r#"{{"n":1,"operation":"{operation}","way":"asked","tried":2,"end":"library","status":"{status}","ended_us":{ended}}}"#
            ))
            .unwrap()
        };
        let mut requests: Vec<Request> = (1..=100).map(|ended| line("get_customer", "ok", ended)).collect();
        requests.push(line("get_customer", "timeout", 7));
        requests.push(Request {
            n: 1,
            operation: "get_customer".to_owned(),
            tried: u64::MAX,
            ..Request::default()
        });
        let groups = summary(&requests.iter().collect::<Vec<_>>());
        let shown: Vec<_> =
            groups.iter().map(|group| (group.outcome.as_str(), group.requests, group.attempts)).collect();
        assert_eq!(shown, [("ok", 100, 200), ("timeout", 1, 2), ("under way", 1, u64::MAX)]);
        assert_eq!(
            (groups[0].median_us, groups[0].p95_us, groups[0].longest_us),
            (Some(50), Some(95), Some(100))
        );
        assert_eq!((groups[2].median_us, groups[1].median_us), (None, Some(7)));
        assert_eq!(part(&[], 50), None);
    }
}
