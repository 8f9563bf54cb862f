//! Connections for a protocol in which both sides speak at any time: the library's own ways of connecting, with TLS or
//! without, and nothing in them waits but what says so.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::ClientConnection;
use rustls::pki_types::{CertificateDer, ServerName};

use super::connect::{Preferred, connect, in_order};
use super::interrupt::Interrupter;
use super::resolver::{CLOSE_PATIENCE, Resolver};
use super::tls::TlsSettings;

/// How often a wait looks whether it is still wanted, where shutting the socket down does not end it.
const SLICE: Duration = Duration::from_millis(50);
/// How many records of TLS are taken in at once, so that a caller with a lock does not hold it for long.
const MOST_READS: usize = 16;
/// The one call an interrupter is told of: all that a dialer ever does.
const ALL: u64 = 1;

/// Connects to servers, to one at a time.
pub(crate) struct Dialer {
    tls: Option<Tls>,
    interrupter: Arc<Interrupter>,
    preferred: Preferred,
    /// Of names the system has not resolved yet: one that hangs is not asked by yet another thread.
    resolvers: Mutex<Vec<Asked>>,
}

struct Tls {
    settings: TlsSettings,
    server_name: Option<String>,
}

/// A name that is being resolved.
struct Asked {
    host: String,
    port: u16,
    resolver: Arc<Resolver>,
}

impl Dialer {
    /// Connections without TLS.
    pub(crate) fn plain() -> Self {
        Self::new(None)
    }

    /// Connections with TLS: trusts `extra_roots` besides the system's and the bundled authorities, and expects
    /// `server_name` in the certificate, or the host that is dialled. Reads what it needs of the environment now.
    pub(crate) fn secure(extra_roots: Vec<CertificateDer<'static>>, server_name: Option<String>) -> Self {
        Self::new(Some(Tls { settings: TlsSettings::new(extra_roots), server_name }))
    }

    fn new(tls: Option<Tls>) -> Self {
        let interrupter = Arc::<Interrupter>::default();
        interrupter.begin(ALL);
        Self { tls, interrupter, preferred: Preferred::default(), resolvers: Mutex::default() }
    }

    /// Connects, until then at the latest. The connection that was made before is no longer in use.
    pub(crate) fn dial(&self, host: &str, port: u16, until: Instant) -> io::Result<Socket> {
        let addresses = self.resolve(host, port, until)?;
        let ordered = in_order(&addresses, self.preferred.get());
        let (address, raw) = connect(&self.interrupter, &ordered, left(until)?)?;
        let mut socket = Socket { raw, tls: None, interrupter: Arc::clone(&self.interrupter) };
        self.preferred.set(address);
        socket.raw.set_nonblocking(true)?;
        if let Some(tls) = &self.tls {
            let name = tls.server_name.as_deref().unwrap_or(host).to_owned();
            let name =
                ServerName::try_from(name).map_err(|_| invalid("its name cannot be in a certificate"))?;
            let config = tls.settings.get().map_err(ureq::Error::into_io)?;
            let session =
                ClientConnection::new(config, name).map_err(|_| invalid("TLS could not be set up"))?;
            socket.tls = Some(Box::new(session));
            socket.shake_hands(until)?;
        }
        Ok(socket)
    }

    fn resolve(&self, host: &str, port: u16, until: Instant) -> io::Result<Arc<[std::net::SocketAddr]>> {
        let resolver = {
            let mut resolvers = self.resolvers();
            let known = resolvers.iter().position(|asked| asked.host == host && asked.port == port);
            match known {
                Some(index) => resolvers.swap_remove(index).resolver,
                None => Arc::new(Resolver::new(host, port)),
            }
        };
        let found = resolver.addresses(&|| Instant::now() < until && !self.interrupter.is_interrupted());
        if found.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
            self.resolvers().push(Asked { host: host.to_owned(), port, resolver });
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the name was not resolved in time"));
        }
        // The thread of a resolver that has answered ends with it.
        found
    }

    /// Ends what is being connected to, and the connection in use, from any thread. Nothing is connected to from then on.
    pub(crate) fn stop(&self) {
        self.interrupter.interrupt(ALL);
    }

    /// Whether it was stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.interrupter.is_interrupted()
    }

    fn resolvers(&self) -> impl std::ops::DerefMut<Target = Vec<Asked>> + '_ {
        self.resolvers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Dialer {
    fn drop(&mut self) {
        // All of them together are waited for as long as one would be.
        let until = Instant::now() + CLOSE_PATIENCE;
        for asked in self.resolvers().drain(..) {
            asked.resolver.close_within(until.saturating_duration_since(Instant::now()));
        }
    }
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn invalid(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

/// One connection. Nothing in it waits.
pub(crate) struct Socket {
    raw: Arc<socket2::Socket>,
    tls: Option<Box<ClientConnection>>,
    interrupter: Arc<Interrupter>,
}

impl fmt::Debug for Socket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Socket").finish_non_exhaustive()
    }
}

