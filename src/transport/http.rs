//! The HTTP client: ureq over this library's own connections.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use ureq::http::{self, HeaderValue, header};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{Connector, NextTimeout};
use ureq::{Agent, Error};
use zeroize::Zeroizing;

use super::base::ApiBase;
use super::interrupt::Interrupter;
use super::progress::{Progress, Stage};
use super::proxy::Proxy;
use super::resolver::Resolver;
use super::tcp::{TcpConnector, Tunnel};
use super::tls::{TlsConnector, TlsSettings};
use super::{Connection, Exchange, HttpAnswer, Transport, TransportError};
use crate::model::Secret;
use crate::operations::{Authorization, HttpRequest, Sent, Status};

/// How long a connection is kept for the next request.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Room for a request's head: the longest token, the longest path and the rest.
const OUTPUT_BUFFER: usize = 16 * 1024;
/// Longest head of an answer.
const MAX_RESPONSE_HEAD: usize = 16 * 1024;
/// Larger than any head: a buffer that is full before the limit is reached looks like a closed connection.
const INPUT_BUFFER: usize = MAX_RESPONSE_HEAD + 8 * 1024;

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
    opened: Arc<AtomicU32>,
}

impl HttpTransport {
    pub(crate) fn new(mut settings: HttpSettings) -> Self {
        Self {
            shared: Arc::new(Shared {
                resolver: match &settings.proxy {
                    Some(proxy) => Resolver::new(&proxy.host, proxy.port),
                    None => Resolver::new(settings.base.host(), settings.base.port()),
                },
                tls: Arc::new(TlsSettings::new(std::mem::take(&mut settings.extra_roots))),
                opened: Arc::new(AtomicU32::new(0)),
                api_key: RwLock::new(settings.api_key.take()),
                settings,
            }),
        }
    }
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

    fn connections_opened(&self) -> u32 {
        self.shared.opened.load(Ordering::Relaxed)
    }

    fn close(&self) {
        self.shared.resolver.close();
    }
}

/// One worker's agent. Each worker has its own, with one connection: freeing a worker that hangs can
/// then never hit a connection another worker has taken over.
struct HttpConnection {
    agent: Agent,
    shared: Arc<Shared>,
    interrupter: Arc<Interrupter>,
    progress: Arc<Progress>,
}

impl HttpConnection {
    fn new(shared: Arc<Shared>) -> Self {
        let interrupter = Arc::new(Interrupter::default());
        let progress = Arc::new(Progress::default());
        let tcp = TcpConnector {
            interrupter: Arc::clone(&interrupter),
            progress: Arc::clone(&progress),
            connect_timeout: shared.settings.connect_timeout,
            loopback_only: !shared.settings.base.uses_tls(),
            opened: Arc::clone(&shared.opened),
            tunnel: shared.settings.proxy.clone().map(|proxy| Tunnel {
                proxy,
                host: shared.settings.base.host().to_owned(),
                port: shared.settings.base.port(),
            }),
        };
        let tls = TlsConnector { settings: Arc::clone(&shared.tls), progress: Arc::clone(&progress) };
        let names = ConnectionResolver {
            shared: Arc::clone(&shared),
            interrupter: Arc::clone(&interrupter),
            progress: Arc::clone(&progress),
        };
        // No timeout of any kind: with one, ureq would set it on the socket for every read. The
        // runtime's timer ends what takes too long.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(shared.settings.user_agent.as_str())
            .accept("application/json")
            .accept_encoding("identity")
            .input_buffer_size(INPUT_BUFFER)
            .output_buffer_size(OUTPUT_BUFFER)
            .max_response_header_size(MAX_RESPONSE_HEAD)
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .max_idle_age(KEEP_ALIVE)
            .build();
        Self { agent: Agent::with_parts(config, tcp.chain(tls), names), shared, interrupter, progress }
    }

