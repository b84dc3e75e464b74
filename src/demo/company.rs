//! The company of the tour: who is in it, what is asked, and what should be answered.
//!
//! Its documents are files in `demos/company`, so that a reader can look at them.

use serde_json::{Value, json};

use super::folder::Folder;
use super::{DemoError, Outcome};

/// The tenant.
pub const TENANT: &str = "aaaabbbb-0000-4ccc-8111-dddd2222eeee";
/// Resource id of the cluster.
pub const CLUSTER: &str = "/subscriptions/00000000-0000-4000-8000-0000000000c1/resourceGroups/contoso/providers/Microsoft.ContainerService/managedClusters/demo";
/// Object id of alice.
pub const ALICE: &str = "a11ce000-0000-4000-8000-000000000001";
/// Audience of trusted access, the default of the configuration.
pub const TRUSTED_ACCESS: &str = "839858a7-cb51-4fcf-ad2f-222fe0d2d0d0";
const PAYMENTS_TEAM: &str = "9a000000-0000-4000-8000-0000000000a1";
const DEVELOPERS: &str = "de000000-0000-4000-8000-0000000000a2";

/// The groups that occur in answers, by id.
pub const GROUPS: [(&str, &str); 2] =
    [(PAYMENTS_TEAM, "payments-team"), (DEVELOPERS, "developers")];

/// Who is who, in a few words.
pub const CAST: [(&str, &str); 5] = [
    ("alice", "a user: Reader in namespace shop, and a custom role with a condition"),
    ("bob", "a user in payments-team, a part of developers: Writer in payments; on call in shop"),
    ("carol", "a user: Admin of the cluster; a deny assignment guards the secrets in payments"),
    ("vault", "a backup vault in Azure, let in by a trusted-access binding"),
    ("deployer", "a service account in namespace shop: none of Azure's business"),
];

/// What step 3 writes, below the demo's folder.
pub const GRANT_FILE: &str = "policy/roleAssignments/alice-reader-everywhere.json";
/// Its text: a role assignment.
pub const GRANT: &str = include_str!("../../demos/company/grant.json");

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../demos/company/", $name)))),*]
    };
}

/// The directory of the authority and the documents of the policy: names below the demo's folder, and
/// texts.
pub const FILES: [(&str, &str); 9] = files![
    "directory.yaml",
    "policy/denyAssignments/payment-secrets.json",
    "policy/roleAssignments/alice-custom-resources-in-shop.json",
    "policy/roleAssignments/alice-reader-in-shop.json",
    "policy/roleAssignments/carol-admin.json",
    "policy/roleAssignments/developers-writer-in-payments.json",
    "policy/roleAssignmentScheduleInstances/bob-on-call-in-shop.json",
    "policy/roleDefinitions/custom-resource-viewer.json",
    "policy/trustedAccessRoleBindings/nightly-backup.json",
];

/// Writes directory and policy.
pub(super) fn write_into(folder: &Folder) -> Result<(), DemoError> {
    FILES.iter().try_for_each(|(name, text)| folder.write(name, text).map(|_| ()))
}

/// A token that is shown, and what should come of it.
pub(super) struct Token {
    /// Whose it is, as the directory names them.
    pub(super) who: &'static str,
    /// What is special about it.
    pub(super) note: &'static str,
    pub(super) audience: Option<&'static str>,
    /// How the emulator breaks it.
    pub(super) flaw: Option<&'static str>,
    pub(super) expected: Expected,
}

