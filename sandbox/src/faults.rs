//! What the sandbox is told to do wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::rng::Rng;
use crate::routes::Operation;

// A day; clocks overflow on some platforms when they are asked for the end of the world.
const MAX_WINDOW_MS: u64 = 86_400_000;

/// The plan as it is written in JSON.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlanSpec {
    /// Added to every answer; when left out, what the command line says.
    pub latency_ms: Option<u64>,
    /// Up to this much more, at random.
    pub jitter_ms: u64,
    /// Accept everything and answer nothing.
    pub hang: bool,
    /// Whether a Steam id is enough to authenticate; when left out, what the command line says.
    pub trust_steam: Option<bool>,
    /// 429 beyond this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Looked through in order; the first that matches wins.
    pub rules: Vec<RuleSpec>,
}

/// A limit: this many requests in this long.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many pass in each window.
    pub requests: u64,
    /// How long a window is.
    pub per_ms: u64,
    /// The Retry-After header, verbatim; when left out, the rest of the window in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
}

/// One rule as it is written in JSON: when, and exactly one action.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSpec {
    /// An operation or `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Part of the target as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_contains: Option<String>,
    /// How often the rule applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How likely it applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Do the real thing before the action, instead of after or not at all.
    #[serde(skip_serializing_if = "is_false")]
    pub after_effect: bool,
    /// Action: wait, then go on as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Action: answer only once the plan changes.
    #[serde(skip_serializing_if = "is_false")]
    pub hang: bool,
    /// Action: reset the connection.
    #[serde(skip_serializing_if = "is_false")]
    pub reset: bool,
    /// Action: send half of the real answer, then reset the connection.
    #[serde(skip_serializing_if = "is_false")]
    pub reset_mid_body: bool,
    /// Action: close the connection in silence.
    #[serde(skip_serializing_if = "is_false")]
    pub close: bool,
    /// Action: answer as usual, then close without having announced it.
    #[serde(skip_serializing_if = "is_false")]
    pub close_after: bool,
    /// Action: answer this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub respond: Option<RespondSpec>,
}

/// A canned answer, or the real one dressed differently.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RespondSpec {
    /// The HTTP status; it may be left out where the body is the real one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Headers; `null` leaves out one that would be added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Option<String>>,
    /// Do the real thing and send its body.
    #[serde(default, skip_serializing_if = "is_false")]
    pub real_body: bool,
    /// The body as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The body as hexadecimal digits, for what is not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_hex: Option<String>,
    /// The body is sent this many times over, as one body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<u64>,
    /// Chunked instead of with a length.
    #[serde(default, skip_serializing_if = "is_false")]
    pub chunked: bool,
    /// The length to claim, true or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_length: Option<u64>,
    /// Neither a length nor chunks: the body ends with the connection.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_length: bool,
    /// One byte of the body each so many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drip_ms: Option<u64>,
    /// The head drips too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub drip_head: bool,
    /// What follows an answer that is sent by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
}

/// How a connection goes on after an answer that was sent by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// Closed.
    Close,
    /// Reset.
    Reset,
    /// Left open in silence until the plan changes or the client goes.
    Hang,
}

/// Bytes that hyper would not send, and what follows them. An ending with no bytes is a connection
/// that ends without an answer.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The status in the head, for the log.
    pub status: Option<StatusCode>,
    /// The head, with everything that leads up to the body.
    pub head: Vec<u8>,
    /// The body.
    pub body: Bytes,
    /// How often the body is sent.
    pub repeat: u64,
    /// A byte at a time.
    pub drip: Option<Duration>,
    /// The head drips too.
    pub drip_head: bool,
    /// What then.
    pub then: Then,
    /// The plan it comes from, which [`Then::Hang`] waits to be replaced.
    pub version: u64,
}

impl Ending {
    /// No answer at all.
    pub fn silent(then: Then) -> Self {
        Self {
            status: None,
            head: Vec::new(),
            body: Bytes::new(),
            repeat: 1,
            drip: None,
            drip_head: false,
            then,
            version: 0,
        }
    }
}

