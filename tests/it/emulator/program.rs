//! The `kubentra-emulator` program.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{TENANT, client_of};

const DIRECTORY: &str = "tenants: [aaaabbbb-0000-4ccc-8111-dddd2222eeee]\n";
const WARNING: &str = "no real cluster may ever trust it";

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubentra-emulator"));
    command.args(args).stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A started program, which dies with the test.
struct Running(Child);

impl Running {
    fn start(directory: &Path, out: &Path) -> Self {
        let (directory, out) = (directory.to_str().unwrap(), out.to_str().unwrap());
        Self(program(&["--directory", directory, "--out", out]).spawn().unwrap())
    }

    async fn wait(&mut self) -> ExitStatus {
        for _ in 0..200 {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the program does not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The addresses that the program writes once it is listening.
async fn endpoints(out: &Path) -> Value {
    for _ in 0..200 {
        if let Ok(text) = fs::read_to_string(out.join("endpoints.json")) {
            return serde_json::from_str(&text).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no endpoints.json");
}

#[tokio::test]
async fn the_program_listens_says_where_and_ends_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let (directory, out) = (folder.path().join("directory.yaml"), folder.path().join("out"));
    fs::write(&directory, DIRECTORY).unwrap();

    let mut program = Running::start(&directory, &out);
    let authority = endpoints(&out).await["authorityUrl"].as_str().unwrap().to_owned();
    let client = client_of(&fs::read_to_string(out.join("ca.crt")).unwrap());
    let url = format!("{authority}/{TENANT}/v2.0/.well-known/openid-configuration");
    let document: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(document["issuer"], format!("{authority}/{TENANT}/v2.0"));
    let files: Vec<_> = fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files.len(), 2, "nothing unfinished is left, and no key: {files:?}");

    Command::new("kill").args(["-TERM", &program.0.id().to_string()]).status().unwrap();
    assert_eq!(program.wait().await.code(), Some(0));
    let banner = std::io::read_to_string(program.0.stderr.take().unwrap()).unwrap();
    assert!(banner.contains(&authority) && banner.contains(WARNING), "{banner}");
}

#[test]
fn a_program_that_cannot_start_says_why_and_removes_old_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let (good, bad, out, none) = (path("good.yaml"), path("bad.yaml"), path("out"), path("none"));
    fs::write(&good, DIRECTORY).unwrap();
    fs::write(&bad, format!("{DIRECTORY}people: []\n")).unwrap();
    fs::create_dir(&out).unwrap();
    fs::write(path("out/endpoints.json"), "{}").unwrap();
    #[rustfmt::skip]
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--directory", &none, "--out", &out],                      4, "cannot read directory file"),
        (&["--directory", &bad, "--out", &out],                       4, "line 2 column 1: unknown field `people`"),
        (&["--directory", &good, "--out", &out, "--listen", &taken],  4, "cannot listen on `127.0.0.1:"),
        (&["--directory", &good, "--out", &format!("{good}/below")],  4, "cannot write"),
        (&["--directory", &good],                                     3, "--out"),
    ];
    for (args, status, expected) in cases {
        let Output { status: got, stderr, .. } = program(args).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(got.code(), Some(status), "{args:?}: {stderr}");
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
    }
    assert!(!Path::new(&path("out/endpoints.json")).exists(), "no old addresses are left");
}

#[test]
fn help_warns() {
    let help = String::from_utf8(program(&["--help"]).output().unwrap().stdout).unwrap();
    assert!(help.contains(WARNING), "{help}");
}
