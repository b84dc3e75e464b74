//! kubentra behind a real control plane: etcd, kube-apiserver, kube-controller-manager and kubectl,
//! set up by kubeadm with what `kubentra init` wrote.
//!
//! `CLUSTER` says what is done: `run` (`make cluster-test`, also a part of `make test`) tells the
//! [`stories`], `demo` (`make cluster-demo`) gives a tour, `skip` leaves both out. Without it, as in a
//! plain `cargo test`, one line says that nothing was run.

// `cfg(test)` tells clippy that helpers, too, may panic.
#[cfg(test)]
mod company;
#[cfg(test)]
#[path = "../differential"]
#[expect(dead_code, reason = "only the evaluator is asked, not what compares it")]
mod differential {
    pub(crate) mod case;
    pub(crate) mod generator {
        pub(crate) mod random;
    }
    pub(crate) mod reference;
}
#[cfg(test)]
mod hash;
#[cfg(test)]
mod kubectl;
#[cfg(test)]
mod load;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod plane;
#[cfg(test)]
mod process;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod tale;
#[cfg(test)]
mod tour;

// Where the evaluator looks for itself.
#[cfg(test)]
use differential::{case, reference};

#[cfg(test)]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    let programs = || {
        let assets =
            variable("KUBEBUILDER_ASSETS").and_then(|folder| std::path::absolute(folder).ok());
        let found = cache_folder()
            .ok_or_else(|| "there is no cache folder: set HOME or XDG_CACHE_HOME".to_owned());
        let found = found.and_then(|cache| programs::Programs::find(assets.as_deref(), &cache));
        found.unwrap_or_else(|error| {
            say(&format!("error: {error}"));
            std::process::exit(1);
        })
    };
    match variable("CLUSTER").as_deref() {
        None | Some("") => {
            say("cluster: nothing is run here; `make cluster-test` tells the stories");
        }
        Some("skip") => say("cluster: left out on purpose (CLUSTER=skip)"),
        Some("demo") => {
            process::end_on_signals();
            let keep = variable("KEEP").is_some_and(|keep| !keep.is_empty() && keep != "0");
            return tour::give(&programs(), keep);
        }
        // For stories/teardown.rs.
        Some("stay") => {
            process::end_on_signals();
            let layout = plane::Layout { keeps_logs: false, ..plane::Layout::new("stays") };
            let _plane = plane::Plane::start(layout, &programs());
            loop {
                std::thread::park();
            }
        }
        Some("fail") => {
            process::end_on_signals();
            let arguments = libtest_mimic::Arguments::from_args();
            tale::tell(arguments, stories::failing(), &programs());
        }
        Some("run") => {
            process::end_on_signals();
            let arguments = libtest_mimic::Arguments::from_args();
            if !arguments.list {
                tale::tell(arguments, stories::books(), &programs());
            } else {
                tale::list(&arguments);
            }
        }
        Some(other) => {
            say(&format!("error: CLUSTER is `run`, `demo` or `skip`, not `{other}`"));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Where built programs are kept: the folder that Go and others take for the same user.
#[cfg(test)]
fn cache_folder() -> Option<std::path::PathBuf> {
    let home = variable("HOME").map(std::path::PathBuf::from);
    let root = match variable("XDG_CACHE_HOME") {
        Some(folder) if folder.starts_with('/') => Some(folder.into()),
        _ if cfg!(target_os = "macos") => home.map(|home| home.join("Library/Caches")),
        _ => home.map(|home| home.join(".cache")),
    };
    root.map(|root| root.join("kubentra"))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test program has no command line of its own")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A line for whoever runs the tests.
#[cfg(test)]
fn say(line: &str) {
    write(line, '\n');
}

/// A line that the next one may overwrite, if it ends with `\r`.
#[cfg(test)]
fn write(line: &str, end: char) {
    use std::io::Write as _;

    let _ = write!(std::io::stderr(), "{line}{end}");
}
