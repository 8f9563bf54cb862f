//! What a client's flight recorder wrote down: lines of JSON, which `docs/operations.md` describes.
//!
//! A dump comes from elsewhere: from a player's server, through a ticket. It is read within bounds, what is not known in it is
//! passed over, and lines that cannot be read are counted.

mod draw;
mod odd;
mod summary;
mod time;
mod way;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use draw::{Drawing, Glyphs};
pub use odd::{Odd, odd};
pub use summary::{Group, summary};
pub use time::{clock, time};
pub use way::{Kind, Step, decided, decider, outcome, steps, total};

use crate::exit::Failure;

/// The version of the format that is read.
const FORMAT: u64 = 1;
/// A client keeps 1,024 requests, which take a few hundred bytes each.
const LARGEST: u64 = 32 * 1024 * 1024;
const LONGEST_LINE: usize = 64 * 1024;
const MOST_REQUESTS: usize = 16_384;
/// The recorder's longest time: more is shown as this.
pub const LONGEST_TIME: u64 = 4_294_967_294;

/// A dump that was read.
#[derive(Debug, Default)]
pub struct Dump {
    pub head: Head,
    /// In the order of the file.
    pub requests: Vec<Request>,
    /// Lines that could not be read.
    pub unreadable: usize,
    /// Whether the file ends in the middle of a line.
    pub is_cut: bool,
}

/// The first line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Head {
    pub version: String,
    pub os: String,
    pub arch: String,
    pub unix_ms: u64,
    pub now_us: u64,
    pub found: u64,
    pub kept: u64,
    pub settings: Map<String, Value>,
    pub numbers: Map<String, Value>,
}

#[derive(Deserialize)]
struct Format {
    paynow_dump: u64,
}

/// How one request went. Times are microseconds after it was submitted.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Request {
    pub n: u64,
    pub operation: String,
    pub priority: String,
    pub question: String,
    /// After the client was made.
    pub submitted_us: u64,
    pub deadline_us: Option<u64>,
    pub found_us: Option<u64>,
    pub way: Way,
    pub joined: Option<u64>,
    pub network: Option<Network>,
    pub tried: u64,
    pub attempts: Vec<Attempt>,
    pub end: Option<End>,
    pub status: Option<String>,
    pub http: Option<u16>,
    pub source: Option<String>,
    pub sent: Option<String>,
    pub ended_us: Option<u64>,
    pub collected_us: Option<u64>,
}

/// What became of a request when the library found it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Asked,
    Joined,
    AtOnce,
    #[default]
    #[serde(other)]
    Unknown,
}

/// Who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Library,
    Host,
    #[serde(other)]
    Unknown,
}

/// What the network of servers said.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Network {
    pub asked: u64,
    pub said: String,
    pub said_us: Option<u64>,
}

/// One attempt.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Attempt {
    pub operation: String,
    pub began_us: Option<u64>,
    pub ended_us: Option<u64>,
    pub status: Option<String>,
    pub sent: Option<String>,
    pub http: Option<u16>,
}

impl Head {
    pub fn setting(&self, name: &str) -> Option<f64> {
        self.settings.get(name).and_then(Value::as_f64)
    }

    /// A number the client counted; a switch that is on counts as 1.
    pub fn number(&self, name: &str) -> f64 {
        let value = self.numbers.get(name);
        value.and_then(|value| value.as_f64().or_else(|| value.as_bool().map(f64::from))).unwrap_or_default()
    }
}

impl Request {
    pub fn is_ok(&self) -> bool {
        self.status.as_deref() == Some("ok")
    }

    /// Whether it ended with a failure.
    pub fn has_failed(&self) -> bool {
        self.end == Some(End::Library) && !self.is_ok()
    }
}

/// Reads a dump from a file; - is standard input.
pub fn load(path: &Path) -> Result<Dump, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::file(path, &error))?;
    let refuse = |problem: &str| Failure::Usage(format!("{}: {problem}", path.display()));
    if bytes.len() as u64 > LARGEST {
        return Err(refuse("is larger than any dump: more than 32 MiB"));
    }
    self::read(&String::from_utf8_lossy(&bytes)).map_err(|problem| refuse(&problem))
}

