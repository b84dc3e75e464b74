use proptest::prelude::*;

use super::*;
use crate::{
    authz::{MemberType, ObjectId, ProvisioningState, RoleKind},
    wire::{Format, parse},
};

const CLUSTER: &str = "/subscriptions/5a000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/demo";

fn read_text(kind: Kind, text: &str, format: Format) -> Result<Documents, String> {
    let text = text.replace("CLUSTER", CLUSTER);
    let lines =
        |faults: Vec<Fault>| faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n");
    let node = parse(&text, format).map_err(|fault| fault.to_string())?;
    read(kind, &node, "folder/file.json").map_err(lines)
}

fn faults(kind: Kind, yaml: &str) -> String {
    read_text(kind, yaml, Format::Yaml).unwrap_err()
}

fn one(kind: Kind, yaml: &str) -> Documents {
    read_text(kind, yaml, Format::Yaml).unwrap()
}

const NESTED: &str = r#"{
  "id": "CLUSTER/providers/Microsoft.Authorization/roleAssignments/a0000000-0000-4000-8000-000000000001",
  "type": "Microsoft.Authorization/roleAssignments",
  "name": "a0000000-0000-4000-8000-000000000001",
  "properties": {
    "roleDefinitionId": "/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/7F6C6A51-bcf8-42ba-9220-52d62157d7db",
    "principalId": "B0000000-0000-4000-8000-000000000002",
    "principalType": "Group",
    "scope": "CLUSTER/namespaces/team1",
    "condition": null,
    "conditionVersion": null
  }
}"#;

const FLAT: &str = r#"{
  "condition": "",
  "conditionVersion": null,
  "id": "CLUSTER/providers/Microsoft.Authorization/roleAssignments/a0000000-0000-4000-8000-000000000001",
  "name": "a0000000-0000-4000-8000-000000000001",
  "principalId": "b0000000-0000-4000-8000-000000000002",
  "principalName": "team1",
  "roleDefinitionId": "7f6c6a51-bcf8-42ba-9220-52d62157d7db",
  "scope": "CLUSTER/namespaces/team1",
  "type": "Microsoft.Authorization/roleAssignments"
}"#;

#[test]
fn all_notations_of_an_assignment_read_the_same() {
    let values = |documents: Documents| {
        documents.role_assignments.into_iter().map(|d| d.value).collect::<Vec<_>>()
    };
    let kind = Kind::RoleAssignment;
    let plain = values(read_text(kind, NESTED, Format::Json).unwrap());
    assert_eq!(plain.len(), 1);
    assert_eq!(plain[0].principal, "b0000000-0000-4000-8000-000000000002".parse().unwrap());
    assert_eq!(plain[0].condition, None);
    let notations = [
        FLAT.to_owned(),
        format!("[{NESTED}]"),
        format!("[{FLAT}]"),
        format!("{{\"value\": [{NESTED}]}}"),
        format!("{{\"value\": [{NESTED}], \"nextLink\": null}}"),
        format!("{{\"nextLink\": null, \"value\": [{FLAT}], \"_comment\": 1}}"),
    ];
    for text in notations {
        assert_eq!(values(read_text(kind, &text, Format::Json).unwrap()), plain, "{text}");
        assert_eq!(values(read_text(kind, &text, Format::Yaml).unwrap()), plain, "{text}");
    }
    assert_eq!(values(read_text(kind, "[]", Format::Json).unwrap()), []);
    assert_eq!(values(read_text(kind, "{\"value\": []}", Format::Json).unwrap()), []);
}

#[test]
fn an_assignment_needs_no_more_than_three_members() {
    let yaml = "- principalId: b0000000-0000-4000-8000-000000000002\n  roleDefinitionId: 7f6c6a51-bcf8-42ba-9220-52d62157d7db\n  scope: /\n";
    let documents = one(Kind::RoleAssignment, yaml);
    assert_eq!(documents.role_assignments[0].value.id, "folder/file.json:1:3");
    assert_eq!(documents.role_assignments[0].place, Place { line: 1, column: 3 });
    let named = format!("{yaml}  name: n1\n");
    let id = "/providers/Microsoft.Authorization/roleAssignments/n1";
    assert_eq!(one(Kind::RoleAssignment, &named).role_assignments[0].value.id, id);
}

