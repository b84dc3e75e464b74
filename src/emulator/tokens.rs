//! Tokens in the shapes of Entra: what a request asks for, and the claims of an honest token.
//!
//! Shapes: Microsoft's access token claims reference, and what public labs printed of AKS tokens.
//! [`Flaw`]s then break a token on purpose.

mod flaw;
mod pop;
mod request;
mod signer;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use thiserror::Error;
use uuid::Uuid;

pub use self::flaw::Flaw;
pub(super) use self::pop::RequestedKey;
pub use self::pop::{PopFlaw, PopRequest};
pub use self::request::{MintRequest, TokenVersion};
use super::directory::{Directory, FindIdentityError, Identity, IdentityKind};
use super::keys::{KeySet, MakeKeyError};

/// Server application of AKS: the usual audience, the same in every cloud.
pub const AKS_SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
/// Client application through which people ask for AKS tokens.
pub const AKS_CLIENT_APP: &str = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";
/// Groups in a token at most; with more it names none and points at Graph (overage).
pub const MAX_TOKEN_GROUPS: usize = 200;
/// Life of a user's token: within Entra's random 60 to 90 minutes.
pub const USER_TOKEN_LIFE: Duration = Duration::from_secs(75 * 60);
/// Life of a program's token.
pub const APP_TOKEN_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// `iat` and `nbf` lie this long before the moment of issue, as Entra does for slow clocks.
pub const BACKDATED: Duration = Duration::from_secs(5 * 60);

/// Where tokens come from, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mint<'a> {
    /// `https://host:port` without a slash at the end.
    pub(super) authority: &'a str,
    pub(super) directory: &'a Directory,
    pub(super) keys: &'a KeySet,
    pub(super) now: SystemTime,
}

impl Mint<'_> {
    /// Mints what `request` asks for.
    pub(super) fn mint(&self, request: &MintRequest) -> Result<String, MintError> {
        let identity = self.directory.find(&request.identity)?;
        let mut claims = self.claims(identity, &request.audience, request.version);
        if let Some(pop) = &request.pop {
            claims.extend(pop.confirmation(self.keys)?);
        }
        let draft = flaw::Draft::honest(self.keys, self.header(request.version), claims);
        let token = draft.finish(self, request)?;
        match &request.pop {
            Some(pop) => pop.wrap(&token, self.keys, seconds(self.now)),
            None => Ok(token),
        }
    }

    fn header(&self, version: TokenVersion) -> Map<String, Value> {
        let key = self.keys.current();
        let mut header = object(json!({
            "typ": "JWT", "alg": key.algorithm().name(), "kid": key.id(),
        }));
        if version == TokenVersion::V1 {
            header.insert("x5t".to_owned(), key.id().into());
        }
        header
    }

    /// The claims of an honest token.
    fn claims(
        &self,
        identity: &Identity,
        audience: &str,
        version: TokenVersion,
    ) -> Map<String, Value> {
        let start = self.now - BACKDATED;
        let mut claims = object(json!({
            "aud": audience,
            "iss": issuer(self.authority, identity.tenant, version),
            "iat": seconds(start),
            "nbf": seconds(start),
            "exp": seconds(self.now + life(identity)),
            "oid": identity.id,
            "tid": identity.tenant,
            "uti": URL_SAFE_NO_PAD.encode(random_bytes()),
        }));
        claims.extend(match (&identity.kind, version) {
            (IdentityKind::User { upn }, TokenVersion::V1) => object(json!({
                "ver": "1.0", "acct": 0, "acr": "1", "amr": ["pwd", "mfa"],
                "appid": AKS_CLIENT_APP, "appidacr": "0", "ipaddr": "203.0.113.7",
                "scp": "user.read", "sub": subject(identity.id, audience),
                "unique_name": upn, "upn": upn,
            })),
            (IdentityKind::User { upn }, TokenVersion::V2) => object(json!({
                "ver": "2.0", "azp": AKS_CLIENT_APP, "azpacr": "0",
                "preferred_username": upn, "scp": "user.read",
                "sub": subject(identity.id, audience),
            })),
            (program, TokenVersion::V1) => object(json!({
                "ver": "1.0", "appid": program.app_id(), "appidacr": authenticated_by(program),
                "idp": issuer(self.authority, identity.tenant, TokenVersion::V1),
                "idtyp": "app", "sub": identity.id,
            })),
            (program, TokenVersion::V2) => object(json!({
                "ver": "2.0", "azp": program.app_id(), "azpacr": authenticated_by(program),
                "idtyp": "app", "sub": identity.id,
            })),
        });
        match (&identity.kind, &identity.name) {
            (IdentityKind::ManagedIdentity { resource_id, .. }, _) => {
                claims.insert("xms_mirid".to_owned(), resource_id.as_str().into());
            }
            (IdentityKind::User { .. }, Some(name)) => {
                claims.insert("name".to_owned(), name.as_str().into());
            }
            (IdentityKind::User { .. } | IdentityKind::ServicePrincipal { .. }, _) => {}
        }
        claims.extend(self.groups(identity));
        claims
    }

    /// The groups of an identity: ids, or the claims of an overage, or nothing if there are none.
    fn groups(&self, identity: &Identity) -> Map<String, Value> {
        let groups = self.directory.groups_of(identity.id);
        match groups.len() {
            0 => Map::new(),
            1..=MAX_TOKEN_GROUPS => object(json!({ "groups": groups })),
            _ => overage(identity),
        }
    }
}

