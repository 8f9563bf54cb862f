//! TLS with an authority of the host's own, and a proxy in between.

#![allow(clippy::disallowed_methods, reason = "a test's threads are not threads of the library")]

#[path = "support/secure.rs"]
mod secure;

use std::time::{Duration, Instant};

use paynow_bridge::{Call, Client, ClientBuilder, LookupKey, Status};
use secure::{Proxy, SecureServer};

const FOREVER: Duration = Duration::from_secs(60);
const KEY: &str = "pnapi_key_of_the_network_tests";

/// A client of the server, by one of its names.
fn client(server: &SecureServer, host: &str) -> ClientBuilder {
    Client::builder("1")
        .api_key(KEY)
        .api_base(format!("https://{host}:{}", server.port))
        .cache_ttl(Duration::ZERO)
        .max_attempts(1)
        .proxy("")
}

/// Answers everything with a customer.
fn a_customer(_: &str) -> String {
    secure::answer("200 OK", "connection: close\r\n", r#"{"id":"77"}"#)
}

/// Looks a player up: how it ended, and what is said about it.
fn look_up(builder: ClientBuilder) -> (Status, String) {
    let client = builder.build().unwrap();
    client.lookup_customer(LookupKey::Name("a"), &Call::default()).unwrap();
    let completion = client.next(FOREVER).unwrap().unwrap();
    (completion.status(), completion.message().unwrap_or_default().to_owned())
}

#[test]
fn an_authority_of_the_hosts_own_is_trusted_and_only_with_it() {
    let server = SecureServer::start("localhost", 0, a_customer);
    assert_eq!(look_up(client(&server, "localhost").ca_file(&server.ca_file)).0, Status::Ok);
    let (status, message) = look_up(client(&server, "localhost"));
    assert_eq!(status, Status::Tls, "{message}");
    assert_eq!(
        server.heads.lock().unwrap().len(),
        1,
        "nothing is sent to a server without a trusted certificate"
    );
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let server = SecureServer::start("api.example", 0, a_customer);
    let (status, message) = look_up(client(&server, "localhost").ca_file(&server.ca_file));
    assert_eq!(status, Status::Tls, "{message}");
    assert!(server.heads.lock().unwrap().is_empty());
}

#[test]
fn a_proxy_carries_what_it_cannot_read() {
    // The name exists nowhere: the proxy finds the server, the certificate proves that it is the right one.
    let server = SecureServer::start("api.shop.invalid", 0, a_customer);
    let proxy = Proxy::start("200 Connection established");
    let address = format!("http://user:pnpw_secret@127.0.0.1:{}", proxy.port);
    let builder = client(&server, "api.shop.invalid").ca_file(&server.ca_file).proxy(address);
    assert_eq!(look_up(builder).0, Status::Ok);
    let asked = proxy.heads.lock().unwrap().join("");
    assert!(asked.starts_with(&format!("CONNECT api.shop.invalid:{} HTTP/1.1\r\n", server.port)), "{asked}");
    assert!(asked.contains("proxy-authorization: Basic dXNlcjpwbnB3X3NlY3JldA==\r\n"), "{asked}");
    assert!(!asked.contains(KEY) && !asked.contains("customers"), "{asked}");
    let head = server.heads.lock().unwrap().join("");
    assert!(
        head.to_ascii_lowercase().contains(&format!("authorization: apikey {KEY}")),
        "the server gets the key"
    );
    assert!(!head.contains("dXNlcjpwbnB3X3NlY3JldA=="), "the server does not get the proxy's password");
}

#[test]
fn a_proxy_that_refuses_is_told_from_an_api_that_does() {
    for (answer, words) in
        [("407 Proxy Authentication Required", "407"), ("403 Forbidden", "403"), ("x", "HTTP")]
    {
        let proxy = Proxy::start(answer);
        let builder = Client::builder("1")
            .api_key(KEY)
            .api_base("https://api.shop.invalid")
            .max_attempts(1)
            .proxy(format!("http://127.0.0.1:{}", proxy.port));
        let (status, message) = look_up(builder);
        assert_eq!(status, Status::Connect, "{message}");
        assert!(message.contains("proxy") && message.contains(words), "{message}");
        assert!(!message.contains(KEY));
    }
}

#[test]
fn a_proxy_is_named_where_it_was_set() {
    let server = SecureServer::start("localhost", 0, a_customer);
    // Bound, but not listening.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let builder =
        client(&server, "localhost").proxy(format!("http://user:pnpw_very_secret@127.0.0.1:{port}"));
    let (status, message) = look_up(builder);
    assert_eq!(status, Status::Connect, "{message}");
    assert!(message.contains(&format!("connecting to the proxy 127.0.0.1:{port}")), "{message}");
    assert!(!message.contains("pnpw_very_secret") && !message.contains("localhost"), "{message}");
    let builder = client(&server, "localhost").proxy("http://user:pnpw_very_secret@proxy.invalid:3128");
    let (status, message) = look_up(builder);
    assert_eq!(status, Status::Resolve, "{message}");
    assert!(message.contains("resolving the proxy proxy.invalid:3128"), "{message}");
}

#[test]
fn a_user_without_a_password_has_an_empty_one() {
    let server = SecureServer::start("localhost", 0, a_customer);
    let proxy = Proxy::start("200");
    let builder = client(&server, "localhost").ca_file(&server.ca_file);
    assert_eq!(look_up(builder.proxy(format!("http://user@127.0.0.1:{}", proxy.port))).0, Status::Ok);
    // "user:" in base64.
    let asked = proxy.heads.lock().unwrap().join("");
    assert!(asked.contains("proxy-authorization: Basic dXNlcjo=\r\n"), "{asked}");
}

/// Many IPv6 addresses that swallow everything, and one IPv4 address that works: in a network of the test's own.
#[test]
#[cfg(target_os = "linux")]
fn dead_ipv6_beside_ipv4() {
    use std::process::Command;

    const INSIDE: &str = "PAYNOW_BRIDGE_TEST_INSIDE";
    const NAME: &str = "dead_ipv6_beside_ipv4";
    if std::env::var_os(INSIDE).is_some() {
        return reach_ipv4_beside_dead_ipv6();
    }
    let inside = |program: &std::ffi::OsStr| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "--"]).arg(program);
        command
    };
    let can = inside("ip".as_ref()).args(["link", "set", "lo", "up"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
        {
            println!("skipped {NAME}: no network namespace can be made here");
        }
        return;
    }
    let this = std::env::current_exe().unwrap();
    let output = inside(this.as_os_str()).args(["--exact", NAME]).env(INSIDE, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[cfg(target_os = "linux")]
fn reach_ipv4_beside_dead_ipv6() {
    use std::net::{Ipv6Addr, SocketAddr};
    use std::process::Command;

    const HOST: &str = "shop.test";
    const PORT: u16 = 4443;
    let run = |command: &str| assert!(Command::new("sh").args(["-c", command]).status().unwrap().success());
    run("ip link set lo up");
    // More than are ever tried, so that the only one that works must not come last.
    let dead: Vec<Ipv6Addr> =
        (1..=20).map(|last| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last)).collect();
    let hosts: Vec<String> = dead.iter().map(|address| format!("{address} {HOST}")).collect();
    let file = std::env::temp_dir().join(format!("paynow-bridge-hosts-{}", std::process::id()));
    std::fs::write(&file, format!("{}\n127.0.0.1 {HOST}\n", hosts.join("\n"))).unwrap();
    run(&format!("mount --bind {} /etc/hosts", file.display()));
    let mut swallowing = Vec::new();
    for address in dead {
        run(&format!("ip -6 addr add {address}/128 dev lo nodad"));
        let there = SocketAddr::from((address, PORT));
        let socket = |there: SocketAddr| {
            socket2::Socket::new(socket2::Domain::for_address(there), socket2::Type::STREAM, None).unwrap()
        };
        let listener = socket(there);
        listener.bind(&there.into()).unwrap();
        // Nothing accepts: when its queue is full, the system drops what else comes.
        listener.listen(0).unwrap();
        swallowing.push(listener);
        // It has room for one. The address may not be usable at once.
        let give_up = Instant::now() + FOREVER;
        loop {
            let caller = socket(there);
            match caller.connect(&there.into()) {
                Ok(()) => break swallowing.push(caller),
                Err(error) => assert!(Instant::now() < give_up, "{there}: {error}"),
            }
        }
    }
    let server = SecureServer::start(HOST, PORT, a_customer);
    let builder = client(&server, HOST).ca_file(&server.ca_file);
    let (status, message) = look_up(builder.connect_timeout(FOREVER).deadline(FOREVER * 2));
    assert_eq!(status, Status::Ok, "{message}");
    let _ = std::fs::remove_file(file);
}
