//! The engine against an independent reading of its rules.
//!
//! A seeded generator makes policies and reviews; the product and the [`reference`] answer each;
//! every answer must be the same, down to the grant that is named. `CASES` says how many reviews are
//! asked, `SEED` (1) which: few in `cargo test`, a million in `make differential`, which optimises. A
//! difference is made small and printed as a conformance case.

// `cfg(test)` tells clippy that helpers, too, may panic.
#[cfg(test)]
mod case;
#[cfg(test)]
#[path = "../conformance/case.rs"]
#[expect(dead_code, reason = "nothing is asked about tokens here")]
mod conformance;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod generator;
#[cfg(test)]
mod minimise;
#[cfg(test)]
mod product;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod run;
#[cfg(test)]
mod written;

#[cfg(test)]
fn main() -> std::process::ExitCode {
    let number = |name: &str, default: u64| match variable(name) {
        Some(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: `{text}`")),
        None => default,
    };
    let (asked, wrong) = written::wrong();
    for wrong in &wrong {
        run::say(&format!("the reference is wrong: {wrong}"), '\n');
    }
    run::say(&format!("the reference against the conformance cases: {asked} asked"), '\n');
    if !wrong.is_empty() {
        return std::process::ExitCode::FAILURE;
    }
    run::run(number("CASES", 20_000), number("SEED", 1))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test program has no command line of its own")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
