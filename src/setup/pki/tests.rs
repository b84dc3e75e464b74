use std::net::IpAddr;

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

use super::*;
use crate::review::report;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

fn fresh() -> Pki {
    complete(Found::default(), &host("192.0.2.7"), now()).unwrap()
}

/// Everything that `pki` is, as the next run finds it.
fn found(pki: &Pki) -> Found {
    let pair =
        |p: &Pair| FoundPair { certificate: Some(p.certificate.clone()), key: p.key.clone() };
    Found { ca: pair(&pki.ca), server: pair(&pki.server), client: pair(&pki.client) }
}

/// Reads one certificate and hands it to `look`.
fn with<T>(pair: &Pair, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    let der = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
    look(&x509_parser::parse_x509_certificate(&der).unwrap().1)
}

fn names(pair: &Pair) -> Vec<String> {
    with(pair, |certificate| {
        let names = certificate.subject_alternative_name().unwrap();
        names.map_or_else(Vec::new, |names| {
            names
                .value
                .general_names
                .iter()
                .map(|name| {
                    if let GeneralName::DNSName(name) = name {
                        return (*name).to_owned();
                    }
                    let GeneralName::IPAddress(ip) = name else { panic!("{name}") };
                    <[u8; 4]>::try_from(*ip)
                        .map(IpAddr::from)
                        .or_else(|_| <[u8; 16]>::try_from(*ip).map(IpAddr::from))
                        .unwrap()
                        .to_string()
                })
                .collect()
        })
    })
}

#[test]
fn the_server_certificate_names_the_host_and_what_is_local() {
    #[rustfmt::skip]
    let cases = [
        ("192.0.2.7",       vec!["192.0.2.7", "localhost", "127.0.0.1", "::1"],       "an address"),
        ("127.0.0.1",       vec!["127.0.0.1", "localhost", "::1"],                    "each once"),
        ("::1",             vec!["::1", "localhost", "127.0.0.1"],                    "IPv6"),
        ("hook.kube.local", vec!["hook.kube.local", "localhost", "127.0.0.1", "::1"], "a name"),
    ];
    for (text, expected, why) in cases {
        let pki = complete(Found::default(), &host(text), now()).unwrap();
        assert_eq!(names(&pki.server), expected, "{why}");
        assert_eq!(names(&pki.client), Vec::<String>::new(), "{why}: a client is not a host");
    }
    for wrong in ["", "https://a", "a:8443", "a b", "[::1]"] {
        assert!(wrong.parse::<Host>().is_err(), "{wrong}");
    }
}

#[test]
fn each_certificate_is_good_for_one_thing() {
    let pki = fresh();
    let usage = |pair| {
        with(pair, |c| {
            let usage = c.extended_key_usage().unwrap().map(|u| u.value.clone());
            (c.is_ca(), usage.as_ref().map(|u| u.server_auth), usage.map(|u| u.client_auth))
        })
    };
    assert_eq!(usage(&pki.ca), (true, None, None));
    assert_eq!(usage(&pki.server), (false, Some(true), Some(false)));
    assert_eq!(usage(&pki.client), (false, Some(false), Some(true)));
    let subject = with(&pki.client, |c| c.subject().to_string());
    assert_eq!(subject, format!("CN={CLIENT_NAME}"));
    let path = with(&pki.ca, |c| c.basic_constraints().unwrap().unwrap().value.path_len_constraint);
    assert_eq!(path, Some(0), "the authority signs no other authority");
}

#[test]
fn certificates_end_when_they_should() {
    let pki = fresh();
    let end = |pair| with(pair, |c| c.validity().not_after.timestamp());
    let start = |pair| with(pair, |c| c.validity().not_before.timestamp());
    let now = 1_790_000_000;
    let day = 24 * 60 * 60;
    assert_eq!((start(&pki.ca), end(&pki.ca)), (now - 300, now + 3650 * day));
    for leaf in [&pki.server, &pki.client] {
        assert_eq!((start(leaf), end(leaf)), (now - 300, now + 365 * day));
    }
    assert_eq!(pki.not_after.unix_timestamp(), now + 365 * day, "the first to end");
}

#[test]
fn a_leaf_never_outlives_its_authority() {
    let pki = fresh();
    let late = now() + CA_VALIDITY - DAY;
    let renewed = Found { ca: found(&pki).ca, ..Found::default() };
    let renewed = complete(renewed, &host("192.0.2.7"), late).unwrap();
    let end = |pair| with(pair, |c| c.validity().not_after.timestamp());
    assert_eq!(end(&renewed.server), end(&pki.ca));
}

#[test]
fn what_is_there_is_kept_to_the_letter() {
    let pki = fresh();
    let again = complete(found(&pki), &host("192.0.2.7"), now() + DAY).unwrap();
    for (a, b) in [(&pki.ca, &again.ca), (&pki.server, &again.server), (&pki.client, &again.client)]
    {
        assert_eq!((&a.certificate, &a.key), (&b.certificate, &b.key));
    }
    let mut without_ca_key = found(&pki);
    without_ca_key.ca.key = None;
    let kept = complete(without_ca_key, &host("192.0.2.7"), now()).unwrap();
    assert_eq!(kept.ca.key, None, "the authority's key may be kept elsewhere");
}

#[test]
fn a_renewal_keeps_the_key_and_takes_a_new_serial_number() {
    let pki = fresh();
    let mut expired = found(&pki);
    expired.server.certificate = None;
    let renewed = complete(expired, &host("192.0.2.7"), now() + DAY).unwrap();
    assert_eq!(renewed.server.key, pki.server.key);
    let serial = |pair| with(pair, |c| c.raw_serial().to_owned());
    assert_ne!(serial(&renewed.server), serial(&pki.server));
}

#[test]
fn what_does_not_work_together_is_refused_with_what_to_remove() {
    let (pki, other) = (fresh(), fresh());
    type Change = fn(&mut Found, &Found);
    let changes: [(Change, &str); 9] = [
        (|f, _| f.ca.key = None, "nothing to sign"),
        (
            |f, _| {
                f.ca.key = None;
                f.server.certificate = None;
            },
            "cannot sign",
        ),
        (|f, _| f.client.key = None, "key gone"),
        (|f, o| f.server.key = o.server.key.clone(), "another key"),
        (|f, o| f.client = o.client.clone(), "another authority's"),
        (|f, _| f.server = f.client.clone(), "another purpose"),
        (|f, _| f.ca.certificate = Some("x".to_owned()), "no certificate"),
        (
            |f, _| {
                f.server.certificate = None;
                f.server.key = Some("x".to_owned());
            },
            "no key",
        ),
        (|f, _| f.client.certificate = Some(String::new()), "an empty file"),
    ];
    let mut messages = String::new();
    for (change, why) in changes {
        let mut kept = found(&pki);
        change(&mut kept, &found(&other));
        let result = complete(kept, &host("192.0.2.7"), now());
        let message = result.map_or_else(|e| report(&e), |_| "fine".to_owned());
        messages.push_str(&format!("{why}: {message}\n"));
    }
    let late = complete(found(&pki), &host("192.0.2.7"), now() + LEAF_VALIDITY + DAY);
    messages.push_str(&format!("expired: {}\n", report(&late.unwrap_err())));
    let elsewhere = complete(found(&pki), &host("192.0.2.8"), now());
    messages.push_str(&format!("another host: {}\n", report(&elsewhere.unwrap_err())));
    insta::assert_snapshot!(messages);
}

#[test]
fn keys_are_never_shown() {
    let shown = format!("{:?} {:?}", fresh(), found(&fresh()));
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
}
