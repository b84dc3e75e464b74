//! `init --webhook-first`: our server is asked before RBAC, so that deny assignments hold for everybody
//! from Entra, and whatever happens to it concerns native rights too.

use super::*;

pub(super) fn stories() -> Vec<Story> {
    stories![
        deny_beats_native: "with the webhook first, a deny assignment wins over a native binding",
        native_after_no_opinion: "with the webhook first, a native binding grants after our server had no opinion",
        discovery: "with the webhook first, our server itself opens discovery",
    ]
}

fn deny_beats_native(plane: &Plane) {
    let carol = newcomer(plane, "carol");
    carol.cannot(
        "get secret bank -n payments",
        "denied by deny assignment `e0000000-0000-4000-8000-000000000001` (`Hands off payment secrets`)",
    );
    // Her native role counts where no deny assignment says anything.
    carol.can("get configmaps -n payments");
    plane.local_admin().can("get secret bank -n payments");
    newcomer(plane, "shop-reader").can("get pods -n shop");
}

fn native_after_no_opinion(plane: &Plane) {
    let no_opinions =
        || counted(plane, "outcome=\"no_opinion\",grant=\"none\",reason=\"not_granted\"");
    let before = no_opinions();
    expect(&newcomer(plane, "nora"), "payments", Outcome::Works);
    assert!(no_opinions() > before, "our server was not asked:\n{}", plane.kubentra_metrics());
    expect(&newcomer(plane, "nora"), "shop", Outcome::Forbidden);
}

fn discovery(plane: &Plane) {
    let allowed = || counted(plane, "outcome=\"allow\",grant=\"discovery\"");
    let before = allowed();
    newcomer(plane, "nobody").can("get --raw /apis");
    assert!(allowed() > before, "our server was not asked:\n{}", plane.kubentra_metrics());
    newcomer(plane, "nobody").cannot("get --raw /metrics", "metrics/read` at");
}

/// How many decisions with these labels our server has counted.
fn counted(plane: &Plane, labels: &str) -> u64 {
    let metrics = plane.kubentra_metrics();
    let lines = metrics.lines().filter(|line| line.starts_with("kubentra_decisions_total{"));
    let lines = lines.filter(|line| line.contains(labels));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}
