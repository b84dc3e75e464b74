//! The signing keys of the configured tenant's issuers: read ahead of need, refreshed in the
//! background, and once more when a token names a key that is not known.
//!
//! ```text
//! run ─────────────▶ every hour; after a failure 1 s, 2 s, 4 s, … 60 s; a 404 again after 5 min
//! token's kid known ▶ no I/O
//! token's kid new ──▶ one refresh now, then at most one a minute for each issuer; if it fails, the
//!                    background goes on with its pauses after a failure
//! ```
//!
//! A tenant has two issuers, v1 and v2, each with a discovery document and keys of its own. Their
//! fetches are independent: one that fails takes nothing from the other. At any time there is at most
//! one fetch for each, and whoever needs its outcome waits for that one. It runs as a task of its own,
//! so that a caller who gives up neither stops it nor spends the minute's refresh on nothing.
//!
//! Good keys stay in force while refreshes fail, up to [`MAX_KEYS_AGE`]; older than that they count as
//! unavailable, so that a key that its issuer has withdrawn is not trusted for ever.

mod source;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use thiserror::Error;

use self::source::{Found, Source, Wanted};
use crate::authn::{KeySet, SigningKey, UnverifiedToken, Version};
use crate::authz::principal::TenantId;
use crate::azure::cloud::Cloud;
use crate::azure::entra::Publication;
use crate::clock::Now;

/// Time between two refreshes in the background. Microsoft's advice for key rollover.
pub const REFRESH_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// Time until a document that a custom cloud does not have is looked for again.
pub const ABSENT_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// Pause after a first failed refresh; doubled after each further one.
pub const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
/// Longest pause after a failed refresh.
pub const LAST_BACK_OFF: Duration = Duration::from_secs(60);
/// Shortest time between two refreshes that tokens cause, for each issuer (semantics §11.3).
pub const ON_DEMAND_INTERVAL: Duration = Duration::from_secs(60);
/// Age from which keys count as unavailable.
pub const MAX_KEYS_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Whose keys, and where they are (configuration `entra`).
#[derive(Clone, Debug)]
pub struct KeyRingSettings {
    /// `cloud`, with `authorityUrl` for a custom one.
    pub cloud: Cloud,
    /// `tenantId`: the one tenant whose tokens are accepted.
    pub tenant: TenantId,
}

/// The keys. Shared as an `Arc` by the background task ([`Self::run`]) and the authenticator.
#[derive(Debug)]
pub struct KeyRing {
    tenant: TenantId,
    /// v1 and v2.
    sources: [Arc<Source>; 2],
}

/// One of our issuers, as a token named it.
#[derive(Debug)]
pub struct TrustedIssuer {
    name: String,
    sources: Vec<Arc<Source>>,
}

/// Keys, or whether an issuer is ours, cannot be known now. Answered with HTTP 503 (semantics §11.3).
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("signing keys of `{issuer}` are unavailable: {reason}")]
pub struct KeysUnavailable {
    /// The issuer, or the address of the discovery document that would name it.
    pub issuer: String,
    /// Why, in the words of the latest failure.
    pub reason: String,
}

/// How one issuer stands, for metrics and readiness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuerStatus {
    /// The issuer, or while that is not known, the address of its discovery document.
    pub issuer: String,
    /// Time since its keys were read; `None` if they never were.
    pub age: Option<Duration>,
    /// Why the latest refresh failed, if it did.
    pub error: Option<String>,
}

impl IssuerStatus {
    /// Says if tokens of this issuer can be verified.
    pub fn is_usable(&self) -> bool {
        self.age.is_some_and(|age| age <= MAX_KEYS_AGE)
    }
}

impl KeyRing {
    /// Makes a ring without keys; [`Self::run`] fills it. Does no I/O.
    pub fn new(settings: KeyRingSettings, client: Client) -> Self {
        let KeyRingSettings { cloud, tenant } = settings;
        let v1 = Publication { cloud: cloud.clone(), tenant, version: Version::V1 };
        let v2 = Publication { cloud, tenant, version: Version::V2 };
        let sources = [Source::new(v1, client.clone()), Source::new(v2, client)].map(Arc::new);
        Self { tenant, sources }
    }

    /// Reads all keys, and keeps them fresh. Never ends.
    pub async fn run(self: Arc<Self>) {
        let [v1, v2] = &self.sources;
        tokio::join!(v1.keep_fresh(), v2.keep_fresh());
    }

    /// The configured tenant.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// How the issuers stand. An issuer that a custom cloud does not have is left out, unless it has
    /// none at all.
    pub fn status(&self, now: Now) -> Vec<IssuerStatus> {
        let is_empty = self.has_no_issuer();
        let statuses = self.sources.iter().filter_map(|source| {
            let record = source.record();
            let (age, error) = match &record.found {
                Found::Absent if is_empty => (None, Some(NO_ISSUER.to_owned())),
                Found::Absent => return None,
                Found::Issuer(read) => (Some(read.age(now)), record.failure),
                Found::Unread => (None, record.failure),
            };
            let issuer = source.issuer().unwrap_or_else(|| source.publication().url());
            Some(IssuerStatus { issuer, age, error })
        });
        statuses.collect()
    }