/// What a rule does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Wait, then go on.
    Delay(Duration),
    /// Wait for another plan.
    Hang,
    /// Half an answer, then a reset.
    ResetMidBody,
    /// The answer, then an unannounced close.
    CloseAfter,
    /// Another answer than the usual one.
    Respond(Canned),
    /// No answer, but an end.
    End(Then),
}

/// An answer that has been checked and waits for its request.
#[derive(Debug, Clone)]
pub struct Canned {
    status: Option<StatusCode>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether the headers settle the content type, or leave it out.
    typed: bool,
    /// None: the real one.
    body: Option<Bytes>,
    chunked: bool,
    by_hand: Option<ByHand>,
}

/// What hyper would not send.
#[derive(Debug, Clone)]
struct ByHand {
    length: Length,
    repeat: u64,
    drip: Option<Duration>,
    drip_head: bool,
    then: Then,
}

#[derive(Debug, Clone, Copy)]
enum Length {
    True,
    Claimed(u64),
    Unsaid,
}

impl Canned {
    /// Whether the real thing has to be done for its body.
    pub fn needs_the_real_answer(&self) -> bool {
        self.body.is_none()
    }

    /// The answer to one request: what hyper sends, or what it would not.
    pub fn fill(&self, real: Option<Answer>) -> Result<Answer, Ending> {
        let real = real.unwrap_or_else(|| Answer::empty(StatusCode::OK));
        let mut answer = Answer {
            status: self.status.unwrap_or(real.status),
            headers: self.headers.clone(),
            body: self.body.clone().unwrap_or(real.body),
            chunked: self.chunked,
        };
        if !self.typed && !answer.body.is_empty() {
            answer = answer.with(CONTENT_TYPE, "application/json");
        }
        let Some(by_hand) = &self.by_hand else {
            return Ok(answer);
        };
        Err(Ending {
            status: Some(answer.status),
            head: answer.raw_head(match by_hand.length {
                Length::True => Some((answer.body.len() as u64).saturating_mul(by_hand.repeat)),
                Length::Claimed(length) => Some(length),
                Length::Unsaid => None,
            }),
            body: answer.body,
            repeat: by_hand.repeat,
            drip: by_hand.drip,
            drip_head: by_hand.drip_head,
            ..Ending::silent(by_hand.then)
        })
    }
}

#[derive(Debug)]
struct Rule {
    spec: RuleSpec,
    left: AtomicU64,
    action: Action,
}

/// A plan that has been checked.
#[derive(Debug)]
pub struct Plan {
    spec: PlanSpec,
    rules: Vec<Rule>,
    window: Mutex<Option<(Instant, u64)>>,
    /// Fixed part of the latency.
    pub latency: Duration,
    /// Whether a Steam id is enough to authenticate.
    pub trust_steam: bool,
    /// Counts plans, so that one can wait for the next.
    pub version: u64,
}

/// What a plan falls back to where it says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// `--latency-ms`.
    pub latency_ms: u64,
    /// `--trust-steam`.
    pub trust_steam: bool,
}

impl Plan {
    fn build(spec: PlanSpec, defaults: Defaults, version: u64) -> Result<Self, String> {
        let rules = spec
            .rules
            .iter()
            .enumerate()
            .map(|(at, rule)| {
                Ok(Rule {
                    left: AtomicU64::new(rule.times.unwrap_or(u64::MAX)),
                    action: action(rule).map_err(|why| format!("rules[{at}]: {why}"))?,
                    spec: rule.clone(),
                })
            })
            .collect::<Result<Vec<_>, String>>()?;
        if let Some(limit) = &spec.rate_limit
            && !(1..=MAX_WINDOW_MS).contains(&limit.per_ms)
        {
            return Err(format!("rate_limit.per_ms must lie between 1 and {MAX_WINDOW_MS}"));
        }
        if let Some(text) = spec.rate_limit.as_ref().and_then(|l| l.retry_after.as_ref()) {
            HeaderValue::from_str(text).map_err(|_| "rate_limit.retry_after is not a header value")?;
        }
        Ok(Self {
            latency: Duration::from_millis(spec.latency_ms.unwrap_or(defaults.latency_ms)),
            trust_steam: spec.trust_steam.unwrap_or(defaults.trust_steam),
            window: Mutex::new(None),
            spec,
            rules,
            version,
        })
    }

