//! TLS servers that must not be believed. None of them ever hears a request, let alone a key.

use std::sync::Arc;
use std::time::Duration;

use paynow_bridge::Status;

use super::neighbour::{Peer, Script};
use super::row::{Ask, CREATE, Expect, Kind, LOOKUP, Row, broken, never_sent, ok, refused};
use super::tls::{Certificate, Ending, server};

const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"id\":\"7\"}";
const ENDS_WITH_THE_CONNECTION: &str = "HTTP/1.1 200 OK\r\n\r\n{\"id\":\"7\"}";

/// Fails in the handshake, once, and says where and why.
fn mistrusted(words: &[&'static str]) -> Expect {
    never_sent(Status::Tls).says(&["setting up TLS with localhost"]).says(words)
}

pub fn rows() -> Vec<Row> {
    let mut rows = servers();
    rows.extend(proxies());
    rows
}

/// A proxy that answers each request for a tunnel with this, and then does that.
fn proxy(says: &'static [u8], then: impl Fn(&mut Peer) + Send + Sync + 'static) -> Script {
    Arc::new(move |peer: &mut Peer| {
        let Some(request) = peer.read_request() else { return };
        let request = String::from_utf8_lossy(&request).to_ascii_lowercase();
        // A proxy is told where to go, and nothing else.
        if !request.starts_with("connect ") || request.contains("apikey") || request.contains("/v1/") {
            peer.note(request.as_bytes());
        }
        if peer.say(says) {
            then(peer);
        }
    })
}

fn proxies() -> Vec<Row> {
    const API: &str = "https://paynow-bridge.invalid";
    const TUNNEL: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";
    let refuses = |name, says: &'static [u8], words: &'static str| {
        Row::proxy(name, API, proxy(says, Peer::wait_until_gone)).reached(0).ask(
            LOOKUP,
            never_sent(Status::Connect).attempts(3).says(&[
                "asking the proxy 127.0.0.1:",
                "for a tunnel to paynow-bridge.invalid:443",
                words,
            ]),
        )
    };
    let tunnel = |name, base, kind| {
        let server = server(kind, WHOLE, Ending::Orderly);
        Row::proxy(name, base, proxy(TUNNEL, move |peer: &mut Peer| server(peer)))
    };
    let opens = |name, says: &'static [u8]| {
        let server = server(Certificate::Good, WHOLE, Ending::Orderly);
        Row::proxy(name, "https://localhost:7", proxy(says, move |peer: &mut Peer| server(peer)))
            .ask(LOOKUP, ok(Kind::Customer))
    };
    vec![
        opens("a proxy that gives no reason", b"HTTP/1.1 200\r\n\r\n"),
        opens("a proxy that ends lines with LF alone", b"HTTP/1.1 200 OK\nvia: x\n\n"),
        opens(
            "a proxy with interim answers",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.0 200 Go on\r\n\r\n",
        ),
        opens("a proxy that names a length", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
        refuses("a proxy that switches protocols", b"HTTP/1.1 101 Switching\r\n\r\n", "(101)"),
        refuses("a proxy that wants a password", b"HTTP/1.1 407 Who are you\r\n\r\n", "407"),
        refuses("a proxy that cannot go there", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "502"),
        refuses("a proxy that is none", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "does not speak HTTP"),
        Row::proxy("a proxy that closes", API, proxy(b"", |_| {}))
            .ask(LOOKUP, never_sent(Status::Connect).attempts(3).says(&["the proxy"]))
            .reached(0),
        Row::proxy(
            "a proxy whose answer does not end",
            API,
            proxy(b"HTTP/1.1 200 OK\r\n", |peer: &mut Peer| while peer.say(&[b'x'; 1_000]) {}),
        )
        .ask(LOOKUP, never_sent(Status::Connect).attempts(3).says(&["does not end"]))
        .reached(0),
        Row::proxy("a proxy that hangs", API, proxy(b"", Peer::wait_until_gone))
            .ask_within(Duration::from_secs(1), LOOKUP, broken(Status::Timeout))
            .reached(0),
        tunnel("TLS through a proxy", "https://localhost:7", Certificate::Good)
            .ask(LOOKUP, ok(Kind::Customer)),
        tunnel("TLS through a proxy that leads elsewhere", API, Certificate::Good)
            .ask(LOOKUP, never_sent(Status::Tls).says(&["paynow-bridge.invalid", "not valid for name"]))
            .reached(0),
    ]
}

fn servers() -> Vec<Row> {
    let shows = |name, kind| Row::secure(name, server(kind, WHOLE, Ending::Orderly));
    let raw = |name, script: fn(&mut Peer)| Row::secure(name, Arc::new(script) as Script).reached(0);
    vec![
        // Shows that the others fail for the reason they name.
        shows("TLS as it should be", Certificate::Good).ask(LOOKUP, ok(Kind::Customer)),
        shows("TLS for the wrong host", Certificate::WrongHost)
            .ask(LOOKUP, mistrusted(&["not valid for name", "other.example"]))
            .reached(0),
        shows("TLS for the wrong host, asked by address", Certificate::Good)
            .called("https://127.0.0.1")
            .ask(
                LOOKUP,
                never_sent(Status::Tls).says(&["setting up TLS with 127.0.0.1", "not valid for name"]),
            )
            .reached(0),
        shows("TLS, expired", Certificate::Expired)
            .ask(LOOKUP, mistrusted(&["expired", "clock of this machine"]))
            .reached(0),
        shows("TLS, not valid yet", Certificate::NotYet)
            .ask(LOOKUP, mistrusted(&["not valid yet", "clock of this machine"]))
            .reached(0),
        shows("TLS, self-signed", Certificate::SelfSigned)
            .ask(LOOKUP, mistrusted(&["invalid peer certificate"]))
            .reached(0),
        shows("TLS, unknown authority", Certificate::UnknownAuthority)
            .ask(LOOKUP, mistrusted(&["UnknownIssuer"]))
            .reached(0),
        shows("TLS, unknown authority, create", Certificate::UnknownAuthority)
            .ask(CREATE, mistrusted(&[]))
            .reached(0),
        shows("TLS, unknown authority, with a customer's token", Certificate::UnknownAuthority)
            .ask(Ask::GiftCard, mistrusted(&[]))
            .reached(0),
        raw("plain text where TLS is spoken", |peer| {
            peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP on a TLS port\r\n");
            peer.wait_until_gone();
        })
        .ask(LOOKUP, mistrusted(&["InvalidContentType"])),
        raw("closed in the TLS handshake", |_| {}).ask(LOOKUP, mistrusted(&[])),
        raw("reset in the TLS handshake", Peer::reset).ask(LOOKUP, mistrusted(&[])),
        raw("a TLS alert", |peer| {
            // Fatal: handshake_failure.
            peer.say(&[21, 3, 3, 0, 2, 2, 40]);
            peer.wait_until_gone();
        })
        .ask(LOOKUP, mistrusted(&["HandshakeFailure"])),
        // A decision at the deadline does not ask how far the worker was: maybe.
        raw("a TLS handshake that hangs", Peer::wait_until_gone).ask_within(
            Duration::from_secs(1),
            LOOKUP,
            broken(Status::Timeout),
        ),
        Row::secure(
            "a body that ends with the TLS session",
            server(Certificate::Good, ENDS_WITH_THE_CONNECTION, Ending::Orderly),
        )
        .ask(LOOKUP, ok(Kind::Customer)),
        // Anyone on the way can cut a connection: what ends like that is not known to be whole.
        Row::secure(
            "a body that ends without the TLS session's end",
            server(Certificate::Good, ENDS_WITH_THE_CONNECTION, Ending::Cut),
        )
        .ask(LOOKUP, refused(Status::Transport, 200).attempts(3)),
    ]
}
