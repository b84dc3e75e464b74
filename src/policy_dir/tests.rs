use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{MAX_FINDINGS, ReadPolicyError, check::check, fingerprint, read};
use crate::authz::{ClusterScope, DecisionRules, PolicySetting};
use crate::builtin;
use crate::wire::arm::Kind;

const CLUSTER: &str = "/subscriptions/5a000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/demo";
const READER: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
const WRITER: &str = "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb";

/// A policy directory with these files; `CLUSTER` stands for the cluster's id.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(dir.path(), name, text);
    }
    dir
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text.replace("CLUSTER", CLUSTER)).unwrap();
}

fn assignment(id: u8, role: &str, more: &str) -> String {
    format!(
        "{{id: CLUSTER/providers/Microsoft.Authorization/roleAssignments/{id}, roleDefinitionId: {role}, scope: CLUSTER, principalId: b0000000-0000-4000-8000-00000000000{id}{more}}}"
    )
}

fn setting() -> PolicySetting {
    PolicySetting {
        cluster: ClusterScope::new(CLUSTER.parse().unwrap(), &[], None).unwrap(),
        operations: builtin::operations().unwrap(),
        rules: DecisionRules::default(),
    }
}

/// Every finding on a line of its own, without the path of this machine.
fn broken(dir: &TempDir) -> String {
    match read(dir.path()).unwrap_err() {
        ReadPolicyError::Broken(findings) => lines(dir, &findings.shown),
        error @ (ReadPolicyError::Open { .. } | ReadPolicyError::Builtin(_)) => panic!("{error}"),
    }
}

fn lines(dir: &TempDir, findings: &[super::Finding]) -> String {
    let path = format!("{}/", dir.path().display());
    findings.iter().map(|f| format!("{f}\n")).collect::<String>().replace(&path, "")
}

#[test]
fn an_empty_directory_has_the_built_in_policy_alone() {
    let dir = directory(&[]);
    let read = read(dir.path()).unwrap();
    assert_eq!(&read.documents, builtin::documents().unwrap());
    assert_eq!((read.warnings.len(), read.files), (0, 0));
}

#[test]
fn a_missing_directory_is_an_error() {
    let dir = directory(&[]);
    let error = read(&dir.path().join("nowhere")).unwrap_err();
    assert!(matches!(error, ReadPolicyError::Open { .. }), "{error}");
}

#[test]
fn every_policy_file_of_a_folder_is_read_and_nothing_else() {
    let dir = directory(&[
        ("roleAssignments/one.yaml", &assignment(1, READER, "")),
        ("roleAssignments/two.yml", &assignment(2, READER, "")),
        ("roleAssignments/three.JSON", "[]"),
        ("roleAssignments/.four.yaml", "not: [read"),
        ("roleAssignments/readme.md", "# not read"),
        ("roleAssignments/deeper/five.yaml", "not: [read"),
        (".git/config", "not read"),
        ("notes.txt", "not read"),
        ("denyassignments/a.yaml", "not: [read"),
        ("roleEligibilityScheduleInstances/a.yaml", "not: [read"),
    ]);
    let read = read(dir.path()).unwrap();
    assert_eq!((read.documents.role_assignments.len(), read.files), (2, 3));
    insta::assert_snapshot!(lines(&dir, &read.warnings));
}

#[test]
fn a_farm_of_links_is_followed_as_a_config_map_is_mounted() {
    let dir = directory(&[("..2026/roleAssignments/one.yaml", &assignment(1, READER, ""))]);
    symlink("..2026", dir.path().join("..data")).unwrap();
    symlink("..data/roleAssignments", dir.path().join("roleAssignments")).unwrap();
    assert_eq!(read(dir.path()).unwrap().documents.role_assignments.len(), 1);

    let before = fingerprint(dir.path()).unwrap();
    assert_eq!(fingerprint(dir.path()).unwrap(), before);
    write(dir.path(), "..2027/roleAssignments/one.yaml", &assignment(1, READER, ""));
    symlink("..2027", dir.path().join("..new")).unwrap();
    fs::rename(dir.path().join("..new"), dir.path().join("..data")).unwrap();
    assert_ne!(fingerprint(dir.path()).unwrap(), before, "the swap is seen");
}

#[test]
fn a_broken_link_in_a_folder_cannot_be_opened() {
    let dir = directory(&[("roleAssignments/one.yaml", "[]")]);
    symlink("nowhere", dir.path().join("roleAssignments/two.yaml")).unwrap();
    assert!(matches!(read(dir.path()).unwrap_err(), ReadPolicyError::Open { .. }));
    assert!(fingerprint(dir.path()).is_err());
}

