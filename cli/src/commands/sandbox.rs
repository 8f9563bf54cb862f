//! `pnb sandbox`: a pretend PayNow on this machine, and what it is to do wrong.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;

use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::Context;
use crate::exit::Failure;
use crate::http::{self, Answer};
use crate::input::text_of;
use crate::interrupt;
use crate::settings::variable;

const DEFAULT: &str = "http://127.0.0.1:8787";
const PROGRAM: &str = if cfg!(windows) { "paynow-sandbox.exe" } else { "paynow-sandbox" };

/// Run a pretend PayNow on this machine, and tell it what to do wrong
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb sandbox start
  pnb sandbox start -- --listen 127.0.0.1:9000 --latency-ms 40
  pnb sandbox plan --latency-ms 80 --jitter-ms 20
  pnb sandbox plan --fail create_customer=503 --times 1 --after-effect
  pnb sandbox plan --clear

What it holds, what it was asked and what it is to do wrong is also on a page, whose address `start` and `status` print.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// Where the sandbox is [default: PAYNOW_API_BASE if it is on this machine, or http://127.0.0.1:8787]
    #[arg(long, global = true, value_name = "URL")]
    at: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Start it, unless it runs already; what follows -- goes to paynow-sandbox
    Start {
        #[arg(last = true, value_name = "OPTION")]
        options: Vec<OsString>,
    },
    /// Say what it was asked so far
    Status,
    /// Show what it is to do wrong, or change it: what is given replaces what was
    Plan(Plan),
    /// Show the last requests
    Log {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Begin again: the customers of the start, no faults
    Reset,
}

/// What a plan can be put together from.
const CHANGES: [&str; 5] = ["latency_ms", "jitter_ms", "hang", "rate", "fail"];

#[derive(Debug, clap::Args)]
struct Plan {
    /// The whole plan as JSON, from this file; - is standard input
    #[arg(value_name = "FILE", conflicts_with_all = CHANGES)]
    file: Option<PathBuf>,
    /// Nothing goes wrong any more
    #[arg(long, conflicts_with_all = CHANGES, conflicts_with = "file")]
    clear: bool,
    /// Wait before every answer
    #[arg(long, value_name = "MS")]
    latency_ms: Option<u64>,
    /// Up to this much longer, at random
    #[arg(long, value_name = "MS")]
    jitter_ms: Option<u64>,
    /// Answer nothing until the plan changes
    #[arg(long)]
    hang: bool,
    /// Allow so many requests in so many milliseconds
    #[arg(long, value_name = "N/MS")]
    rate: Option<Rate>,
    /// The Retry-After of answers beyond the rate
    #[arg(long, value_name = "TEXT", requires = "rate")]
    retry_after: Option<String>,
    /// An operation, or *, and what becomes of it: a status, reset, close, half, hang, or delay:MS
    #[arg(long, value_name = "OPERATION=WHAT")]
    fail: Vec<Fault>,
    /// So often, for each --fail
    #[arg(long, value_name = "N", requires = "fail")]
    times: Option<u64>,
    /// With each --fail: do the real thing first
    #[arg(long, requires = "fail")]
    after_effect: bool,
}

#[derive(Debug, Clone)]
struct Rate {
    requests: u64,
    per_ms: u64,
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text
            .split_once('/')
            .and_then(|(requests, per)| Some((requests.parse().ok()?, per.parse().ok()?)));
        let (requests, per_ms) = parts.ok_or("must be like 10/1000: requests, and milliseconds")?;
        Ok(Self { requests, per_ms })
    }
}

/// A rule of the plan, without how often.
#[derive(Debug, Clone)]
struct Fault(Map<String, Value>);

