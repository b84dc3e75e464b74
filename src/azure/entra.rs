//! What Entra publishes about an issuer: its discovery document and its signing keys.

use reqwest::{Client, StatusCode};
use thiserror::Error;

use super::cloud::Cloud;
use super::http::{self, HttpError};
use crate::authn::{KeySet, Version};
use crate::authz::principal::TenantId;
use crate::wire::oidc::{DiscoveryDocument, ReadMetadataError, parse_keys};

/// Longest discovery document, in bytes. Entra's have 2 KiB.
const MAX_DISCOVERY_LENGTH: usize = 256 * 1024;
/// Longest key set, in bytes. Entra's have 20 KiB.
const MAX_KEY_SET_LENGTH: usize = 4 * 1024 * 1024;

/// One of the two places where a tenant's issuer introduces itself.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The cloud.
    pub cloud: Cloud,
    /// The tenant.
    pub tenant: TenantId,
    /// Which of the two.
    pub version: Version,
}

/// What was found there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Published {
    /// Nothing: HTTP 404 from a custom cloud, which therefore has no such issuer (semantics §11.1).
    Absent,
    /// An issuer with its keys.
    Issuer {
        /// The `iss` of its tokens.
        issuer: String,
        /// Its keys, at least one.
        keys: KeySet,
    },
}

/// Why it is not known what an issuer publishes.
#[derive(Debug, Error)]
pub enum FetchKeysError {
    /// No discovery document, or one that makes no sense.
    #[error("cannot read the discovery document `{url}`")]
    Discovery {
        /// Its address.
        url: String,
        /// Why.
        source: DocumentError,
    },
    /// Keys would have to be fetched elsewhere.
    #[error(
        "the discovery document `{url}` has its keys at another host, `{host}`, which is not trusted"
    )]
    ForeignKeys {
        /// Its address.
        url: String,
        /// The host in `jwks_uri`.
        host: String,
    },
    /// No key set, or one that makes no sense.
    #[error("cannot read the signing keys `{url}`")]
    Keys {
        /// Their address.
        url: String,
        /// Why.
        source: DocumentError,
    },
    /// The document is about another issuer than this cloud's.
    #[error("the discovery document `{url}` names issuer `{found}`, not `{expected}`")]
    OtherIssuer {
        /// Its address.
        url: String,
        /// What it says, cut to a bounded length.
        found: String,
        /// The fixed issuer, or what a custom cloud's must have in it.
        expected: String,
    },
}

/// Why a document could not be had.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// Not fetched.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Fetched, and not understood.
    #[error(transparent)]
    Content(#[from] ReadMetadataError),
}

impl Publication {
    /// The address of the discovery document.
    pub fn url(&self) -> String {
        self.cloud.discovery_url(self.tenant, self.version)
    }

    /// The issuer, where the cloud has it fixed.
    pub fn fixed_issuer(&self) -> Option<String> {
        self.cloud.issuer(self.tenant, self.version)
    }

    /// Says if this place could name `issuer`: it is the fixed one, or, in a custom cloud, one of the
    /// configured tenant. An issuer of no tenant could never issue an acceptable token, since its
    /// tenant must be `tid` (semantics §11.4).
    pub fn could_name(&self, issuer: &str) -> bool {
        match self.fixed_issuer() {
            Some(fixed) => fixed == issuer,
            None => issuer.split('/').any(|segment| segment.parse::<TenantId>() == Ok(self.tenant)),
        }
    }

    /// Fetches discovery document and keys: two requests, each bounded as [`http`] says.
    ///
    /// # Errors
    ///
    /// [`FetchKeysError`], if either cannot be had, is about another issuer, or has its keys at a host
    /// that is not the cloud's own.
    pub async fn fetch(&self, client: &Client) -> Result<Published, FetchKeysError> {
        let url = self.url();
        let body = match http::get(client, &url, MAX_DISCOVERY_LENGTH).await {
            Ok(body) => body,
            Err(HttpError::Status(StatusCode::NOT_FOUND)) if self.fixed_issuer().is_none() => {
                return Ok(Published::Absent);
            }
            Err(source) => return Err(FetchKeysError::Discovery { url, source: source.into() }),
        };
        let document = match DiscoveryDocument::parse(&body) {
            Ok(document) => document,
            Err(source) => return Err(FetchKeysError::Discovery { url, source: source.into() }),
        };
        if !self.could_name(&document.issuer) {
            let expected = self.fixed_issuer();
            return Err(FetchKeysError::OtherIssuer {
                url,
                found: document.issuer.chars().take(MAX_SHOWN_ISSUER).collect(),
                expected: expected.unwrap_or_else(|| format!("…/{}/…", self.tenant)),
            });
        }
        if !self.cloud.may_serve_keys(&document.jwks_uri) {
            let host = document.jwks_uri.host_str().unwrap_or_default().to_owned();
            return Err(FetchKeysError::ForeignKeys { url, host });
        }
        let url = document.jwks_uri.to_string();
        let keys = match http::get(client, &url, MAX_KEY_SET_LENGTH).await {
            Ok(body) => parse_keys(&body).map_err(DocumentError::from),
            Err(error) => Err(error.into()),
        };
        match keys {
            Ok(keys) => Ok(Published::Issuer { issuer: document.issuer, keys }),
            Err(source) => Err(FetchKeysError::Keys { url, source }),
        }
    }
}

/// How much of a wrong issuer is shown, in characters.
const MAX_SHOWN_ISSUER: usize = 200;
