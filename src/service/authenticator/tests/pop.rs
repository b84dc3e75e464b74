//! Signed requests around tokens (semantics §11.8): one login seen often, replays, and what is judged
//! anew.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::authn::Proof;
use crate::authn::testing::{ALICE, CLUSTER, bind, callers};
use crate::authz::{ObjectId, ProvisioningState};

const VALIDITY: u64 = 900;

fn bench() -> Bench {
    Bench::with(|settings| {
        let validity = Duration::from_secs(VALIDITY);
        settings.pop = Some(PopSettings { cluster: CLUSTER.to_owned(), required: false, validity });
    })
}

/// A token bound to the caller's key.
fn bound(edit: impl FnOnce(&mut Value)) -> String {
    mint(|payload| {
        bind(payload);
        edit(payload);
    })
}

fn wrap(token: &str) -> String {
    callers().wrap(token, |_, _| ())
}

/// Another request with the same nonce, made some seconds later.
fn wrap_again(token: &str, seconds: u64) -> String {
    callers().wrap(token, |_, payload| payload["ts"] = json!(NOW + seconds))
}

#[tokio::test]
async fn the_same_request_is_the_same_login_until_it_ends() {
    let bench = bench();
    let request = wrap(&bound(|_| ()));
    assert_eq!(bench.outcome(&request, bench.start).await, "verified");
    #[rustfmt::skip]
    let cases = [
        (0,   "remembered", "a second API server"),
        (899, "remembered", "the last second, though the token is good for longer"),
        (900, "proof_time", "its end, which has no leeway"),
        (10,  "remembered", "a clock that was set back"),
    ];
    for (seconds, expected, why) in cases {
        assert_eq!(bench.outcome(&request, bench.after(seconds)).await, expected, "{why}");
    }
    // As after ten minutes, when the verified token is forgotten but the proof is not.
    bench.authenticator.remembered.invalidate_all();
    assert_eq!(bench.outcome(&request, bench.after(700)).await, "verified");
}

#[tokio::test]
async fn a_request_ends_with_its_token() {
    let bench = bench();
    let request = wrap(&bound(|payload| payload["exp"] = json!(NOW + 100)));
    assert_eq!(bench.outcome(&request, bench.start).await, "verified");
    assert_eq!(bench.outcome(&request, bench.after(159)).await, "remembered");
    assert_eq!(bench.outcome(&request, bench.after(160)).await, "expired");
}

#[tokio::test]
async fn another_request_with_a_used_nonce_is_refused() {
    let bench = bench();
    let token = bound(|_| ());
    let (first, second) = (wrap(&token), wrap_again(&token, 30));
    assert_eq!(bench.outcome(&first, bench.start).await, "verified");
    assert_eq!(bench.outcome(&second, bench.start).await, "proof_replayed");
    assert_eq!(bench.outcome(&second, bench.start).await, "proof_replayed", "nor the next time");
    assert_eq!(bench.outcome(&first, bench.start).await, "remembered", "the first goes on");
    assert_eq!(bench.outcome(&second, bench.after(901)).await, "proof_replayed", "also after it");
    let other = wrap(&bound(|payload| payload["uti"] = json!("another")));
    assert_eq!(bench.outcome(&other, bench.start).await, "proof_replayed", "around another token");
    let fresh = callers().wrap(&token, |_, payload| payload["nonce"] = json!("fresh"));
    assert_eq!(bench.outcome(&fresh, bench.start).await, "verified", "a nonce of its own");
}

#[tokio::test]
async fn only_who_gets_in_is_noted() {
    let bench = bench();
    let token = bound(|_| ());
    let elsewhere = wrap(&bound(|payload| payload["aud"] = json!("another")));
    let reserved = wrap(&bound(|payload| payload["upn"] = json!("system:admin")));
    let early = wrap_again(&token, 61);
    let forged = {
        let good = wrap(&token);
        format!("{}.AAAA", good.rsplit_once('.').unwrap().0)
    };
    #[rustfmt::skip]
    let cases = [
        (elsewhere, "audience"),
        (reserved,  "username"),
        (early,     "proof_time"),
        (forged,    "proof_signature"),
    ];
    for (request, expected) in cases {
        for _ in 0..2 {
            assert_eq!(bench.outcome(&request, bench.start).await, expected);
        }
    }
    assert_eq!(bench.outcome(&wrap(&token), bench.start).await, "verified", "its nonce is unused");
}

