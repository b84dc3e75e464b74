//! Certificates with their keys, as text.

use std::fmt;

use time::OffsetDateTime;

/// A certificate and its key in PEM, each of which may be missing.
#[derive(Clone, Default)]
pub struct FoundPair {
    /// The certificate, or for a leaf its chain.
    pub certificate: Option<String>,
    /// The private key.
    pub key: Option<String>,
}

/// What there is already, of each pair.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The authority.
    pub ca: FoundPair,
    /// The webhook's server certificate.
    pub server: FoundPair,
    /// The API server's client certificate.
    pub client: FoundPair,
}

/// A certificate and its key in PEM.
#[derive(Clone)]
pub struct Pair {
    /// The certificate, or for a leaf its chain.
    pub certificate: String,
    /// The private key. Only the authority's may be missing, where it is kept elsewhere.
    pub key: Option<String>,
}

/// All three pairs, checked against each other.
#[derive(Clone, Debug)]
pub struct Pki {
    /// The authority.
    pub ca: Pair,
    /// The webhook's server certificate.
    pub server: Pair,
    /// The API server's client certificate.
    pub client: Pair,
    /// When the first of them ends.
    pub not_after: OffsetDateTime,
}

// Keys are secrets: neither type shows more than which parts there are.
impl fmt::Debug for FoundPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundPair")
            .field("certificate", &self.certificate.is_some())
            .field("key", &self.key.is_some())
            .finish()
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("key", &self.key.is_some()).finish_non_exhaustive()
    }
}

/// Which of the three pairs. Shown as the stem of its file names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PairName {
    /// The authority.
    Ca,
    /// The webhook's server certificate.
    Server,
    /// The API server's client certificate.
    ApiserverClient,
}

impl fmt::Display for PairName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ca => "ca",
            Self::Server => "server",
            Self::ApiserverClient => "apiserver-client",
        })
    }
}
