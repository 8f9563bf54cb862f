//! A web page that a browser on this machine shows can neither read nor change anything, except for the sandbox's own.

mod common;

use common::{NOTCH_ID, Request, Server};
use paynow_sandbox::Config;
use serde_json::json;

/// A route of every kind, as a program asks for it.
fn routes(server: &Server) -> Vec<Request> {
    let json = |method, path| Request::new(method, path).header("content-type", "application/json");
    vec![
        server.store("GET", &format!("/{NOTCH_ID}")),
        server.store("POST", &format!("/{NOTCH_ID}/tokens")),
        server.store("DELETE", &format!("/{NOTCH_ID}/tokens")),
        Request::login().header("content-type", "application/json").body(r#"{"platform":"steam","id":"1"}"#),
        Request::new("GET", "/nothing/here"),
        Request::new("OPTIONS", "/v1/store/customer"),
        Request::new("GET", "/_sandbox/health"),
        Request::new("GET", "/_sandbox/log"),
        Request::new("GET", "/_sandbox/stats"),
        Request::new("GET", "/"),
        Request::new("GET", "/").header("accept", "text/html"),
        Request::new("GET", "/_sandbox/page.js"),
        Request::new("GET", "/_sandbox/page.css"),
        Request::new("GET", "/_sandbox/customers"),
        Request::new("GET", "/_sandbox/tokens"),
        Request::new("GET", "/_sandbox/faults"),
        Request::new("GET", "/_sandbox/nothing"),
        Request::new("DELETE", "/_sandbox/log"),
        Request::new("DELETE", "/_sandbox/faults"),
        Request::new("OPTIONS", "/_sandbox/faults"),
        json("PUT", "/_sandbox/faults").body(r#"{"hang":true}"#),
        json("POST", "/_sandbox/hang").body(r#"{"for_ms":3600000}"#),
        json("POST", "/_sandbox/reset"),
    ]
}

#[test]
fn no_route_answers_a_web_page() {
    let server = Server::start();
    server.token();
    let refused = |request: Request, what: &str| {
        let reply = server.send(&request);
        assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{what}: {reply:?}");
    };
    for route in routes(&server) {
        let rebound = |host| route.clone().without("host").header("host", host);
        refused(rebound("evil.example"), "its name stands for this machine");
        refused(rebound("evil.example:8787"), "its name stands for this machine");
        refused(rebound("localhost.evil.example"), "a name that looks like this machine's");
        for origin in ["https://evil.example", "http://localhost:3000", "null"] {
            refused(route.clone().header("origin", origin), origin);
        }
        // An image or a link: browsers send no Origin with those.
        for site in ["cross-site", "same-site"] {
            refused(route.clone().header("sec-fetch-site", site), site);
        }
    }
    // Nothing of it was done, counted or logged.
    let stats = server.admin("GET", "stats", "").json();
    assert_eq!((&stats["requests"], &stats["tokens_live"]), (&1.into(), &1.into()), "{stats}");
    assert_eq!(server.admin("GET", "log", "").json().as_array().unwrap().len(), 1);
    assert_eq!(server.admin("GET", "faults", "").json()["hang"], false);
}

#[test]
fn a_form_of_a_page_steers_nothing() {
    // As an old browser sends it, which knows neither Origin for forms nor Sec-Fetch-Site.
    let server = Server::start();
    server.token();
    for path in ["reset", "hang", "faults", "log"] {
        for content_type in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
        {
            let form =
                Request::new("POST", &format!("/_sandbox/{path}")).header("content-type", content_type);
            assert_eq!(server.send(&form.body(r#"{"for_ms":3600000}"#)).status, 403, "{path} {content_type}");
        }
        assert_eq!(server.send(&Request::new("POST", &format!("/_sandbox/{path}"))).status, 403, "{path}");
    }
    assert_eq!(server.admin("GET", "stats", "").json()["tokens_live"], 1);
}

#[test]
fn no_answer_lets_a_page_read_it() {
    let server = Server::start();
    for route in routes(&server) {
        let preflight = route
            .clone()
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "authorization,content-type");
        for request in [preflight.clone(), preflight.header("origin", "https://evil.example")] {
            let reply = server.send(&request);
            assert!(!reply.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{reply:?}");
        }
    }
}

#[test]
fn a_name_it_was_told_is_its_own() {
    let server = Server::with(Config { hosts: vec!["api.test".to_owned()], ..Config::default() });
    let asked = |host| {
        let request = server.store("GET", &format!("/{NOTCH_ID}")).without("host").header("host", host);
        server.send(&request).status
    };
    assert_eq!(asked("api.test:8787"), 200);
    assert_eq!(asked("API.TEST"), 200);
    assert_eq!(asked("[::1]:8787"), 200);
    assert_eq!(asked("other.test"), 403);
}

/// As the page's script sends it.
fn from_the_page(request: Request, host: &str) -> Request {
    request.without("host").header("host", host).header("sec-fetch-site", "same-origin")
}

#[test]
fn the_page_is_closed_to_everything_but_its_own_files() {
    let server = Server::start();
    for (path, content_type, part) in [
        ("/", "text/html; charset=utf-8", "<title>PayNow sandbox</title>"),
        ("/_sandbox/page.css", "text/css; charset=utf-8", "border-collapse"),
        ("/_sandbox/page.js", "text/javascript; charset=utf-8", "\"use strict\";"),
    ] {
        let reply = server.send(&Request::new("GET", path).header("accept", "text/html,*/*"));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(content_type)), "{path}");
        assert!(String::from_utf8(reply.body.clone()).unwrap().contains(part), "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        for rule in
            ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.split("; ").any(|part| part == rule), "{rule}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        assert_eq!(server.send(&Request::new("POST", path)).status / 100, 4, "{path}");
    }
    // Looking at it is neither counted nor logged.
    assert_eq!(server.admin("GET", "log", "").json().as_array().unwrap().len(), 1, "POST / was a request");
    // A program that asks for no page asks the API, which has no such path.
    assert_eq!(server.send(&Request::new("GET", "/").header("accept", "application/json")).status, 404);
}

#[test]
fn its_own_page_steers_it() {
    let server = Server::start();
    let host = format!("localhost:{}", server.addr.port());
    let origin = format!("http://{host}");
    let put = |origin: &str| {
        let request = Request::new("PUT", "/_sandbox/faults").header("content-type", "application/json");
        from_the_page(request.body(r#"{"latency_ms":7}"#), &host).header("origin", origin)
    };
    for other in ["http://localhost:1", "http://127.0.0.1", "https://evil.example", "null"] {
        assert_eq!(server.send(&put(other)).status, 403, "{other}");
    }
    assert_eq!(server.admin("GET", "faults", "").json()["latency_ms"], 0);
    assert_eq!(server.send(&put(&origin)).status, 204);
    assert_eq!(server.admin("GET", "faults", "").json()["latency_ms"], 7);
    for path in [
        "/",
        "/_sandbox/page.js",
        "/_sandbox/stats",
        "/_sandbox/log",
        "/_sandbox/customers",
        "/_sandbox/tokens",
    ] {
        let request = Request::new("GET", path).header("accept", "text/html,*/*");
        assert_eq!(server.send(&from_the_page(request, &host)).status, 200, "{path}");
    }
    let form = Request::new("POST", "/_sandbox/reset").header("content-type", "text/plain");
    assert_eq!(server.send(&from_the_page(form, &host).header("origin", &origin)).status, 403);
}

#[test]
fn the_api_is_closed_to_its_own_page_too() {
    let server = Server::start();
    let host = format!("localhost:{}", server.addr.port());
    for request in
        [server.store("GET", &format!("/{NOTCH_ID}")), server.store("POST", &format!("/{NOTCH_ID}/tokens"))]
    {
        assert_eq!(server.send(&from_the_page(request.clone(), &host)).status, 403);
        let with_origin =
            request.without("host").header("host", &host).header("origin", &format!("http://{host}"));
        assert_eq!(server.send(&with_origin).status, 403);
    }
}

#[test]
fn tokens_are_shown_by_their_ends_alone() {
    let server = Server::start();
    let tokens = [server.token(), server.token()];
    let reply = server.admin("GET", "tokens", "");
    let text = String::from_utf8(reply.body.clone()).unwrap();
    for token in &tokens {
        for part in token.as_bytes().windows(12) {
            assert!(!text.contains(std::str::from_utf8(part).unwrap()), "{text}");
        }
    }
    let shown = |token: &str| json!({"customer_id": NOTCH_ID, "token": format!("pnct_…{}", &token[56..])});
    assert_eq!(reply.json(), json!([shown(&tokens[1]), shown(&tokens[0])]), "the newest first");
    assert_eq!(server.admin("GET", "tokens?limit=1", "").json(), json!([shown(&tokens[1])]));
    server.send(&server.store("DELETE", &format!("/{NOTCH_ID}/tokens")));
    assert_eq!(server.admin("GET", "tokens", "").json(), json!([]));
}

#[test]
fn customers_are_shown_and_searched() {
    let server = Server::start();
    let all = server.admin("GET", "customers", "").json();
    assert_eq!(all.as_array().unwrap().len(), 24);
    for customer in all.as_array().unwrap() {
        common::check("CustomerDto", customer);
    }
    let ids = |path: &str| -> Vec<String> {
        let found = server.admin("GET", path, "").json();
        found.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("customers?search=notch"), [NOTCH_ID]);
    assert_eq!(ids("customers?search=nemo"), [""; 0]);
    assert_eq!(ids("customers?limit=3").len(), 3);
    for path in ["customers?limit=x", "customers?other=1", "tokens?search=a"] {
        assert_eq!(server.send(&Request::new("GET", &format!("/_sandbox/{path}"))).status, 400, "{path}");
    }
    for path in ["customers", "tokens"] {
        let reply = server.send(&Request::new("DELETE", &format!("/_sandbox/{path}")));
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")), "{path}");
    }
}

#[test]
fn every_route_of_the_readme_is_there_and_every_route_is_in_it() {
    let server = Server::start();
    let readme = include_str!("../README.md");
    let shown: std::collections::BTreeSet<&str> = readme
        .split("$S/")
        .skip(1)
        .map(|rest| rest.split(|letter: char| !letter.is_ascii_lowercase()).next().unwrap())
        .collect();
    for name in &shown {
        let reply = server.send(
            &Request::new("PATCH", &format!("/_sandbox/{name}")).header("content-type", "application/json"),
        );
        assert_eq!(reply.status, 405, "{name}");
    }
    let reply = server.send(&Request::new("GET", "/_sandbox/nothing")).json();
    let named = reply["message"].as_str().unwrap();
    let named: Vec<_> = named.split([' ', ',']).filter(|word| shown.contains(word)).collect();
    assert_eq!(named.len(), shown.len(), "{named:?} {shown:?}");
}
