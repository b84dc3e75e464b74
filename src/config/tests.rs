//! What the file may say, and how a fault is told.

use super::*;

/// The smallest useful file; `{…}` is replaced by the rows below.
const SMALLEST: &str = "\
apiVersion: kubentra.io/v1alpha1
kind: Configuration
cluster:
  resourceId: /subscriptions/0a/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/demo
entra:
  tenantId: 72f988bf-86f1-41af-91ab-2d7cd011db47
";

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("/etc/kubentra/config.yaml")).map_err(|e| e.to_string())
}

#[test]
fn defaults_fill_the_smallest_file() {
    let config = parse(SMALLEST).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8443");
    assert_eq!(config.server.admin_listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.entra.audiences, ["6dae42f8-4368-4678-94ff-3960e28e3630"]);
    assert_eq!(config.entra.username_claims, ["upn", "oid"]);
    assert_eq!(config.entra.username_prefix, "");
    assert_eq!(config.entra.object_id_extra_key, "oid");
    assert_eq!(config.entra.clock_skew, Duration::from_secs(60));
    assert_eq!(config.entra.cloud, entra::CloudName::Public);
    assert_eq!(config.groups.source, GroupSource::Token);
    assert_eq!(config.trusted_access.audience, "839858a7-cb51-4fcf-ad2f-222fe0d2d0d0");
    let pop = &config.pop;
    assert_eq!((pop.enabled, pop.required, pop.validity), (false, false, Duration::from_secs(900)));
    assert_eq!(config.policy.mode, PolicyMode::AzureRbac);
    assert_eq!(config.policy.directory.as_deref(), Some(Path::new("/etc/kubentra/policy")));
    assert_eq!(config.policy.max_staleness, Duration::from_secs(3600));
    assert!(config.policy.admin_groups.is_empty() && config.policy.exempt_users.is_empty());
    assert!(matches!(config.check_serve(), Err(ConfigError::NoTls)));
}

#[test]
fn every_key_is_read_and_relative_paths_count_from_the_file() {
    let config = parse(include_str!("tests/full.yaml")).unwrap();
    let tls = config.server.tls.as_ref().unwrap();
    assert_eq!(tls.certificate_file, Path::new("/etc/kubentra/pki/server.crt"));
    assert_eq!(tls.private_key_file, Path::new("/run/keys/server.key"), "absolute stays");
    assert_eq!(tls.client_ca_file.as_deref(), Some(Path::new("/etc/kubentra/pki/ca.crt")));
    assert_eq!(tls.client_names, ["kube-apiserver"]);
    assert_eq!(config.entra.ca_file.as_deref(), Some(Path::new("/etc/kubentra/ca.crt")));
    assert_eq!(config.policy.directory.as_deref(), Some(Path::new("/etc/kubentra/rules")));
    let operations = config.policy.operations_file.as_deref();
    assert_eq!(operations, Some(Path::new("/etc/kubentra/operations.txt")));
    assert_eq!(config.policy.max_staleness, Duration::from_secs(90 * 60));
    assert_eq!(config.policy.ungranted, policy::UngrantedAnswer::Deny);
    assert_eq!(config.policy.discovery, policy::DiscoveryAnswer::Evaluate);
    assert_eq!(config.policy.subresources, policy::SubresourceRule::Aks);
    assert_eq!(config.policy.admin_groups.len(), 1);
    assert_eq!(config.policy.exempt_users, ["backup"]);
    let credential = &config.azure.unwrap().credential;
    assert_eq!(credential.client_secret_file.as_deref(), Some(Path::new("/etc/kubentra/secret")));
}

#[test]
fn a_fault_is_one_line_with_its_place_and_what_to_write() {
    let mut table = String::new();
    for (why, from, to) in FAULTS {
        assert!(SMALLEST.contains(from), "{why}: the row changes nothing");
        let text = SMALLEST.replacen(from, to, 1);
        let message = parse(&text).expect_err(why);
        assert_eq!(message.lines().count(), 1, "{why}: {message}");
        table.push_str(&format!("{why}:\n  {}\n", message.replace("/etc/kubentra/", "")));
    }
    insta::assert_snapshot!(table);
}

