//! What is odd about how requests went, and what to do about it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::draw::word;
use super::summary::part;
use super::{Attempt, Dump, End, Kind, Request, Way, steps, time};
use crate::output::Mark;

/// Longer in line than this is slow.
const SLOW_QUEUE: u64 = 500_000;
/// The library's thread looks for new requests far more often.
const SLOW_FINDING: u64 = 100_000;
/// Five ticks of a game server; a thread that waits is noted up to 100 ms late.
const SLOW_COLLECTING: u64 = 250_000;
const SLOW_NETWORK: u64 = 50_000;
const SLOW_ANSWER: u64 = 1_000_000;
/// So few may always happen.
const FEW: usize = 3;
/// Requests that are named.
const NAMED: usize = 20;

/// One thing that is odd.
#[derive(Debug, Serialize)]
pub struct Odd {
    /// A word that stays as it is.
    pub kind: &'static str,
    pub mark: Mark,
    pub text: String,
    pub advice: String,
    /// How many requests it is about.
    pub count: usize,
    /// The numbers of the first of them.
    pub requests: Vec<u64>,
}

impl Odd {
    fn new(
        kind: &'static str,
        mark: Mark,
        about: &[&Request],
        text: String,
        advice: impl Into<String>,
    ) -> Self {
        let requests = about.iter().take(NAMED).map(|request| request.n).collect();
        Self { kind, mark, text, advice: advice.into(), count: about.len(), requests }
    }
}

/// All of it, what is worst first.
pub fn odd(dump: &Dump) -> Vec<Odd> {
    const LOOKS: [fn(&Dump) -> Option<Odd>; 17] = [
        overdue,
        refused_key,
        circuit_open,
        rate_limited,
        unreachable,
        timeouts,
        unknown_changes,
        queue_full,
        network_silent,
        retry_storm,
        slow_queue,
        found_late,
        rare_polling,
        slow_answers,
        slow_network,
        many_joins,
        repeated,
    ];
    LOOKS.iter().filter_map(|look| look(dump)).collect()
}

fn picked(dump: &Dump, is: impl Fn(&Request) -> bool) -> Vec<&Request> {
    dump.requests.iter().filter(|request| is(request)).collect()
}

fn has_status(request: &Request, statuses: &[&str]) -> bool {
    request.status.as_deref().is_some_and(|status| statuses.contains(&status))
}

/// How long the steps of a kind took.
fn spent(dump: &Dump, request: &Request, kind: Kind) -> u64 {
    let now = dump.head.now_us.saturating_sub(request.submitted_us);
    let is_open = request.end.is_none();
    steps(request)
        .iter()
        .filter(|step| step.kind == kind && (step.until_us.is_some() || is_open))
        .fold(0, |sum: u64, step| sum.saturating_add(step.lasted(now)))
}

/// Those in which a kind of step took so long, with the longest time.
fn slow(dump: &Dump, kind: Kind, limit: u64) -> (Vec<&Request>, u64) {
    let slow = picked(dump, |request| spent(dump, request, kind) >= limit);
    let longest = slow.iter().map(|request| spent(dump, request, kind)).max().unwrap_or(0);
    (slow, longest)
}

fn requests(count: usize) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

/// The most frequent of some words.
fn most_frequent<'a>(words: impl Iterator<Item = &'a str>) -> Option<(&'a str, usize)> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_insert(0_usize) += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count)
}

/// The most attempts that began within one second.
fn busiest_second(dump: &Dump) -> usize {
    let mut seconds = BTreeMap::new();
    for request in &dump.requests {
        for began in request.attempts.iter().filter_map(|attempt| attempt.began_us) {
            *seconds.entry(request.submitted_us.saturating_add(began) / 1_000_000).or_insert(0_usize) += 1;
        }
    }
    seconds.into_values().max().unwrap_or(0)
}

fn overdue(dump: &Dump) -> Option<Odd> {
    let late = picked(dump, |request| {
        let age = dump.head.now_us.saturating_sub(request.submitted_us);
        request.end.is_none()
            && request.deadline_us.is_some_and(|deadline| age > deadline.saturating_add(1_000_000))
    });
    (!late.is_empty()).then(|| {
        let text = format!("{} past the deadline, and not ended", requests(late.len()));
        Odd::new(
            "overdue",
            Mark::Bad,
            &late,
            text,
            "The library's threads did not run: the process was stopped, the machine slept, or it gets no processor time. If none \
             of that is so, report it with the dump.",
        )
    })
}

