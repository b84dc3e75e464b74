//! `POST /{tenant}/oauth2[/v2.0]/token`: the grant `client_credentials` with a secret, for bearer tokens
//! and for tokens that are bound to a key of the client (`token_type=pop`).

use std::time::SystemTime;

use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use uuid::Uuid;

use super::super::directory::{Identity, IdentityKind};
use super::super::server::Shared;
use super::super::tokens::{MintRequest, RequestedKey, life, random_bytes, seconds};
use super::Tenant;
use crate::clock::Now;

/// The end of a scope that asks for everything an application has been given.
const DEFAULT_SCOPE: &str = "/.default";
/// `token_type` of a token that is bound to a key.
const POP: &str = "pop";
/// Life in an answer is a second shorter than the token's own.
const EARLIER: u64 = 1;

/// The form of a token request; members of other grants are ignored.
#[derive(Deserialize)]
pub(super) struct TokenForm {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
    token_type: Option<String>,
    req_cnf: Option<String>,
}

/// `POST /{tenant}/oauth2/v2.0/token`: the audience is a scope; numbers are numbers.
pub(super) async fn token_v2(
    State(shared): State<Shared>,
    Path(tenant): Path<String>,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Response, EntraError> {
    let Form(form) = form?;
    let program = authenticate(&shared, &tenant, &form)?;
    let audience = audience(form.scope.as_deref())?;
    let granted = grant(&shared, program, audience, &form)?;
    Ok(answer(&json!({
        "token_type": granted.kind,
        "expires_in": granted.expires_in,
        "ext_expires_in": granted.expires_in,
        "access_token": granted.token,
    })))
}

/// `POST /{tenant}/oauth2/token`: the audience is a resource; numbers are strings.
pub(super) async fn token_v1(
    State(shared): State<Shared>,
    Path(tenant): Path<String>,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Response, EntraError> {
    let Form(form) = form?;
    let program = authenticate(&shared, &tenant, &form)?;
    let resource = form.resource.as_deref().ok_or(EntraError::Missing("resource"))?;
    let granted = grant(&shared, program, resource, &form)?;
    Ok(answer(&json!({
        "token_type": granted.kind,
        "expires_in": granted.expires_in.to_string(),
        "ext_expires_in": granted.expires_in.to_string(),
        "expires_on": (granted.now + granted.expires_in).to_string(),
        "not_before": granted.now.to_string(),
        "resource": resource,
        "access_token": granted.token,
    })))
}

/// Checks grant, client and secret, in that order.
fn authenticate<'a>(
    shared: &'a Shared,
    tenant: &str,
    form: &TokenForm,
) -> Result<&'a Identity, EntraError> {
    let Tenant::One(tenant) = Tenant::find(shared, tenant)? else {
        return Err(EntraError::AnyTenant);
    };
    match form.grant_type.as_deref() {
        None => return Err(EntraError::Missing("grant_type")),
        Some("client_credentials") => {}
        Some(other) => return Err(EntraError::UnsupportedGrant(shorten(other))),
    }
    let client_id = form.client_id.as_deref().ok_or(EntraError::Missing("client_id"))?;
    let unknown = || EntraError::UnknownClient(shorten(client_id), tenant);
    let app_id = client_id.parse::<Uuid>().map_err(|_| unknown())?;
    let program = shared.directory.application(tenant, app_id).ok_or_else(unknown)?;
    let offered = form.client_secret.as_deref().ok_or(EntraError::NoSecret)?;
    match &program.kind {
        IdentityKind::ServicePrincipal { secret: Some(secret), .. } if secret.is(offered) => {
            Ok(program)
        }
        IdentityKind::ServicePrincipal { .. }
        | IdentityKind::ManagedIdentity { .. }
        | IdentityKind::User { .. } => Err(EntraError::WrongSecret(app_id)),
    }
}

/// The audience in a scope parameter: the first scope that ends in `/.default`, without that end.
/// `openid`, `offline_access` and `profile`, which clients add, are ignored.
fn audience(scope: Option<&str>) -> Result<&str, EntraError> {
    let scope = scope.ok_or(EntraError::Missing("scope"))?;
    let mut audiences = scope.split_whitespace().filter_map(|one| one.strip_suffix(DEFAULT_SCOPE));
    let audience = audiences.next().filter(|audience| !audience.is_empty());
    audience.ok_or_else(|| EntraError::InvalidScope(shorten(scope)))
}

