//! Metrics as a reader sees them: text that keeps OpenMetrics' rules, every name explained to operators, and a dashboard that
//! asks for nothing else. One test asks a real Prometheus (`make test-full`).

#![allow(clippy::disallowed_methods, reason = "a test's threads are not threads of the library")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use paynow_bridge::{Call, Client, LookupKey, Status};
use serde_json::Value;
use support::{FOREVER, Sandbox, until};

/// A name, labels and a value.
type Sample = (String, Vec<(String, String)>, f64);

/// What one family of metrics says.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    unit: Option<String>,
    help: String,
    /// By name and labels, in the order they came.
    samples: Vec<Sample>,
}

/// Reads `name{label="value"} number`.
fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
    let Some((name, rest)) = series.split_once('{') else { return (series.to_owned(), Vec::new(), value) };
    let mut labels = Vec::new();
    let mut rest = rest.strip_suffix('}').unwrap_or_else(|| panic!("open labels: {line}"));
    while !rest.is_empty() {
        let (label, after) = rest.split_once("=\"").unwrap();
        let mut text = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => text.push(match characters.next().unwrap().1 {
                    'n' => '\n',
                    escaped @ ('"' | '\\') => escaped,
                    other => panic!("no such escape: {other} in {line}"),
                }),
                (_, other) => text.push(other),
            }
        };
        labels.push((label.to_owned(), text));
        rest = after[end + 1..].trim_start_matches(',');
    }
    (name.to_owned(), labels, value)
}

