//! What stays known of a token once it is verified.

use std::time::Duration;

use super::super::testing::{NOW, V1_ISSUER, own};
use super::super::*;
use super::{SKEW, expectations, keys};

const EXPIRES: Duration = Duration::from_secs(NOW + 3600);

fn verified() -> VerifiedToken {
    let token = own().mint(|_, _| ());
    let claims = ["upn".to_owned()];
    let expected = expectations(&claims, Possession::Bearer);
    let unverified = UnverifiedToken::parse(&token).unwrap();
    let examined = unverified.examine(&expected, Duration::from_secs(NOW)).unwrap();
    assert_eq!(examined.kid(), own().kid, "which key is asked for");
    examined.verify(&keys()).unwrap()
}

#[test]
fn a_verified_token_names_its_issuer_and_the_key_that_signed_it() {
    let token = verified();
    assert_eq!(token.issuer(), V1_ISSUER);
    assert_eq!(*token.key(), own().key(Algorithm::Rs256, None));
    assert_eq!(token.claims().username, "alice@contoso.example");
}

#[test]
fn a_verified_token_ends_when_its_time_and_the_skew_are_over() {
    let token = verified();
    let second = Duration::from_secs(1);
    let end = EXPIRES + SKEW;
    #[rustfmt::skip]
    let cases = [
        // (at,            remaining,    outcome,       why)
        (EXPIRES,          SKEW,          "ok",           "the skew is left"),
        (end - second,     second,        "ok",           "the last second"),
        (end,              Duration::ZERO, "expired",     "`exp` + skew is too late (semantics §11.4)"),
        (end + second,     Duration::ZERO, "expired",     "later"),
        (Duration::ZERO,   end,           "not_yet_valid", "a clock that was set back"),
    ];
    for (now, remaining, expected, why) in cases {
        assert_eq!(token.remaining(SKEW, now), remaining, "{why}");
        let outcome = token.check_time(SKEW, now).map_or_else(|error| error.reason(), |()| "ok");
        assert_eq!(outcome, expected, "{why}");
    }
}
