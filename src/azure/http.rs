//! The one HTTP client: HTTPS only, no redirects, every answer bounded in time and size.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, StatusCode};
use thiserror::Error;

/// Longest wait for a connection, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest wait for a whole answer. A token review may wait for two of them, one after the other, and
/// the API server gives up after 30 s.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no client.
#[derive(Debug, Error)]
pub enum BuildClientError {
    /// The certificates given are no PEM certificates.
    #[error("cannot read the CA certificates; give them as PEM")]
    Certificates(#[source] reqwest::Error),
    /// The TLS library cannot be set up, for example without any root certificate on the machine.
    #[error("cannot set up the HTTPS client")]
    Setup(#[source] reqwest::Error),
}

/// Why a request has no usable answer.
#[derive(Debug, Error)]
pub enum HttpError {
    /// No answer, or not all of it.
    #[error("the request failed")]
    Request(#[from] reqwest::Error),
    /// An answer that is not 200. Redirects are among them: they are never followed.
    #[error("the answer is HTTP {0}")]
    Status(StatusCode),
    /// Longer than the limit, in bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

/// Makes the client for everything of Azure.
///
/// With `ca_pem`, the only roots are the certificates in it (one or more, PEM); without, those of the
/// machine. Proxies from the environment are not used.
///
/// # Errors
///
/// [`BuildClientError`]: no certificate in `ca_pem`, or no roots.
pub fn client(ca_pem: Option<&[u8]>) -> Result<Client, BuildClientError> {
    // Whoever is first installs it; it is the same provider everywhere in the program.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut builder = Client::builder()
        .https_only(true)
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .user_agent(concat!("kubentra/", env!("CARGO_PKG_VERSION")));
    if let Some(pem) = ca_pem {
        let roots = Certificate::from_pem_bundle(pem).map_err(BuildClientError::Certificates)?;
        builder = builder.tls_certs_only(roots);
    }
    builder.build().map_err(BuildClientError::Setup)
}

/// Fetches `url` whole, if its answer is 200 and has at most `limit` bytes.
///
/// # Errors
///
/// [`HttpError`]; a shortened answer is one.
pub async fn get(client: &Client, url: &str, limit: usize) -> Result<Bytes, HttpError> {
    let mut response = client.get(url).send().await?;
    if response.status() != StatusCode::OK {
        return Err(HttpError::Status(response.status()));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(HttpError::TooLong(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
