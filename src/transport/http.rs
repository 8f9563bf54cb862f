//! The HTTP client: ureq over this library's own connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::CertificateDer;
use ureq::http::{self, HeaderValue, header};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Agent, Error};
use zeroize::Zeroizing;

use super::base::ApiBase;
use super::buffers::{INPUT_BUFFER, MAX_RESPONSE_HEAD, OUTPUT_BUFFER};
use super::connect::{Preferred, in_order};
use super::interrupt::Interrupter;
use super::lending::{Connections, Lender, Returned};
use super::line::Line;
use super::local;
use super::opening::Opener;
use super::pool::Pool;
use super::progress::Stage;
use super::proxy::Proxy;
use super::resolver::Resolver;
use super::retry_after;
use super::tcp::{TcpOpener, Tunnel};
use super::tls::{TlsSettings, may_be_the_clock};
use super::whole::read_whole;
use super::{Connection, ConnectionCounts, Exchange, HttpAnswer, Transport, TransportError};
use crate::model::Secret;
use crate::operations::{Authorization, HttpRequest, Sent, Status};

/// How long a connection is kept for the next request.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How long a kept connection may bring nothing before a repeatable request is sent on a new one. A server that is
/// slower than that lately is given more time.
const SILENCE: Duration = Duration::from_secs(2);
/// Most addresses ureq takes of a host.
const MOST_ADDRESSES: usize = 16;
/// The library did not exist before 2025-01-01: a clock that shows an earlier time is wrong.
const FIRST_POSSIBLE_TIME: Duration = Duration::from_secs(1_735_689_600);

/// What every request of a client has in common.
pub(crate) struct HttpSettings {
    pub(crate) base: ApiBase,
    pub(crate) api_key: Option<Secret>,
    pub(crate) user_agent: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_response_bytes: u64,
    pub(crate) proxy: Option<Proxy>,
    /// Authorities to trust besides the system's and the bundled ones.
    pub(crate) extra_roots: Vec<CertificateDer<'static>>,
}

/// HTTP to one API.
pub(crate) struct HttpTransport {
    shared: Arc<Shared>,
}

struct Shared {
    settings: HttpSettings,
    api_key: RwLock<Option<Secret>>,
    resolver: Resolver,
    tls: Arc<TlsSettings>,
    preferred: Arc<Preferred>,
    connections: Arc<Connections>,
    slowness: Slowness,
    /// Made once: making one looks at the environment.
    config: ureq::config::Config,
}

/// How long answers took lately.
#[derive(Default)]
struct Slowness(AtomicU64);

impl Slowness {
    fn note(&self, took: Duration) {
        let known = self.0.load(Ordering::Relaxed);
        // A long time is forgotten slowly. Of two threads that write at once one may be lost: it is an estimate.
        let next = (took.as_millis() as u64).max(known - known / 8);
        if next != known {
            self.0.store(next, Ordering::Relaxed);
        }
    }

    /// How long a silence is still ordinary.
    fn patience(&self) -> Duration {
        SILENCE.max(Duration::from_millis(self.0.load(Ordering::Relaxed).saturating_mul(3)))
    }
}

impl HttpTransport {
    /// Reads what it needs of the environment here and now, on the calling thread: no thread of the library ever
    /// looks at it, whatever the host does to it meanwhile.
    pub(crate) fn new(mut settings: HttpSettings) -> Self {
        let tls = Arc::new(TlsSettings::new(std::mem::take(&mut settings.extra_roots)));
        let preferred = Arc::<Preferred>::default();
        let opener = opener(&settings, &tls, &preferred);
        Self {
            shared: Arc::new(Shared {
                resolver: match &settings.proxy {
                    Some(proxy) => Resolver::new(&proxy.host, proxy.port),
                    None => Resolver::new(settings.base.host(), settings.base.port()),
                },
                tls,
                preferred,
                connections: Arc::new(Connections { pool: Pool::default(), opener }),
                slowness: Slowness::default(),
                config: config(&settings.user_agent),
                api_key: RwLock::new(settings.api_key.take()),
                settings,
            }),
        }
    }
}

/// What opens the connections.
fn opener(settings: &HttpSettings, tls: &Arc<TlsSettings>, preferred: &Arc<Preferred>) -> Opener {
    let base = &settings.base;
    Opener {
        tcp: TcpOpener {
            connect_timeout: settings.connect_timeout,
            loopback_only: !base.uses_tls(),
            tunnel: settings.proxy.clone().map(|proxy| Tunnel {
                proxy,
                host: base.host().to_owned(),
                port: base.port(),
            }),
            preferred: Arc::clone(preferred),
        },
        tls: Arc::clone(tls),
        secure_host: base.uses_tls().then(|| base.host().to_owned()),
        opened: AtomicU32::new(0),
        handshakes: AtomicU32::new(0),
    }
}

