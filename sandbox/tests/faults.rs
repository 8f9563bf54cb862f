//! Everything the sandbox can be told to do wrong, and the rest of its administration.

mod common;

use std::io::ErrorKind;

use common::{NOTCH_ID, Request, Server};
use paynow_sandbox::{API_KEY, Config, Sandbox};
use serde_json::{Value, json};

fn rule(rule: Value) -> Value {
    json!({ "rules": [rule] })
}

fn get(server: &Server) -> Request {
    server.store("GET", &format!("/{NOTCH_ID}"))
}

fn pending(entry: &Value) -> bool {
    entry["outcome"] == "pending"
}

#[test]
fn latency_and_delays() {
    const HOUR: u64 = 3_600_000;
    let server = Server::with(Config { latency_ms: HOUR, ..Config::default() });
    let waits = || {
        let mut connection = server.connect();
        connection.write(&get(&server)).unwrap();
        server.until_logged(pending);
        assert!(connection.is_silent());
        drop(connection);
        server.until_logged(|entry| entry["outcome"] == "client_gone");
    };
    waits();
    server.faults(&json!({"latency_ms": 1, "jitter_ms": 1}));
    assert_eq!(server.admin("GET", "faults", "").json()["latency_ms"], 1);
    assert_eq!(server.send(&get(&server)).status, 200);
    server.faults(&json!({
        "latency_ms": 0,
        "rules": [
            {"operation": "get_customer", "delay_ms": HOUR, "times": 1},
            {"operation": "get_customer", "delay_ms": 1, "times": 2}
        ]
    }));
    waits();
    assert_eq!(server.send(&get(&server)).status, 200);
    let left = server.admin("GET", "faults", "").json();
    assert_eq!([&left["rules"][0]["times"], &left["rules"][1]["times"]], [0, 1]);
    // What is left out goes back to the command line.
    server.admin("DELETE", "faults", "");
    assert_eq!(server.admin("GET", "faults", "").json()["latency_ms"], HOUR);
}

#[test]
fn a_hung_request_is_answered_once_the_plan_changes() {
    let server = Server::start();
    for plan in [json!({"hang": true}), rule(json!({"hang": true}))] {
        server.faults(&plan);
        let mut connection = server.connect();
        connection.write(&get(&server)).unwrap();
        let entry = server.until_logged(pending);
        assert_eq!(entry["status"], Value::Null);
        server.admin("GET", "health", "");
        server.faults(&json!({}));
        assert_eq!(connection.read().unwrap().status, 200);
        server.until_logged(|entry| entry["outcome"] == "answered");
        server.admin("DELETE", "log", "");
    }
}

#[test]
fn a_client_that_gives_up_is_noticed_and_has_no_effect() {
    let server = Server::start();
    server.faults(&json!({"hang": true}));
    let mut connection = server.connect();
    connection.write(&server.store("POST", "").json(&json!({"name": "Impatient"}))).unwrap();
    server.until_logged(pending);
    drop(connection);
    server.until_logged(|entry| entry["outcome"] == "client_gone");
    server.faults(&json!({}));
    server.until_stats(|stats| stats["connections_open"] == 0);
    server.until_stats(|stats| stats["creates_effective"] == 0);
}