#[tokio::test]
async fn a_bound_token_alone_is_refused_and_a_bearer_token_is_not() {
    for (bench, read) in [(bench(), "verified"), (Bench::new(), "not ours")] {
        let token = bound(|_| ());
        assert_eq!(bench.outcome(&token, bench.start).await, "key_bound");
        assert_eq!(bench.outcome(&wrap(&token), bench.start).await, read);
        assert_eq!(bench.outcome(&token, bench.start).await, "key_bound", "also after its request");
        assert_eq!(bench.outcome(&mint(|_| ()), bench.start).await, "verified", "a bearer token");
    }
}

#[tokio::test]
async fn bearer_tokens_are_refused_where_a_proof_is_required() {
    let bench = Bench::with(|settings| {
        let validity = Duration::from_secs(VALIDITY);
        settings.pop = Some(PopSettings { cluster: CLUSTER.to_owned(), required: true, validity });
    });
    bench.publish(vec![binding(ProvisioningState::Succeeded)]);
    let service = mint(|payload| {
        payload["aud"] = json!(TRUSTED);
        payload["xms_mirid"] = json!(VAULT);
    });
    #[rustfmt::skip]
    let cases = [
        (mint(|_| ()),         "proof_required", "a bearer token"),
        (mint(|_| ()),         "proof_required", "remembered or not"),
        (wrap(&bound(|_| ())), "verified",       "a signed request"),
        (bound(|_| ()),        "key_bound",      "a bound token alone"),
        (service,              "verified",       "an Azure service, which cannot sign"),
        (mint(|payload| payload["aud"] = json!("another")), "audience", "not for this cluster"),
    ];
    for (token, expected, why) in cases {
        assert_eq!(bench.outcome(&token, bench.start).await, expected, "{why}");
    }
}

#[tokio::test]
async fn a_request_around_a_foreign_token_is_not_ours_and_costs_no_network() {
    let bench = bench();
    let foreign = own().mint(|_, payload| {
        payload["iss"] = json!("https://issuer.test/");
        bind(payload);
    });
    for text in [wrap(&foreign), wrap("x"), wrap(""), wrap(&wrap(&bound(|_| ())))] {
        assert_eq!(bench.outcome(&text, bench.start).await, "not ours");
    }
    assert_eq!(bench.keys.status(bench.start)[0].error, None, "nothing was asked for");
}

#[tokio::test]
async fn what_a_request_is_refused_for_costs_no_network_either() {
    let bench = bench();
    bench.put_v1(KeySet::from_iter([foreign().key(Algorithm::Rs256, None)]));
    let token = bound(|_| ());
    let other_cluster = callers().wrap(&token, |_, payload| payload["u"] = json!("/x"));
    assert_eq!(bench.outcome(&other_cluster, bench.start).await, "proof_cluster");
    assert_eq!(bench.outcome(&foreign().wrap(&token, |_, _| ()), bench.start).await, "proof_key");
    assert_eq!(bench.keys.status(bench.start)[0].error, None, "nothing was asked for");
    assert_eq!(bench.outcome(&wrap(&token), bench.start).await, "503 keys", "a good one may");
}

#[tokio::test]
async fn a_remembered_request_goes_with_the_issuers_key() {
    let bench = bench();
    let request = wrap(&bound(|_| ()));
    assert_eq!(bench.outcome(&request, bench.start).await, "verified");
    bench.put_v1(KeySet::from_iter([foreign().key(Algorithm::Rs256, None)]));
    assert_eq!(bench.outcome(&request, bench.start).await, "503 keys");
}

