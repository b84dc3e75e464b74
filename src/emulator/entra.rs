//! What Entra serves: discovery documents, key sets and the token endpoint.
//!
//! Shapes follow recorded answers; only what the emulator serves is announced. Further grants
//! (client assertions, device code, codes with PKCE) and Graph and ARM find their place beside
//! [`token_endpoint`].

mod token_endpoint;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use uuid::Uuid;

use self::token_endpoint::EntraError;
use super::server::Shared;
use super::tokens::{TokenVersion, issuer};

/// The tenant names that stand for any tenant: their issuers hold a literal `{tenantid}`.
const ANY_TENANT: [&str; 2] = ["common", "organizations"];
/// What stands for the tenant in the issuer of a key, and of any-tenant documents.
const TENANT_ID: &str = "{tenantid}";

/// The routes of the authority.
pub(super) fn routes() -> axum::Router<Shared> {
    axum::Router::new()
        .route("/{tenant}/.well-known/openid-configuration", get(discovery_v1))
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery_v2))
        .route("/{tenant}/discovery/keys", get(keys_v1))
        .route("/{tenant}/discovery/v2.0/keys", get(keys_v2))
        .route("/{tenant}/oauth2/token", post(token_endpoint::token_v1))
        .route("/{tenant}/oauth2/v2.0/token", post(token_endpoint::token_v2))
}

/// A tenant as the path names it.
enum Tenant {
    Any(String),
    One(Uuid),
}

impl Tenant {
    fn find(shared: &Shared, name: &str) -> Result<Self, EntraError> {
        if ANY_TENANT.contains(&name) {
            return Ok(Self::Any(name.to_owned()));
        }
        let known = |id: &Uuid| shared.directory.tenants().contains(id);
        name.parse().ok().filter(known).map(Self::One).ok_or(EntraError::UnknownTenant)
    }

    /// In a path.
    fn name(&self) -> String {
        match self {
            Self::Any(name) => name.clone(),
            Self::One(id) => id.to_string(),
        }
    }

    /// In an issuer.
    fn in_issuer(&self) -> String {
        match self {
            Self::Any(_) => TENANT_ID.to_owned(),
            Self::One(id) => id.to_string(),
        }
    }
}

/// `GET /{tenant}/.well-known/openid-configuration`
async fn discovery_v1(State(shared): State<Shared>, Path(tenant): Path<String>) -> Response {
    discovery(&shared, &tenant, TokenVersion::V1)
}

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`
async fn discovery_v2(State(shared): State<Shared>, Path(tenant): Path<String>) -> Response {
    discovery(&shared, &tenant, TokenVersion::V2)
}

/// `GET /{tenant}/discovery/keys`
async fn keys_v1(State(shared): State<Shared>, Path(tenant): Path<String>) -> Response {
    keys(&shared, &tenant, TokenVersion::V1)
}

/// `GET /{tenant}/discovery/v2.0/keys`
async fn keys_v2(State(shared): State<Shared>, Path(tenant): Path<String>) -> Response {
    keys(&shared, &tenant, TokenVersion::V2)
}

fn discovery(shared: &Shared, tenant: &str, version: TokenVersion) -> Response {
    match Tenant::find(shared, tenant) {
        Ok(tenant) => Json(document(&shared.authority, &tenant, version)).into_response(),
        Err(error) => error.into_response(),
    }
}

/// A discovery document. Its issuer, like every address in it, has the authority's own host and
/// port: MSAL refuses others.
fn document(authority: &str, tenant: &Tenant, version: TokenVersion) -> Value {
    let base = format!("{authority}/{}", tenant.name());
    let (segment, scopes) = match version {
        TokenVersion::V1 => ("", json!(["openid"])),
        TokenVersion::V2 => ("/v2.0", json!(["openid", "profile", "email", "offline_access"])),
    };
    json!({
        "issuer": issuer(authority, tenant.in_issuer(), version),
        "authorization_endpoint": format!("{base}/oauth2{segment}/authorize"),
        "token_endpoint": format!("{base}/oauth2{segment}/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "jwks_uri": format!("{base}/discovery{segment}/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": scopes,
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name",
            "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr",
            "nonce", "preferred_username", "name", "tid", "ver",
        ],
        "tenant_region_scope": "WW",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    })
}

fn keys(shared: &Shared, tenant: &str, version: TokenVersion) -> Response {
    if let Err(error) = Tenant::find(shared, tenant) {
        return error.into_response();
    }
    let issuer = issuer(&shared.authority, TENANT_ID, version);
    let keys: Vec<Value> = shared.keys().published().map(|key| key.jwk(&issuer)).collect();
    Json(json!({ "keys": keys })).into_response()
}
