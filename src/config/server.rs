//! `server`: the two listeners and the webhook's certificates.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

use super::error::Fault;
use super::text;

/// Listeners and certificates.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ServerConfig {
    /// Address of the webhook (TLS). Port 0 takes any free one. Default: `127.0.0.1:8443`.
    #[serde(deserialize_with = "text::address")]
    pub listen: SocketAddr,
    /// Address of health and metrics (plain HTTP). Port 0 takes any free one. Default:
    /// `127.0.0.1:8080`.
    #[serde(deserialize_with = "text::address")]
    pub admin_listen: SocketAddr,
    /// Certificates of the webhook. Commands other than `serve` do without.
    pub tls: Option<TlsConfig>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let local = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        Self { listen: local(8443), admin_listen: local(8080), tls: None }
    }
}

/// Certificates of the webhook. All files are read again when their content changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TlsConfig {
    /// PEM: the server's certificate, then the intermediate ones.
    pub certificate_file: PathBuf,
    /// PEM: the key of the first certificate.
    pub private_key_file: PathBuf,
    /// PEM: one or more authorities; a client certificate must lead to one of them.
    pub client_ca_file: Option<PathBuf>,
    /// Default: [`ClientAuth::Required`].
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// Who may call, by common name or DNS name of the client certificate; empty: whoever has a
    /// certificate of `clientCaFile`.
    #[serde(default)]
    pub client_names: Vec<String>,
}

/// Whether callers must show a certificate.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum ClientAuth {
    /// No connection without a certificate that leads to `clientCaFile`.
    #[default]
    Required,
    /// No certificate is asked for.
    None,
}

impl ClientAuth {
    /// As the configuration file writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::None => "none",
        }
    }
}

impl ServerConfig {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let Self { listen, admin_listen, tls } = self;
        let same_ip = listen.ip() == admin_listen.ip()
            || listen.ip().is_unspecified()
            || admin_listen.ip().is_unspecified();
        if same_ip && listen.port() == admin_listen.port() && listen.port() != 0 {
            return Err(Fault::new(
                "server.adminListen",
                format!("`{admin_listen}` takes the port of `server.listen` `{listen}`"),
            ));
        }
        tls.as_ref().map_or(Ok(()), TlsConfig::check)
    }
}

impl TlsConfig {
    fn check(&self) -> Result<(), Fault> {
        for (key, path) in [
            ("server.tls.certificateFile", Some(&self.certificate_file)),
            ("server.tls.privateKeyFile", Some(&self.private_key_file)),
            ("server.tls.clientCaFile", self.client_ca_file.as_ref()),
        ] {
            text::check_path(key, path)?;
        }
        text::check_names("server.tls.clientNames", &self.client_names)?;
        match self.client_auth {
            ClientAuth::Required if self.client_ca_file.is_none() => Err(Fault::new(
                "server.tls",
                "needs `clientCaFile`, the authority of the API server's client certificate; \
                 `clientAuth: none` lets anyone in",
            )),
            ClientAuth::None if !self.client_names.is_empty() => Err(Fault::new(
                "server.tls.clientNames",
                "has no effect with `clientAuth: none`; leave one of them out",
            )),
            ClientAuth::Required | ClientAuth::None => Ok(()),
        }
    }

    /// The authorities that client certificates are checked with; none: they are not checked.
    #[must_use]
    pub fn checked_client_ca(&self) -> Option<&PathBuf> {
        match self.client_auth {
            ClientAuth::Required => self.client_ca_file.as_ref(),
            ClientAuth::None => None,
        }
    }

    /// Every path, to be counted from the configuration file.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.certificate_file, &mut self.private_key_file]
            .into_iter()
            .chain(self.client_ca_file.iter_mut())
    }
}
