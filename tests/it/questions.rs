//! The commands that ask the policy, as they are run, on the policy in `tests/it/questions`.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::cli::{Ran, kubentra};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/questions/config.yaml");
const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/questions/policy");
const REVIEW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/questions/review.json");
const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/demo/\
                       providers/Microsoft.ContainerService/managedClusters/demo";
const WORKSPACE: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/demo/\
                         providers/Microsoft.MachineLearningServices/workspaces/demo";

/// Reads in `dev`.
const ALICE: &str = "a0000000-0000-4000-8000-000000000001";
/// Owns the subscription; the only one who is not denied secrets.
const BOB: &str = "a0000000-0000-4000-8000-000000000002";
/// Has a role with a condition that is false, and one about custom resources only.
const CAROL: &str = "a0000000-0000-4000-8000-000000000003";
/// Had a role for a time, has one, and will have one.
const DAVE: &str = "a0000000-0000-4000-8000-000000000004";
/// Is denied nodes for a time.
const FRANK: &str = "a0000000-0000-4000-8000-000000000006";
/// Has nothing.
const EVE: &str = "a0000000-0000-4000-8000-000000000005";
/// Writes everywhere.
const TEAM: &str = "b0000000-0000-4000-8000-000000000001";
const ADMINS: &str = "b0000000-0000-4000-8000-0000000000ff";

/// Runs a command with `words` and the configuration.
fn ask(words: &[&str]) -> Ran {
    kubentra(&[words, &["--config", CONFIG]].concat())
}

fn json_of(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn can_i_answers_by_word_reason_and_exit_status() {
    #[rustfmt::skip]
    let cases: &[(&[&str], i32, &str)] = &[
        (&["get", "pods", "-n", "dev", "--oid", ALICE],                   0, "her own role"),
        (&["get", "pods", "--oid", ALICE],                                2, "not in the whole cluster"),
        (&["create", "pods", "-n", "dev", "--oid", ALICE],                2, "a reader does not write"),
        (&["create", "pods", "--oid", ALICE, "--group", TEAM],            0, "her team does"),
        (&["create", "pods", "--oid", ALICE, "--group", EVE, "--group", TEAM], 0, "several groups"),
        (&["get", "secrets", "--oid", ALICE, "--group", TEAM],            1, "denied"),
        (&["get", "secrets", "--oid", BOB, "--group", TEAM],              0, "spared by the deny"),
        (&["get", "pods", "--oid", BOB],                                  2, "an owner has no data actions"),
        (&["get", "pods", "--oid", CAROL],                                2, "a condition that is false by now"),
        (&["get", "widgets.example.com", "-n", "dev", "--oid", CAROL],    0, "a condition that is true"),
        (&["get", "widgets.example.org", "-n", "dev", "--oid", CAROL],    2, "a condition that is false"),
        (&["get", "pods", "--oid", DAVE],                                 2, "a schedule that is over"),
        (&["get", "pods", "-n", "dev", "--oid", DAVE],                    0, "a schedule in force"),
        (&["create", "pods", "-n", "test", "--oid", DAVE],                2, "a schedule to come"),
        (&["get", "/version", "--oid", EVE],                              0, "discovery"),
        (&["get", "/metrics", "--oid", EVE],                              2, "no discovery"),
        (&["delete", "nodes", "--oid", EVE, "--group", ADMINS],           0, "an administrator"),
        (&["*", "*", "--oid", ALICE, "--group", TEAM],                    1, "everything, of which secrets are denied"),
        (&["create", "deployments.apps/scale", "-n", "dev", "--oid", EVE, "--group", TEAM], 0, "group and subresource"),
        (&["create", "services", "-n", "dev", "--oid", EVE, "--mirid", WORKSPACE], 0, "trusted access"),
        (&["create", "services", "-n", "dev", "--oid", EVE],                  2, "not by object id"),
    ];
    let mut answers = String::new();
    for (words, status, why) in cases {
        let ran = ask(&[&["can-i"], *words].concat());
        assert_eq!((ran.status, ran.stderr.as_str()), (*status, ""), "{why}: {words:?}");
        let word = ["yes", "no", "no opinion"][usize::try_from(*status).unwrap()];
        assert_eq!(ran.stdout.lines().next(), Some(word), "{why}: {words:?}");
        answers.push_str(&format!("{}\n{}\n", words.join(" "), ran.stdout));

        let ran = ask(&[&["can-i", "-o", "json"], *words].concat());
        let outcome = ["allow", "deny", "noOpinion"][usize::try_from(*status).unwrap()];
        assert_eq!((ran.status, &json_of(&ran)["decision"]), (*status, &json!(outcome)), "{why}");
        assert_eq!(json_of(&ran)["grant"].is_null(), *status != 0, "{why}");
    }
    insta::assert_snapshot!(answers.replace(CLUSTER, "CLUSTER"));
}

#[test]
fn a_policy_is_found_by_flag_environment_or_directory() {
    let question = ["can-i", "get", "pods", "-n", "dev", "--oid", ALICE];
    let by_directory = ["--policy", POLICY, "--cluster", CLUSTER];
    assert_eq!(kubentra(&[&question[..], &by_directory].concat()).status, 0);

    let with = |variable: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubentra"));
        command.args(question).args(more).env("KUBENTRA_CONFIG", variable);
        command.output().unwrap().status.code().unwrap()
    };
    assert_eq!(with(CONFIG, &[]), 0, "by the environment");
    assert_eq!(with("/nowhere", &[]), 4, "which may be wrong");
    assert_eq!(with("/nowhere", &by_directory), 0, "a flag wins over the environment");
    assert_eq!(with("/nowhere", &["--config", CONFIG]), 0, "so does the other");
}