/// What ureq is told. It keeps no connection: the client does. No timeout of any kind: with one, ureq would set it on the socket for every read. The
/// runtime's timer ends what takes too long.
fn config(user_agent: &str) -> ureq::config::Config {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(user_agent)
        .accept("application/json")
        .accept_encoding("identity")
        .input_buffer_size(INPUT_BUFFER)
        .output_buffer_size(OUTPUT_BUFFER)
        .max_response_header_size(MAX_RESPONSE_HEAD)
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        .build()
}

impl Transport for HttpTransport {
    fn open(&self) -> Box<dyn Connection> {
        Box::new(HttpConnection::new(Arc::clone(&self.shared)))
    }

    fn set_api_key(&self, key: Secret) {
        *self.shared.api_key.write().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }

    fn api_key(&self) -> Option<Secret> {
        self.shared.api_key.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn connections(&self) -> ConnectionCounts {
        let Connections { pool, opener } = &*self.shared.connections;
        ConnectionCounts {
            opened: opener.opened.load(Ordering::Relaxed),
            handshakes: opener.handshakes.load(Ordering::Relaxed),
            idle: pool.idle(),
            open: pool.open(),
        }
    }

    fn look_after_idle(&self, keep: u32) {
        self.shared.connections.pool.look_after(Instant::now(), KEEP_ALIVE, keep as usize);
    }

    fn close(&self) {
        self.shared.resolver.close();
        self.shared.connections.pool.close();
    }
}

/// One worker's agent: each has its own interrupter, which reaches the connection it works with and no other.
struct HttpConnection {
    agent: Agent,
    shared: Arc<Shared>,
    line: Line,
    returned: Returned,
}

impl HttpConnection {
    fn new(shared: Arc<Shared>) -> Self {
        let line = Line::default();
        let returned = Returned::default();
        let lender = Lender {
            connections: Arc::clone(&shared.connections),
            line: line.clone(),
            returned: returned.clone(),
        };
        let names = ConnectionResolver { shared: Arc::clone(&shared), line: line.clone() };
        let agent = Agent::with_parts(shared.config.clone(), lender, names);
        Self { agent, shared, line, returned }
    }

    fn attempt(
        &self,
        request: &HttpRequest,
        credential: Option<&Secret>,
    ) -> Result<HttpAnswer, TransportError> {
        let head = self.sendable(request, credential)?;
        let response = match &request.body {
            Some(body) => self.agent.run(head.map(|()| body.as_slice())),
            // A length of nothing belongs to methods that may have a body, and to no other.
            None if matches!(request.method, "GET" | "HEAD" | "DELETE") => self.agent.run(head),
            None => self.agent.run(head.map(|()| [].as_slice())),
        };
        let response = response.map_err(|error| self.explain(&error, 0))?;
        self.line.progress.head_arrives();
        let (head, mut body) = response.into_parts();
        let header_text =
            |name: header::HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        let status = head.status.as_u16();
        if matches!(status, 408 | 421) {
            // The server gave this connection up, or says that it is the wrong one.
            self.line.progress.retire();
        }
        let limit = self.shared.settings.max_response_bytes;
        let expected = body.content_length().unwrap_or_default().min(limit);
        let reader = body.with_config().limit(limit).reader();
        let body = read_whole(reader, usize::try_from(expected).unwrap_or(usize::MAX))
            .map_err(|error| self.explain(&Error::from(error), status))?;
        let mut content_type = header_text(header::CONTENT_TYPE).unwrap_or_default().to_owned();
        let encoding = header_text(header::CONTENT_ENCODING).unwrap_or_default().trim();
        let is_plain = encoding.is_empty() || encoding.eq_ignore_ascii_case("identity");
        if !is_plain && std::str::from_utf8(&body).is_err() {
            if head.status.is_success() {
                return Err(self.compressed(encoding, status));
            }
            content_type = format!("{encoding}-encoded");
        }
        Ok(HttpAnswer {
            status,
            content_type,
            retry_after: header_text(header::RETRY_AFTER)
                .and_then(|value| retry_after::parse(value, header_text(header::DATE))),
            body,
        })
    }

