//! The HTTPS listener: Entra's endpoints, which faults can strike, and the control endpoints.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;
use tower_http::catch_panic::CatchPanicLayer;

use super::directory::Directory;
use super::entra;
use super::faults::{self, AddFaultError, Fault, Faults};
use super::keys::{Algorithm, KeySet, MakeKeyError, SigningKey};
use super::tokens::{Mint, MintError, MintRequest};
use crate::clock::Now;

/// Bytes of a request body at most.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;

/// What all requests share. Clones are the same emulator.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    /// `https://host:port` without a slash at the end.
    pub(super) authority: Arc<str>,
    pub(super) directory: Arc<Directory>,
    keys: Arc<RwLock<KeySet>>,
    pub(super) faults: Faults,
}

impl Shared {
    pub(super) fn new(authority: &str, directory: Directory, keys: KeySet) -> Self {
        Self {
            authority: authority.into(),
            directory: Arc::new(directory),
            keys: Arc::new(RwLock::new(keys)),
            faults: Faults::default(),
        }
    }

    pub(super) fn keys(&self) -> RwLockReadGuard<'_, KeySet> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mint(&self, request: &MintRequest, now: Now) -> Result<String, MintError> {
        let (authority, directory) = (&*self.authority, &*self.directory);
        Mint { authority, directory, keys: &self.keys(), now: now.wall }.mint(request)
    }

    /// Makes a key, outside the lock, and puts it in use. Returns its id.
    pub(super) fn rotate(&self, rotation: Rotation, now: Now) -> Result<String, MakeKeyError> {
        let key = SigningKey::generate(rotation.algorithm, now.wall)?;
        let id = key.id().to_owned();
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.rotate(key, rotation.keep_old);
        Ok(id)
    }
}

/// How to rotate: the body of `POST /_emulator/keys/rotate`, which may be empty.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Rotation {
    /// Whether the previous keys stay in the key set; true by default.
    pub keep_old: bool,
    /// What the new key signs with; RS256 by default.
    pub algorithm: Algorithm,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { keep_old: true, algorithm: Algorithm::Rs256 }
    }
}

/// All routes. Bodies of control calls are JSON whatever their Content-Type. Faults strike everything but the control paths.
pub(super) fn router(shared: Shared) -> Router {
    let control = Router::new()
        .route("/_emulator/tokens", post(mint))
        .route("/_emulator/keys/rotate", post(rotate))
        .route("/_emulator/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/_emulator/requests", get(requests));
    entra::routes()
        .layer(from_fn_with_state(shared.faults.clone(), faults::strike))
        .merge(control)
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .layer(CatchPanicLayer::new())
        .with_state(shared)
}

/// `POST /_emulator/tokens`: mints one token, good or bad.
async fn mint(State(shared): State<Shared>, body: Bytes) -> Result<Response, ControlError> {
    let token = shared.mint(&serde_json::from_slice(&body)?, Now::read())?;
    Ok(Json(json!({ "token": token })).into_response())
}

/// `POST /_emulator/keys/rotate`: a new key signs from now on.
async fn rotate(State(shared): State<Shared>, body: Bytes) -> Result<Response, ControlError> {
    let rotation = match &*body {
        [] => Rotation::default(),
        body => serde_json::from_slice(body)?,
    };
    let kid = shared.rotate(rotation, Now::read())?;
    Ok(Json(json!({ "kid": kid })).into_response())
}

/// `POST /_emulator/faults`: puts one fault in force.
async fn add_fault(State(shared): State<Shared>, body: Bytes) -> Result<StatusCode, ControlError> {
    shared.faults.add(serde_json::from_slice(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /_emulator/faults`: those in force.
async fn list_faults(State(shared): State<Shared>) -> Json<Vec<Fault>> {
    Json(shared.faults.list())
}

/// `DELETE /_emulator/faults`: ends all.
async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.faults.clear();
    StatusCode::NO_CONTENT
}

/// `GET /_emulator/requests`: how often each path was asked for.
async fn requests(State(shared): State<Shared>) -> Json<BTreeMap<String, u64>> {
    Json(shared.faults.counts())
}

/// Why a control call failed: 400, or 500 when signing fails. The body is `{"error": words}`.
#[derive(Debug, Error)]
enum ControlError {
    #[error("the body is not what this call wants: {0}")]
    Body(#[from] serde_json::Error),
    #[error(transparent)]
    Mint(#[from] MintError),
    #[error(transparent)]
    Key(#[from] MakeKeyError),
    #[error(transparent)]
    Fault(#[from] AddFaultError),
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Body(_) | Self::Mint(MintError::Identity(_)) | Self::Fault(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Mint(_) | Self::Key(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}