#[test]
fn what_cannot_be_asked_is_refused_with_what_to_write() {
    let nowhere = ["--policy", "/nowhere", "--cluster", CLUSTER];
    #[rustfmt::skip]
    let cases: Vec<(Vec<&str>, i32)> = vec![
        (vec!["can-i", "get", "pods", "--oid", ALICE], 3),
        (vec!["can-i", "get", "pods", "--config", CONFIG], 3),
        (vec!["can-i", "get", "pods.", "--oid", ALICE, "--config", CONFIG], 3),
        (vec!["can-i", "get", "/version", "-n", "dev", "--oid", ALICE, "--config", CONFIG], 3),
        (vec!["can-i", "get", "pods", "--oid", "alice", "--config", CONFIG], 3),
        (vec!["can-i", "get", "pods", "--oid", "00000000-0000-0000-0000-000000000000", "--config", CONFIG], 3),
        (vec!["can-i", "get", "pods", "--oid", ALICE, "--group", "team", "--config", CONFIG], 3),
        (vec!["can-i", "get", "pods", "--oid", ALICE, "--policy", POLICY], 3),
        (vec!["can-i", "get", "pods", "--oid", ALICE, "--policy", POLICY, "--cluster", "demo"], 3),
        (vec!["can-i", "get", "pods", "--oid", ALICE, "--policy", POLICY, "--cluster", CLUSTER, "--config", CONFIG], 3),
        (vec!["can-i", "get", "pods", "--oid", ALICE, "--config", "/nowhere"], 4),
        ([&["can-i", "get", "pods", "--oid", ALICE][..], &nowhere].concat(), 4),
        (vec!["list", "--oid", ALICE, "-n", "a/b", "--config", CONFIG], 3),
        (vec!["explain", "--config", CONFIG], 3),
        (vec!["explain", "-f", "/nowhere", "--config", CONFIG], 4),
        (vec!["explain", "-f", CONFIG, "--config", CONFIG], 4),
    ];
    let mut messages = String::new();
    for (words, status) in cases {
        let ran = kubentra(&words);
        assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{words:?}");
        messages.push_str(&format!("{}\n{}\n", words.join(" "), ran.stderr));
    }
    let messages = messages.replace(CLUSTER, "CLUSTER").replace(env!("CARGO_MANIFEST_DIR"), "");
    insta::assert_snapshot!(messages);
}

#[test]
fn a_resource_without_its_group_is_answered_with_a_hint() {
    let ran = ask(&["can-i", "get", "deployments", "-n", "dev", "--oid", ALICE]);
    assert_eq!(ran.status, 2);
    insta::assert_snapshot!(ran.stderr, @"note: `deployments` is no known resource of the core group; for another group write `deployments.apps` or `deployments.extensions`");
}

#[test]
fn who_can_is_a_table_of_grants_with_the_denies_below() {
    let mut tables = String::new();
    for words in [
        &["get", "pods", "-n", "dev"][..],
        &["create", "pods", "-n", "dev"],
        &["get", "secrets"],
        &["get", "/version"],
        &["approve", "certificatesigningrequests.certificates.k8s.io"],
    ] {
        let ran = ask(&[&["who-can"], words].concat());
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{words:?}");
        tables.push_str(&format!("{}\n\n{}\n", words.join(" "), ran.stdout));
    }
    insta::assert_snapshot!(tables);

    let items = json_of(&ask(&["who-can", "get", "pods", "-n", "dev", "-o", "json"]));
    assert_eq!(items["items"][1]["principal"], ALICE);
}

