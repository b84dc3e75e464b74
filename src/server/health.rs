//! Notices when a task that must run for ever has ended.
//!
//! A task ends only by a panic, which is a defect. What it kept fresh would go stale unseen, so the
//! process says that it is not alive, and whoever watches over it starts it again.

use std::sync::{Arc, OnceLock};

use tokio::task::JoinSet;

use super::stop::Stop;

/// Whether every task runs that must.
#[derive(Debug, Default)]
pub struct Health(OnceLock<&'static str>);

impl Health {
    /// The first task that has ended; none: all run.
    #[must_use]
    pub fn ended(&self) -> Option<&'static str> {
        self.0.get().copied()
    }
}

/// Runs `work`, which must not end before a stop was asked for. If it does, that is logged and
/// `health` is lost for good. Dropping the future ends the work.
pub async fn supervise(
    task: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
    health: Arc<Health>,
    stop: Stop,
) {
    let mut one = JoinSet::new();
    one.spawn(work);
    let result = one.join_next().await;
    if stop.is_requested() && matches!(result, Some(Ok(()))) {
        return;
    }
    // The panic itself was logged where it happened.
    tracing::error!(task, "a task has ended that must run for ever: the process must be restarted");
    let _ = health.0.set(task);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::stop;

    #[tokio::test]
    async fn a_task_that_ends_early_is_noticed() {
        #[rustfmt::skip]
        let cases = [
            (true,  false, Some("task"), "a panic"),
            (true,  true,  Some("task"), "a panic during a stop"),
            (false, false, Some("task"), "an end nobody asked for"),
            (false, true,  None,         "the end of a listener after a stop"),
        ];
        for (panics, is_stopping, expected, why) in cases {
            let (health, (sender, stop)) = (Arc::new(Health::default()), stop::channel());
            if is_stopping {
                sender.stop();
            }
            let work = async move { assert!(!panics, "as asked") };
            supervise("task", work, Arc::clone(&health), stop).await;
            assert_eq!(health.ended(), expected, "{why}");
        }
    }
}
