//! Building with Go, with progress shown.

use std::fs::{self, File};
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kubentra::clock::Now;

use super::cache::Cache;
use super::go::{self, Go};
use super::{Module, Program};

/// Longest time for all programs together, downloads included.
const MAX_BUILD: Duration = Duration::from_secs(20 * 60);

/// Arguments of `go build`. A program that was built without the version variables calls itself v0.0.0,
/// and kubeadm then refuses its own configuration.
pub(crate) fn settings(module: &Module) -> Vec<String> {
    let version = module.version();
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let mut flags = "-s -w".to_owned();
    if module.folder == "kubernetes" {
        for (name, value) in [
            ("gitVersion", version.as_str()),
            ("gitMajor", major),
            ("gitMinor", minor),
            ("gitCommit", "test"),
            ("gitTreeState", "clean"),
            ("buildDate", "1970-01-01T00:00:00Z"),
        ] {
            flags = format!("{flags} -X k8s.io/component-base/version.{name}={value}");
        }
    }
    ["-trimpath", "-mod=readonly", "-buildvcs=false", &format!("-ldflags={flags}")]
        .map(str::to_owned)
        .into()
}

/// Builds the programs into the cache. One run builds, others wait for it. An error is one line that says
/// what to do; what Go said is in a file that it names.
pub(crate) fn build(programs: &[&Program], cache: &Cache) -> Result<(), String> {
    let wanted: Vec<_> =
        programs.iter().map(|p| format!("{} {}", p.name, p.module.version())).collect();
    let advise = |error: String| {
        format!(
            "{error}; needed are {}: install Go {} or newer with a way to fetch modules, or set \
             KUBEBUILDER_ASSETS to a folder with them, or leave the cluster suite out with `make test \
             CLUSTER=skip`",
            wanted.join(", "),
            go::OLDEST
        )
    };
    go::check().map_err(advise)?;
    build_all(programs, cache).map_err(advise)
}

fn build_all(programs: &[&Program], cache: &Cache) -> Result<(), String> {
    let lock = cache.lock();
    let failed = |error: std::io::Error| format!("cannot use `{}`: {error}", lock.display());
    fs::create_dir_all(lock.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    let held = File::create(&lock).map_err(failed)?;
    if held.try_lock().is_err() {
        crate::say("cluster: waiting for another run that builds the same programs");
        held.lock().map_err(failed)?;
    }
    let end = Now::read().monotonic + MAX_BUILD;
    for (index, program) in programs.iter().enumerate() {
        // Another run may have built it while this one waited for the lock.
        if cache.get(program).is_none() {
            let version = program.module.version();
            let of = format!("({} of {})", index + 1, programs.len());
            let what = format!("{} {version} {of}", program.name);
            build_one(program, &cache.folder(program.module), &what, end)?;
        }
    }
    Ok(())
}

fn build_one(program: &Program, folder: &Path, what: &str, end: Instant) -> Result<(), String> {
    let began = Now::read().monotonic;
    let failed = |error: std::io::Error| format!("cannot use `{}`: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    let log = folder.join(format!("{}.log", program.name));
    let mut progress = Progress { began, shown_at: Duration::ZERO };
    let mut packages = 0_usize;
    let list = ["list".to_owned(), "-deps".to_owned(), program.package.to_owned()];
    Go { module: program.module, log: &log, end }.run(&list, Stdio::piped(), |lines| {
        packages += lines;
        progress.show(&format!("fetching what {what} is made of"));
    })?;
    // Built beside its place and moved there, so that a half-built one is never found.
    let unfinished = folder.join(format!(".{}", program.name));
    let mut args = vec!["build".to_owned(), "-v".to_owned(), "-o".to_owned()];
    args.push(unfinished.to_string_lossy().into_owned());
    args.extend(settings(program.module));
    args.push(program.package.to_owned());
    let mut built = 0;
    // Packages that Go has compiled before are not compiled again.
    Go { module: program.module, log: &log, end }.run(&args, Stdio::null(), |lines| {
        built += lines;
        progress.show(&format!("building {what}: {built} of at most {packages} packages"));
    })?;
    fs::rename(&unfinished, folder.join(program.name)).map_err(failed)?;
    crate::say(&format!("cluster: built {what} in {} s{:20}", began.elapsed().as_secs(), ""));
    Ok(())
}

/// Shows what goes on, often to a person and seldom to a log.
struct Progress {
    began: Instant,
    shown_at: Duration,
}

impl Progress {
    fn show(&mut self, what: &str) {
        let (pause, end) = if std::io::stderr().is_terminal() { (0.2, '\r') } else { (20.0, '\n') };
        let took = self.began.elapsed();
        if took >= self.shown_at {
            self.shown_at = took + Duration::from_secs_f64(pause);
            crate::write(&format!("cluster: {what}, {} s", took.as_secs()), end);
        }
    }
}

/// What `go version` and the like print; none if there is no such program or it fails.
pub(super) fn printed(program: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    let text = output.status.success().then(|| String::from_utf8(output.stdout).ok())??;
    text.lines().next().map(|line| line.trim().to_owned())
}
