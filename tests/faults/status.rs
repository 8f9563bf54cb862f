//! Answers whose status or body is not what one hopes for.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use paynow_bridge::{Completion, Sent, Status};
use serde_json::{Value, json};

use super::row::{
    Ask, CREATE, JEB, Kind, LIST, LOOKUP, NOTCH, Row, broken, customer, error, never_sent, ok, once, plan,
    refused, respond, respond_with,
};

/// The longest the library lets a server put it off.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

pub fn rows() -> Vec<Row> {
    let mut rows = refusals();
    rows.extend(successes_that_are_none());
    rows.extend(rate_limits());
    rows.extend(outages());
    rows.extend(redirects());
    rows
}

fn refusal(path: &str) -> String {
    format!(
        r#"{{"status":400,"code":"bad-request","message":"no","trace_id":"t-9",
            "errors":[{{"code":"InvalidInput","message":"m","path":{path},"validation":"v"}}]}}"#
    )
}

fn path_is(expected: &'static [&'static str]) -> impl Fn(&Completion<'_>) {
    move |completion| {
        let error = completion.error().unwrap();
        assert_eq!(error.code.as_deref(), Some("bad-request"));
        assert_eq!(error.trace_id.as_deref(), Some("t-9"));
        assert_eq!(error.errors.len(), 1);
        assert_eq!(error.errors[0].path, expected);
        assert_eq!(error.errors[0].validation.as_deref(), Some("v"));
    }
}

