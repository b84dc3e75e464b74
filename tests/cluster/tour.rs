//! `make cluster-demo`: the tour of `make demo`, with kubectl on a real control plane.
//!
//! The same company, the same questions; here they are commands that are run, and what is shown is what
//! kubectl printed. Why comes from the API server too: from the end of its refusals, and for what it
//! allows from a `SelfSubjectAccessReview`.

mod company;
mod steps;
mod text;

use std::process::ExitCode;

use kubentra::clock::Now;

use crate::plane::Plane;
use crate::programs::Programs;

/// Prints the steps as they are taken. Exit status 1 if one ends otherwise than expected.
pub(crate) fn give(programs: &Programs, keep: bool) -> ExitCode {
    let began = Now::read().monotonic;
    let plane = Plane::start(company::layout(keep), programs);
    let mut tour = steps::Tour::new(&plane);
    print(&text::opening(&plane));
    print(&text::people(&tour.people()));
    print(&text::head_of_attempts(company::QUESTIONS.len()));
    for number in 0..company::QUESTIONS.len() {
        print(&text::attempt(&tour.attempt(number)));
    }
    print(&text::head_of_changes());
    print(&text::change(&tour.granted()));
    print(&text::change(&tour.revoked()));
    print(&text::head_of_failure());
    for attempt in tour.failed() {
        print(&text::attempt(&attempt));
    }
    print(&text::latency(&tour.latency()));
    let (all, wrong) = tour.count();
    print(&text::closing(all, wrong, began.elapsed()));
    if keep {
        print(&text::kept(&plane));
        // Until Ctrl-C, which ends everything.
        loop {
            std::thread::park();
        }
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Colours on a terminal, plain text in a pipe.
fn print(text: &str) {
    use std::io::Write as _;

    let mut out = anstream::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
