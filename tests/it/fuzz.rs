//! Replays the committed inputs of every fuzz target (`fuzz/`), on stable Rust.

#[expect(unreachable_pub, reason = "they are public in a package of their own")]
#[path = "../../fuzz/src/lib.rs"]
mod checks;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Panics if an input breaks a law.
type Check = fn(&[u8]) -> &'static str;

/// Every target, its check, and what becomes of its inputs: each at least once, by the seeds.
const TARGETS: &[(&str, Check, &[&str])] = &[
    (
        "condition",
        checks::condition::check,
        &["false", "none", "not understood", "true", "unknown"],
    ),
    ("config", checks::config::check, &["accepted", "refused"]),
    (
        "documents",
        checks::documents::check,
        &[
            "contradictory",
            "deny_assignment",
            "faulty",
            "nothing granted",
            "role_assignment",
            "trusted_access",
        ],
    ),
    ("operations", checks::operations::check, &["read", "refused"]),
    (
        "review",
        checks::review::check,
        &[
            "admin_group",
            "deny_assignment",
            "discovery",
            "exempt_user",
            "neither",
            "not_entra",
            "not_granted",
            "role_assignment",
            "system_user",
            "token",
            "trusted_access",
        ],
    ),
    (
        "token",
        checks::token::check,
        &[
            "algorithm",
            "audience",
            "authenticated",
            "authenticated by proof",
            "expired",
            "groups",
            "header",
            "key",
            "key_bound",
            "malformed",
            "no groups",
            "not ours",
            "not_yet_valid",
            "proof_cluster",
            "proof_key",
            "proof_malformed",
            "proof_time",
            "signature",
            "tenant",
            "trusted_access",
            "username",
        ],
    ),
];

/// A target with fewer covers too few shapes to start from.
const LEAST_SEEDS: usize = 10;

fn fuzz(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_committed_input_keeps_the_laws() {
    let mut broken = Vec::new();
    for (target, check, outcomes) in TARGETS {
        let mut found = BTreeSet::new();
        let folder = fuzz("seeds").join(target);
        let seeds = names(&folder);
        assert!(seeds.len() >= LEAST_SEEDS, "fuzz target {target} has {} seeds", seeds.len());
        for seed in seeds {
            let input = fs::read(folder.join(&seed)).unwrap();
            // The panic itself says what is wrong, above.
            match catch_unwind(AssertUnwindSafe(|| check(&input))) {
                Ok(outcome) => {
                    found.insert(outcome);
                }
                Err(_) => broken.push(format!("fuzz/seeds/{target}/{seed}")),
            }
        }
        let missing = outcomes.iter().filter(|outcome| !found.contains(*outcome));
        broken.extend(missing.map(|outcome| format!("no seed of {target} comes to `{outcome}`")));
    }
    assert!(broken.is_empty(), "the panics above say which law of fuzz/src is broken: {broken:#?}");
}

#[test]
fn targets_programs_and_seeds_go_together() {
    let known: BTreeSet<_> = TARGETS.iter().map(|(target, ..)| (*target).to_owned()).collect();
    assert_eq!(names(&fuzz("seeds")), known, "folders of fuzz/seeds");
    let programs = names(&fuzz("fuzz_targets"));
    let programs = programs.iter().map(|name| name.trim_end_matches(".rs").to_owned());
    assert_eq!(programs.collect::<BTreeSet<_>>(), known, "files of fuzz/fuzz_targets");
    let manifest = fs::read_to_string(fuzz("Cargo.toml")).unwrap();
    for target in known {
        assert!(
            manifest.contains(&format!("\nname = \"{target}\"\n")),
            "fuzz/Cargo.toml: {target}"
        );
    }
}

/// Name and version of each package of a lock file, and the lines that follow.
fn packages(lock: &str) -> impl Iterator<Item = (&str, &str)> {
    lock.split("\n[[package]]\n").skip(1).map(|package| {
        let end = package.find("\nsource = ").or_else(|| package.find("\ndependencies = "));
        package.split_at(end.unwrap_or(package.len()))
    })
}

#[test]
fn what_is_fuzzed_is_built_from_the_same_crates_as_what_is_shipped() {
    let remedy = "copy Cargo.lock to fuzz/Cargo.lock and run `cargo metadata --manifest-path \
                  fuzz/Cargo.toml`";
    let read =
        |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (shipped, fuzzed) = (read("Cargo.lock"), read("fuzz/Cargo.lock"));
    let shipped: BTreeSet<_> = packages(&shipped).map(|(name, _)| name).collect();
    let own = ["arbitrary", "jobserver", "kubentra-fuzz", "libfuzzer-sys"];
    for (name, _) in packages(&fuzzed) {
        let is_own = own.iter().any(|own| name.starts_with(&format!("name = \"{own}\"")));
        assert!(is_own || shipped.contains(name), "not shipped: {name}; {remedy}");
    }
    let (_, ours) =
        packages(&fuzzed).find(|(name, _)| name.starts_with("name = \"kubentra\"")).unwrap();
    let manifest = read("Cargo.toml");
    let (_, section) = manifest.split_once("\n[dependencies]\n").unwrap();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let lines = lines.filter(|line| !line.contains("optional = true"));
    for (name, _) in lines.filter_map(|line| line.split_once(" = ")) {
        let is_there = [format!(" \"{name}\""), format!(" \"{name} ")];
        assert!(is_there.iter().any(|entry| ours.contains(entry)), "{name} is missing; {remedy}");
    }
}
