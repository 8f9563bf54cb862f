//! Many clients at once, and clients that leave in the middle of something.

mod common;

use std::fs;

use common::{Connection, NOTCH_ID, Request, Server};
use serde_json::{Value, json};

/// As many connections as the limit on open files leaves room for; each takes two of them here.
fn crowd() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next())
        .map_or(256, |soft| soft.parse().unwrap_or(usize::MAX));
    // The other tests of this file run beside it.
    (soft.saturating_sub(100) / 2).clamp(50, 3_000)
}

fn create(server: &Server, name: &str) -> Request {
    server.store("POST", "").json(&json!({ "name": name }))
}

fn asked(server: &Server, request: &Request) -> Connection {
    let mut connection = server.connect();
    connection.write(request).unwrap();
    connection
}

fn left(server: &Server) {
    server.until_stats(|stats| stats["connections_open"] == 0);
}

#[test]
fn thousands_wait_half_of_them_leave_and_nothing_leaks() {
    let server = Server::start();
    server.faults(&json!({"hang": true}));
    let crowd = crowd() / 2 * 2;
    let mut connections: Vec<_> =
        (0..crowd).map(|n| asked(&server, &create(&server, &format!("Player {n}")))).collect();
    server.until_stats(|stats| stats["requests"] == crowd && stats["connections_open"] == crowd);
    connections.truncate(crowd / 2);
    server.until_stats(|stats| stats["connections_open"] == crowd / 2);
    server.faults(&json!({}));
    for connection in &mut connections {
        assert_eq!(connection.read().unwrap().status, 200);
    }
    let stats = server.admin("GET", "stats", "").json();
    assert_eq!(stats["creates_effective"], crowd / 2);
    assert_eq!(stats["customers"], 24 + crowd / 2);
    drop(connections);
    left(&server);
}

#[test]
fn those_who_left_just_before_the_release_have_no_effect() {
    let server = Server::start();
    for _ in 0..20 {
        server.faults(&json!({"hang": true}));
        let before = server.admin("GET", "stats", "").json();
        let connections: Vec<_> = (0..20).map(|_| asked(&server, &create(&server, "Gone"))).collect();
        // A connection that is open has not been read from yet: what is read after the release does not count.
        let read = before["requests"].as_u64().unwrap() + 20;
        server.until_stats(|stats| stats["requests"] == read && stats["connections_open"] == 20);
        drop(connections);
        server.faults(&json!({}));
        left(&server);
        let after = server.admin("GET", "stats", "").json();
        assert_eq!(after["creates_effective"], before["creates_effective"]);
    }
}

#[test]
fn a_hang_holds_connections_that_were_in_use_before_and_a_retry_counts_once() {
    let server = Server::start();
    let hangs: [(&str, &str, &str); 2] =
        [("PUT", "faults", r#"{"hang":true}"#), ("POST", "hang", r#"{"for_ms":80000000}"#)];
    for (round, (method, path, body)) in hangs.into_iter().enumerate() {
        let mut kept = asked(&server, &server.store("GET", &format!("/{NOTCH_ID}")));
        assert_eq!(kept.read().unwrap().status, 200);
        let mut impatient = asked(&server, &server.store("GET", &format!("/{NOTCH_ID}")));
        assert_eq!(impatient.read().unwrap().status, 200);

        server.admin(method, path, body);
        let uuid = format!("11111111-2222-4333-8444-55555555555{round}");
        let request = server.store("POST", "").json(&json!({ "minecraft_uuid": uuid }));
        impatient.write(&request).unwrap();
        server.until_logged(|entry| entry["outcome"] == "pending");
        assert!(impatient.is_silent());
        drop(impatient);
        server.until_logged(|entry| entry["outcome"] == "client_gone");

        kept.write(&request).unwrap();
        server.until_logged(|entry| entry["outcome"] == "pending");
        assert!(kept.is_silent());
        server.admin("DELETE", "faults", "");
        assert_eq!(kept.read().unwrap().status, 200);
        server.until_stats(|stats| stats["creates_effective"] == round + 1);
        drop(kept);
        left(&server);
    }
}

#[test]
fn leaving_is_noticed_whatever_the_server_is_at() {
    const HOUR: u64 = 3_600_000;
    let server = Server::start();
    let rule = |rule: Value| json!({ "rules": [rule] });
    for (plan, outcome) in [
        (json!({"latency_ms": HOUR}), "client_gone"),
        (rule(json!({"delay_ms": HOUR})), "client_gone"),
        (rule(json!({"hang": true})), "client_gone"),
        (rule(json!({"respond": {"status": 200, "body": "{}", "drip_ms": HOUR}})), "broken_answer"),
        (rule(json!({"respond": {"real_body": true, "drip_ms": HOUR, "drip_head": true}})), "broken_answer"),
        (rule(json!({"respond": {"status": 200, "then": "hang"}})), "broken_answer"),
        (rule(json!({"respond": {"status": 200, "body": "x", "repeat": u64::MAX}})), "broken_answer"),
    ] {
        server.faults(&plan);
        let connection = asked(&server, &create(&server, "Quitter"));
        server.until_stats(|stats| stats["connections_open"] == 1);
        drop(connection);
        left(&server);
        server.until_logged(|entry| entry["outcome"] == outcome);
    }
    // Only the one whose real answer was dripping had an effect.
    assert_eq!(server.customers(), 25);
}

#[test]
fn an_answer_that_ends_in_a_hang_is_released_with_its_own_plan() {
    let server = Server::start();
    server.faults(&json!({"rules": [{"respond": {"status": 200, "body": "{", "then": "hang"}}]}));
    let mut connection = asked(&server, &create(&server, "a"));
    assert_eq!(connection.read().unwrap().body, b"{");
    assert!(connection.is_silent());
    server.faults(&json!({"hang": true}));
    assert_eq!(connection.read_byte().unwrap(), None);
}
