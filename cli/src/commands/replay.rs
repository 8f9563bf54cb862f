//! `pnb replay`: the rhythm of a dump once more, against the sandbox.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use paynow_bridge::{
    Authentication, AuthenticationPlatform, BULK_LIMIT, Call, Client, ClientBuilder, Completion,
    CustomerFields, Field, ListCustomers, LookupKey, Player, Priority, RawAuth, RawRequest, RequestId,
    Source, SubmitError,
};
use serde::Serialize;
use serde_json::Value;
use ureq::http::{Method, Uri};

use super::Context;
use crate::dump::{self, Dump, End, Group, Head, Request, Way};
use crate::exit::Failure;
use crate::session::Session;
use crate::settings::variable;
use crate::{http, interrupt};

const DEFAULT: &str = "http://127.0.0.1:8787";
/// The sandbox's own, which its README shows: no key of a store is sent anywhere.
const STORE_ID: &str = "411486491630370816";
const API_KEY: &str = "pnapi_sandbox_4f8a1c2e9b7d";
/// A gift card of the sandbox.
const GIFT_CARD: &str = "GIFT-2500-ALEX";
/// As many as a client's recorder keeps.
const MOST: usize = 1_024;
/// Differences that are listed for people.
const LISTED: usize = 40;
/// Less than this is the machine's mood.
const SAME_TIME: u64 = 100_000;

/// Play the rhythm and the repeats of a dump against the sandbox, and see what differs
///
/// Every question gets an invented player: the same question the same player. Players that PayNow knew are made in the sandbox
/// first, and stay there. The real API is never asked, and no key of yours is sent.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb sandbox start
  pnb replay dump.jsonl --speed 10
  pnb sandbox plan --latency-ms 300 && pnb replay dump.jsonl
  pnb sandbox reset

The client is set as the one of the dump was, without its network of servers. With --speed, its rate and the times of its cache
change as much as the rhythm; deadlines stay.")]
pub struct Args {
    /// The dump; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the sandbox is, on this machine [default: PAYNOW_API_BASE, or http://127.0.0.1:8787]
    #[arg(long, value_name = "URL")]
    at: Option<String>,
    /// So many times as fast: 0.01 to 10000
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    speed: f64,
}

/// Both times, for programs.
#[derive(Serialize)]
struct Report<'a> {
    base: &'a str,
    speed: f64,
    took_us: u64,
    played: usize,
    /// Operations of a later library.
    left_out: usize,
    then: Vec<Group>,
    now: Vec<Group>,
    different: Vec<Different<'a>>,
}

/// A request that went otherwise.
#[derive(Serialize)]
struct Different<'a> {
    n: u64,
    operation: &'a str,
    then: Ending<'a>,
    now: Ending<'a>,
}

/// How it ended.
#[derive(Serialize, PartialEq)]
struct Ending<'a> {
    outcome: String,
    decided_by: &'a str,
    attempts: u64,
    ended_us: Option<u64>,
}

/// What stands for a question.
struct Invented {
    name: String,
    uuid: String,
    /// Whether PayNow knew it.
    is_known: bool,
    id: String,
    /// Of those that are asked with one.
    token: String,
    wants_token: bool,
}