#[test]
fn everything_that_is_wrong_is_reported_at_once() {
    let dir = directory(&[
        ("roleAssignments/a.yaml", "- {}\n- principalId: x\n"),
        ("roleAssignments/b.json", "{\"a\": 1,}"),
        ("roleAssignments/c.yaml", ""),
        ("roleDefinitions/d.yaml", "name: x\npermissions: []\n"),
        ("denyAssignments", "a file"),
    ]);
    fs::write(dir.path().join("roleDefinitions/e.json"), b"{\n \"a\xff\"}").unwrap();
    fs::create_dir(dir.path().join("roleDefinitions/f.json")).unwrap();
    insta::assert_snapshot!(broken(&dir));
}

#[test]
fn findings_are_limited_and_counted() {
    let dir = directory(&[("roleAssignments/a.yaml", &"- {}\n".repeat(50))]);
    let ReadPolicyError::Broken(findings) = read(dir.path()).unwrap_err() else { panic!() };
    assert_eq!((findings.shown.len(), findings.more), (MAX_FINDINGS, 50));
    assert!(findings.to_string().ends_with("(and 149 more; `kubentra check` shows them)"));
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let dir = directory(&[]);
    let padding = " ".repeat(usize::try_from(super::MAX_FILE_BYTES).unwrap());
    write(dir.path(), "roleAssignments/a.json", &format!("[{padding}]"));
    assert_eq!(broken(&dir), "roleAssignments/a.json: the file is larger than 16 MiB: split it\n");
}

#[test]
fn the_same_id_twice_is_fine_when_both_decide_alike() {
    let role = |id: &str, more: &str| {
        format!("{{name: {id}, permissions: [{{dataActions: [a/b, C/d]}}, {{}}]{more}}}")
    };
    let custom = "c0000000-0000-4000-8000-000000000003";
    let reordered = format!(
        "{{name: {}, permissions: [{{}}, {{dataActions: [c/D, A/b]}}], roleName: other}}",
        custom.to_uppercase()
    );
    let dir = directory(&[
        ("roleAssignments/a.yaml", &assignment(1, READER, "")),
        (
            "roleAssignments/b.yaml",
            &assignment(1, &READER.to_uppercase(), ", description: again")
                .replace("roleAssignments", "ROLEassignments"),
        ),
        ("roleDefinitions/a.yaml", &role(custom, "")),
        ("roleDefinitions/b.yaml", &reordered),
    ]);
    let read = read(dir.path()).unwrap();
    assert_eq!(read.documents.role_assignments.len(), 1);
    let built_in = builtin::documents().unwrap().role_definitions.len();
    assert_eq!(read.documents.role_definitions.len(), built_in + 1);
}

#[test]
fn the_same_id_twice_with_other_content_names_both_places() {
    let binding =
        "{id: CLUSTER/trustedAccessRoleBindings/b, sourceResourceId: CLUSTER, roles: [X]}";
    let deny = "{id: /d, scope: /, principals: [], permissions: []}";
    let instance = "{id: /i, scope: /, roleDefinitionId: 7f6c6a51-bcf8-42ba-9220-52d62157d7db, principalId: b0000000-0000-4000-8000-000000000001, endDateTime: 2026-01-01T00:00:00Z}";
    let access_role = "{sourceResourceType: A/b, name: c, rules: [{verbs: [get]}]}";
    let dir = directory(&[
        ("roleAssignments/a.yaml", &format!("[{}]", assignment(1, READER, ""))),
        ("roleAssignments/b.yaml", &format!("[{}]", assignment(1, WRITER, ""))),
        ("roleAssignmentScheduleInstances/a.yaml", instance),
        ("roleAssignmentScheduleInstances/b.yaml", &instance.replace("2026", "2027")),
        ("denyAssignments/a.yaml", deny),
        ("denyAssignments/b.yaml", &deny.replace("/, p", "/, doNotApplyToChildScopes: true, p")),
        ("trustedAccessRoles/a.yaml", access_role),
        ("trustedAccessRoles/b.yaml", &access_role.replace("get", "list").replace("A/b", "a/B")),
        ("trustedAccessRoleBindings/a.yaml", binding),
        ("trustedAccessRoleBindings/b.yaml", &binding.replace("[X]", "[Y]")),
    ]);
    insta::assert_snapshot!(
        broken(&dir).replace(CLUSTER, "CLUSTER").replace(&format!("{}/", dir.path().display()), "")
    );
}

