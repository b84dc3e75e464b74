//! Keys that rotate, documents that are missing, and an authority that is down.

use std::sync::Arc;
use std::time::Duration;

use kubentra::azure::http;
use kubentra::clock::Now;
use kubentra::emulator::{
    Algorithm, Directory, Emulator, Fault, FaultKind, Flaw, MintRequest, Rotation, TokenVersion,
};

use super::{DIRECTORY, TENANT, V1, V2, World};

#[tokio::test]
async fn a_new_key_is_found_at_once_and_then_once_a_minute() {
    let world = World::new();
    let first = world.alice();
    assert_eq!(world.outcome(&first, 0).await, "ok");
    assert_eq!(world.fetches(V1), 1, "the issuer had to be found");
    world.rotate(true);
    assert_eq!(world.outcome(&world.alice(), 1).await, "ok", "at once");
    assert_eq!(world.outcome(&first, 1).await, "ok", "the old key is still published");
    assert_eq!(world.fetches(V1), 2);
    world.rotate(true);
    let third = world.alice();
    for seconds in [1, 30, 60] {
        assert_eq!(world.outcome(&third, seconds).await, "key", "after {seconds} s");
    }
    let unknown = MintRequest::new("pipeline").flaw(Flaw::UnknownKid);
    assert_eq!(world.outcome(&world.mint(&unknown), 60).await, "key");
    assert_eq!(world.fetches(V1), 2, "no token gets more than one fetch a minute");
    assert_eq!(world.outcome(&third, 61).await, "ok");
    assert_eq!((world.fetches(V1), world.fetches(V2)), (3, 1), "each issuer has its own minute");
}