#[tokio::test]
async fn trusted_access_is_judged_at_every_review_of_a_request_too() {
    let bench = bench();
    let token = bound(|payload| {
        payload["aud"] = json!(TRUSTED);
        payload["idtyp"] = json!("app");
        payload["xms_mirid"] = json!(VAULT);
    });
    let (request, replay) = (wrap(&token), wrap_again(&token, 1));
    let now = bench.start;
    assert_eq!(bench.outcome(&request, now).await, "503 policy");
    bench.publish(vec![]);
    assert_eq!(bench.outcome(&request, now).await, "trusted_access");
    assert_eq!(bench.outcome(&replay, now).await, "trusted_access", "neither is noted yet");
    bench.publish(vec![binding(ProvisioningState::Succeeded)]);
    assert_eq!(bench.outcome(&request, now).await, "verified", "who was refused is not remembered");
    assert_eq!(bench.outcome(&request, now).await, "remembered");
    assert_eq!(bench.outcome(&replay, now).await, "proof_replayed");
    bench.publish(vec![]);
    assert_eq!(bench.outcome(&request, now).await, "trusted_access");
}

#[tokio::test]
async fn who_makes_too_many_requests_is_refused_before_there_is_no_room() {
    let bench = bench();
    let token = bound(|_| ());
    let ends = Duration::from_secs(NOW + VALIDITY);
    let used = |nonce: u32| Proof::for_tests("another key", &nonce.to_string(), ends);
    let epoch = Duration::from_secs(NOW);
    for nonce in 0..10_000 {
        let alice = ALICE.parse().unwrap();
        bench.authenticator.proofs.take(&used(nonce), Digest::default(), alice, epoch).unwrap();
    }
    assert_eq!(bench.outcome(&wrap(&token), bench.start).await, "proof_limit");
    for nonce in 10_000..100_000_u32 {
        let somebody = ObjectId::from(u128::from(nonce / 10_000));
        bench.authenticator.proofs.take(&used(nonce), Digest::default(), somebody, epoch).unwrap();
    }
    let bob = "b0b00000-0000-4000-8000-000000000002";
    let bob = wrap(&bound(|payload| payload["oid"] = json!(bob)));
    assert_eq!(bench.outcome(&bob, bench.start).await, "503 proofs", "no room for anybody");
    let later = callers().wrap(&token, |_, payload| payload["ts"] = json!(NOW + VALIDITY));
    assert_eq!(bench.outcome(&later, bench.after(VALIDITY)).await, "verified", "they have ended");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the times at which it is asked about, and whatever is forgotten in between, the same
    /// request gets the same answer until the second of its end, and from then on a refusal.
    #[test]
    fn the_same_request_gets_the_same_answer_until_its_end(
        made in 0..60_u64,
        mut times in prop::collection::vec((0..1_100_u64, any::<bool>()), 1..12),
    ) {
        times.sort_unstable();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bench = bench();
            let request = wrap_again(&bound(|_| ()), made);
            let mut first = None;
            for (seconds, forget) in times {
                if forget {
                    bench.authenticator.remembered.invalidate_all();
                }
                let verdict =
                    bench.authenticator.authenticate(&request, bench.after(seconds)).await.unwrap();
                match verdict {
                    Verdict::Authenticated { identity, .. } => {
                        prop_assert!(seconds < made + VALIDITY, "{seconds}");
                        let known = first.get_or_insert_with(|| identity.clone());
                        prop_assert_eq!(&identity, &*known);
                    }
                    verdict @ (Verdict::NotOurs | Verdict::Refused(_)) => {
                        let stale = Duration::from_secs(seconds.saturating_sub(made + VALIDITY));
                        let expected = TokenError::from(ProofError::Stale(stale));
                        prop_assert_eq!(verdict, Verdict::Refused(expected));
                        prop_assert!(seconds >= made + VALIDITY, "{seconds}");
                    }
                }
            }
            Ok(())
        })?;
    }
}
