//! Holds docs/mutants.md, where the results of `make mutants` are kept: every file's counts add up and
//! every survivor has a reason. Whether a file changed since is not held here, since a mutation run is
//! too long to ask of each change: `MUTANTS=check` (`make mutants-check`) tells, and `MUTANTS=record`
//! (`make mutants-record`) writes the document anew.

// `cfg(test)` tells clippy that helpers, too, may panic.
#[cfg(test)]
mod held;
#[cfg(test)]
mod record;
#[cfg(test)]
mod results;
#[cfg(test)]
#[path = "../it/architecture/source.rs"]
#[expect(dead_code, reason = "nothing is asked about imports here")]
mod source;

#[cfg(test)]
fn main() {
    use std::io::Write as _;

    use libtest_mimic::{Arguments, Failed, Trial};

    let say = |text: &str| {
        let _ = writeln!(std::io::stderr(), "{text}");
    };
    #[expect(clippy::disallowed_methods, reason = "a test has no command line of its own")]
    let asked = std::env::var("MUTANTS");
    match asked.as_deref() {
        Ok("record") => say(&record::complete_files()),
        Ok("check") => {
            let stale = held::stale();
            if !stale.is_empty() {
                say(&format!("run `make mutants` for these files:\n  {}", stale.join("\n  ")));
                std::process::exit(1);
            }
            say("every result is that of the code as it is");
        }
        Ok(other) => panic!("MUTANTS is `record` or `check`, not `{other}`"),
        Err(_) => {
            let trial = |name: &str, test: fn() -> Result<(), String>| {
                Trial::test(name, move || test().map_err(Failed::from))
            };
            let trials = vec![
                trial("every survivor has a reason and every count its rows", held::reasons),
                trial("what is written is read back", held::round_trip),
            ];
            libtest_mimic::run(&Arguments::from_args(), trials).exit();
        }
    }
}
