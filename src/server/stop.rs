//! Asking the listeners to stop, and hearing of it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Asks to stop. Dropping it asks as well.
#[derive(Debug)]
pub struct StopSender(watch::Sender<bool>);

/// Hears that a stop was asked for.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A pair of both, not stopped.
#[must_use]
pub fn channel() -> (StopSender, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopSender(sender), Stop(receiver))
}

impl StopSender {
    /// Asks to stop; again has no effect.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Says whether a stop was asked for, or the sender is gone, which asks for the same.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Ends when a stop is asked for, at once if it was.
    pub async fn requested(&mut self) {
        // An error means that the sender is gone, which asks for the same.
        let _ = self.0.wait_for(|&stop| stop).await;
    }
}

/// The signals that ask a program to stop.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches SIGTERM and SIGINT from now on; what comes before [`Self::next`] is asked for is kept.
    ///
    /// # Errors
    ///
    /// The operating system's, if it takes no handler.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next of them, and says its name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
