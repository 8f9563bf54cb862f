//! One connection to the API, step by step, with the time of each. Nothing secret is sent over it, except for a proxy's
//! password to that proxy.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use paynow_bridge::Route;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// How long each step may take.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const LARGEST: u64 = 64 * 1024;
const MOST_HEADERS: usize = 100;

/// How far it came.
#[derive(Debug, Default)]
pub struct Probe {
    pub connect: Option<Duration>,
    pub tunnel: Option<Duration>,
    pub tls: Option<Duration>,
    pub first_byte: Option<Duration>,
    /// `TLS 1.3` and its cipher.
    pub protocol: Option<String>,
    pub answer: Option<Answer>,
    /// In which step it ended early, and why.
    pub problem: Option<(Step, String)>,
}

/// A step on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Connect,
    Tunnel,
    Tls,
    Answer,
}

/// An answer, as much of it as matters here.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    headers: Headers,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Where a step leads to.
pub struct Target<'a> {
    pub route: &'a Route,
    /// Path and query to ask, without credentials.
    pub path: &'a str,
    pub tls: Option<&'a Arc<ClientConfig>>,
}

/// Goes the whole way over one address, which is the proxy's where there is one.
pub fn run(address: SocketAddr, target: &Target<'_>) -> Probe {
    let mut probe = Probe::default();
    if let Err(problem) = walk(address, target, &mut probe) {
        probe.problem = Some(problem);
    }
    probe
}

fn walk(address: SocketAddr, target: &Target<'_>, probe: &mut Probe) -> Result<(), (Step, String)> {
    let at = |step: Step| move |error: io::Error| (step, explain(&error));
    let begin = Instant::now();
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(at(Step::Connect))?;
    probe.connect = Some(begin.elapsed());
    let limits =
        stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    limits.and_then(|()| stream.set_nodelay(true)).map_err(at(Step::Connect))?;
    if target.route.proxy.is_some() {
        let begin = Instant::now();
        open_tunnel(&mut stream, target.route).map_err(at(Step::Tunnel))?;
        probe.tunnel = Some(begin.elapsed());
    }
    let Some(config) = target.tls else { return exchange(stream, target, probe).map_err(at(Step::Answer)) };
    let begin = Instant::now();
    let name =
        ServerName::try_from(target.route.host.clone()).map_err(|error| (Step::Tls, error.to_string()))?;
    let mut connection =
        ClientConnection::new(config.clone(), name).map_err(|error| (Step::Tls, error.to_string()))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(at(Step::Tls))?;
    }
    probe.tls = Some(begin.elapsed());
    let version = connection.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS");
    let cipher =
        connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    probe.protocol = Some(format!("{} {cipher}", version.replace("TLSv1_", "TLS 1.")));
    exchange(StreamOwned::new(connection, stream), target, probe).map_err(at(Step::Answer))
}

/// A time that is up is said by some systems as "would block".
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("nothing came within {} s", PATIENCE.as_secs())
        }
        _ => error.to_string(),
    }
}

/// What comes byte by byte does not come for longer than that either.
fn in_time(begin: Instant) -> io::Result<()> {
    if begin.elapsed() > 2 * PATIENCE { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
}

/// A host with its port, as it is written in requests.
fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn open_tunnel(stream: &mut TcpStream, route: &Route) -> io::Result<()> {
    let place = authority(&route.host, route.port);
    let mut request = format!("CONNECT {place} HTTP/1.1\r\nhost: {place}\r\n");
    if let Some(credentials) = route.proxy.as_ref().and_then(|proxy| proxy.credentials.as_ref()) {
        request.push_str(&format!("proxy-authorization: Basic {}\r\n", credentials.expose()));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;
    // Not a byte more than the head: what follows belongs to TLS.
    let mut head = Vec::new();
    let begin = Instant::now();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        in_time(begin)?;
        if head.len() >= 8 * 1024 || stream.read(&mut byte)? == 0 {
            return Err(io::Error::other("it did not answer as a proxy does"));
        }
        head.push(byte[0]);
    }
    let status = read_head(&head).map_or(0, |(status, ..)| status);
    if (200..300).contains(&status) {
        Ok(())
    } else {
        Err(io::Error::other(format!("it refused the tunnel ({status})")))
    }
}

fn exchange(mut stream: impl Read + Write, target: &Target<'_>, probe: &mut Probe) -> io::Result<()> {
    let begin = Instant::now();
    let Target { route, path, .. } = target;
    let usual = if route.encrypted { 443 } else { 80 };
    let host = if route.port == usual && !route.host.contains(':') {
        route.host.clone()
    } else {
        authority(&route.host, route.port)
    };
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: pnb/{version} paynow-bridge/{library}\r\naccept: application/json\r\n\
         connection: close\r\n\r\n",
        version = env!("CARGO_PKG_VERSION"),
        library = paynow_bridge::VERSION,
    )?;
    stream.flush()?;
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        in_time(begin)?;
        let read = match stream.read(&mut piece) {
            Ok(read) => read,
            // Some servers leave without a farewell.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !bytes.is_empty() => 0,
            Err(error) => return Err(error),
        };
        if probe.first_byte.is_none() && read > 0 {
            probe.first_byte = Some(begin.elapsed());
        }
        bytes.extend_from_slice(&piece[..read]);
        if read == 0 || bytes.len() as u64 >= LARGEST || is_whole(&bytes) {
            break;
        }
    }
    let Some((status, headers, length)) = read_head(&bytes) else {
        return Err(io::Error::other("what came is not HTTP"));
    };
    let body = &bytes[length..];
    let is_chunked = headers
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("transfer-encoding") && value.contains("chunked"));
    let body = if is_chunked { unchunked(body) } else { body.to_vec() };
    probe.answer = Some(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() });
    Ok(())
}

/// Whether all came that was announced.
fn is_whole(bytes: &[u8]) -> bool {
    let Some((_, headers, head)) = read_head(bytes) else { return false };
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length
        .and_then(|(_, length)| length.parse::<usize>().ok())
        .is_some_and(|length| bytes.len() - head >= length)
}

type Headers = Vec<(String, String)>;
type Head = (u16, Headers, usize);

/// Status, headers, and how long the head is; nothing when it is not whole.
fn read_head(bytes: &[u8]) -> Option<Head> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = answer.parse(bytes).ok()? else { return None };
    let headers = answer
        .headers
        .iter()
        .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()));
    Some((answer.code?, headers.collect(), length))
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Ok(httparse::Status::Complete((begin, size))) = httparse::parse_chunk_size(body) {
        let end = usize::try_from(size).ok().and_then(|size| begin.checked_add(size)).unwrap_or(usize::MAX);
        let Some(piece) = body.get(begin..end).filter(|piece| !piece.is_empty()) else { break };
        whole.extend_from_slice(piece);
        body = body.get(end + 2..).unwrap_or_default();
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together() {
        assert_eq!(unchunked(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"), b"abcde");
        assert_eq!(unchunked(b"ffffffffffffffff\r\nabc"), b"");
        assert_eq!(unchunked(b"zz"), b"");
    }

    #[test]
    fn an_answer_is_whole_when_all_of_it_came() {
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\ncontent-le"));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab"));
        assert!(is_whole(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\n\r\nabc"), "it ends with the connection");
    }
}

#[cfg(test)]
pub mod tests_support {
    use super::Answer;

    pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: body.to_owned() }
    }
}
