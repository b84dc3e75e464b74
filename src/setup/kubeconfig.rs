//! The kubeconfig files by which the API server reaches the webhook.

use super::{Plan, names, yaml};

/// Which review is posted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Review {
    /// `TokenReview`.
    Token,
    /// `SubjectAccessReview`.
    Access,
}

/// Renders the kubeconfig for one kind of review. The API server posts to the URL as it stands.
///
/// Certificates are named by path and not embedded: the API server reads the files again from time
/// to time, so renewed ones need no change here.
pub fn webhook(plan: &Plan, review: Review) -> String {
    let path = match review {
        Review::Token => "authenticate",
        Review::Access => "authorize",
    };
    let server = format!("https://{}:{}/{path}", plan.host.in_url(), plan.listen.port());
    let file = |name| yaml::scalar(&plan.installed.file(name));
    format!(
        "\
apiVersion: v1
kind: Config
clusters:
- name: kubentra
  cluster:
    server: {server}
    certificate-authority: {ca}
users:
- name: kube-apiserver
  user:
    client-certificate: {certificate}
    client-key: {key}
contexts:
- name: kubentra
  context:
    cluster: kubentra
    user: kube-apiserver
current-context: kubentra
",
        server = yaml::scalar(&server),
        ca = file(names::CA),
        certificate = file(names::CLIENT),
        key = file(names::CLIENT_KEY),
    )
}