#[test]
fn a_schedule_instance_keeps_what_bounds_it() {
    let yaml = "properties:
  principalId: b0000000-0000-4000-8000-000000000002
  roleDefinitionId: /providers/Microsoft.Authorization/roleDefinitions/7f6c6a51-bcf8-42ba-9220-52d62157d7db
  scope: CLUSTER
  status: Provisioned
  memberType: Group
  startDateTime: 2026-11-22T08:00:15.98Z
  endDateTime: null
  originRoleAssignmentId: CLUSTER/providers/Microsoft.Authorization/roleAssignments/x
  linkedRoleEligibilityScheduleId: null
";
    let instance = one(Kind::ScheduleInstance, yaml).schedule_instances.remove(0).value;
    assert_eq!(instance.member_type, MemberType::Other("Group".to_owned()));
    assert_eq!(instance.start.unwrap().to_string(), "2026-11-22T08:00:15.98Z");
    assert_eq!(instance.end, None);
    assert!(instance.origin.unwrap().ends_with("/roleAssignments/x"));
    assert_eq!(instance.status.as_deref(), Some("Provisioned"));
}

#[test]
fn a_role_definition_has_permissions_each_with_its_condition() {
    let yaml = "id: /providers/Microsoft.Authorization/roleDefinitions/C0000000-0000-4000-8000-000000000003
type: Microsoft.Authorization/roleDefinitions
properties:
  roleName: CRD Reader
  type: CustomRole
  assignableScopes: [CLUSTER]
  permissions:
  - dataActions: ['Microsoft.ContainerService/managedClusters/customresources/read']
    actions: null
    condition: ActionMatches{'x'}
    conditionVersion: '2.0'
  - {}
";
    let role = one(Kind::RoleDefinition, yaml).role_definitions.remove(0).value;
    assert_eq!(role.id.to_string(), "c0000000-0000-4000-8000-000000000003");
    assert_eq!((role.name.as_str(), role.kind), ("CRD Reader", RoleKind::Custom));
    assert_eq!(role.permissions.len(), 2);
    let condition = role.permissions[0].condition.as_ref().unwrap();
    assert_eq!((condition.text(), condition.version()), ("ActionMatches{'x'}", Some("2.0")));
    assert_eq!(role.permissions[0].data_actions.len(), 1);

    let flat = "{name: C0000000-0000-4000-8000-000000000003, roleName: R, roleType: BuiltInRole, permissions: []}";
    let role = one(Kind::RoleDefinition, flat).role_definitions.remove(0).value;
    assert_eq!((role.name.as_str(), role.kind), ("R", RoleKind::BuiltIn));
}

#[test]
fn a_deny_assignment_keeps_whom_it_denies_and_spares() {
    let yaml = "name: d0000000-0000-4000-8000-000000000004
properties:
  denyAssignmentName: no secrets
  scope: CLUSTER
  doNotApplyToChildScopes: true
  principals: [{id: 00000000-0000-0000-0000-000000000000, type: SystemDefined}]
  excludePrincipals: [{id: b0000000-0000-4000-8000-000000000002, type: User}]
  permissions: [{dataActions: ['*/secrets/*'], notDataActions: ['*/read']}]
";
    let deny = one(Kind::DenyAssignment, yaml).deny_assignments.remove(0).value;
    assert_eq!(deny.principals, [ObjectId::EVERYONE]);
    assert_eq!(deny.exclude_principals.len(), 1);
    assert!(deny.do_not_apply_to_child_scopes);
    assert_eq!(deny.name, "no secrets");
    let end =
        "/providers/Microsoft.Authorization/denyAssignments/d0000000-0000-4000-8000-000000000004";
    assert_eq!(deny.id, format!("{CLUSTER}{end}"));
}

#[test]
fn trusted_access_reads_rules_and_states() {
    let yaml = "sourceResourceType: Microsoft.MachineLearningServices/workspaces
name: reader
rules: [{verbs: [get], apiGroups: [''], resources: [pods], nonResourceUrLs: [/metrics]}]
";
    let role = one(Kind::TrustedAccessRole, yaml).trusted_access_roles.remove(0).value;
    assert_eq!(role.full_name(), "Microsoft.MachineLearningServices/workspaces/reader");
    assert_eq!(role.rules[0].non_resource_urls, ["/metrics"], "as one SDK spells it");

    #[rustfmt::skip]
    let cases = [
        ("",                              ProvisioningState::Succeeded, "missing"),
        ("provisioningState: null",       ProvisioningState::Succeeded, "null"),
        ("provisioningState: succeeded",  ProvisioningState::Succeeded, "case is ignored"),
        ("provisioningState: Updating",   ProvisioningState::Updating,  "an update in progress"),
        ("provisioningState: Deleting",   ProvisioningState::Other("Deleting".to_owned()), "the others"),
    ];
    for (state, expected, why) in cases {
        let yaml = format!("name: b\nsourceResourceId: CLUSTER\nroles: [A/b/c]\n{state}\n");
        let documents = one(Kind::TrustedAccessRoleBinding, &yaml);
        let binding = &documents.trusted_access_role_bindings[0].value;
        assert_eq!(binding.state, expected, "{why}");
        assert_eq!((binding.id.as_str(), binding.name.as_str()), ("", "b"));
    }
}