type Question<'a> = (&'a str, &'a str);

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    if !(0.01..=10_000.0).contains(&args.speed) {
        return Err(Failure::usage("--speed: must be between 0.01 and 10000"));
    }
    let base = base(args.at.as_deref(), context)?;
    let mut dump = dump::load(&args.file)?;
    // In the order in which they were submitted; what is older than a client keeps cannot be compared.
    dump.requests.sort_by_key(|request| (request.submitted_us, request.n));
    dump.requests.drain(..dump.requests.len().saturating_sub(MOST));
    if dump.requests.is_empty() {
        return Err(Failure::Usage(format!("{}: holds no requests", args.file.display())));
    }
    expect_sandbox(&base)?;
    let mut invented = invent(&dump);
    prepare(&base, &mut invented)?;
    let client = settings(&dump.head, &base, args.speed).build()?;
    let first = dump.requests[0].submitted_us;
    let last = dump.requests.last().map_or(first, |request| request.submitted_us);
    let span = Duration::from_micros(last - first).div_f64(args.speed);
    let count = dump.requests.len();
    if !context.output.is_json() {
        context.output.note(&format!("{count} requests within {} ...", dump::time(micros(span))));
    }
    let began = Instant::now();
    let now = play(&client, &dump, &invented, args.speed)?;
    let took_us = micros(began.elapsed());
    client.shutdown();

    let played = now.iter().flatten().count();
    let different = different(&dump, &now);
    let comparable = |of: &Request| of.end == Some(End::Library);
    let pairs = || dump.requests.iter().zip(&now).filter(|(then, now)| now.is_some() && comparable(then));
    let then: Vec<_> = pairs().map(|(then, _)| then).collect();
    let now: Vec<_> = pairs().filter_map(|(_, now)| now.as_ref()).collect();
    let (then, now) = (dump::summary(&then), dump::summary(&now));
    let left_out = count - played;
    let output = context.output;
    if output.is_json() {
        return output.json(&Report {
            base: &base,
            speed: args.speed,
            took_us,
            played,
            left_out,
            then,
            now,
            different,
        });
    }
    output.line(&format!(
        "{played} requests were played against {base} in {}, {} times as fast.",
        dump::time(took_us),
        args.speed
    ))?;
    if left_out > 0 {
        output.line(&format!("{left_out} were left out: their operations are those of another version."))?;
    }
    output.line("")?;
    let header = [
        "operation",
        "outcome",
        "",
        "requests",
        "at once",
        "joined",
        "attempts",
        "median",
        "95 %",
        "longest",
    ];
    output.table(&header, &side_by_side(&then, &now), "Nothing that ended by itself can be compared.")?;
    output.line("")?;
    if different.is_empty() {
        return output.line("Each of them went as it did then.");
    }
    output.line(&format!("{} went otherwise:", different.len()))?;
    let rows: Vec<_> = different.iter().take(LISTED).map(Different::row).collect();
    output.table(&["#", "operation", "then", "now"], &rows, "")?;
    if different.len() > LISTED {
        output.line(&format!("... and {} more; --json lists all.", different.len() - LISTED))?;
    }
    Ok(())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The sandbox's address, which is on this machine.
fn base(given: Option<&str>, context: &Context) -> Result<String, Failure> {
    let named = match given.map(str::to_owned).or_else(|| context.flags.api_base.clone()) {
        Some(base) => Some(base),
        None => variable("PAYNOW_API_BASE")?,
    };
    let named = named.unwrap_or_else(|| DEFAULT.to_owned());
    loopback(&named).ok_or_else(|| {
        Failure::Usage(format!(
            "{named}: a replay goes only to a sandbox on this machine, like {DEFAULT} (--at); the real API is never asked"
        ))
    })
}

/// The address with nothing in it but a loopback host and a port. A name could stand for anything, so none is asked for.
fn loopback(base: &str) -> Option<String> {
    let uri: Uri = base.parse().ok()?;
    let authority = uri.authority()?;
    let is_plain = uri.scheme_str() == Some("http")
        && !authority.as_str().contains('@')
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none();
    let host =
        if authority.host().eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { authority.host() };
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address: IpAddr = literal.parse().ok().filter(IpAddr::is_loopback)?;
    let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    is_plain.then(|| {
        authority.port_u16().map_or(format!("http://{host}"), |port| format!("http://{host}:{port}"))
    })
}

fn admin(base: &str, method: &Method, path: &str, body: Option<&str>) -> Result<Value, Failure> {
    let answer = http::ask(method, &format!("{base}/_sandbox/{path}"), body)?;
    let unknown = || Failure::Unreachable(format!("{base}: what answers there is not the sandbox"));
    if !(200..300).contains(&answer.status) {
        return Err(unknown());
    }
    if answer.body.is_empty() {
        Ok(Value::Null)
    } else {
        serde_json::from_str(&answer.body).map_err(|_| unknown())
    }
}

/// Nothing is sent to anything else that listens there.
fn expect_sandbox(base: &str) -> Result<(), Failure> {
    let stats = admin(base, &Method::GET, "stats", None)?;
    if stats["creates_effective"].is_u64() {
        return Ok(());
    }
    Err(Failure::Unreachable(format!("{base}: what answers there is not the sandbox")))
}

