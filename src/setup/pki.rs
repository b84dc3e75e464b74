//! The certificates between the API server and the webhook: one authority, one server, one client.
//!
//! Everything is ECDSA P-256. The authority signs nothing but these two, so that "any certificate
//! of this authority" is a safe rule for who may call. A pair that is there is kept as it is; a
//! certificate that is missing beside its key is issued anew for that key, which is how one renews.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use thiserror::Error;
use time::OffsetDateTime;

mod check;
mod host;
mod pair;

pub use check::CheckPairError;
pub use host::{Host, ParseHostError};
pub use pair::{Found, FoundPair, Pair, PairName, Pki};

const DAY: Duration = Duration::from_hours(24);

/// How long the authority's certificate is valid: ten years, as kubeadm's.
pub const CA_VALIDITY: Duration = DAY.saturating_mul(3650);

/// How long the server's and the client's certificates are valid: one year, as kubeadm's, but never
/// longer than the authority's.
pub const LEAF_VALIDITY: Duration = DAY.saturating_mul(365);

/// How far before now a certificate begins, for clocks that are behind.
const BACKDATE: Duration = Duration::from_mins(5);

/// Bytes in a serial number. RFC 5280 §4.1.2.2 allows twenty.
const SERIAL_LENGTH: usize = 16;

/// Common name of the authority.
const CA_NAME: &str = "kubentra-ca";

/// Common name of the server's certificate; its subject alternative names are what counts.
const SERVER_NAME: &str = "kubentra";

/// Common name of the API server's client certificate: the name that `clientNames` can ask for. It
/// follows kubeadm's `kube-apiserver-etcd-client`.
pub const CLIENT_NAME: &str = "kube-apiserver-kubentra-client";

/// Why there is no complete set of certificates.
#[derive(Debug, Error)]
pub enum CompletePkiError {
    /// A certificate whose key is gone.
    #[error("`{0}.crt` is there but `{0}.key` is not; put the key back, or remove the certificate")]
    KeyMissing(PairName),
    /// Something must be signed, and the authority's key is kept elsewhere.
    #[error(
        "`{0}.crt` cannot be signed because `ca.key` is missing; put it back, or remove `ca.crt`"
    )]
    CannotSign(PairName),
    /// A file does not hold what its name says.
    #[error("`{name}` is not a PEM {what}; remove it, and it is made anew")]
    NotPem {
        /// The file's name.
        name: String,
        /// What it should hold.
        what: &'static str,
    },
    /// A pair does not fit the authority, its own key, its purpose or the day.
    #[error("`{name}.crt` cannot be used; remove it, and it is issued anew")]
    Unusable {
        /// Which one.
        name: PairName,
        /// What is wrong with it.
        source: CheckPairError,
    },
    /// The cryptography library refused.
    #[error("cannot make the pair `{name}`")]
    Make {
        /// Which one.
        name: PairName,
        /// The library's words.
        source: rcgen::Error,
    },
    /// No random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// The clock is outside the years that a certificate can name.
    #[error("the system's clock is not set to a date that a certificate can hold")]
    Clock,
}

/// Keeps what is there, makes what is missing, and checks that all of it works together at `now`.
///
/// The server's certificate is made for `host`, `localhost`, `127.0.0.1` and `::1`.
///
/// # Errors
///
/// [`CompletePkiError`]; whatever is kept is never changed, so each message says what to remove.
pub fn complete(found: Found, host: &Host, now: SystemTime) -> Result<Pki, CompletePkiError> {
    let today = Period::starting(now)?;
    let ca = complete_ca(found.ca, &today)?;
    let ca_der = certificate(PairName::Ca, &ca.certificate)?;
    let ca_end = check::not_after(&ca_der)
        .map_err(|source| CompletePkiError::Unusable { name: PairName::Ca, source })?;
    let leaf = |name, found| complete_leaf(name, found, host, &ca, today.ending_by(ca_end));
    let server = leaf(PairName::Server, found.server)?;
    let client = leaf(PairName::ApiserverClient, found.client)?;
    let mut not_after = ca_end;
    for (name, pair) in [(PairName::Server, &server), (PairName::ApiserverClient, &client)] {
        let end = check::check(&ca_der, name, pair, host, now)
            .map_err(|source| CompletePkiError::Unusable { name, source })?;
        not_after = not_after.min(end);
    }
    Ok(Pki { ca, server, client, not_after })
}

/// From when to when a certificate is valid.
#[derive(Clone, Copy)]
struct Period {
    now: OffsetDateTime,
    latest_end: Option<OffsetDateTime>,
}

