//! What a token shall be like.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AKS_SERVER_APP, Flaw, PopRequest};

/// What to mint: the body of `POST /_emulator/tokens`.
///
/// ```
/// use kubentra::emulator::{Flaw, MintRequest, TokenVersion};
///
/// let request = MintRequest::new("alice").version(TokenVersion::V2).claim("upn", "alice@contoso.example");
/// let expired = MintRequest::new("alice").flaw(Flaw::Expired);
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MintRequest {
    /// Object id, name, UPN or client id of a user or program in the directory.
    pub identity: String,
    /// `aud`; by default the AKS server application.
    #[serde(default = "aks_server_app")]
    pub audience: String,
    /// Shape of the token; AKS gets `1.0`.
    #[serde(default)]
    pub version: TokenVersion,
    /// Claims laid over the honest ones (and over the flaw); `null` deletes a claim.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// Header members laid over the honest ones; `null` deletes one.
    #[serde(default)]
    pub header: Map<String, Value>,
    /// A way in which to break the token.
    #[serde(default)]
    pub flaw: Option<Flaw>,
    /// Binds the token to a client's key and wraps it, as kubelogin does: what comes out is the signed
    /// request, with the token inside.
    #[serde(default)]
    pub pop: Option<PopRequest>,
}

fn aks_server_app() -> String {
    AKS_SERVER_APP.to_owned()
}

/// Version of a token: `1.0` or `2.0`, also read as `v1` and `v2`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum TokenVersion {
    /// Issued by `{authority}/{tenant}/`.
    #[default]
    #[serde(rename = "1.0", alias = "v1", alias = "1")]
    V1,
    /// Issued by `{authority}/{tenant}/v2.0`.
    #[serde(rename = "2.0", alias = "v2", alias = "2")]
    V2,
}

impl MintRequest {
    /// An honest v1.0 token of `identity` for the AKS server application.
    pub fn new(identity: &str) -> Self {
        Self {
            identity: identity.to_owned(),
            audience: aks_server_app(),
            version: TokenVersion::V1,
            claims: Map::new(),
            header: Map::new(),
            flaw: None,
            pop: None,
        }
    }

    /// For this audience.
    #[must_use]
    pub fn audience(self, audience: &str) -> Self {
        Self { audience: audience.to_owned(), ..self }
    }

    /// Of this version.
    #[must_use]
    pub fn version(self, version: TokenVersion) -> Self {
        Self { version, ..self }
    }

    /// With this claim, or without it if `value` is null.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// With this header member, or without it if `value` is null.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Broken in this way.
    #[must_use]
    pub fn flaw(self, flaw: Flaw) -> Self {
        Self { flaw: Some(flaw), ..self }
    }

    /// Inside of this signed request.
    #[must_use]
    pub fn pop(self, pop: PopRequest) -> Self {
        Self { pop: Some(pop), ..self }
    }
}