/// A player for each question.
fn invent(dump: &Dump) -> BTreeMap<Question<'_>, Invented> {
    // Other names than those of an earlier replay, which are still in the sandbox.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let nonce = (now.as_nanos() as u32 ^ std::process::id().rotate_left(16)) & 0x0fff_ffff;
    let mut invented = BTreeMap::new();
    for request in &dump.requests {
        let place = invented.len();
        let one =
            invented.entry((request.operation.as_str(), request.question.as_str())).or_insert_with(|| {
                Invented {
                    name: format!("R{nonce:07x}_{place:x}"),
                    uuid: format!("1{nonce:07x}-0000-4000-8000-{place:012x}"),
                    is_known: false,
                    id: format!("4{nonce:09}{place:06}"),
                    token: format!("pnct_invented_{nonce:07x}_{place}"),
                    wants_token: false,
                }
            });
        one.is_known |= was_known(request);
        let has_token = ["get_current_customer", "lookup_giftcard"].contains(&request.operation.as_str());
        one.wants_token |= has_token && request.status.as_deref() != Some("unauthorized");
    }
    invented
}

/// Whether PayNow knew what was asked about, as far as the dump tells.
fn was_known(request: &Request) -> bool {
    let first =
        request.attempts.iter().find_map(|attempt| attempt.http.filter(|http| *http != 0)).or(request.http);
    if ["create_customer", "bulk_create_customers"].contains(&request.operation.as_str()) {
        return first == Some(409);
    }
    first == Some(200) || first == Some(204)
}

/// Makes the players that were known. What the sandbox was told to do wrong waits meanwhile.
fn prepare(base: &str, invented: &mut BTreeMap<Question<'_>, Invented>) -> Result<(), Failure> {
    let plan = admin(base, &Method::GET, "faults", None)?;
    admin(base, &Method::DELETE, "faults", None)?;
    let made = make(base, invented);
    let restored = admin(base, &Method::PUT, "faults", Some(&plan.to_string()));
    made.and(restored.map(drop))
}

fn make(base: &str, invented: &mut BTreeMap<Question<'_>, Invented>) -> Result<(), Failure> {
    let session = Session::open(builder(base))?;
    let mut known: Vec<_> = invented.values_mut().filter(|one| one.is_known || one.wants_token).collect();
    for some in known.chunks_mut(BULK_LIMIT) {
        let fields: Vec<_> = some.iter().map(|one| one.fields()).collect();
        let ids = session.change(
            |client, call| client.bulk_create_customers(&fields, call),
            |done| done.customers().iter().map(|customer| customer.id.to_string()).collect::<Vec<_>>(),
        )?;
        drop(fields);
        for (one, id) in some.iter_mut().zip(ids) {
            one.id = id;
            if one.wants_token {
                let minted = session.change(
                    |client, call| client.create_customer_token(&one.id, call),
                    |done| done.token().map(|token| token.expose().to_string()),
                )?;
                one.token = minted.unwrap_or_default();
            }
        }
    }
    Ok(())
}

impl Invented {
    fn fields(&self) -> CustomerFields<'_> {
        CustomerFields {
            minecraft_uuid: Field::Value(&self.uuid),
            name: Field::Value(&self.name),
            ..CustomerFields::default()
        }
    }

    /// Submits what the question stands for; none for an operation that is not known.
    fn submit(
        &self,
        client: &Client,
        operation: &str,
        call: &Call,
    ) -> Option<Result<RequestId, SubmitError>> {
        Some(match operation {
            "lookup_customer" => client.lookup_customer(LookupKey::MinecraftJavaName(&self.name), call),
            "get_customer" => client.get_customer(&self.id, call),
            "list_customers" => client.list_customers(
                &ListCustomers { search: Some(&self.name), ..ListCustomers::default() },
                call,
            ),
            "create_customer" => client.create_customer(&self.fields(), call),
            "update_customer" => {
                let metadata = [("replayed", self.name.as_str())];
                let fields =
                    CustomerFields { metadata: Field::Value(&metadata), ..CustomerFields::default() };
                client.update_customer(&self.id, &fields, call)
            }
            "bulk_create_customers" => client.bulk_create_customers(&[self.fields()], call),
            "create_customer_token" => client.create_customer_token(&self.id, call),
            "invalidate_customer_tokens" => client.invalidate_customer_tokens(&self.id, call),
            "authenticate_customer" => {
                let authentication = Authentication {
                    platform: AuthenticationPlatform::MinecraftJavaName,
                    id: &self.name,
                    customer_ip: "192.0.2.1",
                    customer_countrycode: None,
                };
                client.authenticate_customer(&authentication, call)
            }
            "get_current_customer" => client.get_current_customer(&self.token, call),
            "lookup_giftcard" => {
                client.lookup_giftcard(&self.token, if self.is_known { GIFT_CARD } else { &self.name }, call)
            }
            "request" => {
                let path = format!("/v1/stores/{{store_id}}/customers?search={}", self.name);
                let request = RawRequest { method: "GET", path: &path, json: None, auth: RawAuth::ApiKey };
                client.request(&request, call)
            }
            "ensure_customer" => client.ensure_customer(&self.player(), call),
            "token_for" => client.token_for(&self.player(), call),
            _ => return None,
        })
    }

    fn player(&self) -> Player<'_> {
        Player { name: Some(&self.name), ..Player::default() }
    }
}