/// Reads the text of a dump.
fn read(text: &str) -> Result<Dump, String> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let unknown = "is not a dump of paynow-bridge: its first line is not that of one (docs/operations.md, Flight recorder)";
    if first.len() > LONGEST_LINE {
        return Err(unknown.to_owned());
    }
    let format: Format = serde_json::from_str(first).map_err(|_| unknown.to_owned())?;
    if format.paynow_dump != FORMAT {
        return Err(format!(
            "is a dump of version {}, and this pnb reads version {FORMAT}: take the pnb of the library that wrote it",
            format.paynow_dump
        ));
    }
    let head =
        serde_json::from_str(first).map_err(|error| format!("its first line cannot be read: {error}"))?;
    let mut dump = Dump { head, ..Dump::default() };
    let mut lines = rest.split_inclusive('\n');
    for line in lines.by_ref().take(MOST_REQUESTS) {
        let is_whole = line.ends_with('\n');
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let request =
            if line.len() > LONGEST_LINE { None } else { serde_json::from_str::<Request>(line).ok() };
        match request.filter(|request| request.n > 0) {
            Some(request) => dump.requests.push(request),
            None if is_whole => dump.unreadable += 1,
            None => dump.is_cut = true,
        }
    }
    dump.unreadable += lines.count();
    Ok(dump)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub const HEAD: &str = r#"{"paynow_dump":1,"version":"0.1.0","os":"linux","arch":"x86_64","unix_ms":1790000000000,"now_us":9000000,"found":3,"kept":2,"settings":{"store_id":"4","max_workers":64,"cache_ttl_ms":0,"network":false},"numbers":{"circuit_open":true,"submitted":3},"later":{"more":[1]}}"#;

    #[test]
    fn what_is_not_known_is_passed_over() {
        let text = format!(
            "{HEAD}\n{}\n{}\n",
            r#"{"n":2,"operation":"lookup_customer","question":"00ff00ff","submitted_us":5,"way":"flown","end":"elsewhere","later":[{}],"found_us":7}"#,
            r#"{"n":3,"operation":"get_customer","way":"at_once","end":"library","status":"ok","source":"cache","http":200}"#
        );
        let dump = read(&text).unwrap();
        assert_eq!((dump.requests.len(), dump.unreadable, dump.is_cut), (2, 0, false));
        assert_eq!((dump.requests[0].way, dump.requests[0].end), (Way::Unknown, Some(End::Unknown)));
        assert!(dump.requests[1].is_ok() && !dump.requests[1].has_failed());
        assert_eq!((dump.head.setting("max_workers"), dump.head.number("circuit_open")), (Some(64.0), 1.0));
        assert_eq!((dump.head.setting("no such"), dump.head.number("no such")), (None, 0.0));
    }

    #[test]
    fn what_is_not_a_dump_is_refused() {
        for text in [
            "",
            "\n",
            "{}",
            "[]",
            "{\"paynow_dump\":\"1\"}",
            "{\"paynow_dump\":-1}",
            "\u{0}\u{fffd}",
            "null\n{}",
        ] {
            assert!(read(text).unwrap_err().contains("is not a dump"), "{text}");
        }
        assert!(read("{\"paynow_dump\":2}").unwrap_err().contains("version 2"));
        assert!(read("{\"paynow_dump\":1,\"now_us\":-1}").unwrap_err().contains("first line cannot be read"));
        let deep = format!("{{\"paynow_dump\":1,\"x\":{}", "[".repeat(60_000));
        assert!(read(&deep).is_err());
        assert!(
            read(&"{\"paynow_dump\":1}".replace('}', &format!("{}}}", " ".repeat(LONGEST_LINE)))).is_err()
        );
    }

    #[test]
    fn lines_that_cannot_be_read_are_counted() {
        let good = r#"{"n":1,"operation":"get_customer","submitted_us":1}"#;
        let bad = [
            "x",
            "{\"n\":0}",
            "{\"n\":-1}",
            "{\"n\":1,\"found_us\":-5}",
            "{\"n\":1,\"n\":2}",
            "{\"n\":1,\"http\":70000}",
            "{\"n\":18446744073709551616}",
            "[]",
        ];
        let text = format!("{HEAD}\n{good}\n\n{}\n{good}\n{{\"n\":2,\"oper", bad.join("\n"));
        let dump = read(&text).unwrap();
        assert_eq!((dump.requests.len(), dump.unreadable, dump.is_cut), (2, bad.len(), true));
        let long = format!("{HEAD}\n{{\"n\":1,\"operation\":\"{}\"}}\n", "x".repeat(LONGEST_LINE));
        assert_eq!(read(&long).unwrap().unreadable, 1);
        let many = format!("{HEAD}\n{}", format!("{good}\n").repeat(MOST_REQUESTS + 7));
        let dump = read(&many).unwrap();
        assert_eq!((dump.requests.len(), dump.unreadable), (MOST_REQUESTS, 7));
    }
}
