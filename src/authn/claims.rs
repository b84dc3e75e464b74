//! The claims of an Entra access token, v1 and v2, with their types held to the letter.

use serde_json::{Number, Value};

use super::json::Object;
use super::verdict::TokenError;
use crate::authz::principal::{ObjectId, TenantId};
use crate::authz::scope::Scope;

/// The two kinds of Entra access token. Each has an issuer and a discovery document of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// `ver` is `1.0`: the AKS server application gets these.
    V1,
    /// `ver` is `2.0`.
    V2,
}

impl Version {
    /// What `ver` says.
    fn claim(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

/// Where a caller's groups come from (`groups.source`, semantics §11.6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GroupsSource {
    /// No caller ever has groups; the claim is not read.
    None,
    /// The `groups` claim.
    Token,
}

/// What a token says about the caller's groups.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Groups {
    /// All of them, each once, in the token's order; none if the token has no such claim.
    Listed(Vec<ObjectId>),
    /// More than fit into a token (200): who they are must be asked elsewhere. Where the token says
    /// to ask is never read, let alone followed (semantics §11.6).
    Overage,
}

/// The claims that this program reads, of the right types. Everything else in a token is ignored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claims {
    /// `aud`: one audience, or what stood in the array.
    pub audience: Vec<String>,
    /// `oid`: never the all-zeros id.
    pub object_id: ObjectId,
    /// `tid`.
    pub tenant: TenantId,
    /// `ver`, where present.
    pub version: Option<String>,
    /// `exp` in seconds since the Unix epoch, a fraction rounded down.
    pub expires: u64,
    /// `nbf` in seconds since the Unix epoch, a fraction rounded down.
    pub not_before: u64,
    /// The first of the configured username claims that is present and not empty.
    pub username: String,
    /// The caller's groups.
    pub groups: Groups,
    /// `appid` (v1) or `azp` (v2): the client application.
    pub app_id: Option<String>,
    /// `idtyp`: `app` for a token without a user.
    pub identity_type: Option<String>,
    /// `xms_mirid`: the ARM id of the managed identity or of the resource that has one.
    pub managed_identity: Option<Scope>,
    /// Says if the token is bound to a key (`cnf` with a `kid` or `jwk`).
    pub key_bound: bool,
}

impl Claims {
    /// Reads the claims out of a payload.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: a claim that is missing, null or of the wrong type (semantics §11.4), a
    /// `groups` claim with anything but object ids (§11.5), or no username among `username_claims`.
    pub(super) fn read(
        payload: &Object,
        username_claims: &[String],
        groups: GroupsSource,
    ) -> Result<Self, TokenError> {
        let object_id = text(payload, "oid")?
            .and_then(|oid| oid.parse::<ObjectId>().ok())
            .filter(|oid| !oid.is_everyone())
            .ok_or_else(|| wrong("oid", "an object id"))?;
        let tenant = text(payload, "tid")?
            .and_then(|tid| tid.parse().ok())
            .ok_or_else(|| wrong("tid", "a tenant id"))?;
        // Not needed, but held to its type like every claim that has one (semantics §11.4).
        if payload.get("iat").is_some() {
            seconds(payload, "iat")?;
        }
        Ok(Self {
            audience: audience(payload)?,
            object_id,
            tenant,
            version: text(payload, "ver")?.map(str::to_owned),
            expires: seconds(payload, "exp")?,
            not_before: seconds(payload, "nbf")?,
            username: username(payload, username_claims, object_id)?,
            groups: match groups {
                GroupsSource::None => Groups::Listed(Vec::new()),
                GroupsSource::Token => groups_of(payload)?,
            },
            app_id: match label(payload, "appid")? {
                Some(app_id) => Some(app_id),
                None => label(payload, "azp")?,
            },
            identity_type: label(payload, "idtyp")?,
            managed_identity: managed_identity(payload)?,
            key_bound: match payload.get("cnf") {
                None => false,
                Some(Value::Object(cnf)) => cnf.contains_key("kid") || cnf.contains_key("jwk"),
                Some(_) => return Err(wrong("cnf", "an object")),
            },
        })
    }

    /// Says if `ver` is absent or the one of `version`.
    pub(super) fn is_version(&self, version: Version) -> bool {
        self.version.as_deref().is_none_or(|ver| ver == version.claim())
    }
}

/// A claim that is a string, if present.
fn text<'a>(payload: &'a Object, name: &str) -> Result<Option<&'a str>, TokenError> {
    match payload.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(name, "a string")),
    }
}

