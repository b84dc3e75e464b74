//! Tokens: texts as they are, and headers and payloads that are signed here.

mod keys;
mod oracle;
mod proof;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubentra::authn::{
    Audience, Expectations, Groups, GroupsSource, Identity, IdentityRules, Possession,
    ProofExpectations, TokenError, UnverifiedProof, UnverifiedToken, Verdict, VerifiedToken,
};
use kubentra::authz::TenantId;
use kubentra::review::token::TokenReview;
use serde_json::{Value, json};

use super::policy::CLUSTER;
use super::{NO_TEXT, assert_one_line};
use keys::KEYS;
use oracle::Expected;

const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const ISSUERS: [&str; 2] = [
    "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/",
    "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
];
const AUDIENCE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const TRUSTED_ACCESS: &str = "839858a7-cb51-4fcf-ad2f-222fe0d2d0d0";
/// The one managed identity that a binding names.
const TRUSTED_IDENTITY: &str = "/subscriptions/0a/resourceGroups/rg/providers/Microsoft.X/vaults/v";
/// The moment of all checks, in seconds since the Unix epoch.
const NOW: u64 = 1_795_340_000;
const SKEW: u64 = 60;
/// Before every user name.
const PREFIX: &str = "entra:";
/// `pop.validity`, in seconds.
const VALIDITY: u64 = 900;
/// The user of the seeds: a word that no message of ours has.
const NEVER_SHOWN: &str = "kumquat";

/// Everything that was signed with RSA keys that nobody has any more.
const GENUINE: [&str; 7] = [
    include_str!("../seeds/token/bound-token-alone.jwt"),
    include_str!("../seeds/token/genuine-proof.jwt"),
    include_str!("../seeds/token/genuine-v1-user.jwt"),
    include_str!("../seeds/token/genuine-v2-app.jwt"),
    include_str!("../seeds/token/signed-and-expired.jwt"),
    include_str!("../seeds/token/signed-by-system.jwt"),
    include_str!("../seeds/token/signed-for-others.jwt"),
];

/// What became of a token.
struct Outcome {
    verified: Option<VerifiedToken>,
    /// None for a caller whose groups stand elsewhere, which the server answers with HTTP 503.
    verdict: Option<Verdict>,
}

impl Outcome {
    /// What became of it.
    fn word(&self) -> &'static str {
        let proved = self.verified.as_ref().is_some_and(|token| token.proof().is_some());
        match &self.verdict {
            None => "no groups",
            Some(Verdict::Authenticated { .. }) if proved => "authenticated by proof",
            Some(Verdict::Authenticated { .. }) => "authenticated",
            Some(Verdict::NotOurs) => "not ours",
            Some(Verdict::Refused(error)) => error.reason(),
        }
    }
}

/// Holds the verification of tokens to its laws. Input of one line is a token; in input of several
/// the first is a header and the rest a payload, which get a signature;
/// behind a line of three hyphens stand header and payload of a signed request around that token.
///
/// 1. A token that was not signed is never verified: with a signature of nothing it is refused,
///    whatever its content.
/// 2. A signed one authenticates exactly if a second, plain reading of its claims says so, and Kubernetes
///    gets to see what that reading says.
/// 3. The same token at the same time has the same verdict; at its end it is expired.
/// 4. An error is one line without a part of the token.
pub fn check(input: &[u8]) -> &'static str {
    let Ok(text) = std::str::from_utf8(input) else { return NO_TEXT };
    match text.split_once('\n') {
        None => {
            let outcome = judge(text, NOW);
            if outcome.verified.is_some() {
                let signed = signed_part(text);
                assert!(GENUINE.iter().any(|token| signed_part(token) == signed), "forged: {text}");
            }
            check_outcome(text, &outcome);
            outcome.word()
        }
        Some((header, payload)) => match payload.split_once("\n---\n") {
            None => check_content(header, payload),
            Some((payload, wrapper)) => proof::check(header, payload, wrapper),
        },
    }
}

fn check_content(header: &str, payload: &str) -> &'static str {
    let shown = format!("{header} {payload}");
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let unsigned = format!("{message}.{}", URL_SAFE_NO_PAD.encode([1; 64]));
    let outcome = judge(&unsigned, NOW);
    assert!(outcome.verified.is_none(), "verified without a signature: {shown}");
    check_outcome(&unsigned, &outcome);

    let signed = keys::sign(&message);
    let outcome = judge(&signed, NOW);
    check_outcome(&signed, &outcome);
    check_expected(&outcome, oracle::expected(header, payload, None), &shown);
    outcome.word()
}

/// Holds what became of a token against what had to.
fn check_expected(outcome: &Outcome, expected: Expected, shown: &str) {
    match (&outcome.verdict, expected) {
        (Some(Verdict::Authenticated { identity, .. }), Expected::Identity(expected)) => {
            assert_eq!(*identity, expected);
        }
        (Some(Verdict::Authenticated { identity, .. }), Expected::Nobody) => {
            panic!("{identity:?} got in by {shown}")
        }
        (verdict, Expected::Identity(expected)) => {
            panic!("{expected:?} was kept out by {verdict:?}: {shown}")
        }
        (_, Expected::Nobody | Expected::Unknown) => {}
    }
}

