//! Sockets and hyper.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::admin;
use crate::answer::AnswerBody;
use crate::app::{App, Outcome};
use crate::browser::{self, Openness};
use crate::error::ApiError;
use crate::faults::{Defaults, Ending, Then};
use crate::page;

const MAX_BODY: usize = 1024 * 1024;
const MAX_ADMIN_BODY: usize = 16 * 1024 * 1024;
// A body that is too large is still read to its end, within reason, so that the client gets to see
// the 413 instead of a reset.
const MAX_DRAIN: usize = 64 * 1024 * 1024;

const BACKLOG: u32 = 8_192;
// Small bodies that are repeated go out in blocks of this size.
const BLOCK: usize = 64 * 1024;

/// How to run a sandbox.
#[derive(Debug, Clone)]
pub struct Config {
    /// Loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Added to every answer.
    pub latency_ms: u64,
    /// Whether a Steam id is enough to authenticate a customer.
    pub trust_steam: bool,
    /// No line per request on standard output.
    pub quiet: bool,
    /// Makes ids, dates and tokens repeat run after run.
    pub seed: Option<u64>,
    /// Names it answers to, besides `localhost` and loopback addresses.
    pub hosts: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            latency_ms: 0,
            trust_steam: true,
            quiet: false,
            seed: None,
            hosts: Vec::new(),
        }
    }
}

/// A sandbox that listens.
#[derive(Debug)]
pub struct Sandbox {
    listener: TcpListener,
    app: Arc<App>,
    hosts: Arc<[String]>,
}

impl Sandbox {
    /// Binds. Anything but loopback is refused: there is no TLS here and the key is public.
    pub async fn bind(config: Config) -> io::Result<Self> {
        if !config.listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{} is not a loopback address; the sandbox is reachable from this machine only \
                     (use 127.0.0.1 or [::1])",
                    config.listen.ip()
                ),
            ));
        }
        let listener = listen(config.listen)?;
        let defaults = Defaults { latency_ms: config.latency_ms, trust_steam: config.trust_steam };
        let app = Arc::new(App::new(config.seed, defaults, config.quiet));
        Ok(Self { listener, app, hosts: config.hosts.into() })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the future is dropped.
    pub async fn run(self) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(connection(self.app.clone(), self.hosts.clone(), stream));
                }
                // Out of descriptors, say: those in use will come free.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}

/// With a longer queue than the usual 1,024: a server that comes back from a hang sees everybody at
/// once, and a SYN that is dropped costs its sender a second.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // On Windows the option would let two programs share the port.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What the service and the connection tell each other.
#[derive(Debug)]
struct Link {
    app: Arc<App>,
    hosts: Arc<[String]>,
    counted: AtomicBool,
    ending: Mutex<Option<Ending>>,
}