    /// The plan as JSON would write it now, with what is left of each rule.
    pub fn as_spec(&self) -> PlanSpec {
        let mut spec = self.spec.clone();
        spec.latency_ms = Some(self.latency.as_millis() as u64);
        spec.trust_steam = Some(self.trust_steam);
        for (written, live) in spec.rules.iter_mut().zip(&self.rules) {
            if written.times.is_some() {
                written.times = Some(live.left.load(Ordering::Relaxed));
            }
        }
        spec
    }

    /// The rule for a request: its action, and whether the real effect comes first.
    pub fn pick(&self, operation: Operation, target: &str, rng: &Rng) -> Option<(&Action, bool)> {
        let rule = self.rules.iter().find(|rule| {
            let spec = &rule.spec;
            let operation_matches = match spec.operation.as_deref() {
                None | Some("*") => true,
                Some(name) => name == operation.name(),
            };
            operation_matches
                && spec.target_contains.as_ref().is_none_or(|part| target.contains(part.as_str()))
                && rule.left.load(Ordering::Relaxed) > 0
                && spec.probability.is_none_or(|p| rng.chance(p))
                && rule.take()
        })?;
        Some((&rule.action, rule.spec.after_effect))
    }

    /// Latency for one request.
    pub fn latency(&self, rng: &Rng) -> Duration {
        if self.spec.jitter_ms == 0 {
            return self.latency;
        }
        self.latency + Duration::from_micros(rng.up_to(self.spec.jitter_ms.saturating_mul(1_000)))
    }

    /// The value of Retry-After, when a request is one too many.
    pub fn over_limit(&self) -> Option<HeaderValue> {
        let limit = self.spec.rate_limit.as_ref()?;
        let length = Duration::from_millis(limit.per_ms);
        let now = Instant::now();
        let mut window = self.window.lock().expect("no holder panics");
        let (since, used) = match *window {
            Some((since, used)) if now < since + length => (since, used),
            _ => (now, 0),
        };
        *window = Some((since, used + 1));
        if used < limit.requests {
            return None;
        }
        let text = limit.retry_after.clone().unwrap_or_else(|| {
            let left = (since + length).saturating_duration_since(now);
            left.as_secs_f64().ceil().to_string()
        });
        HeaderValue::from_str(&text).ok()
    }
}

