//! Remembering changes how long an answer takes, and nothing else.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::authz::ProvisioningState;

/// What happens to an authenticator.
#[derive(Clone, Debug)]
enum Step {
    /// A token is asked about, so many seconds later.
    Ask(usize, u64),
    /// The issuer's keys become these.
    Keys(usize),
    /// A policy is published, with the vault's binding or without.
    Publish(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..6_usize, 0..400_u64).prop_map(|(token, later)| Step::Ask(token, later)),
        2 => (0..3_usize).prop_map(Step::Keys),
        1 => any::<bool>().prop_map(Step::Publish),
    ]
}

fn tokens() -> [String; 6] {
    [
        mint(|_| ()),
        mint(|payload| payload["exp"] = json!(NOW + 100)),
        mint(|payload| payload["nbf"] = json!(NOW + 200)),
        mint(|payload| payload["aud"] = json!("another")),
        mint(|payload| {
            payload["aud"] = json!(TRUSTED);
            payload["idtyp"] = json!("app");
            payload["xms_mirid"] = json!(VAULT);
        }),
        // Signed by a key that is published now and then.
        foreign().mint(|_, payload| payload["iss"] = json!(ISSUER)),
    ]
}

fn keys(number: usize) -> KeySet {
    let (own, foreign) = (own().key(Algorithm::Rs256, None), foreign().key(Algorithm::Rs256, None));
    match number {
        0 => KeySet::from_iter([own]),
        1 => KeySet::from_iter([foreign]),
        _ => KeySet::from_iter([own, foreign]),
    }
}

/// The answer in full, but for whether it was remembered.
async fn answer(bench: &Bench, token: &str, now: Now) -> String {
    match bench.authenticator.authenticate(token, now).await {
        Ok(Verdict::Authenticated { identity, .. }) => format!("{identity:?}"),
        Ok(verdict) => format!("{verdict:?}"),
        Err(error) => format!("503 {}", error.reason()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Keys come and go, policies are published, time passes (and the clock is set back): an
    /// authenticator that forgets everything before each question answers like one that does not.
    #[test]
    fn a_remembered_token_is_answered_like_one_that_was_never_seen(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (remembers, forgets) = (Bench::new(), Bench::new());
            let tokens = tokens();
            for step in &steps {
                match *step {
                    Step::Ask(token, later) => {
                        forgets.authenticator.remembered.invalidate_all();
                        let one = answer(&remembers, &tokens[token], remembers.after(later)).await;
                        let other = answer(&forgets, &tokens[token], forgets.after(later)).await;
                        prop_assert_eq!(one, other, "{:?}", step);
                    }
                    Step::Keys(number) => {
                        remembers.put_v1(keys(number));
                        forgets.put_v1(keys(number));
                    }
                    Step::Publish(binds) => {
                        let bindings = || match binds {
                            true => vec![binding(ProvisioningState::Succeeded)],
                            false => vec![],
                        };
                        remembers.publish(bindings());
                        forgets.publish(bindings());
                    }
                }
            }
            Ok(())
        })?;
    }
}