impl Period {
    fn starting(now: SystemTime) -> Result<Self, CompletePkiError> {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).ok();
        let seconds = since.and_then(|s| i64::try_from(s.as_secs()).ok());
        let now = seconds.and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
        Ok(Self { now: now.ok_or(CompletePkiError::Clock)?, latest_end: None })
    }

    fn ending_by(self, end: OffsetDateTime) -> Self {
        Self { latest_end: Some(end), ..self }
    }

    fn of(&self, validity: Duration) -> Result<(OffsetDateTime, OffsetDateTime), CompletePkiError> {
        let backdate = time::Duration::try_from(BACKDATE).ok();
        let validity = time::Duration::try_from(validity).ok();
        let start = backdate.and_then(|b| self.now.checked_sub(b));
        let end = validity.and_then(|v| self.now.checked_add(v));
        let (start, end) = start.zip(end).ok_or(CompletePkiError::Clock)?;
        Ok((start, self.latest_end.map_or(end, |latest| end.min(latest))))
    }
}

fn complete_ca(found: FoundPair, today: &Period) -> Result<Pair, CompletePkiError> {
    if let Some(certificate) = found.certificate {
        return Ok(Pair { certificate, key: found.key });
    }
    let key = key_pair(PairName::Ca, found.key.as_deref())?;
    let mut params = params(PairName::Ca, CA_NAME, today.of(CA_VALIDITY)?)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).map_err(make(PairName::Ca))?.pem();
    Ok(Pair { certificate, key: Some(found.key.unwrap_or_else(|| key.serialize_pem())) })
}

fn complete_leaf(
    name: PairName,
    found: FoundPair,
    host: &Host,
    ca: &Pair,
    today: Period,
) -> Result<Pair, CompletePkiError> {
    if let Some(certificate) = found.certificate {
        let key = found.key.ok_or(CompletePkiError::KeyMissing(name))?;
        return Ok(Pair { certificate, key: Some(key) });
    }
    let ca_key = ca.key.as_deref().ok_or(CompletePkiError::CannotSign(name))?;
    let ca_key = key_pair(PairName::Ca, Some(ca_key))?;
    let issuer = Issuer::from_ca_cert_pem(&ca.certificate, ca_key).map_err(make(PairName::Ca))?;
    let key = key_pair(name, found.key.as_deref())?;
    let (subject, usage) = match name {
        PairName::ApiserverClient => (CLIENT_NAME, ExtendedKeyUsagePurpose::ClientAuth),
        PairName::Server | PairName::Ca => (SERVER_NAME, ExtendedKeyUsagePurpose::ServerAuth),
    };
    let mut params = params(name, subject, today.of(LEAF_VALIDITY)?)?;
    if name == PairName::Server {
        params.subject_alt_names = server_names(host).map_err(make(name))?;
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &issuer).map_err(make(name))?.pem();
    Ok(Pair { certificate, key: Some(found.key.unwrap_or_else(|| key.serialize_pem())) })
}

/// The host first, then what reaches a webhook beside the API server; each once.
fn server_names(host: &Host) -> Result<Vec<rcgen::SanType>, rcgen::Error> {
    let mut names = vec![host.to_string()];
    let local =
        ["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()];
    names.extend(local.into_iter().filter(|name| *name != host.to_string()));
    CertificateParams::new(names).map(|params| params.subject_alt_names)
}

fn params(
    name: PairName,
    subject: &str,
    (not_before, not_after): (OffsetDateTime, OffsetDateTime),
) -> Result<CertificateParams, CompletePkiError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(make(name))?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.not_before = not_before;
    params.not_after = not_after;
    // Random, since rcgen's own choice follows from the key, and a renewal keeps its key.
    let mut serial = [0; SERIAL_LENGTH];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| CompletePkiError::Random)?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

/// Reads a private key, or makes an ECDSA P-256 key where there is none.
fn key_pair(name: PairName, pem: Option<&str>) -> Result<KeyPair, CompletePkiError> {
    let Some(pem) = pem else { return KeyPair::generate().map_err(make(name)) };
    KeyPair::from_pem(pem)
        .map_err(|_| CompletePkiError::NotPem { name: format!("{name}.key"), what: "private key" })
}

fn certificate(name: PairName, pem: &str) -> Result<CertificateDer<'static>, CompletePkiError> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| CompletePkiError::NotPem { name: format!("{name}.crt"), what: "certificate" })
}

fn make(name: PairName) -> impl Fn(rcgen::Error) -> CompletePkiError {
    move |source| CompletePkiError::Make { name, source }
}

#[cfg(test)]
mod tests;
