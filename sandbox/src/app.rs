//! What every connection shares, and the way of a request through faults, state and log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{StatusCode, Version};

use crate::answer::Answer;
use crate::auth;
use crate::console::Console;
use crate::error::ApiError;
use crate::faults::{Action, Defaults, Ending, Faults, Plan, Then};
use crate::handlers::{self, Call};
use crate::log::{Entry, Log, excerpt};
use crate::rng::Rng;
use crate::routes::{self, Operation, Route};
use crate::store::Store;

/// The sandbox behind its sockets.
#[derive(Debug)]
pub struct App {
    seed: Option<u64>,
    /// State.
    pub store: Mutex<Store>,
    /// Faults.
    pub faults: Faults,
    /// What was asked.
    pub log: Log,
    /// Counters.
    pub stats: Stats,
    console: Console,
    rng: Rng,
}

/// Counters since the last reset.
#[derive(Debug, Default)]
pub struct Stats {
    /// API requests that arrived as a whole.
    pub requests: AtomicU64,
    /// Connections that carried an API request.
    pub connections_total: AtomicU64,
    /// Those of them that are still open.
    pub connections_open: AtomicU64,
    /// Requests of each operation.
    pub by_operation: [AtomicU64; 12],
}

/// What goes back to the client.
#[derive(Debug)]
pub enum Outcome {
    /// A proper answer.
    Answer(Answer),
    /// Something hyper would not send.
    End(Ending),
}

impl App {
    /// A freshly seeded sandbox.
    pub fn new(seed: Option<u64>, defaults: Defaults, quiet: bool) -> Self {
        Self {
            seed,
            store: Mutex::new(Store::seeded(seed)),
            faults: Faults::new(defaults),
            log: Log::default(),
            stats: Stats::default(),
            console: Console::new(quiet),
            rng: Rng::new(seed.unwrap_or_else(crate::time::system_ms) ^ 0x5eed),
        }
    }