    /// What the request is sent with.
    fn credential(&self, request: &HttpRequest) -> Option<Secret> {
        match &request.authorization {
            Authorization::None => None,
            Authorization::ApiKey => {
                self.shared.api_key.read().unwrap_or_else(PoisonError::into_inner).clone()
            }
            Authorization::Customer(token) => Some(token.clone()),
        }
    }

    fn sendable(
        &self,
        request: &HttpRequest,
        credential: Option<&Secret>,
    ) -> Result<http::Request<()>, TransportError> {
        let refuse = |what: &str| TransportError {
            status: Status::Internal,
            message: format!("the request could not be built: {what}"),
            http_status: 0,
            is_local: false,
        };
        let settings = &self.shared.settings;
        let mut builder = http::Request::builder().method(request.method).uri(format!(
            "{}{}",
            settings.base.origin(),
            request.target
        ));
        if let Some(secret) = credential {
            let scheme = match &request.authorization {
                Authorization::Customer(_) => "Customer",
                Authorization::ApiKey | Authorization::None => "APIKey",
            };
            let line = Zeroizing::new(format!("{scheme} {}", secret.expose()));
            let mut value = HeaderValue::from_str(&line).map_err(|_| refuse("authorization"))?;
            value.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, value);
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value.as_str());
        }
        if request.body.is_some() {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        }
        builder.body(()).map_err(|error| refuse(&error.to_string()))
    }

    /// A successful answer in an encoding that was not asked for.
    fn compressed(&self, encoding: &str, http_status: u16) -> TransportError {
        let base = &self.shared.settings.base;
        let harmless = encoding.len() <= 32 && encoding.bytes().all(|byte| byte.is_ascii_graphic());
        let encoding = if harmless { encoding } else { "something unusual" };
        TransportError {
            status: Status::InvalidResponse,
            message: format!(
                "talking to {}:{}: the answer is encoded with {encoding}, which was not asked for: a proxy or CDN in \
                 between may do that",
                base.host(),
                base.port()
            ),
            http_status,
            is_local: false,
        }
    }

    fn explain(&self, error: &Error, http_status: u16) -> TransportError {
        let stage = self.line.progress.stage();
        let lack = match error {
            Error::Io(io) => local::lack(io),
            _ => None,
        };
        let status = match error {
            Error::BodyExceedsLimit(_) | Error::LargeResponseHeader(..) => Status::ResponseTooLarge,
            Error::Protocol(_) | Error::Http(_) => Status::InvalidResponse,
            Error::Tls(_) => Status::Tls,
            Error::Io(io) if io.kind() == io::ErrorKind::OutOfMemory => Status::Resources,
            _ => match stage {
                Stage::Resolve => Status::Resolve,
                Stage::Connect | Stage::Tunnel => Status::Connect,
                Stage::Handshake => Status::Tls,
                Stage::Exchange => Status::Transport,
            },
        };
        if status == Status::Connect && lack.is_none() {
            self.shared.resolver.distrust();
        }
        let (more, blames_us) = match error {
            Error::Io(io) if stage == Stage::Handshake => self.about_certificates(io),
            _ => (String::new(), false),
        };
        let problem = match status {
            _ if lack.is_some() => lack.map(|lack| lack.to_string()).unwrap_or_default(),
            _ if matches!(error, Error::LargeResponseHeader(..)) => {
                format!("the head of the answer is larger than {MAX_RESPONSE_HEAD} bytes")
            }
            Status::ResponseTooLarge => {
                format!("the answer is larger than {} bytes", self.shared.settings.max_response_bytes)
            }
            _ => describe(error),
        };
        TransportError {
            status,
            message: format!("{}: {problem}{more}", self.doing(stage)),
            http_status,
            is_local: lack.is_some() || blames_us,
        }
    }

    /// What a line was at, and with whom: a proxy's failure is not the API's.
    fn doing(&self, stage: Stage) -> String {
        let settings = &self.shared.settings;
        let api = format!("{}:{}", settings.base.host(), settings.base.port());
        match (stage, &settings.proxy) {
            (Stage::Resolve, None) => format!("resolving {api}"),
            (Stage::Resolve, Some(proxy)) => format!("resolving {proxy}"),
            (Stage::Connect, None) => format!("connecting to {api}"),
            (Stage::Connect, Some(proxy)) => format!("connecting to {proxy}"),
            (Stage::Tunnel, proxy) => {
                let proxy = proxy.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("asking {proxy} for a tunnel to {api}")
            }
            (Stage::Handshake, None) => format!("setting up TLS with {api}"),
            (Stage::Handshake, Some(proxy)) => format!("setting up TLS with {api} through {proxy}"),
            (Stage::Exchange, None) => format!("talking to {api}"),
            (Stage::Exchange, Some(proxy)) => format!("talking to {api} through {proxy}"),
        }
    }

    /// What may be wrong on this side when a certificate is refused, and whether it surely is.
    fn about_certificates(&self, error: &io::Error) -> (String, bool) {
        let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
            return (String::new(), false);
        };
        if may_be_the_clock(error) {
            return about_the_clock(SystemTime::now());
        }
        let is_unknown =
            matches!(error, rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer));
        match self.shared.tls.problem().filter(|_| is_unknown) {
            Some(problem) => (
                format!(
                    "; the certificates of this machine could not be read ({}), and are tried again with the next \
                     connection",
                    problem.text
                ),
                problem.is_local,
            ),
            None => (String::new(), false),
        }
    }
}