/// What is wrong, the text that is replaced in [`SMALLEST`], and what stands there instead.
#[rustfmt::skip]
const FAULTS: &[(&str, &str, &str)] = &[
    ("an unknown key",             "entra:\n",            "entra:\n  tenantID: x\n"),
    ("an unknown key at the top",  "kind: ",              "polici: {}\nkind: "),
    ("a secret in the file",       "entra:\n",            "azure:\n  credential: { type: clientSecret, clientId: a, clientSecret: hunter2 }\nentra:\n"),
    ("another version",            "v1alpha1",            "v1beta7"),
    ("another kind",               "kind: Configuration", "kind: Config"),
    ("no tenant",                  "tenantId: 72f988bf-86f1-41af-91ab-2d7cd011db47", "cloud: public"),
    ("a tenant that is no GUID",   "72f988bf-86f1-41af-91ab-2d7cd011db47", "contoso.com"),
    ("a key twice",                "entra:\n",            "entra:\n  cloud: public\n  cloud: china\n"),
    ("another resource type",      "Microsoft.ContainerService/managedClusters", "Microsoft.Compute/virtualMachines"),
    ("a relative resource id",     "/subscriptions/0a/",  "subscriptions/0a/"),
    ("a fleet that is none",       "entra:\n",            "  fleetResourceId: /subscriptions/0a\nentra:\n"),
    ("no audience",                "entra:\n",            "entra:\n  audiences: []\n"),
    ("an audience twice",          "entra:\n",            "entra:\n  audiences: [a, A]\n"),
    ("the trusted-access audience", "entra:\n",           "entra:\n  audiences: [a, 839858A7-cb51-4fcf-ad2f-222fe0d2d0d0]\n"),
    ("an unknown cloud",           "entra:\n",            "entra:\n  cloud: moon\n"),
    ("custom without addresses",   "entra:\n",            "entra:\n  cloud: custom\n"),
    ("addresses without custom",   "entra:\n",            "entra:\n  authorityUrl: https://login.example.com\n"),
    ("an address without TLS",     "entra:\n",            "entra:\n  cloud: custom\n  authorityUrl: http://login.example.com\n"),
    ("an address with a query",    "entra:\n",            "entra:\n  cloud: custom\n  authorityUrl: https://login.example.com\n  graphUrl: https://graph.example.com/?a=b\n"),
    ("a CA without custom",        "entra:\n",            "entra:\n  caFile: ca.crt\n"),
    ("a number for a duration",    "entra:\n",            "entra:\n  clockSkew: 60\n"),
    ("a skew of an hour",          "entra:\n",            "entra:\n  clockSkew: 1h\n"),
    ("no user-name claim",         "entra:\n",            "entra:\n  usernameClaims: []\n"),
    ("a system: prefix",           "entra:\n",            "entra:\n  usernamePrefix: 'System:'\n"),
    ("an upper-case extra key",    "entra:\n",            "entra:\n  objectIdExtraKey: OID\n"),
    ("a taken extra key",          "entra:\n",            "entra:\n  objectIdExtraKey: kubentra.io/tid\n"),
    ("one address twice",          "entra:\n",            "server: { listen: '0.0.0.0:8080' }\nentra:\n"),
    ("an address without port",    "entra:\n",            "server: { listen: localhost }\nentra:\n"),
    ("no client authority",        "entra:\n",            "server:\n  tls: { certificateFile: a, privateKeyFile: b }\nentra:\n"),
    ("names without certificates", "entra:\n",            "server:\n  tls: { certificateFile: a, privateKeyFile: b, clientAuth: none, clientNames: [c] }\nentra:\n"),
    ("an empty path",              "entra:\n",            "server:\n  tls: { certificateFile: '', privateKeyFile: b, clientAuth: none }\nentra:\n"),
    ("a credential without id",    "entra:\n",            "azure:\n  credential: { type: workloadIdentity }\nentra:\n"),
    ("a credential without file",  "entra:\n",            "azure:\n  credential: { type: clientSecret, clientId: a }\nentra:\n"),
    ("another credential's file",  "entra:\n",            "azure:\n  credential: { type: managedIdentity, clientSecretFile: a }\nentra:\n"),
    ("an empty list of operations", "entra:\n",           "policy:\n  operationsFile: ''\nentra:\n"),
    ("staleness of a week",        "entra:\n",            "policy:\n  maxStaleness: 7d\nentra:\n"),
    ("staleness of nothing",       "entra:\n",            "policy:\n  maxStaleness: 0s\nentra:\n"),
    ("everyone as administrator",  "entra:\n",            "policy:\n  adminGroups: [00000000-0000-0000-0000-000000000000]\nentra:\n"),
    ("a name as administrator",    "entra:\n",            "policy:\n  adminGroups:\n  - 72f988bf-86f1-41af-91ab-2d7cd011db47\n  - admins\nentra:\n"),
    ("tabs",                       "entra:\n",            "entra:\n\tcloud: public\n"),
    ("an open bracket",            "entra:\n",            "entra:\n  audiences: [a\n"),
    ("a second document",          "entra:\n",            "---\nentra:\n"),
    ("a list for a map",           "entra:\n",            "server: []\nentra:\n"),
];

