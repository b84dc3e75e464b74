//! Who may do what with the AKS roles, as a picture: a change in any cell is a change in who may do
//! what, and shows up in review as one character.
//!
//! Roles, resources and paths are listed from the core, so that none is forgotten. Verbs share a
//! letter only because this test finds them to be answered alike; a block of the picture stands for
//! several places only because this test finds them equal.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use kubentra::authz::{
    AccessRequest, ClusterScope, Decision, DecisionRules, Discovery, ObjectId, PolicyDocuments,
    PolicySetting, PolicySnapshot, Principal, RoleAssignment, RoleDefinition, evaluate, explain,
};
use kubentra::builtin;

use rows::{Row, rows};

const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
const PREFIX: &str = "Microsoft.ContainerService/managedClusters/";

/// Known operations that no question of the matrix asks for, with the reason why that is right.
const EXEMPTIONS: [(&str, &str); 0] = [];

/// Where the role is assigned, and where is asked; the empty namespace is the cluster.
const PLACES: [(&str, &str); 6] =
    [("", ""), ("", "team"), ("", "other"), ("team", ""), ("team", "team"), ("team", "other")];

/// The columns; a test finds out if one is missing.
const ROLES: [&str; 4] = ["Reader", "Writer", "Admin", "Cluster Admin"];

/// The last column of paths.
const DISCOVERY: &str = "discovery";

fn full_name(role: &str) -> String {
    format!("Azure Kubernetes Service RBAC {role}")
}

fn role(name: &str) -> &'static RoleDefinition {
    let mut roles = builtin::documents().unwrap().role_definitions.iter();
    roles.find(|role| role.name == full_name(name)).unwrap()
}

fn policy(role: &RoleDefinition, assigned: &str, discovery: Discovery) -> PolicySnapshot {
    let scope = if assigned.is_empty() {
        CLUSTER.to_owned()
    } else {
        format!("{CLUSTER}/namespaces/{assigned}")
    };
    let setting = PolicySetting {
        cluster: ClusterScope::new(CLUSTER.parse().unwrap(), &[], None).unwrap(),
        operations: builtin::operations().unwrap(),
        rules: DecisionRules { discovery, ..DecisionRules::default() },
    };
    let assignment = RoleAssignment {
        id: format!("{scope}/providers/Microsoft.Authorization/roleAssignments/1"),
        principal: ObjectId::from(1),
        role: role.id,
        scope: scope.parse().unwrap(),
        condition: None,
    };
    let documents = PolicyDocuments {
        role_definitions: vec![role.clone()],
        role_assignments: vec![assignment],
        ..PolicyDocuments::default()
    };
    PolicySnapshot::new(&setting, documents)
}

/// What came of one cell.
struct Asked {
    allowed: bool,
    /// The known operation that was needed, if it is one.
    operation: Option<String>,
}

/// The picture, and what its cells say of the known operations.
#[derive(Default)]
struct Matrix {
    known: BTreeSet<String>,
    /// Known operations that some cell asks for.
    asked: BTreeSet<String>,
    /// Column to the known operations that its cells allow when asked at the cluster.
    allowed: BTreeMap<String, BTreeSet<String>>,
}

impl Matrix {
    fn new() -> Self {
        let operations = builtin::operations().unwrap();
        Self { known: operations.iter().map(str::to_owned).collect(), ..Self::default() }
    }

    fn ask(&self, policy: &PolicySnapshot, row: &Row, verbs: &[&str], namespace: &str) -> Asked {
        let mut answers = verbs.iter().map(|verb| {
            let principal = Principal::new(ObjectId::from(1), [], None).unwrap();
            let request = AccessRequest { principal, target: row.target(verb, namespace) };
            let allowed =
                matches!(evaluate(policy, &request, Timestamp::UNIX_EPOCH), Decision::Allow(_));
            let actions: Vec<_> =
                (explain(policy, &request, Timestamp::UNIX_EPOCH).questions.iter())
                    .flat_map(|question| question.actions.clone())
                    .collect();
            (allowed, actions)
        });
        let (allowed, actions) = answers.next().unwrap();
        for other in answers {
            assert_eq!(other, (allowed, actions.clone()), "{verbs:?} share a letter: {row:?}");
        }
        let [action] = actions.as_slice() else { panic!("one action: {actions:?}") };
        let operation = action.strip_prefix(PREFIX).unwrap();
        let operation = self.known.contains(operation).then(|| operation.to_owned());
        Asked { allowed, operation }
    }

    /// One cell: a letter for each kind of verb, in upper case where it is a known operation.
    fn cell(
        &mut self,
        role: &str,
        policy: &PolicySnapshot,
        row: &Row,
        place: (&str, &str),
    ) -> String {
        let mut cell = String::new();
        for (letter, verbs) in row.letters() {
            let Asked { allowed, operation } = self.ask(policy, row, verbs, place.1);
            let is_known = operation.is_some();
            self.asked.extend(operation.clone());
            if allowed && place.1.is_empty() {
                self.allowed.entry(role.to_owned()).or_default().extend(operation);
            }
            cell.push(match (allowed, is_known) {
                (true, true) => letter.to_ascii_uppercase(),
                (true, false) => *letter,
                (false, _) => '·',
            });
        }
        cell
    }

