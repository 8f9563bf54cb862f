//! What the flight recorder holds, as lines of JSON. The format is part of the interface: docs/operations.md.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::operations::Sent;
use crate::room::NoMemory;
use crate::runtime::{Attempt, End, Priority, Record, Recorded, Said, Source, Stats, SubmitError, Way};

/// Grows when a member is gone or means something else; more may be added without.
const FORMAT: u32 = 1;

/// Text that may be refused the memory it needs.
#[derive(Default)]
struct Lines(String);

impl Write for Lines {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.try_reserve(text.len()).map_err(|_| fmt::Error)?;
        self.0.push_str(text);
        Ok(())
    }
}

/// One line about the client, and one for each request.
pub(super) fn write(settings: &str, stats: &Stats, recorded: &Recorded) -> Result<String, SubmitError> {
    let mut lines = Lines::default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let written = head(&mut lines, settings, stats, recorded, now)
        .and_then(|()| recorded.records.iter().try_for_each(|record| request(&mut lines, record)));
    // Nothing else fails.
    written.map(|()| lines.0).map_err(|fmt::Error| NoMemory.into())
}

fn head(out: &mut Lines, settings: &str, stats: &Stats, recorded: &Recorded, now: Duration) -> fmt::Result {
    write!(
        out,
        "{{\"paynow_dump\":{FORMAT},\"version\":\"{}\",\"os\":\"{}\",\"arch\":\"{}\",\"unix_ms\":{},\"now_us\":{},\"found\":{},\
         \"kept\":{},\"settings\":{settings},\"numbers\":{{",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        now.as_millis(),
        recorded.age.as_micros(),
        recorded.count,
        recorded.records.len(),
    )?;
    for (place, metric) in Stats::METRICS.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        write!(out, "{comma}\"{}\":{}", metric.field, (metric.read)(stats))?;
    }
    out.write_str("}}\n")
}

fn request(out: &mut Lines, record: &Record) -> fmt::Result {
    write!(
        out,
        "{{\"n\":{},\"operation\":\"{}\",\"priority\":\"{}\",\"question\":\"{:08x}\",\"submitted_us\":{}",
        record.number,
        record.operation.name(),
        match record.priority {
            Priority::Interactive => "interactive",
            Priority::Background => "background",
        },
        record.question,
        record.submitted,
    )?;
    let times = [("deadline_us", record.patience), ("found_us", record.found)];
    for (name, time) in times {
        optional(out, name, time.microseconds())?;
    }
    let way = match record.way {
        Way::Asked => "asked",
        Way::Joined => "joined",
        Way::AtOnce => "at_once",
    };
    write!(out, ",\"way\":\"{way}\"")?;
    if record.joined > 0 {
        write!(out, ",\"joined\":{}", record.joined)?;
    }
    if let Some(said) = record.said {
        let said = match said {
            Said::Known => "known",
            Said::Unusable => "unusable",
            Said::Go => "go",
            Said::Again => "again",
            Said::Refused => "refused",
            Said::Nothing => "nothing",
        };
        write!(out, ",\"network\":{{\"asked\":{},\"said\":\"{said}\"", record.consulted)?;
        optional(out, "said_us", record.said_at.microseconds())?;
        out.write_str("}")?;
    }
    if record.tried > 0 {
        write!(out, ",\"tried\":{},\"attempts\":[", record.tried)?;
        for (place, one) in record.attempts().iter().enumerate() {
            out.write_str(if place == 0 { "" } else { "," })?;
            attempt(out, one)?;
        }
        out.write_str("]")?;
    }
    match record.end {
        End::Open => {}
        End::ByHost => out.write_str(",\"end\":\"host\"")?,
        End::ByUs { status, source, sent, http_status } => {
            let source = match source {
                Source::Network => "network",
                Source::Shared => "shared",
                Source::Cache => "cache",
                Source::StaleCache => "stale_cache",
                Source::OtherServer => "other_server",
            };
            write!(
                out,
                ",\"end\":\"library\",\"status\":\"{}\",\"source\":\"{source}\",\"sent\":\"{}\",\"http\":{http_status}",
                status.as_str(),
                reached(sent)
            )?;
            optional(out, "ended_us", record.ended.microseconds())?;
            optional(out, "collected_us", record.collected.microseconds())?;
        }
    }
    out.write_str("}\n")
}

fn attempt(out: &mut Lines, attempt: &Attempt) -> fmt::Result {
    write!(out, "{{\"operation\":\"{}\"", attempt.operation.name())?;
    optional(out, "began_us", attempt.began.microseconds())?;
    if let Some(ended) = attempt.ended.microseconds() {
        let (status, sent) = (attempt.status.as_str(), reached(attempt.sent));
        let http = attempt.http_status;
        write!(out, ",\"ended_us\":{ended},\"status\":\"{status}\",\"sent\":\"{sent}\",\"http\":{http}")?;
    }
    out.write_str("}")
}

fn reached(sent: Sent) -> &'static str {
    match sent {
        Sent::Never => "never",
        Sent::Maybe => "maybe",
        Sent::Answered => "answered",
    }
}

fn optional(out: &mut Lines, name: &str, number: Option<u32>) -> fmt::Result {
    number.map_or(Ok(()), |number| write!(out, ",\"{name}\":{number}"))
}
