//! The last steps of every text in the form of a JWT: both parts encoded, and the signature over them.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::GeneralPurpose;

use super::super::keys::{Algorithm, SigningKey};
use super::MintError;

/// What signs a token or a request, or stands in for a signature.
pub(super) enum Signer<'a> {
    Key(&'a SigningKey, Algorithm),
    Hmac(&'a str),
    Bytes(Vec<u8>),
}

/// A way to break a signature.
#[derive(Clone, Copy)]
pub(super) enum Harm {
    /// One bit is flipped.
    Flipped,
    /// The second half is missing.
    Halved,
}

impl Signer<'_> {
    /// Signs `header` and `payload`: the three parts of a JWT, to be put together with dots.
    pub(super) fn sign(
        &self,
        header: &str,
        payload: &str,
        harm: Option<Harm>,
        engine: &GeneralPurpose,
    ) -> Result<[String; 3], MintError> {
        let (header, payload) = (engine.encode(header), engine.encode(payload));
        let mut signature = self.signature(format!("{header}.{payload}").as_bytes())?;
        match harm {
            Some(Harm::Flipped) => {
                if let Some(byte) = signature.first_mut() {
                    *byte ^= 1;
                }
            }
            Some(Harm::Halved) => signature.truncate(signature.len() / 2),
            None => {}
        }
        Ok([header, payload, engine.encode(signature)])
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, MintError> {
        Ok(match self {
            Self::Key(key, algorithm) => key.sign_as(*algorithm, message)?,
            Self::Hmac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Self::Bytes(bytes) => bytes.clone(),
        })
    }
}
