//! Every answer a hostile or broken server is known to give can be had from a fault plan.

mod common;

use std::io::ErrorKind;

use common::{Connection, NOTCH_ID, Reply, Request, Server};
use serde_json::{Value, json};

const GIB: u64 = 1 << 30;

/// A plan of one rule for every operation.
fn plan(respond: Value) -> Value {
    json!({"rules": [{ "respond": respond }]})
}

fn ask(server: &Server, request: &Request) -> Connection {
    let mut connection = server.connect();
    connection.write(request).unwrap();
    connection
}

fn lookup(server: &Server) -> Request {
    server.store("GET", "/lookup?minecraft_java_name=Notch")
}

/// Sets the plan and checks that what it says is what comes.
fn comes(server: &Server, request: &Request, respond: Value) -> Reply {
    server.faults(&plan(respond.clone()));
    let reply = server.try_send(request).unwrap();
    assert_eq!(reply.status, respond["status"], "{respond}");
    if reply.status != 204 {
        assert_eq!(reply.body, respond["body"].as_str().unwrap_or("").as_bytes());
    }
    for (name, value) in respond["headers"].as_object().into_iter().flatten() {
        assert_eq!(reply.header(name), value.as_str(), "{respond}");
    }
    reply
}

#[test]
fn statuses_and_bodies() {
    let server = Server::start();
    let error = |status: u16, extra: Value| {
        let mut body = json!({"status": status, "code": "bad-request", "message": "no"});
        for (name, value) in extra.as_object().unwrap() {
            body[name] = value.clone();
        }
        body.to_string()
    };
    let entry = |path: Value| json!({"code": "c", "message": "m", "path": path, "validation": "v"});
    let lookup = lookup(&server);
    let create = server.store("POST", "").json(&json!({"name": "a"}));
    let revoke = server.store("DELETE", &format!("/{NOTCH_ID}/tokens"));
    let html = json!({"content-type": "text/html"});
    for (request, respond) in [
        (&create, json!({"status": 400, "body": error(400, json!({"errors": [entry(json!("a.b"))]}))})),
        (&create, json!({"status": 400, "body": error(400, json!({"errors": [entry(json!(["a", 0]))]}))})),
        (&create, json!({"status": 400, "body": error(400, json!({"errors": null}))})),
        (&lookup, json!({"status": 401, "body": error(401, json!({}))})),
        (&lookup, json!({"status": 401})),
        (&lookup, json!({"status": 403, "body": error(403, json!({}))})),
        (&lookup, json!({"status": 404, "body": error(404, json!({}))})),
        (&lookup, json!({"status": 404, "headers": html, "body": "<h1>Not Found</h1>"})),
        (&lookup, json!({"status": 200, "body": "null"})),
        (&lookup, json!({"status": 200, "body": "{}"})),
        (&lookup, json!({"status": 200, "body": "[]"})),
        (&lookup, json!({"status": 204})),
        (&create, json!({"status": 404, "body": error(404, json!({}))})),
        (&create, json!({"status": 409, "body": error(409, json!({}))})),
        (&create, json!({"status": 413})),
        (&create, json!({"status": 415})),
        (&create, json!({"status": 422, "body": error(422, json!({}))})),
        (&lookup, json!({"status": 429})),
        (&lookup, json!({"status": 429, "headers": {"retry-after": "2"}})),
        (&lookup, json!({"status": 429, "headers": {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}})),
        (&lookup, json!({"status": 429, "headers": {"retry-after": "86400"}})),
        (&lookup, json!({"status": 429, "headers": {"retry-after": "soon"}})),
        (&lookup, json!({"status": 429, "headers": {"retry-after": "-5"}})),
        (&lookup, json!({"status": 500})),
        (&lookup, json!({"status": 502, "headers": html, "body": "<h1>Bad Gateway</h1>"})),
        // The body says another status, or says less than the contract asks for.
        (&lookup, json!({"status": 500, "body": error(404, json!({}))})),
        (&lookup, json!({"status": 400, "body": r#"{"status":400,"message":"m"}"#})),
        (&lookup, json!({"status": 400, "body": error(400, json!({"code": null}))})),
        (&lookup, json!({"status": 400, "body": error(400, json!({"code": 17}))})),
        (&lookup, json!({"status": 200, "body": error(500, json!({}))})),
        (&create, json!({"status": 201, "body": "{}"})),
        (&revoke, json!({"status": 200, "body": "{\"revoked\":true}"})),
        (&lookup, json!({"status": 302, "headers": {"location": "http://elsewhere.example/"}})),
    ] {
        comes(&server, request, respond);
    }
}

#[test]
fn a_redirect_loop() {
    let server = Server::start();
    let target = format!("/v1/stores/{}/customers/1", paynow_sandbox::STORE_ID);
    for _ in 0..3 {
        let request = Request::new("GET", &target);
        let reply = comes(&server, &request, json!({"status": 307, "headers": {"location": target}}));
        assert_eq!(reply.header("location"), Some(target.as_str()));
    }
}

#[test]
fn a_503_and_then_all_is_well() {
    let server = Server::start();
    server.faults(&json!({"rules": [{"times": 1, "respond": {"status": 503}}]}));
    let statuses = [(); 3].map(|()| server.try_send(&lookup(&server)).unwrap().status);
    assert_eq!(statuses, [503, 200, 200]);
}

#[test]
fn shapes() {
    let server = Server::start();
    let real = server.send(&lookup(&server)).json();
    let with = |name: &str, value: Value| {
        let mut customer = real.clone();
        customer[name] = value;
        customer.to_string()
    };
    let mut without_profile = real.clone();
    without_profile.as_object_mut().unwrap().remove("profile");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for body in [
        with("id", json!(9_223_372_036_854_775_807u64)),
        with("steam_id", json!(76_561_198_012_345_678u64)),
        with("metadata", json!(null)),
        with("metadata", json!({"rank": 3})),
        with("metadata", json!({"rank": {"of": ["a"]}})),
        with("store", json!({"id": "1"})),
        with("minecraft_platform", json!("console")),
        with("minecraft", json!({"id": "Offline_Olga", "name": "Offline_Olga", "avatar_url": ""})),
        with("minecraft", json!({"id": "2535432196048835", "name": "Pia", "avatar_url": ""})),
        with("minecraft_uuid", json!("069a79f444e94726a5befca90e38aaf5")),
        with("minecraft_uuid", json!("069A79F4-44E9-4726-A5BE-FCA90E38AAF5")),
        with("profile", json!(null)),
        without_profile.to_string(),
        with("created_at", json!("2025-05-01T09:15:02.1234567Z")),
        with("created_at", json!("2025-05-01T09:15:02Z")),
        with("created_at", json!("2025-05-01T11:15:02+02:00")),
        with("created_at", json!("yesterday")),
        r#"{"code":"A","balance":2147483648,"starting_balance":9223372036854775807}"#.to_owned(),
        r#"{"code":"A","balance":-1,"starting_balance":12.5}"#.to_owned(),
        r#"{"token":""}"#.to_owned(),
        r#"{"token":"pnct_a\r\nx-evil: 1"}"#.to_owned(),
        r#"{"customer_token":"pnct_a"}"#.to_owned(),
        with("store_id", json!("411486491630370817")),
        with("name", json!("\u{a7}cRed \u{a7}lBold")),
        with("name", json!("x".repeat(10_000))),
        with("name", json!("🔥👩‍👩‍👧‍👦")),
        format!("{{\"id\":\"1\",{}", &real.to_string()[1..]),
        deep.clone(),
        with("metadata", json!({"a": "b"})).replace("\"b\"", &deep),
        // Cut short, but of the length it claims.
        real.to_string()[..50].to_owned(),
    ] {
        comes(&server, &lookup(&server), json!({"status": 200, "body": body}));
    }
}

#[test]
fn lists_and_bulk() {
    let server = Server::start();
    let page = server.send(&server.store("GET", "?limit=2")).json();
    let cursor = page[1]["id"].as_str().unwrap();

    // The same page without end, which holds its own cursor from the second time on.
    server.faults(&json!({"rules": [
        {"operation": "list_customers", "respond": {"status": 200, "body": page.to_string()}}
    ]}));
    for query in ["?limit=2".to_owned(), format!("?limit=2&after={cursor}"), "?limit=1".to_owned()] {
        let reply = server.send(&server.store("GET", &query));
        assert_eq!(reply.json(), page, "{query}");
    }

    let body = json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]);
    let bulk = server.store("POST", "/bulk").json(&body);
    let made = server.send(&bulk).json();
    for answer in [
        json!([made[0], made[1]]),
        json!([made[2], made[0], made[1]]),
        json!([made[0], null, made[2]]),
        json!([made[0], {"status": 409, "code": "conflict", "message": "taken"}, made[2]]),
    ] {
        comes(&server, &bulk, json!({"status": 200, "body": answer.to_string()}));
    }

    // The second part of a larger input fails.
    server.faults(&json!({"rules": [
        {"operation": "bulk_create_customers", "times": 1, "delay_ms": 0},
        {"operation": "bulk_create_customers", "times": 1, "respond": {"status": 500}}
    ]}));
    let statuses = [(); 3].map(|()| server.try_send(&bulk).unwrap().status);
    assert_eq!(statuses, [200, 500, 200]);
}

#[test]
fn wrong_labels() {
    let server = Server::start();
    let json_as_html = json!({"real_body": true, "headers": {"content-type": "text/html"}});
    server.faults(&plan(json_as_html));
    let reply = server.try_send(&lookup(&server)).unwrap();
    assert_eq!(reply.header("content-type"), Some("text/html"));
    assert_eq!(reply.json()["id"], NOTCH_ID);

    for (media, hex, bytes) in [
        ("application/json; charset=utf-16", "fffe7b007d00", &b"\xff\xfe{\0}\0"[..]),
        ("application/json; charset=utf-8", "efbbbf7b7d", b"\xef\xbb\xbf{}"),
        ("application/json; charset=iso-8859-1", "7b226e223a22e4227d", b"{\"n\":\"\xe4\"}"),
    ] {
        let respond = json!({"status": 200, "body_hex": hex, "headers": {"content-type": media}});
        server.faults(&plan(respond));
        let reply = server.try_send(&lookup(&server)).unwrap();
        assert_eq!(reply.header("content-type"), Some(media));
        assert_eq!(reply.body, bytes);
    }
}

#[test]
fn a_gibibyte() {
    let server = Server::start();
    for respond in [
        json!({"status": 200, "body": "x", "repeat": GIB}),
        json!({"status": 200, "body": "x", "repeat": GIB, "no_length": true}),
        json!({"status": 200, "body": "x", "repeat": u64::MAX}),
    ] {
        server.faults(&plan(respond.clone()));
        let mut connection = ask(&server, &lookup(&server));
        let head = connection.read_head().unwrap();
        let length = respond["repeat"].to_string();
        let said = respond["no_length"].is_null().then_some(length.as_str());
        assert_eq!(head.header("content-length"), said);
        let mut part = vec![0; 3_000_000];
        connection.read_exact(&mut part).unwrap();
        assert!(part.iter().all(|byte| *byte == b'x'));
    }
    // The server read none of them to its end.
    server.until_stats(|stats| stats["connections_open"] == 0);
}

#[test]
fn a_repeated_body_is_repeated_exactly() {
    let server = Server::start();
    for (body, repeat) in [("abc", 100_000), ("abcdefg", 9_362), ("x", 65_536), ("x", 65_537), ("x", 0)] {
        server.faults(&plan(json!({"status": 200, "body": body, "repeat": repeat})));
        let reply = server.try_send(&lookup(&server)).unwrap();
        assert!(reply.body == body.repeat(repeat).as_bytes(), "{body} times {repeat}");
    }
}

#[test]
fn a_gzip_bomb() {
    // 16 KiB of zeros in one member; members may follow each other.
    const MEMBER: &str = "1f8b0800000000000203edc13101000000c2a0f54f6d0c1fa00000000000000000\
                          0000000000000080b70186d254ab00400000";
    let server = Server::start();
    server.faults(&plan(json!({
        "status": 200, "headers": {"content-encoding": "gzip"}, "body_hex": MEMBER, "repeat": 65_536
    })));
    let reply = server.try_send(&lookup(&server)).unwrap();
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert_eq!(reply.body.len(), MEMBER.len() / 2 * 65_536);
    assert!(reply.body.chunks(MEMBER.len() / 2).all(|part| part.starts_with(b"\x1f\x8b\x08")));
}

#[test]
fn a_byte_at_a_time() {
    let server = Server::start();
    server.faults(&plan(json!({"real_body": true, "drip_ms": 1, "drip_head": true})));
    let reply = server.try_send(&server.store("GET", "/411486491630379999")).unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (404, "not-found"));
}