fn builder(base: &str) -> ClientBuilder {
    // Without a proxy: it is on this machine.
    Client::builder(STORE_ID).api_key(API_KEY).api_base(base).proxy("").user_agent("pnb-replay")
}

/// A client that is set as the one of the dump was, where that can be.
fn settings(head: &Head, base: &str, speed: f64) -> ClientBuilder {
    let mut builder = builder(base);
    let number = |name: &str, least: f64, most: f64| head.setting(name).map(|value| value.clamp(least, most));
    let milliseconds =
        |name: &str| number(name, 0.0, 86_400_000.0).map(|ms| Duration::from_secs_f64(ms / 1_000.0));
    if let Some(deadline) = milliseconds("deadline_ms").filter(|deadline| !deadline.is_zero()) {
        builder = builder.deadline(deadline);
    }
    if let Some(timeout) = milliseconds("connect_timeout_ms").filter(|timeout| !timeout.is_zero()) {
        builder = builder.connect_timeout(timeout);
    }
    if let Some(requests) = number("max_outstanding", 1.0, 10_000.0) {
        builder = builder.max_outstanding(requests as u32);
    }
    if let Some(workers) = number("max_workers", 1.0, 256.0) {
        builder = builder.max_workers(workers as u32).warm_connections(1);
    }
    if let Some(attempts) = number("max_attempts", 1.0, 100.0) {
        builder = builder.max_attempts(attempts as u32);
    }
    if let Some(base) = milliseconds("retry_base_ms") {
        builder = builder.retry_base(base);
    }
    if let Some(failures) = number("circuit_threshold", 0.0, f64::from(u32::MAX)) {
        builder = builder.circuit_threshold(failures as u32);
    }
    if let Some(ttl) = milliseconds("cache_ttl_ms") {
        builder = builder.cache_ttl(ttl.div_f64(speed));
    }
    if let Some(ttl) = milliseconds("cache_negative_ttl_ms") {
        builder = builder.cache_negative_ttl(ttl.div_f64(speed));
    }
    if let Some(age) = milliseconds("cache_stale_ms") {
        builder = builder.cache_stale(age.div_f64(speed));
    }
    if let Some(bytes) = number("cache_bytes", 0.0, 64.0 * 1024.0 * 1024.0) {
        builder = builder.cache_bytes(bytes as u64);
    }
    let rate = number("rate_per_second", 0.0, 1e6).filter(|rate| *rate > 0.0);
    if let Some(rate) = rate {
        let burst = number("rate_burst", 0.0, 1e6).unwrap_or_default();
        builder = builder.rate_limit(rate * speed, burst as u32);
    }
    builder
}