/// What is said of a certificate that is not valid at the time this machine shows, and whether that time is surely wrong.
fn about_the_clock(now: SystemTime) -> (String, bool) {
    let impossible = now < SystemTime::UNIX_EPOCH + FIRST_POSSIBLE_TIME;
    let time = httpdate::fmt_http_date(now.max(SystemTime::UNIX_EPOCH));
    let text = if impossible {
        format!("; the clock of this machine is wrong: it shows {time}. Set it")
    } else {
        format!("; the clock of this machine may be wrong: it shows {time}")
    };
    (text, impossible)
}

/// An error in words, with the reason beneath it.
fn describe(error: &Error) -> String {
    match error {
        Error::Io(io) => match io.get_ref().map(|inner| inner.source().unwrap_or(inner)) {
            Some(inner) => format!("{inner}"),
            None => io.to_string(),
        },
        Error::Protocol(protocol) => format!("not valid HTTP: {protocol}"),
        other => other.to_string(),
    }
}

impl Connection for HttpConnection {
    fn exchange(&mut self, request: &HttpRequest, repeatable: bool) -> Exchange {
        self.line.progress.restart(repeatable.then(|| self.shared.slowness.patience()));
        let credential = self.credential(request);
        let begun = Instant::now();
        let result = self.attempt(request, credential.as_ref());
        if let Some(wire) = self.returned.take().filter(|_| !self.line.progress.is_retired()) {
            self.shared.connections.pool.put(wire);
        }
        let sent = match &result {
            Ok(_) => Sent::Answered,
            Err(error) if error.http_status != 0 => Sent::Answered,
            Err(_) if self.line.progress.request_left() => Sent::Maybe,
            Err(_) => Sent::Never,
        };
        if result.is_ok() {
            self.shared.slowness.note(begun.elapsed());
        }
        // Whatever a kept connection brings that is not the head of an answer may be left from an earlier one.
        let brought_no_answer = matches!(
            &result,
            Err(error) if !error.is_local && match error.status {
                Status::Transport => true,
                Status::InvalidResponse | Status::ResponseTooLarge => !self.line.progress.is_first_use(),
                _ => false,
            }
        );
        let died_idle =
            self.line.progress.is_stale() && brought_no_answer && !self.line.interrupter.is_interrupted();
        if died_idle {
            // What killed it may have killed those that have been idle for longer: the repetition goes out on a new one.
            self.shared.connections.pool.distrust(begun);
        }
        Exchange { result, sent, died_idle, credential }
    }

    fn warm(&mut self, wanted: u32) -> Result<bool, TransportError> {
        self.line.progress.restart(None);
        let result = self.shared.warm(&self.line, wanted);
        self.line.interrupter.detach();
        result.map_err(|error| self.explain(&error, 0))
    }

    fn interrupter(&self) -> Arc<Interrupter> {
        Arc::clone(&self.line.interrupter)
    }
}

/// Gives ureq the addresses the client keeps.
struct ConnectionResolver {
    shared: Arc<Shared>,
    line: Line,
}

impl fmt::Debug for ConnectionResolver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ConnectionResolver").finish_non_exhaustive()
    }
}

impl UreqResolver for ConnectionResolver {
    fn resolve(
        &self,
        _: &http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let before = self.line.progress.stage();
        let mut addresses = self.empty();
        for address in self.shared.addresses(&self.line)? {
            addresses.push(address);
        }
        // An idle connection may be taken now, without a connect.
        self.line.progress.reach(before);
        Ok(addresses)
    }
}