fn refused_key(dump: &Dump) -> Option<Odd> {
    let refused = picked(dump, |request| has_status(request, &["unauthorized", "forbidden"]));
    (!refused.is_empty()).then(|| {
        let unknown = refused.iter().filter(|request| has_status(request, &["unauthorized"])).count();
        let text = format!(
            "{} refused: {unknown} because the key or token is not valid (401), {} because it may not do this (403)",
            requests(refused.len()),
            refused.len() - unknown
        );
        Odd::new(
            "credential_refused",
            Mark::Bad,
            &refused,
            text,
            "Check the key: it may be mistyped, reset or deleted, or lack a permission. `pnb doctor` looks closer.",
        )
    })
}

fn circuit_open(dump: &Dump) -> Option<Odd> {
    let failed = picked(dump, |request| has_status(request, &["unavailable"]));
    let is_open = dump.head.number("circuit_open") > 0.0;
    (is_open || !failed.is_empty()).then(|| {
        let now = if is_open { "; it still was when this was written" } else { "" };
        let before = dump
            .requests
            .iter()
            .flat_map(|request| &request.attempts)
            .filter_map(|attempt| attempt.status.as_deref())
            .filter(|status| !["ok", "unauthorized", "forbidden", "not_found", "conflict", "api"].contains(status));
        let why = most_frequent(before)
            .map_or_else(String::new, |(status, _)| format!(". Attempts before failed with {}", word(status)));
        let text = format!("the circuit was open: {} failed at once{now}{why}", requests(failed.len()));
        Odd::new(
            "circuit_open",
            Mark::Bad,
            &failed,
            text,
            "PayNow did not answer for a while, so that the library stopped asking; it tries again by itself. `pnb doctor` shows \
             whether it is PayNow or the way there.",
        )
    })
}

fn rate_limited(dump: &Dump) -> Option<Odd> {
    let limited = picked(dump, |request| {
        has_status(request, &["rate_limited"])
            || request.attempts.iter().any(|attempt| attempt.http == Some(429))
    });
    let counted = dump.head.number("rate_limited");
    (!limited.is_empty() || counted > 0.0).then(|| {
        let failed = limited.iter().filter(|request| has_status(request, &["rate_limited"])).count();
        let text = format!(
            "PayNow said \"too many requests\" (429) {counted} times so far: {} here met it, and {failed} failed for it; at most {} \
             attempts began in one second",
            requests(limited.len()),
            busiest_second(dump)
        );
        let advice = match dump.settings_name("network") {
            true => "The servers of the network share one rate: lower it, or find what else uses this key, such as an import.",
            false => {
                "Something else uses this key too, another server or an import: give the servers a network, so that they share \
                 one rate, or lower the rate of each."
            }
        };
        Odd::new("rate_limited", Mark::Bad, &limited, text, advice)
    })
}

fn unreachable(dump: &Dump) -> Option<Odd> {
    const WAYS: [&str; 5] = ["resolve", "connect", "tls", "transport", "invalid_response"];
    let failed = picked(dump, |request| has_status(request, &WAYS));
    (!failed.is_empty()).then(|| {
        let most = most_frequent(failed.iter().filter_map(|request| request.status.as_deref()));
        let (status, count) = most.unwrap_or_default();
        let text = format!("{} did not get to PayNow and back: {count} failed with {status}", requests(failed.len()));
        let advice = match status {
            "resolve" => "The name server does not know PayNow's name, or does not answer. `pnb doctor` asks it.",
            "connect" => "A firewall, or no route. `pnb doctor` tries each address.",
            "tls" => {
                "No certificates on this machine, a proxy that opens TLS, or a wrong clock. `pnb doctor` shows who signed."
            }
            "invalid_response" => "A proxy, firewall or CDN answers in PayNow's place. `pnb doctor` shows who.",
            _ => "Connections break on the way. `pnb doctor` shows where.",
        };
        Odd::new("unreachable", Mark::Bad, &failed, text, advice)
    })
}