/// A string that the API server will get to see: empty counts as absent, control characters as wrong.
fn label(payload: &Object, name: &str) -> Result<Option<String>, TokenError> {
    match text(payload, name)? {
        Some(text) if text.contains(char::is_control) => {
            Err(wrong(name, "a string without control characters"))
        }
        Some(text) if !text.is_empty() => Ok(Some(text.to_owned())),
        Some(_) | None => Ok(None),
    }
}

/// The managed identity. The root scope is no resource.
fn managed_identity(payload: &Object) -> Result<Option<Scope>, TokenError> {
    let Some(text) = label(payload, "xms_mirid")? else {
        return Ok(None);
    };
    let scope = text.parse().ok().filter(|scope: &Scope| !scope.folded().is_empty());
    scope.map(Some).ok_or_else(|| wrong("xms_mirid", "an ARM resource id"))
}

/// A required point in time. Before 1970 is 1970: as far gone as can be.
fn seconds(payload: &Object, name: &str) -> Result<u64, TokenError> {
    payload
        .get(name)
        .and_then(Value::as_number)
        .and_then(whole_seconds)
        .ok_or_else(|| wrong(name, "a number of seconds"))
}

/// Rounds down; `None` beyond the year 292 billion, where numbers are no times.
fn whole_seconds(number: &Number) -> Option<u64> {
    /// 2^63, above which an `f64` no longer fits an `i64`.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if let Some(seconds) = number.as_i64() {
        return Some(u64::try_from(seconds).unwrap_or(0));
    }
    let seconds = number.as_f64()?.floor();
    if seconds >= BEYOND {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, below 2^63, and raised to 0 if negative"
    )]
    Some(seconds.max(0.0) as u64)
}

fn audience(payload: &Object) -> Result<Vec<String>, TokenError> {
    let audience = match payload.get("aud") {
        Some(Value::String(audience)) => Some(vec![audience.clone()]),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    };
    audience.ok_or_else(|| wrong("aud", "a string or an array of strings"))
}

/// The first claim of `names` that is present. All of them are held to their type. The object id is
/// given in the one form in which it is written everywhere else.
fn username(payload: &Object, names: &[String], object_id: ObjectId) -> Result<String, TokenError> {
    let mut first = None;
    for name in names {
        let value = text(payload, name)?.filter(|value| !value.is_empty());
        if let (None, Some(value)) = (&first, value) {
            first = Some(if name == "oid" { object_id.to_string() } else { value.to_owned() });
        }
    }
    first.ok_or(TokenError::NoUsername)
}

/// The `groups` claim, unless a marker says that it is, or would be, shortened.
fn groups_of(payload: &Object) -> Result<Groups, TokenError> {
    let named_elsewhere = match payload.get("_claim_names") {
        None => false,
        Some(Value::Object(names)) => match names.get("groups") {
            None => false,
            Some(Value::String(_)) => true,
            Some(_) => return Err(wrong("_claim_names.groups", "a string")),
        },
        Some(_) => return Err(wrong("_claim_names", "an object")),
    };
    let left_out = match payload.get("hasgroups") {
        None => false,
        Some(Value::Bool(left_out)) => *left_out,
        Some(_) => return Err(wrong("hasgroups", "true or false")),
    };
    let listed = match payload.get("groups") {
        None => Vec::new(),
        Some(Value::Array(items)) => object_ids(items)?,
        Some(_) => return Err(wrong("groups", "an array")),
    };
    Ok(if named_elsewhere || left_out { Groups::Overage } else { Groups::Listed(listed) })
}

fn object_ids(items: &[Value]) -> Result<Vec<ObjectId>, TokenError> {
    let mut ids = Vec::with_capacity(items.len());
    for item in items {
        let Value::String(text) = item else {
            return Err(wrong("groups", "an array of strings"));
        };
        let id = text.parse::<ObjectId>().ok().filter(|id| !id.is_everyone());
        ids.push(id.ok_or(TokenError::GroupNames)?);
    }
    let mut seen = std::collections::HashSet::with_capacity(ids.len());
    ids.retain(|id| seen.insert(*id));
    Ok(ids)
}

/// The claim is missing, null, of another type, or not what it must be. `claim` is a name that we
/// look for, never something that we found.
fn wrong(claim: &str, expected: &str) -> TokenError {
    TokenError::malformed(format!("`{claim}` is not {expected}"))
}
