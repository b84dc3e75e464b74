//! The configuration file.

use std::path::Path;
use std::time::Duration;

use kubentra::config::Config;
use kubentra::config::entra::MAX_CLOCK_SKEW;
use kubentra::config::policy::{MAX_STALENESS, MIN_STALENESS};
use kubentra::review::report;

use super::{NO_TEXT, assert_one_line};

/// A folder that is on no machine: nothing that a file names is there.
const PATH: &str = "/nonexistent/kubentra/config.yaml";

/// Holds the reader of configurations to its laws: a refusal is one line with the place of the fault,
/// and what is accepted is within every bound and can be turned into the services' settings.
pub fn check(input: &[u8]) -> &'static str {
    // What is no text is refused before it gets to the parser.
    let Ok(text) = std::str::from_utf8(input) else { return NO_TEXT };
    let parsed = Config::parse(text, Path::new(PATH));
    let again = Config::parse(text, Path::new(PATH));
    assert_eq!(format!("{parsed:?}"), format!("{again:?}"), "read twice, it is another");
    match parsed {
        Ok(config) => {
            accepted(&config);
            "accepted"
        }
        Err(error) => {
            let message = report(&error);
            assert_one_line(&message, "the error");
            let place = message.strip_prefix(&format!("{PATH}:")).expect("the file is named");
            let mut numbers = place.split(':').map(str::parse::<usize>);
            // Readers of YAML count more than one character as the end of a line.
            let lines = text.chars().filter(|c| !c.is_ascii() || c.is_control()).count() + 2;
            let line = numbers.next().and_then(Result::ok).expect("a line is named");
            assert!((1..=lines).contains(&line), "line {line} of {lines}: {message}");
            let column = numbers.next().and_then(Result::ok).expect("a column is named");
            assert!((1..=text.chars().count() + 1).contains(&column), "{message}");
            "refused"
        }
    }
}

/// The conversions of a start, less those that open files or sockets.
fn accepted(config: &Config) {
    for warning in config.warnings() {
        assert_one_line(&warning, "a warning");
    }
    if let Err(error) = config.check_serve() {
        assert_one_line(&report(&error), "the reason not to serve");
    }
    let authorizer = config.authorizer_settings();
    assert!((MIN_STALENESS..=MAX_STALENESS).contains(&authorizer.max_staleness));
    let key = &authorizer.callers.object_id_extra_key;
    assert!(!key.is_empty() && !key.contains(|c: char| c.is_ascii_uppercase() || c.is_control()));

    let authenticator = config.authenticator_settings();
    assert!(authenticator.clock_skew <= MAX_CLOCK_SKEW);
    assert!(!authenticator.audiences.is_empty() && !authenticator.username_claims.is_empty());
    let trusted = authenticator.trusted_access_audience.as_deref().unwrap_or_default();
    assert!(
        !authenticator.audiences.iter().any(|a| a.eq_ignore_ascii_case(trusted)),
        "`{trusted}` lets everyone in"
    );
    let prefix = authenticator.username_prefix.to_lowercase();
    assert!(!prefix.trim_start().starts_with("system:"), "{prefix:?}");
    assert!(config.pop.validity > Duration::ZERO);

    let keys = config.key_ring_settings();
    assert_eq!(keys.tenant, config.entra.tenant_id);
    assert!(
        keys.cloud.discovery_url(keys.tenant, kubentra::authn::Version::V2).starts_with("https")
    );
    let rules = config.decision_rules();
    assert_eq!(rules.admin_groups, config.policy.admin_groups);

    let policy = &config.policy;
    let paths = [&policy.directory, &policy.operations_file, &config.entra.ca_file];
    for path in paths.into_iter().flatten() {
        assert!(path.is_absolute(), "{}", path.display());
    }
}
