//! The claims of an Entra access token, v1 and v2, with their types held to the letter.

use serde_json::{Number, Value};

use super::json::Object;
use super::verdict::TokenError;
use crate::authz::principal::{ObjectId, TenantId};
use crate::authz::scope::Scope;

/// The two kinds of Entra access token. Each has an issuer and a discovery document of its own, and
/// that is how they are told apart: all claims are looked for by name in both, so what `ver` says is
/// of no consequence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// The AKS server application gets these.
    V1,
    /// What applications ask for that Entra calls modern.
    V2,
}

/// Claims that are of no use here but are held to their type, like every claim that has one (semantics
/// §11.4).
const TEXTS: [&str; 3] = ["jti", "sub", "ver"];

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
    /// `xms_mirid` as it stands there: as a rule the ARM id of the managed identity or of the resource
    /// that has one.
    pub mirid: Option<String>,
    /// The key that the token is bound to; `None` for a bearer token, which has no `cnf` at all.
    pub bound_to: Option<BoundTo>,
}

/// The key that a token's `cnf` names (RFC 7800 §3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BoundTo {
    /// By its thumbprint alone, in `kid`: what Entra writes into the token of a signed request.
    Thumbprint(String),
    /// In a way that no signed request can answer, such as a client certificate.
    Other,
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
        for name in TEXTS {
            text(payload, name)?;
        }
        if payload.get("iat").is_some() {
            seconds(payload, "iat")?;
        }
        let (app_id, authorized_party) = (label(payload, "appid")?, label(payload, "azp")?);
        Ok(Self {
            audience: audience(payload)?,
            object_id,
            tenant,
            expires: seconds(payload, "exp")?,
            not_before: seconds(payload, "nbf")?,
            username: username(payload, username_claims, object_id)?,
            groups: match groups {
                GroupsSource::None => Groups::Listed(Vec::new()),
                GroupsSource::Token => groups_of(payload)?,
            },
            app_id: app_id.or(authorized_party),
            identity_type: label(payload, "idtyp")?,
            mirid: label(payload, "xms_mirid")?,
            bound_to: bound_to(payload)?,
        })
    }

    /// The managed identity, as trusted access knows one. `None` for a `xms_mirid` that is no ARM id,
    /// which says as little as none (semantics §1.4); the root scope is no resource.
    pub fn managed_identity(&self) -> Option<Scope> {
        let scope = self.mirid.as_deref()?.parse().ok();
        scope.filter(|scope: &Scope| !scope.folded().is_empty())
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

/// A string that the API server will get to see: empty counts as absent, control characters as wrong,
/// since what is in `extra` goes on to others in HTTP headers.
fn label(payload: &Object, name: &str) -> Result<Option<String>, TokenError> {
    match text(payload, name)? {
        Some(text) if text.contains(char::is_control) => {
            Err(wrong(name, "a string without control characters"))
        }
        Some(text) if !text.is_empty() => Ok(Some(text.to_owned())),
        Some(_) | None => Ok(None),
    }
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

/// The key in `cnf`. One that is named there twice, as a whole or elsewhere, is none that we know.
fn bound_to(payload: &Object) -> Result<Option<BoundTo>, TokenError> {
    let cnf = match payload.get("cnf") {
        None => return Ok(None),
        Some(Value::Object(cnf)) => cnf,
        Some(_) => return Err(wrong("cnf", "an object")),
    };
    let is_named_otherwise = ["jwk", "jwe", "jku"].iter().any(|name| cnf.contains_key(*name));
    Ok(Some(match cnf.get("kid") {
        Some(Value::String(kid)) if !is_named_otherwise => BoundTo::Thumbprint(kid.clone()),
        _ => BoundTo::Other,
    }))
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
