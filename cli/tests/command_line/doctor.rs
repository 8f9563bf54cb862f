//! `pnb doctor`: what is wrong is found, and told from the rest.

use serde_json::Value;

use super::redis::Redis;
use super::secure::{PlainServer, Proxy, SecureServer, answer};
use super::{Pnb, Ran};

/// The findings of a run.
struct Found(Ran);

impl Found {
    #[track_caller]
    fn by(pnb: &Pnb, line: &str, variables: &[(&str, &str)]) -> Self {
        let words = format!("doctor --json {line}");
        let output = pnb.command().envs(variables.iter().copied()).args(words.split_whitespace()).output();
        Self(output.unwrap().into())
    }

    #[track_caller]
    fn area(&self, area: &str) -> Value {
        let findings = self.0.json()["findings"].as_array().unwrap().clone();
        let mut of_it = findings.into_iter().filter(|finding| finding["area"] == area);
        let found = of_it.next().unwrap_or_else(|| panic!("nothing about {area}: {:#?}", self.0));
        assert!(of_it.next().is_none(), "{area} is found twice");
        found
    }

    /// How an area is marked, and what is said.
    #[track_caller]
    fn says(&self, area: &str, mark: &str, text: &str) {
        let finding = self.area(area);
        let said = finding["text"].as_str().unwrap();
        assert!(finding["mark"] == mark && said.contains(text), "{finding:#}");
        assert_eq!(
            mark == "ok" || area == "permissions",
            finding["advice"].is_null() || area == "permissions",
            "{finding:#}"
        );
    }
}

#[test]
fn all_is_well() {
    let pnb = Pnb::with_sandbox();
    let found = Found::by(&pnb, "", &[]);
    assert_eq!(found.0.code, Some(0));
    assert_eq!(found.0.json()["well"], true);
    found.says("version", "ok", "paynow-bridge 0.");
    found.says("settings", "ok", "store 411486491630370816 (PAYNOW_STORE_ID)");
    found.says("proxy", "ok", "none");
    found.says("name", "ok", "an address, not a name");
    found.says("ipv4", "ok", "first byte");
    found.says("ipv6", "ok", "no address of this kind");
    found.says("answer", "ok", "PayNow's API answers (401)");
    found.says("clock", "ok", "right");
    found.says("key", "ok", "accepted for store");
    found.says("permissions", "unknown", "may: list customers, look them up");
    found.says("rate", "ok", "no limit was met");
    let may = &found.area("permissions")["details"]["may"];
    assert_eq!((&may["list_customers"], &may["customer_update"]), (&"yes".into(), &"unknown".into()));
    assert!(found.area("ipv4")["details"]["connect_ms"].is_number());

    let shown = pnb.say("doctor").done();
    assert!(shown.lines().any(|line| line.starts_with("ok      clock")), "{shown}");
    assert_eq!(pnb.sandbox().admin("GET", "stats", "")["creates_effective"], 0);
    let log = pnb.sandbox().admin("GET", "log?limit=100", "");
    for entry in log.as_array().unwrap() {
        let is_harmless =
            entry["method"] == "GET" || entry["target"].as_str().unwrap().contains("/customers/1/");
        assert!(is_harmless, "{entry}");
    }
}

#[test]
fn a_key_that_is_wrong() {
    let pnb = Pnb::with_sandbox();
    let found = Found::by(&pnb, "", &[("PAYNOW_API_KEY", "pnapi_wrong")]);
    assert_eq!(found.0.code, Some(1));
    found.says("key", "bad", "401");
    let found = Found::by(&pnb, "", &[("PAYNOW_STORE_ID", "77")]);
    found.says("key", "bad", "");
    let found = Found::by(&pnb, "", &[("PAYNOW_API_KEY", "")]);
    found.says("key", "warning", "no API key is set");
    assert_eq!(found.0.code, Some(0));
}