fn refusals() -> Vec<Row> {
    let html = json!({"content-type": "text/html"});
    vec![
        Row::sandbox("400, path a string", respond(400, &refusal(r#""steam_id""#)))
            .ask(CREATE, refused(Status::Api, 400).says(&["HTTP 400", "no"]).sees(path_is(&["steam_id"]))),
        Row::sandbox("400, path an array", respond(400, &refusal(r#"["items",3,"name"]"#))).ask(
            CREATE,
            refused(Status::Api, 400).sees(path_is(&["items", "3", "name"])).sees(|completion| {
                assert_eq!(completion.error().unwrap().errors[0].joined_path, "items.3.name");
            }),
        ),
        Row::sandbox(
            "400, errors null",
            respond(
                400,
                r#"{"status":400,"code":"bad-request","message":"no","trace_id":null,"errors":null}"#,
            ),
        )
        .ask(
            CREATE,
            refused(Status::Api, 400).sees(|completion| {
                let error = completion.error().unwrap();
                assert_eq!((error.errors.len(), &error.trace_id), (0, &None));
            }),
        ),
        Row::sandbox("401 with a PayNowError", respond(401, &error(401, "unauthorized")))
            .ask(LOOKUP, refused(Status::Unauthorized, 401).says(&["lookup_customer", "the server's words"])),
        Row::sandbox("401, empty", respond(401, "")).ask(
            LOOKUP,
            refused(Status::Unauthorized, 401).says(&["HTTP 401", "API key", "proxy, firewall or CDN"]),
        ),
        Row::sandbox("403, empty", respond(403, "")).ask(
            LOOKUP,
            refused(Status::Forbidden, 403).says(&["HTTP 403", "API key", "proxy, firewall or CDN"]),
        ),
        Row::sandbox("401 in HTML", respond_with(401, html.clone(), "<h1>Log in</h1>")).ask(
            LOOKUP,
            refused(Status::InvalidResponse, 401).says(&["text/html", "proxy, firewall or CDN"]),
        ),
        Row::sandbox("403 in HTML", respond_with(403, html.clone(), "<h1>Attention required</h1>")).ask(
            LOOKUP,
            refused(Status::InvalidResponse, 403).says(&["text/html", "proxy, firewall or CDN"]),
        ),
        Row::sandbox("403 in HTML does not refuse a mint", respond_with(403, html.clone(), "<h1>No</h1>"))
            .ask(Ask::Mint, refused(Status::InvalidResponse, 403)),
        Row::sandbox("407", respond(407, ""))
            .ask(LOOKUP, refused(Status::InvalidResponse, 407).says(&["HTTP 407", "proxy, firewall or CDN"])),
        Row::sandbox("304", respond(304, ""))
            .ask(LOOKUP, refused(Status::InvalidResponse, 304).says(&["unmodified"])),
        Row::sandbox(
            "401 that repeats the key",
            respond(401, r#"{"status":401,"code":"x","message":"no such key: pnapi_sandbox_4f8a1c2e9b7d"}"#),
        )
        .ask(LOOKUP, refused(Status::Unauthorized, 401).says(&["HTTP 401"])),
        Row::sandbox("403", respond(403, &error(403, "forbidden")))
            .ask(Ask::Update, refused(Status::Forbidden, 403).says(&["update_customer", "HTTP 403"])),
        Row::sandbox("404 with a PayNowError: no such customer", respond(404, &error(404, "not-found"))).ask(
            LOOKUP,
            ok(Kind::Absent).http(404).sees(|completion| {
                assert_eq!(completion.error().unwrap().code.as_deref(), Some("not-found"));
            }),
        ),
        Row::sandbox("404 in HTML: a wrong address", respond_with(404, html.clone(), "<h1>nginx</h1>"))
            .ask(LOOKUP, refused(Status::InvalidResponse, 404).says(&["text/html", "check the API base"])),
        Row::sandbox("404 in HTML creates no customer", respond_with(404, html, "<h1>nginx</h1>"))
            .ask(Ask::Ensure("2535400000000404"), refused(Status::InvalidResponse, 404)),
        Row::sandbox("create, 404: no such account", respond(404, &error(404, "account-not-found"))).ask(
            CREATE,
            refused(Status::NotFound, 404).says(&["create_customer"]).sees(|completion| {
                assert_eq!(completion.error().unwrap().code.as_deref(), Some("account-not-found"));
            }),
        ),
        Row::sandbox("create, 409: exists", respond(409, &error(409, "conflict")))
            .ask(CREATE, refused(Status::Conflict, 409)),
        Row::sandbox("413", respond(413, &error(413, "payload-too-large")))
            .ask(Ask::Bulk(&["a"]), refused(Status::Api, 413).says(&["HTTP 413"])),
        Row::sandbox("415", respond(415, &error(415, "unsupported-media-type")))
            .ask(CREATE, refused(Status::Api, 415).says(&["HTTP 415"])),
        Row::sandbox("422", respond(422, &error(422, "unprocessable")))
            .ask(CREATE, refused(Status::Api, 422).says(&["HTTP 422"])),
        Row::sandbox("body.status unlike the HTTP status", respond(403, &error(404, "not-found"))).ask(
            LOOKUP,
            refused(Status::Forbidden, 403).sees(|completion| {
                assert_eq!(completion.error().unwrap().status, Some(404));
            }),
        ),
        Row::sandbox("body.status 200 under a 404", respond(404, &error(200, "ok")))
            .ask(LOOKUP, ok(Kind::Absent).http(404)),
        Row::sandbox("code missing", respond(400, r#"{"status":400,"message":"no"}"#)).ask(
            CREATE,
            refused(Status::Api, 400).says(&["no"]).sees(|completion| {
                assert_eq!(completion.error().unwrap().code, None);
            }),
        ),
        Row::sandbox("code null", respond(400, r#"{"status":400,"code":null,"message":null}"#)).ask(
            CREATE,
            refused(Status::Api, 400).says(&["without a message"]).sees(|completion| {
                assert_eq!(completion.error().unwrap().code, None);
            }),
        ),
        Row::sandbox("code a number", respond(400, r#"{"status":"400","code":17,"message":{"a":1}}"#)).ask(
            CREATE,
            refused(Status::Api, 400).sees(|completion| {
                let error = completion.error().unwrap();
                assert_eq!((error.status, error.code.as_deref()), (Some(400), Some("17")));
            }),
        ),
        Row::sandbox(
            "a message that would forge lines in a log",
            respond(
                400,
                r#"{"status":400,"code":"x","message":"no\r\n[INFO] all is well\u001b[2J\u0000\u2028x"}"#,
            ),
        )
        .ask(
            CREATE,
            refused(Status::Api, 400).says(&["no", "all is well"]).sees(|completion| {
                // Escaped in the sentence for the log, as it came where the host asks for it.
                let raw = completion.error().unwrap().message.as_deref().unwrap();
                assert!(raw.contains("\r\n[INFO]"));
            }),
        ),
        Row::sandbox("an error that is nested 10,000 deep", respond(400, &"[".repeat(10_000)))
            .ask(CREATE, refused(Status::Api, 400).says(&["HTTP 400", "10000 bytes"])),
        Row::sandbox("an unknown status", respond(799, "{}"))
            .ask(LOOKUP, refused(Status::InvalidResponse, 799).says(&["HTTP 799"])),
    ]
}

fn successes_that_are_none() -> Vec<Row> {
    let invalid = |http| refused(Status::InvalidResponse, http);
    vec![
        Row::sandbox("200 with null", respond(200, "null")).ask(LOOKUP, invalid(200).says(&["a customer"])),
        Row::sandbox("200 with {}", respond(200, "{}")).ask(LOOKUP, invalid(200).says(&["\"id\""])),
        Row::sandbox("200 with []", respond(200, "[]")).ask(LOOKUP, invalid(200).says(&["a customer"])),
        Row::sandbox("200 with [] for a list", respond(200, "[]")).ask(LIST, ok(Kind::Customers(0))),
        Row::sandbox("200 with null for a list", respond(200, "null"))
            .ask(LIST, invalid(200).says(&["a list of customers"])),
        Row::sandbox("200, empty", respond(200, "")).ask(LOOKUP, invalid(200).says(&["no body"])),
        Row::sandbox("lookup, 204", respond(204, ""))
            .ask(LOOKUP, invalid(204).says(&["HTTP 204", "no body"])),
        Row::sandbox("200 carrying an error", respond(200, &error(404, "not-found")))
            .ask(LOOKUP, invalid(200).says(&["\"id\""])),
        // A client that took that for "unknown" would create the player a second time.
        Row::sandbox("200 carrying an error creates no customer", respond(200, &error(404, "not-found")))
            .ask(Ask::Ensure("2535400000000200"), invalid(200)),
        Row::sandbox("201 on create", plan(json!({"respond": {"status": 201, "real_body": true}})))
            .ask(
                CREATE,
                ok(Kind::Customer).http(201).sees(|completion| {
                    assert_eq!(completion.customer().unwrap().name.as_deref(), Some("newcomer"));
                }),
            )
            .creates(1),
        Row::sandbox("DELETE, 200 with a body", respond(200, r#"{"gone":true}"#))
            .ask(Ask::Revoke, ok(Kind::Nothing)),
        Row::sandbox("DELETE, 204", respond(204, "")).ask(Ask::Revoke, ok(Kind::Nothing).http(204)),
        // A network that wants one to log in says 200 to everything. It has revoked no token.
        Row::sandbox(
            "DELETE, 200 in HTML",
            respond_with(200, json!({"content-type": "text/html"}), "<p>Log in</p>"),
        )
        .ask(Ask::Revoke, invalid(200).says(&["proxy, firewall or CDN"])),
        Row::sandbox("200 in HTML", respond_with(200, json!({"content-type": "text/html"}), "<p>Log in</p>"))
            .ask(LOOKUP, invalid(200).says(&["proxy, firewall or CDN"])),
    ]
}

fn limited_once(headers: Value) -> Value {
    once(json!({"respond": {"status": 429, "headers": headers, "body": error(429, "rate-limited")}}))
}

fn rate_limits() -> Vec<Row> {
    // The date is set when the plan is, and looked at again when the call has ended.
    let date = Arc::new(Mutex::new(SystemTime::UNIX_EPOCH));
    let set = Arc::clone(&date);
    vec![
        Row::sandbox("429, Retry-After 2", limited_once(json!({"retry-after": "2"}))).ask(
            LOOKUP,
            ok(Kind::Customer).attempts(2).sees(|completion| {
                assert!(completion.network() >= Duration::from_secs(2), "{:?}", completion.network());
            }),
        ),
        Row::sandbox("429, Retry-After a date", super::row::healthy())
            .plan_made(move || {
                let soon = SystemTime::now() + Duration::from_secs(3);
                *set.lock().unwrap() = soon;
                limited_once(json!({"retry-after": httpdate::fmt_http_date(soon)}))
            })
            .ask(
                LOOKUP,
                ok(Kind::Customer).attempts(2).sees(move |_| {
                    // The date has whole seconds.
                    let early = date.lock().unwrap().duration_since(SystemTime::now()).unwrap_or_default();
                    assert!(early <= Duration::from_secs(1), "asked again {early:?} before the date");
                }),
            ),
        // Its clock and ours are decades apart; two seconds are two seconds.
        Row::sandbox("429, Retry-After a date by the server's own clock", {
            limited_once(json!({
                "date": "Thu, 31 Dec 2099 23:59:57 GMT",
                "retry-after": "Thu, 31 Dec 2099 23:59:59 GMT",
            }))
        })
        .ask(CREATE, refused(Status::RateLimited, 429).sees(asks_to_wait(Some(Duration::from_secs(2))))),
        Row::sandbox("429, Retry-After a date long past", {
            limited_once(json!({"retry-after": "Sun, 09 Sep 2001 01:46:40 GMT"}))
        })
        .ask(LOOKUP, ok(Kind::Customer).attempts(2)),
        Row::sandbox("429, Retry-After a date in another century", {
            limited_once(json!({"retry-after": "Thu, 31 Dec 2099 23:59:59 GMT"}))
        })
        .ask(LOOKUP, refused(Status::RateLimited, 429).sees(asks_to_wait(Some(LONGEST_WAIT)))),
        Row::sandbox("429, no Retry-After", limited_once(json!({})))
            .ask(LOOKUP, ok(Kind::Customer).attempts(2)),
        Row::sandbox("429, Retry-After 86400", limited_once(json!({"retry-after": "86400"})))
            .ask(LOOKUP, refused(Status::RateLimited, 429).sees(asks_to_wait(Some(LONGEST_WAIT)))),
        Row::sandbox("429, Retry-After soon", limited_once(json!({"retry-after": "soon"})))
            .ask(LOOKUP, ok(Kind::Customer).attempts(2)),
        Row::sandbox("429, Retry-After negative", limited_once(json!({"retry-after": "-5"})))
            .ask(LOOKUP, ok(Kind::Customer).attempts(2)),
        Row::sandbox("429 again and again", respond(429, "{}"))
            .ask(LOOKUP, refused(Status::RateLimited, 429).attempts(3).sees(asks_to_wait(None))),
        // The server wants to be left alone: what cannot wait that long is not sent at all.
        Row::sandbox("a call within the wait a 429 asked for", limited_once(json!({"retry-after": "86400"})))
            .ask(LOOKUP, refused(Status::RateLimited, 429))
            .ask_within(
                Duration::from_secs(1),
                LOOKUP,
                never_sent(Status::RateLimited).attempts(0).says(&["not sent", "rate limit"]),
            ),
        Row::sandbox("429 on create is not repeated", limited_once(json!({"retry-after": "1"})))
            .ask(CREATE, refused(Status::RateLimited, 429).sees(asks_to_wait(Some(Duration::from_secs(1))))),
    ]
}

fn asks_to_wait(expected: Option<Duration>) -> impl Fn(&Completion<'_>) {
    move |completion| assert_eq!(completion.retry_after(), expected)
}

fn outages() -> Vec<Row> {
    let html = json!({"content-type": "text/html"});
    let unavailable = || respond(503, &error(503, "unavailable"));
    let not_repeated = |name, ask| Row::sandbox(name, unavailable()).ask(ask, refused(Status::Server, 503));
    vec![
        Row::sandbox("500, empty", respond(500, ""))
            .ask(LOOKUP, refused(Status::Server, 500).attempts(3).says(&["HTTP 500"])),
        Row::sandbox("502 in HTML", respond_with(502, html, "<h1>Bad gateway</h1>"))
            .ask(LOOKUP, refused(Status::Server, 502).attempts(3).says(&["HTTP 502", "text/html"])),
        Row::sandbox("503 then 200", once(json!({"respond": {"status": 503}})))
            .ask(LOOKUP, ok(Kind::Customer).attempts(2)),
        Row::sandbox("501 is not asked again", respond(501, "")).ask(LOOKUP, refused(Status::Server, 501)),
        Row::sandbox("503, one attempt allowed", respond(503, ""))
            .with(|builder| builder.max_attempts(1))
            .ask(LOOKUP, refused(Status::Server, 503)),
        Row::sandbox("503 on DELETE tokens is repeated", unavailable())
            .ask(Ask::Revoke, refused(Status::Server, 503).attempts(3)),
        not_repeated("503 on create is not repeated", CREATE),
        not_repeated("503 on update is not repeated", Ask::Update),
        not_repeated("503 on minting is not repeated", Ask::Mint),
        not_repeated("503 on bulk is not repeated", Ask::Bulk(&["a", "b"])),
        not_repeated("503 on authenticating is not repeated", Ask::Authenticate),
        Row::sandbox(
            "504 after the create took effect",
            once(json!({"operation": "create_customer", "after_effect": true, "respond": {"status": 504}})),
        )
        .ask(CREATE, refused(Status::Server, 504))
        .creates(1),
        // Look up, create (504), look up again: found.
        Row::sandbox(
            "504 after the create took effect, ensured",
            once(json!({"operation": "create_customer", "after_effect": true, "respond": {"status": 504}})),
        )
        .ask(
            Ask::Ensure("2535400000000504"),
            ok(Kind::Customer).attempts(3).sees(|completion| {
                assert_eq!(completion.customer().unwrap().xbox_xuid.as_deref(), Some("2535400000000504"));
            }),
        )
        .creates(1),
        Row::sandbox(
            "reset after the create took effect, ensured",
            once(json!({"operation": "create_customer", "after_effect": true, "reset": true})),
        )
        .ask(Ask::Ensure("2535400000000505"), ok(Kind::Customer).attempts(3))
        .creates(1),
        Row::sandbox(
            "504 before the create took effect, ensured",
            once(json!({"operation": "create_customer", "respond": {"status": 504}})),
        )
        .ask(Ask::Ensure("2535400000000506"), refused(Status::Server, 504).attempts(3)),
        Row::sandbox("an outage is not asked about without end", respond(500, ""))
            .with(|builder| builder.circuit_threshold(2).max_attempts(1))
            .ask(Ask::Get(NOTCH), refused(Status::Server, 500))
            .ask(Ask::Get(JEB), refused(Status::Server, 500))
            // The first one after the circuit opened is a probe.
            .ask(Ask::Get(NOTCH), refused(Status::Server, 500))
            .ask(
                Ask::Get(JEB),
                never_sent(Status::Unavailable).attempts(0).says(&["not asked", "again soon"]),
            ),
        Row::sandbox(
            "a CDN's own page is an outage",
            respond_with(403, json!({"content-type": "text/html"}), "<h1>Attention required</h1>"),
        )
        .with(|builder| builder.circuit_threshold(2).max_attempts(1))
        .ask(Ask::Get(NOTCH), refused(Status::InvalidResponse, 403))
        .ask(Ask::Get(JEB), refused(Status::InvalidResponse, 403))
        .ask(Ask::Get(NOTCH), refused(Status::InvalidResponse, 403))
        .ask(Ask::Get(JEB), never_sent(Status::Unavailable).attempts(0)),
        Row::sandbox("an empty 403 is not an outage", respond(403, ""))
            .with(|builder| builder.circuit_threshold(2).max_attempts(1))
            .ask(Ask::Get(NOTCH), refused(Status::Forbidden, 403))
            .ask(Ask::Get(JEB), refused(Status::Forbidden, 403))
            .ask(Ask::Get(NOTCH), refused(Status::Forbidden, 403))
            .ask(Ask::Get(JEB), refused(Status::Forbidden, 403)),
        Row::sandbox("a probe that succeeds ends an outage", respond(500, ""))
            .with(|builder| builder.circuit_threshold(2).max_attempts(1))
            .ask(CREATE, refused(Status::Server, 500))
            .ask(CREATE, refused(Status::Server, 500))
            .plan(super::row::healthy())
            .ask(Ask::Get(NOTCH), ok(Kind::Customer))
            .ask(Ask::Get(JEB), ok(Kind::Customer)),
        Row::sandbox("reset instead of an answer", plan(json!({"reset": true})))
            .ask(LOOKUP, broken(Status::Transport).attempts(3).says(&["talking to 127.0.0.1"])),
        Row::sandbox("closed instead of an answer", plan(json!({"close": true})))
            .ask(LOOKUP, broken(Status::Transport).attempts(3)),
        Row::sandbox(
            "create, reset after it took effect",
            plan(json!({"after_effect": true, "reset": true})),
        )
        .ask(CREATE, broken(Status::Transport).sent(Sent::Maybe))
        .creates(1),
    ]
}

fn redirects() -> Vec<Row> {
    let to = |status: u16, location: &str| respond_with(status, json!({"location": location}), "");
    let not_followed = |http| refused(Status::InvalidResponse, http).says(&["redirects are not followed"]);
    vec![
        Row::sandbox("302 to another host", to(302, "http://ELSEWHERE/v1/x")).ask(LOOKUP, not_followed(302)),
        Row::sandbox("307 of a create to another host", to(307, "http://ELSEWHERE/v1/x"))
            .ask(CREATE, not_followed(307)),
        Row::sandbox("301 without a scheme to another host", to(301, "//ELSEWHERE/v1/x"))
            .ask(Ask::Current, not_followed(301)),
        Row::sandbox("a redirect loop", to(302, "/v1/stores/411486491630370816/customers/lookup"))
            .ask(LOOKUP, not_followed(302)),
        Row::sandbox(
            "302 that carries a customer",
            respond_with(302, json!({"location": "http://ELSEWHERE/"}), &customer("")),
        )
        .ask(LOOKUP, not_followed(302)),
    ]
}
