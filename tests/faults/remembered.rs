//! What is remembered, and what stands in for a broken server.

use std::time::{Duration, Instant};

use paynow_bridge::{ClientBuilder, Sent, Source, Status};
use serde_json::json;

use super::row::{
    Ask, CREATE, Expect, Kind, LOOKUP, Row, broken, error, healthy, never_sent, ok, refused, respond,
};
use super::row::{plan, respond_with};
use super::support::FOREVER;

/// A player who is a customer.
const PIA: Ask = Ask::TokenFor("2535432196048835");

/// Answers stay fresh for the whole row.
fn fresh(builder: ClientBuilder) -> ClientBuilder {
    builder.cache_ttl(FOREVER).cache_negative_ttl(FOREVER)
}

/// Answers are old as soon as they come, and still good in place of a failure.
fn old(builder: ClientBuilder) -> ClientBuilder {
    builder.cache_ttl(Duration::from_nanos(1)).cache_negative_ttl(Duration::from_nanos(1))
}

/// Answers are too old to be used at all.
fn forgotten(builder: ClientBuilder) -> ClientBuilder {
    old(builder).cache_stale(Duration::from_nanos(1))
}

fn from_memory(answer: Kind) -> Expect {
    ok(answer).source(Source::Cache).sent(Sent::Never).attempts(0)
}

fn stale(sent: Sent, attempts: u32) -> Expect {
    ok(Kind::Customer).source(Source::StaleCache).sent(sent).attempts(attempts)
}

