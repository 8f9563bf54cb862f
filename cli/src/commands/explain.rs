//! `pnb explain`: how did the last requests of a client go, and what is odd about it?

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Map, Value};

use super::Context;
use crate::dump::{self, Drawing, Dump, Glyphs, Group, Odd, Request, Step};
use crate::exit::Failure;

/// Draw how each request of a dump went, and name what is odd
///
/// A dump is what `client.dump()`, `paynow_client_dump` or the plugin's command `dump` wrote down.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb explain dump.jsonl
  pnb explain dump.jsonl --failed
  pnb explain dump.jsonl --last 0 --json
  pnb explain - <dump.jsonl | less -R")]
pub struct Args {
    /// The dump; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Draw only the last N requests; 0 draws none
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    /// Draw only requests of this operation
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// Draw only requests that failed
    #[arg(long)]
    failed: bool,
    /// Draw with ASCII, as is done on terminals without UTF-8
    #[arg(long)]
    ascii: bool,
}

/// All of it for programs.
#[derive(Serialize)]
struct Report<'a> {
    version: &'a str,
    os: &'a str,
    arch: &'a str,
    unix_ms: u64,
    /// Requests of the client so far, and those in the file.
    found: u64,
    read: usize,
    unreadable: usize,
    is_cut: bool,
    settings: &'a Map<String, Value>,
    numbers: &'a Map<String, Value>,
    odd: &'a [Odd],
    summary: Vec<Group>,
    requests: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    n: u64,
    operation: &'a str,
    question: &'a str,
    submitted_us: u64,
    joined: Option<u64>,
    tried: u64,
    steps: Vec<Step<'a>>,
    outcome: String,
    decided_by: &'a str,
    http: Option<u16>,
    ended_us: Option<u64>,
    collected_us: Option<u64>,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let dump = dump::load(&args.file)?;
    let all: Vec<_> = dump.requests.iter().collect();
    let mut drawn = all.clone();
    drawn.retain(|request| args.operation.as_ref().is_none_or(|operation| *operation == request.operation));
    drawn.retain(|request| !args.failed || request.has_failed());
    drawn.drain(..drawn.len().saturating_sub(args.last.unwrap_or(usize::MAX)));
    let odd = dump::odd(&dump);
    let summary = dump::summary(&all);
    if context.output.is_json() {
        let head = &dump.head;
        return context.output.json(&Report {
            version: &head.version,
            os: &head.os,
            arch: &head.arch,
            unix_ms: head.unix_ms,
            found: head.found,
            read: all.len(),
            unreadable: dump.unreadable,
            is_cut: dump.is_cut,
            settings: &head.settings,
            numbers: &head.numbers,
            odd: &odd,
            summary,
            requests: drawn.into_iter().map(shown).collect(),
        });
    }
    let output = context.output.plain(args.ascii);
    output.line(&title(&dump))?;
    if !drawn.is_empty() {
        let glyphs = if output.is_ascii() { Glyphs::Ascii } else { Glyphs::Unicode };
        let drawing = Drawing::new(glyphs, &drawn, dump.head.now_us);
        let cell = dump::time(drawing.cell_us());
        output.line(&format!("\n{}\nOne sign is {cell}; times are UTC.\n", glyphs.legend()))?;
        for request in &drawn {
            output.line(&drawing.line(request, &dump::clock(submitted(&dump, request))))?;
        }
    }
    if !summary.is_empty() {
        output.line("")?;
    }
    let time = |time: Option<u64>| time.map(dump::time).unwrap_or_default();
    let rows: Vec<_> = summary
        .iter()
        .map(|group| {
            vec![
                group.operation.clone(),
                group.outcome.clone(),
                group.requests.to_string(),
                group.at_once.to_string(),
                group.joined.to_string(),
                group.attempts.to_string(),
                time(group.median_us),
                time(group.p95_us),
                time(group.longest_us),
            ]
        })
        .collect();
    let header =
        ["operation", "outcome", "requests", "at once", "joined", "attempts", "median", "95 %", "longest"];
    output.table(&header, &rows, "It holds no requests.")?;
    output.line("")?;
    if odd.is_empty() {
        return output.line("Nothing about it is odd.");
    }
    for odd in &odd {
        output.marked(
            odd.mark,
            "",
            &format!("{}: {}{}", odd.kind.replace('_', " "), odd.text, named(odd)),
            Some(&odd.advice),
        )?;
    }
    Ok(())
}

/// When a request was submitted, in milliseconds since 1970.
fn submitted(dump: &Dump, request: &Request) -> u64 {
    let before = dump.head.now_us.saturating_sub(request.submitted_us) / 1_000;
    dump.head.unix_ms.saturating_sub(before)
}

fn title(dump: &Dump) -> String {
    let head = &dump.head;
    // What no calendar has is left out.
    let written = Duration::from_millis(head.unix_ms);
    let written = (head.unix_ms < 253_402_300_800_000).then(|| httpdate::fmt_http_date(UNIX_EPOCH + written));
    let mut title = format!(
        "paynow-bridge {} on {} {}, written {}, {} after the client was made: {} of {} requests",
        head.version,
        head.os,
        head.arch,
        written.as_deref().unwrap_or("at an unknown time"),
        dump::time(head.now_us),
        dump.requests.len(),
        head.found,
    );
    if dump.unreadable > 0 {
        title.push_str(&format!("\n{} lines could not be read, and are left out.", dump.unreadable));
    }
    if dump.is_cut {
        title.push_str("\nThe file ends in the middle of a line: the last requests are missing.");
    }
    title
}

/// The first few requests by their numbers.
fn named(odd: &Odd) -> String {
    const FEW: usize = 5;
    if odd.requests.is_empty() {
        return String::new();
    }
    let first: Vec<_> = odd.requests.iter().take(FEW).map(|n| format!("#{n}")).collect();
    let more = if odd.count > FEW { ", ..." } else { "" };
    format!(" ({}{more})", first.join(" "))
}

fn shown(request: &Request) -> Shown<'_> {
    Shown {
        n: request.n,
        operation: &request.operation,
        question: &request.question,
        submitted_us: request.submitted_us,
        joined: request.joined,
        tried: request.tried,
        steps: dump::steps(request),
        outcome: dump::outcome(request).replace(' ', "_"),
        decided_by: dump::decided(request),
        http: request.http,
        ended_us: request.ended_us,
        collected_us: request.collected_us,
    }
}
