//! What is special about a control plane: all else is as `kubentra init` writes it.

use std::fs;
use std::path::Path;

use kubentra::emulator::{AKS_SERVER_APP, MintRequest, RunningEmulator, TokenVersion};

use super::edit::replace;
use crate::company;

/// How the API server is told of the webhook.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Authorizers {
    /// `authorization-config.yaml`, by the flags of `kubeadm-v1beta4.yaml`.
    Structured,
    /// `legacy-flags.txt`.
    LegacyFlags,
}

/// Who verifies Entra tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Authentication {
    /// Our `TokenReview`.
    Webhook,
    /// The API server itself, by an `AuthenticationConfiguration`.
    Jwt,
}

/// A file of `init`, text that is there once, and text in its place.
pub(crate) type Edit = (&'static str, String, String);

/// A kind of control plane.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    /// `init --webhook-first`.
    pub(crate) webhook_first: bool,
    pub(crate) authorizers: Authorizers,
    pub(crate) authentication: Authentication,
    /// The one field that a story is about.
    pub(crate) edits: Vec<Edit>,
    /// `directory.yaml` of the emulator.
    pub(crate) directory: String,
    /// The policy: names below `policy/`, and texts.
    pub(crate) policy: Vec<(String, String)>,
    /// Resource id of the cluster.
    pub(crate) cluster: &'static str,
    /// Everybody who gets a kubeconfig, with the token that they ask with.
    pub(crate) people: fn(TokenVersion) -> Vec<(&'static str, MintRequest)>,
    /// Whether the logs stay when the control plane is gone.
    pub(crate) keeps_logs: bool,
    /// What lies in the cluster: applied first, and when the service accounts are there.
    pub(crate) objects: (String, String),
}

impl Layout {
    /// Everything as `init` writes it, with the company of the stories.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            webhook_first: false,
            authorizers: Authorizers::Structured,
            authentication: Authentication::Webhook,
            edits: Vec::new(),
            directory: company::directory(),
            policy: company::policy(),
            cluster: company::CLUSTER,
            people: company::people,
            keeps_logs: true,
            objects: company::objects(),
        }
    }

    /// With one field set otherwise: a file of `init`, text that is there once, text in its place.
    pub(crate) fn with(mut self, (file, from, to): (&'static str, &str, &str)) -> Self {
        self.edits.push((file, from.to_owned(), to.to_owned()));
        self
    }

    /// What each of the people asks Entra for. The API server itself takes tokens of one issuer only.
    pub(crate) fn people(&self) -> Vec<(&'static str, MintRequest)> {
        (self.people)(match self.authentication {
            Authentication::Webhook => TokenVersion::V1,
            Authentication::Jwt => TokenVersion::V2,
        })
    }

    /// Makes the edits below `root/entra`.
    pub(super) fn edit_files(&self, root: &Path, entra: &RunningEmulator) {
        for (file, from, to) in &self.edits {
            replace(&root.join("entra").join(file), from, to);
        }
        if self.authentication == Authentication::Jwt {
            let file = root.join("entra/authentication-config.yaml");
            fs::write(file, authentication_configuration(entra)).unwrap();
        }
    }
}

/// The configuration that docs/installation.md shows, for v2 tokens of this tenant.
fn authentication_configuration(entra: &RunningEmulator) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/installation.md");
    let page = fs::read_to_string(page).unwrap();
    let mut blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let shown = blocks.find(|block| block.contains("kind: AuthenticationConfiguration"));
    let certificates: String =
        entra.ca_pem().lines().map(|line| format!("      {line}\n")).collect();
    let trusted = format!("- issuer:\n    certificateAuthority: |\n{certificates}");
    let mut text = shown.expect("the page shows one").to_owned();
    for (from, to) in [
        ("https://login.microsoftonline.com", entra.authority_url()),
        ("<one of entra.audiences>", AKS_SERVER_APP),
        ("- issuer:\n", &trusted),
    ] {
        assert!(text.contains(from), "no `{from}` in\n{text}");
        text = text.replace(from, to);
    }
    text.replace("<tenant>", company::TENANT)
}
