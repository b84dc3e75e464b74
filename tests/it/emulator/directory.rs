//! `directory.yaml`: what is refused, and in which words.

use kubentra::emulator::Directory;

use super::{ALICE, PIPELINE, TENANT, directory};

#[test]
fn a_directory_that_makes_no_sense_says_where_and_why() {
    let tenant = format!("tenants: [{TENANT}]");
    let user = format!("users: [{{id: {ALICE}, tenant: {TENANT}, upn: a@contoso.example}}]");
    let member = "12345678-0000-4000-8000-000000000001";
    #[rustfmt::skip]
    let cases = [
        // (text,                                                    error contains)
        ("tenants: []".to_owned(),                                   "`tenants` is empty"),
        ("users: []".to_owned(),                                     "missing field `tenants`"),
        (format!("{tenant}\nroles: []"),                             "line 2 column 1: unknown field `roles`"),
        (format!("{tenant}\n{user}\nusres: []"),                     "line 3 column 1: unknown field `usres`"),
        ("tenants: [contoso]".to_owned(),                            "`contoso` is not an id"),
        ("tenants: [aaaabbbb00004ccc8111dddd2222eeee]".to_owned(),   "is not an id"),
        (format!("tenants: [{member}]\n{user}"),                     "is not in `tenants`"),
        (format!("{tenant}\ngroups: [{{id: {ALICE}, members: [{member}]}}]"), "is not in the directory"),
        (format!("{tenant}\n{user}\ngroups: [{{id: {ALICE}}}]"),     "is used twice"),
        (format!("{tenant}\nservicePrincipals: [{{id: {ALICE}, appId: {member}}}, {{id: {PIPELINE}, appId: {member}}}]"), "client id `12345678-0000-4000-8000-000000000001` is used twice"),
    ];
    for (text, expected) in cases {
        let error = Directory::parse(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

#[test]
fn a_name_of_several_is_no_name() {
    let text = format!(
        "tenants: [{TENANT}]\nusers:\n  - {{id: {ALICE}, tenant: {TENANT}, upn: a@contoso.example, \
         name: same}}\n  - {{id: {PIPELINE}, tenant: {TENANT}, upn: b@contoso.example, name: Same}}"
    );
    let directory = Directory::parse(&text).unwrap();
    assert!(directory.find("same").unwrap_err().to_string().contains("stands for several"));
    assert_eq!(directory.find("B@contoso.example").unwrap().id.to_string(), PIPELINE);
}

#[test]
fn debugging_never_prints_a_secret() {
    assert!(!format!("{:?}", directory()).contains("pipeline secret"));
}
