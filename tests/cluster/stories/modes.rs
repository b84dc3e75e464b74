//! Other ways to configure the API server or our server: the same answers, or those that the way is for.

use kubentra::emulator::{MintRequest, TokenVersion};
use reqwest::StatusCode;

use super::stories;
use crate::company;
use crate::plane::{Authentication, Authorizers, Layout, Plane};
use crate::tale::Book;

pub(super) fn books() -> Vec<Book> {
    let book = Book::shared;
    let legacy = |name| Layout { authorizers: Authorizers::LegacyFlags, ..Layout::new(name) };
    let legacy_v1beta1 = legacy("legacy-v1beta1")
        .with((
            "legacy-flags.txt",
            "--authorization-webhook-version=v1\n",
            "--authorization-webhook-version=v1beta1\n",
        ))
        .with((
            "legacy-flags.txt",
            "--authentication-token-webhook-version=v1\n",
            "--authentication-token-webhook-version=v1beta1\n",
        ));
    let structured_v1beta1 = Layout::new("structured-v1beta1").with((
        "authorization-config.yaml",
        "\n    subjectAccessReviewVersion: v1\n",
        "\n    subjectAccessReviewVersion: v1beta1\n",
    ));
    // Asked first, so that a deny assignment would count if there were one in this mode.
    let authentication_only = Layout { webhook_first: true, ..Layout::new("authentication-only") };
    let authentication_only =
        authentication_only.with(("config.yaml", "mode: azureRbac", "mode: authenticationOnly"));
    let admin_groups = format!("mode: azureRbac\n  adminGroups: [{}]", company::id("platform"));
    let admin_groups =
        Layout::new("admin-groups").with(("config.yaml", "mode: azureRbac", &admin_groups));
    let jwt = Layout { authentication: Authentication::Jwt, ..Layout::new("jwt") }.with((
        "config.yaml",
        "\nentra:\n",
        "\nentra:\n  objectIdExtraKey: kubentra.io/oid\n",
    ));
    let mut by_jwt = stories![
        jwt_identity: "the API server verifies Entra tokens itself, and Azure decides all the same",
    ];
    by_jwt.extend(super::impersonation::domain_prefixed_stories());
    vec![
        book(
            legacy("legacy"),
            stories![
                legacy_flags: "the flags of an older API server give the same answers",
            ],
        ),
        book(
            legacy_v1beta1,
            stories![
                old_reviews: "reviews in v1beta1, the default of the flags, give the same answers",
            ],
        ),
        book(
            structured_v1beta1,
            stories![
                structured_old_reviews: "an authorization configuration may ask in v1beta1",
            ],
        ),
        book(
            authentication_only,
            stories![
                names_only: "in authentication-only mode Entra says who it is and native RBAC what they may",
            ],
        ),
        book(
            admin_groups,
            stories![
                administrators: "members of a cluster administrator group may all that no deny assignment forbids",
            ],
        ),
        book(jwt, by_jwt),
    ]
}

/// What does not depend on how the API server is told of us.
fn same_answers(plane: &Plane) {
    let reader = plane.person("shop-reader");
    reader.can("get pods -n shop");
    reader.cannot("get secrets -n shop", "role `Azure Kubernetes Service RBAC Writer` would");
    reader.cannot("get pods -n payments", "is assigned at");
    // Groups have another name in v1beta1.
    plane.person("bob").can("delete pod pay-1 -n payments --dry-run=server");
    plane.person("bob").cannot("get secrets -n payments", "Hands off payment secrets");
    plane.person("nora").can("get pods -n payments");
    plane.person("vault").can("create configmap run -n shop --dry-run=server");
    plane.person("alice").can("get certificates.cert-manager.io -n shop");
    plane.local_admin().can("get nodes");
}