#[test]
fn bodies_that_are_not_what_they_were_announced_to_be() {
    let server = Server::start();
    for (respond, end) in [
        // Too short, and closed or reset.
        (json!({"status": 200, "body": "{}", "content_length": 10}), ErrorKind::UnexpectedEof),
        (
            json!({"status": 200, "body": "{}", "content_length": 10, "then": "reset"}),
            ErrorKind::ConnectionReset,
        ),
        (json!({"real_body": true, "content_length": GIB}), ErrorKind::UnexpectedEof),
    ] {
        server.faults(&plan(respond));
        let error = ask(&server, &lookup(&server)).read().unwrap_err();
        assert_eq!(error.kind(), end);
    }
    // Chunks that break off.
    server.faults(&plan(json!({
        "status": 200, "headers": {"transfer-encoding": "chunked"}, "body": "5\r\n{\"id\"\r\nff\r\n:"
    })));
    let (bytes, end) = ask(&server, &lookup(&server)).read_to_end();
    assert!(end.is_ok());
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("content-length") && text.ends_with("\r\n\r\n5\r\n{\"id\"\r\nff\r\n:"));
    // Nothing says how long it is.
    server.faults(&plan(json!({"real_body": true, "no_length": true})));
    let (bytes, end) = ask(&server, &lookup(&server)).read_to_end();
    assert!(end.is_ok());
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("content-length") && !head.contains("transfer-encoding"));
    assert_eq!(serde_json::from_str::<Value>(body).unwrap()["id"], NOTCH_ID);
}

#[test]
fn a_connection_that_ends_just_before_it_is_used_again() {
    let server = Server::start();
    server.faults(&json!({"rules": [
        {"times": 1, "delay_ms": 0},
        {"times": 1, "close": true}
    ]}));
    let mut connection = ask(&server, &lookup(&server));
    assert_eq!(connection.read().unwrap().status, 200);
    connection.write(&lookup(&server)).unwrap();
    assert_eq!(connection.read().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    let mut connection = ask(&server, &lookup(&server));
    assert_eq!(connection.read().unwrap().status, 200);
}
