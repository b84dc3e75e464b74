//! Semantics §11 once more, as plainly as it is written: whom a header and a payload under a good
//! signature of `ec` let in.

use std::collections::BTreeMap;

use kubentra::authn::Identity;
use kubentra::authz::{ObjectId, Scope};
use kubentra::wire::{self, Format};
use serde_json::{Map, Value};

use super::{AUDIENCE, ISSUERS, NOW, PREFIX, SKEW, TENANT, TRUSTED_ACCESS, TRUSTED_IDENTITY};

/// What a token with this header and payload must come to.
#[derive(Debug)]
pub(super) enum Expected {
    /// This is who it is.
    Identity(Identity),
    /// It gets nobody in: it is refused, or its groups stand elsewhere.
    Nobody,
    /// This reading is not able to say.
    Unknown,
}

/// Reads header and payload once more. `key` is the thumbprint of the key that the caller has proved to
/// have; none for a token that came alone.
pub(super) fn expected(header: &str, payload: &str, key: Option<&str>) -> Expected {
    match [header, payload].map(object) {
        [Json::Object(fields), Json::Object(claims)] => {
            let is_short =
                length(header) + length(payload) + length(&" ".repeat(64)) + 2 <= 64 * 1024;
            let identity = is_short.then(|| identity(&fields, &claims, key)).flatten();
            identity.map_or(Expected::Nobody, Expected::Identity)
        }
        [Json::Other, _] | [_, Json::Other] => Expected::Nobody,
        _ => Expected::Unknown,
    }
}

pub(super) enum Json {
    /// One object, without a member twice.
    Object(Map<String, Value>),
    /// Nested deeper than our other reader goes, so that members may occur twice unseen.
    Deep,
    /// Anything else.
    Other,
}

pub(super) fn object(text: &str) -> Json {
    match (wire::parse(text, Format::Json), serde_json::from_str(text)) {
        (Ok(_), Ok(Value::Object(members))) => Json::Object(members),
        (Err(fault), Ok(_)) if fault.message.contains("levels of nesting") => Json::Deep,
        _ => Json::Other,
    }
}

/// Whom the claims let in.
fn identity(
    header: &Map<String, Value>,
    claims: &Map<String, Value>,
    key: Option<&str>,
) -> Option<Identity> {
    check_header(header)?;
    let text = |name: &str| text(claims, name);
    for name in ["jti", "sub", "ver", "upn", "appid", "azp", "idtyp", "xms_mirid"] {
        text(name)?;
    }
    ISSUERS.iter().find(|issuer| claims.get("iss").is_some_and(|iss| iss == *issuer))?;
    let tenant = guid(&text("tid")??)?;
    let oid = guid(&text("oid")??)?;
    if tenant != TENANT || oid.parse::<ObjectId>().ok()?.is_everyone() {
        return None;
    }
    check_times(claims)?;
    check_binding(claims, key)?;

    let visible = |name: &str| -> Option<Option<String>> {
        let value = text(name)?.filter(|value| !value.is_empty());
        let is_plain = value.as_ref().is_none_or(|value| !value.chars().any(char::is_control));
        is_plain.then_some(value)
    };
    let [application, authorized, kind, managed] =
        [visible("appid")?, visible("azp")?, visible("idtyp")?, visible("xms_mirid")?];
    check_audience(claims, kind.as_deref(), managed.as_deref())?;

    let name = text("upn")?.filter(|upn| !upn.is_empty()).unwrap_or_else(|| oid.clone());
    check_name(&name)?;
    let mut extra = BTreeMap::from([
        ("oid".to_owned(), vec![oid.clone()]),
        ("kubentra.io/tid".to_owned(), vec![tenant]),
    ]);
    let optional = [("appid", application.or(authorized)), ("idtyp", kind), ("mirid", managed)];
    for (key, value) in optional {
        extra.extend(value.map(|value| (format!("kubentra.io/{key}"), vec![value])));
    }
    let groups = groups(claims)?;
    Some(Identity { username: format!("{PREFIX}{name}"), uid: oid, groups, extra })
}

/// The length of a part in base64url without padding.
fn length(part: &str) -> usize {
    (part.len() * 4).div_ceil(3)
}