/// Submits in the rhythm of the dump and collects meanwhile. What was not played has no end.
fn play(
    client: &Client,
    dump: &Dump,
    invented: &BTreeMap<Question<'_>, Invented>,
    speed: f64,
) -> Result<Vec<Option<Request>>, Failure> {
    let first = dump.requests[0].submitted_us;
    let start = Instant::now();
    let mut ended = vec![None; dump.requests.len()];
    let mut under_way: HashMap<RequestId, (usize, Instant)> = HashMap::new();
    let mut next = 0;
    while next < dump.requests.len() || !under_way.is_empty() {
        if interrupt::was_asked() {
            return Err(Failure::Interrupted(format!(
                "Interrupted after {next} of {} requests. With a higher --speed it takes less time.",
                dump.requests.len()
            )));
        }
        let mut wait = interrupt::STEP;
        if let Some(request) = dump.requests.get(next) {
            let due = Duration::from_micros(request.submitted_us - first).div_f64(speed);
            let left = due.saturating_sub(start.elapsed());
            if left.is_zero() {
                let call = Call {
                    deadline: request.deadline_us.map(deadline),
                    priority: match request.priority.as_str() {
                        "background" => Priority::Background,
                        _ => Priority::Interactive,
                    },
                    ..Call::default()
                };
                let player = &invented[&(request.operation.as_str(), request.question.as_str())];
                let at = Instant::now();
                match player.submit(client, &request.operation, &call) {
                    None => {}
                    Some(Ok(id)) => drop(under_way.insert(id, (next, at))),
                    Some(Err(error)) => ended[next] = Some(refused(request, error)),
                }
                next += 1;
                continue;
            }
            wait = wait.min(left);
        }
        let done = client.next(wait).map_err(|error| Failure::Machine(error.to_string()))?;
        if let Some(done) = done
            && let Some((place, at)) = under_way.remove(&done.id())
        {
            ended[place] = Some(seen(&dump.requests[place], &done, at.elapsed()));
        }
    }
    Ok(ended)
}

/// Between the shortest and the longest that are taken.
fn deadline(microseconds: u64) -> Duration {
    Duration::from_micros(microseconds.clamp(1_000, 86_400_000_000))
}

/// A request as the dump would tell of it.
fn seen(request: &Request, done: &Completion<'_>, took: Duration) -> Request {
    let (source, way) = match done.source() {
        Source::Network => ("network", Way::Asked),
        Source::Shared => ("shared", Way::Joined),
        Source::Cache => ("cache", Way::AtOnce),
        Source::StaleCache => ("stale_cache", Way::Asked),
        Source::OtherServer => ("other_server", Way::Asked),
    };
    Request {
        n: request.n,
        operation: request.operation.clone(),
        way,
        // Those of the request that was asked are told there.
        tried: if way == Way::Joined { 0 } else { done.attempts().into() },
        end: Some(End::Library),
        status: Some(done.status().as_str().to_owned()),
        http: Some(done.http_status()),
        source: Some(source.to_owned()),
        ended_us: Some(micros(took)),
        ..Request::default()
    }
}

fn refused(request: &Request, error: SubmitError) -> Request {
    let status = match error {
        SubmitError::QueueFull => "queue_full",
        _ => "refused",
    };
    Request {
        n: request.n,
        operation: request.operation.clone(),
        end: Some(End::Library),
        status: Some(status.to_owned()),
        ended_us: Some(0),
        ..Request::default()
    }
}

/// Those that ended otherwise, from elsewhere, after more attempts or in another time.
fn different<'a>(dump: &'a Dump, now: &[Option<Request>]) -> Vec<Different<'a>> {
    let pairs = dump.requests.iter().zip(now);
    pairs
        .filter_map(|(then, now)| {
            let now = now.as_ref().filter(|_| then.end == Some(End::Library))?;
            let (before, after) = (end(then), end(now));
            let times = before.ended_us.zip(after.ended_us);
            let is_late = times.is_some_and(|(one, other)| {
                let (less, more) = (one.min(other), one.max(other));
                more - less > SAME_TIME && more / 2 > less
            });
            let is_same = before.outcome == after.outcome
                && before.decided_by == after.decided_by
                && before.attempts == after.attempts;
            (!is_same || is_late).then_some(Different {
                n: then.n,
                operation: &then.operation,
                then: before,
                now: after,
            })
        })
        .collect()
}

fn end(request: &Request) -> Ending<'static> {
    Ending {
        outcome: dump::outcome(request),
        decided_by: dump::decided(request),
        attempts: request.tried,
        ended_us: request.ended_us,
    }
}