fn legacy_flags(plane: &Plane) {
    same_answers(plane);
    // Flags leave nobody out: we are asked for whomever RBAC has nothing for, and have no opinion.
    let token = plane.master().can("create token deployer -n shop");
    let deployer = plane.bearer("deployer", &token);
    deployer.cannot("get secrets -n payments", "a `system:` user is left to Kubernetes RBAC");
}

fn old_reviews(plane: &Plane) {
    let flags = plane.api_server_flags();
    for flag in ["--authorization-webhook-version", "--authentication-token-webhook-version"] {
        assert!(flags.contains(&format!("{flag}=v1beta1")), "{flags:?}");
    }
    same_answers(plane);
}

fn structured_old_reviews(plane: &Plane) {
    same_answers(plane);
}

fn names_only(plane: &Plane) {
    let whoami = plane.person("bob").can("auth whoami");
    assert!(whoami.contains(&company::id("payments-team")), "{whoami}");
    plane.person("nora").can("get pods -n payments");
    for name in ["cluster-admin", "shop-reader"] {
        plane.person(name).cannot("get pods -n shop", "authentication");
    }
    // Nor does a deny assignment count, although our server is asked first.
    plane.person("carol").can("get secrets -n payments");
}

fn administrators(plane: &Plane) {
    let gina = plane.person("gina");
    gina.can("create namespace lab --dry-run=server");
    gina.can("get secrets -n shop");
    gina.can("get nodes");
    gina.cannot("get secrets -n payments", "Hands off payment secrets");
    let may = gina.kubectl("auth can-i '*' '*' -n shop");
    assert!(may.succeeded(), "{may}");
    plane.person("nobody").cannot("get nodes", "no role assignment grants");
}

fn jwt_identity(plane: &Plane) {
    let bob = plane.person("bob");
    let me: serde_json::Value = serde_json::from_str(&bob.can("auth whoami -o json")).unwrap();
    let user = &me["status"]["userInfo"];
    assert_eq!(user["username"], company::id("bob"), "v2 tokens have no upn: {user}");
    assert_eq!(user["extra"]["kubentra.io/oid"][0], company::id("bob"), "{user}");
    bob.can("delete pod pay-1 -n payments --dry-run=server");
    bob.cannot("get secrets -n payments", "Hands off payment secrets");
    let reader = plane.person("shop-reader");
    reader.can("get pods -n shop");
    reader.cannot("get secrets -n shop", "role `Azure Kubernetes Service RBAC Writer` would");
    plane.person("nora").can("get pods -n payments");
    // A managed identity for which there is a trusted-access binding: its resource id is mapped too.
    let vault = plane.mint(&MintRequest::new("vault").version(TokenVersion::V2));
    let vault = plane.bearer("mapped-vault", &vault);
    assert!(vault.can("auth whoami").contains("kubentra.io/mirid"));
    vault.can("create configmap run -n shop --dry-run=server");
    vault.cannot("get pods -n shop", "no role assignment grants");
    // The audience of trusted access is not for the API server: nothing would ask for a binding.
    assert!(plane.person("vault").kubectl("get configmaps -n shop").is_unauthorized());
    // Our TokenReview had no part in any of it.
    let metrics = plane.kubentra_metrics();
    let reviews = metrics.lines().filter(|line| line.starts_with("kubentra_token_reviews_total"));
    let reviews: Vec<_> = reviews.collect();
    assert!(!reviews.is_empty() && reviews.iter().all(|line| line.ends_with(" 0")), "{reviews:?}");
    let refused = |request: MintRequest, why: &str| {
        let token = plane.mint(&request);
        let reply = plane.api.get("/api/v1/namespaces/shop/pods", &token);
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{why}: {}", reply.text);
    };
    let shop_reader = || MintRequest::new("shop-reader");
    refused(shop_reader().version(TokenVersion::V1), "a v1 token has another issuer");
    let many = serde_json::json!({ "groups": "src1" });
    let many = shop_reader().version(TokenVersion::V2).claim("_claim_names", many);
    refused(many, "its groups are not all in it");
}
