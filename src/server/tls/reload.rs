//! Watches the certificate files and swaps the configuration when their content changes.
//!
//! By content, not by notification: a mounted Secret changes by a symbolic link, and a watch on
//! directories misses other ways to replace a file. New connections take the newest configuration,
//! open ones keep theirs. Files that cannot be used leave the last good configuration in force.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::files::{LoadTlsError, TlsFiles};
use super::{Loaded, build};
use crate::metrics::Metrics;
use crate::review::report;

/// How often the files are read.
const INTERVAL: Duration = Duration::from_secs(1);

/// The configuration in force and its watcher.
#[derive(Debug)]
pub struct TlsReloader {
    files: Arc<TlsFiles>,
    newest: watch::Sender<Arc<ServerConfig>>,
    seen: Seen,
    status: Arc<Mutex<TlsStatus>>,
    metrics: Arc<Metrics>,
    interval: Duration,
}

/// The contents that were last looked at.
#[derive(Clone, Debug)]
struct Seen {
    digest: Vec<u8>,
    /// Why they cannot be used; none: they are in force.
    error: Option<String>,
}

/// What readiness says of TLS.
#[derive(Clone, Debug)]
pub struct TlsStatus {
    /// Start of the certificate in force.
    pub valid_from: SystemTime,
    /// End of the certificate in force.
    pub expiry: SystemTime,
    /// First end of a client authority in force; none without any. TLS trusts an authority beyond
    /// its end, but whoever checks certificates elsewhere may not.
    pub client_ca_expiry: Option<SystemTime>,
    /// Why the files on disk are not in force; none: they are.
    pub error: Option<String>,
}

impl TlsReloader {
    /// Reads the files for the first time.
    ///
    /// # Errors
    ///
    /// [`LoadTlsError`], which names the file: the server does not start without a certificate.
    pub fn load(files: TlsFiles, metrics: Arc<Metrics>) -> Result<Self, LoadTlsError> {
        let (digest, loaded) = match look(&files, &[]) {
            Look::Unreadable(error) => return Err(error),
            Look::Changed(digest, loaded) => (digest, loaded?),
            // No contents have an empty digest.
            Look::Unchanged => return Err(LoadTlsError::NoCertificate(files.certificate)),
        };
        let Loaded { config, validity, client_ca_expiry } = loaded;
        let status = TlsStatus {
            valid_from: validity.from,
            expiry: validity.until,
            client_ca_expiry,
            error: None,
        };
        metrics.tls(status.expiry, client_ca_expiry, false);
        Ok(Self {
            files: Arc::new(files),
            newest: watch::Sender::new(config),
            seen: Seen { digest, error: None },
            status: Arc::new(Mutex::new(status)),
            metrics,
            interval: INTERVAL,
        })
    }

    /// The same with another time between two looks, for tests.
    #[must_use]
    pub fn every(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// The newest configuration, now and later.
    #[must_use]
    pub fn configuration(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.newest.subscribe()
    }

    /// What readiness says of TLS, now and later.
    #[must_use]
    pub fn status(&self) -> TlsStatusReader {
        TlsStatusReader(Arc::clone(&self.status))
    }

    /// Looks at the files for ever.
    pub async fn run(mut self) {
        loop {
            sleep(self.interval).await;
            let (files, seen) = (Arc::clone(&self.files), self.seen.clone());
            // The only failure is a panic there, which was logged; the next look is a new chance.
            if let Ok(look) = spawn_blocking(move || look(&files, &seen.digest)).await {
                self.take(look);
            }
        }
    }

    /// Puts what was read in force, or notes why not. The log has one line for each change.
    fn take(&mut self, look: Look) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        let error = match look {
            Look::Unreadable(error) => Some(report(&error)),
            Look::Unchanged => self.seen.error.clone(),
            Look::Changed(digest, Ok(Loaded { config, validity, client_ca_expiry })) => {
                self.newest.send_replace(config);
                self.seen = Seen { digest, error: None };
                status.valid_from = validity.from;
                status.expiry = validity.until;
                status.client_ca_expiry = client_ca_expiry;
                tracing::info!("certificates were reloaded");
                None
            }
            Look::Changed(digest, Err(error)) => {
                let error = Some(report(&error));
                self.seen = Seen { digest, error: error.clone() };
                error
            }
        };
        if let Some(error) = &error
            && status.error.as_ref() != Some(error)
        {
            tracing::error!(error, "certificates cannot be reloaded; the last good ones stay");
        }
        status.error = error;
        self.metrics.tls(status.expiry, status.client_ca_expiry, status.error.is_some());
    }
}

impl TlsFiles {
    /// Looks whether the files can be used, as a start of the server would.
    ///
    /// # Errors
    ///
    /// [`LoadTlsError`], which names the file.
    pub fn check(&self) -> Result<(), LoadTlsError> {
        match look(self, &[]) {
            Look::Unreadable(error) | Look::Changed(_, Err(error)) => Err(error),
            Look::Unchanged | Look::Changed(_, Ok(_)) => Ok(()),
        }
    }
}

/// One look at the files.
enum Look {
    Unreadable(LoadTlsError),
    Unchanged,
    Changed(Vec<u8>, Result<Loaded, LoadTlsError>),
}

/// Reads the files and, if they differ from `seen`, makes a configuration of them.
fn look(files: &TlsFiles, seen: &[u8]) -> Look {
    let contents = match files.read() {
        Ok(contents) => contents,
        Err(error) => return Look::Unreadable(error),
    };
    let digest = contents.digest();
    if digest == seen {
        return Look::Unchanged;
    }
    let loaded = files.parse(&contents).and_then(|material| {
        build(material, &files.client_names).map_err(|source| LoadTlsError::Unusable {
            certificate: files.certificate.clone(),
            private_key: files.private_key.clone(),
            source,
        })
    });
    Look::Changed(digest, loaded)
}

/// Reads the newest [`TlsStatus`].
#[derive(Clone, Debug)]
pub struct TlsStatusReader(Arc<Mutex<TlsStatus>>);

impl TlsStatusReader {
    /// The newest.
    #[must_use]
    pub fn get(&self) -> TlsStatus {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