impl Different<'_> {
    fn row(&self) -> Vec<String> {
        let say = |end: &Ending<'_>| {
            let after =
                end.ended_us.map_or_else(String::new, |ended| format!(" after {}", dump::time(ended)));
            let attempts =
                if end.attempts == 1 { "1 attempt".to_owned() } else { format!("{} attempts", end.attempts) };
            format!("{} from {}{after}, {attempts}", end.outcome, dump::decider(end.decided_by))
        };
        vec![self.n.to_string(), self.operation.to_owned(), say(&self.then), say(&self.now)]
    }
}

/// What there was then and what there is now, one below the other.
fn side_by_side(then: &[Group], now: &[Group]) -> Vec<Vec<String>> {
    let mut pairs: BTreeMap<(&str, &str), [Option<&Group>; 2]> = BTreeMap::new();
    for (place, groups) in [then, now].into_iter().enumerate() {
        for group in groups {
            pairs.entry((&group.operation, &group.outcome)).or_default()[place] = Some(group);
        }
    }
    let mut rows = Vec::new();
    for ((operation, outcome), both) in pairs {
        for (place, (when, group)) in ["then", "now"].into_iter().zip(both).enumerate() {
            let time =
                |read: fn(&Group) -> Option<u64>| group.and_then(read).map(dump::time).unwrap_or_default();
            let count = |read: fn(&Group) -> u64| group.map_or(0, read).to_string();
            let name = |text: &str| if place == 0 { text.to_owned() } else { String::new() };
            rows.push(vec![
                name(operation),
                name(outcome),
                when.to_owned(),
                count(|group| group.requests as u64),
                count(|group| group.at_once as u64),
                count(|group| group.joined as u64),
                count(|group| group.attempts),
                time(|group| group.median_us),
                time(|group| group.p95_us),
                time(|group| group.longest_us),
            ]);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_replayed_to() {
        for (base, clean) in [
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
            ("http://127.8.9.1", "http://127.8.9.1"),
            ("http://LOCALHOST:1/", "http://127.0.0.1:1"),
            ("http://[::1]:8787/", "http://[::1]:8787"),
        ] {
            assert_eq!(loopback(base).as_deref(), Some(clean));
        }
        for other in [
            "https://api.paynow.gg",
            "http://api.paynow.gg",
            "https://127.0.0.1:8787",
            "http://127.0.0.1@evil.example",
            "http://user:word@127.0.0.1:8787",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "http://0.0.0.0:8787",
            "http://192.168.0.1:8787",
            "http://[2001:db8::1]:8787",
            "http://127.0.0.1:8787/v1",
            "http://127.0.0.1:8787/?x",
            "http://127.1:8787",
            "http://2130706433",
            "127.0.0.1:8787",
            "",
        ] {
            assert_eq!(loopback(other), None, "{other}");
        }
    }

    #[test]
    fn hostile_settings_make_a_client_all_the_same() {
        let head: Head = serde_json::from_str(
            r#"{"settings":{"deadline_ms":0,"max_outstanding":1e300,"max_workers":-4,"max_attempts":0,"rate_per_second":-1,
            "rate_burst":1e300,"cache_bytes":1e300,"cache_ttl_ms":"soon","connect_timeout_ms":1e308,"retry_base_ms":-1,
            "circuit_threshold":1e300}}"#,
        )
        .unwrap();
        for speed in [0.01, 1.0, 10_000.0] {
            assert!(settings(&head, DEFAULT, speed).build().is_ok());
        }
    }

    #[test]
    fn the_same_question_is_the_same_player_and_others_are_others() {
        let lines =
            [("get_customer", "1"), ("get_customer", "2"), ("get_customer", "1"), ("lookup_customer", "1")];
        let requests = lines.map(|(operation, question)| Request {
            operation: operation.into(),
            question: question.into(),
            ..Request::default()
        });
        let dump = Dump { requests: requests.to_vec(), ..Dump::default() };
        let invented = invent(&dump);
        let mut names: Vec<_> = invented.values().map(|one| &one.name).collect();
        names.sort();
        names.dedup();
        assert_eq!((invented.len(), names.len()), (3, 3));
        assert!(
            invented
                .values()
                .all(|one| one.name.len() <= 16 && one.uuid.len() == 36 && one.id.parse::<i64>().is_ok())
        );
    }
}
