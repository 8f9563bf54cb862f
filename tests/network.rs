//! TLS with an authority of the host's own, and a proxy in between.

#![allow(clippy::disallowed_methods, reason = "a test's threads are not threads of the library")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use paynow_bridge::{Call, Client, ClientBuilder, LookupKey, Status};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const FOREVER: Duration = Duration::from_secs(60);
const KEY: &str = "pnapi_key_of_the_network_tests";

/// An authority, its certificate in a file, and a server it vouches for.
struct SecureServer {
    port: u16,
    ca_file: PathBuf,
    /// The head of every request that came.
    heads: Arc<Mutex<Vec<String>>>,
}

impl SecureServer {
    fn start(name: &str) -> Self {
        Self::start_at(name, 0)
    }

    fn start_at(name: &str, port: u16) -> Self {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca_params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca_params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca = ca_params.self_signed(&ca_key).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let issuer = rcgen::Issuer::new(ca_params, ca_key);
        let leaf =
            rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let ca_file =
            std::env::temp_dir().join(format!("paynow-bridge-ca-{}-{port}.pem", std::process::id()));
        std::fs::write(&ca_file, ca.pem()).unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (config, seen) = (Arc::new(config), Arc::clone(&heads));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &config, &seen);
            }
        });
        Self { port, ca_file, heads }
    }

    fn client(&self, host: &str) -> ClientBuilder {
        Client::builder("1")
            .api_key(KEY)
            .api_base(format!("https://{host}:{}", self.port))
            .cache_ttl(Duration::ZERO)
            .max_attempts(1)
            .proxy("")
    }
}

impl Drop for SecureServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

/// Answers one request of one connection with a customer.
fn serve(stream: TcpStream, config: &Arc<ServerConfig>, heads: &Mutex<Vec<String>>) {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let Some(head) = read_head(&mut stream) else { return };
    heads.lock().unwrap().push(head);
    let body = r#"{"id":"77"}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.get_mut().write_all(answer.as_bytes());
    stream.get_mut().conn.send_close_notify();
    let _ = stream.get_mut().flush();
}

fn read_head(stream: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// A proxy that answers CONNECT with `status` and, if that is 200, carries bytes to the server on this machine.
struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let Some(head) = read_head(&mut BufReader::new(client.try_clone().unwrap())) else {
                    continue;
                };
                let target: String = head.split_whitespace().nth(1).unwrap().to_owned();
                seen.lock().unwrap().push(head);
                client.write_all(format!("HTTP/1.1 {status}\r\nvia: test\r\n\r\n").as_bytes()).unwrap();
                if status.starts_with("200") {
                    carry(client, target.rsplit(':').next().unwrap().parse().unwrap());
                }
            }
        });
        Self { port, heads }
    }
}

fn carry(client: TcpStream, port: u16) {
    let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut up, &mut down);
        let _ = down.shutdown(std::net::Shutdown::Write);
    });
    let (mut from, mut to) = (server, client);
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
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
    let server = SecureServer::start("localhost");
    assert_eq!(look_up(server.client("localhost").ca_file(&server.ca_file)).0, Status::Ok);
    let (status, message) = look_up(server.client("localhost"));
    assert_eq!(status, Status::Tls, "{message}");
    assert_eq!(
        server.heads.lock().unwrap().len(),
        1,
        "nothing is sent to a server without a trusted certificate"
    );
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let server = SecureServer::start("api.example");
    let (status, message) = look_up(server.client("localhost").ca_file(&server.ca_file));
    assert_eq!(status, Status::Tls, "{message}");
    assert!(server.heads.lock().unwrap().is_empty());
}

#[test]
fn a_proxy_carries_what_it_cannot_read() {
    // The name exists nowhere: the proxy finds the server, the certificate proves that it is the right one.
    let server = SecureServer::start("api.shop.invalid");
    let proxy = Proxy::start("200 Connection established");
    let address = format!("http://user:secret@127.0.0.1:{}", proxy.port);
    let builder = server.client("api.shop.invalid").ca_file(&server.ca_file).proxy(address);
    assert_eq!(look_up(builder).0, Status::Ok);
    let asked = proxy.heads.lock().unwrap().join("");
    assert!(asked.starts_with(&format!("CONNECT api.shop.invalid:{} HTTP/1.1\r\n", server.port)), "{asked}");
    assert!(asked.contains("proxy-authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), "{asked}");
    assert!(!asked.contains(KEY) && !asked.contains("customers"), "{asked}");
    let head = server.heads.lock().unwrap().join("");
    assert!(
        head.to_ascii_lowercase().contains(&format!("authorization: apikey {KEY}")),
        "the server gets the key"
    );
    assert!(!head.contains("dXNlcjpzZWNyZXQ="), "the server does not get the proxy's password");
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
    let server = SecureServer::start("localhost");
    // Bound, but not listening.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let builder = server.client("localhost").proxy(format!("http://user:very-secret@127.0.0.1:{port}"));
    let (status, message) = look_up(builder);
    assert_eq!(status, Status::Connect, "{message}");
    assert!(message.contains(&format!("connecting to the proxy 127.0.0.1:{port}")), "{message}");
    assert!(!message.contains("very-secret") && !message.contains("localhost"), "{message}");
    let builder = server.client("localhost").proxy("http://user:very-secret@proxy.invalid:3128");
    let (status, message) = look_up(builder);
    assert_eq!(status, Status::Resolve, "{message}");
    assert!(message.contains("resolving the proxy proxy.invalid:3128"), "{message}");
}

#[test]
fn a_user_without_a_password_has_an_empty_one() {
    let server = SecureServer::start("localhost");
    let proxy = Proxy::start("200");
    let builder = server.client("localhost").ca_file(&server.ca_file);
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
        for _ in 0..4 {
            let caller = socket(there);
            caller.set_nonblocking(true).unwrap();
            let _ = caller.connect(&there.into());
            swallowing.push(caller);
        }
    }
    let server = SecureServer::start_at(HOST, PORT);
    let builder = server.client(HOST).ca_file(&server.ca_file);
    let (status, message) = look_up(builder.connect_timeout(FOREVER).deadline(FOREVER * 2));
    assert_eq!(status, Status::Ok, "{message}");
    let _ = std::fs::remove_file(file);
}
