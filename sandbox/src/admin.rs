//! `/_sandbox/`: the routes that steer the sandbox. Never delayed, never hung, never logged.

use std::sync::atomic::Ordering;

use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::app::App;
use crate::browser;
use crate::error::ApiError;
use crate::faults::PlanSpec;
use crate::query::Query;
use crate::routes::Operation;
use crate::store::Page;

/// Where these routes live.
pub const PREFIX: &str = "/_sandbox/";
const DEFAULT_LIMIT: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HangFor {
    for_ms: u64,
}

/// Answers an administrative request.
pub fn serve(app: &App, head: &Parts, body: &[u8]) -> Answer {
    route(app, head, body).unwrap_or_else(|error| app.refuse(error))
}

fn route(app: &App, head: &Parts, body: &[u8]) -> Result<Answer, ApiError> {
    browser::check_change(head)?;
    let path = head.uri.path().strip_prefix(PREFIX).unwrap_or("");
    let done = || Ok(Answer::empty(StatusCode::NO_CONTENT));
    match (path, &head.method) {
        ("health", &Method::GET) => Ok(Answer::json(StatusCode::OK, &json!({"status": "ok"}))),
        ("reset", &Method::POST) => {
            app.reset();
            done()
        }
        ("log", &Method::GET) => {
            let query = Query::parse(head.uri.query(), &["limit"])?;
            Ok(Answer::json(StatusCode::OK, &app.log.last(limit(&query)?)))
        }
        ("log", &Method::DELETE) => {
            app.log.clear();
            done()
        }
        ("customers", &Method::GET) => {
            let query = Query::parse(head.uri.query(), &["limit", "search"])?;
            let search = query.get("search").filter(|text| !text.is_empty()).map(str::to_lowercase);
            let page = Page { limit: limit(&query)?, search, ..Page::default() };
            let store = app.store.lock().expect("no holder panics");
            let customers: Vec<_> = store.list(&page).into_iter().map(|customer| customer.dto()).collect();
            Ok(Answer::json(StatusCode::OK, &customers))
        }
        ("tokens", &Method::GET) => {
            let query = Query::parse(head.uri.query(), &["limit"])?;
            let store = app.store.lock().expect("no holder panics");
            let tokens: Vec<_> = store
                .tokens(limit(&query)?)
                .map(|(id, token)| json!({"customer_id": id.to_string(), "token": masked(token)}))
                .collect();
            Ok(Answer::json(StatusCode::OK, &tokens))
        }
        ("stats", &Method::GET) => Ok(Answer::json(StatusCode::OK, &stats(app))),
        ("faults", &Method::GET) => Ok(Answer::json(StatusCode::OK, &app.faults.plan().as_spec())),
        ("faults", &Method::PUT) => {
            let spec: PlanSpec = read(body)?;
            app.faults.replace(spec).map_err(ApiError::bad_request)?;
            done()
        }
        ("faults", &Method::DELETE) => {
            app.faults.clear();
            done()
        }
        ("hang", &Method::POST) => {
            let HangFor { for_ms } = read(body)?;
            app.faults.hang_for(for_ms).map_err(ApiError::bad_request)?;
            Ok(Answer::empty(StatusCode::ACCEPTED))
        }
        ("health" | "stats" | "customers" | "tokens", _) => Err(ApiError::method_not_allowed("GET")),
        ("reset" | "hang", _) => Err(ApiError::method_not_allowed("POST")),
        ("log", _) => Err(ApiError::method_not_allowed("GET, DELETE")),
        ("faults", _) => Err(ApiError::method_not_allowed("GET, PUT, DELETE")),
        _ => Err(ApiError::not_found(
            "The sandbox has health, reset, log, stats, customers, tokens, faults and hang here",
        )),
    }
}

fn limit(query: &Query) -> Result<usize, ApiError> {
    match query.get("limit") {
        None => Ok(DEFAULT_LIMIT),
        Some(text) => text.parse().map_err(|_| ApiError::bad_request("limit must be a whole number")),
    }
}

/// A token as it may be shown: who has the whole of it is the customer.
fn masked(token: &str) -> String {
    let shown = token.char_indices().rev().nth(3).map_or("", |(at, _)| &token[at..]);
    format!("pnct_…{shown}")
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|why| ApiError::bad_request(why.to_string()))
}

fn stats(app: &App) -> Value {
    let stats = &app.stats;
    let by_operation: Map<String, Value> = Operation::NAMES
        .iter()
        .zip(&stats.by_operation)
        .map(|(name, count)| (name.to_string(), count.load(Ordering::Relaxed).into()))
        .collect();
    let store = app.store.lock().expect("no holder panics");
    json!({
        "requests": stats.requests.load(Ordering::Relaxed),
        "connections_total": stats.connections_total.load(Ordering::Relaxed),
        "connections_open": stats.connections_open.load(Ordering::Relaxed),
        "by_operation": by_operation,
        "customers": store.customer_count(),
        "tokens_live": store.live_tokens(),
        "creates_effective": store.created(),
    })
}