fn check_header(header: &Map<String, Value>) -> Option<()> {
    let never = ["crit", "jku", "jwk", "x5c", "x5u"];
    let is_good = header.get("alg").is_some_and(|alg| alg == "ES256")
        && header.get("kid").is_some_and(|kid| kid == "ec")
        && header.get("typ").is_none_or(Value::is_string)
        && !never.iter().any(|name| header.contains_key(*name));
    is_good.then_some(())
}

fn check_times(claims: &Map<String, Value>) -> Option<()> {
    let seconds = |name: &str| -> Option<f64> {
        let number = claims.get(name)?.as_number()?;
        let seconds = number.as_f64()?.floor();
        // From 2^63 on, numbers are no times.
        (number.as_i64().is_some() || seconds < 2_f64.powi(63)).then_some(seconds)
    };
    if claims.contains_key("iat") {
        seconds("iat")?;
    }
    #[expect(clippy::cast_precision_loss, reason = "now is far below 2^53")]
    let (now, skew) = (NOW as f64, SKEW as f64);
    (seconds("nbf")? - skew <= now && now < seconds("exp")?.max(0.0) + skew).then_some(())
}

/// A token that names a key comes with the proof, and one that does not comes alone.
fn check_binding(claims: &Map<String, Value>, key: Option<&str>) -> Option<()> {
    match (claims.get("cnf"), key) {
        (None, None) => Some(()),
        (Some(Value::Object(cnf)), Some(key)) => {
            let is_named_otherwise = ["jwk", "jwe", "jku"].iter().any(|n| cnf.contains_key(*n));
            (!is_named_otherwise && cnf.get("kid").is_some_and(|kid| kid == key)).then_some(())
        }
        _ => None,
    }
}

fn check_audience(
    claims: &Map<String, Value>,
    kind: Option<&str>,
    managed: Option<&str>,
) -> Option<()> {
    let audience = match claims.get("aud")? {
        Value::String(audience) => audience,
        Value::Array(list) => match list.as_slice() {
            [Value::String(audience)] => audience,
            _ => return None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    let trusted: Scope = TRUSTED_IDENTITY.parse().ok()?;
    let is_trusted = || {
        let identity: Option<Scope> = managed.and_then(|id| id.parse().ok());
        kind != Some("user") && identity == Some(trusted)
    };
    (audience == AUDIENCE || audience == TRUSTED_ACCESS && is_trusted()).then_some(())
}

/// Semantics §11.5: no name of Kubernetes' own, and none that looks like another.
fn check_name(name: &str) -> Option<()> {
    let drawn = |c: char| {
        let odd = ['\u{ad}', '\u{61c}', '\u{180e}', '\u{feff}'];
        let ranges = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}'];
        !(c.is_control()
            || odd.contains(&c)
            || ('\u{fff9}'..='\u{fffb}').contains(&c)
            || ranges.iter().any(|range| range.contains(&c)))
    };
    let folded = name.to_uppercase();
    (!folded.starts_with("SYSTEM:") && name.chars().all(drawn) && name.trim() == name).then_some(())
}

fn groups(claims: &Map<String, Value>) -> Option<Vec<ObjectId>> {
    match claims.get("_claim_names") {
        None => {}
        Some(Value::Object(names)) if !names.contains_key("groups") => {}
        Some(_) => return None,
    }
    match claims.get("hasgroups") {
        None | Some(Value::Bool(false)) => {}
        Some(_) => return None,
    }
    let Some(listed) = claims.get("groups") else { return Some(Vec::new()) };
    let mut groups: Vec<ObjectId> = Vec::new();
    for item in listed.as_array()? {
        let id: ObjectId = guid(item.as_str()?)?.parse().ok()?;
        if id.is_everyone() {
            return None;
        }
        if !groups.contains(&id) {
            groups.push(id);
        }
    }
    Some(groups)
}

/// A string if the claim is there; the outer none for another type.
fn text(claims: &Map<String, Value>, name: &str) -> Option<Option<String>> {
    match claims.get(name) {
        None => Some(None),
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(_) => None,
    }
}

/// The 8-4-4-4-12 form, in lower case.
fn guid(text: &str) -> Option<String> {
    let digits = |b: u8| b == b'-' || b.is_ascii_hexdigit();
    let has_form = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.bytes().all(digits);
    has_form.then(|| text.to_ascii_lowercase())
}