impl Socket {
    fn shake_hands(&mut self, until: Instant) -> io::Result<()> {
        let ready = self.ready();
        loop {
            self.pass_on()?;
            let Some(tls) = self.tls.as_mut().filter(|tls| tls.is_handshaking()) else { return Ok(()) };
            match tls.read_tls(&mut &*self.raw) {
                Ok(0) => return Err(cut_off()),
                Ok(_) => {
                    if let Err(error) = tls.process_new_packets() {
                        // The other side is told why, if it listens.
                        let _ = self.pass_on();
                        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                    }
                }
                Err(error) if is_nothing(&error) => {
                    if self.interrupter.is_interrupted() {
                        return Err(io::ErrorKind::Interrupted.into());
                    }
                    ready.wait(Wait { input: true, output: self.holds_back() }, left(until)?.min(SLICE))?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends as many of the bytes as can go now, and says how many it took: none when the connection takes no more.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        loop {
            self.pass_on()?;
            if taken == bytes.len() || self.holds_back() {
                return Ok(taken);
            }
            let amount = match &mut self.tls {
                Some(tls) => tls.writer().write(&bytes[taken..])?,
                None => match (&*self.raw).write(&bytes[taken..]) {
                    Ok(amount) => amount,
                    Err(error) if is_nothing(&error) => return Ok(taken),
                    Err(error) => return Err(error),
                },
            };
            taken += amount;
        }
    }

    /// Whether something that was taken has not gone out.
    pub(crate) fn holds_back(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Sends what TLS has ready, as far as it goes.
    fn pass_on(&mut self) -> io::Result<()> {
        while let Some(tls) = self.tls.as_mut().filter(|tls| tls.wants_write()) {
            match tls.write_tls(&mut &*self.raw) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_nothing(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes what has come; `None` when nothing has. An error when the other side has closed.
    pub(crate) fn receive(&mut self, into: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(tls) = &mut self.tls else {
            return match (&*self.raw).read(into) {
                Ok(0) => Err(cut_off()),
                Ok(amount) => Ok(Some(amount)),
                Err(error) if is_nothing(&error) => Ok(None),
                Err(error) => Err(error),
            };
        };
        for _ in 0..MOST_READS {
            match tls.reader().read(into) {
                Ok(0) => return Err(cut_off()),
                Ok(amount) => return Ok(Some(amount)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            match tls.read_tls(&mut &*self.raw) {
                Ok(0) => return Err(cut_off()),
                Ok(_) => {
                    tls.process_new_packets()
                        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                }
                Err(error) if is_nothing(&error) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// What waits for the connection, without holding it.
    pub(crate) fn ready(&self) -> Ready {
        Ready(Arc::clone(&self.raw))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // There is one at a time. What the interrupter keeps would stay open.
        self.interrupter.detach();
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) input: bool,
    pub(crate) output: bool,
}

/// Waits for a connection.
#[derive(Clone)]
pub(crate) struct Ready(Arc<socket2::Socket>);

impl Ready {
    /// Waits until something can be done, or is over, at most `timeout`. May return early.
    pub(crate) fn wait(&self, what: Wait, timeout: Duration) -> io::Result<()> {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, what.input);
        flags.set(PollFlags::OUT, what.output);
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&*self.0, flags)], Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the connection, from any thread: what waits for it returns.
    pub(crate) fn end(&self) {
        // An error means that it is closed already.
        let _ = self.0.shutdown(std::net::Shutdown::Both);
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection")
}