#[test]
fn a_window_of_silence_ends_by_itself_or_by_order() {
    let server = Server::start();
    assert_eq!(server.admin("POST", "hang", r#"{"for_ms":60}"#).status, 202);
    assert_eq!(server.send(&get(&server)).status, 200);

    server.admin("POST", "hang", r#"{"for_ms":600000}"#);
    let mut connection = server.connect();
    connection.write(&get(&server)).unwrap();
    server.until_logged(pending);
    assert!(connection.is_silent());
    server.admin("DELETE", "faults", "");
    assert_eq!(connection.read().unwrap().status, 200);
}

#[test]
fn connections_that_end_instead_of_answering() {
    let server = Server::start();
    server.faults(&rule(json!({"reset": true})));
    let error = server.try_send(&get(&server)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    server.until_logged(|entry| entry["outcome"] == "reset" && entry["status"].is_null());

    server.faults(&rule(json!({"close": true})));
    let error = server.try_send(&get(&server)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    server.until_logged(|entry| entry["outcome"] == "closed");

    server.faults(&rule(json!({"reset_mid_body": true})));
    let mut connection = server.connect();
    connection.write(&get(&server)).unwrap();
    let error = connection.read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn half_a_body_arrives_before_the_reset() {
    let server = Server::start();
    let whole = server.send(&get(&server)).body;
    server.faults(&rule(json!({"reset_mid_body": true})));
    let mut connection = server.connect();
    connection.write(&get(&server)).unwrap();
    let mut seen = Vec::new();
    let error = loop {
        match connection.read_byte() {
            Ok(Some(byte)) => seen.push(byte),
            Ok(None) => panic!("closed instead of reset"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(seen.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(seen.ends_with(&whole[..whole.len() / 2]));
}

#[test]
fn an_unannounced_close_after_a_good_answer() {
    let server = Server::start();
    server.faults(&rule(json!({"close_after": true})));
    let mut connection = server.connect();
    connection.write(&get(&server)).unwrap();
    let reply = connection.read().unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("connection"), None);
    assert_eq!(reply.json()["id"], NOTCH_ID);
    assert_eq!(connection.read_byte().unwrap(), None);

    let mut connection = server.connect();
    connection.write(&server.store("DELETE", &format!("/{NOTCH_ID}/tokens"))).unwrap();
    let reply = connection.read().unwrap();
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    assert_eq!(connection.read_byte().unwrap(), None);
}

#[test]
fn canned_answers() {
    let server = Server::start();
    let canned = |respond: Value| {
        server.faults(&rule(json!({"operation": "get_customer", "respond": respond})));
        server.try_send(&get(&server)).unwrap()
    };
    let reply = canned(json!({"status": 502, "headers": {"content-type": "text/html"}, "body": "<h1>Bad"}));
    assert_eq!(reply.status, 502);
    assert_eq!(reply.header("content-type"), Some("text/html"));
    assert_eq!(reply.body, b"<h1>Bad");

    let reply = canned(json!({"status": 429, "headers": {"retry-after": "soon"}, "body": "{}"}));
    assert_eq!(reply.header("retry-after"), Some("soon"));
    assert_eq!(reply.header("content-type"), Some("application/json"));

    let reply = canned(json!({"status": 500}));
    assert_eq!((reply.status, reply.body.len()), (500, 0));
    assert_eq!(reply.header("content-type"), None);

    let reply = canned(json!({"status": 200, "headers": {"content-type": null}, "body": "null"}));
    assert_eq!(reply.header("content-type"), None);

    let reply = canned(json!({"status": 302, "headers": {"location": "http://127.0.0.1:1/"}}));
    assert_eq!(reply.header("location"), Some("http://127.0.0.1:1/"));

    let reply = canned(json!({"status": 200, "body": "{\"a\":1}", "chunked": true}));
    assert_eq!(reply.header("transfer-encoding"), Some("chunked"));
    assert_eq!(reply.json(), json!({"a": 1}));

    let reply =
        canned(json!({"status": 200, "body_hex": "1f8b00ff", "headers": {"content-encoding": "gzip"}}));
    assert_eq!(reply.body, [0x1f, 0x8b, 0x00, 0xff]);

    let reply = canned(json!({"status": 200, "body": "abc", "repeat": 1000}));
    assert_eq!(reply.header("content-length"), Some("3000"));
    assert_eq!(reply.body.len(), 3000);

    for drip_head in [false, true] {
        let reply = canned(json!({"status": 200, "body": "slow", "drip_ms": 1, "drip_head": drip_head}));
        assert_eq!(reply.body, b"slow");
    }

    for status in [204, 304] {
        let reply = canned(json!({"status": status, "body": "dropped"}));
        assert_eq!((reply.status, reply.body.len()), (status, 0));
    }
}

#[test]
fn the_real_answer_dressed_differently() {
    let server = Server::start();
    let create = |name: &str| server.store("POST", "").json(&json!({ "name": name }));
    let dressed = |respond: Value, request: &Request| {
        server.faults(&rule(json!({ "respond": respond })));
        server.try_send(request).unwrap()
    };
    let reply = dressed(json!({"status": 201, "real_body": true}), &create("New"));
    assert_eq!((reply.status, reply.json()["name"].as_str()), (201, Some("New")));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(server.customers(), 25);

    // The real status, and an effect that comes once although it is asked for twice.
    server.faults(&rule(
        json!({"after_effect": true, "respond": {"real_body": true, "headers": {"content-type": "text/html"}}}),
    ));
    let reply = server.try_send(&create("Newer")).unwrap();
    assert_eq!((reply.status, server.customers()), (200, 26));
    assert_eq!(reply.header("content-type"), Some("text/html"));

    let missing = server.store("GET", "/411486491630379999");
    let reply = dressed(json!({"status": 200, "real_body": true}), &missing);
    assert_eq!((reply.status, reply.json()["status"].as_u64()), (200, Some(404)));
    let reply = dressed(json!({"real_body": true, "drip_ms": 0}), &missing);
    assert_eq!((reply.status, reply.code().as_str()), (404, "not-found"));

    // Nothing, however often.
    let revoke = server.store("DELETE", &format!("/{NOTCH_ID}/tokens"));
    let reply = dressed(json!({"real_body": true, "repeat": u64::MAX}), &revoke);
    assert_eq!((reply.status, reply.body.len()), (204, 0));
}

#[test]
fn lies_about_the_length() {
    let server = Server::start();
    server.faults(&rule(json!({"respond": {"status": 200, "body": "{}", "content_length": 10}})));
    let error = server.try_send(&get(&server)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);

    server.faults(&rule(json!({"respond": {"status": 200, "body": "{}garbage", "content_length": 2}})));
    let mut connection = server.connect();
    connection.write(&get(&server)).unwrap();
    assert_eq!(connection.read().unwrap().body, b"{}");
    assert_eq!(connection.read_byte().unwrap(), Some(b'g'));

    // A body that stops and a connection that stays.
    server
        .faults(&rule(json!({"respond": {"status": 200, "body": "{", "content_length": 2, "then": "hang"}})));
    let mut connection = server.connect();
    connection.write(&get(&server)).unwrap();
    server.until_logged(|entry| entry["outcome"] == "broken_answer");
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n{") {
        seen.push(connection.read_byte().unwrap().unwrap());
    }
    server.faults(&json!({}));
    assert_eq!(connection.read_byte().unwrap(), None);
}

#[test]
fn an_effect_may_come_before_the_failure() {
    let server = Server::start();
    let create = |name: &str| server.store("POST", "").json(&json!({ "name": name }));
    server.faults(&rule(json!({
        "operation": "create_customer", "times": 1, "after_effect": true,
        "respond": {"status": 504, "body": "gateway timeout", "headers": {"content-type": "text/plain"}}
    })));
    assert_eq!(server.try_send(&create("Late")).unwrap().status, 504);
    assert_eq!(server.customers(), 25);
    server.faults(&rule(json!({
        "operation": "create_customer", "after_effect": true, "reset": true
    })));
    assert!(server.try_send(&create("Later")).is_err());
    assert_eq!(server.customers(), 26);
    server.faults(&rule(json!({
        "operation": "create_customer", "respond": {"status": 504}
    })));
    assert_eq!(server.try_send(&create("Never")).unwrap().status, 504);
    assert_eq!(server.customers(), 26);
}

#[test]
fn rules_choose_by_operation_target_count_and_chance() {
    let server = Server::start();
    server.faults(&json!({"rules": [
        {"operation": "lookup_customer", "target_contains": "jeb_", "times": 2, "respond": {"status": 503}},
        {"operation": "other", "respond": {"status": 418}},
        {"probability": 0, "reset": true}
    ]}));
    let find = |name: &str| {
        let request = server.store("GET", &format!("/lookup?minecraft_java_name={name}"));
        server.try_send(&request).unwrap().status
    };
    assert_eq!(find("Notch"), 200);
    assert_eq!([find("jeb_"), find("jeb_"), find("jeb_")], [503, 503, 200]);
    let lost = server.try_send(&Request::new("GET", "/nowhere")).unwrap();
    assert_eq!(lost.status, 418);
}

#[test]
fn a_rate_limit() {
    let server = Server::start();
    server.faults(&json!({"rate_limit": {"requests": 2, "per_ms": 600000}}));
    for _ in 0..2 {
        assert_eq!(server.send(&get(&server)).status, 200);
    }
    let reply = server.send(&get(&server));
    assert_eq!((reply.status, reply.code().as_str()), (429, "rate-limited"));
    assert_eq!(reply.header("retry-after"), Some("600"));
    server.faults(&json!({"rate_limit": {"requests": 0, "per_ms": 1000, "retry_after": "-1"}}));
    assert_eq!(server.send(&get(&server)).header("retry-after"), Some("-1"));
}

#[test]
fn a_plan_that_makes_no_sense_is_refused() {
    let server = Server::start();
    for bad in
        ["", "{", r#"{"latency":5}"#, r#"{"rules":[{}]}"#, r#"{"rules":[{"operation":"x","reset":true}]}"#]
    {
        let request = Request::new("PUT", "/_sandbox/faults").body(bad);
        assert_eq!(server.send(&request).status, 400, "{bad}");
    }
    for bad in ["", "{}", r#"{"for_ms":-1}"#, r#"{"for_ms":18446744073709551615}"#] {
        let request =
            Request::new("POST", "/_sandbox/hang").header("content-type", "application/json").body(bad);
        assert_eq!(server.send(&request).status, 400, "{bad}");
    }
    assert_eq!(server.send(&Request::new("GET", "/_sandbox/reset")).status, 405);
}

#[test]
fn the_log_tells_all_but_secrets() {
    let server = Server::start();
    let token = server.token();
    let request = Request::new("GET", "/v1/store/customer/giftcards/lookup/GIFT-2500-ALEX")
        .header("authorization", &format!("Customer {token}"));
    server.send(&request);
    let body = json!({"platform": "minecraft", "id": "Notch"});
    let request = Request::login()
        .header("x-paynow-customer-countrycode", "DE")
        .header("user-agent", "test/1")
        .json(&body);
    server.send(&request);

    let log = server.admin("GET", "log?limit=10", "").json();
    let text = log.to_string();
    assert!(!text.contains(API_KEY) && !text.contains(&token));
    let authorizations: Vec<_> = (0..3).map(|at| log[at]["authorization"].clone()).collect();
    assert_eq!(json!(authorizations), json!(["APIKey", "Customer", "none"]));
    let login = &log[2];
    assert_eq!(login["seq"], 3);
    assert_eq!(login["method"], "POST");
    assert_eq!(login["target"], "/v1/store/customer/auth");
    assert_eq!(login["operation"], "authenticate_customer");
    assert_eq!(login["status"], 200);
    assert_eq!(login["content_type"], "application/json");
    assert_eq!(login["user_agent"], "test/1");
    assert_eq!(login["customer_ip"], "203.0.113.7");
    assert_eq!(login["customer_country"], "DE");
    assert_eq!(login["body"], body.to_string());
    assert!(login["duration_ms"].is_f64());
    let times: Vec<_> = (0..3).map(|at| log[at]["at_ms"].as_f64().unwrap()).collect();
    assert!(times[0] >= 0.0 && times.is_sorted());
    assert_eq!(server.admin("GET", "log?limit=1", "").json()[0]["seq"], 3);
    server.admin("DELETE", "log", "");
    assert_eq!(server.admin("GET", "log", "").json(), json!([]));
}

#[test]
fn a_reset_puts_everything_back() {
    let server = Server::start();
    let token = server.token();
    server.send(&server.store("POST", "").json(&json!({"name": "Short Lived"})));
    server.faults(&json!({"latency_ms": 5, "rules": [{"reset": true}]}));
    assert_eq!(server.admin("POST", "reset", "").status, 204);
    let stats = server.admin("GET", "stats", "").json();
    for (name, value) in [("customers", 24), ("tokens_live", 0), ("creates_effective", 0), ("requests", 0)] {
        assert_eq!(stats[name], value, "{name}");
    }
    let request =
        Request::new("GET", "/v1/store/customer").header("authorization", &format!("Customer {token}"));
    assert_eq!(server.send(&request).status, 401);
}

#[test]
fn only_loopback_is_served() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let config = Config { listen: address.parse().unwrap(), ..Config::default() };
        let error = runtime.block_on(Sandbox::bind(config)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{address}");
    }
}
