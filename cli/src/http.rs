//! Plain HTTP to what runs on this machine or nearby: the sandbox's switches, the metrics of a server.

use std::io::Read as _;
use std::time::Duration;

use ureq::http::{Method, Request};

use crate::exit::Failure;

/// The largest answer that is read.
const LARGEST: u64 = 16 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// Asks `http://…`. Whatever the answer's status is, it is an answer.
pub fn ask(method: &Method, url: &str, body: Option<&str>) -> Result<Answer, Failure> {
    if !url.starts_with("http://") {
        return Err(Failure::Usage(format!("{url}: must begin with http://")));
    }
    let failed = |error: ureq::Error| Failure::Unreachable(format!("{url}: {error}"));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        // No proxy: it is on this machine, or a few metres away.
        .proxy(None)
        .build()
        .into();
    let request = Request::builder().method(method).uri(url).header("content-type", "application/json");
    let unusable = |error: ureq::http::Error| Failure::Usage(format!("{url}: {error}"));
    let mut answer = match body {
        Some(body) => agent.run(request.body(body).map_err(unusable)?),
        None => agent.run(request.body(()).map_err(unusable)?),
    }
    .map_err(failed)?;
    let status = answer.status().as_u16();
    let mut text = String::new();
    answer
        .body_mut()
        .as_reader()
        .take(LARGEST)
        .read_to_string(&mut text)
        .map_err(|error| Failure::Unreachable(format!("{url}: {error}")))?;
    Ok(Answer { status, body: text })
}
