//! `pnb watch`: the numbers of a running server.

mod metrics;

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use ureq::http::Method;

use self::metrics::{Kind, Labels, Metrics, Series};
use super::Context;
use crate::exit::Failure;
use crate::settings::variable;
use crate::{http, interrupt};

const DEFAULT: &str = "http://127.0.0.1:9225/metrics";

/// Watch the numbers of a running server, through its metrics address
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb watch
  pnb watch http://127.0.0.1:9225/metrics --match request --interval 5
  pnb watch --once --json

Any OpenMetrics or Prometheus text is read. Ctrl-C ends it.")]
pub struct Args {
    /// Where the metrics are [env: PAYNOW_METRICS] [default: http://127.0.0.1:9225/metrics]
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    interval: f64,
    /// Only metrics with this in their names
    #[arg(long = "match", value_name = "TEXT")]
    only: Option<String>,
    /// How often to look
    #[arg(long, value_name = "N", conflicts_with = "once")]
    count: Option<u64>,
    /// Look once
    #[arg(long)]
    once: bool,
}

/// One reading for programs.
#[derive(Serialize)]
struct Look<'a> {
    at_unix_ms: u128,
    metrics: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    labels: &'a Labels,
    #[serde(rename = "type")]
    kind: Kind,
    /// Of a histogram: how many.
    value: f64,
    /// Since the last look; none at the first, and of what does not count up.
    per_second: Option<f64>,
    mean: Option<f64>,
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let url = match args.url.clone() {
        Some(url) => url,
        None => variable("PAYNOW_METRICS")?.unwrap_or_else(|| DEFAULT.to_owned()),
    };
    let interval = Duration::try_from_secs_f64(args.interval)
        .ok()
        .filter(|interval| !interval.is_zero())
        .ok_or_else(|| Failure::usage("--interval: must be a number of seconds above 0"))?;
    let looks = if args.once { 1 } else { args.count.unwrap_or(u64::MAX) };
    let mut earlier: Option<(Instant, Metrics)> = None;
    for look in 0..looks {
        if look > 0 && !interrupt::pause(interval) {
            return Ok(());
        }
        let answer = http::ask(&Method::GET, &url, None)?;
        let at = Instant::now();
        if answer.status != 200 {
            return Err(Failure::Unreachable(format!("{url}: answered with status {}", answer.status)));
        }
        let mut metrics = metrics::parse(&answer.body);
        if let Some(only) = &args.only {
            metrics.retain(|(name, _), _| name.contains(only.as_str()));
        }
        let between = earlier.as_ref().map(|(then, _)| at.duration_since(*then).as_secs_f64());
        let shown: Vec<_> = metrics
            .iter()
            .map(|(key, series)| {
                let before = earlier.as_ref().and_then(|(_, earlier)| earlier.get(key));
                show(&key.0, &key.1, series, before, between)
            })
            .collect();
        print(context, &url, &shown)?;
        earlier = Some((at, metrics));
    }
    Ok(())
}

fn show<'a>(
    name: &'a str,
    labels: &'a Labels,
    series: &Series,
    earlier: Option<&Series>,
    between: Option<f64>,
) -> Shown<'a> {
    let counts = matches!(series.kind, Kind::Counter | Kind::Histogram | Kind::Summary);
    let since = series.since(earlier);
    let added = if series.kind == Kind::Counter { since.value } else { since.count };
    // Where nothing happened lately, what has happened at all.
    let of = if since.count > 0.0 { &since } else { series };
    Shown {
        name,
        labels,
        kind: series.kind,
        value: if matches!(series.kind, Kind::Histogram | Kind::Summary) {
            series.count
        } else {
            series.value
        },
        per_second: between.filter(|between| counts && *between > 0.0).map(|between| added / between),
        mean: of.mean(),
        p50: of.quantile(0.5),
        p95: of.quantile(0.95),
        p99: of.quantile(0.99),
    }
}

fn print(context: &Context, url: &str, shown: &[Shown<'_>]) -> Result<(), Failure> {
    let output = context.output;
    if output.is_json() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        return output
            .json(&Look { at_unix_ms: now.as_millis(), metrics: shown.iter().map(Shown::copied).collect() });
    }
    let number = |value: Option<f64>| value.map(readable).unwrap_or_default();
    let rows: Vec<_> = shown
        .iter()
        .map(|shown| {
            let labels: Vec<_> = shown.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            vec![
                shown.name.to_owned(),
                labels.join(" "),
                readable(shown.value),
                number(shown.per_second),
                number(shown.mean),
                number(shown.p50),
                number(shown.p99),
            ]
        })
        .collect();
    output.clear_screen()?;
    let empty = format!("{url} answers, and has no such metrics.");
    output.table(&["metric", "labels", "value", "per s", "mean", "p50", "p99"], &rows, &empty)
}

impl<'a> Shown<'a> {
    fn copied(&self) -> Shown<'a> {
        Shown { ..*self }
    }
}

/// Whole numbers as they are, others with four digits that count.
fn readable(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
