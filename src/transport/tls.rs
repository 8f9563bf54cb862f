//! TLS by rustls.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths};
use ureq::Error;

use super::buffers::WipedBuffers;
use super::file::{only_some_can_write, read_small_file};
use super::line::Line;
use super::local;
use super::progress::Stage;
use super::tcp::{TcpWire, Waiting, cut_off};
use crate::operations::InvalidArgument;

/// What all TLS connections of a client share. Made when the first of them is opened, on a worker:
/// reading the system's certificates takes milliseconds and belongs on no tick.
pub(super) struct TlsSettings {
    extra_roots: Vec<CertificateDer<'static>>,
    system: Box<SystemRoots>,
    state: Mutex<State>,
}

/// Reads the system's certificates.
type SystemRoots = dyn Fn() -> CertificateResult + Send + Sync;

#[derive(Default)]
struct State {
    config: Option<Arc<ClientConfig>>,
    problem: Option<Problem>,
}

/// Why the system's certificates are not among those that are trusted.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) text: String,
    /// This machine lacks something: that says nothing about the API's certificate.
    pub(super) is_local: bool,
}

impl TlsSettings {
    /// Settings that read the environment now, and never later: later is on another thread, and a host may change it.
    pub(super) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self::with_system(extra_roots, Box::new(system_roots()))
    }

    fn with_system(extra_roots: Vec<CertificateDer<'static>>, system: Box<SystemRoots>) -> Self {
        Self { extra_roots, system, state: Mutex::default() }
    }

    /// The configuration. It is kept once it is complete: certificates that could not be read are tried again with
    /// the next connection.
    pub(super) fn get(&self) -> Result<Arc<ClientConfig>, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &state.config {
            return Ok(Arc::clone(config));
        }
        let found = (self.system)();
        let problem = problem(&found);
        let config = build(found.certs, &self.extra_roots)?;
        if problem.is_none() {
            state.config = Some(Arc::clone(&config));
        }
        state.problem = problem;
        Ok(config)
    }

    #[cfg(test)]
    pub(super) fn without_certificates() -> Self {
        let settings = Self::with_system(Vec::new(), Box::new(CertificateResult::default));
        settings.get().unwrap();
        settings
    }

    /// Why the system's certificates are not among those that are trusted, if they are not. This machine lacks them then:
    /// a certificate that is not known here says nothing about the API.
    pub(super) fn problem(&self) -> Option<Problem> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).problem.clone()
    }
}

/// A certificate that cannot be parsed is not going to be better tomorrow; a store that is empty, and what cannot be opened
/// beside others that can, may be.
fn problem(found: &CertificateResult) -> Option<Problem> {
    let lack = found.errors.iter().find_map(|error| match &error.kind {
        ErrorKind::Io { inner, .. } => local::lack(inner),
        _ => None,
    });
    if let Some(lack) = lack {
        return Some(Problem { text: lack.to_string(), is_local: true });
    }
    let unopened = found.errors.iter().find(|error| matches!(error.kind, ErrorKind::Io { .. }));
    let reason = match unopened.or(found.errors.first().filter(|_| found.certs.is_empty())) {
        Some(error) => error.to_string(),
        None if found.certs.is_empty() => "none were found".to_owned(),
        None => return None,
    };
    // With no certificate at all, one that is not known says nothing about the API; beside others it may.
    Some(Problem { text: reason, is_local: found.certs.is_empty() })
}

/// Reads the system's certificates from where the environment says now.
fn system_roots() -> impl Fn() -> CertificateResult + Send + Sync {
    let file = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let directories: Vec<PathBuf> = std::env::var_os("SSL_CERT_DIR")
        .map(|list| std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    let usual_file = if file.is_none() && directories.is_empty() { usual_file() } else { None };
    move || {
        if file.is_some() || !directories.is_empty() {
            load(file.as_deref(), directories.iter().map(PathBuf::as_path))
        } else {
            load_usual(usual_file.as_deref())
        }
    }
}

fn load<'a>(file: Option<&Path>, mut directories: impl Iterator<Item = &'a Path>) -> CertificateResult {
    let mut all = load_certs_from_paths(file, directories.next());
    for directory in directories {
        let more = load_certs_from_paths(None, Some(directory));
        all.certs.extend(more.certs);
        all.errors.extend(more.errors);
    }
    all.certs.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
    all.certs.dedup();
    all
}