/// Header and payload as they are sent.
fn signed_part(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(signed, _)| signed)
}

/// The walk of the server's authenticator, over keys that need not be fetched. That a proof is used
/// once only is the business of its memory.
fn judge(text: &str, now: u64) -> Outcome {
    let not_ours = || Outcome { verified: None, verdict: Some(Verdict::NotOurs) };
    let Some(unverified) = UnverifiedToken::parse(text) else { return not_ours() };
    if let Some(issuer) = issuer_of(&unverified) {
        return judge_as(&unverified, issuer, Possession::Bearer, now);
    }
    let Some(proof) = UnverifiedProof::parse(&unverified) else { return not_ours() };
    let Some(inner) = UnverifiedToken::parse(proof.token()) else { return not_ours() };
    let Some(issuer) = issuer_of(&inner) else { return not_ours() };
    let expected = ProofExpectations {
        cluster: CLUSTER,
        validity: Duration::from_secs(VALIDITY),
        clock_skew: Duration::from_secs(SKEW),
    };
    judge_as(&inner, issuer, Possession::Proof(&proof, expected), now)
}

fn issuer_of(token: &UnverifiedToken<'_>) -> Option<&'static str> {
    ISSUERS.into_iter().find(|ours| token.issuers().any(|name| name == *ours))
}

fn judge_as(
    token: &UnverifiedToken<'_>,
    issuer: &str,
    possession: Possession<'_>,
    now: u64,
) -> Outcome {
    let tenant: TenantId = TENANT.parse().expect("a tenant");
    let claims = ["upn".to_owned(), "oid".to_owned()];
    let expected = Expectations {
        issuer,
        tenant,
        clock_skew: Duration::from_secs(SKEW),
        username_claims: &claims,
        groups: GroupsSource::Token,
        possession,
    };
    let verified = token
        .examine(&expected, Duration::from_secs(now))
        .and_then(|examined| examined.verify(&KEYS));
    match verified {
        Ok(token) => Outcome { verdict: admit(&token), verified: Some(token) },
        Err(error) => Outcome { verified: None, verdict: Some(Verdict::Refused(error)) },
    }
}

fn admit(token: &VerifiedToken) -> Option<Verdict> {
    let claims = token.claims();
    match Audience::of(claims, &[AUDIENCE.to_owned()], Some(TRUSTED_ACCESS)) {
        Audience::Everyone => {}
        Audience::Other => return Some(Verdict::Refused(TokenError::Audience)),
        Audience::TrustedAccess => {
            let identity = claims.managed_identity();
            if identity != Some(TRUSTED_IDENTITY.parse().expect("a scope")) {
                return Some(Verdict::Refused(TokenError::AudienceWithoutBinding));
            }
        }
    }
    let Groups::Listed(groups) = &claims.groups else { return None };
    let rules = IdentityRules { username_prefix: PREFIX, object_id_extra_key: "oid" };
    Some(match Identity::new(claims, groups.clone(), rules) {
        Ok(identity) => Verdict::Authenticated { identity, remembered: false },
        Err(error) => Verdict::Refused(error),
    })
}

/// What holds for every outcome.
fn check_outcome(text: &str, outcome: &Outcome) {
    let again = judge(text, NOW);
    assert_eq!(outcome.verdict, again.verdict, "judged twice");
    if let Some(token) = &outcome.verified {
        let (skew, now) = (Duration::from_secs(SKEW), Duration::from_secs(NOW));
        let remaining = token.remaining(skew, now);
        assert!(!remaining.is_zero() && token.check_time(skew, now).is_ok(), "it is over");
        let end = now.saturating_add(remaining);
        if end < Duration::MAX {
            assert!(token.check_time(skew, end).is_err(), "it goes on");
        }
        assert!(ISSUERS.contains(&token.issuer()));
        assert!(KEYS.contains(token.key()));
    }
    let Some(verdict) = &outcome.verdict else { return };
    let body = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": text},
    });
    let review = TokenReview::parse(body.to_string().as_bytes()).expect("a review");
    assert_eq!(review.token(), text);
    let answer = review.answer(verdict);
    let answer: Value = serde_json::from_slice(&answer).expect("an answer is JSON");
    let authenticated = matches!(verdict, Verdict::Authenticated { .. });
    assert_eq!(answer["status"]["authenticated"], authenticated);
    if let Verdict::Refused(error) = verdict {
        let line = error.to_string();
        assert_one_line(&line, "the error");
        assert!(line.len() < 512, "{line}");
        assert!(!line.contains(NEVER_SHOWN), "{line}");
        assert_eq!(answer["status"]["error"], line);
        assert!(!error.reason().is_empty());
    }
}
