//! Whether a certificate does what it is for, asked of the library that will ask in earnest.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use thiserror::Error;
use time::OffsetDateTime;

use super::{Host, Pair, PairName};

/// What is wrong with a certificate and its key.
#[derive(Debug, Error)]
pub enum CheckPairError {
    /// Not a certificate.
    #[error("it is not a PEM certificate")]
    Certificate,
    /// Not a private key.
    #[error("its key is not a PEM private key")]
    Key,
    /// The authority's certificate cannot be one.
    #[error("`ca.crt` is not the certificate of an authority")]
    Authority(#[source] rustls::Error),
    /// Certificate and key do not belong together.
    #[error("it does not belong to its key")]
    KeyMismatch(#[source] rustls::Error),
    /// Another authority's, expired, for other names or another purpose.
    #[error("it does not verify against `ca.crt`")]
    Unverified(#[source] rustls::Error),
}

/// Checks a server's or a client's pair at `now` and returns when its certificate ends.
pub(super) fn check(
    ca: &CertificateDer<'_>,
    name: PairName,
    pair: &Pair,
    host: &Host,
    now: SystemTime,
) -> Result<OffsetDateTime, CheckPairError> {
    let provider = Arc::new(default_provider());
    let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| CheckPairError::Certificate)?;
    let (leaf, between) = chain.split_first().ok_or(CheckPairError::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_deref().unwrap_or_default().as_bytes())
        .map_err(|_| CheckPairError::Key)?;
    CertifiedKey::from_der(chain.clone(), key, &provider).map_err(CheckPairError::KeyMismatch)?;

    let mut roots = RootCertStore::empty();
    roots.add(ca.clone().into_owned()).map_err(CheckPairError::Authority)?;
    let roots = Arc::new(roots);
    let wrong_roots = |error: rustls::server::VerifierBuilderError| {
        CheckPairError::Authority(rustls::Error::General(error.to_string()))
    };
    let now =
        UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
    let verified = if name == PairName::Server {
        WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(wrong_roots)?
            .verify_server_cert(leaf, between, &host.0, &[], now)
            .map(drop)
    } else {
        WebPkiClientVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(wrong_roots)?
            .verify_client_cert(leaf, between, now)
            .map(drop)
    };
    verified.map_err(CheckPairError::Unverified)?;
    not_after(leaf)
}

/// When a certificate ends.
pub(super) fn not_after(
    certificate: &CertificateDer<'_>,
) -> Result<OffsetDateTime, CheckPairError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|_| CheckPairError::Certificate)?;
    Ok(parsed.validity().not_after.to_datetime())
}
