//! Connections that are open before a request needs one, and that none is opened while one is idle. Everything is counted,
//! at both ends.

#![allow(clippy::disallowed_methods, reason = "a test's threads are not threads of the library")]

#[path = "support/secure.rs"]
mod secure;

use std::sync::Barrier;
use std::time::{Duration, Instant};

use paynow_bridge::{Call, Client, ClientBuilder, LookupKey, Stats, Status};
use rustls::HandshakeKind;
use secure::{Proxy, SecureServer};

const FOREVER: Duration = Duration::from_secs(120);
const KEY: &str = "pnapi_key_of_the_warm_tests";

fn client(server: &SecureServer) -> ClientBuilder {
    Client::builder("1")
        .api_key(KEY)
        .api_base(format!("https://localhost:{}", server.port))
        .ca_file(&server.ca_file)
        .cache_ttl(Duration::ZERO)
        .deadline(FOREVER)
        .proxy("")
}

/// Answers everything with a customer, and keeps the connection.
fn a_customer(_: &str) -> String {
    secure::answer("200 OK", "", r#"{"id":"77"}"#)
}

/// Collects, as a host does that has asked nothing, until the numbers are as they should be.
fn wait_until(client: &Client, are_right: impl Fn(&Stats) -> bool) -> Stats {
    let give_up = Instant::now() + FOREVER;
    loop {
        let collected = client.poll(0, Duration::ZERO, |_| panic!("nothing was asked")).unwrap();
        assert_eq!(collected, 0, "nothing was asked");
        let stats = client.stats();
        if are_right(&stats) {
            return stats;
        }
        assert!(Instant::now() < give_up, "{stats:?}");
        std::thread::yield_now();
    }
}

fn submit(client: &Client, name: &str) {
    client.lookup_customer(LookupKey::Name(name), &Call::default()).unwrap();
}

fn collect(client: &Client, count: usize) {
    for _ in 0..count {
        let completion = client.next(FOREVER).unwrap().unwrap();
        assert_eq!(completion.status(), Status::Ok, "{:?}", completion.message());
    }
}

fn look_up(client: &Client) -> Stats {
    submit(client, "a");
    collect(client, 1);
    client.stats()
}

/// Opened, handshakes done, open and idle.
fn counts(stats: &Stats) -> (u64, u64, u32) {
    (stats.connections_opened, stats.handshakes, stats.warm_connections)
}

#[test]
fn the_first_request_opens_no_connection_and_does_no_handshake() {
    let server = SecureServer::start("localhost", 0, a_customer);
    let client = client(&server).build().unwrap();
    let ready = wait_until(&client, |stats| stats.warm_connections == 1);
    assert_eq!(counts(&ready), (1, 1, 1));
    assert!(server.heads.lock().unwrap().is_empty(), "nothing is sent, and no credential");
    for _ in 0..3 {
        assert_eq!(
            counts(&look_up(&client)),
            (1, 1, 1),
            "the session tickets that came meanwhile close nothing"
        );
    }
    assert_eq!((server.accepted(), server.handshakes()), (1, vec![HandshakeKind::Full]));
}

#[test]
fn what_the_server_closes_is_opened_again_without_a_request() {
    let server = SecureServer::start("localhost", 0, a_customer);
    let client = client(&server).build().unwrap();
    // The server is done with the handshake a moment later.
    wait_until(&client, |stats| stats.warm_connections == 1 && server.handshakes().len() == 1);
    server.close_all();
    let again = wait_until(&client, |stats| stats.connections_opened == 2 && stats.warm_connections == 1);
    assert_eq!(counts(&again), (2, 2, 1));
    assert_eq!(counts(&look_up(&client)), (2, 2, 1));
    let kinds = server.handshakes();
    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed], "an unread ticket is not wasted");
}

#[test]
fn off_opens_a_connection_with_the_request_that_needs_it() {
    let server = SecureServer::start("localhost", 0, a_customer);
    let client = client(&server).warm_connections(0).build().unwrap();
    assert_eq!(counts(&client.stats()), (0, 0, 0));
    assert_eq!(counts(&look_up(&client)), (1, 1, 1), "and it is kept");
    assert_eq!(server.heads.lock().unwrap().len(), 1);
}

#[test]
fn several_are_held_ready_and_a_proxy_is_gone_through() {
    let server = SecureServer::start("localhost", 0, a_customer);
    let proxy = Proxy::start("200 Connection established");
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let client = client(&server).proxy(address).warm_connections(3).build().unwrap();
    let ready = wait_until(&client, |stats| stats.warm_connections == 3);
    assert_eq!(counts(&ready), (3, 3, 3));
    assert_eq!((proxy.heads.lock().unwrap().len(), server.heads.lock().unwrap().len()), (3, 0));
    assert_eq!(counts(&look_up(&client)), (3, 3, 3));
    assert_eq!(proxy.heads.lock().unwrap().len(), 3);
}

#[test]
fn a_request_that_comes_while_one_is_being_opened_takes_that_one() {
    let server = SecureServer::start("localhost", 0, a_customer);
    for _ in 0..20 {
        let client = client(&server).build().unwrap();
        submit(&client, "a");
        collect(&client, 1);
    }
    // One of its own is opened for it only when the other takes too long.
    assert!((20..40).contains(&server.accepted()), "{}", server.accepted());
}

const AT_ONCE: usize = 16;
static TOGETHER: Barrier = Barrier::new(AT_ONCE);

/// Answers when so many requests are there.
fn all_together(head: &str) -> String {
    TOGETHER.wait();
    a_customer(head)
}

#[test]
fn as_many_requests_as_connections_open_none() {
    let server = SecureServer::start("localhost", 0, all_together);
    let client = client(&server).build().unwrap();
    wait_until(&client, |stats| stats.warm_connections == 1);
    for round in 0..5 {
        for request in 0..AT_ONCE {
            submit(&client, &format!("{round} {request}"));
        }
        collect(&client, AT_ONCE);
        assert_eq!(client.stats().connections_opened, AT_ONCE as u64, "round {round}");
    }
    assert_eq!(server.accepted(), AT_ONCE);
}

#[test]
fn two_hundred_at_once_open_no_more_than_there_are_workers() {
    let server = SecureServer::start("localhost", 0, a_customer);
    let client = client(&server).build().unwrap();
    for round in 0..3 {
        for request in 0..200 {
            submit(&client, &format!("{round} {request}"));
        }
        collect(&client, 200);
    }
    let stats = client.stats();
    assert!(stats.connections_opened <= 64, "{stats:?}");
    assert_eq!(stats.connections_opened, server.accepted() as u64);
    assert_eq!(stats.connections_opened, u64::from(stats.warm_connections), "all are kept, and idle");
}