#[test]
fn bindings_of_one_name_that_add_up_without_an_id_are_pointed_out() {
    let binding = |more: &str, role: &str| {
        format!("{{name: backup, sourceResourceId: CLUSTER, roles: [A/b/{role}]{more}}}")
    };
    let [here, there] = [1, 2].map(|n| format!(", id: CLUSTER/trustedAccessRoleBindings/{n}"));
    #[rustfmt::skip]
    let cases = [
        // (one,                 another,                         warned, why)
        (binding("", "c"),       binding("", "d"),                true,   "neither has an id"),
        (binding(&here, "c"),    binding("", "d"),                true,   "one has no id"),
        (binding("", "c"),       binding("", "d").replace("backup", "BackUp"), true, "case is ignored"),
        (binding("", "c"),       binding("", "C"),                false,  "both say the same"),
        (binding(&here, "c"),    binding(&there, "d"),            false,  "the ids tell them apart"),
        (binding("", "c"),       binding("", "d").replace("backup", "other"), false, "other names"),
        (binding("", "c").replace("name: backup, ", ""), binding("", "d").replace("name: backup, ", ""), false, "no names"),
    ];
    for (one, another, warned, why) in cases {
        let dir = directory(&[
            ("trustedAccessRoleBindings/a.yaml", &one),
            ("trustedAccessRoleBindings/b.yaml", &another),
        ]);
        let read = read(dir.path()).unwrap();
        assert_eq!(read.documents.trusted_access_role_bindings.len(), 2, "{why}: both count");
        let warnings = lines(&dir, &read.warnings);
        assert_eq!(!warnings.is_empty(), warned, "{why}: {warnings}");
        let both = [
            "trustedAccessRoleBindings/b.yaml:1:1: binding `",
            "trustedAccessRoleBindings/a.yaml:1:1 ",
        ];
        assert!(!warned || both.iter().all(|part| warnings.contains(part)), "{why}: {warnings}");
    }
}

#[test]
fn a_file_replaces_what_is_built_in() {
    let reader = "{name: 7F6C6A51-bcf8-42ba-9220-52d62157d7db, roleName: mine, permissions: []}";
    let access_role = "{sourceResourceType: microsoft.dataprotection/backupVaults, name: Backup-operator, rules: []}";
    let dir = directory(&[
        ("roleDefinitions/a.yaml", reader),
        ("trustedAccessRoles/a.yaml", access_role),
    ]);
    let read = read(dir.path()).unwrap();
    let built_in = builtin::documents().unwrap();
    assert_eq!(read.documents.role_definitions.len(), built_in.role_definitions.len());
    assert_eq!(read.documents.trusted_access_roles.len(), built_in.trusted_access_roles.len());
    assert!(read.documents.role_definitions.iter().any(|role| role.name == "mine"));
    insta::assert_snapshot!(lines(&dir, &read.warnings));
}

#[test]
fn a_report_points_at_what_grants_less_than_it_seems() {
    let dir = directory(&[
        ("roleDefinitions/custom.yaml", "name: c0000000-0000-4000-8000-000000000003\nproperties:\n  roleName: Elsewhere\n  assignableScopes: [/subscriptions/5a000000-0000-4000-8000-000000000002]\n  permissions:\n  - dataActions: ['*']\n    condition: ActionMatches{'x'}\n"),
        ("roleAssignments/a.yaml", &format!("- {}\n- {}\n- {}\n- {}\n",
            assignment(1, "c0000000-0000-4000-8000-000000000003", ""),
            assignment(2, "e0000000-0000-4000-8000-00000000000e", ""),
            assignment(3, READER, ", condition: \"ActionMatches{'x'}\""),
            assignment(4, READER, ""))),
        ("roleAssignmentScheduleInstances/a.yaml", &assignment(5, READER, ", originRoleAssignmentId: CLUSTER/providers/Microsoft.Authorization/roleAssignments/4").replace("roleAssignments/5", "roleAssignmentScheduleInstances/5")),
        ("trustedAccessRoleBindings/a.yaml", "{id: CLUSTER2/trustedAccessRoleBindings/b, sourceResourceId: CLUSTER, roles: [X]}"),
        ("trustedAccessRoleBindings/b.yaml", "{name: unnamed, sourceResourceId: CLUSTER, roles: [A/b/c]}"),
    ]);
    let report = check(dir.path(), &setting()).unwrap();
    assert!(!report.is_valid());
    let text = format!(
        "errors\n{}not understood\n{}warnings\n{}",
        lines(&dir, &report.errors.shown),
        lines(&dir, &report.not_understood),
        lines(&dir, &report.warnings)
    );
    insta::assert_snapshot!(text.replace(CLUSTER, "CLUSTER"));
}

#[test]
fn a_report_of_a_broken_directory_has_its_errors_only() {
    let dir = directory(&[("roleAssignments/a.yaml", "- {}\n"), ("stray.txt", "")]);
    let report = check(dir.path(), &setting()).unwrap();
    assert_eq!((report.errors.shown.len(), report.is_valid()), (3, false));
    assert!(check(&dir.path().join("nowhere"), &setting()).is_err());
}

proptest! {
    /// Whatever bytes lie in a policy file, reading the directory answers.
    #[test]
    fn reading_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        name in "[a-z]{1,3}[.](json|yaml)",
        kind in 0..Kind::ALL.len(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(Kind::ALL[kind].folder());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
        let _ = read(dir.path());
    }
}