impl Link {
    fn count(&self) {
        if !self.counted.swap(true, Ordering::Relaxed) {
            let stats = &self.app.stats;
            stats.connections_total.fetch_add(1, Ordering::Relaxed);
            stats.connections_open.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if *self.counted.get_mut() {
            let open = &self.app.stats.connections_open;
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Makes hyper let go of the connection.
#[derive(Debug)]
struct LetGo;

impl fmt::Display for LetGo {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the connection ends in another way")
    }
}

impl std::error::Error for LetGo {}

async fn connection(app: Arc<App>, hosts: Arc<[String]>, stream: TcpStream) {
    let link =
        Arc::new(Link { app: app.clone(), hosts, counted: AtomicBool::new(false), ending: Mutex::new(None) });
    let service = service_fn({
        let link = link.clone();
        move |request| Box::pin(answer(link.clone(), request))
    });
    let mut http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // Without hyper's own shutdown, because the socket may still have to be written to by hand, or
    // to be reset.
    let _ = poll_fn(|context| http.poll_without_shutdown(context)).await;
    let stream = http.into_parts().io.into_inner();
    let ending = link.ending.lock().expect("no holder panics").take();
    if let Some(ending) = ending {
        end(&app, stream, ending).await;
    }
}

async fn answer(link: Arc<Link>, request: Request<Incoming>) -> Result<Response<AnswerBody>, LetGo> {
    let (head, body) = request.into_parts();
    let app = &link.app;
    let own = page::find(&head);
    let is_admin = head.uri.path().starts_with(admin::PREFIX);
    let openness = if own.is_some() || is_admin { Openness::OwnPage } else { Openness::Programs };
    // Before anything is counted, logged or done.
    if let Err(error) = browser::check(&head, &link.hosts, openness) {
        let (_, drained) = read(body, MAX_BODY).await?;
        return Ok(finish(app.refuse(error).into_response(), drained));
    }
    if let Some(own) = own {
        let (_, drained) = read(body, MAX_BODY).await?;
        return Ok(finish(own.into_response(), drained));
    }
    if is_admin {
        let (body, drained) = read(body, MAX_ADMIN_BODY).await?;
        let answer = match body {
            Ok(body) => admin::serve(app, &head, &body),
            Err(error) => app.refuse(error),
        };
        return Ok(finish(answer.into_response(), drained));
    }
    link.count();
    let (body, drained) = read(body, MAX_BODY).await?;
    match app.serve(&head, body).await {
        Outcome::Answer(answer) => Ok(finish(answer.into_response(), drained)),
        Outcome::End(ending) => {
            *link.ending.lock().expect("no holder panics") = Some(ending);
            Err(LetGo)
        }
    }
}

fn finish(mut response: Response<AnswerBody>, drained: bool) -> Response<AnswerBody> {
    if !drained {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads a body, keeping no more than `limit`. The flag tells whether it was read to its end.
async fn read(mut body: Incoming, limit: usize) -> Result<(Result<Bytes, ApiError>, bool), LetGo> {
    if body.is_end_stream() {
        return Ok((Ok(Bytes::new()), true));
    }
    let too_large = || {
        Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload-too-large",
            format!("The body is larger than {limit} bytes"),
        ))
    };
    let mut kept: Vec<u8> = Vec::new();
    let mut total = 0;
    while let Some(frame) = body.frame().await {
        // The client went away or broke the framing; there is no one to answer.
        let frame = frame.map_err(|_| LetGo)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        total += data.len();
        if total <= limit {
            kept.extend_from_slice(data);
        } else if total > MAX_DRAIN {
            return Ok((too_large(), false));
        }
    }
    if total > limit {
        return Ok((too_large(), true));
    }
    Ok((Ok(kept.into()), true))
}

async fn end(app: &App, mut stream: TcpStream, ending: Ending) {
    let (mut input, mut output) = stream.split();
    // Writing alone would notice only after the next byte, which may be an hour away.
    let gone = async {
        let mut scrap = [0; 1024];
        while matches!(input.read(&mut scrap).await, Ok(1..)) {}
    };
    let rest = async {
        // The client is gone if this fails, and `gone` says so.
        let _ = send(&mut output, &ending).await;
        if ending.then == Then::Hang {
            app.faults.changed_since(ending.version).await;
        }
    };
    first_of(gone, rest).await;
    match ending.then {
        Then::Reset => {
            let _ = stream.set_zero_linger();
        }
        Then::Close | Then::Hang => close(stream).await,
    }
}

async fn send(output: &mut (impl AsyncWrite + Unpin), ending: &Ending) -> io::Result<()> {
    match ending.drip {
        Some(pause) if ending.drip_head => drip(output, &ending.head, pause).await?,
        _ => output.write_all(&ending.head).await?,
    }
    // However often it is repeated, it stays nothing.
    if ending.body.is_empty() {
        return Ok(());
    }
    if let Some(pause) = ending.drip {
        for _ in 0..ending.repeat {
            drip(output, &ending.body, pause).await?;
        }
        return Ok(());
    }
    let per_block = (BLOCK / ending.body.len()).max(1) as u64;
    let (blocks, rest) = (ending.repeat / per_block, ending.repeat % per_block);
    if blocks > 0 {
        let block = ending.body.repeat(per_block as usize);
        for _ in 0..blocks {
            output.write_all(&block).await?;
        }
    }
    output.write_all(&ending.body.repeat(rest as usize)).await
}

async fn drip(output: &mut (impl AsyncWrite + Unpin), bytes: &[u8], pause: Duration) -> io::Result<()> {
    for byte in bytes {
        tokio::time::sleep(pause).await;
        output.write_all(&[*byte]).await?;
    }
    Ok(())
}

/// Closes with a FIN. A socket with unread input would be reset by the kernel instead, so what is
/// there is read first.
async fn close(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut scrap = [0; 4096];
    while let Ok(1..) = stream.try_read(&mut scrap) {}
}

async fn first_of(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let mut one = std::pin::pin!(one);
    let mut other = std::pin::pin!(other);
    poll_fn(|context| {
        if one.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        other.as_mut().poll(context)
    })
    .await;
}