#[test]
fn what_makes_no_sense_is_named_with_its_place_and_a_remedy() {
    use Kind::{
        DenyAssignment, RoleAssignment, RoleDefinition, ScheduleInstance, TrustedAccessRole,
        TrustedAccessRoleBinding,
    };
    const GRANT: &str = "principalId: b0000000-0000-4000-8000-000000000002\nroleDefinitionId: 7f6c6a51-bcf8-42ba-9220-52d62157d7db\nscope: /\n";
    let with = |more: &str| format!("{GRANT}{more}\n");
    let cases = [
        (RoleAssignment, "[1]".to_owned(), "a member that is no object"),
        (RoleAssignment, "just text".to_owned(), "a document that is no object"),
        (RoleAssignment, "{}".to_owned(), "nothing of what is required"),
        (RoleAssignment, "[null]".to_owned(), "an entry that is null"),
        (RoleAssignment, GRANT.replace("b0000000-0000", "alice"), "a principal that is no GUID"),
        (RoleAssignment, GRANT.replace("scope: /", "scope: subscriptions/x"), "a scope without slash"),
        (RoleAssignment, GRANT.replace("scope: /", "scope: 7"), "a number for a string"),
        (RoleAssignment, GRANT.replace("scope: /", "scope: ''"), "a scope of nothing"),
        (RoleAssignment, with("conditionVersion: 2.0"), "a version without quotes"),
        (RoleAssignment, with("condition: [a]"), "a list for a string"),
        (RoleAssignment, with("PrincipalId: b0000000-0000-4000-8000-000000000002"), "two spellings of a name"),
        (RoleAssignment, with("type: Microsoft.Authorization/denyAssignments"), "another kind"),
        (RoleAssignment, with("type: Microsoft.Compute/disks"), "no kind of ours"),
        (RoleAssignment, with("id: /x/roleAssignmentScheduleInstances/y"), "another kind by its id"),
        (RoleAssignment, "value: []\nnextLink: https://example.com/more".to_owned(), "a shortened list"),
        (RoleAssignment, "value: {}".to_owned(), "a list that is none"),
        (RoleAssignment, "properties: []".to_owned(), "properties that are none"),
        (RoleAssignment, format!("condition: x\nproperties:\n  {}", GRANT.trim_end().replace('\n', "\n  ")), "a condition in the wrong place"),
        (RoleAssignment, with("id: \"a\\nb\""), "an id of two lines"),
        (ScheduleInstance, with("endDateTime: tomorrow\nstartDateTime: 2026-13-01T00:00:00Z"), "two dates that are none"),
        (RoleDefinition, "permissions: []".to_owned(), "a role without its GUID"),
        (RoleDefinition, "name: reader\npermissions: []".to_owned(), "a name that is no GUID"),
        (RoleDefinition, "name: 7f6c6a51-bcf8-42ba-9220-52d62157d7db\nid: /x/a0000000-0000-4000-8000-000000000001\npermissions: []".to_owned(), "two GUIDs"),
        (RoleDefinition, "name: 7f6c6a51-bcf8-42ba-9220-52d62157d7db".to_owned(), "a role without permissions"),
        (RoleDefinition, "name: 7f6c6a51-bcf8-42ba-9220-52d62157d7db\npermissions: [{dataActions: ['', 3], notDataActions: x}]".to_owned(), "actions that are none"),
        (DenyAssignment, "scope: /\nprincipals: [{type: User}, b]\npermissions: []\ndoNotApplyToChildScopes: 'no'".to_owned(), "principals without id, and a flag that is text"),
        (TrustedAccessRole, "rules: []".to_owned(), "a role of no type"),
        (TrustedAccessRoleBinding, "sourceResourceId: x\nroles: mlworkload".to_owned(), "a source and roles that are none"),
    ];
    let mut shown = String::new();
    for (kind, yaml, why) in cases {
        let faults = faults(kind, &yaml);
        shown.push_str(&format!("{why}\n  {}\n", faults.replace('\n', "\n  ")));
    }
    insta::assert_snapshot!(shown);
}

proptest! {
    /// Whatever a document holds, reading it answers.
    #[test]
    fn reading_never_panics(
        member in "(id|name|type|properties|value|nextLink|scope|principalId|permissions|principals|rules|roles|condition|startDateTime)",
        value in "[\\[\\]{}a-z0-9:'\"/ ,-]{0,20}",
        index in 0..Kind::ALL.len(),
    ) {
        for text in [format!("{member}: {value}"), format!("properties: {{{member}: {value}}}")] {
            let _ = read_text(Kind::ALL[index], &text, Format::Yaml);
        }
    }
}
