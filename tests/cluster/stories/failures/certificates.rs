//! Certificates that are of another authority, and certificates that are renewed.

use std::fs;
use std::path::PathBuf;

use super::*;

pub(super) fn stories() -> Vec<Story> {
    stories![
        strange_server: "a server with another authority's certificate: a 500 and a 401",
        strange_client: "an API server with another authority's certificate: a 401",
        rotated: "our certificate is renewed without a restart and without an error",
        rotated_client: "the API server's certificate is renewed, and it works on with it",
    ]
}

/// Puts back the files of a certificate when it is dropped.
pub(super) struct Kept(Vec<(PathBuf, Vec<u8>)>);

impl Kept {
    /// Certificate and key of this name, as they are.
    pub(super) fn of(plane: &Plane, name: &str) -> Self {
        let files =
            [".crt", ".key"].map(|end| plane.entra_folder().join(format!("pki/{name}{end}")));
        Self(files.map(|file| (file.clone(), fs::read(&file).unwrap())).into())
    }

    /// The same, with those of a stranger in their place.
    pub(super) fn replaced(plane: &Plane, name: &str) -> Self {
        let stranger = plane.folder().join("stranger");
        let _ = fs::remove_dir_all(&stranger);
        plane.init_again(&stranger);
        let kept = Self::of(plane, name);
        for (file, _) in &kept.0 {
            let strange = stranger.join("pki").join(file.file_name().unwrap());
            fs::write(file, fs::read(strange).unwrap()).unwrap();
        }
        kept
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for (file, bytes) in &self.0 {
            fs::write(file, bytes).unwrap();
        }
    }
}

fn strange_server(plane: &Plane) {
    let fay = newcomer(plane, "fay");
    expect(&fay, "shop", Outcome::Works);
    let kept = Kept::replaced(plane, "server");
    plane.serve_again();
    let answer = expect(&fay, "shop", Outcome::InternalError);
    assert!(answer.says("certificate signed by unknown authority"), "{answer}");
    expect(&newcomer(plane, "finn"), "shop", Outcome::Unauthorized);
    expect(&plane.master(), "shop", Outcome::Works);
    drop(kept);
    plane.serve_again();
    works_again(&fay, "shop");
}

fn strange_client(plane: &Plane) {
    let fay = newcomer(plane, "fay");
    let kept = Kept::replaced(plane, "apiserver-client");
    // A running API server looks at the files every five minutes.
    plane.restart_api_server();
    expect(&fay, "shop", Outcome::Unauthorized);
    expect(&plane.local_admin(), "shop", Outcome::Works);
    let metrics = plane.kubentra_metrics();
    let refused = metrics.lines().find(|line| {
        line.starts_with("kubentra_handshake_failures_total{reason=\"client_certificate\"}")
    });
    assert!(refused.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
    drop(kept);
    plane.restart_api_server();
    works_again(&fay, "shop");
}

fn rotated(plane: &Plane) {
    let fay = newcomer(plane, "fay");
    expect(&fay, "shop", Outcome::Works);
    let kept = Kept::of(plane, "server");
    renew_server(plane, || {
        expect(&fay, "shop", Outcome::Works);
    });
    // Connections that are open go on; this one is new.
    plane.restart_api_server();
    expect(&fay, "shop", Outcome::Works);
    drop(kept);
}

/// Renews the certificate of our server as docs/installation.md says: it is removed, and the same
/// command is run again; key and authority stay. Returns when it is in use.
pub(super) fn renew_server(plane: &Plane, mut meanwhile: impl FnMut()) {
    let expiry = || {
        let metrics = plane.kubentra_metrics();
        let name = "kubentra_certificate_expiry_timestamp_seconds ";
        metrics.lines().find(|line| line.starts_with(name)).map(str::to_owned).unwrap()
    };
    let before = expiry();
    // Its end is told in seconds.
    std::thread::sleep(Duration::from_millis(1100));
    fs::remove_file(plane.entra_folder().join("pki/server.crt")).unwrap();
    plane.init_again(&plane.entra_folder());
    let began = Now::read().monotonic;
    while expiry() == before {
        assert!(began.elapsed() < Duration::from_secs(10), "the new certificate is not used");
        meanwhile();
    }
}

fn rotated_client(plane: &Plane) {
    let fay = newcomer(plane, "fay");
    let kept = Kept::of(plane, "apiserver-client");
    let file = plane.entra_folder().join("pki/apiserver-client.crt");
    let before = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    plane.init_again(&plane.entra_folder());
    assert_ne!(fs::read(&file).unwrap(), before);
    // When it notices, it closes its connections, and whatever it was asking is lost.
    works_again(&fay, "shop");
    plane.restart_api_server();
    expect(&fay, "shop", Outcome::Works);
    expect(&newcomer(plane, "fay"), "shop", Outcome::Works);
    drop(kept);
    plane.restart_api_server();
}
