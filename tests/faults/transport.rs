//! Connections that are refused, break, hang, trickle, flood or speak something that is not HTTP.

use std::time::Duration;

use paynow_bridge::{ClientBuilder, Completion, Status};
use serde_json::{Value, json};

use super::neighbour::{Peer, no_listener};
use super::row::{
    Ask, CREATE, Expect, JEB, Kind, LIST, LOOKUP, NOTCH, Row, broken, customer, healthy, never_sent, ok,
    once, plan, refused, respond_with,
};

/// Long enough for a request to be under way, short enough not to be waited for long.
const SHORT: Duration = Duration::from_secs(1);
/// A deadline that no call to a healthy server meets.
const LONG: Duration = Duration::from_secs(30);

pub fn rows() -> Vec<Row> {
    let mut rows = unreachable();
    rows.extend(silent_and_slow());
    rows.extend(broken_off());
    rows.extend(floods());
    rows.extend(encodings());
    rows.extend(not_http());
    rows.extend(kept_connections());
    rows
}

fn unreachable() -> Vec<Row> {
    let refused = || format!("http://{}", no_listener());
    let unknown = || "https://paynow-bridge.invalid".to_owned();
    let connect = || never_sent(Status::Connect).attempts(3).says(&["connecting to 127.0.0.1:"]);
    let resolve = || never_sent(Status::Resolve).attempts(3).says(&["resolving", "paynow-bridge.invalid"]);
    vec![
        Row::unreachable("refused", refused).ask(LOOKUP, connect()),
        // It surely never left, so repeating it is safe.
        Row::unreachable("refused, create", refused).ask(CREATE, connect()),
        Row::unreachable("refused, ensured", refused).ask(Ask::Ensure("2535400000000001"), connect()),
        Row::unreachable("DNS failure", unknown).ask(LOOKUP, resolve()),
        Row::unreachable("DNS failure, create", unknown).ask(CREATE, resolve()),
        // Where the name has an IPv6 address too, that has no listener either.
        Row::raw("broken IPv6 beside working IPv4", serving).called("http://localhost").ask(LOOKUP, is_77()),
    ]
}

/// Answers every request with customer 77.
fn serving(peer: &mut Peer) {
    while peer.hear() && peer.answer("200 OK", &customer("")) {}
}

fn is_77() -> Expect {
    ok(Kind::Customer).sees(|completion| assert_eq!(completion.customer().unwrap().id, "77"))
}