impl Shared {
    /// Opens a connection ahead of the request that will need it, unless `wanted` are open.
    fn warm(&self, line: &Line, wanted: u32) -> Result<bool, Error> {
        let Connections { pool, opener } = &*self.connections;
        let Some((place, _coming)) = pool.expect(wanted) else { return Ok(false) };
        let addresses = self.addresses(line)?;
        let mut wire = opener.open(line, &addresses, place)?;
        wire.send()?;
        line.interrupter.detach();
        pool.put(wire);
        Ok(true)
    }

    /// The addresses to try, in that order.
    fn addresses(&self, line: &Line) -> Result<Vec<SocketAddr>, Error> {
        line.progress.reach(Stage::Resolve);
        let found = self.resolver.addresses(&|| !line.interrupter.is_interrupted()).map_err(Error::Io)?;
        // Put in order before some are left out: a host with many addresses of one family keeps some of the other.
        let mut addresses = in_order(&found, self.preferred.get());
        addresses.truncate(MOST_ADDRESSES);
        if addresses.is_empty() {
            return Err(Error::Io(io::Error::from(io::ErrorKind::NotFound)));
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::counting::each_refused;

    fn transport(port: u16) -> HttpTransport {
        HttpTransport::new(HttpSettings {
            base: ApiBase::parse(&format!("http://127.0.0.1:{port}")).unwrap(),
            api_key: Some(Secret::new("first".to_owned())),
            user_agent: "test".to_owned(),
            connect_timeout: Duration::from_secs(60),
            max_response_bytes: 1024 * 1024,
            proxy: None,
            extra_roots: Vec::new(),
        })
    }

    fn request(authorization: Authorization) -> HttpRequest {
        HttpRequest { method: "GET", target: "/".to_owned(), authorization, headers: Vec::new(), body: None }
    }

    #[test]
    fn an_exchange_tells_what_it_was_sent_with() {
        // Bound, but not listening: what is sent with is known all the same.
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let transport = transport(socket.local_addr().unwrap().as_socket().unwrap().port());
        let mut connection = transport.open();
        connection.interrupter().begin(1);
        let mut sent_with = |authorization| {
            let exchange = connection.exchange(&request(authorization), true);
            let error = exchange.result.err().unwrap();
            assert_eq!((error.status, error.is_local, exchange.sent), (Status::Connect, false, Sent::Never));
            assert!(!exchange.died_idle);
            exchange.credential.map(|secret| secret.expose().to_owned())
        };
        assert_eq!(sent_with(Authorization::ApiKey).as_deref(), Some("first"));
        transport.set_api_key(Secret::new("second".to_owned()));
        assert_eq!(sent_with(Authorization::ApiKey).as_deref(), Some("second"));
        let token = Authorization::Customer(Secret::new("token".to_owned()));
        assert_eq!(sent_with(token).as_deref(), Some("token"));
        assert_eq!(sent_with(Authorization::None), None);
        transport.close();
    }

    /// Answers the requests of one connection, the first of all with the first status and so on, and keeps it open.
    fn answer_each(mut stream: std::net::TcpStream, statuses: &std::sync::Mutex<std::vec::IntoIter<u16>>) {
        use std::io::{Read, Write};
        let mut head = Vec::new();
        let mut byte = [0];
        while stream.read(&mut byte).unwrap_or(0) == 1 {
            head.push(byte[0]);
            if head.ends_with(b"\r\n\r\n") {
                head.clear();
                let status = statuses.lock().unwrap().next().unwrap();
                write!(stream, "HTTP/1.1 {status} \r\nContent-Length: 0\r\n\r\n").unwrap();
            }
        }
    }

    #[test]
    fn a_connection_the_server_gave_up_is_not_used_again() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let there = listener.local_addr().unwrap();
        let asked = [200, 408, 200, 200, 421, 200];
        let statuses = std::sync::Mutex::new(Vec::from(asked).into_iter());
        let over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for stream in listener.incoming() {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    let stream = stream.unwrap();
                    scope.spawn(|| answer_each(stream, &statuses));
                }
            });
            let transport = transport(there.port());
            let mut connection = transport.open();
            let opened = asked.map(|status| {
                connection.interrupter().begin(1);
                let exchange = connection.exchange(&request(Authorization::None), true);
                assert_eq!(exchange.result.unwrap().status, status);
                transport.connections().opened
            });
            drop(connection);
            transport.close();
            over.store(true, Ordering::SeqCst);
            drop(std::net::TcpStream::connect(there).unwrap());
            assert_eq!(opened, [1, 1, 2, 2, 2, 3], "after 408 and 421");
        });
    }

    /// A server that answers every request with this body, on a connection each.
    fn serve(listener: &std::net::TcpListener, body: &str) {
        use std::io::{Read, Write};
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            if head.starts_with(b"GET /over") {
                return;
            }
            // A client that has no memory goes away.
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            )
            .and_then(|()| stream.write_all(body.as_bytes()));
        }
    }

    #[test]
    fn an_exchange_there_is_no_memory_for_says_so_and_does_not_blame_the_api() {
        // Above what the HTTP client allocates for itself.
        const FIXED: usize = 8 * 1024;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let transport = transport(listener.local_addr().unwrap().port());
        let body = "x".repeat(900_000);
        std::thread::scope(|scope| {
            scope.spawn(|| serve(&listener, &body));
            let refused = each_refused(FIXED, || {
                let mut connection = transport.open();
                connection.interrupter().begin(1);
                let exchange = connection.exchange(&request(Authorization::None), true);
                match exchange.result {
                    Ok(answer) => {
                        assert_eq!(answer.body.len(), body.len());
                        Ok(())
                    }
                    Err(error) => {
                        assert!(error.is_local && error.message.contains("no memory"), "{}", error.message);
                        assert!(!exchange.died_idle);
                        Err(error.status)
                    }
                }
            });
            // Two buffers, what is collected, and the body, which is longer than is believed at first.
            assert!(refused >= 5, "{refused}");
            let over = HttpRequest { target: "/over".to_owned(), ..request(Authorization::None) };
            let _ = transport.open().exchange(&over, false);
        });
    }

    #[test]
    fn lack_of_this_machine_is_marked() {
        let transport = transport(9);
        let connection = HttpConnection::new(Arc::clone(&transport.shared));
        connection.line.progress.restart(None);
        let lacking = || Error::Io(local::no_thread(&io::ErrorKind::WouldBlock.into()));
        for stage in [Stage::Resolve, Stage::Connect, Stage::Tunnel, Stage::Handshake, Stage::Exchange] {
            connection.line.progress.reach(stage);
            let error = connection.explain(&lacking(), 0);
            assert!(error.is_local && error.message.contains("thread"), "{stage:?}: {}", error.message);
            let refused = Error::Io(io::ErrorKind::ConnectionRefused.into());
            assert!(!connection.explain(&refused, 0).is_local, "{stage:?}");
        }
    }

    #[test]
    fn a_clock_that_shows_the_past_is_this_machines_fault() {
        let at = |seconds| about_the_clock(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let (text, is_ours) = at(0);
        assert!(is_ours && text.contains("is wrong: it shows Thu, 01 Jan 1970"), "{text}");
        assert!(at(FIRST_POSSIBLE_TIME.as_secs() - 1).1);
        let (text, is_ours) = at(FIRST_POSSIBLE_TIME.as_secs());
        assert!(!is_ours && text.contains("may be wrong"), "{text}");
        assert!(about_the_clock(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).1, "before all time");
    }

    #[test]
    fn a_machine_without_certificates_lacks_them() {
        let mut transport = transport(9);
        Arc::get_mut(&mut transport.shared).unwrap().tls = Arc::new(TlsSettings::without_certificates());
        let connection = HttpConnection::new(Arc::clone(&transport.shared));
        connection.line.progress.restart(None);
        connection.line.progress.reach(Stage::Handshake);
        let refused = |error| {
            let refused = rustls::Error::InvalidCertificate(error);
            connection.explain(&Error::Io(io::Error::other(refused)), 0)
        };
        let unknown = refused(rustls::CertificateError::UnknownIssuer);
        assert!(unknown.is_local && unknown.message.contains("none were found"), "{}", unknown.message);
        let other = refused(rustls::CertificateError::NotValidForName);
        assert!(!other.is_local && !other.message.contains("none were found"), "{}", other.message);
    }

    #[test]
    fn a_slow_server_is_given_more_time() {
        let slowness = Slowness::default();
        assert_eq!(slowness.patience(), SILENCE);
        slowness.note(Duration::from_secs(4));
        assert_eq!(slowness.patience(), Duration::from_secs(12));
        (0..100).for_each(|_| slowness.note(Duration::from_millis(20)));
        assert_eq!(slowness.patience(), SILENCE);
    }
}