/// Where the system usually has its certificates in one file. Looks at the environment.
#[cfg(all(unix, not(target_os = "macos")))]
fn usual_file() -> Option<PathBuf> {
    openssl_probe::probe().cert_file
}

#[cfg(all(unix, not(target_os = "macos")))]
fn load_usual(file: Option<&Path>) -> CertificateResult {
    load(file, openssl_probe::candidate_cert_dirs())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn usual_file() -> Option<PathBuf> {
    None
}

/// These systems have a store of their own, and an environment that may be read while it is changed.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn load_usual(_: Option<&Path>) -> CertificateResult {
    rustls_native_certs::load_native_certs()
}

/// The system's certificates, the bundled ones and the host's together: a machine without a certificate store (a
/// bare container) works, and so does one behind a company's own authority.
fn build(
    system: Vec<CertificateDer<'static>>,
    extra_roots: &[CertificateDer<'static>],
) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(system);
    roots.add_parsable_certificates(extra_roots.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::Tls("no TLS version is available"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Reads the certificates of the PEM file that `setting` names.
pub(crate) fn read_certificates(
    path: &Path,
    setting: &'static str,
) -> Result<Vec<CertificateDer<'static>>, InvalidArgument> {
    let refuse = |problem| InvalidArgument::new(setting, problem);
    let text = read_small_file(path, LONGEST_CA_FILE, only_some_can_write).map_err(refuse)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| refuse("is not a PEM file"))?;
    let mut trial = RootCertStore::empty();
    for certificate in &certificates {
        trial.add(certificate.clone()).map_err(|_| refuse("holds something that is not a certificate"))?;
    }
    if certificates.is_empty() { Err(refuse("holds no certificate")) } else { Ok(certificates) }
}

/// Longest file of certificates: those of a whole system are a quarter of a mebibyte.
const LONGEST_CA_FILE: u64 = 16 * 1024 * 1024;

/// Whether a failure of TLS is one that a wrong clock of this machine may be the reason of.
pub(super) fn may_be_the_clock(error: &rustls::Error) -> bool {
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
        )
    )
}

/// One TLS connection.
pub(super) struct TlsWire {
    stream: StreamOwned<ClientConnection, TcpWire>,
    buffers: WipedBuffers,
    line: Line,
}

impl fmt::Debug for TlsWire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TlsWire").finish_non_exhaustive()
    }
}

/// Most an idle connection may bring at one look: some session tickets are less.
const MOST_WHILE_IDLE: usize = 64 * 1024;

