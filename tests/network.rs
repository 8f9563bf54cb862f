//! TLS with an authority of the host's own, and a proxy in between.

#![allow(clippy::disallowed_methods, reason = "a test's threads are no threads of the library")]

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
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
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

/// Looks somebody up: how it ended, and what is said about it.
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
    assert_eq!(server.heads.lock().unwrap().len(), 1, "nothing is sent to a server nobody vouches for");
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