fn silent_and_slow() -> Vec<Row> {
    let timeout = || broken(Status::Timeout).says(&["deadline"]);
    let drip = json!({"status": 200, "body": customer(""), "drip_ms": 1000, "drip_head": true});
    let hang = json!({"status": 200, "body": "{\"id\":", "content_length": 100, "then": "hang"});
    // Answers a request only when its client has given it up.
    let late = |name| {
        Row::raw(name, |peer: &mut Peer| {
            if peer.number() > 1 {
                return serving(peer);
            }
            peer.hear();
            peer.wait_until_gone();
            peer.answer("200 OK", r#"{"id":"666"}"#);
        })
    };
    use super::row::Meanwhile::{Cancel, CancelAll, Shutdown};
    vec![
        Row::sandbox("accepts and never answers", json!({"hang": true}))
            .ask_within(SHORT, LOOKUP, timeout())
            .plan(healthy())
            .ask(LOOKUP, ok(Kind::Customer)),
        Row::sandbox("accepts and never answers a create", json!({"hang": true})).ask_within(
            SHORT,
            CREATE,
            timeout(),
        ),
        Row::raw("accepts and never reads", Peer::wait_until_gone)
            .ask_within(SHORT, LOOKUP, timeout())
            .reached(0),
        Row::sandbox("one byte a second", plan(json!({"respond": drip}))).ask_within(
            SHORT,
            LOOKUP,
            timeout(),
        ),
        Row::sandbox("half a body, then silence", plan(json!({"respond": hang}))).ask_within(
            SHORT,
            LOOKUP,
            timeout(),
        ),
        Row::raw("half a head, then silence", |peer: &mut Peer| {
            peer.hear();
            peer.say(b"HTTP/1.1 200 OK\r\ncontent-le");
            peer.wait_until_gone();
        })
        .ask_within(SHORT, LOOKUP, timeout()),
        Row::raw("endless 100 Continue", |peer: &mut Peer| {
            peer.hear();
            // Not faster than a client can read them, or they would be a flood.
            while peer.say(b"HTTP/1.1 100 Continue\r\n\r\n") {
                std::thread::sleep(Duration::from_millis(5));
            }
        })
        .ask_within(SHORT, LOOKUP, timeout())
        .frugal(),
        late("an answer after the deadline")
            .ask_within(SHORT, Ask::Get(NOTCH), timeout())
            .ask(Ask::Get(JEB), is_77()),
        late("an answer after the player left")
            .ask_and(Cancel, Ask::Get(NOTCH), broken(Status::Cancelled).says(&["cancelled"]))
            .ask(Ask::Get(JEB), is_77()),
        late("an answer after everything of a player's was cancelled")
            .ask_and(CancelAll, Ask::Get(NOTCH), broken(Status::Cancelled))
            .ask(Ask::Get(JEB), is_77()),
        late("an answer after the plugin was disabled").ask_and(
            Shutdown,
            Ask::Get(NOTCH),
            broken(Status::Shutdown).says(&["shut down"]),
        ),
        Row::sandbox(
            "a create that took effect after the deadline",
            once(json!({"after_effect": true, "hang": true})),
        )
        .ask_within(SHORT, CREATE, timeout())
        .creates(1),
        Row::sandbox("answers that race a cancel", healthy())
            .play(|scene| {
                for turn in 0..200_u32 {
                    let id = scene.submit(Ask::Get(NOTCH), Duration::from_secs(60));
                    // A little later each time: before it is sent, while it is under way, after its answer.
                    (0..turn * 20).for_each(|_| std::hint::spin_loop());
                    let cancelled = scene.client.cancel(id);
                    let completion = scene.next(Duration::from_secs(60));
                    assert_eq!(completion.id(), id);
                    let expected = if cancelled { Status::Cancelled } else { Status::Ok };
                    assert_eq!(completion.status(), expected);
                    assert_eq!(completion.customer().is_some(), !cancelled);
                }
            })
            .reached_at_most(),
        Row::sandbox("answers that race their deadline", healthy())
            .play(|scene| {
                for turn in 0..100_u64 {
                    let deadline = Duration::from_micros(1_000 + 100 * turn);
                    let id = scene.submit(Ask::Get(NOTCH), deadline);
                    let completion = scene.next(deadline);
                    assert_eq!(completion.id(), id);
                    match completion.status() {
                        Status::Ok => assert_eq!(completion.customer().unwrap().id, NOTCH),
                        status => assert_eq!(status, Status::Timeout),
                    }
                }
            })
            .reached_at_most(),
        Row::sandbox("a plugin is disabled with 300 calls under way", json!({"hang": true}))
            .play(|scene| {
                let mut ids: Vec<_> =
                    (0..300).map(|_| scene.submit(Ask::Get(NOTCH), Duration::from_secs(60))).collect();
                scene.until("workers wait for answers", || scene.arrived() > 0);
                scene.client.shutdown();
                while !ids.is_empty() {
                    let completion = scene.next(Duration::ZERO);
                    assert_eq!(completion.status(), Status::Shutdown);
                    let place = ids.iter().position(|id| *id == completion.id()).expect("each of them once");
                    ids.swap_remove(place);
                }
            })
            .reached_at_most(),
        Row::sandbox("300 calls that hang, then a healthy one", json!({"hang": true}))
            .play(|scene| {
                let mut ids: Vec<_> = (0..300).map(|_| scene.submit(Ask::Get(NOTCH), SHORT)).collect();
                while !ids.is_empty() {
                    let completion = scene.next(SHORT);
                    // The first to time out open the circuit; one whose deadline is a moment later may meet it open.
                    assert!(
                        matches!(completion.status(), Status::Timeout | Status::Unavailable),
                        "{completion:?}"
                    );
                    let place = ids.iter().position(|id| *id == completion.id()).expect("each of them once");
                    ids.swap_remove(place);
                }
            })
            .plan(healthy())
            .play(|scene| {
                // One of those calls may have been the probe of the open circuit; the next probe is then due later.
                scene.until("a healthy server is asked again", || {
                    scene.submit(Ask::Get(NOTCH), LONG);
                    let completion = scene.next(LONG);
                    match completion.status() {
                        Status::Ok => {
                            assert_eq!(completion.customer().unwrap().id, NOTCH);
                            true
                        }
                        status => {
                            assert_eq!((status, completion.attempts()), (Status::Unavailable, 0));
                            false
                        }
                    }
                });
            })
            .reached_at_most(),
    ]
}

fn broken_off() -> Vec<Row> {
    let cut = |rule: Value| plan(json!({ "respond": rule }));
    let body = customer("");
    let mid_body = || refused(Status::Transport, 200);
    vec![
        Row::sandbox(
            "a short body",
            cut(json!({"status": 200, "body": body, "content_length": 5000, "then": "close"})),
        )
        .ask(LOOKUP, mid_body().attempts(3).says(&["talking to 127.0.0.1"])),
        Row::sandbox("reset in mid-body", plan(json!({"reset_mid_body": true})))
            .ask(LOOKUP, mid_body().attempts(3)),
        Row::sandbox("reset in mid-body, then whole", once(json!({"reset_mid_body": true})))
            .ask(LOOKUP, ok(Kind::Customer).attempts(2)),
        // The server has answered that it did it; only what came of it is lost.
        Row::sandbox("reset in mid-body of a create", plan(json!({"reset_mid_body": true})))
            .ask(CREATE, mid_body())
            .creates(1),
        Row::sandbox("reset in mid-body of a create, ensured", {
            once(json!({"operation": "create_customer", "reset_mid_body": true}))
        })
        .ask(Ask::Ensure("2535400000000777"), ok(Kind::Customer).attempts(3))
        .creates(1),
        Row::sandbox(
            "chunks that break off",
            cut(json!({"status": 200, "headers": {"transfer-encoding": "chunked"}, "body": "40\r\n{\"id\":", "no_length": true})),
        )
        .ask(LOOKUP, mid_body().attempts(3)),
        Row::sandbox("no length: the end of the connection is the end of the body", {
            cut(json!({"status": 200, "body": body, "no_length": true}))
        })
        .ask(LOOKUP, is_77()),
    ]
}

/// One mebibyte of zeros, as one gzip member.
fn gzip_member() -> String {
    let zeros = "00".repeat(1_016);
    format!("1f8b0800000000000203edc13101000000c2a0f54f6d085fa{zeros}03e031cea38a700001000")
}

fn floods() -> Vec<Row> {
    const GIB: u64 = 1 << 30;
    let respond = |rule: Value| plan(json!({ "respond": rule }));
    let too_large = |http| refused(Status::ResponseTooLarge, http).says(&["larger than 1048576 bytes"]);
    let bomb = |members: u64| {
        respond(
            json!({"status": 200, "headers": {"content-encoding": "gzip"}, "body_hex": gzip_member(), "repeat": members}),
        )
    };
    vec![
        Row::sandbox("a body of 1 GB", respond(json!({"status": 200, "body": "x", "repeat": GIB})))
            .ask(LIST, too_large(200))
            .frugal(),
        Row::sandbox("a body of 1 GB without a length", {
            respond(json!({"status": 200, "body": "x", "repeat": GIB, "no_length": true}))
        })
        .ask(LIST, too_large(200))
        .frugal(),
        Row::sandbox("an error of 1 GB", respond(json!({"status": 400, "body": "x", "repeat": GIB})))
            .ask(CREATE, too_large(400))
            .frugal(),
        Row::raw("chunks without end", |peer: &mut Peer| {
            peer.hear();
            peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
            while peer.say(chunk.as_bytes()) {}
        })
        .ask(LIST, too_large(200))
        .frugal(),
        // gzip was not asked for and is not unpacked: a gibibyte in a mebibyte is cut as what it is ...
        Row::sandbox("a gzip bomb above the limit", bomb(1_024)).ask(LIST, too_large(200)).frugal(),
        // ... and what is below the limit is said to be compressed.
        Row::sandbox("a gzip bomb below the limit", bomb(500))
            .ask(LIST, refused(Status::InvalidResponse, 200).says(&["gzip", "not asked for"]))
            .frugal(),
        Row::raw("headers without end", |peer: &mut Peer| {
            peer.hear();
            peer.say(b"HTTP/1.1 200 OK\r\n");
            let header = format!("x-more: {}\r\n", "y".repeat(1_000));
            while peer.say(header.as_bytes()) {}
        })
        .ask(LOOKUP, broken(Status::ResponseTooLarge).says(&["head"]))
        .frugal(),
        Row::raw("small headers without end", |peer: &mut Peer| {
            peer.hear();
            peer.say(b"HTTP/1.1 200 OK\r\n");
            let headers = "a: b\r\n".repeat(1_000);
            while peer.say(headers.as_bytes()) {}
        })
        .ask(LOOKUP, broken(Status::InvalidResponse).says(&["too many headers"]))
        .frugal(),
        Row::raw("a header of 1 MB", |peer: &mut Peer| {
            peer.hear();
            peer.say(format!("HTTP/1.1 200 OK\r\nx-large: {}\r\n\r\n", "y".repeat(1_000_000)).as_bytes());
            peer.wait_until_gone();
        })
        .ask(LOOKUP, broken(Status::ResponseTooLarge).says(&["head"]))
        .frugal(),
        Row::raw("a status line without end", |peer: &mut Peer| {
            peer.hear();
            peer.say(b"HTTP/1.1 200 ");
            while peer.say(&[b'O'; 1_000]) {}
        })
        .ask(LOOKUP, broken(Status::ResponseTooLarge).says(&["head"]))
        .frugal(),
        Row::raw("a length of 2^64 - 1", |peer: &mut Peer| {
            peer.hear();
            peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n");
            while peer.say(&[b'x'; 4_096]) {}
        })
        .ask(LIST, too_large(200))
        .frugal(),
    ]
}

fn encodings() -> Vec<Row> {
    let typed = |name, content_type: Value, hex: String| {
        Row::sandbox(
            name,
            plan(
                json!({"respond": {"status": 200, "headers": {"content-type": content_type}, "body_hex": hex}}),
            ),
        )
    };
    let json = customer(r#""name":"Zoë""#);
    let zoe = || {
        ok(Kind::Customer)
            .sees(|completion| assert_eq!(completion.customer().unwrap().name.as_deref(), Some("Zoë")))
    };
    let no_utf8 = || refused(Status::InvalidResponse, 200).says(&["not UTF-8"]);
    let latin1: Vec<u8> = json.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
    let utf16: Vec<u8> =
        "\u{feff}".chars().chain(json.chars()).map(|c| c as u16).flat_map(u16::to_le_bytes).collect();
    let plain = hex(json.as_bytes());
    vec![
        typed("Latin-1 that says so", "application/json; charset=iso-8859-1".into(), hex(&latin1))
            .ask(LOOKUP, no_utf8()),
        typed("UTF-16", "application/json; charset=utf-16".into(), hex(&utf16)).ask(LOOKUP, no_utf8()),
        typed(
            "UTF-8 under the name of another charset",
            "application/json; charset=iso-8859-1".into(),
            plain.clone(),
        )
        .ask(LOOKUP, zoe()),
        typed("a byte order mark", "application/json".into(), format!("efbbbf{plain}")).ask(LOOKUP, zoe()),
        Row::sandbox("an error that cannot be read", {
            let headers = json!({"content-encoding": "br", "content-type": "application/json"});
            plan(json!({"respond": {"status": 403, "headers": headers, "body_hex": "8b0180ff"}}))
        })
        .ask(LOOKUP, refused(Status::InvalidResponse, 403).says(&["br-encoded", "not a PayNow error"])),
        Row::sandbox("plain JSON under the name of an encoding", {
            respond_with(200, json!({"content-encoding": "gzip"}), &json)
        })
        .ask(LOOKUP, zoe()),
        typed("text/html carrying JSON", "text/html; charset=utf-8".into(), plain.clone()).ask(LOOKUP, zoe()),
        typed("no content type", Value::Null, plain.clone()).ask(LOOKUP, zoe()),
        typed("a content type that is none", "\u{e4}; ;,=\"".into(), plain).ask(LOOKUP, zoe()),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A row whose server says this to each request and then closes.
fn says(name: &'static str, bytes: impl Into<Vec<u8>>) -> Row {
    let bytes = bytes.into();
    Row::raw(name, move |peer: &mut Peer| {
        if peer.hear() && peer.say(&bytes) {
            let _ = peer.stream().shutdown(std::net::Shutdown::Write);
            peer.wait_until_gone();
        }
    })
}

fn not_http() -> Vec<Row> {
    let body = customer("");
    let length = body.len();
    let garbage = || broken(Status::InvalidResponse).says(&["not valid HTTP"]);
    let bad_chunks = |name, chunks: &str| {
        says(name, format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"))
            .ask(LOOKUP, refused(Status::InvalidResponse, 200).says(&["not valid HTTP"]))
    };
    vec![
        says("HTTP/0.9", "<html>hello</html>\r\n").ask(LOOKUP, garbage()),
        says("another protocol", b"SSH-2.0-OpenSSH_9.6\r\n\0\x01\x02\xff\xfe\r\n\r\n").ask(LOOKUP, garbage()),
        says("HTTP/3 over TCP", "HTTP/3.0 200 OK\r\n\r\n{}").ask(LOOKUP, garbage()),
        says("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n{}").ask(LOOKUP, garbage()),
        says("a header that is none", "HTTP/1.1 200 OK\r\n\0\0: x\r\n\r\n{}").ask(LOOKUP, garbage()),
        bad_chunks("a chunk size that is not a number", "zz\r\n{}\r\n0\r\n\r\n"),
        bad_chunks("a chunk size above 2^64", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        bad_chunks("a negative chunk size", "-2\r\n{}\r\n0\r\n\r\n"),
        bad_chunks("a chunk longer than its size", "1\r\n{\"id\":\"7\"}\r\n0\r\n\r\n"),
        says("a length that is not a number", "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}")
            .ask(LOOKUP, garbage()),
        // Which of them is meant is the question every smuggled answer asks.
        says(
            "two lengths",
            format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: {length}\r\n\r\n{body}"),
        )
        .ask(LOOKUP, garbage()),
        says("100 Continue", answer_after("HTTP/1.1 100 Continue\r\n\r\n", &body)).ask(LOOKUP, is_77()),
        says("100 Continue for a create", answer_after("HTTP/1.1 100 Continue\r\n\r\n", &body))
            .ask(CREATE, is_77()),
        says("103 Early Hints", answer_after("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", &body))
            .ask(LOOKUP, is_77()),
        says("101 Switching Protocols", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n")
            .ask(LOOKUP, refused(Status::InvalidResponse, 101)),
        says("HTTP/1.0", format!("HTTP/1.0 200 OK\r\n\r\n{body}")).ask(LOOKUP, is_77()),
        Row::raw("an answer before the question", |peer: &mut Peer| {
            peer.answer("200 OK", &customer(""));
            peer.hear();
            peer.wait_until_gone();
        })
        .ask(LOOKUP, is_77()),
    ]
}

fn answer_after(before: &str, body: &str) -> String {
    format!("{before}HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn kept_connections() -> Vec<Row> {
    // The second request on a connection finds it closed.
    let dies = |name| {
        Row::raw(name, |peer: &mut Peer| {
            if peer.number() > 1 {
                return serving(peer);
            }
            peer.hear();
            peer.answer("200 OK", &customer(""));
            peer.hear();
        })
        .with(one_connection)
        .ask(LOOKUP, is_77())
    };
    // The second request on the first connection brings this, whatever it is.
    let brings = |name, first: &'static str, second: &'static str| {
        Row::raw(name, move |peer: &mut Peer| {
            if peer.number() > 1 {
                return serving(peer);
            }
            if peer.hear() && peer.say(first.as_bytes()) && peer.hear() && peer.say(second.as_bytes()) {
                let _ = peer.stream().shutdown(std::net::Shutdown::Write);
                peer.wait_until_gone();
            }
        })
        .with(one_connection)
    };
    const DONE: &str = "HTTP/1.1 204 No Content\r\n\r\n";
    const FORGED: &str = "{\"id\":\"666\"}HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"id\":\"666\"}";
    let deleted = || ok(Kind::Nothing).http(204);
    // The way to the server is gone, and nothing says so.
    let silent = |name| {
        Row::raw(name, |peer: &mut Peer| {
            if peer.number() > 1 {
                return serving(peer);
            }
            peer.hear();
            peer.answer("200 OK", &customer(""));
            peer.hear();
            peer.wait_until_gone();
        })
        .with(one_connection)
        .ask(Ask::Get(NOTCH), is_77())
    };
    let given_up = |name, status: &'static str| {
        Row::raw(name, move |peer: &mut Peer| {
            if peer.number() > 1 {
                return serving(peer);
            }
            // The connection would serve again, but that is not certain.
            while peer.hear() && peer.answer(status, "") {}
        })
    };
    let unauthorized = || refused(Status::Unauthorized, 401).sees(no_customer);
    vec![
        dies("keep-alive closed just before reuse, read").ask(LOOKUP, is_77().attempts(2)),
        dies("keep-alive closed just before reuse, DELETE").ask(Ask::Revoke, ok(Kind::Nothing).attempts(2)),
        // It may have been done: it is not done twice.
        dies("keep-alive closed just before reuse, create").ask(CREATE, broken(Status::Transport)),
        dies("keep-alive closed just before reuse, mint").ask(Ask::Mint, broken(Status::Transport)),
        dies("keep-alive closed just before reuse, bulk").ask(Ask::Bulk(&["a"]), broken(Status::Transport)),
        brings("the body of a 204 comes with the next answer", DONE, FORGED)
            .ask(Ask::Revoke, deleted())
            .ask(Ask::Get(JEB), is_77().attempts(2)),
        // It may have been done.
        brings("the body of a 204 comes with the answer to a create", DONE, FORGED)
            .ask(Ask::Revoke, deleted())
            .ask(CREATE, broken(Status::InvalidResponse)),
        brings(
            "a 204 with a body",
            "HTTP/1.1 204 No Content\r\ncontent-length: 12\r\n\r\n{\"id\":\"666\"}",
            FORGED,
        )
        .ask(Ask::Revoke, deleted())
        .ask(CREATE, is_77()),
        brings("half a head on a kept connection", DONE, "HTTP/1.1 200 OK\r\nconte")
            .ask(Ask::Revoke, deleted())
            .ask(Ask::Get(JEB), is_77().attempts(2)),
        brings("a body cut off on a kept connection is an answer all the same", DONE, {
            "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"
        })
        .with(|builder| builder.max_attempts(1))
        .ask(Ask::Revoke, deleted())
        .ask(Ask::Get(JEB), refused(Status::Transport, 200)),
        silent("silence on a kept connection, read").ask(Ask::Get(JEB), is_77().attempts(2)),
        silent("silence on a kept connection, DELETE").ask(Ask::Revoke, ok(Kind::Nothing).attempts(2)),
        silent("silence on a kept connection, create").ask_within(
            Duration::from_secs(4),
            CREATE,
            broken(Status::Timeout),
        ),
        given_up("408, read", "408 Request Timeout").ask(LOOKUP, is_77().attempts(2)),
        given_up("421, read", "421 Misdirected Request").ask(LOOKUP, is_77().attempts(2)),
        given_up("408, DELETE", "408 Request Timeout").ask(Ask::Revoke, ok(Kind::Nothing).attempts(2)),
        given_up("408, mint", "408 Request Timeout").ask(Ask::Mint, refused(Status::Api, 408)),
        Row::sandbox("425, read", once(json!({"respond": {"status": 425}})))
            .ask(LOOKUP, ok(Kind::Customer).attempts(2)),
        Row::raw("no length where there can be no body", |peer: &mut Peer| {
            while let Some(request) = peer.read_request() {
                peer.note(&request);
                let request = String::from_utf8_lossy(&request).to_ascii_lowercase();
                let may_have_body = request.starts_with("post ") || request.starts_with("patch ");
                let has_length =
                    request.contains("content-length:") || request.contains("transfer-encoding:");
                let body = if request.contains("/tokens") {
                    r#"{"token":"t0ken"}"#.to_owned()
                } else {
                    customer("")
                };
                let status = if may_have_body == has_length { "200 OK" } else { "400 Bad Request" };
                if !peer.answer(status, &body) {
                    return;
                }
            }
        })
        .ask(LOOKUP, is_77())
        .ask(Ask::Revoke, ok(Kind::Nothing))
        .ask(CREATE, is_77())
        .ask(Ask::Mint, ok(Kind::Token)),
        Row::sandbox("keep-alive closed while idle", once(json!({"close_after": true})))
            .with(one_connection)
            .ask(LOOKUP, ok(Kind::Customer))
            .play(|scene| {
                scene.until("the server has closed", || {
                    scene.sandbox.admin("GET", "stats", "")["connections_open"] == 0
                });
            })
            .ask(CREATE, ok(Kind::Customer))
            .creates(1),
        // The rest of an answer must not become the answer to the next question.
        Row::raw("an answer without a request", |peer: &mut Peer| {
            while peer.hear() {
                let body = customer("");
                let forged = r#"{"id":"666"}"#;
                let two = answer_after("", &body) + &answer_after("", forged);
                if !peer.say(two.as_bytes()) {
                    return;
                }
            }
        })
        .with(one_connection)
        .ask(Ask::Get(NOTCH), is_77())
        .ask(Ask::Get(JEB), is_77()),
        Row::raw("more body than its length", |peer: &mut Peer| {
            while peer.hear() {
                let body = customer("");
                if !peer.say((answer_after("", &body) + &body).as_bytes()) {
                    return;
                }
            }
        })
        .with(one_connection)
        .ask(Ask::Get(NOTCH), is_77())
        .ask(Ask::Get(JEB), is_77()),
        Row::sandbox("a token revoked between two calls", healthy())
            .ask(Ask::Mint, ok(Kind::Token))
            .ask(Ask::Current, ok(Kind::Customer))
            .ask(Ask::Revoke, ok(Kind::Nothing).http(204))
            .ask(Ask::Current, unauthorized())
            .ask(Ask::GiftCard, unauthorized())
            .ask(Ask::Mint, ok(Kind::Token))
            .ask(Ask::GiftCard, ok(Kind::GiftCard)),
    ]
}

/// There are no more connections than workers.
fn one_connection(builder: ClientBuilder) -> ClientBuilder {
    builder.max_workers(1)
}

fn no_customer(completion: &Completion<'_>) {
    assert!(completion.customer().is_none());
}