impl Rule {
    fn take(&self) -> bool {
        if self.spec.times.is_none() {
            return true;
        }
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// The plan in force, and all that wait for it to change.
#[derive(Debug)]
pub struct Faults {
    defaults: Defaults,
    plan: RwLock<Arc<Plan>>,
    state: watch::Sender<Gate>,
}

#[derive(Debug, Clone, Copy)]
struct Gate {
    version: u64,
    hang: bool,
    hang_until: Option<Instant>,
}

impl Faults {
    /// No faults but the defaults.
    pub fn new(defaults: Defaults) -> Self {
        let plan = Plan::build(PlanSpec::default(), defaults, 0).expect("an empty plan is valid");
        let (state, _) = watch::channel(Gate { version: 0, hang: false, hang_until: None });
        Self { defaults, plan: RwLock::new(Arc::new(plan)), state }
    }

    /// The plan in force.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan.read().expect("no holder panics").clone()
    }

    /// Puts another plan in force, and releases what the old one held.
    pub fn replace(&self, spec: PlanSpec) -> Result<(), String> {
        let mut plan = self.plan.write().expect("no holder panics");
        let next = Plan::build(spec, self.defaults, plan.version + 1)?;
        let (version, hang) = (next.version, next.spec.hang);
        *plan = Arc::new(next);
        self.state.send_modify(|gate| {
            gate.version = version;
            gate.hang = hang;
        });
        Ok(())
    }

    /// No faults, and no hang window either.
    pub fn clear(&self) {
        self.state.send_modify(|gate| gate.hang_until = None);
        self.replace(PlanSpec::default()).expect("an empty plan is valid");
    }

    /// Opens a window in which nothing is answered.
    pub fn hang_for(&self, ms: u64) -> Result<(), String> {
        if ms > MAX_WINDOW_MS {
            return Err(format!("for_ms must not be above {MAX_WINDOW_MS}"));
        }
        let until = Instant::now() + Duration::from_millis(ms);
        self.state.send_modify(|gate| gate.hang_until = Some(until));
        Ok(())
    }

    /// Returns once nothing hangs.
    pub async fn gate(&self) {
        let gate = *self.state.borrow();
        // A window that is over must not make every later request subscribe.
        if !gate.hang && gate.hang_until.is_none_or(|until| until <= Instant::now()) {
            return;
        }
        let mut changes = self.state.subscribe();
        loop {
            let gate = *changes.borrow_and_update();
            let left = gate.hang_until.filter(|until| *until > Instant::now());
            if gate.hang {
                let _ = changes.changed().await;
            } else if let Some(until) = left {
                // Either the window ends or somebody changes it.
                let _ = tokio::time::timeout_at(until, changes.changed()).await;
            } else {
                return;
            }
        }
    }

    /// Returns once another plan than the given version is in force.
    pub async fn changed_since(&self, version: u64) {
        let mut changes = self.state.subscribe();
        let _ = changes.wait_for(|gate| gate.version != version).await;
    }
}

fn action(spec: &RuleSpec) -> Result<Action, String> {
    if let Some(name) = spec.operation.as_deref()
        && name != "*"
        && !Operation::NAMES.contains(&name)
    {
        return Err(format!("there is no operation {name:?}"));
    }
    if spec.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
        return Err("probability must lie between 0 and 1".to_owned());
    }
    let mut actions = Vec::new();
    if let Some(ms) = spec.delay_ms {
        actions.push(Action::Delay(Duration::from_millis(ms)));
    }
    if spec.hang {
        actions.push(Action::Hang);
    }
    if spec.reset {
        actions.push(Action::End(Then::Reset));
    }
    if spec.close {
        actions.push(Action::End(Then::Close));
    }
    if spec.reset_mid_body {
        actions.push(Action::ResetMidBody);
    }
    if spec.close_after {
        actions.push(Action::CloseAfter);
    }
    if let Some(canned) = &spec.respond {
        actions.push(respond(canned)?);
    }
    match <[Action; 1]>::try_from(actions) {
        Ok([only]) => Ok(only),
        Err(many) => Err(format!(
            "a rule takes exactly one of delay_ms, hang, reset, reset_mid_body, close, close_after, \
             respond; this one has {}",
            many.len()
        )),
    }
}

