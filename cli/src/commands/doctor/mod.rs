//! `pnb doctor`: what works, what does not, and what to do about it.

mod bundle;
mod certificate;
mod finding;
mod key;
mod probe;
mod way;

use std::path::PathBuf;
use std::time::Duration;

use paynow_bridge::{FEATURES, LogLevel, VERSION};
use serde::Serialize;

use self::bundle::Bundle;
use self::finding::Finding;
use self::probe::Answer;
use super::Context;
use crate::exit::Failure;
use crate::interrupt;
use crate::output::Mark;
use crate::session::Session;
use crate::settings::{NetworkFlags, Settings};

/// How long the network of servers may take to answer.
const NETWORK_PATIENCE: Duration = Duration::from_secs(5);

/// Look at everything between this machine and the store, and say what to do
///
/// Nothing is changed in the store. What cannot be tried without a change is shown as unknown.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb doctor
  pnb doctor --json | jq '.findings[] | select(.mark == \"bad\")'
  pnb doctor --bundle for-support.json

Ends with 1 when something does not work. A Redis or Valkey that servers share is looked at where --network-addresses,
PAYNOW_NETWORK_ADDRESSES or the profile names it.")]
pub struct Args {
    #[command(flatten)]
    network: NetworkFlags,
    /// Write what was found to a file for support, without secrets; it is shown first
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Write it without a question
    #[arg(long, requires = "bundle")]
    yes: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    well: bool,
    findings: &'a [Finding],
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut found = vec![own()];
    let mut log = Vec::new();
    let settings = context.settings().and_then(|settings| settings.with_network(&args.network));
    match settings {
        Ok(settings) => examine(&settings, &mut found, &mut log)?,
        Err(failure) => found.push(unusable(&failure)),
    }
    if interrupt::was_asked() {
        return Err(Failure::Interrupted("Interrupted. Nothing was changed.".to_owned()));
    }
    let well = found.iter().all(|finding| finding.mark != Mark::Bad);
    if context.output.is_json() {
        context.output.json(&Report { well, findings: &found })?;
    } else {
        for finding in &found {
            context.output.marked(finding.mark, finding.area, &finding.text, finding.advice.as_deref())?;
        }
    }
    if let Some(path) = &args.bundle {
        let bundle = Bundle {
            pnb: env!("CARGO_PKG_VERSION"),
            library: VERSION,
            features: FEATURES,
            system: system(),
            findings: &found,
            variables: bundle::variables(),
            log: &log,
        };
        bundle.write(path, args.yes, context)?;
    }
    if well { Ok(()) } else { Err(Failure::Findings) }
}

fn system() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}

fn own() -> Finding {
    let features = if FEATURES.is_empty() { "no features".to_owned() } else { FEATURES.join(", ") };
    let pnb = env!("CARGO_PKG_VERSION");
    Finding::ok("version", format!("pnb {pnb}, paynow-bridge {VERSION} ({features}), {}", system()))
        .with("pnb", pnb)
        .with("library", VERSION)
        .with("features", FEATURES.to_vec())
}

fn unusable(failure: &Failure) -> Finding {
    Finding::bad("settings", failure.message().unwrap_or_default(), "Change that setting.")
}

fn examine(settings: &Settings, found: &mut Vec<Finding>, log: &mut Vec<String>) -> Result<(), Failure> {
    let usable = settings.builder().and_then(|builder| Ok((builder.route()?, builder)));
    let (route, builder) = match usable {
        Ok(usable) => usable,
        Err(failure) => {
            found.push(unusable(&failure));
            return Ok(());
        }
    };
    let store_id = settings.store_id.as_ref().map(|set| set.value.as_str()).unwrap_or_default();
    let builder = builder.log_level(LogLevel::Debug).cache_ttl(Duration::ZERO);
    // A network that cannot be used keeps nothing else from being looked at.
    let (session, without_network) = match settings.network() {
        Some(network) => match Session::open(builder.clone().network(network)) {
            Ok(session) => (Ok(session), None),
            Err(failure) => (Session::open(builder), Some(failure)),
        },
        None => (Session::open(builder), None),
    };
    found.push(match &session {
        Ok(_) => in_use(settings),
        Err(failure) => unusable(failure),
    });
    let answer = way::look(&route, settings, store_id, found);
    if interrupt::was_asked() {
        return Ok(());
    }
    let Ok(session) = session else { return Ok(()) };
    if let Some(failure) = without_network {
        let advice = "Change the settings of the network: PAYNOW_NETWORK_… or the profile.";
        found.push(Finding::bad("network", failure.message().unwrap_or_default(), advice));
    }
    if settings.key.is_none() {
        found.push(Finding::warning(
            "key",
            "no API key is set: only what customers may do themselves works",
            "Name a file with --api-key-file, or set PAYNOW_API_KEY.",
        ));
    } else {
        key::look(&session, store_id, found)?;
    }
    if let Some(answer) = &answer {
        found.push(rate(answer, &session));
    }
    if settings.network.is_some() && !found.iter().any(|finding| finding.area == "network") {
        found.push(network(&session, settings));
    }
    log.extend(session.log());
    Ok(())
}

/// Which settings are used, and where they come from.
fn in_use(settings: &Settings) -> Finding {
    let mut parts = Vec::new();
    if let Some(store) = &settings.store_id {
        parts.push(format!("store {} ({})", store.value, store.origin));
    }
    if let Some(key) = &settings.key {
        parts.push(format!("key in {} ({})", key.value, key.origin));
    }
    if let Some(base) = &settings.api_base {
        parts.push(format!("API at {} ({})", base.value, base.origin));
    }
    Finding::ok("settings", parts.join("\n"))
}

/// What is known of the limit.
fn rate(answer: &Answer, session: &Session) -> Finding {
    let said: Vec<_> = answer
        .headers()
        .filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            name.contains("ratelimit") || name.contains("rate-limit") || name == "retry-after"
        })
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let limited = session.stats().rate_limited;
    let finding = match (limited, said.is_empty()) {
        (0, true) => Finding::ok("rate", "no limit was met, and the answer names none"),
        (0, false) => Finding::ok("rate", format!("no limit was met; the answer says {}", said.join(", "))),
        _ => Finding::warning(
            "rate",
            format!("PayNow wanted to be asked less often: {limited} answers of status 429"),
            "Other servers use the same key, or ask too much: set a rate limit, or join them to a network.",
        ),
    };
    finding.with("limited", limited).with("said", said)
}

/// Whether the Redis or Valkey answers.
fn network(session: &Session, settings: &Settings) -> Finding {
    let is_up = session.wait_until(NETWORK_PATIENCE, |stats| stats.network_up);
    let stats = session.stats();
    let addresses =
        settings.network.as_ref().map(|network| network.value.addresses.clone()).unwrap_or_default();
    if is_up {
        let took = f64::from(stats.network_round_trip_us) / 1e3;
        let servers = stats.network_servers;
        return Finding::ok(
            "network",
            format!("{addresses} answers in {took:.2} ms; {servers} servers, this program among them"),
        )
        .with("round_trip_ms", took)
        .with("servers", servers);
    }
    Finding::bad(
        "network",
        format!("{addresses} does not answer; each server works alone meanwhile"),
        "Check that it runs, its address, user, password and TLS, and the firewall between.",
    )
}
