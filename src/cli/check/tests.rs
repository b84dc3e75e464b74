use std::fmt::Write as _;
use std::fs;

use tempfile::TempDir;

use super::*;

const CLUSTER: &str = "/subscriptions/5a000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/demo";

const CONFIG: &str = "apiVersion: kubentra.io/v1alpha1
kind: Configuration
cluster:
  resourceId: CLUSTER
entra:
  tenantId: 7e000000-0000-4000-8000-000000000001
";

/// A folder with a configuration and a policy; `CLUSTER` stands for the cluster's id.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("policy")).unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace("CLUSTER", CLUSTER)).unwrap();
    }
    dir
}

fn checked(dir: &TempDir) -> Answer {
    check_config(&dir.path().join("config.yaml")).unwrap()
}

/// The text without styles and without the path of this machine.
fn text(dir: &TempDir, answer: &Answer) -> String {
    let plain = anstream::adapter::strip_str(&answer.text()).to_string();
    plain.replace(&format!("{}/", dir.path().display()), "")
}

const ASSIGNMENTS: &str = r#"- {id: /a/1, scope: CLUSTER, principalId: b0000000-0000-4000-8000-000000000001, roleDefinitionId: 7f6c6a51-bcf8-42ba-9220-52d62157d7db, condition: "@Environment[UtcNow] DateTimeLessThan '2027-01-01T00:00:00Z' && true", conditionVersion: "2.0"}
- {id: /a/2, scope: CLUSTER, principalId: b0000000-0000-4000-8000-000000000001, roleDefinitionId: e0000000-0000-4000-8000-00000000000e}
"#;

#[test]
fn a_policy_is_fit_for_use_with_warnings_and_not_with_what_is_not_understood() {
    let broken = ASSIGNMENTS;
    let doubtful =
        broken.lines().next().unwrap().replace(" && true", " AND SubOperationMatches{'x'}");
    for (assignments, valid) in [(doubtful.as_str(), true), (broken, false)] {
        let dir =
            folder(&[("config.yaml", CONFIG), ("policy/roleAssignments/a.yaml", assignments)]);
        let answer = checked(&dir);
        assert_eq!(answer.is_valid(), valid);
        insta::assert_snapshot!(format!("valid_{valid}"), text(&dir, &answer));
    }
}

#[test]
fn a_broken_policy_and_a_broken_configuration_are_findings() {
    let dir = folder(&[("config.yaml", CONFIG), ("policy/roleAssignments/a.yaml", "- {}\n")]);
    insta::assert_snapshot!("broken_policy", text(&dir, &checked(&dir)));
    let config = CONFIG.replace("tenantId", "tenantID");
    let dir = folder(&[("config.yaml", &config)]);
    insta::assert_snapshot!("broken_configuration", text(&dir, &checked(&dir)));
}

#[test]
fn a_list_of_data_operations_is_checked_beside_the_policy() {
    let config = format!("{CONFIG}policy: {{ operationsFile: operations.txt }}\n");
    let mut table = String::new();
    for (what, operations) in [
        ("good", "# ours\nexample.com/widgets/read\nexample.com/widgets/write\n"),
        ("broken", "pods/read\n  pods\nMicrosoft.Storage/blobs/read\n"),
        ("empty", "\n"),
    ] {
        let dir = folder(&[
            ("config.yaml", &config),
            ("operations.txt", operations),
            ("policy/roleAssignments/a.yaml", "- {}\n"),
        ]);
        if what == "good" {
            fs::write(dir.path().join("policy/roleAssignments/a.yaml"), "[]").unwrap();
        }
        let answer = checked(&dir);
        assert_eq!(answer.is_valid(), what == "good");
        let json = serde_json::to_value(answer.json()).unwrap();
        assert_eq!(json["dataOperations"].as_u64(), (what == "good").then_some(2));
        let _ = writeln!(table, "{what}:\n{}", text(&dir, &answer));
    }
    insta::assert_snapshot!(table);
    let dir = folder(&[("config.yaml", &config)]);
    let error = check_config(&dir.path().join("config.yaml")).unwrap_err();
    assert!(matches!(error, CommandError::Unreadable(_)), "a file that is not there");
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_and_no_answer() {
    let dir = folder(&[("config.yaml", CONFIG)]);
    assert!(check_config(&dir.path().join("nowhere.yaml")).is_err());
    fs::remove_dir(dir.path().join("policy")).unwrap();
    let error = check_config(&dir.path().join("config.yaml")).unwrap_err();
    assert!(matches!(error, CommandError::Unreadable(_)));
}

#[test]
fn a_program_reads_the_same_as_json() {
    let dir = folder(&[("config.yaml", CONFIG), ("policy/roleAssignments/a.yaml", ASSIGNMENTS)]);
    let answer = checked(&dir);
    let json = serde_json::to_string_pretty(&answer.json()).unwrap();
    insta::assert_snapshot!(json.replace(&format!("{}/", dir.path().display()), ""));
}

#[test]
fn a_cluster_that_is_none_is_wrong_usage() {
    for cluster in ["demo", "/subscriptions/x", ""] {
        assert!(matches!(cluster_of(cluster), Err(CommandError::Usage(_))), "{cluster}");
    }
    assert!(cluster_of(CLUSTER).is_ok());
}
