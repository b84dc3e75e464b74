//! One discovery document with its keys: fetched by one flight at a time, read by everyone.

use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::sync::{Mutex, Notify, watch};

use super::{
    ABSENT_INTERVAL, FIRST_BACK_OFF, LAST_BACK_OFF, MAX_KEYS_AGE, ON_DEMAND_INTERVAL,
    REFRESH_INTERVAL,
};
use crate::authn::KeySet;
use crate::azure::entra::{Publication, Published};
use crate::clock::Now;
use crate::review::report;

/// What is known of one place where an issuer introduces itself, and the means to know more.
#[derive(Debug)]
pub(super) struct Source {
    publication: Publication,
    fixed_issuer: Option<String>,
    client: Client,
    record: watch::Sender<Record>,
    /// Held during a fetch, and for nothing else: whoever waits for it finds the outcome in `record`.
    flight: Mutex<Flight>,
    /// The refreshes that tokens caused and that are over. Read without waiting for a fetch.
    spent: SyncMutex<Spent>,
    /// Told when a refresh that a token caused has failed, so that the background takes over.
    trouble: Notify,
}

/// The outcome of what was tried so far.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// The last that was learned.
    pub(super) found: Found,
    /// Why the latest try failed, if it did.
    pub(super) failure: Option<String>,
}

/// What is known to be published.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// Nothing, and that is certain.
    Absent,
    /// An issuer.
    Issuer(Arc<IssuerKeys>),
    /// Not known yet.
    Unread,
}

/// An issuer and its keys as they were read.
#[derive(Debug)]
pub(super) struct IssuerKeys {
    pub(super) issuer: String,
    pub(super) keys: KeySet,
    pub(super) read_at: Instant,
}

impl IssuerKeys {
    /// Time since the keys were read.
    pub(super) fn age(&self, now: Now) -> Duration {
        now.monotonic.saturating_duration_since(self.read_at)
    }

    /// Says if the keys may still be relied on.
    pub(super) fn is_fresh(&self, now: Now) -> bool {
        self.age(now) <= MAX_KEYS_AGE
    }
}

/// The right to fetch, held by one at a time.
#[derive(Debug, Default)]
pub(super) struct Flight;

/// When tokens last caused a refresh that is over by now. The two causes have a minute each: a first
/// reading must not use up the one refresh that a new key gets at once.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    /// Because nothing was read yet.
    to_read: Option<Instant>,
    /// Because a key was not among those read.
    for_key: Option<Instant>,
}

/// What a token makes someone look for.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// Whether there is an issuer here, and its name.
    Issuer,
    /// The key of this id.
    Key(String),
}

impl Source {
    pub(super) fn new(publication: Publication, client: Client) -> Self {
        Self {
            fixed_issuer: publication.fixed_issuer(),
            publication,
            client,
            record: watch::Sender::new(Record { found: Found::Unread, failure: None }),
            flight: Mutex::default(),
            spent: SyncMutex::default(),
            trouble: Notify::new(),
        }
    }

    pub(super) fn publication(&self) -> &Publication {
        &self.publication
    }

    pub(super) fn record(&self) -> Record {
        self.record.borrow().clone()
    }

    /// The issuer, as fixed by the cloud or read from the document.
    pub(super) fn issuer(&self) -> Option<String> {
        self.fixed_issuer.clone().or_else(|| match self.record().found {
            Found::Issuer(read) => Some(read.issuer.clone()),
            Found::Absent | Found::Unread => None,
        })
    }

    /// Says if this is where `issuer` introduces itself.
    pub(super) fn names(&self, issuer: &str) -> bool {
        match (&self.fixed_issuer, &self.record.borrow().found) {
            (Some(fixed), _) => fixed == issuer,
            (None, Found::Issuer(read)) => read.issuer == issuer,
            (None, Found::Absent | Found::Unread) => false,
        }
    }

    /// The keys of `issuer`, if they were read here and are fresh.
    pub(super) fn fresh_keys(&self, issuer: &str, now: Now) -> Option<Arc<IssuerKeys>> {
        match &self.record.borrow().found {
            Found::Issuer(read) if read.issuer == issuer && read.is_fresh(now) => {
                Some(Arc::clone(read))
            }
            Found::Issuer(_) | Found::Absent | Found::Unread => None,
        }
    }

