//! The policy in force: published by one writer, read by everyone, never waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::watch;

use crate::authz::PolicySnapshot;
use crate::clock::Now;

/// A snapshot in force.
#[derive(Clone, Debug)]
pub struct Published {
    /// Rises by one when the content changes, from 1.
    pub generation: u64,
    /// When it was last read and found as it is.
    pub read_at: Instant,
    /// The policy.
    pub policy: Arc<PolicySnapshot>,
}

impl Published {
    /// Time since the last successful read (semantics §10).
    pub fn age(&self, now: Now) -> Duration {
        now.monotonic.saturating_duration_since(self.read_at)
    }
}

/// Why no policy can be decided from. Answered with HTTP 503 (semantics §10).
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PolicyUnavailable {
    /// None was read since the start.
    #[error("no policy was read yet; see the log, or run `kubentra check`")]
    None,
    /// The last successful read is too long ago.
    #[error("the policy was last read {} s ago, longer than `policy.maxStaleness`", .0.as_secs())]
    Stale(Duration),
}

/// The writer's end. There is one.
#[derive(Debug)]
pub struct PolicyStore(watch::Sender<Option<Published>>);

/// A reader's end; clones are cheap.
#[derive(Clone, Debug)]
pub struct PolicyReader(watch::Receiver<Option<Published>>);

impl PolicyStore {
    /// Makes an empty store.
    pub fn new() -> (Self, PolicyReader) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), PolicyReader(receiver))
    }

    /// Puts a snapshot with new content in force, and says its generation.
    ///
    /// Readers wait for two pointers to change places, and for nothing else: the snapshot gets its
    /// place in memory before, and the one that was in force is freed after.
    pub fn publish(&self, policy: PolicySnapshot, now: Now) -> u64 {
        let generation = self.0.borrow().as_ref().map_or(0, |p| p.generation) + 1;
        let policy = Arc::new(policy);
        let next = Published { generation, read_at: now.monotonic, policy };
        let before = self.0.send_replace(Some(next));
        drop(before);
        generation
    }

    /// Notes that the content was read again and is the same. Wakes nobody.
    pub fn touch(&self, now: Now) {
        self.0.send_if_modified(|current| {
            if let Some(published) = current {
                published.read_at = now.monotonic;
            }
            false
        });
    }
}

impl PolicyReader {
    /// The newest policy, if it is fresh enough to decide from.
    ///
    /// # Errors
    ///
    /// [`PolicyUnavailable`] when there is none, or it is older than `max_staleness`.
    pub fn current(
        &self,
        max_staleness: Duration,
        now: Now,
    ) -> Result<Published, PolicyUnavailable> {
        let published = self.latest().ok_or(PolicyUnavailable::None)?;
        let age = published.age(now);
        if age > max_staleness { Err(PolicyUnavailable::Stale(age)) } else { Ok(published) }
    }

    /// The newest policy, however old.
    pub fn latest(&self) -> Option<Published> {
        self.0.borrow().clone()
    }

    /// Waits for the next change of content. Ends with an error-free return also when the writer is
    /// gone, after which nothing changes any more.
    pub async fn changed(&mut self) {
        let _ = self.0.changed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::{
        ClusterScope, DecisionRules, KnownOperations, PolicyDocuments, PolicySetting,
    };

    fn snapshot() -> PolicySnapshot {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
        let setting = PolicySetting {
            cluster: ClusterScope::new(id.parse().unwrap(), &[], None).unwrap(),
            operations: Arc::new(KnownOperations::default()),
            rules: DecisionRules::default(),
        };
        PolicySnapshot::new(&setting, PolicyDocuments::default())
    }

    #[test]
    fn a_policy_ages_from_its_last_successful_read() {
        let hour = Duration::from_secs(3600);
        let (store, reader) = PolicyStore::new();
        let start = Now::read();
        let later = |by: Duration| Now { monotonic: start.monotonic + by, ..start };
        assert_eq!(reader.current(hour, start).unwrap_err(), PolicyUnavailable::None);
        assert_eq!(store.publish(snapshot(), start), 1);
        assert_eq!(reader.current(hour, later(hour)).unwrap().generation, 1);
        let over = hour + Duration::from_nanos(1);
        assert_eq!(reader.current(hour, later(over)).unwrap_err(), PolicyUnavailable::Stale(over));
        store.touch(later(over));
        assert_eq!(
            reader.current(hour, later(over)).unwrap().generation,
            1,
            "touched, not changed"
        );
        assert_eq!(store.publish(snapshot(), later(over)), 2);
    }
}
