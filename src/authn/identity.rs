//! What Kubernetes gets to see of a caller.

use std::collections::BTreeMap;

use super::claims::Claims;
use super::verdict::TokenError;
use crate::authz::principal::ObjectId;

/// `extra` key of the caller's tenant id.
const TENANT_KEY: &str = "kubentra.io/tid";
/// `extra` key of the client application's id.
const APPLICATION_KEY: &str = "kubentra.io/appid";
/// `extra` key of the kind of token: `app` or `user`.
const IDENTITY_TYPE_KEY: &str = "kubentra.io/idtyp";
/// `extra` key of the managed identity's ARM id, to the letter of the token.
const MANAGED_IDENTITY_KEY: &str = "kubentra.io/mirid";

/// Names that begin so, in any case, are Kubernetes' own (`system:masters` bypasses every authorizer).
const RESERVED_PREFIX: &str = "SYSTEM:";

/// How claims become names (configuration `entra`).
#[derive(Clone, Copy, Debug)]
pub struct IdentityRules<'a> {
    /// Put before every username; may be empty.
    pub username_prefix: &'a str,
    /// `extra` key of the object id.
    pub object_id_extra_key: &'a str,
}

/// A caller as `TokenReview` describes one (semantics §11.5).
///
/// Everything here is the same for every token of one login: the API server keys its cache of
/// decisions on all of it, so an id or a time of the single token must never get in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The user's name, prefix included: never empty, never one of Kubernetes' own.
    pub username: String,
    /// The object id.
    pub uid: String,
    /// Object ids of all the caller's groups.
    pub groups: Vec<ObjectId>,
    /// Further facts by key. `authz` reads the object id and the managed identity back from here.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl Identity {
    /// Describes the caller of a verified token with all its groups.
    ///
    /// # Errors
    ///
    /// [`TokenError::Username`], for the name in the token and with its prefix alike.
    pub fn new(
        claims: &Claims,
        groups: Vec<ObjectId>,
        rules: IdentityRules<'_>,
    ) -> Result<Self, TokenError> {
        let username = format!("{}{}", rules.username_prefix, claims.username);
        for name in [&claims.username, &username] {
            check_name(name).map_err(TokenError::Username)?;
        }
        let uid = claims.object_id.to_string();
        let optional = [
            (APPLICATION_KEY, claims.app_id.clone()),
            (IDENTITY_TYPE_KEY, claims.identity_type.clone()),
            (MANAGED_IDENTITY_KEY, claims.mirid.clone()),
        ];
        let mut extra: BTreeMap<String, Vec<String>> = optional
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), vec![value?])))
            .collect();
        extra.insert(TENANT_KEY.to_owned(), vec![claims.tenant.to_string()]);
        extra.insert(rules.object_id_extra_key.to_owned(), vec![uid.clone()]);
        Ok(Self { username, uid, groups, extra })
    }
}

/// Semantics §11.5; the words continue "the token's username".
fn check_name(name: &str) -> Result<(), &'static str> {
    // Unicode's upper case, in which the long s and the ligatures of st are letters of `system` too.
    let beginning = name.chars().take(RESERVED_PREFIX.len()).flat_map(char::to_uppercase);
    if beginning.collect::<String>().starts_with(RESERVED_PREFIX) {
        return Err("begins with `system:`, which is reserved for Kubernetes");
    }
    if name.contains(is_invisible) {
        return Err("holds control characters");
    }
    if name.trim() != name {
        return Err("has space at its beginning or end");
    }
    Ok(())
}

/// Control characters, and those that are drawn as nothing or turn the writing around: two names that
/// look alike must be alike.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{00AD}'
                | '\u{061C}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
        )
}