#[test]
fn permissions_that_are_missing() {
    let pnb = Pnb::with_sandbox();
    pnb.sandbox()
        .faults(r#"{"rules":[{"operation":"invalidate_customer_tokens","respond":{"status":403}}]}"#);
    let found = Found::by(&pnb, "", &[]);
    found.says("permissions", "bad", "may not: mint and revoke tokens");
    assert_eq!(found.0.code, Some(1));
    pnb.sandbox().faults(r#"{"rules":[{"operation":"list_customers","times":1,"delay_ms":0},{"operation":"list_customers","respond":{"status":403}}]}"#);
    let found = Found::by(&pnb, "", &[]);
    found.says("key", "bad", "403");
    found.says("permissions", "bad", "may not: list customers");
}

#[test]
fn another_that_answers_a_clock_that_is_wrong_and_a_limit() {
    let pnb = Pnb::with_sandbox();
    let portal = r#"{"rules":[{"respond":{"status":200,"headers":{"content-type":"text/html","server":"portal",
        "date":"Thu, 01 Jan 2015 00:00:00 GMT","x-ratelimit-limit":"60"},"body":"<html>"}}]}"#;
    pnb.sandbox().faults(portal);
    let found = Found::by(&pnb, "", &[]);
    found.says(
        "answer",
        "bad",
        "something else answers in place of 127.0.0.1: status 200, portal, text/html",
    );
    found.says("clock", "bad", "s ahead");
    found.says("rate", "ok", "x-ratelimit-limit: 60");
    pnb.sandbox().faults(r#"{"rules":[{"operation":"list_customers","times":1,"delay_ms":0},{"operation":"list_customers","times":1,"respond":{"status":429,"headers":{"retry-after":"0"}}}]}"#);
    Found::by(&pnb, "", &[]).says("rate", "warning", "1 answers of status 429");
}

#[test]
fn nothing_there() {
    let pnb = Pnb::with_sandbox();
    let found = Found::by(&pnb, "--api-base http://127.0.0.1:1", &[]);
    found.says("ipv4", "bad", "not connected");
    found.says("key", "unknown", "could not be tried");
    let found = Found::by(&pnb, "--api-base https://no-such-host.invalid", &[]);
    found.says("name", "bad", "no-such-host.invalid cannot be resolved");
    let found = Found::by(&pnb, "--store-id x", &[]);
    found.says("settings", "bad", "store_id");
    assert_eq!(found.0.code, Some(1));
}