#[tokio::test]
async fn keys_for_other_algorithms_are_taken_where_the_key_set_says_so() {
    let world = World::new();
    for (algorithm, seconds) in [(Algorithm::Ps256, 0), (Algorithm::Es256, 60)] {
        world.emulator.rotate(Rotation { algorithm, ..Rotation::default() }).unwrap();
        assert_eq!(world.outcome(&world.alice(), seconds).await, "ok", "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_withdrawn_key_takes_its_tokens_with_it() {
    let world = World::new();
    let old = world.alice();
    assert_eq!(world.outcome(&old, 0).await, "ok");
    world.rotate(false);
    assert_eq!(world.outcome(&old, 60).await, "ok", "nobody knows yet");
    assert_eq!(world.outcome(&world.alice(), 60).await, "ok");
    assert_eq!(
        world.outcome(&old, 60).await,
        "key",
        "now it is known, also for what was remembered"
    );
}

#[tokio::test]
async fn an_outage_is_no_verdict_and_ends_by_itself() {
    let world = World::new();
    let first = world.alice();
    assert_eq!(world.outcome(&first, 0).await, "ok");
    world.rotate(true);
    let second = world.alice();
    #[rustfmt::skip]
    let faults = [
        (Fault::status(503),                   "503"),
        (Fault::status(429),                   "429"),
        (Fault::status(302),                   "redirects are not followed"),
        (Fault::new(FaultKind::NotFound),      "a document that was there is not gone for ever"),
        (Fault::new(FaultKind::Truncate),      "half an answer"),
        (Fault::new(FaultKind::Malformed),     "half the JSON"),
        (Fault::new(FaultKind::Empty),         "no JSON"),
    ];
    let keys = format!("/{TENANT}/discovery/keys");
    let mut seconds = 60;
    for path in [V1, keys.as_str()] {
        for (fault, why) in faults.clone() {
            world.emulator.faults().clear();
            world.fault(fault.at(path));
            assert_eq!(world.outcome(&second, seconds).await, "503 keys", "{why}: {path}");
            assert_eq!(world.outcome(&second, seconds + 59).await, "503 keys", "still: {why}");
            assert_eq!(world.outcome(&first, seconds).await, "ok", "good keys stay: {why}");
            let status = world.keys.status(world.start);
            assert!(status.iter().any(|issuer| issuer.error.is_some()), "{status:?}");
            seconds += 60;
        }
    }
    world.emulator.faults().clear();
    assert_eq!(world.outcome(&second, seconds).await, "ok", "it is over");
    assert_eq!(world.keys.status(world.start)[0].error, None);
}

#[tokio::test]
async fn an_authority_that_takes_too_long_is_not_waited_for() {
    let world = World::new();
    world.fault(Fault::latency(Duration::from_secs(30)).at(V1));
    let begun = Now::read().monotonic;
    assert_eq!(world.outcome(&world.alice(), 0).await, "503 keys");
    assert!(begun.elapsed() < http::REQUEST_TIMEOUT + Duration::from_secs(3));
}

#[tokio::test]
async fn many_tokens_at_once_cause_one_fetch() {
    let world = Arc::new(World::new());
    assert_eq!(world.outcome(&world.alice(), 0).await, "ok");
    world.rotate(true);
    world.fault(Fault::latency(Duration::from_millis(200)).at(V1));
    let reviews: Vec<_> = (0..20)
        .map(|n| {
            let request = MintRequest::new("alice@contoso.example").claim("n", n);
            let (world, token) = (Arc::clone(&world), world.mint(&request));
            tokio::spawn(async move { world.outcome(&token, 60).await })
        })
        .collect();
    for review in reviews {
        assert_eq!(review.await.unwrap(), "ok");
    }
    assert_eq!(world.fetches(V1), 2, "one at the start, one for all twenty");
}

#[tokio::test]
async fn a_made_up_key_id_waits_for_nothing_once_its_minute_is_spent() {
    let world = World::new();
    assert_eq!(world.outcome(&world.alice(), 0).await, "ok");
    let made_up = world.mint(&MintRequest::new("pipeline").flaw(Flaw::UnknownKid));
    assert_eq!(world.outcome(&made_up, 0).await, "key", "after the one refresh");
    world.fault(Fault::latency(Duration::from_secs(4)).at(V1));
    let background = tokio::spawn(Arc::clone(&world.keys).run());
    wait_until(|| world.fetches(V1) == 3).await;
    let begun = Now::read().monotonic;
    assert_eq!(world.outcome(&made_up, 1).await, "key");
    assert!(begun.elapsed() < Duration::from_secs(2), "the background's fetch is not waited for");
    background.abort();
}

#[tokio::test]
async fn a_caller_who_gives_up_does_not_waste_the_fetch() {
    let world = World::new();
    assert_eq!(world.outcome(&world.alice(), 0).await, "ok");
    world.rotate(true);
    world.fault(Fault::latency(Duration::from_millis(300)).at(V1).times(1));
    let token = world.alice();
    let impatient = tokio::time::timeout(Duration::from_millis(50), world.outcome(&token, 60));
    assert!(impatient.await.is_err(), "gave up");
    assert_eq!(world.outcome(&token, 60).await, "ok", "the fetch went on");
    assert_eq!(world.fetches(V1), 2);
}

#[tokio::test]
async fn a_document_that_does_not_exist_is_an_issuer_that_does_not_exist() {
    let world = World::new();
    world.fault(Fault::new(FaultKind::NotFound).at(V2));
    let v2 = world.mint(&MintRequest::new("alice@contoso.example").version(TokenVersion::V2));
    assert_eq!(world.outcome(&v2, 0).await, "not ours");
    assert_eq!(world.outcome(&world.alice(), 0).await, "ok", "the other one does");
    assert_eq!(world.keys.status(world.start).len(), 1, "and is the only one");
    assert_eq!(world.outcome(&v2, 120).await, "not ours");
    assert_eq!(world.fetches(V2), 1, "what is known is not asked again");
}

#[tokio::test]
async fn one_unread_document_takes_nothing_from_the_other() {
    let world = World::new();
    world.fault(Fault::status(500).at(V2));
    let v2 = world.mint(&MintRequest::new("alice@contoso.example").version(TokenVersion::V2));
    assert_eq!(world.outcome(&world.alice(), 0).await, "ok");
    assert_eq!(world.outcome(&v2, 0).await, "503 keys", "it could be ours");
    let foreign = MintRequest::new("pipeline").flaw(Flaw::ForeignIssuer);
    assert_eq!(world.outcome(&world.mint(&foreign), 0).await, "not ours", "this could not");
    world.emulator.faults().clear();
    assert_eq!(world.outcome(&v2, 59).await, "503 keys", "within the minute");
    assert_eq!(world.outcome(&v2, 60).await, "ok");
}

#[tokio::test]
async fn an_authority_with_another_certificate_is_not_believed() {
    let directory = Directory::parse(DIRECTORY).unwrap();
    let emulator = Emulator::start(directory, "127.0.0.1:0".parse().unwrap()).unwrap();
    let other = World::new();
    let world = World::trusting(emulator, other.emulator.ca_pem());
    assert_eq!(world.outcome(&world.alice(), 0).await, "503 keys");
    assert_eq!(world.fetches("/"), 0, "nothing was sent");
}

#[tokio::test]
async fn the_background_reads_keys_ahead_of_need_and_recovers_without_a_token() {
    let world = World::new();
    world.fault(Fault::status(503));
    let background = tokio::spawn(Arc::clone(&world.keys).run());
    wait_until(|| world.keys.status(world.start).iter().all(|issuer| issuer.error.is_some())).await;
    world.emulator.faults().clear();
    wait_until(|| world.keys.status(Now::read()).iter().all(|issuer| issuer.is_usable())).await;
    let fetched = world.fetches("/");
    assert_eq!(world.outcome(&world.alice(), 0).await, "ok");
    assert_eq!(world.fetches("/"), fetched, "no token had to wait");
    world.rotate(false);
    world.fault(Fault::status(503));
    let token = world.alice();
    assert_eq!(world.outcome(&token, 0).await, "503 keys", "a new key during an outage");
    world.emulator.faults().clear();
    wait_until(|| world.keys.status(Now::read())[0].error.is_none()).await;
    assert_eq!(world.outcome(&token, 0).await, "ok", "the background did not wait for the hour");
    background.abort();
}

/// Waits for something that the background does within seconds.
async fn wait_until(mut is_done: impl FnMut() -> bool) {
    for _ in 0..200 {
        if is_done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within ten seconds");
}
