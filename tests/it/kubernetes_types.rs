//! Our own types of the reviews agree with Kubernetes' types, which this test takes from a library.

use std::collections::BTreeMap;

use k8s_openapi::api::authentication::v1::{TokenReview as RealTokenReview, TokenReviewSpec};
use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kubentra::authn::{Identity, Verdict};
use kubentra::authz::{Decision, NoOpinionReason, Target};
use kubentra::review::access::{AccessReview, Caller, CallerRules};
use kubentra::review::token::TokenReview;

const OID: &str = "a11ce000-0000-4000-8000-000000000001";

fn rules() -> CallerRules {
    CallerRules { object_id_extra_key: "oid".to_owned(), ..CallerRules::default() }
}

fn review(spec: SubjectAccessReviewSpec) -> SubjectAccessReview {
    SubjectAccessReview { spec, ..SubjectAccessReview::default() }
}

#[test]
fn an_access_review_of_kubernetes_is_read_whole_and_answered_in_kind() {
    let spec = SubjectAccessReviewSpec {
        user: Some("alice@contoso.example".to_owned()),
        uid: Some(OID.to_owned()),
        groups: Some(vec![OID.to_owned(), "system:authenticated".to_owned()]),
        extra: Some(BTreeMap::from([("oid".to_owned(), vec![OID.to_owned()])])),
        resource_attributes: Some(ResourceAttributes {
            verb: Some("patch".to_owned()),
            group: Some("apps".to_owned()),
            version: Some("v1".to_owned()),
            resource: Some("deployments".to_owned()),
            subresource: Some("scale".to_owned()),
            name: Some("web".to_owned()),
            namespace: Some("shop".to_owned()),
            ..ResourceAttributes::default()
        }),
        non_resource_attributes: None,
    };
    let body = serde_json::to_vec(&review(spec)).unwrap();
    let read = AccessReview::parse(&body).unwrap();
    let Caller::Entra(principal) = read.caller(&rules()) else { panic!("not an Entra identity") };
    assert_eq!(principal.id(), OID.parse().unwrap());
    assert_eq!(principal.groups(), [OID.parse().unwrap()]);
    let Target::Resource(target) = read.target() else { panic!("not a resource") };
    let found = [
        &target.verb,
        &target.group,
        &target.resource,
        &target.subresource,
        &target.name,
        &target.namespace,
    ];
    assert_eq!(found, ["patch", "apps", "deployments", "scale", "web", "shop"]);

    let decision = Decision::NoOpinion(NoOpinionReason::System);
    let answer: SubjectAccessReview = serde_json::from_slice(&read.answer(&decision)).unwrap();
    let status = answer.status.unwrap();
    assert_eq!((status.allowed, status.denied), (false, Some(false)));
    assert_eq!(status.reason, Some(decision.to_string()));
}

#[test]
fn a_path_review_of_kubernetes_is_read_whole() {
    let attributes =
        NonResourceAttributes { path: Some("/logs/".to_owned()), verb: Some("get".to_owned()) };
    let spec = SubjectAccessReviewSpec {
        non_resource_attributes: Some(attributes),
        ..SubjectAccessReviewSpec::default()
    };
    let body = serde_json::to_vec(&review(spec)).unwrap();
    let read = AccessReview::parse(&body).unwrap();
    let Target::NonResource(target) = read.target() else { panic!("not a path") };
    assert_eq!([&target.path, &target.verb], ["/logs/", "get"]);
}

#[test]
fn a_token_review_of_kubernetes_is_read_and_answered_in_kind() {
    let spec = TokenReviewSpec {
        token: Some("a.b.c".to_owned()),
        audiences: Some(vec!["https://kubernetes.default.svc".to_owned()]),
    };
    let posted = RealTokenReview { spec, ..RealTokenReview::default() };
    let read = TokenReview::parse(&serde_json::to_vec(&posted).unwrap()).unwrap();
    assert_eq!(read.token(), "a.b.c");
    let identity = Identity {
        username: "alice@contoso.example".to_owned(),
        uid: OID.to_owned(),
        groups: vec![OID.parse().unwrap()],
        extra: BTreeMap::from([("oid".to_owned(), vec![OID.to_owned()])]),
    };
    let verdict = Verdict::Authenticated { identity: identity.clone(), remembered: false };
    let answer: RealTokenReview = serde_json::from_slice(&read.answer(&verdict)).unwrap();
    let status = answer.status.unwrap();
    let user = status.user.unwrap();
    assert_eq!((status.authenticated, status.error), (Some(true), None));
    assert_eq!(status.audiences, None, "never an audience that was not asked for");
    assert_eq!((user.username, user.uid), (Some(identity.username), Some(identity.uid)));
    assert_eq!(user.groups, Some(vec![OID.to_owned()]));
    assert_eq!(user.extra, Some(identity.extra));
}