    /// Finds which of our issuers `token` names: `None` if it is none of them, without any I/O.
    ///
    /// In a custom cloud, only the discovery documents know. While one that could name the token's
    /// issuer is unread, it is fetched, at most once a minute for this reason (semantics §11.1).
    ///
    /// # Errors
    ///
    /// [`KeysUnavailable`] if such a document cannot be had. When both are absent nobody can tell,
    /// and a mistake in the configuration is likelier than a cloud without issuers.
    pub async fn issuer_of(
        &self,
        token: &UnverifiedToken<'_>,
        now: Now,
    ) -> Result<Option<TrustedIssuer>, KeysUnavailable> {
        if let Some(issuer) = token.issuers().find_map(|name| self.known(name)) {
            return Ok(Some(issuer));
        }
        let unread = self.could_name(token);
        if unread.is_empty() {
            return Ok(None);
        }
        look_for(&unread, &Wanted::Issuer, now).await?;
        if let Some(issuer) = token.issuers().find_map(|name| self.known(name)) {
            return Ok(Some(issuer));
        }
        match self.could_name(token).first() {
            Some(source) => Err(source.unavailable()),
            None => Ok(None),
        }
    }

    /// The keys of `issuer`, with the one called `kid` among them if the issuer publishes it.
    ///
    /// # Errors
    ///
    /// [`KeysUnavailable`] if that cannot be known: the latest refresh failed, and the keys from
    /// before have no such key or are too old.
    pub async fn keys_of(
        &self,
        issuer: &TrustedIssuer,
        kid: &str,
        now: Now,
    ) -> Result<KeySet, KeysUnavailable> {
        if let Some(keys) = issuer.keys_with(kid, now) {
            return Ok(keys);
        }
        look_for(&issuer.sources, &Wanted::Key(kid.to_owned()), now).await?;
        if let Some(keys) = issuer.keys_with(kid, now) {
            return Ok(keys);
        }
        let failed = issuer.sources.iter().find(|source| {
            source.record().failure.is_some() || source.fresh_keys(&issuer.name, now).is_none()
        });
        failed.map_or_else(|| Ok(KeySet::default()), |source| Err(source.unavailable()))
    }

    /// Says if `key` is still one of `issuer`'s, unchanged and fresh. What was verified with a key
    /// that has left is no longer believed.
    pub fn holds(&self, issuer: &str, key: &SigningKey, now: Now) -> bool {
        self.sources
            .iter()
            .filter_map(|source| source.fresh_keys(issuer, now))
            .any(|read| read.keys.contains(key))
    }

    /// Puts keys in place of what was read from one document, or, with `None`, its absence.
    #[cfg(test)]
    pub(crate) fn put(&self, version: Version, read: Option<(&str, KeySet)>, now: Now) {
        let found = read.map_or(Found::Absent, |(issuer, keys)| {
            let (issuer, read_at) = (issuer.to_owned(), now.monotonic);
            Found::Issuer(Arc::new(source::IssuerKeys { issuer, keys, read_at }))
        });
        let of_version = |source: &&Arc<Source>| source.publication().version == version;
        for source in self.sources.iter().filter(of_version) {
            source.put(source::Record { found: found.clone(), failure: None });
        }
    }

    fn known(&self, issuer: &str) -> Option<TrustedIssuer> {
        let sources: Vec<_> =
            self.sources.iter().filter(|source| source.names(issuer)).cloned().collect();
        (!sources.is_empty()).then(|| TrustedIssuer { name: issuer.to_owned(), sources })
    }

    /// The documents that might name one of the token's issuers, and have not said so far.
    fn could_name(&self, token: &UnverifiedToken<'_>) -> Vec<Arc<Source>> {
        let is_empty = self.has_no_issuer();
        let might = |source: &&Arc<Source>| {
            let publication = source.publication();
            let is_open = match source.record().found {
                Found::Absent => is_empty,
                Found::Issuer(_) => false,
                Found::Unread => true,
            };
            is_open && token.issuers().any(|issuer| publication.could_name(issuer))
        };
        self.sources.iter().filter(might).cloned().collect()
    }

    /// Says if both documents are known not to exist.
    fn has_no_issuer(&self) -> bool {
        self.sources.iter().all(|source| matches!(source.record().found, Found::Absent))
    }
}

/// Said of a custom cloud with two absent documents.
const NO_ISSUER: &str = "neither discovery document exists (HTTP 404); check `entra.tenantId` and \
                         `entra.authorityUrl`";

impl TrustedIssuer {
    /// Its name, `iss`.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn keys_with(&self, kid: &str, now: Now) -> Option<KeySet> {
        self.sources
            .iter()
            .filter_map(|source| source.fresh_keys(&self.name, now))
            .find(|read| read.keys.named(kid).next().is_some())
            .map(|read| read.keys.clone())
    }
}

impl Source {
    fn unavailable(&self) -> KeysUnavailable {
        let record = self.record();
        let reason = record.failure.unwrap_or_else(|| match record.found {
            Found::Absent => NO_ISSUER.to_owned(),
            Found::Issuer(_) | Found::Unread => "they were not read yet".to_owned(),
        });
        let issuer = self.issuer().unwrap_or_else(|| self.publication().url());
        KeysUnavailable { issuer, reason }
    }
}

/// Has all `sources` look for `wanted`, side by side, each in a task that ends by itself.
async fn look_for(
    sources: &[Arc<Source>],
    wanted: &Wanted,
    now: Now,
) -> Result<(), KeysUnavailable> {
    let tasks: Vec<_> = sources
        .iter()
        .map(|source| {
            let (source, wanted) = (Arc::clone(source), wanted.clone());
            tokio::spawn(async move { source.look_for(&wanted, now).await })
        })
        .collect();
    for (task, source) in tasks.into_iter().zip(sources) {
        task.await.map_err(|_| source.unavailable())?;
    }
    Ok(())
}