fn as_paynow(head: &str) -> String {
    if !head.contains("authorization: ") {
        return answer("401 Unauthorized", "server: here\r\n", r#"{"code":"unauthorized","message":"no"}"#);
    }
    answer("200 OK", "server: here\r\n", "[]")
}

#[test]
fn who_signed_and_until_when() {
    let mut pnb = Pnb::with_sandbox();
    pnb.sandbox = None;
    let server = SecureServer::start("localhost", 0, as_paynow);
    let base = format!("https://localhost:{}", server.port);
    let variables =
        [("PAYNOW_STORE_ID", "7"), ("PAYNOW_API_KEY", "pnapi_x"), ("PAYNOW_API_BASE", base.as_str())];
    let found = Found::by(&pnb, "", &variables);
    found.says("tls", "bad", "signed by CN=The authority of localhost");
    assert!(found.area("tls")["text"].as_str().unwrap().contains("not trusted"));
    found.says("ipv4", "bad", "TLS failed");
    assert!(found.area("tls")["advice"].as_str().unwrap().contains("--ca-file"));
    assert!(
        server.heads.lock().unwrap().iter().all(|head| !head.contains("authorization")),
        "no key for a stranger"
    );

    let found = Found::by(&pnb, &format!("--ca-file {}", server.ca_file.display()), &variables);
    found.says("tls", "ok", "TLS 1.3 TLS13_");
    assert!(found.area("tls")["details"]["until"].as_str().unwrap().ends_with('Z'));
    found.says("name", "ok", "localhost has 1 IPv4");
    found.says("ipv4", "ok", "TLS ");
    found.says("answer", "ok", "through here");
    found.says("clock", "unknown", "no date");
    found.says("key", "ok", "accepted for store 7");
    found.says("permissions", "unknown", "");

    let missing = Found::by(&pnb, "--ca-file /nowhere/ca.pem", &variables);
    missing.says("tls", "bad", "/nowhere/ca.pem");
}

#[test]
fn through_a_proxy() {
    let mut pnb = Pnb::with_sandbox();
    pnb.sandbox = None;
    let server = SecureServer::start("api.example", 0, as_paynow);
    let base = format!("https://api.example:{}", server.port);
    let proxy = Proxy::start("200 OK");
    let place = format!("http://user:pnpw_secret@127.0.0.1:{}", proxy.port);
    let mut variables = vec![
        ("PAYNOW_STORE_ID", "7"),
        ("PAYNOW_API_KEY", "pnapi_x"),
        ("PAYNOW_API_BASE", base.as_str()),
        ("HTTPS_PROXY", place.as_str()),
    ];
    let line = format!("--ca-file {}", server.ca_file.display());
    let found = Found::by(&pnb, &line, &variables);
    found.says("proxy", "ok", "from HTTPS_PROXY, with a user name");
    found.says("ipv4", "ok", "tunnel ");
    found.says("tls", "ok", "CN=The authority of api.example");
    found.says("key", "ok", "accepted");
    assert!(!found.0.out.contains("pnpw_"));
    assert!(proxy.heads.lock().unwrap()[0].contains("proxy-authorization: Basic dXNlcjpwbnB3X3NlY3JldA=="));

    let refusing = Proxy::start("403 Forbidden");
    let place = format!("http://127.0.0.1:{}", refusing.port);
    variables[3] = ("PAYNOW_PROXY", place.as_str());
    let found = Found::by(&pnb, &line, &variables);
    found.says("ipv4", "bad", "the proxy: it refused the tunnel (403)");
    found.says("proxy", "ok", "from proxy");
}

#[test]
fn a_server_that_does_not_speak_http() {
    fn noise(_head: &str) -> String {
        "SSH-2.0-nonsense\r\nconnection: close\r\n".to_owned()
    }
    let pnb = Pnb::with_sandbox();
    let base = format!("http://127.0.0.1:{}", PlainServer::start(noise).port);
    Found::by(&pnb, "", &[("PAYNOW_API_BASE", &base)]).says("ipv4", "bad", "what came is not HTTP");
}

#[test]
fn the_network_of_servers() {
    let pnb = Pnb::with_sandbox();
    let found = Found::by(&pnb, "", &[("PAYNOW_NETWORK_ADDRESSES", "127.0.0.1:1")]);
    found.says("network", "bad", "127.0.0.1:1 does not answer");
    let found =
        Found::by(&pnb, "", &[("PAYNOW_NETWORK_ADDRESSES", "127.0.0.1:1"), ("PAYNOW_NETWORK_ID", "a b")]);
    found.says("network", "bad", "network_id");
    found.says("key", "ok", "accepted");
    assert_eq!(
        Found::by(&pnb, "", &[("PAYNOW_NETWORK_ADDRESSES", "x"), ("PAYNOW_NETWORK_TLS", "maybe")]).0.code,
        Some(1)
    );

    Found::by(&pnb, "--network-addresses 127.0.0.1:2", &[("PAYNOW_NETWORK_ADDRESSES", "127.0.0.1:1")]).says(
        "network",
        "bad",
        "127.0.0.1:2 does not answer",
    );

    let Some(redis) = Redis::start("the_network_of_servers", &[]) else { return };
    let address = redis.address();
    let found = Found::by(&pnb, "", &[("PAYNOW_NETWORK_ADDRESSES", &address)]);
    found.says("network", "ok", "answers in");
    assert_eq!(found.area("network")["details"]["servers"], 1);
}