impl FromStr for Fault {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (operation, what) = text.split_once('=').ok_or("must be like lookup_customer=503")?;
        let mut rule = Map::new();
        rule.insert("operation".to_owned(), operation.into());
        let (action, value) = match what {
            "reset" => ("reset", json!(true)),
            "close" => ("close", json!(true)),
            "half" => ("reset_mid_body", json!(true)),
            "hang" => ("hang", json!(true)),
            _ => match (what.strip_prefix("delay:").map(str::parse::<u64>), what.parse::<u16>()) {
                (Some(Ok(wait)), _) => ("delay_ms", json!(wait)),
                (None, Ok(status)) => {
                    let body =
                        json!({ "status": status, "code": "sandbox", "message": "the sandbox was told to" });
                    ("respond", json!({ "status": status, "body": body.to_string() }))
                }
                _ => {
                    return Err("what becomes of it must be a status, reset, close, half, hang, or delay:MS");
                }
            },
        };
        rule.insert(action.to_owned(), value);
        Ok(Self(rule))
    }
}

impl Plan {
    fn is_asked(&self) -> bool {
        self.latency_ms.is_none()
            && self.jitter_ms.is_none()
            && !self.hang
            && self.rate.is_none()
            && self.fail.is_empty()
    }

    fn to_json(&self) -> Value {
        let mut plan = Map::new();
        if let Some(wait) = self.latency_ms {
            plan.insert("latency_ms".to_owned(), wait.into());
        }
        plan.insert("jitter_ms".to_owned(), self.jitter_ms.unwrap_or(0).into());
        plan.insert("hang".to_owned(), self.hang.into());
        if let Some(Rate { requests, per_ms }) = self.rate {
            let mut limit = json!({ "requests": requests, "per_ms": per_ms });
            if let Some(after) = &self.retry_after {
                limit["retry_after"] = after.as_str().into();
            }
            plan.insert("rate_limit".to_owned(), limit);
        }
        let rules = self.fail.iter().map(|Fault(rule)| {
            let mut rule = rule.clone();
            if let Some(times) = self.times {
                rule.insert("times".to_owned(), times.into());
            }
            if self.after_effect {
                rule.insert("after_effect".to_owned(), true.into());
            }
            Value::Object(rule)
        });
        plan.insert("rules".to_owned(), rules.collect());
        Value::Object(plan)
    }
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let base = base(args.at.as_deref(), context)?;
    let admin = |method: &Method, path: &str, body: Option<&str>| {
        let answer = http::ask(method, &format!("{base}/_sandbox/{path}"), body)?;
        if (200..300).contains(&answer.status) { Ok(answer) } else { Err(refused(&answer)) }
    };
    let output = context.output;
    match args.what {
        What::Start { options } => start(&base, &options, context),
        What::Status => {
            let value = read(&admin(&Method::GET, "stats", None)?)?;
            if output.is_json() {
                return output.json(&value);
            }
            let mut rows = vec![("at".to_owned(), base.clone()), ("page".to_owned(), page(&base))];
            for (name, value) in value.as_object().into_iter().flatten() {
                match value.as_object() {
                    Some(parts) => rows.extend(
                        parts
                            .iter()
                            .filter(|(_, count)| **count != 0)
                            .map(|(part, count)| (part.clone(), count.to_string())),
                    ),
                    None => rows.push((name.replace('_', " "), value.to_string())),
                }
            }
            output
                .fields(&rows.iter().map(|(name, value)| (name.as_str(), value.clone())).collect::<Vec<_>>())
        }
        What::Plan(plan) => {
            match &plan.file {
                Some(path) => drop(admin(&Method::PUT, "faults", Some(&text_of(path)?))?),
                None if plan.clear => drop(admin(&Method::DELETE, "faults", None)?),
                None if plan.is_asked() => {}
                None => drop(admin(&Method::PUT, "faults", Some(&plan.to_json().to_string()))?),
            }
            let now = read(&admin(&Method::GET, "faults", None)?)?;
            if output.is_json() {
                return output.json(&now);
            }
            output.line(&serde_json::to_string_pretty(&now).unwrap_or_default())
        }
        What::Log { limit } => {
            let log = read(&admin(&Method::GET, &format!("log?limit={limit}"), None)?)?;
            if output.is_json() {
                return output.json(&log);
            }
            let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            let rows: Vec<_> = log
                .as_array()
                .into_iter()
                .flatten()
                .map(|entry| {
                    let status = entry["status"].as_u64().map(|status| status.to_string());
                    let took = entry["duration_ms"].as_f64().map(|took| format!("{took:.1} ms"));
                    vec![
                        entry["seq"].to_string(),
                        text(entry, "method"),
                        text(entry, "target"),
                        status.unwrap_or_default(),
                        text(entry, "outcome"),
                        took.unwrap_or_default(),
                    ]
                })
                .collect();
            output.table(
                &["", "method", "target", "status", "outcome", "took"],
                &rows,
                "It was asked nothing yet.",
            )
        }
        What::Reset => {
            admin(&Method::POST, "reset", Some("{}"))?;
            if output.is_json() {
                return output.json(&json!({ "reset": true }));
            }
            output.line("The sandbox is as it was at the start.")
        }
    }
}

