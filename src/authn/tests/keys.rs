//! Which published keys are taken, and when two of them are the same (semantics §11.4).

use serde_json::{Value, json};

use super::super::testing::{encode, foreign, own, p256, remove};
use super::super::*;

fn taken(jwk: Value, issuer: Option<&str>) -> Result<SigningKey, InvalidKey> {
    SigningKey::from_jwk(&serde_json::from_value(jwk).unwrap(), issuer.map(str::to_owned))
}

#[test]
fn a_key_is_taken_if_it_can_verify_something() {
    let (_, _, point) = p256("curve");
    let rsa = |edit: fn(&mut Value)| {
        let mut jwk = own().jwk();
        edit(&mut jwk);
        jwk
    };
    let curve = |crv: &str, x: &[u8], y: &[u8]| json!({"kty": "EC", "kid": "curve", "crv": crv, "x": encode(x), "y": encode(y)});
    let (x, y) = point[1..].split_at(32);
    let numbers = |n: &[u8], e: &[u8]| {
        let mut jwk = own().jwk();
        jwk["n"] = json!(encode(n));
        jwk["e"] = json!(encode(e));
        jwk
    };
    let (n, e) = own().numbers();
    let with_bits = |bits: usize| {
        let mut number = vec![0xFF; bits.div_ceil(8)];
        number[0] = 0xFF >> (number.len() * 8 - bits);
        number
    };
    use Algorithm::{Es256, Ps256, Rs256};
    #[rustfmt::skip]
    let cases = [
        // (the key,                                        expected,                    why)
        (rsa(|_| ()),                                       Ok(Rs256),                   "as Entra publishes one"),
        (rsa(|k| remove(k, "use")),                         Ok(Rs256),                   "`use` is not needed"),
        (rsa(|k| k["use"] = json!("enc")),                  Err(InvalidKey::Use),        "for encryption"),
        (rsa(|k| k["key_ops"] = json!(["verify"])),         Ok(Rs256),                   "for verifying, said twice"),
        (rsa(|k| k["key_ops"] = json!(["encrypt"])),        Err(InvalidKey::Use),        "the second time it says otherwise"),
        (rsa(|k| k["alg"] = json!("RS256")),                Ok(Rs256),                   "says so itself"),
        (rsa(|k| k["alg"] = json!("PS256")),                Ok(Ps256),                   "only if it says so itself"),
        (rsa(|k| k["alg"] = json!("ES256")),                Err(InvalidKey::Algorithm),  "not of its type"),
        (rsa(|k| k["alg"] = json!("RS512")),                Err(InvalidKey::Algorithm),  "not one of ours"),
        (rsa(|k| remove(k, "kid")),                         Err(InvalidKey::Unnamed),    "no token can name it"),
        (rsa(|k| k["kid"] = json!("")),                     Err(InvalidKey::Unnamed),    "nothing is no name"),
        (numbers(&with_bits(2047), &e),                     Err(InvalidKey::Size),       "a bit too small"),
        (numbers(&with_bits(2048), &e),                     Ok(Rs256),                   "the smallest"),
        (numbers(&with_bits(8192), &e),                     Ok(Rs256),                   "the largest"),
        (numbers(&with_bits(8193), &e),                     Err(InvalidKey::Size),       "a bit too large"),
        (numbers(&[&[0], n.as_slice()].concat(), &e),       Err(InvalidKey::Material),   "a leading zero"),
        (numbers(&[], &e),                                  Err(InvalidKey::Material),   "no modulus"),
        (numbers(&n, &[]),                                  Err(InvalidKey::Material),   "no exponent"),
        (curve("P-256", x, y),                              Ok(Es256),                   "a point on the curve"),
        (curve("P-256", y, x),                              Err(InvalidKey::Material),   "a point beside the curve"),
        (curve("P-384", x, y),                              Err(InvalidKey::Size),       "a curve that is not accepted"),
        (curve("P-256", &point[1..32], &point[32..]),       Err(InvalidKey::Size),       "the same bytes, cut elsewhere"),
    ];
    for (jwk, expected, why) in cases {
        assert_eq!(taken(jwk, None).map(|key| key.algorithm()), expected, "{why}");
    }
}

#[test]
fn a_key_that_comes_back_changed_is_another_key() {
    let edited = |member: &str, value: Value| {
        let mut jwk = own().jwk();
        jwk[member] = value;
        taken(jwk, None).unwrap()
    };
    let (modulus, _) = foreign().numbers();
    let key = own().key(Algorithm::Rs256, None);
    #[rustfmt::skip]
    let cases = [
        // (the other,                                   the same, why)
        (own().key(Algorithm::Rs256, None),              true,     "published again"),
        (edited("kid", json!("renamed")),                false,    "another name"),
        (own().key(Algorithm::Ps256, None),              false,    "another algorithm"),
        (own().key(Algorithm::Rs256, Some("issuer")),    false,    "another issuer"),
        (edited("n", json!(encode(modulus))),            false,    "another modulus"),
        (edited("e", json!(encode([3]))),                false,    "another exponent"),
    ];
    for (other, same, why) in cases {
        assert_eq!(key == other, same, "{why}");
        let set = KeySet::from_iter([foreign().key(Algorithm::Rs256, None), other]);
        assert_eq!(set.contains(&key), same, "among others: {why}");
    }
    let ((_, point, _), (_, other, _)) = (p256("curve"), p256("curve"));
    assert_ne!(point, other, "another point");
    assert_eq!(point, point.clone());
}

#[test]
fn a_set_counts_its_keys_and_finds_them_by_name() {
    let none = KeySet::default();
    assert_eq!((none.len(), none.is_empty()), (0, true));
    let twice = [Algorithm::Rs256, Algorithm::Ps256].map(|algorithm| own().key(algorithm, None));
    let set: KeySet = twice.into_iter().chain([foreign().key(Algorithm::Rs256, None)]).collect();
    assert_eq!((set.len(), set.is_empty()), (3, false));
    let named = |kid| set.named(kid).map(|key| key.kid()).collect::<Vec<_>>();
    assert_eq!(named("own-key"), ["own-key", "own-key"]);
    assert_eq!(named("foreign-key"), ["foreign-key"]);
    assert_eq!(named("Own-Key"), [""; 0], "names have a case");
}