impl TlsWire {
    /// Sets up TLS with `host` over a fresh connection, as work for `line`.
    pub(super) fn set_up(
        settings: &TlsSettings,
        host: &str,
        line: &Line,
        tcp: TcpWire,
    ) -> Result<Self, Error> {
        line.progress.reach(Stage::Handshake);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::Tls("the host's name cannot be in a certificate"))?;
        let connection = ClientConnection::new(settings.get()?, name)
            .map_err(|_| Error::Tls("the TLS session could not be set up"))?;
        let mut stream = StreamOwned::new(connection, tcp);
        stream.conn.complete_io(&mut stream.sock)?;
        line.progress.reach(Stage::Exchange);
        let buffers = WipedBuffers::for_http().map_err(local::no_memory)?;
        Ok(Self { stream, buffers, line: line.clone() })
    }

    /// From here on it is at work for `line`. False when it is too late to begin.
    pub(super) fn lend(&mut self, line: &Line) -> bool {
        self.line = line.clone();
        self.stream.sock.lend(line)
    }

    pub(super) fn buffers(&mut self) -> &mut WipedBuffers {
        &mut self.buffers
    }

    /// Sends what was collected: the end of a handshake no request follows.
    pub(super) fn send(&mut self) -> io::Result<()> {
        self.stream.sock.send()
    }

    /// Takes so much of the output buffer.
    pub(super) fn transmit(&mut self, amount: usize) -> io::Result<()> {
        self.line.progress.request_leaves();
        let written = self.stream.write_all(self.buffers.output_up_to(amount));
        self.buffers.wipe_output(amount);
        written
    }

    /// Waits for input. False when the peer has closed.
    pub(super) fn receive(&mut self) -> io::Result<bool> {
        let amount = self.stream.read(self.buffers.append_to_input()).map_err(cut_off)?;
        self.buffers.appended_to_input(amount);
        if amount > 0 {
            self.line.progress.answer_arrives();
        }
        Ok(amount > 0)
    }

    /// Whether nothing that could be part of an answer was received beyond what was read. Does not look at the socket.
    pub(super) fn is_clean(&mut self) -> bool {
        self.take_in() && self.buffers.unread().is_empty()
    }

    /// Takes in what came while nothing was asked, without waiting. Open means that the peer has neither closed it nor
    /// sent anything that could be part of an answer: session tickets are for the next connection.
    pub(super) fn is_open(&mut self) -> bool {
        let mut taken = 0;
        loop {
            if !self.take_in() {
                return false;
            }
            match self.stream.sock.look() {
                Waiting::Nothing => return self.buffers.unread().is_empty(),
                // Does not wait: there is something.
                Waiting::Input if taken <= MOST_WHILE_IDLE => match self.stream.sock.receive() {
                    Ok(true) => taken += self.stream.sock.buffers().unread().len(),
                    _ => return false,
                },
                Waiting::Input | Waiting::End => return false,
            }
        }
    }

    /// Decrypts what was received. False when the peer has closed, or sent what is not for an idle connection.
    fn take_in(&mut self) -> bool {
        let StreamOwned { conn, sock } = &mut self.stream;
        loop {
            match conn.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed() => {}
                _ => return false,
            }
            let mut unread = sock.buffers().unread();
            if unread.is_empty() {
                return true;
            }
            match conn.read_tls(&mut unread) {
                Ok(amount @ 1..) => sock.buffers().consume(amount),
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn some_certificate() -> CertificateDer<'static> {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().der().clone()
    }

    fn unreadable(code: i32) -> CertificateResult {
        let mut result = load_certs_from_paths(Some(Path::new("/nowhere/at/all")), None);
        for error in &mut result.errors {
            if let ErrorKind::Io { inner, .. } = &mut error.kind {
                *inner = std::io::Error::from_raw_os_error(code);
            }
        }
        result
    }

    #[test]
    #[cfg(unix)]
    fn certificates_that_could_not_be_read_are_tried_again() {
        let readings = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&readings);
        let settings = TlsSettings::with_system(
            Vec::new(),
            Box::new(move || match counted.fetch_add(1, Ordering::SeqCst) {
                0 => unreadable(libc::EMFILE),
                1 => unreadable(libc::ENOENT),
                2 => CertificateResult::default(),
                3 => {
                    // One of two files: what is in the other is not enough.
                    let mut found = unreadable(libc::EACCES);
                    found.certs.push(some_certificate());
                    found
                }
                _ => {
                    let mut found = CertificateResult::default();
                    found.certs.push(some_certificate());
                    found
                }
            }),
        );
        settings.get().unwrap();
        let problem = settings.problem().unwrap();
        assert!(problem.is_local && problem.text.contains("descriptor"), "{problem:?}");
        settings.get().unwrap();
        let problem = settings.problem().unwrap();
        assert!(problem.is_local && problem.text.contains("/nowhere/at/all"), "{problem:?}");
        settings.get().unwrap();
        assert!(settings.problem().unwrap().text.contains("none were found"));
        settings.get().unwrap();
        let problem = settings.problem().unwrap();
        assert!(!problem.is_local && problem.text.contains("/nowhere/at/all"), "{problem:?}");
        let complete = settings.get().unwrap();
        assert!(settings.problem().is_none());
        assert!(Arc::ptr_eq(&complete, &settings.get().unwrap()), "what is complete is kept");
        assert_eq!(readings.load(Ordering::SeqCst), 5);
    }
}