/// What should come of a token.
pub(super) enum Expected {
    /// This user name, and these groups.
    User(&'static str, &'static [&'static str]),
    /// Refused, with this in the error.
    Refused(&'static str),
}

impl Token {
    /// What the emulator is asked for.
    pub(super) fn request(&self) -> Value {
        let mut request = json!({ "identity": self.who });
        if let Value::Object(members) = &mut request {
            let optional = [("audience", self.audience), ("flaw", self.flaw)];
            members.extend(optional.iter().filter_map(|(k, v)| Some(((*k).into(), (*v)?.into()))));
        }
        request
    }
}

#[rustfmt::skip]
pub(super) const TOKENS: [Token; 7] = {
    use Expected::{Refused, User};
    const fn token(who: &'static str, note: &'static str, expected: Expected) -> Token {
        Token { who, note, audience: None, flaw: None, expected }
    }
    [
        token("alice", "", User("alice@contoso.example", &[])),
        token("bob", "", User("bob@contoso.example", &[PAYMENTS_TEAM, DEVELOPERS])),
        token("carol", "", User("carol@contoso.example", &[])),
        Token { audience: Some(TRUSTED_ACCESS), ..token("vault", "trusted access", User("ba5e0000-0000-4000-8000-000000000004", &[])) },
        Token { audience: Some(TRUSTED_ACCESS), ..token("stray-vault", "no binding", Refused("no trusted access binding")) },
        Token { flaw: Some("expired"), ..token("alice", "an hour too old", Refused("expired")) },
        Token { flaw: Some("stranger-key"), ..token("alice", "forged", Refused("signature is wrong")) },
    ]
};

/// A request that somebody makes, and what should be decided.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Who: a name of step 1, or [`SERVICE_ACCOUNT`].
    pub who: &'static str,
    /// The command that makes it.
    pub wants: &'static str,
    pub(super) request: Request,
    /// The decision.
    pub expected: Outcome,
    /// What the reason should say.
    pub because: &'static str,
}

/// What kubectl sends to the API server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    /// Verb, resource and API group, namespace, name; empty for none.
    Resource(&'static str, (&'static str, &'static str), &'static str, &'static str),
    /// Verb and path.
    Path(&'static str, &'static str),
}

impl Question {
    /// The member of the review's `spec` and what is in it.
    pub fn attributes(&self) -> (&'static str, Value) {
        match self.request {
            Request::Resource(verb, (resource, group), namespace, name) => (
                "resourceAttributes",
                json!({
                    "verb": verb, "group": group, "version": "v1", "resource": resource,
                    "namespace": namespace, "name": name,
                }),
            ),
            Request::Path(verb, path) => {
                ("nonResourceAttributes", json!({ "verb": verb, "path": path }))
            }
        }
    }

    /// Name of the file with the review, below the demo's folder.
    pub(super) fn file(&self) -> String {
        let what = match self.request {
            Request::Resource(verb, (resource, _), "", _) => format!("{verb}-{resource}"),
            Request::Resource(verb, (resource, _), namespace, _) => {
                format!("{verb}-{resource}-{namespace}")
            }
            Request::Path(verb, path) => format!("{verb}{}", path.replace('/', "-")),
        };
        format!("reviews/{}-{what}.json", self.who)
    }
}

/// Who asks without a token of Entra's.
pub const SERVICE_ACCOUNT: &str = "deployer";
/// Its name and groups, as the API server knows them.
pub(super) const SERVICE_ACCOUNT_NAME: &str = "system:serviceaccount:shop:deployer";
pub(super) const SERVICE_ACCOUNT_GROUPS: [&str; 2] =
    ["system:serviceaccounts", "system:serviceaccounts:shop"];

/// The question that step 3 turns: refused before the grant and after it is taken back.
pub const TURNED: Question = Question {
    who: "alice",
    wants: "kubectl get pods -A",
    request: Request::Resource("list", ("pods", ""), "", ""),
    expected: Outcome::NoOpinion,
    because: "is assigned at",
};
/// The assignment that [`GRANT`] makes.
pub const GRANT_ID: &str = "c0000000-0000-4000-8000-000000000005";

/// What is asked in step 2.
#[rustfmt::skip]
pub const QUESTIONS: [Question; 15] = {
    use Outcome::{Allow, Deny, NoOpinion};
    use Request::{Path, Resource};
    const fn ask(who: &'static str, wants: &'static str, request: Request, expected: Outcome, because: &'static str) -> Question {
        Question { who, wants, request, expected, because }
    }
    [
        ask("alice", "kubectl get pods -n shop", Resource("list", ("pods", ""), "shop", ""), Allow, "c0000000-0000-4000-8000-000000000001"),
        ask("alice", "kubectl get secrets -n shop", Resource("list", ("secrets", ""), "shop", ""), NoOpinion, "lacks it"),
        TURNED,
        ask("alice", "kubectl get certificates -n shop", Resource("list", ("certificates", "cert-manager.io"), "shop", ""), Allow, "Custom Resource Viewer"),
        ask("alice", "kubectl get backups.velero.io -n shop", Resource("list", ("backups", "velero.io"), "shop", ""), NoOpinion, "has a condition that is not true here"),
        ask("alice", "kubectl api-resources", Path("get", "/apis"), Allow, "discovery"),
        ask("bob", "kubectl delete pod web-1 -n payments", Resource("delete", ("pods", ""), "payments", "web-1"), Allow, "through group `de000000-"),
        ask("bob", "kubectl get pods -n shop", Resource("list", ("pods", ""), "shop", ""), Allow, "until 2100-01-01T08:00:00Z"),
        ask("bob", "kubectl delete pod web-1 -n shop", Resource("delete", ("pods", ""), "shop", "web-1"), NoOpinion, "is assigned at"),
        ask("carol", "kubectl get secrets -n shop", Resource("list", ("secrets", ""), "shop", ""), Allow, "RBAC Admin"),
        ask("carol", "kubectl get secrets -n payments", Resource("list", ("secrets", ""), "payments", ""), Deny, "Hands off payment secrets"),
        ask("carol", "kubectl create namespace lab", Resource("create", ("namespaces", ""), "", "lab"), NoOpinion, "role `Azure Kubernetes Service RBAC Cluster Admin` would"),
        ask("vault", "kubectl create configmap run-7 -n shop", Resource("create", ("configmaps", ""), "shop", "run-7"), Allow, "binding `nightly-backup`"),
        ask("vault", "kubectl delete pod web-1 -n shop", Resource("delete", ("pods", ""), "shop", "web-1"), NoOpinion, "no role assignment grants"),
        ask("deployer", "kubectl get pods -n shop", Resource("list", ("pods", ""), "shop", ""), NoOpinion, "left to Kubernetes RBAC"),
    ]
};