    fn attempt(&self, request: &HttpRequest) -> Result<HttpAnswer, TransportError> {
        self.progress.restart();
        let sendable = self.sendable(request)?;
        let response = self.agent.run(sendable).map_err(|error| self.explain(&error, 0))?;
        let (head, mut body) = response.into_parts();
        let header_text = |name: header::HeaderName| {
            head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let status = head.status.as_u16();
        let body = body
            .with_config()
            .limit(self.shared.settings.max_response_bytes)
            .read_to_vec()
            .map_err(|error| self.explain(&error, status))?;
        Ok(HttpAnswer {
            status,
            content_type: header_text(header::CONTENT_TYPE).unwrap_or_default(),
            retry_after: header_text(header::RETRY_AFTER),
            body: Zeroizing::new(body),
        })
    }

    fn sendable<'a>(&self, request: &'a HttpRequest) -> Result<http::Request<&'a [u8]>, TransportError> {
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
        let api_key = self.shared.api_key.read().unwrap_or_else(PoisonError::into_inner);
        let credential = match &request.authorization {
            Authorization::None => None,
            Authorization::ApiKey => api_key.as_ref().map(|key| ("APIKey", key)),
            Authorization::Customer(token) => Some(("Customer", token)),
        };
        if let Some((scheme, secret)) = credential {
            let line = Zeroizing::new(format!("{scheme} {}", secret.expose()));
            let mut value = HeaderValue::from_str(&line).map_err(|_| refuse("authorization"))?;
            value.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, value);
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value.as_str());
        }
        let body: &[u8] = match &request.body {
            Some(body) => {
                builder = builder.header(header::CONTENT_TYPE, "application/json");
                body
            }
            None => &[],
        };
        builder.body(body).map_err(|error| refuse(&error.to_string()))
    }

    fn explain(&self, error: &Error, http_status: u16) -> TransportError {
        let stage = self.progress.stage();
        let status = match error {
            Error::BodyExceedsLimit(_) | Error::LargeResponseHeader(..) => Status::ResponseTooLarge,
            Error::Protocol(_) | Error::Http(_) => Status::InvalidResponse,
            Error::Tls(_) => Status::Tls,
            _ => match stage {
                Stage::Resolve => Status::Resolve,
                Stage::Connect => Status::Connect,
                Stage::Handshake => Status::Tls,
                Stage::Exchange => Status::Transport,
            },
        };
        if status == Status::Connect {
            self.shared.resolver.distrust();
        }
        let doing = match stage {
            Stage::Resolve => "resolving",
            Stage::Connect => "connecting to",
            Stage::Handshake => "setting up TLS with",
            Stage::Exchange => "talking to",
        };
        let base = &self.shared.settings.base;
        let problem = match status {
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
            message: format!("{doing} {}:{}: {problem}", base.host(), base.port()),
            http_status,
            is_local: false,
        }
    }
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
    fn exchange(&mut self, request: &HttpRequest) -> Exchange {
        let result = self.attempt(request);
        let sent = match &result {
            Ok(_) => Sent::Answered,
            Err(error) if error.http_status != 0 => Sent::Answered,
            Err(_) if self.progress.request_left() => Sent::Maybe,
            Err(_) => Sent::Never,
        };
        let died_idle =
            self.progress.was_stale() && matches!(&result, Err(error) if error.status == Status::Transport);
        Exchange { result, sent, died_idle }
    }

    fn interrupter(&self) -> Arc<Interrupter> {
        Arc::clone(&self.interrupter)
    }
}

/// Gives ureq the addresses the client keeps.
struct ConnectionResolver {
    shared: Arc<Shared>,
    interrupter: Arc<Interrupter>,
    progress: Arc<Progress>,
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
        let before = self.progress.stage();
        self.progress.reach(Stage::Resolve);
        let found =
            self.shared.resolver.addresses(&|| !self.interrupter.is_interrupted()).map_err(Error::Io)?;
        let mut addresses = self.empty();
        for address in found.iter().take(16) {
            addresses.push(*address);
        }
        // A connection may be taken from the pool now, without a connect.
        self.progress.reach(before);
        if addresses.is_empty() {
            return Err(Error::Io(io::Error::from(io::ErrorKind::NotFound)));
        }
        Ok(addresses)
    }
}