struct Granted {
    /// The `token_type` of the answer.
    kind: &'static str,
    token: String,
    expires_in: u64,
    now: u64,
}

fn grant(
    shared: &Shared,
    program: &Identity,
    audience: &str,
    form: &TokenForm,
) -> Result<Granted, EntraError> {
    let now = Now::read();
    let mut request = MintRequest::new(&program.id.to_string()).audience(audience);
    let kind = match form.token_type.as_deref() {
        Some(POP) => {
            let key = form.req_cnf.as_deref().ok_or(EntraError::Missing("req_cnf"))?;
            let key = RequestedKey::parse(key).ok_or(EntraError::InvalidKey)?;
            request.claims.extend(key.confirmation());
            POP
        }
        Some(_) | None => "Bearer",
    };
    let token = shared.mint(&request, now).map_err(|_| EntraError::Server)?;
    let expires_in = life(program).as_secs().saturating_sub(EARLIER);
    Ok(Granted { kind, token, expires_in, now: seconds(now.wall) })
}

/// An answer that no cache may keep.
fn answer(body: &Value) -> Response {
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Of what a caller sent, errors repeat the beginning only.
fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

/// An error of Entra: an OAuth code for programs, an AADSTS number and words for people.
#[derive(Debug, Error)]
pub(super) enum EntraError {
    #[error("Tenant not found. Check to make sure you have the correct tenant ID.")]
    UnknownTenant,
    #[error("A tenant id is needed for this grant, not a name that stands for any tenant.")]
    AnyTenant,
    #[error("The request body must contain the following parameter: '{0}'.")]
    Missing(&'static str),
    #[error("The request body is not a form.")]
    NotAForm(#[from] FormRejection),
    #[error("The app requested an unsupported grant type '{0}'.")]
    UnsupportedGrant(String),
    #[error("Application with identifier '{0}' was not found in the directory '{1}'.")]
    UnknownClient(String, Uuid),
    #[error("A client secret is required for the 'client_credentials' grant type.")]
    NoSecret,
    #[error("Invalid client secret provided for the app '{0}'.")]
    WrongSecret(Uuid),
    #[error("The provided value for scope {0} is not valid: it must end in /.default.")]
    InvalidScope(String),
    #[error("The value of 'req_cnf' is not a key: it must be JSON with 'kid' in base64url.")]
    InvalidKey,
    #[error("The emulator cannot sign.")]
    Server,
}

impl EntraError {
    /// HTTP status, OAuth error and AADSTS number.
    fn codes(&self) -> (StatusCode, &'static str, u32) {
        match self {
            Self::UnknownTenant => (StatusCode::BAD_REQUEST, "invalid_request", 90_002),
            Self::AnyTenant => (StatusCode::BAD_REQUEST, "invalid_request", 50_059),
            Self::Missing(_) => (StatusCode::BAD_REQUEST, "invalid_request", 900_144),
            Self::NotAForm(_) | Self::InvalidKey => {
                (StatusCode::BAD_REQUEST, "invalid_request", 900_144)
            }
            Self::UnsupportedGrant(_) => {
                (StatusCode::BAD_REQUEST, "unsupported_grant_type", 70_003)
            }
            Self::UnknownClient(..) => (StatusCode::BAD_REQUEST, "unauthorized_client", 700_016),
            Self::NoSecret => (StatusCode::UNAUTHORIZED, "invalid_client", 7_000_216),
            Self::WrongSecret(_) => (StatusCode::UNAUTHORIZED, "invalid_client", 7_000_215),
            Self::InvalidScope(_) => (StatusCode::BAD_REQUEST, "invalid_scope", 1_002_012),
            Self::Server => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", 90_033),
        }
    }
}

impl IntoResponse for EntraError {
    fn into_response(self) -> Response {
        let (status, error, number) = self.codes();
        let (time, trace, correlation) = (timestamp(Now::read().wall), random_id(), random_id());
        let ids = format!("Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}");
        let body = json!({
            "error": error,
            "error_description": format!("AADSTS{number}: {self} {ids}"),
            "error_codes": [number],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
        });
        (status, Json(body)).into_response()
    }
}

fn random_id() -> Uuid {
    uuid::Builder::from_random_bytes(random_bytes()).into_uuid()
}

/// In Entra's form: `2026-11-22 14:59:03Z`.
fn timestamp(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
