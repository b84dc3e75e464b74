//! Proof of possession, the client's half: a signed request around a token, in the shape of kubelogin's,
//! honest or broken.
//!
//! Entra's half is one claim, `cnf`, with the thumbprint of the key that a client sent with its request
//! for a token.

mod flaw;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::flaw::PopFlaw;
use super::super::keys::{KeySet, MakeKeyError, SigningKey};
use super::flaw::lay_over;
use super::signer::Harm;
use super::{MintError, object, random_bytes};

/// A signed request to put around a token: the member `pop` of a mint request.
///
/// ```
/// use kubentra::emulator::{MintRequest, PopFlaw, PopRequest};
///
/// let request = PopRequest::new("/subscriptions/…/managedClusters/demo").member("nonce", "once");
/// let good = MintRequest::new("alice").pop(request.clone());
/// let stale = MintRequest::new("alice").pop(request.flaw(PopFlaw::StaleTs));
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PopRequest {
    /// ARM id of the cluster that it is for.
    pub u: String,
    /// Members laid over the honest ones (and over the flaw); `null` deletes one.
    #[serde(default)]
    pub payload: Map<String, Value>,
    /// Header members laid over the honest ones; `null` deletes one.
    #[serde(default)]
    pub header: Map<String, Value>,
    /// A way in which to break the request.
    #[serde(default)]
    pub flaw: Option<PopFlaw>,
}

impl PopRequest {
    /// An honest request to the cluster with this ARM id.
    pub fn new(u: &str) -> Self {
        Self { u: u.to_owned(), payload: Map::new(), header: Map::new(), flaw: None }
    }

    /// With this member, or without it if `value` is null.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.payload.insert(name.to_owned(), value.into());
        self
    }

    /// Broken in this way.
    #[must_use]
    pub fn flaw(self, flaw: PopFlaw) -> Self {
        Self { flaw: Some(flaw), ..self }
    }

    /// The claim that binds the token inside to the client's key.
    pub(super) fn confirmation(&self, keys: &KeySet) -> Result<Map<String, Value>, MakeKeyError> {
        let key = match self.flaw {
            Some(PopFlaw::UnboundToken) => return Ok(Map::new()),
            Some(PopFlaw::OtherToken) => keys.stranger()?,
            _ => keys.client()?,
        };
        Ok(RequestedKey::of(key).confirmation())
    }

    /// The signed request around `token`, at `now` in seconds since 1970.
    pub(super) fn wrap(&self, token: &str, keys: &KeySet, now: u64) -> Result<String, MintError> {
        let key = match self.flaw {
            Some(PopFlaw::StolenToken) => keys.stranger()?,
            _ => keys.client()?,
        };
        let (mut header, mut payload) = self.honest(token, key, now);
        if let Some(flaw) = self.flaw {
            flaw.spoil_header(&mut header, keys)?;
            flaw.spoil_payload(&mut payload, keys, now)?;
        }
        lay_over(&mut header, &self.header);
        lay_over(&mut payload, &self.payload);
        let text = flaw::spoil_text(self.flaw, serde_json::to_string(&payload)?);
        let header = serde_json::to_string(&header)?;
        let harm = (self.flaw == Some(PopFlaw::BadSignature)).then_some(Harm::Flipped);
        let signer = flaw::signer(self.flaw, key, keys)?;
        let [header, mut body, signature] = signer.sign(&header, &text, harm, &URL_SAFE_NO_PAD)?;
        if self.flaw == Some(PopFlaw::TamperedPayload) {
            payload.insert("ts".to_owned(), (now + 1).into());
            body = URL_SAFE_NO_PAD.encode(serde_json::to_string(&payload)?);
        }
        let request = format!("{header}.{body}.{signature}");
        if self.flaw == Some(PopFlaw::Nested) {
            return Self { flaw: None, ..self.clone() }.wrap(&request, keys, now);
        }
        Ok(request)
    }

    /// Header and payload as kubelogin writes them.
    fn honest(
        &self,
        token: &str,
        key: &SigningKey,
        now: u64,
    ) -> (Map<String, Value>, Map<String, Value>) {
        let kid = key.thumbprint();
        let mut jwk = key.public_members().clone();
        if let Value::Object(jwk) = &mut jwk {
            jwk.insert("alg".to_owned(), "RS256".into());
            jwk.insert("kid".to_owned(), kid.clone().into());
        }
        let nonce = uuid::Builder::from_random_bytes(random_bytes()).into_uuid().simple();
        let payload = json!({
            "at": token, "ts": now, "u": self.u, "cnf": { "jwk": jwk }, "nonce": nonce.to_string(),
        });
        (object(json!({ "typ": "pop", "alg": "RS256", "kid": kid })), object(payload))
    }
}

/// The key that a client names when it asks for a token: `req_cnf` of a token request.
#[derive(Debug, Deserialize)]
pub(in crate::emulator) struct RequestedKey {
    kid: String,
    /// Where the client keeps the key; `sw` for software.
    #[serde(default)]
    xms_ksl: Option<String>,
}

impl RequestedKey {
    fn of(key: &SigningKey) -> Self {
        Self { kid: key.thumbprint(), xms_ksl: Some("sw".to_owned()) }
    }

    /// Reads the parameter: JSON in base64url. `None` if it is something else.
    pub(in crate::emulator) fn parse(parameter: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parameter).ok()?).ok()
    }

    /// What Entra writes into the token.
    pub(in crate::emulator) fn confirmation(&self) -> Map<String, Value> {
        let mut cnf = object(json!({ "kid": self.kid }));
        if let Some(place) = &self.xms_ksl {
            cnf.insert("xms_ksl".to_owned(), place.as_str().into());
        }
        object(json!({ "cnf": cnf }))
    }
}
