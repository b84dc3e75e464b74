//! The emulator's own certificate authority, made at start and forgotten at the end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use thiserror::Error;

/// Days for which the certificates are good, on both sides of the start.
const LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a listener needs, and what its callers trust.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    pub(super) ca_pem: String,
    pub(super) server: Arc<ServerConfig>,
}

impl Tls {
    /// Makes a CA and a server certificate for loopback and `address`. No default provider is
    /// installed: aws-lc-rs is named.
    pub(super) fn generate(address: IpAddr, made_at: SystemTime) -> Result<Self, MakeTlsError> {
        let mut ca_params = CertificateParams::new(Vec::new())?;
        ca_params
            .distinguished_name
            .push(DnType::CommonName, "kubentra emulator: never trust this in a real cluster");
        ca_params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca_params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca_params.not_before = (made_at - LIFE).into();
        ca_params.not_after = (made_at + LIFE).into();
        let ca_key = KeyPair::generate()?;
        let ca = ca_params.self_signed(&ca_key)?;

        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, "kubentra emulator");
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        params.subject_alt_names.extend(loopback.map(SanType::IpAddress));
        if !loopback.contains(&address) && !address.is_unspecified() {
            params.subject_alt_names.push(SanType::IpAddress(address));
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = (made_at - LIFE).into();
        params.not_after = (made_at + LIFE).into();
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &Issuer::from_params(&ca_params, &ca_key))?;

        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut server =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { ca_pem: ca.pem(), server: Arc::new(server) })
    }
}

/// Why the listener has no certificate.
#[derive(Debug, Error)]
pub enum MakeTlsError {
    /// Certificate generation failed.
    #[error("cannot make a certificate")]
    Rcgen(#[from] rcgen::Error),
    /// The TLS library refuses what was made.
    #[error("cannot use the certificate that was made")]
    Rustls(#[from] rustls::Error),
}
