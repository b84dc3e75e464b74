//! The webhook's name, as certificates and URLs write it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls_pki_types::ServerName;
use thiserror::Error;

/// Name or address at which the API server reaches the webhook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Host(pub(super) ServerName<'static>);

/// Why a string is no [`Host`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{0}` is neither a DNS name nor an IP address; write it without scheme and port")]
pub struct ParseHostError(String);

impl FromStr for Host {
    type Err = ParseHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ServerName::try_from(text.to_owned()).map(Self).map_err(|_| ParseHostError(text.to_owned()))
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self(ServerName::IpAddress(address.into()))
    }
}

impl fmt::Display for Host {
    /// As a certificate names it, so an IPv6 address without brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ServerName::IpAddress(address) = &self.0 {
            return IpAddr::from(*address).fmt(f);
        }
        f.write_str(&self.0.to_str())
    }
}

impl Host {
    /// As a URL names it: an IPv6 address in brackets.
    pub fn in_url(&self) -> String {
        if let ServerName::IpAddress(rustls_pki_types::IpAddr::V6(_)) = &self.0 {
            return format!("[{self}]");
        }
        self.to_string()
    }
}