/// The claims that stand for too many groups. The endpoint is the one real tokens name, of an API
/// that no longer answers.
fn overage(identity: &Identity) -> Map<String, Value> {
    let Identity { id, tenant, .. } = identity;
    let kind = match identity.kind {
        IdentityKind::User { .. } => "users",
        IdentityKind::ServicePrincipal { .. } | IdentityKind::ManagedIdentity { .. } => {
            "servicePrincipals"
        }
    };
    let endpoint = format!("https://graph.windows.net/{tenant}/{kind}/{id}/getMemberObjects");
    object(json!({
        "_claim_names": { "groups": "src1" },
        "_claim_sources": { "src1": { "endpoint": endpoint } },
    }))
}

/// The issuer of a tenant's tokens: v1 with a slash at the end, v2 without.
pub(super) fn issuer(
    authority: &str,
    tenant: impl std::fmt::Display,
    version: TokenVersion,
) -> String {
    match version {
        TokenVersion::V1 => format!("{authority}/{tenant}/"),
        TokenVersion::V2 => format!("{authority}/{tenant}/v2.0"),
    }
}

/// Life of a token of this identity.
pub(super) fn life(identity: &Identity) -> Duration {
    match identity.kind {
        IdentityKind::User { .. } => USER_TOKEN_LIFE,
        IdentityKind::ServicePrincipal { .. } | IdentityKind::ManagedIdentity { .. } => {
            APP_TOKEN_LIFE
        }
    }
}

/// `appidacr`, `azpacr`: 1 for a secret, 2 for a certificate, 0 for a public client.
fn authenticated_by(program: &IdentityKind) -> &'static str {
    match program {
        IdentityKind::User { .. } => "0",
        IdentityKind::ServicePrincipal { .. } => "1",
        IdentityKind::ManagedIdentity { .. } => "2",
    }
}

/// A user's `sub`: stable for one application, another for the next.
fn subject(id: Uuid, audience: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("{id} {audience}").as_bytes()))
}

/// Random bytes for ids; zeros if there is no randomness, for then ids repeat, which breaks nothing.
pub(super) fn random_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes
}

/// Seconds since 1970; 0 before.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The members of a JSON object; none if it is something else.
pub(super) fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value { members } else { Map::new() }
}

/// Why there is no token.
#[derive(Debug, Error)]
pub enum MintError {
    /// The identity is not known, or not one.
    #[error(transparent)]
    Identity(#[from] FindIdentityError),
    /// A key could not be made or used.
    #[error("cannot sign the token")]
    Key(#[from] MakeKeyError),
    /// Claims or header cannot be written as JSON.
    #[error("cannot write the token as JSON")]
    Json(#[from] serde_json::Error),
}
