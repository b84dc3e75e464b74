//! A list of data operations of one's own decides what is a custom resource.

use std::fs;
use std::time::{Duration, Instant};

use kubentra::review::report;
use serde_json::{Value, json};

use crate::cli::kubentra;
use crate::webhook::{CLUSTER, Files, Server, access_review, tuning};

/// Two roles for two callers: one for widgets by their own name, one for custom resources.
const ROLES: [(&str, &str, &str); 2] = [
    ("e0000000-0000-4000-8000-000000000001", BY_NAME, "example.com/widgets/read"),
    ("e0000000-0000-4000-8000-000000000002", AS_CUSTOM, "customresources/read"),
];
const BY_NAME: &str = "a0000000-0000-4000-8000-000000000011";
const AS_CUSTOM: &str = "a0000000-0000-4000-8000-000000000012";

const SETTING: &str = "policy: { operationsFile: lists/operations.txt }";

fn files() -> Files {
    let files = Files::new().with(SETTING);
    for (role, caller, action) in ROLES {
        let action = format!("Microsoft.ContainerService/managedClusters/{action}");
        let definition = json!({
            "name": role, "roleName": action, "permissions": [{"dataActions": [action]}],
        });
        files.write(&format!("policy/roleDefinitions/{role}.json"), &definition.to_string());
        let assignment = json!({
            "id": format!("/a/{role}"), "principalId": caller, "roleDefinitionId": role,
            "scope": CLUSTER,
        });
        files.write(&format!("policy/roleAssignments/{role}.json"), &assignment.to_string());
    }
    files
}

fn review(caller: &str) -> Value {
    let mut review = access_review("get");
    review["spec"]["extra"]["oid"] = json!([caller]);
    review["spec"]["resourceAttributes"] =
        json!({"namespace": "dev", "verb": "get", "group": "example.com", "resource": "widgets"});
    review
}

/// Whether each of the two callers may read widgets.
async fn allowed(server: &Server) -> [bool; 2] {
    let mut answers = [false; 2];
    for (answer, caller) in answers.iter_mut().zip([BY_NAME, AS_CUSTOM]) {
        let status: Value = server.authorize(&review(caller)).await.json().await.unwrap();
        *answer = status["status"]["allowed"] == json!(true);
    }
    answers
}

async fn until(server: &Server, expected: [bool; 2], why: &str) {
    let began = Instant::now();
    while allowed(server).await != expected {
        assert!(began.elapsed() < Duration::from_secs(10), "never: {why}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn one_review_is_about_a_custom_resource_or_a_known_one_by_the_list() {
    let built_in = files().with("").start().await;
    assert_eq!(allowed(&built_in).await, [false, true], "the built-in list has no widgets");
    built_in.stop().await;

    let files = files();
    files.write("lists/operations.txt", "pods/read\nexample.com/widgets/read\n");
    let server = files.start().await;
    assert_eq!(allowed(&server).await, [true, false], "known by the file");
    server.files.write("lists/operations.txt", "pods/read\n");
    until(&server, [false, true], "the file changed").await;
    server.files.write("lists/operations.txt", "pods\n");
    let (_, page) = server.until_ready_says("operations.txt:1:1: `pods` is no data").await;
    assert!(page.contains("last good"), "{page}");
    assert_eq!(allowed(&server).await, [false, true], "the last good list stays");
    let az = json!({"resourceTypes": [{"operations": [
        {"name": "Microsoft.ContainerService/managedClusters/example.com/widgets/read", "isDataAction": true},
    ]}]});
    server.files.write("lists/operations.txt", &az.to_string());
    until(&server, [true, false], "what az prints").await;
    server.stop().await;
}

#[tokio::test]
async fn the_server_does_not_start_with_a_list_that_it_cannot_use() {
    #[rustfmt::skip]
    let cases = [
        (None,           "cannot use the list of data operations: cannot open `DIR/lists/operations.txt`: "),
        (Some(""),       "cannot use the list of data operations: DIR/lists/operations.txt:1:1: no data operation"),
        (Some("pods\n"), "cannot use the list of data operations: DIR/lists/operations.txt:1:1: `pods` is no data operation"),
    ];
    for (text, expected) in cases {
        let files = files();
        if let Some(text) = text {
            files.write("lists/operations.txt", text);
        }
        let error = report(&files.try_start(tuning()).await.unwrap_err());
        let error = error.replace(&files.dir.path().display().to_string(), "DIR");
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn the_commands_take_a_list_beside_a_policy_directory() {
    let files = files();
    files.write("lists/operations.txt", "example.com/widgets/read\n");
    files.write("lists/broken.txt", "pods\n");
    let review_file = files.path("review.json");
    fs::write(&review_file, review(BY_NAME).to_string()).unwrap();
    let (policy, list) = (files.path("policy"), files.path("lists/operations.txt"));
    let [policy, list] = [&policy, &list].map(|path| path.to_str().unwrap());
    let source = ["--policy", policy, "--cluster", CLUSTER];
    let review_file = review_file.to_str().unwrap();
    #[rustfmt::skip]
    let cases: [(&[&str], [i32; 2], [&str; 2]); 4] = [
        // (command,                                               status without and with,  said without and with)
        (&["can-i", "get", "widgets.example.com", "--oid", BY_NAME],   [2, 0], ["customresources/read", "example.com/widgets/read"]),
        (&["explain", "-f", review_file],                              [2, 0], ["customresources/read", "example.com/widgets/read"]),
        (&["who-can", "get", "widgets.example.com"],                   [0, 0], [AS_CUSTOM, BY_NAME]),
        (&["check"],                                                   [0, 0], ["valid: ", "1 data operation of your own"]),
    ];
    for (command, statuses, said) in cases {
        for (own, (status, said)) in [false, true].into_iter().zip(statuses.into_iter().zip(said)) {
            let more: &[&str] = if own { &["--operations", list] } else { &[] };
            let ran = kubentra(&[command, &source, more].concat());
            assert_eq!((ran.status, ran.stderr.as_str()), (status, ""), "{command:?} {own}");
            assert!(ran.stdout.contains(said), "{command:?} {own}: {}", ran.stdout);
        }
    }
    let broken = files.path("lists/broken.txt");
    let broken = ["--operations", broken.to_str().unwrap()];
    // No list changes what `list` prints, but it too refuses a broken one.
    let reading = cases.iter().map(|case| case.0).filter(|command| *command != ["check"]);
    for command in reading.chain([["list", "--oid", BY_NAME].as_slice()]) {
        let ran = kubentra(&[command, &source, &broken].concat());
        let said = (ran.status, ran.stdout.as_str());
        assert_eq!(said, (4, ""), "no answer by the built-in list instead: {command:?}");
        let error = "broken.txt:1:1: `pods` is no data operation";
        assert!(ran.stderr.contains(error), "{command:?}: {}", ran.stderr);
    }
    let ran = kubentra(&[cases[0].0, &["--operations", list]].concat());
    assert_eq!(ran.status, 3, "a list alone is no policy: {}", ran.stderr);

    let config = files.write_config();
    let config = ["--config", config.to_str().unwrap()];
    let ran = kubentra(&[cases[0].0, &config].concat());
    assert_eq!(ran.status, 0, "the list of the configuration: {}", ran.stdout);
    let ran = kubentra(&[&["check"], config.as_slice()].concat());
    assert!(ran.stdout.contains("1 data operation of your own"), "{}", ran.stdout);
}
