//! Reading OpenMetrics text, and the older text of Prometheus: what cannot be read is passed over.

use std::collections::BTreeMap;

/// More than any server has; what comes behind is passed over.
const MOST_SAMPLES: usize = 100_000;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    #[default]
    Other,
}

pub type Labels = BTreeMap<String, String>;

/// One metric with one set of labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    pub kind: Kind,
    /// Of counters and gauges.
    pub value: f64,
    /// Of histograms and summaries.
    pub count: f64,
    pub sum: f64,
    /// Upper bounds and how many were at most that, in order.
    pub buckets: Vec<(f64, f64)>,
}

/// All metrics by name and labels.
pub type Metrics = BTreeMap<(String, Labels), Series>;

pub fn parse(text: &str) -> Metrics {
    let mut kinds = BTreeMap::new();
    let mut metrics = Metrics::new();
    for line in text.lines().take(MOST_SAMPLES) {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            if let Some((name, word)) = rest.split_once(' ') {
                let kind = match word.trim() {
                    "counter" => Kind::Counter,
                    "gauge" => Kind::Gauge,
                    "histogram" => Kind::Histogram,
                    "summary" => Kind::Summary,
                    _ => Kind::Other,
                };
                kinds.insert(name.to_owned(), kind);
            }
        } else if line == "# EOF" {
            break;
        } else if !line.starts_with('#')
            && let Some((name, labels, value)) = sample(line)
        {
            add(&mut metrics, &kinds, name, labels, value);
        }
    }
    for series in metrics.values_mut() {
        series.buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
    }
    metrics
}

fn add(metrics: &mut Metrics, kinds: &BTreeMap<String, Kind>, name: &str, mut labels: Labels, value: f64) {
    for suffix in ["_bucket", "_count", "_sum"] {
        let Some(family) = name.strip_suffix(suffix) else { continue };
        let Some(kind @ (Kind::Histogram | Kind::Summary)) = kinds.get(family).copied() else { continue };
        let bound = labels.remove("le").map(|bound| number(&bound));
        let series = metrics.entry((family.to_owned(), labels)).or_default();
        series.kind = kind;
        match (suffix, bound) {
            ("_bucket", Some(Some(bound))) => series.buckets.push((bound, value)),
            ("_count", _) => series.count = value,
            ("_sum", _) => series.sum = value,
            _ => {}
        }
        return;
    }
    // When a series began says nothing of what it does.
    if let Some(family) = name.strip_suffix("_created")
        && kinds.contains_key(family)
    {
        return;
    }
    let kind =
        kinds.get(name).or_else(|| kinds.get(name.strip_suffix("_total")?)).copied().unwrap_or_default();
    metrics.insert((name.to_owned(), labels), Series { kind, value, ..Series::default() });
}

/// `name{label="value",…} 1 …`.
fn sample(line: &str) -> Option<(&str, Labels, f64)> {
    let end = line.find(|character: char| character == '{' || character.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Labels::new(), rest),
    };
    let value = number(rest.split_whitespace().next()?)?;
    (!name.is_empty()).then_some((name, labels, value))
}

fn labels(mut rest: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = after.char_indices();
        loop {
            match characters.next()? {
                (at, '"') => {
                    rest = &after[at + 1..];
                    break;
                }
                (_, '\\') => value.push(match characters.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        }
        labels.insert(name.trim().to_owned(), value);
    }
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}

impl Series {
    /// What was added since an earlier reading; all of it when the server has begun again.
    pub fn since(&self, earlier: Option<&Self>) -> Self {
        let Some(earlier) = earlier.filter(|earlier| {
            earlier.value <= self.value
                && earlier.count <= self.count
                && earlier.buckets.len() == self.buckets.len()
        }) else {
            return self.clone();
        };
        let buckets = self.buckets.iter().zip(&earlier.buckets);
        Self {
            kind: self.kind,
            value: self.value - earlier.value,
            count: self.count - earlier.count,
            sum: self.sum - earlier.sum,
            buckets: buckets.map(|((bound, now), (_, then))| (*bound, now - then)).collect(),
        }
    }

    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }

    /// The value that this part of all is at most, drawn straight within its bucket.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let total = self.buckets.last().map(|(_, count)| *count).filter(|total| *total > 0.0)?;
        let wanted = total * part;
        let at = self.buckets.iter().position(|(_, count)| *count >= wanted)?;
        let (bound, count) = self.buckets[at];
        let (lower, below) = if at == 0 { (0.0, 0.0) } else { self.buckets[at - 1] };
        if bound.is_infinite() {
            return (at > 0).then_some(lower);
        }
        let within = if count > below { (wanted - below) / (count - below) } else { 1.0 };
        Some(lower + (bound - lower) * within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# HELP pnb_requests Requests.
# TYPE pnb_requests counter
pnb_requests_total{operation="lookup \"x\"\\",outcome="a,b}"} 12 1700000000
# TYPE pnb_wait_seconds histogram
# UNIT pnb_wait_seconds seconds
pnb_wait_seconds_bucket{le="0.1"} 50 # {trace="1"} 0.05
pnb_wait_seconds_bucket{le="+Inf"} 100
pnb_wait_seconds_bucket{le="0.2"} 90
pnb_wait_seconds_count 100
pnb_wait_seconds_sum 15
pnb_wait_seconds_created 1700000000
# TYPE pnb_open gauge
pnb_open 1
not a sample
broken{a="b 1
# EOF
after 1
"#;

    #[test]
    fn both_kinds_of_text_are_read() {
        let metrics = parse(TEXT);
        let names: Vec<_> = metrics.keys().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["pnb_open", "pnb_requests_total", "pnb_wait_seconds"]);
        let (labels, counter) = metrics
            .iter()
            .find(|((name, _), _)| name == "pnb_requests_total")
            .map(|((_, labels), series)| (labels, series))
            .unwrap();
        assert_eq!((counter.kind, counter.value), (Kind::Counter, 12.0));
        assert_eq!((labels["operation"].as_str(), labels["outcome"].as_str()), ("lookup \"x\"\\", "a,b}"));
        let prometheus = parse("# TYPE a_total counter\na_total 3\n");
        assert_eq!(prometheus[&("a_total".to_owned(), Labels::new())].kind, Kind::Counter);
    }

    #[test]
    fn a_histogram_is_summed_up() {
        let metrics = parse(TEXT);
        let wait = &metrics[&("pnb_wait_seconds".to_owned(), Labels::new())];
        assert_eq!(wait.mean(), Some(0.15));
        assert_eq!(wait.quantile(0.5), Some(0.1));
        assert!((wait.quantile(0.7).unwrap() - 0.15).abs() < 1e-9);
        assert_eq!(wait.quantile(0.99), Some(0.2), "the last bound there is");
        assert_eq!(Series::default().quantile(0.5), None);
    }

    #[test]
    fn a_server_that_began_again_counts_from_nothing() {
        let series = |value| Series { kind: Kind::Counter, value, ..Series::default() };
        assert_eq!(series(5.0).since(Some(&series(3.0))).value, 2.0);
        assert_eq!(series(2.0).since(Some(&series(3.0))).value, 2.0);
        assert_eq!(series(2.0).since(None).value, 2.0);
    }
}