fn respond(spec: &RespondSpec) -> Result<Action, String> {
    let status = match spec.status {
        Some(number) => Some(
            StatusCode::from_u16(number)
                .ok()
                .filter(|status| status.as_u16() >= 200)
                .ok_or("respond.status must be between 200 and 999")?,
        ),
        None if spec.real_body => None,
        None => return Err("respond.status is required, except with real_body".to_owned()),
    };
    let sources = [spec.real_body, !spec.body.is_empty(), spec.body_hex.is_some()];
    if sources.iter().filter(|given| **given).count() > 1 {
        return Err("give one of body, body_hex and real_body".to_owned());
    }
    let body: Option<Bytes> = match &spec.body_hex {
        _ if spec.real_body => None,
        Some(digits) => Some(unhex(digits).ok_or("body_hex must be pairs of hexadecimal digits")?.into()),
        None => Some(spec.body.clone().into()),
    };
    let mut headers = Vec::new();
    let mut typed = false;
    let mut framed = false;
    for (name, value) in &spec.headers {
        let name =
            HeaderName::try_from(name.as_str()).map_err(|_| format!("{name:?} is not a header name"))?;
        if name == CONTENT_LENGTH {
            return Err("say content_length or no_length instead of naming the header".to_owned());
        }
        typed |= name == CONTENT_TYPE;
        if let Some(value) = value {
            framed |= name == TRANSFER_ENCODING;
            let value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| format!("the value of {name} cannot stand in a header"))?;
            headers.push((name, value));
        }
    }
    let repeat = spec.repeat.unwrap_or(1);
    if repeat != 1 && body.as_ref().is_some_and(Bytes::is_empty) {
        return Err("there is no body to repeat".to_owned());
    }
    if spec.drip_head && spec.drip_ms.is_none() {
        return Err("drip_head takes drip_ms".to_owned());
    }
    let length = match (spec.content_length, spec.no_length, framed) {
        (None, false, false) => Length::True,
        (Some(length), false, _) => Length::Claimed(length),
        (None, ..) => Length::Unsaid,
        (Some(_), true, _) => return Err("give either content_length or no_length".to_owned()),
    };
    let by_hand =
        !matches!(length, Length::True) || spec.drip_ms.is_some() || spec.then.is_some() || repeat != 1;
    if by_hand && spec.chunked {
        return Err("chunked cannot be combined with content_length, no_length, drip_ms, repeat, then or a \
             transfer-encoding"
            .to_owned());
    }
    Ok(Action::Respond(Canned {
        status,
        headers,
        typed,
        body,
        chunked: spec.chunked,
        by_hand: by_hand.then(|| ByHand {
            length,
            repeat,
            drip: spec.drip_ms.map(Duration::from_millis),
            drip_head: spec.drip_head,
            then: spec.then.unwrap_or(Then::Close),
        }),
    }))
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Defaults = Defaults { latency_ms: 3, trust_steam: true };

    fn plan(json: &str) -> Result<Plan, String> {
        let spec = serde_json::from_str(json).map_err(|e| e.to_string())?;
        Plan::build(spec, DEFAULTS, 1)
    }

    #[test]
    fn the_first_matching_rule_wins_and_counts_down() {
        let plan = plan(
            r#"{"rules":[
                {"operation":"lookup_customer","times":2,"reset":true},
                {"operation":"*","target_contains":"steam_id","delay_ms":5}
            ]}"#,
        )
        .unwrap();
        let rng = Rng::new(1);
        let pick = |target| plan.pick(Operation::LookupCustomer, target, &rng);
        assert!(matches!(pick("?steam_id=1"), Some((Action::End(_), false))));
        assert!(matches!(pick("?steam_id=1"), Some((Action::End(_), false))));
        assert!(matches!(pick("?steam_id=1"), Some((Action::Delay(_), false))));
        assert!(pick("?name=x").is_none());
        assert_eq!(plan.as_spec().rules[0].times, Some(0));
        assert!(plan.pick(Operation::GetCustomer, "/x", &rng).is_none());
    }

    #[test]
    fn what_is_left_out_falls_back() {
        let plan = plan("{}").unwrap();
        assert_eq!(plan.latency, Duration::from_millis(3));
        assert!(plan.trust_steam);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            r#"{"latency":1}"#,
            r#"{"rules":[{}]}"#,
            r#"{"rules":[{"reset":true,"close":true}]}"#,
            r#"{"rules":[{"operation":"nope","reset":true}]}"#,
            r#"{"rules":[{"probability":2,"reset":true}]}"#,
            r#"{"rules":[{"respond":{"status":99}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"headers":{"a b":"c"}}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"headers":{"a":"c\r\nd: e"}}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"body_hex":"abc"}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"chunked":true,"drip_ms":1}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"headers":{"content-length":"5"}}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"repeat":1000000000000}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"body":"x","body_hex":"00"}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"body":"x","real_body":true}}]}"#,
            r#"{"rules":[{"respond":{"body":"x"}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"content_length":1,"no_length":true}}]}"#,
            r#"{"rules":[{"respond":{"status":200,"drip_head":true}}]}"#,
            r#"{"rate_limit":{"requests":1,"per_ms":18446744073709551615}}"#,
            r#"{"rate_limit":{"requests":1,"per_ms":0}}"#,
        ] {
            assert!(plan(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_lie_about_the_length_is_kept() {
        let plan = plan(r#"{"rules":[{"respond":{"status":200,"body":"{}","content_length":9}}]}"#);
        let Action::Respond(canned) = &plan.unwrap().rules[0].action else {
            panic!("expected an answer");
        };
        let ending = canned.fill(None).unwrap_err();
        let head = String::from_utf8(ending.head.clone()).unwrap();
        assert_eq!(head, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n");
    }
}
