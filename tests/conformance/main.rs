//! The rules as cases: one YAML file each, run against a real server over mutual TLS.
//!
//! Without variables every shared policy gets a server of its own in this process, with an emulator
//! that mints the tokens; then the grant that decided is checked as well. With `CONFORMANCE_URL`,
//! `CONFORMANCE_CERT`, `CONFORMANCE_KEY`, `CONFORMANCE_CA` and `CONFORMANCE_POLICY` the cases of that
//! one policy run against a server somewhere else, and what had to be left out is counted.

// `cfg(test)` tells clippy that helpers, too, may panic.
#[cfg(test)]
mod answer;
#[cfg(test)]
mod case;
#[cfg(test)]
mod client;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod external;
#[cfg(test)]
mod in_process;
#[cfg(test)]
mod via;

#[cfg(test)]
fn main() {
    use libtest_mimic::{Arguments, Failed, Trial};

    let arguments = Arguments::from_args();
    let cases = case::load_all();
    let coverage = cases.clone();
    let mut trials = vec![Trial::test("every rule that is built has a case", move || {
        coverage::every_rule_has_a_case(&coverage).map_err(Failed::from)
    })];
    match external::Server::from_environment() {
        Some(server) => trials.extend(external::trials(server, cases)),
        None => trials.extend(in_process::trials(cases)),
    }
    libtest_mimic::run(&arguments, trials).exit();
}
