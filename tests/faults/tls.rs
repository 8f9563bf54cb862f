//! TLS servers with every kind of certificate that must not be believed, and one that must.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::neighbour::{Peer, Script};

/// The authority the clients of this suite are told to trust.
static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("A trusted authority"));

/// Its certificate, as a file.
static CA_FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("paynow-bridge-faults-{}.pem", std::process::id()));
    std::fs::write(&path, AUTHORITY.0.pem()).unwrap();
    path
});

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }
}

/// The authority's certificate in a file.
pub fn ca_file() -> PathBuf {
    CA_FILE.clone()
}

/// Removes the file when the rows that need it are through.
pub struct CaFileGuard;

impl Drop for CaFileGuard {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&*CA_FILE);
    }
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy)]
pub enum Certificate {
    Good,
    /// For another host.
    WrongHost,
    Expired,
    /// Valid from a later day on.
    NotYet,
    /// By itself.
    SelfSigned,
    /// By an unknown authority.
    UnknownAuthority,
}

fn identity(kind: Certificate) -> Arc<ServerConfig> {
    let name = if matches!(kind, Certificate::WrongHost) { "other.example" } else { "localhost" };
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    match kind {
        Certificate::Expired => {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        Certificate::NotYet => params.not_before = date_time_ymd(4000, 1, 1),
        _ => {}
    }
    let key = KeyPair::generate().unwrap();
    let certificate = match kind {
        Certificate::SelfSigned => params.self_signed(&key),
        Certificate::UnknownAuthority => params.signed_by(&key, &Authority::new("An unknown authority").0),
        _ => params.signed_by(&key, &AUTHORITY.0),
    };
    let chain = vec![CertificateDer::from(certificate.unwrap().der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

/// How a TLS server ends its answer.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// With `close_notify`, as it should.
    Orderly,
    /// Without: anyone on the way could have cut the answer.
    Cut,
}

/// Shows a certificate of this kind and answers every request that comes nevertheless. Whatever the client says
/// inside TLS counts as a request heard.
pub fn server(kind: Certificate, answer: &'static str, ending: Ending) -> Script {
    let config = identity(kind);
    Arc::new(move |peer: &mut Peer| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let Ok(socket) = peer.stream().try_clone() else { return };
        let mut tls = StreamOwned::new(connection, socket);
        let mut said = Vec::new();
        let mut part = [0; 4096];
        while !said.ends_with(b"\r\n\r\n") {
            match tls.read(&mut part) {
                Ok(amount @ 1..) => said.extend(&part[..amount]),
                _ => break,
            }
        }
        if said.is_empty() {
            return;
        }
        peer.note(&said);
        let _ = tls.write_all(answer.as_bytes());
        if matches!(ending, Ending::Orderly) {
            tls.conn.send_close_notify();
        }
        let _ = tls.flush();
    })
}
