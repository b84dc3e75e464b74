//! The webhook's TLS: certificates from files, client certificates checked, reloaded by content.
//!
//! TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN. There is no session resumption: every connection
//! proves who it is by a full handshake, so that a new client authority is in force for each
//! connection from the moment that it was read.

mod files;
mod names;
mod reload;

use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;

pub use files::{LoadTlsError, TlsFiles};
pub use reload::{TlsReloader, TlsStatus, TlsStatusReader};

use files::{Material, Validity};
use names::NamedClients;

/// Protocols that are offered, the preferred one first. The API server takes HTTP/2.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why files that could be read are no TLS configuration.
#[derive(Debug, Error)]
pub enum BuildTlsError {
    /// The key is of an unknown kind, or damaged.
    #[error("the private key or the certificate is damaged or of an unknown kind")]
    Key(#[source] rustls::Error),
    /// The key belongs to another certificate.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// An authority is no certificate that can be trusted.
    #[error("a client authority cannot be used")]
    Authority(#[source] rustls::Error),
    /// The check of client certificates cannot be set up.
    #[error("client certificates cannot be checked")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// The provider lacks a protocol version.
    #[error("TLS cannot be set up")]
    Versions(#[source] rustls::Error),
}

/// A usable configuration.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) config: Arc<ServerConfig>,
    /// When the server certificate is good.
    validity: Validity,
    /// The first end among the client authorities.
    client_ca_expiry: Option<SystemTime>,
}

/// Makes a configuration of what the files hold.
fn build(material: Material, client_names: &[String]) -> Result<Loaded, BuildTlsError> {
    let Material { chain, key, authorities, validity, client_ca_expiry } = material;
    // Given explicitly: the process's default provider is nobody's business here.
    let provider = Arc::new(aws_lc_rs::default_provider());
    // Also checks that the two belong together.
    let certified = CertifiedKey::from_der(chain, key, &provider).map_err(|error| {
        if matches!(error, rustls::Error::InconsistentKeys(_)) {
            BuildTlsError::KeyMismatch
        } else {
            BuildTlsError::Key(error)
        }
    })?;
    let verifier = authorities
        .map(|authorities| verifier(authorities, client_names, &provider))
        .unwrap_or_else(|| Ok(WebPkiClientVerifier::no_client_auth()))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BuildTlsError::Versions)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = ALPN.map(Vec::from).to_vec();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Loaded { config: Arc::new(config), validity, client_ca_expiry })
}

/// Checks client certificates against `authorities` and, if there are any, `client_names`.
fn verifier(
    authorities: Vec<rustls_pki_types::CertificateDer<'static>>,
    client_names: &[String],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, BuildTlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).map_err(BuildTlsError::Authority)?;
    }
    let chain = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()?;
    if client_names.is_empty() {
        return Ok(chain);
    }
    Ok(Arc::new(NamedClients::new(chain, client_names)))
}