#[test]
fn a_list_says_what_grants_until_when_and_what_grants_nothing() {
    let mut tables = String::new();
    for words in [
        &["--oid", ALICE, "--group", TEAM, "--group", ADMINS][..],
        &["--oid", ALICE, "--group", TEAM, "-n", "test"],
        &["--oid", BOB],
        &["--oid", CAROL],
        &["--oid", DAVE],
        &["--oid", FRANK],
        &["--oid", EVE, "--mirid", WORKSPACE, "-n", "dev"],
    ] {
        let ran = ask(&[&["list"], words].concat());
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{words:?}");
        tables.push_str(&format!("{}\n\n{}\n", words.join(" "), ran.stdout));
    }
    insta::assert_snapshot!(tables);

    let ran = ask(&["list", "--oid", DAVE, "-o", "json"]);
    let items = json_of(&ran)["items"].clone();
    assert_eq!(items[1]["until"], "2100-01-01T00:00:00Z");

    let ran = ask(&["list", "--oid", FRANK, "-o", "json"]);
    let denies = json_of(&ran)["denyAssignments"].clone();
    let narrowed = "@Environment[UtcNow] DateTimeLessThan '2100-01-01T00:00:00Z'";
    assert_eq!(
        (&denies[0]["condition"], &denies[1]["condition"]),
        (&json!(narrowed), &Value::Null)
    );
}

#[test]
fn explain_shows_every_rule_tried() {
    let ran = ask(&["explain", "-f", REVIEW]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout);

    let ran = ask(&["explain", "-f", REVIEW, "-o", "json"]);
    let report = json_of(&ran);
    assert_eq!(report["decision"], "allow");
    assert_eq!(report["steps"][0]["rule"], "§1.1");
}

#[test]
fn explain_says_when_its_answer_may_change() {
    let mut review: Value =
        serde_json::from_str(&std::fs::read_to_string(REVIEW).unwrap()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    #[rustfmt::skip]
    let cases = [
        (DAVE,  "pods",  "allow",     Some("2100-01-01T00:00:00Z"), "a schedule ends"),
        (FRANK, "nodes", "deny",      Some("2100-01-01T00:00:00Z"), "the condition of a deny turns"),
        (ALICE, "pods",  "allow",     None,                         "nothing asks for the time"),
    ];
    for (oid, resource, outcome, change, why) in cases {
        review["spec"]["extra"]["oid"][0] = json!(oid);
        review["spec"]["groups"] = json!([]);
        review["spec"]["resourceAttributes"]["resource"] = json!(resource);
        std::fs::write(path, review.to_string()).unwrap();
        let report = json_of(&ask(&["explain", "-f", path, "-o", "json"]));
        assert_eq!(report["decision"], outcome, "{why}");
        assert_eq!(report["nextChange"].as_str(), change, "{why}");
        let shown = ask(&["explain", "-f", path]).stdout;
        let says =
            change.map(|at| format!("the answer may change at {at}, by a schedule or a condition"));
        let line = shown.lines().find(|line| line.starts_with("the answer may change"));
        assert_eq!(line, says.as_deref(), "{why}");
    }
}

#[test]
fn explain_shows_which_part_of_a_condition_was_true() {
    let mut review: Value =
        serde_json::from_str(&std::fs::read_to_string(REVIEW).unwrap()).unwrap();
    let spec = &mut review["spec"];
    spec["extra"]["oid"][0] = json!(CAROL);
    spec["resourceAttributes"]["resource"] = json!("widgets");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("review.json");
    let path = file.to_str().unwrap();
    let mut explanations = String::new();
    for (group, outcome) in [("example.com", "allow"), ("example.org", "noOpinion")] {
        review["spec"]["resourceAttributes"]["group"] = json!(group);
        std::fs::write(&file, review.to_string()).unwrap();
        explanations.push_str(&ask(&["explain", "-f", path]).stdout);
        let report = json_of(&ask(&["explain", "-f", path, "-o", "json"]));
        assert_eq!(report["decision"], outcome, "{group}");
        let mut steps = report["steps"].as_array().unwrap().iter();
        let conditions = steps.find_map(|step| step.get("conditions")).unwrap();
        assert_eq!(conditions[0]["parts"][0]["says"], "all of");
    }
    insta::assert_snapshot!(explanations.replace(CLUSTER, "CLUSTER"));
}

#[test]
fn explain_reads_standard_input_and_answers_by_exit_status() {
    let spec = |user: &str, oid: &str, verb: &str, resource: &str| {
        json!({
            "apiVersion": "authorization.k8s.io/v1beta1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": user,
                "extra": { "oid": [oid] },
                "resourceAttributes": { "verb": verb, "resource": resource, "namespace": "dev" },
            },
        })
        .to_string()
    };
    #[rustfmt::skip]
    let cases = [
        (spec("alice", ALICE, "get", "pods"),        0, "allow"),
        (spec("alice", ALICE, "get", "secrets"),     1, "deny"),
        (spec("alice", ALICE, "delete", "pods"),     2, "no opinion"),
        (spec("system:admin", ALICE, "get", "pods"), 2, "a user of Kubernetes"),
        (spec("alice", "alice", "get", "pods"),      2, "no object id"),
        ("{}".to_owned(),                            4, "no review"),
    ];
    for (review, status, why) in cases {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kubentra"))
            .args(["explain", "-f", "-", "--config", CONFIG])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), review.as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(status), "{why}");
    }
}
