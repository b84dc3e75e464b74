//! The engine against an independent reading of its rules.
//!
//! A seeded generator makes policies and reviews; the product and the [`reference`] answer each;
//! every answer must be the same, down to the grant that is named, and so must the explained answer
//! and those at the times over which the product says that its answer holds. `CASES` says how many
//! reviews are asked, `SEED` (1) which: few in `cargo test`, a million in `make test`, as many as
//! wanted in `make differential`. A difference is made small and printed as a conformance case.

// `cfg(test)` tells clippy that helpers, too, may panic.
#[cfg(test)]
mod case;
#[cfg(test)]
mod compare;
#[cfg(test)]
#[path = "../conformance/case.rs"]
#[expect(dead_code, reason = "nothing is asked about tokens here")]
mod conformance;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod generator;
#[cfg(test)]
mod itself;
#[cfg(test)]
mod minimise;
#[cfg(test)]
mod print;
#[cfg(test)]
mod product;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod run;
#[cfg(test)]
mod written;

#[cfg(test)]
fn main() {
    use libtest_mimic::{Arguments, Failed, Trial};
    use run::Plan;

    let number = |name: &str, default: u64| match variable(name) {
        Some(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: `{text}`")),
        None => default,
    };
    let plan = Plan {
        cases: number("CASES", 20_000),
        seed: number("SEED", 1),
        twist: |_, answer| answer,
        most_differences: 5,
        shown: true,
    };
    compare::hush();
    let mut arguments = Arguments::from_args();
    // One after the other: each uses all cores, and counts what it reaches.
    arguments.test_threads = Some(1);
    let trial = |name: &str, test: fn() -> Result<(), String>| {
        Trial::test(name, move || test().map_err(Failed::from))
    };
    let trials = vec![
        trial("the reference answers every conformance case as written", written::test),
        trial("a wrong answer of the product is found and made small", itself::finds_wrong_answers),
        trial("a difference is printed as a conformance case", itself::prints_cases),
        Trial::test("the product and the reference agree", move || {
            run::run(plan).report(plan).map_err(Failed::from)
        }),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test program has no command line of its own")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
