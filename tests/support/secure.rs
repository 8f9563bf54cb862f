//! Servers and a proxy that speak HTTP by hand, with and without TLS.

#![allow(dead_code, reason = "each test uses its own part of this")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::pki_types::PrivateKeyDer;
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

/// What a server answers to the head of a request: all of the answer, or nothing at all, ever.
pub type Answer = fn(&str) -> String;

/// A whole answer.
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// A server without TLS.
pub struct PlainServer {
    pub port: u16,
}

impl PlainServer {
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || serve(stream, &Mutex::default(), answer));
            }
        });
        Self { port }
    }
}

/// An authority, its certificate in a file, and a server it vouches for.
pub struct SecureServer {
    pub port: u16,
    pub ca_file: PathBuf,
    /// The head of every request that came.
    pub heads: Arc<Mutex<Vec<String>>>,
    /// Every connection that came.
    streams: Arc<Mutex<Vec<TcpStream>>>,
    /// How each handshake went that was done.
    handshakes: Arc<Mutex<Vec<HandshakeKind>>>,
}

impl SecureServer {
    /// How many connections came.
    pub fn accepted(&self) -> usize {
        self.streams.lock().unwrap().len()
    }

    /// How each handshake went that was done.
    pub fn handshakes(&self) -> Vec<HandshakeKind> {
        self.handshakes.lock().unwrap().clone()
    }

    /// Closes every connection, as a server does with those that are idle for too long.
    pub fn close_all(&self) {
        for stream in &*self.streams.lock().unwrap() {
            // An error means that it is closed already.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    pub fn start(name: &str, port: u16, answer: Answer) -> Self {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca_params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca_params.distinguished_name.push(rcgen::DnType::CommonName, format!("The authority of {name}"));
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
        let streams = Arc::new(Mutex::new(Vec::new()));
        let handshakes = Arc::new(Mutex::new(Vec::new()));
        let (config, seen) = (Arc::new(config), Arc::clone(&heads));
        let (came, done) = (Arc::clone(&streams), Arc::clone(&handshakes));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                came.lock().unwrap().push(stream.try_clone().unwrap());
                let (seen, done) = (Arc::clone(&seen), Arc::clone(&done));
                std::thread::spawn(move || {
                    let mut stream = StreamOwned::new(connection, stream);
                    // With the session tickets.
                    if stream.conn.complete_io(&mut stream.sock).is_ok() && stream.flush().is_ok() {
                        done.lock().unwrap().extend(stream.conn.handshake_kind());
                    }
                    serve(stream, &seen, answer);
                });
            }
        });
        Self { port, ca_file, heads, streams, handshakes }
    }
}

impl Drop for SecureServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

/// Answers the requests of one connection, one after the other.
fn serve(stream: impl Read + Write, heads: &Mutex<Vec<String>>, answer: Answer) {
    let mut stream = BufReader::new(stream);
    while let Some(head) = read_head(&mut stream) {
        let answer = answer(&head);
        let length =
            head.to_ascii_lowercase().split("content-length: ").nth(1).map_or(0, |rest| {
                rest.lines().next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
            });
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        heads.lock().unwrap().push(head);
        if stream.get_mut().write_all(answer.as_bytes()).is_err() || stream.get_mut().flush().is_err() {
            return;
        }
        if answer.contains("connection: close\r\n") {
            return;
        }
    }
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
pub struct Proxy {
    pub port: u16,
    pub heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub fn start(status: &'static str) -> Self {
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
                    let port = target.rsplit(':').next().unwrap().parse().unwrap();
                    std::thread::spawn(move || carry(client, port));
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