    /// Rows against roles, as text, at one place. Paths have one column more: what `discovery: allow`
    /// gives to every Entra identity.
    fn block(&mut self, rows: &[Row], place: (&str, &str)) -> String {
        let roles = ROLES.map(|name| (name, policy(role(name), place.0, Discovery::Evaluate)));
        // An assignment at a namespace covers no path, so this column shows discovery alone.
        let discovery = policy(role("Reader"), "team", Discovery::Allow);
        let mut lines = String::new();
        for row in rows {
            write!(lines, "{:<72}", row.label()).unwrap();
            for (name, policy) in &roles {
                write!(lines, " {:<8}", self.cell(name, policy, row, place)).unwrap();
            }
            if let Row::Path(_) = row {
                write!(lines, "{:>10}", self.cell(DISCOVERY, &discovery, row, place)).unwrap();
            }
            lines.truncate(lines.trim_end().len());
            lines.push('\n');
        }
        lines
    }

    /// The blocks of all places, equal ones once.
    fn blocks(&mut self, rows: &[Row]) -> String {
        let mut places: Vec<(String, Vec<(&str, &str)>)> = Vec::new();
        for place in PLACES {
            let block = self.block(rows, place);
            match places.iter_mut().find(|(other, _)| *other == block) {
                Some((_, same)) => same.push(place),
                None => places.push((block, vec![place])),
            }
        }
        let mut text = String::new();
        for (block, places) in places {
            for (assigned, asked) in places {
                writeln!(text, "assigned at {}, asked at {}:", at(assigned), at(asked)).unwrap();
            }
            if !has_letters(&block) {
                text.push_str("  nothing\n\n");
            } else {
                writeln!(text, "{}{block}", header()).unwrap();
            }
        }
        text
    }
}

/// Says whether any cell of a block allows anything.
fn has_letters(block: &str) -> bool {
    block.lines().any(|line| line.chars().skip(72).any(char::is_alphabetic))
}

fn at(namespace: &str) -> String {
    match namespace {
        "" => "the cluster".to_owned(),
        namespace => format!("namespace `{namespace}`"),
    }
}

fn header() -> String {
    let columns: String = ROLES.iter().map(|name| format!(" {name:<8}")).collect();
    format!("{:<72}{}\n", "", columns.trim_end())
}

const LEGEND: &str = "\
A letter allows, a dot does not. In upper case what is needed is one of Azure's known data operations, in
lower case only a wildcard of the role covers it.
resources: r get list watch, w create update patch, d delete deletecollection, b bind, e escalate,
  u use, i impersonate, o any other verb (approve, sign, GET)
paths: r get head, w post put patch, d delete, o any other method

";

#[test]
fn the_aks_roles_as_a_picture() {
    let aks = (builtin::documents().unwrap().role_definitions.iter()).filter(|role| {
        let mut patterns = role.permissions.iter().flat_map(|p| &p.data_actions);
        patterns.any(|pattern| pattern.as_str().starts_with(PREFIX))
    });
    let found: BTreeSet<_> = aks.map(|role| role.name.clone()).collect();
    assert_eq!(found, ROLES.map(full_name).into(), "a column is missing or stale");

    let (resources, paths): (Vec<_>, Vec<_>) =
        rows().into_iter().partition(|row| matches!(row, Row::Resource { .. }));
    let mut matrix = Matrix::new();
    let mut picture = LEGEND.to_owned();
    picture += "== resources\n\n";
    picture += &matrix.blocks(&resources);
    picture +=
        "== paths, which have no namespace; the last column is what `discovery: allow` opens\n\n";
    picture += &format!("{} discovery\n", header().trim_end());
    picture += &matrix.block(&paths, ("", ""));
    let discovery = matrix.allowed.remove(DISCOVERY).unwrap();

    // The numbers that Azure documents, read from the picture's own cells.
    for (name, count) in ROLES.iter().zip([31, 85, 379, 383]) {
        let allowed = matrix.allowed.get(*name).map_or(0, BTreeSet::len);
        assert_eq!(allowed, count, "known operations that {name} allows");
    }
    // Coverage: no known operation is forgotten, no exemption is stale.
    let unasked: BTreeSet<_> = matrix.known.difference(&matrix.asked).map(String::as_str).collect();
    let exempt: BTreeSet<_> = EXEMPTIONS.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(unasked, exempt, "an operation without a cell, or a stale exemption");

    // An assignment at a namespace covers no path: what is left there is discovery.
    let mut at_namespace = Matrix::new();
    at_namespace.block(&paths, ("team", ""));
    let columns: Vec<_> = at_namespace.allowed.keys().collect();
    assert_eq!(columns, [DISCOVERY], "an assignment at a namespace allows a path");
    assert!(discovery.iter().all(|operation| operation.ends_with("/read")), "{discovery:?}");
    insta::assert_snapshot!("role_matrix", picture);
}
