//! Small rules that several keys share.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};
use url::Url;

use super::error::Fault;
use crate::azure::cloud::Authority;

/// Longest name, audience or claim, in bytes.
const MAX_NAME: usize = 256;

/// Reads a duration such as `60s`, `15m` or `1h 30m`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(|_| {
        D::Error::custom(format!(
            "`{text}` is not a duration; write a number with a unit, such as `60s`, `15m` or `1h`"
        ))
    })
}

/// Reads an address of a listener.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format!(
            "`{text}` is not an address with a port; write it as `127.0.0.1:8443` or `[::]:8443`"
        ))
    })
}

/// A name: not empty, no space at its ends, no control characters, bounded.
pub(super) fn check_name(key: &str, name: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::new(key, "must not be empty"));
    }
    if name.len() > MAX_NAME {
        return Err(Fault::new(key, format!("must have at most {MAX_NAME} bytes")));
    }
    if name.trim() != name || name.chars().any(char::is_control) {
        return Err(Fault::new(
            key,
            format!("`{name}` must not have space at its ends or control characters"),
        ));
    }
    Ok(())
}

/// A list of names, none twice (ASCII case aside).
pub(super) fn check_names(key: &str, names: &[String]) -> Result<(), Fault> {
    for (index, name) in names.iter().enumerate() {
        check_name(key, name)?;
        if names.iter().take(index).any(|earlier| earlier.eq_ignore_ascii_case(name)) {
            return Err(Fault::new(key, format!("names `{name}` twice")));
        }
    }
    Ok(())
}

/// A duration between two bounds, both allowed.
pub(super) fn check_between(
    key: &str,
    value: Duration,
    least: Duration,
    most: Duration,
) -> Result<(), Fault> {
    if value < least || value > most {
        let [value, least, most] = [value, least, most].map(in_words);
        return Err(Fault::new(key, format!("is `{value}`; write `{least}` to `{most}`")));
    }
    Ok(())
}

/// Reads the base address of a token issuer.
pub(super) fn authority<'de, D>(deserializer: D) -> Result<Option<Authority>, D::Error>
where
    D: Deserializer<'de>,
{
    let url = Url::deserialize(deserializer)?;
    Authority::try_from(url).map(Some).map_err(D::Error::custom)
}

/// A base address, if there is one: https, with a host, without user, query or fragment.
pub(super) fn check_base_url(key: &str, url: Option<&Url>) -> Result<(), Fault> {
    let Some(url) = url else { return Ok(()) };
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if url.scheme() != "https" || !url.has_host() || !bare {
        return Err(Fault::new(
            key,
            "must be an address such as `https://login.example.com`, without user, query or \
             fragment",
        ));
    }
    Ok(())
}

/// `1h`, `15m`, `60s`: as it is written in the file.
fn in_words(duration: Duration) -> String {
    match duration.as_secs() {
        0 if !duration.is_zero() => format!("{}ms", duration.as_millis()),
        0 => "0s".to_owned(),
        secs if secs % 3600 == 0 => format!("{}h", secs / 3600),
        secs if secs % 60 == 0 => format!("{}m", secs / 60),
        secs => format!("{secs}s"),
    }
}

/// A path, if there is one: not empty.
pub(super) fn check_path(key: &str, path: Option<&PathBuf>) -> Result<(), Fault> {
    match path {
        Some(path) if path.as_os_str().is_empty() => Err(Fault::new(key, "must not be empty")),
        Some(_) | None => Ok(()),
    }
}