    /// Refreshes for ever: at once, then at the documented intervals, and soon after a refresh that a
    /// token caused has failed.
    pub(super) async fn keep_fresh(&self) {
        let mut back_off = FIRST_BACK_OFF;
        loop {
            self.refresh(&mut *self.flight.lock().await, Now::read()).await;
            let record = self.record();
            let pause = match (&record.found, record.failure.is_some()) {
                (_, true) => {
                    let pause = back_off;
                    back_off = back_off.saturating_mul(2).min(LAST_BACK_OFF);
                    pause
                }
                (found, false) => {
                    back_off = FIRST_BACK_OFF;
                    if matches!(found, Found::Absent) { ABSENT_INTERVAL } else { REFRESH_INTERVAL }
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.trouble.notified() => tokio::time::sleep(FIRST_BACK_OFF).await,
            }
        }
    }

    /// Looks for `wanted` because a token needs it: one refresh, unless someone else's has just
    /// brought it, or a token has caused one within [`ON_DEMAND_INTERVAL`] (semantics §11.3).
    ///
    /// The refresh that a token caused is waited for by all who came meanwhile: their key may be in
    /// it. Once it is over, nobody waits any more within the minute, not even for a fetch of the
    /// background: a made-up key id must not hold a place for as long as Entra is slow.
    pub(super) async fn look_for(&self, wanted: &Wanted, now: Now) {
        if self.is_spent(now) {
            return;
        }
        let mut flight = self.flight.lock().await;
        if self.has(wanted, now) || self.is_spent(now) {
            return;
        }
        let has_read = self.has_read();
        self.refresh(&mut flight, now).await;
        {
            let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            let at = if has_read { &mut spent.for_key } else { &mut spent.to_read };
            *at = Some(now.monotonic);
        }
        if self.record.borrow().failure.is_some() {
            self.trouble.notify_one();
        }
    }

    fn has_read(&self) -> bool {
        matches!(self.record.borrow().found, Found::Issuer(_))
    }

    /// Says if the refresh that a token could cause now was caused, and over, within
    /// [`ON_DEMAND_INTERVAL`].
    fn is_spent(&self, now: Now) -> bool {
        let spent = *self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let at = if self.has_read() { spent.for_key } else { spent.to_read };
        let since = at.map(|at| now.monotonic.saturating_duration_since(at));
        since.is_some_and(|since| since < ON_DEMAND_INTERVAL)
    }

    fn has(&self, wanted: &Wanted, now: Now) -> bool {
        match (&self.record.borrow().found, wanted) {
            (Found::Issuer(_), Wanted::Issuer) => true,
            (Found::Issuer(read), Wanted::Key(kid)) => {
                read.is_fresh(now) && read.keys.named(kid).next().is_some()
            }
            (Found::Absent | Found::Unread, _) => false,
        }
    }

    /// Fetches, and writes down the outcome. What was good stays when a fetch fails, and also when a
    /// document that was there is gone: a mistake on the way is likelier than the end of an issuer.
    async fn refresh(&self, _flight: &mut Flight, now: Now) {
        let url = self.publication.url();
        let fetched = self.publication.fetch(&self.client).await;
        let record = self.record();
        let next = match fetched {
            Ok(Published::Issuer { issuer, keys }) => {
                let (issuer_shown, count) = (issuer.clone(), keys.len());
                let is_news = !matches!(&record.found, Found::Issuer(read) if read.issuer == issuer && read.keys == keys);
                if is_news {
                    tracing::info!(issuer = issuer_shown, keys = count, "read new signing keys");
                } else {
                    tracing::debug!(issuer = issuer_shown, keys = count, "read the same keys");
                }
                let read = IssuerKeys { issuer, keys, read_at: now.monotonic };
                Record { found: Found::Issuer(Arc::new(read)), failure: None }
            }
            Ok(Published::Absent) if matches!(record.found, Found::Issuer(_)) => self
                .failed(record.found, format!("the discovery document `{url}` is gone (HTTP 404)")),
            Ok(Published::Absent) => {
                tracing::debug!(document = url, "there is no such issuer (HTTP 404)");
                Record { found: Found::Absent, failure: None }
            }
            Err(error) => self.failed(record.found, report(&error)),
        };
        self.record.send_replace(next);
    }

    fn failed(&self, found: Found, failure: String) -> Record {
        let has_keys = matches!(found, Found::Issuer(_));
        tracing::warn!(error = failure, has_keys, "cannot refresh signing keys; trying again");
        Record { found, failure: Some(failure) }
    }

    #[cfg(test)]
    pub(super) fn put(&self, record: Record) {
        self.record.send_replace(record);
    }
}
