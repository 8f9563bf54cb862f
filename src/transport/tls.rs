//! TLS by rustls.

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport, TransportAdapter,
};

use super::buffers::WipedBuffers;
use super::file::read_small_file;
use super::local;
use super::progress::{Progress, Stage};
use super::tcp::{TcpTransport, cut_off};
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
    fn get(&self) -> Result<Arc<ClientConfig>, Error> {
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

    /// Why certificates of the system are missing, if they are.
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
    Some(Problem { text: reason, is_local: false })
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

/// Reads the certificates of a PEM file.
pub(crate) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, InvalidArgument> {
    let refuse = |problem| InvalidArgument::new("ca_file", problem);
    let text = read_small_file(path, LONGEST_CA_FILE, |_| Ok(())).map_err(refuse)?;
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

/// Wraps connections in TLS where the address asks for it.
pub(super) struct TlsConnector {
    pub(super) settings: Arc<TlsSettings>,
    pub(super) progress: Arc<Progress>,
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TlsConnector").finish_non_exhaustive()
    }
}

impl Connector<TcpTransport> for TlsConnector {
    type Out = Either<TcpTransport, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<TcpTransport>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(tcp) = chained else { return Ok(None) };
        if !details.needs_tls() {
            return Ok(Some(Either::A(tcp)));
        }
        let host = details.uri.host().unwrap_or_default();
        let name = ServerName::try_from(host.trim_start_matches('[').trim_end_matches(']').to_owned())
            .map_err(|_| Error::Tls("the host's name cannot be in a certificate"))?;
        let connection = ClientConnection::new(self.settings.get()?, name)
            .map_err(|_| Error::Tls("the TLS session could not be set up"))?;
        let adapter = TransportAdapter::new(tcp, details.current_time.clone());
        let mut stream = StreamOwned::new(connection, adapter);
        stream.conn.complete_io(&mut stream.sock)?;
        self.progress.reach(Stage::Exchange);
        Ok(Some(Either::B(TlsTransport {
            stream,
            buffers: WipedBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            progress: Arc::clone(&self.progress),
        })))
    }
}

/// One TLS connection.
pub(super) struct TlsTransport {
    stream: StreamOwned<ClientConnection, TransportAdapter<TcpTransport>>,
    buffers: WipedBuffers,
    progress: Arc<Progress>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        self.progress.request_leaves();
        let written = self.stream.write_all(&self.buffers.output()[..amount]);
        self.buffers.wipe_output(amount);
        Ok(written?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        let amount = self.stream.read(self.buffers.input_append_buf()).map_err(cut_off)?;
        self.buffers.input_appended(amount);
        if amount > 0 {
            self.progress.answer_arrives();
        }
        Ok(amount > 0)
    }

    /// What was decrypted already and belongs to no answer is as unasked for as what still lies in the socket.
    fn is_open(&mut self) -> bool {
        let unread = self.stream.conn.process_new_packets().map(|state| state.plaintext_bytes_to_read());
        matches!(unread, Ok(0)) && self.buffers.input().is_empty() && self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
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
        assert!(!problem.is_local && problem.text.contains("/nowhere/at/all"), "{problem:?}");
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