fn timeouts(dump: &Dump) -> Option<Odd> {
    let late = picked(dump, |request| has_status(request, &["timeout"]));
    (!late.is_empty()).then(|| {
        let all = [Kind::Submitted, Kind::Queued, Kind::Network, Kind::Joined, Kind::Attempt, Kind::Waited];
        let total =
            |kind: Kind| late.iter().fold(0, |sum: u64, request| sum.saturating_add(spent(dump, request, kind)));
        let most = all.into_iter().max_by_key(|kind| total(*kind)).unwrap_or(Kind::Attempt);
        let (place, advice) = match most {
            Kind::Submitted => ("before the library's thread found them", "The process gets too little processor time."),
            Kind::Queued => (
                "in line",
                "More was asked than the rate or the workers allow: ask less, later, or with the priority background.",
            ),
            Kind::Network => (
                "at the network of servers",
                "Redis or Valkey answers too slowly, or another server asked and did not finish. `pnb doctor` looks at it.",
            ),
            Kind::Joined => ("waiting for the answer to the same question", "See why the request that asked did not finish."),
            Kind::Waited => ("between attempts", "PayNow failed again and again; see the attempts."),
            _ => (
                "waiting for PayNow",
                "Packets are dropped, PayNow is slow, or the deadline is too short. `pnb doctor` times each step.",
            ),
        };
        let text = format!("{} ended at the deadline; most of the time went by {place}", requests(late.len()));
        Odd::new("timeouts", Mark::Bad, &late, text, advice)
    })
}

fn changes(operation: &str) -> bool {
    ["create", "update", "invalidate", "bulk", "ensure", "token_for", "authenticate"]
        .iter()
        .any(|word| operation.starts_with(word))
}

fn unknown_changes(dump: &Dump) -> Option<Odd> {
    let unknown = picked(dump, |request| {
        request.has_failed() && request.sent.as_deref() == Some("maybe") && changes(&request.operation)
    });
    (!unknown.is_empty()).then(|| {
        let text = format!("{} may have changed something or not", requests(unknown.len()));
        Odd::new(
            "unknown_changes",
            Mark::Warning,
            &unknown,
            text,
            "Look the customers up before trying again.",
        )
    })
}

fn queue_full(dump: &Dump) -> Option<Odd> {
    let refused = dump.head.number("rejected_full");
    (refused > 0.0).then(|| {
        let most = dump.head.setting("max_outstanding").unwrap_or_default();
        let text = format!("{refused} requests were refused, because {most} were outstanding already");
        Odd::new(
            "queue_full",
            Mark::Bad,
            &[],
            text,
            "The host did not collect, or asks far more than PayNow allows: a server that hibernates does not tick.",
        )
    })
}

fn network_silent(dump: &Dump) -> Option<Odd> {
    let silent =
        picked(dump, |request| request.network.as_ref().is_some_and(|network| network.said == "nothing"));
    (!silent.is_empty()).then(|| {
        let text = format!("the network of servers did not answer {}: this server worked alone", requests(silent.len()));
        Odd::new(
            "network_silent",
            Mark::Warning,
            &silent,
            text,
            "Check Redis or Valkey, its password and the way to it: `pnb doctor` does, with the network's settings.",
        )
    })
}

fn retry_storm(dump: &Dump) -> Option<Odd> {
    let asked = picked(dump, |request| request.tried > 0);
    let extra = asked.iter().fold(0, |sum: u64, request| sum.saturating_add(again(request)));
    let often = picked(dump, |request| again(request) >= 2);
    let is_storm = often.len() >= FEW || (extra >= 10 && extra.saturating_mul(5) >= asked.len() as u64);
    is_storm.then(|| {
        let again = picked(dump, |request| again(request) > 0);
        let failed = |attempt: &'_ &Attempt| attempt.status.as_deref() != Some("ok");
        let statuses = again.iter().flat_map(|request| request.attempts.iter().filter(failed));
        let most = most_frequent(statuses.filter_map(|attempt| attempt.status.as_deref()));
        let why = most.map_or_else(String::new, |(status, _)| format!("; most failures were {}", word(status)));
        let denied = dump.head.number("retries_denied");
        let denied = if denied > 0.0 { format!("; {denied} more were left out, so that it stays bearable") } else { String::new() };
        let text = format!("{extra} attempts were repetitions, for {}{why}{denied}", requests(again.len()));
        let advice = match most.map(|(status, _)| status) {
            Some("server") => "PayNow fails (5xx). It is repeated within bounds, and nothing is to be done here but to wait.",
            Some("rate_limited") => "PayNow wants to be asked less: see the rate.",
            _ => "`pnb doctor` shows where on the way to PayNow it ends.",
        };
        Odd::new("retry_storm", Mark::Warning, &again, text, advice)
    })
}