#[test]
fn an_empty_file_is_refused_in_one_line() {
    for text in ["", "\n", "# nothing\n", "null\n", "[]", "\u{0}", "{"] {
        let message = parse(text).expect_err(text);
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn what_is_not_done_yet_is_refused_at_start_but_parsed() {
    #[rustfmt::skip]
    let cases = [
        ("groups: { source: graph }\n", "`groups.source: graph` is not supported by this version; write `token`"),
        ("policy: { source: azure }\n", "`policy.source: azure` is not supported by this version; write `files`"),
    ];
    for (section, expected) in cases {
        let config = parse(&format!("{SMALLEST}{section}")).unwrap();
        assert_eq!(config.check_serve().unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_proof_of_possession_is_for_the_configured_cluster() {
    assert!(parse(SMALLEST).unwrap().authenticator_settings().pop.is_none(), "off by default");
    let with_slash = SMALLEST.replace("managedClusters/demo", "managedClusters/demo/");
    for text in [SMALLEST, &with_slash] {
        let config = parse(&format!("{text}pop: {{ enabled: true, validity: 5m }}\n")).unwrap();
        let pop = config.authenticator_settings().pop.unwrap();
        assert_eq!(pop.cluster, config.cluster.id().as_str());
        assert!(pop.cluster.ends_with("/demo"), "{}", pop.cluster);
        assert_eq!((pop.validity, pop.required), (Duration::from_mins(5), false));
        assert!(matches!(config.check_serve(), Err(ConfigError::NoTls)), "it can be served");
    }
    let required = |pop: &str| parse(&format!("{SMALLEST}pop: {{ {pop} }}\n"));
    let config = required("enabled: true, required: true").unwrap();
    assert!(config.authenticator_settings().pop.unwrap().required);
    insta::assert_snapshot!(
        required("required: true").unwrap_err(),
        @"/etc/kubentra/config.yaml:7:18: `pop.required` needs `pop.enabled: true`"
    );
}

#[test]
fn what_deserves_a_second_look_is_a_warning() {
    let text = format!(
        "{SMALLEST}pop: {{ enabled: true, validity: 59s }}\nserver:\n  adminListen: 0.0.0.0:9000\n  tls:\n    certificateFile: a\n    \
         privateKeyFile: b\n    clientCaFile: c\n    clientAuth: none\npolicy:\n  mode: \
         authenticationOnly\n"
    );
    insta::assert_snapshot!(parse(&text).unwrap().warnings().join("\n"));
    assert_eq!(parse(SMALLEST).unwrap().warnings(), Vec::<String>::new());
}

#[test]
fn authentication_only_needs_no_policy_directory() {
    let only = format!("{SMALLEST}policy:\n  mode: authenticationOnly\n");
    assert_eq!(parse(&only).unwrap().policy.directory, None);
    let with = format!("{only}  directory: bindings\n");
    let directory = parse(&with).unwrap().policy.directory;
    assert_eq!(directory.as_deref(), Some(Path::new("/etc/kubentra/bindings")));

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.yaml");
    let directory = || Config::parse(&only, &file).unwrap().policy.directory;
    assert_eq!(directory(), None);
    std::fs::create_dir(dir.path().join("policy")).unwrap();
    assert_eq!(directory(), Some(dir.path().join("policy")), "the default, if it is there");
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Path::new("/nonexistent/config.yaml")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read configuration file `/nonexistent/config.yaml`");
}

proptest::proptest! {
    /// Whatever the file holds, reading it answers; it never panics.
    #[test]
    fn parsing_never_panics(text in "[ -~\n\t]{0,200}") {
        let _ = parse(&text);
        let _ = parse(&format!("{SMALLEST}{text}"));
    }
}
