//! Signed requests against the emulator: every broken one that it can mint.

use kubentra::emulator::{Flaw, MintRequest, PopFlaw, PopRequest};

use super::{CLUSTER, World};

#[tokio::test]
async fn no_broken_request_authenticates() {
    let world = World::new();
    assert_eq!(world.outcome(&world.alice(), 0).await, "ok");
    let alice = || MintRequest::new("alice@contoso.example");
    let mut table = String::new();
    for flaw in PopFlaw::ALL {
        let name = serde_json::to_value(flaw).unwrap();
        let request = alice().pop(PopRequest::new(CLUSTER).flaw(flaw));
        let outcome = world.outcome(&world.mint(&request), 0).await;
        table.push_str(&format!("{:24}{outcome}\n", name.as_str().unwrap()));
    }
    insta::assert_snapshot!(table, @r"
    wrong-cluster           proof_cluster
    no-cluster              proof_malformed
    future-ts               proof_time
    stale-ts                proof_time
    no-ts                   proof_malformed
    string-ts               ok
    fractional-ts           proof_malformed
    unbound-token           proof_key
    other-token             proof_key
    stolen-token            proof_key
    other-key               proof_signature
    kid-mismatch            proof_key
    no-cnf                  proof_malformed
    no-jwk                  proof_malformed
    private-jwk             proof_key
    small-key               proof_key
    bad-signature           proof_signature
    empty-signature         proof_signature
    tampered-payload        proof_signature
    wrong-type              proof_malformed
    none                    algorithm
    ps256                   proof_malformed
    header-jwk              header
    jku                     header
    crit                    header
    duplicate-member        malformed
    repeated-nonce          ok
    no-nonce                proof_malformed
    no-token                not ours
    nested                  not ours
    oversized               malformed
    ");
    let good = world.mint(&alice().pop(PopRequest::new(CLUSTER)));
    assert_eq!(world.outcome(&good, 0).await, "ok");
    assert_eq!(world.outcome(&good, 890).await, "ok");
    assert_eq!(world.outcome(&good, 1200).await, "proof_time");
}

#[tokio::test]
async fn a_broken_token_does_not_become_good_in_a_request() {
    let world = World::new();
    world.rotate(false);
    assert_eq!(world.outcome(&world.alice(), 0).await, "ok");
    for flaw in Flaw::ALL {
        let token = MintRequest::new("alice@contoso.example").flaw(flaw);
        let bare = world.outcome(&world.mint(&token), 0).await;
        let wrapped = world.outcome(&world.mint(&token.pop(PopRequest::new(CLUSTER))), 0).await;
        assert_eq!(wrapped, bare, "{flaw:?}");
    }
}