/// How many attempts were repetitions: those beyond the steps that the operation has.
fn again(request: &Request) -> u64 {
    let mut steps: Vec<&str> = request.attempts.iter().map(|attempt| attempt.operation.as_str()).collect();
    steps.sort_unstable();
    steps.dedup();
    request.tried.saturating_sub(steps.len().max(1) as u64)
}

fn slow_queue(dump: &Dump) -> Option<Odd> {
    let (slow, longest) = slow(dump, Kind::Queued, SLOW_QUEUE);
    (slow.len() >= FEW || longest >= 4 * SLOW_QUEUE).then(|| {
        let busiest = busiest_second(dump) as f64;
        let rate = dump.head.setting("rate_per_second").unwrap_or_default();
        let workers = dump.head.setting("max_workers").unwrap_or_default();
        let text = format!(
            "{} waited {} or longer in line before PayNow was asked, the longest {}; at most {busiest} attempts began in one second",
            requests(slow.len()),
            time(SLOW_QUEUE),
            time(longest)
        );
        let advice = if rate > 0.0 && busiest >= 0.7 * rate {
            format!(
                "The client's own rate holds them back ({rate} each second): ask less or spread it out, let the cache answer, and give \
                 what no player waits for the priority background. Raise the rate only as far as PayNow allows."
            )
        } else if workers > 0.0 && dump.head.number("workers_busy") >= workers {
            format!("All {workers} workers are busy, so answers are slow: see there, or raise max_workers.")
        } else {
            "Neither the rate nor the workers explain it here: look at rate_limited and circuit_open, and whether PayNow asked for a \
             pause (429 with Retry-After)."
                .to_owned()
        };
        Odd::new("slow_queue", Mark::Warning, &slow, text, advice)
    })
}

fn found_late(dump: &Dump) -> Option<Odd> {
    let (slow, longest) = slow(dump, Kind::Submitted, SLOW_FINDING);
    (slow.len() >= FEW).then(|| {
        let text = format!(
            "the library's thread found {} only after {} or more, at worst {}",
            requests(slow.len()),
            time(SLOW_FINDING),
            time(longest)
        );
        Odd::new(
            "found_late",
            Mark::Warning,
            &slow,
            text,
            "The process gets too little processor time: a limit of its container, too many threads, a machine that sleeps.",
        )
    })
}

/// From the answer until the host took it.
fn uncollected(dump: &Dump, request: &Request) -> Option<u64> {
    let ended = request.ended_us.filter(|_| request.end == Some(End::Library))?;
    let until = request.collected_us.unwrap_or_else(|| dump.head.now_us.saturating_sub(request.submitted_us));
    Some(until.saturating_sub(ended))
}

fn rare_polling(dump: &Dump) -> Option<Odd> {
    let answered = picked(dump, |request| uncollected(dump, request).is_some());
    let late =
        picked(dump, |request| uncollected(dump, request).is_some_and(|waited| waited >= SLOW_COLLECTING));
    (late.len() >= FEW && late.len() * 10 >= answered.len()).then(|| {
        let mut waits: Vec<u64> = late.iter().filter_map(|request| uncollected(dump, request)).collect();
        waits.sort_unstable();
        let never = late.iter().filter(|request| request.collected_us.is_none()).count();
        let never = if never > 0 { format!("; {never} are not collected yet") } else { String::new() };
        let text = format!(
            "the host collected {} of {} answers {} or more after they were there, half of these after {}{never}",
            late.len(),
            answered.len(),
            time(SLOW_COLLECTING),
            time(part(&waits, 50).unwrap_or_default())
        );
        Odd::new(
            "rare_polling",
            Mark::Warning,
            &late,
            text,
            "The host polls rarely: call poll (or tick) in every tick. Servers that lag or hibernate poll late, too.",
        )
    })
}