/// Reads the text strictly.
fn families(text: &str) -> BTreeMap<String, Family> {
    assert!(text.ends_with("\n# EOF\n"));
    let mut all: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in text.strip_suffix("# EOF\n").unwrap().lines() {
        if let Some(described) = line.strip_prefix("# ") {
            let words: Vec<&str> = described.splitn(3, ' ').collect();
            let [what, name, value] = words[..] else { panic!("{line}") };
            if name != current {
                assert!(!all.contains_key(name), "{name} comes in two parts");
                name.clone_into(&mut current);
            }
            let family = all.entry(current.clone()).or_default();
            assert!(family.samples.is_empty(), "after its samples: {line}");
            match what {
                "TYPE" => value.clone_into(&mut family.kind),
                "UNIT" => family.unit = Some(value.to_owned()),
                "HELP" => value.clone_into(&mut family.help),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (name, labels, value) = sample(line);
        let family = all.get_mut(&current).unwrap_or_else(|| panic!("without a type: {line}"));
        let suffix = name.strip_prefix(current.as_str()).unwrap_or_else(|| panic!("in {current}: {line}"));
        let suffixes: &[&str] = match family.kind.as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "info" => &["_info"],
            "histogram" => &["_bucket", "_sum", "_count"],
            other => panic!("no such type: {other}"),
        };
        assert!(suffixes.contains(&suffix), "{} {line}", family.kind);
        family.samples.push((name, labels, value));
    }
    for (name, family) in &all {
        assert!(!family.help.is_empty() && !family.kind.is_empty(), "{name}");
        assert!(family.unit.as_ref().is_none_or(|unit| name.ends_with(&format!("_{unit}"))), "{name}");
        let series: BTreeSet<String> =
            family.samples.iter().map(|(name, labels, _)| format!("{name}{labels:?}")).collect();
        assert_eq!(series.len(), family.samples.len(), "{name} says something twice");
        if family.kind == "histogram" {
            check_histograms(name, family);
        }
    }
    all
}

/// Buckets grow, end at infinity, and agree with the count.
fn check_histograms(name: &str, family: &Family) {
    let mut last: Option<(f64, f64)> = None;
    for (sample, labels, value) in &family.samples {
        let bound = labels.iter().find(|(label, _)| label == "le").map(|(_, bound)| bound.as_str());
        match bound {
            Some(bound) => {
                let is_canonical = bound == "+Inf" || bound.contains('.');
                let bound: f64 = bound.parse().unwrap();
                let grows = last.is_none_or(|(before, count)| before < bound && count <= *value);
                assert!(is_canonical && grows, "{name} {labels:?}");
                last = Some((bound, *value));
            }
            None if sample.ends_with("_count") => {
                assert_eq!(last.take(), Some((f64::INFINITY, *value)), "{name} {labels:?}");
            }
            None => assert!(*value >= 0.0),
        }
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A client that has been answered, from memory too, refused, and limited.
fn busy(sandbox: &Sandbox) -> Client {
    let client = sandbox.builder().cache_ttl(Duration::from_secs(60)).rate_limit(50.0, 10).build().unwrap();
    let expect = |status| assert_eq!(client.next(FOREVER).unwrap().unwrap().status(), status);
    for _ in 0..2 {
        client.lookup_customer(LookupKey::MinecraftJavaName("Notch"), &Call::default()).unwrap();
        expect(Status::Ok);
    }
    client.get_current_customer("pnct_of_no_customer", &Call::default()).unwrap();
    expect(Status::Unauthorized);
    client
}

#[test]
fn the_text_keeps_the_rules() {
    let sandbox = Sandbox::start();
    let client = busy(&sandbox);
    let text = client.metrics();
    assert!(!text.contains(&sandbox.api_key) && !text.contains("pnct_"));
    let families = families(&text);
    let value = |name: &str| families[name].samples[0].2;
    assert_eq!(value("paynow_requests_submitted"), 3.0);
    assert_eq!(value("paynow_cache_hits"), 1.0);
    assert_eq!(value("paynow_rate_limit_per_second"), 50.0);
    assert_eq!(value("paynow_questions_waiting"), 0.0);
    let (_, labels, _) = &families["paynow_client"].samples[0];
    assert!(labels.contains(&("store_id".to_owned(), sandbox.store_id.clone())), "{labels:?}");
    for name in ["paynow_answer_seconds", "paynow_queue_seconds"] {
        let counts: Vec<_> = families[name]
            .samples
            .iter()
            .filter(|(sample, ..)| sample.ends_with("_count"))
            .map(|(_, labels, count)| (labels[0].1.as_str(), labels[1].1.as_str(), *count))
            .collect();
        assert_eq!(
            counts,
            [("lookup_customer", "ok", 2.0), ("get_current_customer", "unauthorized", 1.0)],
            "{name}"
        );
    }
    let sum = |name: &str| families[name].samples.iter().find(|(name, ..)| name.ends_with("_sum")).unwrap().2;
    assert!(sum("paynow_answer_seconds") >= sum("paynow_queue_seconds"));
}

/// The metrics in the tables of the guide's sections.
fn explained() -> BTreeSet<String> {
    let guide = read("docs/operations.md");
    let sections = &guide[guide.find("## Numbers").unwrap()..guide.find("## Flight recorder").unwrap()];
    let rows = sections.lines().filter(|line| line.starts_with('|'));
    let first_cells = rows.flat_map(|row| row.split('|').skip(1).take(2));
    let words = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    words.filter(|word| word.starts_with("paynow_")).map(str::to_owned).collect()
}

#[test]
fn every_metric_is_explained_to_operators() {
    let sandbox = Sandbox::start();
    let families = families(&busy(&sandbox).metrics());
    let with_suffix = |(name, family): (&String, &Family)| match family.kind.as_str() {
        "counter" => format!("{name}_total"),
        "info" => format!("{name}_info"),
        _ => name.clone(),
    };
    assert_eq!(explained(), families.iter().map(with_suffix).collect());
}

// --- the dashboard ---

fn dashboard() -> Value {
    serde_json::from_str(&read("docs/grafana.json")).unwrap()
}

/// Every query, with the title of its panel.
fn queries(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for panel in value["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push((title.to_owned(), target["expr"].as_str().unwrap().to_owned()));
        }
    }
    found
}

/// The names of metrics in a query.
fn named(query: &str) -> BTreeSet<&str> {
    query
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("paynow_"))
        .collect()
}

#[test]
fn the_dashboard_asks_for_metrics_that_exist() {
    let sandbox = Sandbox::start();
    let families = families(&busy(&sandbox).metrics());
    let mut series: BTreeSet<&str> = BTreeSet::new();
    series.extend(families.values().flat_map(|family| family.samples.iter().map(|(name, ..)| name.as_str())));
    let queries = queries(&dashboard());
    assert!(queries.len() > 15, "{queries:?}");
    for (title, query) in queries {
        assert!(!named(&query).is_empty(), "{title}: {query}");
        for name in named(&query) {
            assert!(series.contains(name), "{title}: there is no {name}");
        }
    }
}

/// One that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Answers every request with the client's metrics, until the process ends.
fn serve(client: Client) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                request.push(byte[0]);
            }
            let text = client.metrics();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n\
                 connection: close\r\ncontent-length: {}\r\n\r\n{text}",
                text.len()
            );
        }
    });
    port
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What Prometheus answers; `None` while it does not.
fn ask(port: u16, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

fn escaped(query: &str) -> String {
    query.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What the guide gives to Prometheus, for another address and sooner. A Prometheus that `PROMETHEUS` names, as in `make
/// test-full`, then reads from there and answers the dashboard.
#[test]
fn the_guides_settings_fit_prometheus() {
    let sandbox = Sandbox::start();
    let target = serve(busy(&sandbox));
    let example = read("docs/prometheus.yml");
    let changed = example.replace("127.0.0.1:9225", &format!("127.0.0.1:{target}")).replace("15s", "200ms");
    assert!(changed.contains("200ms") && changed.contains(&target.to_string()), "{changed}");
    if let Some(prometheus) = std::env::var_os("PROMETHEUS") {
        prometheus_answers_the_dashboard(&prometheus, &sandbox, &changed);
    }
}

fn prometheus_answers_the_dashboard(program: &OsStr, sandbox: &Sandbox, settings: &str) {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("prometheus-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("prometheus.yml");
    std::fs::write(&config, settings).unwrap();
    let port = free_port();
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let _prometheus = Ending(
        Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus starts"),
    );
    let query = |query: &str| {
        let answer = ask(port, &format!("/api/v1/query?query={}", escaped(query)))?;
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        let result = answer["data"]["result"].as_array().unwrap().clone();
        (!result.is_empty()).then_some(result)
    };
    // Two at least, so that rates are known.
    until("it is scraped", || {
        let result = query("count_over_time(up[5m]) and up == 1")?;
        let counted: f64 = result[0]["value"][1].as_str()?.parse().ok()?;
        (counted >= 2.0).then_some(())
    });
    let targets = ask(port, "/api/v1/targets").unwrap();
    assert_eq!(targets["data"]["activeTargets"][0]["lastError"], "", "{targets}");
    let known = ask(port, "/api/v1/metadata").unwrap();
    for (name, family) in &families(&busy(sandbox).metrics()) {
        assert_eq!(known["data"][name][0]["type"], family.kind.as_str(), "{name}: {}", known["data"][name]);
    }
    for (title, expression) in queries(&dashboard()) {
        let expression = expression.replace("$__rate_interval", "5m").replace("$instance", ".*");
        let result = until(&format!("{title}: {expression}"), || query(&expression));
        for series in result {
            let value = series["value"][1].as_str().unwrap();
            assert!(value.parse::<f64>().is_ok(), "{title}: {series}");
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
}
