//! The Azure clouds: where each publishes its issuers' documents, and what the issuers are called.

use thiserror::Error;
use url::Url;

use crate::authn::Version;
use crate::authz::principal::TenantId;

/// An Azure cloud.
///
/// Names as Microsoft's documentation of national clouds and of access tokens gives them. The v1
/// issuer of the US Government cloud is the public one's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cloud {
    /// Azure operated by 21Vianet in China.
    China,
    /// Azure Stack, or an emulator: whatever its discovery documents say.
    Custom(Authority),
    /// Azure.
    Public,
    /// Azure Government of the United States.
    UsGovernment,
}

/// The base address of a custom cloud's token authority: `https`, without user, query or fragment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authority(Url);

/// Why an address is not an [`Authority`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum InvalidAuthority {
    /// It has more than scheme, host, port and path.
    #[error("authority `{0}` must have no user, query or fragment")]
    Decorated(Url),
    /// Keys fetched without TLS prove nothing.
    #[error("authority `{0}` must begin with `https://`")]
    NotHttps(Url),
}

impl TryFrom<Url> for Authority {
    type Error = InvalidAuthority;

    fn try_from(url: Url) -> Result<Self, Self::Error> {
        if url.scheme() != "https" {
            return Err(InvalidAuthority::NotHttps(url));
        }
        let is_decorated = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if is_decorated { Err(InvalidAuthority::Decorated(url)) } else { Ok(Self(url)) }
    }
}

impl Cloud {
    /// The issuer of this tenant's tokens, where it is fixed; `None` for a custom cloud, whose
    /// discovery documents name it (semantics §11.1).
    pub fn issuer(&self, tenant: TenantId, version: Version) -> Option<String> {
        let (v1, v2) = match self {
            Self::China => ("sts.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
            Self::Custom(_) => return None,
            Self::Public => ("sts.windows.net", "login.microsoftonline.com"),
            Self::UsGovernment => ("sts.windows.net", "login.microsoftonline.us"),
        };
        Some(match version {
            Version::V1 => format!("https://{v1}/{tenant}/"),
            Version::V2 => format!("https://{v2}/{tenant}/v2.0"),
        })
    }

    /// The address of a tenant's discovery document.
    pub fn discovery_url(&self, tenant: TenantId, version: Version) -> String {
        let authority = match self {
            Self::China => "https://login.partner.microsoftonline.cn",
            Self::Custom(authority) => authority.0.as_str().trim_end_matches('/'),
            Self::Public => "https://login.microsoftonline.com",
            Self::UsGovernment => "https://login.microsoftonline.us",
        };
        let version = match version {
            Version::V1 => "",
            Version::V2 => "/v2.0",
        };
        format!("{authority}/{tenant}{version}/.well-known/openid-configuration")
    }

    /// Says if keys may be fetched from `url`: over HTTPS, from a login host of this cloud, or from
    /// the very origin of a custom cloud's authority.
    pub fn may_serve_keys(&self, url: &Url) -> bool {
        let hosts: &[&str] = match self {
            Self::China => &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
            Self::Custom(authority) => return url.origin() == authority.0.origin(),
            Self::Public => &["login.microsoftonline.com", "login.windows.net"],
            Self::UsGovernment => &["login.microsoftonline.us"],
        };
        url.scheme() == "https"
            && url.port().is_none()
            && url.host_str().is_some_and(|host| hosts.contains(&host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(url: &str) -> Cloud {
        Cloud::Custom(Authority::try_from(Url::parse(url).unwrap()).unwrap())
    }

    fn tenant() -> TenantId {
        "AAAABBBB-0000-cccc-1111-dddd2222eeee".parse().unwrap()
    }

    #[test]
    fn every_cloud_has_its_issuers_and_documents() {
        let mut table = String::new();
        for cloud in [
            Cloud::Public,
            Cloud::UsGovernment,
            Cloud::China,
            custom("https://login.example.test:8443/adfs/"),
        ] {
            for version in [Version::V1, Version::V2] {
                let issuer = cloud.issuer(tenant(), version).unwrap_or_else(|| "-".to_owned());
                table
                    .push_str(&format!("{}\n  {issuer}\n", cloud.discovery_url(tenant(), version)));
            }
        }
        insta::assert_snapshot!(table, @r"
        https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/.well-known/openid-configuration
          https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/
        https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0/.well-known/openid-configuration
          https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0
        https://login.microsoftonline.us/aaaabbbb-0000-cccc-1111-dddd2222eeee/.well-known/openid-configuration
          https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/
        https://login.microsoftonline.us/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0/.well-known/openid-configuration
          https://login.microsoftonline.us/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0
        https://login.partner.microsoftonline.cn/aaaabbbb-0000-cccc-1111-dddd2222eeee/.well-known/openid-configuration
          https://sts.chinacloudapi.cn/aaaabbbb-0000-cccc-1111-dddd2222eeee/
        https://login.partner.microsoftonline.cn/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0/.well-known/openid-configuration
          https://login.partner.microsoftonline.cn/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0
        https://login.example.test:8443/adfs/aaaabbbb-0000-cccc-1111-dddd2222eeee/.well-known/openid-configuration
          -
        https://login.example.test:8443/adfs/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0/.well-known/openid-configuration
          -
        ");
    }

    #[test]
    fn keys_come_from_the_clouds_own_hosts_only() {
        let own = custom("https://login.example.test:8443/adfs");
        #[rustfmt::skip]
        let cases = [
            // (cloud,             url,                                            expected, why)
            (&Cloud::Public,       "https://login.microsoftonline.com/x/keys",     true,  "its login host"),
            (&Cloud::Public,       "https://LOGIN.microsoftonline.com/x/keys",     true,  "hosts have no case"),
            (&Cloud::Public,       "https://login.microsoftonline.com:444/x/keys", false, "another port"),
            (&Cloud::Public,       "http://login.microsoftonline.com/x/keys",      false, "no TLS"),
            (&Cloud::Public,       "https://login.microsoftonline.us/x/keys",      false, "another cloud"),
            (&Cloud::Public,       "https://login.microsoftonline.com.evil.test/", false, "a longer name"),
            (&Cloud::Public,       "https://login.microsoftonline.com@evil.test/", false, "a user name"),
            (&Cloud::China,        "https://login.chinacloudapi.cn/x/keys",        true,  "its older host"),
            (&own,                 "https://login.example.test:8443/other/keys",   true,  "the same origin"),
            (&own,                 "https://login.example.test/adfs/keys",         false, "another port"),
            (&own,                 "http://login.example.test:8443/adfs/keys",     false, "no TLS"),
            (&own,                 "https://login.microsoftonline.com/x/keys",     false, "another host"),
        ];
        for (cloud, url, expected, why) in cases {
            let url = Url::parse(url).unwrap();
            assert_eq!(cloud.may_serve_keys(&url), expected, "{why}: {url} for {cloud:?}");
        }
    }

    #[test]
    fn an_authority_is_a_bare_https_address() {
        for url in [
            "http://login.example.test/",
            "https://user@login.example.test/",
            "https://login.example.test/?x",
            "https://login.example.test/#x",
            "file:///etc/passwd",
        ] {
            assert!(Authority::try_from(Url::parse(url).unwrap()).is_err(), "{url}");
        }
    }
}