pub fn rows() -> Vec<Row> {
    let known = |name, setting: fn(ClientBuilder) -> ClientBuilder| {
        Row::sandbox(name, healthy()).with(setting).ask(LOOKUP, ok(Kind::Customer))
    };
    let unknown = Ask::Lookup("Stranger_77");
    let absent = || ok(Kind::Absent).http(404);
    vec![
        known("an answer that is remembered needs no server", fresh)
            .plan(respond(500, ""))
            .ask(LOOKUP, from_memory(Kind::Customer)),
        known("stale instead of 500", old).plan(respond(500, "")).ask(LOOKUP, stale(Sent::Answered, 3)),
        known("stale instead of a reset", old)
            .plan(plan(json!({"reset": true})))
            .ask(LOOKUP, stale(Sent::Maybe, 3)),
        known("stale instead of a server that hangs", old).plan(json!({"hang": true})).ask_within(
            Duration::from_secs(1),
            LOOKUP,
            stale(Sent::Maybe, 1),
        ),
        known("stale instead of 429", old)
            .plan(respond_with(429, json!({"retry-after": "86400"}), ""))
            .ask(LOOKUP, stale(Sent::Answered, 1)),
        known("stale while the circuit is open", |builder| old(builder).circuit_threshold(1).max_attempts(1))
            .plan(respond(500, ""))
            .ask(LOOKUP, stale(Sent::Answered, 1))
            .ask(LOOKUP, stale(Sent::Answered, 1))
            .ask(LOOKUP, stale(Sent::Never, 0)),
        // A refusal is an answer, and so is "no such customer".
        known("no stale answer instead of 401", old)
            .plan(respond(401, ""))
            .ask(LOOKUP, refused(Status::Unauthorized, 401)),
        known("no stale answer instead of 404", old)
            .plan(respond(404, &error(404, "not-found")))
            .ask(LOOKUP, absent()),
        known("no stale answer that is too old", forgotten)
            .plan(respond(500, ""))
            .ask(LOOKUP, refused(Status::Server, 500).attempts(3)),
        Row::sandbox("no such customer, remembered", healthy())
            .with(fresh)
            .ask(unknown, absent())
            .ask(unknown, from_memory(Kind::Absent).http(404)),
        Row::sandbox("no such customer, until we create one", healthy())
            .with(fresh)
            .ask(unknown, absent())
            .ask(CREATE, ok(Kind::Customer))
            .ask(unknown, absent())
            .creates(1),
        Row::sandbox("no such customer, until we may have created one", healthy())
            .with(fresh)
            .ask(unknown, absent())
            .plan(plan(json!({"operation": "create_customer", "reset": true})))
            .ask(CREATE, broken(Status::Transport))
            .ask(unknown, absent()),
        Row::sandbox(
            "a wrong address is not remembered as an unknown customer",
            respond(404, "<h1>nginx</h1>"),
        )
        .with(fresh)
        .ask(LOOKUP, refused(Status::InvalidResponse, 404))
        .plan(healthy())
        .ask(LOOKUP, ok(Kind::Customer)),
        Row::sandbox("nonsense is not remembered", respond(200, "{}"))
            .with(fresh)
            .ask(LOOKUP, refused(Status::InvalidResponse, 200))
            .plan(healthy())
            .ask(LOOKUP, ok(Kind::Customer)),
        Row::sandbox("tokens are not remembered", healthy())
            .with(fresh)
            .ask(Ask::Mint, ok(Kind::Token))
            .ask(Ask::Mint, ok(Kind::Token)),
        Row::sandbox("two that ask the same share an answer", json!({"hang": true}))
            .with(fresh)
            .play(|scene| {
                let asked_at = Instant::now();
                let first = scene.submit(LOOKUP, FOREVER);
                scene.until("the question arrives", || scene.arrived() == 1);
                let second = scene.submit(LOOKUP, FOREVER);
                scene.until("the second joins the first", || scene.client.stats().coalesced == 1);
                scene.sandbox.faults("{}");
                for _ in 0..2 {
                    let completion = scene.next(FOREVER);
                    let source = if completion.id() == first { Source::Network } else { Source::Shared };
                    assert!([first, second].contains(&completion.id()));
                    scene.check(&completion, &ok(Kind::Customer).source(completion.source()));
                    scene.check_sent_once(asked_at, completion.source(), source);
                }
            })
            .reached_at_most(),
        Row::sandbox("two that ask the same share a failure", json!({"hang": true}))
            .with(|builder| fresh(builder).max_attempts(1))
            .play(|scene| {
                let asked_at = Instant::now();
                let first = scene.submit(LOOKUP, FOREVER);
                scene.until("the question arrives", || scene.arrived() == 1);
                scene.submit(LOOKUP, FOREVER);
                scene.until("the second joins the first", || scene.client.stats().coalesced == 1);
                // The key is revoked before the answer: the plan's hang ends with the plan.
                scene.sandbox.faults("{}");
                for _ in 0..2 {
                    let completion = scene.next(FOREVER);
                    scene.check(&completion, &refused(Status::Unauthorized, 401).source(completion.source()));
                    let source = if completion.id() == first { Source::Network } else { Source::Shared };
                    scene.check_sent_once(asked_at, completion.source(), source);
                }
            })
            .with(|builder| builder.api_key("pnapi_another_key"))
            .reached_at_most(),
        Row::sandbox("the first to ask leaves, the second is answered", json!({"hang": true}))
            .with(fresh)
            .play(|scene| {
                let asked_at = Instant::now();
                let first = scene.submit(LOOKUP, FOREVER);
                scene.until("the question arrives", || scene.arrived() == 1);
                let second = scene.submit(LOOKUP, FOREVER);
                scene.until("the second joins the first", || scene.client.stats().coalesced == 1);
                assert!(scene.client.cancel(first));
                let completion = scene.next(FOREVER);
                assert_eq!((completion.id(), completion.status()), (first, Status::Cancelled));
                drop(completion);
                scene.sandbox.faults("{}");
                let completion = scene.next(FOREVER);
                assert_eq!(completion.id(), second);
                scene.check(&completion, &ok(Kind::Customer).source(completion.source()));
                scene.check_sent_once(asked_at, completion.source(), Source::Shared);
            })
            .reached_at_most(),
        // What a step on the way found is not what was asked for.
        Row::sandbox("an ensured create that hangs is not \"no such customer\"", {
            plan(json!({"operation": "create_customer", "hang": true}))
        })
        .with(fresh)
        .ask_within(Duration::from_secs(2), Ask::Ensure("2535400000000901"), broken(Status::Timeout))
        .reached(2),
        Row::sandbox("an ensured create that fails is not \"no such customer\"", {
            plan(json!({"operation": "create_customer", "respond": {"status": 503}}))
        })
        .with(fresh)
        .ask(Ask::Ensure("2535400000000902"), refused(Status::Server, 503).attempts(3)),
        Row::sandbox("an ensured lookup that fails is not \"no such customer\"", healthy())
            .with(fresh)
            .ask(Ask::LookupXuid("2535400000000903"), absent())
            .plan(respond(500, ""))
            .ask(Ask::Ensure("2535400000000903"), refused(Status::Server, 500).attempts(3)),
        Row::sandbox("a token that cannot be minted is not a customer", {
            plan(json!({"operation": "create_customer_token", "respond": {"status": 503}}))
        })
        .with(fresh)
        .ask(PIA, refused(Status::Server, 503).attempts(2))
        // The customer is known by now; only the minting is tried.
        .ask(PIA, refused(Status::Server, 503).attempts(1)),
        Row::sandbox("a token whose minting hangs is not a customer", {
            plan(json!({"operation": "create_customer_token", "hang": true}))
        })
        .with(fresh)
        .ask_within(Duration::from_secs(2), PIA, broken(Status::Timeout))
        .reached(2),
        Row::sandbox("a token that was minted is not remembered, its customer is", healthy())
            .with(fresh)
            .ask(PIA, ok(Kind::TokenFor).attempts(2))
            .ask(PIA, ok(Kind::TokenFor).attempts(1)),
        Row::unreachable("nothing remembered, no listener", || {
            format!("http://{}", super::neighbour::no_listener())
        })
        .with(old)
        .ask(LOOKUP, never_sent(Status::Connect).attempts(3)),
    ]
}
