//! What is taken, what is a replay, and what happens at the limits.

use proptest::prelude::*;

use super::*;

const VALIDITY: u64 = 900;

fn proof(nonce: &str, ends: u64) -> Proof {
    Proof::for_tests("thumbprint", nonce, Duration::from_secs(ends))
}

fn wrapper(number: u8) -> Digest {
    [number; SHA256_OUTPUT_LEN]
}

fn caller(number: u128) -> ObjectId {
    ObjectId::from(number)
}

fn small(proofs: usize, of_caller: usize) -> SeenProofs {
    SeenProofs::with(Limits { proofs, of_caller })
}

/// Takes a proof of the first caller at this second.
fn take(seen: &SeenProofs, proof: &Proof, number: u8, now: u64) -> Result<(), NotTaken> {
    seen.take(proof, wrapper(number), caller(1), Duration::from_secs(now))
}

fn size(seen: &SeenProofs) -> (usize, usize, usize) {
    let seen = seen.seen.lock().unwrap();
    (seen.by_id.len(), seen.ends.len(), seen.of_caller.values().sum())
}

#[test]
fn the_same_wrapper_is_the_same_login_and_another_is_a_replay() {
    let seen = SeenProofs::default();
    let (one, other_nonce) = (proof("a", VALIDITY), proof("b", VALIDITY));
    let other_key = Proof::for_tests("another", "a", Duration::from_secs(VALIDITY));
    #[rustfmt::skip]
    let cases = [
        (&one,         1, 0,   Ok(()),                   "the first time"),
        (&one,         1, 0,   Ok(()),                   "a second API server"),
        (&one,         1, 899, Ok(()),                   "the last second"),
        (&one,         2, 1,   Err(NotTaken::Replayed),  "another wrapper"),
        (&one,         1, 2,   Ok(()),                   "the first still is what it was"),
        (&other_nonce, 3, 3,   Ok(()),                   "another nonce"),
        (&other_key,   4, 3,   Ok(()),                   "another key with this nonce"),
    ];
    for (proof, number, now, expected, why) in cases {
        assert_eq!(take(&seen, proof, number, now), expected, "{why}");
    }
}

#[test]
fn a_replay_does_not_become_good_by_waiting() {
    let seen = SeenProofs::default();
    assert_eq!(take(&seen, &proof("a", 900), 1, 0), Ok(()));
    let later = proof("a", 1700);
    assert_eq!(take(&seen, &later, 2, 850), Err(NotTaken::Replayed));
    assert_eq!(take(&seen, &later, 2, 900), Err(NotTaken::Replayed), "the first has ended");
    assert_eq!(take(&seen, &later, 2, 1699), Err(NotTaken::Replayed));
    // By now it is refused for its age, before anybody asks here.
    assert_eq!(
        take(&seen, &proof("a", 2600), 3, 1700),
        Ok(()),
        "nothing that was seen can be good"
    );
}

#[test]
fn one_caller_does_not_take_the_room_of_others() {
    let seen = small(100, 3);
    for number in 0..3 {
        assert_eq!(take(&seen, &proof(&number.to_string(), 900), number, 0), Ok(()));
    }
    assert_eq!(take(&seen, &proof("3", 900), 3, 0), Err(NotTaken::TooMany));
    assert_eq!(take(&seen, &proof("2", 900), 2, 0), Ok(()), "one that is known is welcome");
    let others = seen.take(&proof("3", 900), wrapper(3), caller(2), Duration::ZERO);
    assert_eq!(others, Ok(()), "another caller");
    assert_eq!(take(&seen, &proof("4", 1800), 4, 900), Ok(()), "the old ones have ended");
}

#[test]
fn what_is_in_use_is_not_forgotten_when_there_is_no_room() {
    let seen = small(3, 3);
    for number in 0..3_u8 {
        let ends = 900 + u64::from(number);
        let who = caller(u128::from(number) + 1);
        let proof = proof(&number.to_string(), ends);
        assert_eq!(seen.take(&proof, wrapper(number), who, Duration::ZERO), Ok(()));
    }
    assert_eq!(take(&seen, &proof("3", 950), 3, 0), Err(NotTaken::Full));
    assert_eq!(take(&seen, &proof("0", 900), 0, 0), Ok(()), "one that is known is welcome");
    assert_eq!(take(&seen, &proof("0", 900), 9, 0), Err(NotTaken::Replayed), "and a replay none");
    assert_eq!(take(&seen, &proof("3", 950), 3, 900), Ok(()), "the first has made room");
    assert_eq!(take(&seen, &proof("4", 950), 4, 900), Err(NotTaken::Full));
}

#[test]
fn what_has_ended_is_forgotten_bit_by_bit() {
    let seen = SeenProofs::default();
    for number in 0..1000_u32 {
        assert_eq!(take(&seen, &proof(&format!("old {number}"), 900), 1, 0), Ok(()));
    }
    for number in 0..100_u32 {
        assert_eq!(take(&seen, &proof(&format!("new {number}"), 1900), 1, 1000), Ok(()));
    }
    assert_eq!(size(&seen), (100, 100, 100));
    assert_eq!(take(&seen, &proof("x", 3000), 1, 2000), Ok(()));
    assert_eq!(size(&seen), (69, 69, 69), "a few at a time");
}

#[test]
fn one_that_has_ended_counts_as_forgotten_before_it_is() {
    let seen = SeenProofs::default();
    for number in 0..100_u32 {
        assert_eq!(take(&seen, &proof(&format!("{number}"), 900), 1, 0), Ok(()));
    }
    // Whatever the order in which they are forgotten, at least one of these is not yet.
    for number in 0..100_u32 {
        let again = proof(&format!("{number}"), 1900);
        assert_eq!(take(&seen, &again, 2, 1000), Ok(()));
    }
    assert_eq!(size(&seen), (100, 100, 100));
}

proptest! {
    /// The memory says what a list that never forgets would say, for all wrappers that are in time,
    /// and its three parts agree.
    #[test]
    fn it_agrees_with_a_list_that_keeps_everything(
        steps in prop::collection::vec((0..8_u8, 0..4_u8, 0..120_u64, 1..300_u64), 1..80)
    ) {
        let seen = SeenProofs::default();
        let mut all: Vec<(u8, u8, u64)> = Vec::new();
        let mut now = 0;
        for (nonce, number, pause, life) in steps {
            now += pause;
            // A wrapper has one end, whenever it is sent.
            let known = all.iter().find(|(n, w, _)| (*n, *w) == (nonce, number)).map(|one| one.2);
            let ends = known.unwrap_or(now + life);
            if ends <= now {
                continue;
            }
            let other_in_time =
                all.iter().any(|(n, w, end)| *n == nonce && *w != number && *end > now);
            let found = take(&seen, &proof(&nonce.to_string(), ends), number, now);
            if known.is_none() {
                let expected = if other_in_time { Err(NotTaken::Replayed) } else { Ok(()) };
                prop_assert_eq!(found, expected);
                all.push((nonce, number, ends));
            }
            let (ids, ends, counted) = size(&seen);
            prop_assert!(ids == ends && ids == counted);
        }
    }
}