fn slow_answers(dump: &Dump) -> Option<Odd> {
    let took = |request: &Request| {
        let ended =
            request.attempts.iter().filter_map(|one| Some(one.ended_us?.saturating_sub(one.began_us?)));
        ended.max().unwrap_or(0)
    };
    let asked = picked(dump, |request| !request.attempts.is_empty());
    let slow = picked(dump, |request| took(request) >= SLOW_ANSWER);
    (slow.len() >= FEW && slow.len() * 20 >= asked.len()).then(|| {
        let longest = slow.iter().map(|request| took(request)).max().unwrap_or(0);
        let text = format!(
            "PayNow took {} or longer to answer {}, at worst {}",
            time(SLOW_ANSWER),
            requests(slow.len()),
            time(longest)
        );
        Odd::new(
            "slow_answers",
            Mark::Warning,
            &slow,
            text,
            "`pnb doctor` times each step of the way: name, connection, TLS, first byte.",
        )
    })
}

fn slow_network(dump: &Dump) -> Option<Odd> {
    let (slow, longest) = slow(dump, Kind::Network, SLOW_NETWORK);
    let asked = picked(dump, |request| request.network.is_some());
    let waits = slow
        .iter()
        .filter(|request| request.network.as_ref().is_some_and(|network| network.asked > 1))
        .count();
    (slow.len() >= FEW && slow.len() * 10 >= asked.len()).then(|| {
        let text = format!(
            "the network of servers kept {} of {} requests {} or longer, at worst {}; {waits} of them waited for another server",
            slow.len(),
            asked.len(),
            time(SLOW_NETWORK),
            time(longest)
        );
        let advice = if waits * 2 > slow.len() {
            "Most waited while another server asked the same: that saves requests, and is as slow as PayNow's answer to it."
        } else {
            "Redis or Valkey is far away or busy: it belongs into the same data centre. paynow_network_round_trip_seconds shows what \
             an answer takes."
        };
        Odd::new("slow_network", Mark::Warning, &slow, text, advice)
    })
}

fn many_joins(dump: &Dump) -> Option<Odd> {
    let joined = picked(dump, |request| request.way == Way::Joined);
    (joined.len() >= 10 && joined.len() * 10 >= dump.requests.len() * 3).then(|| {
        let most = most_frequent(joined.iter().map(|request| request.question.as_str()));
        let most = most.map_or_else(String::new, |(question, count)| {
            format!("; {count} asked the same ({})", word(question))
        });
        let text = format!("{} of {} waited for the answer to another's question{most}", joined.len(), requests(dump.requests.len()));
        Odd::new(
            "many_joins",
            Mark::Warning,
            &joined,
            text,
            "PayNow was spared these, but the host asks the same many times at once: ask once, and keep the answer with the player.",
        )
    })
}

fn repeated(dump: &Dump) -> Option<Odd> {
    let asked = picked(dump, |request| {
        request.is_ok() && request.source.as_deref() == Some("network") && !changes(&request.operation)
    });
    let key = |request: &Request| format!("{} {}", request.operation, request.question);
    let keys: Vec<String> = asked.iter().map(|request| key(request)).collect();
    let (most, count) = most_frequent(keys.iter().map(String::as_str)).filter(|(_, count)| *count >= 10)?;
    let same: Vec<_> = asked.into_iter().filter(|request| key(request) == most).collect();
    let text = format!("PayNow was asked the same {count} times ({})", word(most));
    let advice = if dump.head.setting("cache_ttl_ms") == Some(0.0) {
        "The cache is off: cache_ttl lets the client remember answers."
    } else {
        "Answers are remembered for cache_ttl: a longer one saves requests, where answers may be that old."
    };
    Some(Odd::new("repeated", Mark::Warning, &same, text, advice))
}