    /// Everything as it was at the start.
    pub fn reset(&self) {
        *self.store.lock().expect("no holder panics") = Store::seeded(self.seed);
        self.faults.clear();
        self.log.clear();
        for counter in
            [&self.stats.requests, &self.stats.connections_total].into_iter().chain(&self.stats.by_operation)
        {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// An error as an answer.
    pub fn refuse(&self, error: ApiError) -> Answer {
        error.into_answer(&self.rng.trace_id())
    }

    /// Takes an API request that has been read as a whole. `body` is an error when the body was
    /// refused before its end.
    pub async fn serve(self: &Arc<Self>, head: &Parts, body: Result<Bytes, ApiError>) -> Outcome {
        let target = head.uri.path_and_query().map_or("/", |pq| pq.as_str());
        let route = routes::find(&head.method, head.uri.path());
        let operation = route.as_ref().map_or(Operation::Other, |r| r.operation);
        let note = Note::begin(self, head, target, operation, body.as_deref().unwrap_or(&[]));
        self.stats.requests.fetch_add(1, Ordering::Relaxed);
        self.stats.by_operation[operation as usize].fetch_add(1, Ordering::Relaxed);

        let plan = self.faults.plan();
        let effect = |plan: &Plan| {
            if let Some(wait) = plan.over_limit() {
                let mut answer = self.refuse(ApiError::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "rate-limited",
                    "Too many requests; wait before the next one",
                ));
                answer.headers.push((RETRY_AFTER, wait));
                return answer;
            }
            self.perform(head, &route, &body, plan.trust_steam)
        };
        let latency = plan.latency(&self.rng);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let outcome = match plan.pick(operation, target, &self.rng) {
            None => {
                self.faults.gate().await;
                Outcome::Answer(effect(&plan))
            }
            Some((action, effect_first)) => {
                let done = effect_first.then(|| effect(&plan));
                self.act(action, &plan, || done.unwrap_or_else(|| effect(&plan))).await
            }
        };
        note.finish(&outcome);
        outcome
    }

    async fn act(&self, action: &Action, plan: &Plan, answer: impl FnOnce() -> Answer) -> Outcome {
        match action {
            Action::Delay(length) => tokio::time::sleep(*length).await,
            Action::Hang => self.faults.changed_since(plan.version).await,
            _ => {}
        }
        self.faults.gate().await;
        match action {
            Action::Delay(_) | Action::Hang => Outcome::Answer(answer()),
            Action::Respond(canned) => {
                let real = canned.needs_the_real_answer().then(answer);
                match canned.fill(real) {
                    Ok(answer) => Outcome::Answer(answer),
                    Err(ending) => Outcome::End(Ending { version: plan.version, ..ending }),
                }
            }
            Action::End(then) => Outcome::End(Ending::silent(*then)),
            Action::ResetMidBody => {
                let answer = answer();
                Outcome::End(Ending {
                    status: Some(answer.status),
                    head: answer.raw_head(Some(answer.body.len() as u64)),
                    body: answer.body.slice(..answer.body.len() / 2),
                    ..Ending::silent(Then::Reset)
                })
            }
            Action::CloseAfter => {
                let answer = answer();
                let bodiless = answer.status == StatusCode::NO_CONTENT;
                Outcome::End(Ending {
                    status: Some(answer.status),
                    head: answer.raw_head((!bodiless).then_some(answer.body.len() as u64)),
                    body: answer.body,
                    ..Ending::silent(Then::Close)
                })
            }
        }
    }

    fn perform(
        &self,
        head: &Parts,
        route: &Result<Route, ApiError>,
        body: &Result<Bytes, ApiError>,
        trust_steam: bool,
    ) -> Answer {
        let outcome = host(head).and_then(|()| match (route, body) {
            (Err(error), _) | (_, Err(error)) => Err(error.clone()),
            (Ok(route), Ok(body)) => handlers::perform(
                &mut self.store.lock().expect("no holder panics"),
                &Call { route, query: head.uri.query(), headers: &head.headers, body, trust_steam },
            ),
        });
        outcome.unwrap_or_else(|error| self.refuse(error))
    }
}

/// HTTP/1.1 requires exactly one Host, and every proxy in front of a real API insists on it.
fn host(head: &Parts) -> Result<(), ApiError> {
    match auth::single(&head.headers, "host")? {
        Some(_) => Ok(()),
        None if head.version < Version::HTTP_11 => Ok(()),
        None => Err(ApiError::bad_request("The header host is required")),
    }
}

/// A log entry that cannot be forgotten: hyper drops the future of a request whose client has gone,
/// and that is worth knowing too.
struct Note {
    app: Arc<App>,
    seq: u64,
    since: Instant,
    label: String,
    finished: bool,
}

impl Note {
    fn begin(app: &Arc<App>, head: &Parts, target: &str, operation: Operation, body: &[u8]) -> Self {
        let header = |name: &str| {
            head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let seq = app.log.begin(Entry {
            seq: 0,
            method: head.method.as_str().to_owned(),
            target: target.to_owned(),
            operation: operation.name(),
            status: None,
            outcome: "pending",
            authorization: auth::loggable_scheme(&head.headers),
            content_type: header(CONTENT_TYPE.as_str()),
            user_agent: header(USER_AGENT.as_str()),
            store_id_header: header("x-paynow-store-id"),
            customer_ip: header("x-paynow-customer-ip"),
            customer_country: header("x-paynow-customer-countrycode"),
            body: excerpt(body),
            at_ms: 0.0,
            duration_ms: None,
        });
        Self {
            app: app.clone(),
            seq,
            since: Instant::now(),
            label: if app.console.speaks() {
                format!("{} {}", head.method, routes::masked(target))
            } else {
                String::new()
            },
            finished: false,
        }
    }

    fn finish(mut self, outcome: &Outcome) {
        let (status, what) = match outcome {
            Outcome::Answer(answer) => (Some(answer.status.as_u16()), "answered"),
            Outcome::End(ending) if ending.head.is_empty() => match ending.then {
                Then::Reset => (None, "reset"),
                _ => (None, "closed"),
            },
            Outcome::End(ending) => (ending.status.map(|s| s.as_u16()), "broken_answer"),
        };
        self.close(status, what);
    }

    fn close(&mut self, status: Option<u16>, what: &'static str) {
        self.finished = true;
        let ms = self.since.elapsed().as_secs_f64() * 1_000.0;
        self.app.log.finish(self.seq, status, what, ms);
        self.app.console.line(|| match status {
            Some(status) => format!("{status} {} ({ms:.1} ms)", self.label),
            None => format!("--- {} ({what} after {ms:.1} ms)", self.label),
        });
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if !self.finished {
            self.close(None, "client_gone");
        }
    }
}