/// The address that was given, or that of this machine which the environment names.
fn base(given: Option<&str>, context: &Context) -> Result<String, Failure> {
    let named = match given.map(str::to_owned).or_else(|| context.flags.api_base.clone()) {
        Some(base) => Some(base),
        None => variable("PAYNOW_API_BASE")?.filter(|base| base.starts_with("http://")),
    };
    Ok(named.unwrap_or_else(|| DEFAULT.to_owned()).trim_end_matches('/').to_owned())
}

fn refused(answer: &Answer) -> Failure {
    let said = serde_json::from_str::<Value>(&answer.body).unwrap_or_default();
    let message = said["message"].as_str().unwrap_or("no reason was given");
    Failure::Usage(format!("the sandbox refused it ({}): {message}", answer.status))
}

fn read(answer: &Answer) -> Result<Value, Failure> {
    serde_json::from_str(&answer.body)
        .map_err(|_| Failure::Unreachable("what answers there is not the sandbox".to_owned()))
}

/// Where its page is, for a browser on this machine.
fn page(base: &str) -> String {
    format!("{base}/")
}

/// Runs the sandbox until it ends, or says that it runs.
fn start(base: &str, options: &[OsString], context: &Context) -> Result<(), Failure> {
    // With options another one is meant.
    if options.is_empty() && http::ask(&Method::GET, &format!("{base}/_sandbox/health"), None).is_ok() {
        if context.output.is_json() {
            return context.output.json(&json!({ "base": base, "page": page(base), "started": false }));
        }
        return context.output.line(&format!("It runs already, at {base}. Its page is {}", page(base)));
    }
    let program = find()?;
    let mut command = Command::new(&program);
    if options.is_empty() {
        command.arg("--listen").arg(base.trim_start_matches("http://"));
    }
    if context.output.is_json() {
        command.arg("--quiet");
    }
    let mut child = command
        .args(options)
        .spawn()
        .map_err(|error| Failure::Machine(format!("{}: {error}", program.display())))?;
    if context.output.is_json() {
        context
            .output
            .json(&json!({ "base": base, "page": page(base), "started": true, "pid": child.id() }))?;
    }
    // Ctrl-C reaches it by itself.
    let status = child.wait().map_err(|error| Failure::Machine(format!("{}: {error}", program.display())))?;
    match status.code() {
        Some(0) => Ok(()),
        _ if interrupt::was_asked() => Ok(()),
        Some(2) => Err(Failure::usage("paynow-sandbox does not take these options")),
        _ => Err(Failure::Machine(format!("paynow-sandbox ended: {status}"))),
    }
}

/// The program: the one that is named, beside this one, or in the path.
fn find() -> Result<PathBuf, Failure> {
    let named = variable("PAYNOW_SANDBOX_BIN")?.map(PathBuf::from);
    let beside = env::current_exe().ok().and_then(|own| Some(own.parent()?.join(PROGRAM)));
    let in_path = env::var_os("PATH");
    let in_path = in_path.iter().flat_map(env::split_paths).map(|folder| folder.join(PROGRAM));
    named.into_iter().chain(beside).chain(in_path).find(|program| program.is_file()).ok_or_else(|| {
        Failure::Machine(format!(
            "{PROGRAM} is neither beside pnb nor in the path: build it with `cargo build --release -p paynow-sandbox`, or \
             name it in PAYNOW_SANDBOX_BIN"
        ))
    })
}
