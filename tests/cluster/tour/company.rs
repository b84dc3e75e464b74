//! The company of `demos/company`, as far as a real cluster needs more than a policy.

use std::time::Duration;

use kubentra::clock::Now;
use kubentra::demo::company;
pub(super) use kubentra::demo::company::QUESTIONS;
use kubentra::demo::company::TRUSTED_ACCESS;
use kubentra::emulator::{MintRequest, TokenVersion};

use crate::plane::Layout;

/// How long tokens last in a control plane that is kept: a day of trying.
const DAY: Duration = Duration::from_hours(24);

/// A control plane with everything as `init` writes it.
pub(super) fn layout(keep: bool) -> Layout {
    let files = || company::FILES.iter();
    let directory = files().find(|(name, _)| *name == "directory.yaml").unwrap().1;
    let policy = files().filter_map(|(name, text)| {
        Some((name.strip_prefix("policy/")?.to_owned(), (*text).to_owned()))
    });
    let objects = include_str!("../cluster.yaml").split_once("# Objects\n").unwrap();
    let own = include_str!("objects.yaml");
    Layout {
        directory: directory.to_owned(),
        policy: policy.collect(),
        cluster: company::CLUSTER,
        people: if keep { lasting } else { people },
        objects: (objects.0.to_owned(), own.to_owned()),
        keeps_logs: false,
        ..Layout::new("tour")
    }
}

fn people(version: TokenVersion) -> Vec<(&'static str, MintRequest)> {
    let users = ["alice", "bob", "carol"];
    let vaults = ["vault", "stray-vault"];
    let users = users.map(|name| (name, MintRequest::new(name).version(version)));
    let vaults = vaults.map(|name| (name, MintRequest::new(name).audience(TRUSTED_ACCESS)));
    users.into_iter().chain(vaults).collect()
}

fn lasting(version: TokenVersion) -> Vec<(&'static str, MintRequest)> {
    let end = Now::read().wall + DAY;
    let end = end.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let people = people(version).into_iter();
    people.map(|(name, request)| (name, request.claim("exp", end))).collect()
}
