//! Posts reviews over mutual TLS.

use std::time::Duration;

use reqwest::{Certificate, Client, Identity, StatusCode};

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// A client of one server.
#[derive(Clone, Debug)]
pub(crate) struct Poster {
    client: Client,
    base: String,
}

impl Poster {
    /// `identity` is a certificate and its key in PEM.
    pub(crate) fn new(base: &str, identity: &[u8], ca: &[u8]) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .identity(Identity::from_pem(identity).expect("a certificate and a key"))
            .tls_certs_only([Certificate::from_pem(ca).expect("a CA")])
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client");
        Self { client, base: base.trim_end_matches('/').to_owned() }
    }

    pub(crate) async fn post(&self, path: &str, body: Vec<u8>) -> Result<Reply, String> {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.header("content-type", "application/json").body(body);
        let response = request.send().await.map_err(|e| format!("{e:?}"))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|e| format!("{e:?}"))?.to_vec();
        Ok(Reply { status, body })
    }
}