impl Dump {
    /// Whether a setting was given that is either there or not.
    fn settings_name(&self, name: &str) -> bool {
        self.head.settings.get(name).and_then(serde_json::Value::as_bool) == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dump of these requests, each so often.
    fn dump(head: &str, lines: &[(usize, &str)]) -> Dump {
        let mut dump = Dump { head: serde_json::from_str(head).unwrap(), ..Dump::default() };
        for (count, line) in lines {
            for _ in 0..*count {
                let request: Request = serde_json::from_str(line).unwrap();
                let n = dump.requests.len() as u64 + 1;
                dump.requests.push(Request { n, ..request });
            }
        }
        dump
    }

    fn kinds(dump: &Dump) -> Vec<&'static str> {
        odd(dump).iter().map(|odd| odd.kind).collect()
    }

    const GOOD: &str = r#"{"operation":"get_customer","question":"1","found_us":100,"way":"at_once","end":"library","status":"ok",
        "source":"cache","ended_us":100,"collected_us":30000}"#;

    #[test]
    fn what_is_as_it_should_be_is_not_odd() {
        let asked = r#"{"operation":"get_customer","question":"2","found_us":100,"way":"asked","tried":1,"attempts":[
            {"operation":"get_customer","began_us":200,"ended_us":90000,"status":"ok","http":200}],"end":"library","status":"ok",
            "source":"network","http":200,"ended_us":90100,"collected_us":140000}"#;
        // Two steps of one operation are not a repetition.
        let two = r#"{"operation":"ensure_customer","question":"3","found_us":100,"way":"asked","tried":2,"attempts":[
            {"operation":"lookup_customer","began_us":200,"ended_us":90000,"status":"ok","http":404},
            {"operation":"create_customer","began_us":90000,"ended_us":190000,"status":"ok","http":200}],"end":"library","status":"ok",
            "source":"network","http":200,"ended_us":190100,"collected_us":240000}"#;
        assert_eq!(kinds(&dump("{}", &[(500, GOOD), (5, asked), (50, two)])), [""; 0]);
        assert_eq!(kinds(&Dump::default()), [""; 0]);
    }

    #[test]
    fn each_oddity_is_named() {
        let slow_queue = r#"{"found_us":100,"way":"asked","tried":1,"attempts":[{"began_us":700000,"ended_us":800000,"status":"ok"}],
            "end":"library","status":"ok","source":"network","ended_us":800000,"collected_us":810000}"#;
        let late = r#"{"found_us":200000,"way":"at_once","end":"library","status":"ok","source":"cache","ended_us":200000,"collected_us":200001}"#;
        let storm = r#"{"found_us":1,"way":"asked","tried":3,"attempts":[{"operation":"a","began_us":1,"ended_us":2,"status":"server","http":503},
            {"operation":"a","began_us":3,"ended_us":4,"status":"server","http":503},{"operation":"a","began_us":5,"ended_us":6,"status":"ok"}],
            "end":"library","status":"ok","source":"network","ended_us":7,"collected_us":8}"#;
        let polled = r#"{"found_us":1,"way":"at_once","end":"library","status":"ok","source":"cache","ended_us":2,"collected_us":900000}"#;
        let limited = r#"{"found_us":1,"way":"asked","tried":1,"attempts":[{"began_us":1,"ended_us":2,"status":"rate_limited","http":429}],
            "end":"library","status":"rate_limited","http":429,"source":"network","ended_us":3,"collected_us":4}"#;
        let unavailable = r#"{"found_us":1,"way":"at_once","end":"library","status":"unavailable","source":"network","ended_us":3,"collected_us":4}"#;
        let joined = r#"{"found_us":1,"way":"joined","joined":1,"question":"7","end":"library","status":"ok","source":"shared","ended_us":3,"collected_us":4}"#;
        let far = r#"{"found_us":1,"way":"asked","network":{"asked":1,"said":"go","said_us":80000},"end":"library","status":"ok",
            "source":"network","ended_us":80002,"collected_us":80004}"#;
        let silent = far.replace("\"go\"", "\"nothing\"");
        let timeout = r#"{"found_us":1,"way":"asked","tried":1,"attempts":[{"began_us":2}],"end":"library","status":"timeout","ended_us":900,"collected_us":900}"#;
        let slow_answer = r#"{"found_us":1,"way":"asked","tried":1,"attempts":[{"began_us":2,"ended_us":2000000,"status":"ok"}],"end":"library",
            "status":"ok","source":"network","ended_us":2000000,"collected_us":2000001}"#;
        let refused = r#"{"found_us":1,"way":"asked","end":"library","status":"forbidden","http":403,"ended_us":3,"collected_us":4}"#;
        let unresolved = r#"{"found_us":1,"way":"asked","end":"library","status":"resolve","http":0,"ended_us":3,"collected_us":4}"#;
        let unknown = r#"{"operation":"create_customer","found_us":1,"way":"asked","end":"library","status":"server","sent":"maybe","ended_us":3,"collected_us":4}"#;
        let repeated = r#"{"operation":"get_customer","question":"9","found_us":1,"way":"asked","end":"library","status":"ok","source":"network","ended_us":3,"collected_us":4}"#;
        let open = r#"{"operation":"get_customer","found_us":1,"way":"asked","deadline_us":1000,"tried":1,"attempts":[{"began_us":2}]}"#;
        for (kind, head, lines) in [
            ("slow_queue", "{}", vec![(3, slow_queue)]),
            ("found_late", "{}", vec![(3, late)]),
            ("retry_storm", "{}", vec![(3, storm)]),
            ("rare_polling", "{}", vec![(3, polled)]),
            ("rate_limited", "{}", vec![(1, limited)]),
            ("circuit_open", "{}", vec![(1, unavailable)]),
            ("circuit_open", r#"{"numbers":{"circuit_open":1}}"#, vec![]),
            ("many_joins", "{}", vec![(10, joined), (20, GOOD)]),
            ("slow_network", "{}", vec![(3, far)]),
            ("network_silent", "{}", vec![(1, silent.as_str())]),
            ("timeouts", "{}", vec![(1, timeout)]),
            ("slow_answers", "{}", vec![(3, slow_answer)]),
            ("credential_refused", "{}", vec![(1, refused)]),
            ("unreachable", "{}", vec![(1, unresolved)]),
            ("unknown_changes", "{}", vec![(1, unknown)]),
            ("repeated", "{}", vec![(10, repeated)]),
            ("queue_full", r#"{"numbers":{"rejected_full":2}}"#, vec![]),
            ("overdue", r#"{"now_us":5000000}"#, vec![(1, open)]),
        ] {
            let dump = dump(head, &lines);
            let found = odd(&dump);
            assert_eq!(kinds(&dump), [kind], "{found:#?}");
            assert!(!found[0].text.is_empty() && found[0].advice.ends_with('.'), "{found:#?}");
            assert!(found[0].requests.len() <= NAMED);
        }
    }

    #[test]
    fn a_slow_queue_is_explained() {
        let line = r#"{"found_us":100,"way":"asked","tried":1,"attempts":[{"began_us":700000,"ended_us":800000,"status":"ok"}],
            "end":"library","status":"ok","source":"network","ended_us":800000,"collected_us":810000}"#;
        let advice = |head: &str| odd(&dump(head, &[(10, line)])).remove(0).advice;
        assert!(
            advice(r#"{"settings":{"rate_per_second":12.5}}"#).contains("own rate holds them back (12.5")
        );
        assert!(
            advice(r#"{"settings":{"max_workers":2},"numbers":{"workers_busy":2}}"#)
                .contains("All 2 workers")
        );
        assert!(advice("{}").contains("Neither"));
    }

    #[test]
    fn hostile_numbers_are_survived() {
        let most = u64::MAX;
        let line = format!(
            r#"{{"submitted_us":{most},"found_us":{most},"way":"asked","tried":{most},"network":{{"asked":{most},"said_us":{most}}},
            "attempts":[{{"began_us":{most},"ended_us":0}},{{"began_us":0,"ended_us":{most}}}],"end":"library","status":"timeout","ended_us":{most}}}"#
        );
        let found = odd(&dump(&format!(r#"{{"now_us":{most}}}"#), &[(30, &line)]));
        assert!(!found.is_empty());
    }
}
