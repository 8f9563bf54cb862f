//! A web page that a browser on this machine shows can neither read nor change anything.

mod common;

use common::{NOTCH_ID, Request, Server};
use paynow_sandbox::Config;

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
