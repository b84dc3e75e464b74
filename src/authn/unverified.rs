//! A token before anything in it is believed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::json::{Object, strings};
use super::keys::Algorithm;
use super::verdict::TokenError;

/// Longest token that is examined, in bytes. Entra's longest (200 groups) have about 12 KiB.
pub const MAX_TOKEN_LENGTH: usize = 64 * 1024;

/// Longest `kid`, in bytes. Entra's have 27.
const MAX_KEY_ID_LENGTH: usize = 256;

/// Header members that bring or name a key of their own, or demand an extension. Refused even beside
/// a good signature (semantics §11.4).
const NEVER: [&str; 5] = ["crit", "jku", "jwk", "x5c", "x5u"];

/// Text that has the form of a JWT. Nothing in it is proven: use it only to find out whose token it
/// would be, then [examine](Self::examine) it.
#[derive(Debug)]
pub struct UnverifiedToken<'a> {
    text: &'a str,
    header: &'a str,
    payload: Vec<u8>,
    signature: &'a str,
    issuers: Vec<String>,
}

impl<'a> UnverifiedToken<'a> {
    /// Splits `text` and reads its payload.
    ///
    /// `None` if it is not a JWT, that is, not three parts of which the second is a JSON object in
    /// base64url without padding. A text with a good payload and a broken header still is one: its
    /// issuer may be ours, and then the caller is told what is wrong (semantics §11.2). Of the payload
    /// only `iss` is looked at here, so that a foreign token costs little.
    ///
    /// Cost is linear in `text`, which the caller bounds (by the size of a request body).
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let payload = decode(payload)?;
        let issuers = strings(&payload, "iss")?;
        Some(Self { text, header, payload, signature, issuers })
    }

    /// The issuers that the token names: none, one, or several if `iss` is repeated, which is then
    /// refused as malformed if one of them is ours.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        self.issuers.iter().map(String::as_str)
    }

    /// Reads the header and holds it against semantics §11.4.
    pub(super) fn header(&self) -> Result<Header, TokenError> {
        if self.text.len() > MAX_TOKEN_LENGTH {
            return Err(TokenError::TooLong);
        }
        let header = decode(self.header)
            .and_then(|bytes| Object::parse(&bytes))
            .ok_or_else(|| TokenError::malformed("its header is not a JSON object"))?;
        if header.has_repeated_members() {
            return Err(TokenError::malformed("its header has a member twice"));
        }
        if let Some(name) = NEVER.into_iter().find(|name| header.get(name).is_some()) {
            return Err(TokenError::Header(name));
        }
        let kind = match header.get("typ") {
            None => None,
            Some(Value::String(kind)) => Some(kind.clone()),
            Some(_) => return Err(TokenError::malformed("`typ` in its header is not a string")),
        };
        let algorithm = match header.get("alg") {
            Some(Value::String(name)) => Algorithm::named(name).ok_or(TokenError::Algorithm)?,
            _ => return Err(TokenError::malformed("`alg` in its header is missing or no string")),
        };
        match header.get("kid") {
            Some(Value::String(kid)) if !kid.is_empty() && kid.len() <= MAX_KEY_ID_LENGTH => {
                Ok(Header { algorithm, kind, kid: kid.clone() })
            }
            _ => Err(TokenError::malformed("`kid` in its header is missing or no key id")),
        }
    }

    /// The claims, once it is certain that no two readers read them differently.
    pub(super) fn claims(&self) -> Result<Object, TokenError> {
        let claims = Object::parse(&self.payload)
            .ok_or_else(|| TokenError::malformed("its payload is nested too deep, or not UTF-8"))?;
        if claims.has_repeated_members() {
            return Err(TokenError::malformed("its payload has a member twice"));
        }
        Ok(claims)
    }

    /// The strings under `at`, where a signed request has its token; none in a text that names an
    /// issuer, which is a token by itself.
    pub(super) fn wrapped(&self) -> Vec<String> {
        if self.issuers.is_empty() {
            strings(&self.payload, "at").unwrap_or_default()
        } else {
            Vec::new()
        }
    }

    /// The bytes under the signature: header and payload as they were sent.
    pub(super) fn signed(&self) -> &'a [u8] {
        let end = self.text.len().saturating_sub(self.signature.len()).saturating_sub(1);
        self.text.as_bytes().get(..end).unwrap_or_default()
    }

    /// The signature's bytes.
    pub(super) fn signature(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.signature).ok_or(TokenError::Signature)
    }
}

/// What a header says that passed: which of the issuer's keys, and how it signs.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    /// `typ`.
    pub(super) kind: Option<String>,
    pub(super) kid: String,
}

/// base64url without padding, the only form in a JWT (RFC 7515 §2).
pub(super) fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}
