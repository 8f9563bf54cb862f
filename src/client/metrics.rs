//! What is known about a client as OpenMetrics text, which Prometheus and its like read.
//!
//! Numbers are read while it is written, and written to what the caller gives: no lock, and no memory of its own.

use std::fmt::{self, Display, Formatter, Write};
use std::time::Duration;

use crate::operations::{OperationId, Status};
use crate::runtime::{BOUNDS, Histogram, Measure, Metrics, StatKind, Stats, Vitals};

/// What is written.
pub(super) struct Page<'a> {
    pub(super) store_id: &'a str,
    pub(super) stats: Stats,
    pub(super) metrics: &'a Metrics,
}

/// A value of a label, or of a help text, as it may stand in one line.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => formatter.write_str("\\\\")?,
                '"' => formatter.write_str("\\\"")?,
                '\n' => formatter.write_str("\\n")?,
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Parts of a whole, such as microseconds of a second, as a decimal number.
struct Decimal {
    parts: u64,
    of: u64,
}

impl Display for Decimal {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.parts / self.of)?;
        let mut rest = self.parts % self.of;
        let mut of = self.of;
        if of > 1 {
            // At least one digit: the bounds of buckets are numbers with a point.
            formatter.write_char('.')?;
            loop {
                of /= 10;
                write!(formatter, "{}", rest / of)?;
                rest %= of;
                if rest == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

fn seconds(time: Duration) -> Decimal {
    Decimal { parts: u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), of: 1_000_000_000 }
}

/// What comes before the samples of a metric. Help ends without a full stop.
fn head(out: &mut dyn Write, name: &str, kind: &str, unit: Option<&str>, help: &str) -> fmt::Result {
    writeln!(out, "# TYPE {name} {kind}")?;
    if let Some(unit) = unit {
        writeln!(out, "# UNIT {name} {unit}")?;
    }
    writeln!(out, "# HELP {name} {}", Escaped(help.trim().trim_end_matches('.')))
}

impl Page<'_> {
    /// Writes all of it.
    pub(super) fn write(&self, out: &mut dyn Write) -> fmt::Result {
        let about = "The library, and the store this client is for";
        head(out, "paynow_client", "info", None, about)?;
        let (store, version) = (Escaped(self.store_id), Escaped(env!("CARGO_PKG_VERSION")));
        writeln!(out, "paynow_client_info{{store_id=\"{store}\",version=\"{version}\"}} 1")?;
        self.write_stats(out)?;
        self.write_vitals(out)?;
        let help = "Time from when a request was accepted until its answer was there";
        self.write_histograms(out, "paynow_answer_seconds", Measure::Answer, help)?;
        let help =
            "Time from when a request was accepted until it was first sent, or ended without being sent";
        self.write_histograms(out, "paynow_queue_seconds", Measure::Queue, help)?;
        out.write_str("# EOF\n")
    }

    fn write_stats(&self, out: &mut dyn Write) -> fmt::Result {
        for metric in Stats::METRICS {
            let (kind, suffix) = match metric.kind {
                StatKind::Counter => ("counter", "_total"),
                StatKind::Gauge => ("gauge", ""),
            };
            let (unit, of) = metric.unit.map_or((None, 1), |(unit, of)| (Some(unit), of));
            head(out, metric.name, kind, unit, metric.help)?;
            writeln!(out, "{}{suffix} {}", metric.name, Decimal { parts: (metric.read)(&self.stats), of })?;
        }
        Ok(())
    }

    fn write_vitals(&self, out: &mut dyn Write) -> fmt::Result {
        let Vitals { waiting, rate, concurrency } = self.metrics.vitals();
        let name = "paynow_questions_waiting";
        head(out, name, "gauge", None, "Questions that wait for a worker, the rate, or their next attempt")?;
        writeln!(out, "{name} {waiting}")?;
        let name = "paynow_rate_limit_per_second";
        let help = "Attempts the local rate lets through in a second, 0 in a pause; not there while no limit is known";
        head(out, name, "gauge", None, help)?;
        rate.map_or(Ok(()), |rate| writeln!(out, "{name} {rate}"))?;
        let name = "paynow_concurrency_limit";
        let help = "Attempts that may be under way at once, when answers come within a millisecond; not there while no limit is kept";
        head(out, name, "gauge", None, help)?;
        concurrency.map_or(Ok(()), |limit| writeln!(out, "{name} {limit}"))
    }

    fn write_histograms(&self, out: &mut dyn Write, name: &str, measure: Measure, help: &str) -> fmt::Result {
        head(out, name, "histogram", Some("seconds"), help)?;
        for operation in OperationId::ALL {
            for status in Status::ALL {
                if let Some(histogram) = self.metrics.histogram(measure, *operation, *status) {
                    write_histogram(out, name, operation.name(), status.as_str(), &histogram)?;
                }
            }
        }
        Ok(())
    }
}

fn write_histogram(
    out: &mut dyn Write,
    name: &str,
    operation: &str,
    outcome: &str,
    histogram: &Histogram,
) -> fmt::Result {
    let (operation, outcome) = (Escaped(operation), Escaped(outcome));
    let mut up_to = 0;
    let bounds = BOUNDS.iter().map(|bound| Some(Decimal { parts: *bound, of: 1_000_000 })).chain([None]);
    for (bound, count) in bounds.zip(histogram.buckets) {
        up_to += count;
        write!(out, "{name}_bucket{{operation=\"{operation}\",outcome=\"{outcome}\",le=\"")?;
        match bound {
            Some(bound) => writeln!(out, "{bound}\"}} {up_to}")?,
            None => writeln!(out, "+Inf\"}} {up_to}")?,
        }
    }
    writeln!(
        out,
        "{name}_sum{{operation=\"{operation}\",outcome=\"{outcome}\"}} {}",
        seconds(histogram.sum)
    )?;
    writeln!(out, "{name}_count{{operation=\"{operation}\",outcome=\"{outcome}\"}} {up_to}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn labels_and_help_stay_in_their_line() {
        assert_eq!(Escaped("a\"b\\c\nd").to_string(), r#"a\"b\\c\nd"#);
    }

    #[test]
    fn numbers_have_no_more_digits_than_they_need() {
        let micros = |parts| Decimal { parts, of: 1_000_000 }.to_string();
        assert_eq!(
            [500, 2_500, 1_000_000, 20_000_000, 1_234_567].map(micros),
            ["0.0005", "0.0025", "1.0", "20.0", "1.234567"]
        );
        assert_eq!(Decimal { parts: 17, of: 1 }.to_string(), "17");
    }

    #[test]
    fn names_are_as_prometheus_wants_them() {
        let names: BTreeSet<&str> = Stats::METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), Stats::METRICS.len(), "each once");
        for metric in Stats::METRICS {
            let name = metric.name;
            assert!(name.starts_with("paynow_"), "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert!(!name.ends_with("_total") && !name.ends_with("_info"), "a suffix is added: {name}");
            if let Some((unit, of)) = metric.unit {
                assert!(name.ends_with(&format!("_{unit}")) && of.ilog10() % 3 == 0, "{name}");
            }
            let is_duration = ["_us", "_ms", "_microseconds", "_milliseconds"];
            assert!(!is_duration.iter().any(|unit| name.ends_with(unit)), "not a base unit: {name}");
        }
    }
}
