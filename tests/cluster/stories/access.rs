//! Who else may, and by what: conditions, native bindings, trusted access, other parts that ask.

use std::time::Duration;

use reqwest::StatusCode;

use super::{Story, stories};
use crate::plane::{Plane, wait_until};

pub(super) fn stories() -> Vec<Story> {
    stories![
        conditions: "a condition opens the custom resources of one API group and of no other",
        native_group: "a native binding to an Entra group grants beside Azure",
        native_beats_deny: "with RBAC first, a native binding wins over a deny assignment",
        service_accounts: "service accounts are untouched, and our server is never asked for them",
        trusted_access: "a backup vault works by its trusted-access binding, and another vault is nobody",
        tokens: "a token that is not good is refused, and other clients are left alone",
        certificates: "certificates are approved by who may approve, and then issued",
        admission: "an admission policy that asks the authorizer hears what Azure says",
    ]
}

fn conditions(plane: &Plane) {
    let alice = plane.person("alice");
    alice.can("get certificates.cert-manager.io -n shop");
    let certificate = r#"{"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "cart-tls", "namespace": "shop"}}"#;
    alice.given(certificate).can("apply -f -");
    alice.can("annotate certificate.cert-manager.io cart-tls a=b -n shop");
    alice.can("delete certificate.cert-manager.io cart-tls -n shop");
    alice.cannot("get backups.velero.io -n shop", "has a condition that is not true here");
    alice.cannot("delete backups.velero.io nightly -n shop", "customresources/delete`");
    alice.cannot("get certificates.cert-manager.io -n payments", "is assigned at");
    alice.cannot("get pods -n shop", "pods/read`");
}

fn native_group(plane: &Plane) {
    let nora = plane.person("nora");
    nora.can("get pods -n payments");
    nora.cannot("get pods -n shop", "no role assignment grants");
    nora.cannot("delete pod pay-1 -n payments", "no role assignment grants");
}

fn native_beats_deny(plane: &Plane) {
    let carol = plane.person("carol");
    carol.can("get secrets -n shop");
    // RBAC is asked first, and says yes.
    carol.can("get secret bank -n payments");
    // bob has his rights from Azure alone, where the deny assignment counts.
    plane.person("bob").cannot(
        "get secret bank -n payments",
        "denied by deny assignment `e0000000-0000-4000-8000-000000000001` (`Hands off payment secrets`)",
    );
    plane.person("cluster-admin").cannot("get secrets -n payments", "Hands off payment secrets");
    plane.person("bob").can("get configmaps -n payments");
}

fn service_accounts(plane: &Plane) {
    let token = plane.master().can("create token deployer -n shop");
    let deployer = plane.bearer("deployer", &token);
    deployer.can("get secrets -n shop");
    // A request of a service account ends with RBAC: the message has no reason of ours.
    let answer = deployer.cannot("get secrets -n payments", "system:serviceaccount:shop:deployer");
    assert!(!answer.says("kubentra.io"), "{answer}");
    let metrics = plane.kubentra_metrics();
    assert!(!metrics.contains("reason=\"system_user\""), "our server was asked:\n{metrics}");
}

fn trusted_access(plane: &Plane) {
    let vault = plane.person("vault");
    vault.can("create configmap run-7 -n shop");
    vault.can("delete configmap run-7 -n shop");
    vault.cannot("get pods -n shop", "no role assignment grants");
    vault.cannot("get secrets -n payments", "Hands off payment secrets");
    let stray = plane.person("stray-vault").kubectl("get configmaps -n shop");
    assert!(stray.is_unauthorized(), "{stray}");
    // The token review, asked by somebody who may, says why.
    let review = review_of(plane, "stray-vault");
    assert!(review.contains("no trusted access binding"), "{review}");
}

/// What the API server says of a token.
fn review_of(plane: &Plane, name: &str) -> String {
    let tokens = plane.layout.people();
    let (_, request) = tokens.iter().find(|(other, _)| *other == name).unwrap();
    let token = plane.mint(request);
    let review = serde_json::json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": { "token": token },
    });
    let path = "create --raw /apis/authentication.k8s.io/v1/tokenreviews -f -";
    plane.master().given(&review.to_string()).can(path)
}

fn tokens(plane: &Plane) {
    use kubentra::emulator::{Flaw, MintRequest};

    let good = plane.mint(&MintRequest::new("shop-reader"));
    let pods = "/api/v1/namespaces/shop/pods";
    assert_eq!(plane.api.get(pods, &good).status, StatusCode::OK);
    for flaw in [Flaw::Expired, Flaw::StrangerKey] {
        let bad = plane.mint(&MintRequest::new("shop-reader").flaw(flaw));
        let reply = plane.api.get(pods, &bad);
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{flaw:?}: {}", reply.text);
    }
    let other = plane.mint(&MintRequest::new("shop-reader").audience("another"));
    assert_eq!(plane.api.get(pods, &other).status, StatusCode::UNAUTHORIZED);
    assert_eq!(plane.api.get(pods, "not-a-token").status, StatusCode::UNAUTHORIZED);
    // A client certificate is none of our business.
    plane.local_admin().can("get nodes");
}

fn certificates(plane: &Plane) {
    use rcgen::{CertificateParams, DnType, KeyPair};

    let mut wanted = CertificateParams::new(Vec::new()).unwrap();
    wanted.distinguished_name.push(DnType::CommonName, "robot");
    let request = wanted.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap();
    let encoded = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(request)
    };
    let request = serde_json::json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": { "name": "robot" },
        "spec": {
            "request": encoded, "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"], "expirationSeconds": 3600,
        },
    });
    plane.person("admin").given(&request.to_string()).can("create -f -");
    plane.person("writer").cannot("certificate approve robot", "cannot get resource");
    // May write the approval itself, and approve for no signer.
    plane.person("paul").cannot(
        "certificate approve robot",
        "user not permitted to approve requests with signerName \"kubernetes.io/kube-apiserver-client\"",
    );
    let petra = plane.person("petra");
    petra.can("certificate approve robot");
    petra.can("wait csr robot --for=jsonpath='{.status.certificate}' --timeout=20s");
    petra.cannot("get pods -n shop", "no role assignment grants");
    petra.can("delete csr robot");
}

fn admission(plane: &Plane) {
    let guarded = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "guarded", "namespace": "shop", "labels": {"guarded": "yes"}}}"#;
    // May create configurations, and no secrets. The API server reads its policies once a second.
    let vault = plane.person("vault").given(guarded);
    wait_until(Duration::from_secs(20), "the admission policy", || {
        let refused = vault.kubectl("create --dry-run=server -f -");
        !refused.succeeded() && refused.says("only who may create secrets here")
    });
    plane.person("shop-writer").given(guarded).can("create --dry-run=server -f -");
}
