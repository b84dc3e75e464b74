//! The server is there, and says that it cannot decide: HTTP 503 (semantics §10, §11.3).

use std::fs;

use kubentra::emulator::Fault;

use super::*;
use crate::plane::edit::write_whole;

pub(super) fn stories() -> Vec<Story> {
    stories![
        no_policy: "answering 503, without a policy: a 500 until the directory is mended",
        broken_policy: "a policy that breaks while the server runs: the last good one stays in force",
        no_keys: "answering 503, without signing keys: a 401 until Entra can be reached",
    ]
}

/// A file of the policy directory, which is mended when this is dropped.
pub(super) struct Broken<'a> {
    plane: &'a Plane,
    text: String,
}

impl<'a> Broken<'a> {
    const FILE: &'static str = "roleAssignments/company.json";

    pub(super) fn new(plane: &'a Plane) -> Self {
        let file = plane.policy().join(Self::FILE);
        let text = fs::read_to_string(&file).unwrap();
        write_whole(&file, text.split_at(text.len() / 2).0);
        Self { plane, text }
    }
}

impl Drop for Broken<'_> {
    fn drop(&mut self) {
        write_whole(&self.plane.policy().join(Self::FILE), &self.text);
    }
}

fn no_policy(plane: &Plane) {
    let (fay, nora) = (newcomer(plane, "fay"), newcomer(plane, "nora"));
    let broken = Broken::new(plane);
    plane.serve_again_unready();
    // Who somebody is, is known: the token needs no policy.
    let answer = expect(&fay, "shop", Outcome::InternalError);
    assert!(answer.says("the server is currently unable to handle the request"), "{answer}");
    let metrics = plane.kubentra_metrics();
    let counted = "kubentra_decisions_total{outcome=\"error\",grant=\"none\",reason=\"policy\"} ";
    let counted = metrics.lines().find_map(|line| line.strip_prefix(counted));
    assert!(counted.is_some_and(|count| count != "0"), "{metrics}");
    expect(&nora, "payments", Outcome::Works);
    expect(&plane.local_admin(), "shop", Outcome::Works);
    assert!(plane.readiness().contains("company.json"), "{}", plane.readiness());
    drop(broken);
    works_again(&fay, "shop");
}

fn broken_policy(plane: &Plane) {
    let fay = newcomer(plane, "fay");
    expect(&fay, "shop", Outcome::Works);
    let broken = Broken::new(plane);
    wait_until(SLACK, "the broken file is noticed", || plane.readiness().contains("company.json"));
    expect(&fay, "shop", Outcome::Works);
    expect(&fay, "payments", Outcome::Forbidden);
    drop(broken);
}

fn no_keys(plane: &Plane) {
    let fay = newcomer(plane, "fay");
    plane
        .entra
        .faults()
        .add(Fault::status(503).at(&format!("/{}", crate::company::TENANT)))
        .unwrap();
    plane.serve_again_unready();
    expect(&fay, "shop", Outcome::Unauthorized);
    expect(&plane.local_admin(), "shop", Outcome::Works);
    assert!(plane.readiness().contains("keys"), "{}", plane.readiness());
    plane.entra.faults().clear();
    works_again(&fay, "shop");
}
