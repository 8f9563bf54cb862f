//! TLS by rustls.

use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use once_cell::sync::OnceCell;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::progress::{Progress, Stage};
use super::tcp::{TcpTransport, cut_off};
use crate::operations::InvalidArgument;

/// What all TLS connections of a client share. Made when the first of them is opened, on a worker:
/// reading the system's certificates takes milliseconds and belongs on no tick.
pub(super) struct TlsSettings {
    extra_roots: Vec<CertificateDer<'static>>,
    config: OnceCell<Arc<ClientConfig>>,
}

impl TlsSettings {
    pub(super) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self { extra_roots, config: OnceCell::new() }
    }

    fn get(&self) -> Result<Arc<ClientConfig>, Error> {
        self.config.get_or_try_init(|| build(&self.extra_roots)).cloned()
    }
}

/// The system's certificates, the bundled ones and the host's together: a machine without a certificate store (a
/// bare container) works, and so does one behind a company's own authority.
fn build(extra_roots: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
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
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|_| refuse("cannot be read"))?
        .collect::<Result<_, _>>()
        .map_err(|_| refuse("is no PEM file"))?;
    let mut trial = RootCertStore::empty();
    for certificate in &certificates {
        trial.add(certificate.clone()).map_err(|_| refuse("holds something that is no certificate"))?;
    }
    if certificates.is_empty() { Err(refuse("holds no certificate")) } else { Ok(certificates) }
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
            buffers: LazyBuffers::new(
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
    buffers: LazyBuffers,
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
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        let amount = self.stream.read(self.buffers.input_append_buf()).map_err(cut_off)?;
        self.buffers.input_appended(amount);
        if amount > 0 {
            self.progress.answer_arrives();
        }
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
