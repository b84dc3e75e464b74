//! Asking the listeners to stop, and hearing of it.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
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
    /// Says whether a stop was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when a stop is asked for, at once if it was.
    pub async fn requested(&mut self) {
        // An error means that the sender is gone, which asks for the same.
        let _ = self.0.wait_for(|&stop| stop).await;
    }
}

/// Takes SIGTERM and SIGINT over from the operating system, from this call on: whoever calls it
/// before binding a socket misses no signal. The future it gives waits for either.
///
/// # Errors
///
/// If the operating system does not give them over.
pub fn signalled() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping: no new connections, requests in flight finish");
    })
}
