//! Reads the certificate files: bounded, whole, and with the file's name in every error.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{Context, SHA256};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use x509_parser::prelude::{ASN1Time, FromDer as _, X509Certificate};

use super::BuildTlsError;
use crate::config::server::TlsConfig;

/// Bytes that a certificate file may have; a bundle of a hundred authorities has a fifth of it.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Which files make the webhook's TLS.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// PEM: the server's certificate, then the intermediate ones.
    pub certificate: PathBuf,
    /// PEM: its key.
    pub private_key: PathBuf,
    /// PEM: authorities of client certificates; none: clients need no certificate.
    pub client_ca: Option<PathBuf>,
    /// Common names or DNS names that a client certificate may have; empty: any.
    pub client_names: Vec<String>,
}

impl From<&TlsConfig> for TlsFiles {
    fn from(tls: &TlsConfig) -> Self {
        Self {
            certificate: tls.certificate_file.clone(),
            private_key: tls.private_key_file.clone(),
            client_ca: tls.checked_client_ca().cloned(),
            client_names: tls.client_names.clone(),
        }
    }
}

/// Why the certificate files cannot be used.
#[derive(Debug, Error)]
pub enum LoadTlsError {
    /// A file cannot be opened or read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A file is larger than any bundle of certificates.
    #[error("`{0}` is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge(PathBuf),
    /// A file is not PEM, or has a damaged part.
    #[error("`{path}` is not valid PEM")]
    Pem {
        /// The file.
        path: PathBuf,
        /// The parser's reason; quotes nothing of the file.
        source: pem::Error,
    },
    /// A file has no certificate in it.
    #[error("`{0}` holds no certificate; it must have a `BEGIN CERTIFICATE` part")]
    NoCertificate(PathBuf),
    /// A file has no private key in it.
    #[error("`{0}` holds no private key; it must have a `BEGIN PRIVATE KEY` part")]
    NoKey(PathBuf),
    /// A certificate cannot be parsed.
    #[error("the certificate in `{0}` is damaged")]
    Certificate(PathBuf),
    /// What was read does not make a TLS configuration.
    #[error("`{certificate}` and `{private_key}` cannot be used")]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        private_key: PathBuf,
        /// Why.
        source: BuildTlsError,
    },
}

/// What the files hold.
#[derive(Debug)]
pub(super) struct Material {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) authorities: Option<Vec<CertificateDer<'static>>>,
    /// When the first certificate is good.
    pub(super) validity: Validity,
    /// The first end among the client authorities; none without any.
    pub(super) client_ca_expiry: Option<SystemTime>,
}

/// The files' bytes, as read in one go.
pub(super) struct Contents {
    certificate: Vec<u8>,
    private_key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl TlsFiles {
    /// Reads the bytes of all files.
    pub(super) fn read(&self) -> Result<Contents, LoadTlsError> {
        Ok(Contents {
            certificate: read(&self.certificate)?,
            private_key: read(&self.private_key)?,
            client_ca: self.client_ca.as_deref().map(read).transpose()?,
        })
    }

    /// Parses what [`Self::read`] gave.
    pub(super) fn parse(&self, contents: &Contents) -> Result<Material, LoadTlsError> {
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&contents.private_key).map_err(|source| {
            let path = self.private_key.clone();
            if matches!(source, pem::Error::NoItemsFound) {
                LoadTlsError::NoKey(path)
            } else {
                LoadTlsError::Pem { path, source }
            }
        })?;
        let authorities = (self.client_ca.as_deref())
            .zip(contents.client_ca.as_deref())
            .map(|(path, bytes)| certificates(path, bytes))
            .transpose()?;
        let validity = chain
            .first()
            .and_then(validity_of)
            .ok_or_else(|| LoadTlsError::Certificate(self.certificate.clone()))?;
        let ends = authorities.iter().flatten().filter_map(validity_of).map(|good| good.until);
        let client_ca_expiry = ends.min();
        Ok(Material { chain, key, authorities, validity, client_ca_expiry })
    }
}

impl Contents {
    /// Tells contents apart without keeping the key.
    pub(super) fn digest(&self) -> Vec<u8> {
        let mut context = Context::new(&SHA256);
        for part in [Some(&self.certificate), Some(&self.private_key), self.client_ca.as_ref()] {
            let bytes = part.map_or(&[][..], Vec::as_slice);
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        }
        context.finish().as_ref().to_vec()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadTlsError> {
    let unreadable = |source| LoadTlsError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(LoadTlsError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, LoadTlsError> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| LoadTlsError::Pem { path: path.to_owned(), source })?;
    if found.is_empty() {
        return Err(LoadTlsError::NoCertificate(path.to_owned()));
    }
    Ok(found)
}

/// When a certificate is good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validity {
    pub(super) from: SystemTime,
    pub(super) until: SystemTime,
}

/// When a certificate is good; none if it cannot be parsed.
fn validity_of(certificate: &CertificateDer<'_>) -> Option<Validity> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let time = |at: ASN1Time| {
        let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    };
    let found = parsed.validity();
    Some(Validity { from: time(found.not_before)?, until: time(found.not_after)? })
}
