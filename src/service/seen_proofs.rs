//! The memory of proofs of possession that were used to log in (semantics §11.8).
//!
//! One login is seen more than once: the API server forgets its answer and asks again, with the same
//! bytes. So the same wrapper is let through again, and only another one with the key and the `nonce`
//! of one before is a replay.
//!
//! Only proofs that logged somebody in are noted, so nobody can fill this memory without a token that
//! Entra bound to a key and that is for this cluster. It never forgets early. Who makes too many proofs
//! is refused long before there is no room for those of others, and when there is none, a new proof
//! gets an error and no answer.
//!
//! Times are of the wall clock, as the proofs' own are: what is forgotten is refused for its age, unless
//! that clock is set back. Each process has a memory of its own and begins with an empty one.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use crate::authn::Proof;
use crate::authz::principal::ObjectId;

/// Most proofs that are remembered at a time; they take about 25 MB.
pub const MAX_PROOFS: usize = 100_000;
/// Most of them from one caller: 11 logins a second, all through the default validity.
pub const MAX_PROOFS_OF_CALLER: usize = 10_000;
/// Most that are forgotten when one is noted: more than are added, so that the memory shrinks, and few,
/// so that nobody waits long.
const FORGOTTEN_AT_ONCE: usize = 32;

/// SHA-256 of something that is not kept.
pub(super) type Digest = [u8; SHA256_OUTPUT_LEN];

/// The memory. Cheap to ask; no lock is held across anything that waits.
#[derive(Debug)]
pub(super) struct SeenProofs {
    limits: Limits,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    proofs: usize,
    of_caller: usize,
}

#[derive(Debug, Default)]
struct Seen {
    by_id: HashMap<Digest, Noted>,
    /// End and id of every proof, the first to end first.
    ends: BTreeSet<(Duration, Digest)>,
    of_caller: HashMap<ObjectId, usize>,
}

#[derive(Debug)]
struct Noted {
    wrapper: Digest,
    caller: ObjectId,
    ends: Duration,
}

/// Why a proof is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NotTaken {
    /// No room, for anybody.
    Full,
    /// Another wrapper had its key and `nonce`.
    Replayed,
    /// The caller has as many as one may have.
    TooMany,
}

impl Default for SeenProofs {
    fn default() -> Self {
        Self::with(Limits { proofs: MAX_PROOFS, of_caller: MAX_PROOFS_OF_CALLER })
    }
}

impl SeenProofs {
    fn with(limits: Limits) -> Self {
        Self { limits, seen: Mutex::default() }
    }

    /// Takes a proof with which `caller` logs in, or logs in again, at `now`. `wrapper` is the digest of
    /// the whole text that was sent.
    ///
    /// A proof is remembered until it ends. One that is refused as a replay prolongs the memory of the
    /// one before it up to its own end, else it would only have to be sent again a little later.
    pub(super) fn take(
        &self,
        proof: &Proof,
        wrapper: Digest,
        caller: ObjectId,
        now: Duration,
    ) -> Result<(), NotTaken> {
        // What is inside is whole between any two statements, or lacks what is to be forgotten.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget(now);
        let (id, ends) = (id(proof), proof.ends());
        match seen.by_id.get(&id) {
            Some(noted) if noted.ends > now && noted.wrapper == wrapper => return Ok(()),
            Some(noted) if noted.ends > now => {
                let ends = ends.max(noted.ends);
                seen.prolong(id, ends);
                return Err(NotTaken::Replayed);
            }
            Some(_) => seen.remove(id),
            None => {}
        }
        if seen.of_caller.get(&caller).is_some_and(|count| *count >= self.limits.of_caller) {
            return Err(NotTaken::TooMany);
        }
        if seen.by_id.len() >= self.limits.proofs {
            return Err(NotTaken::Full);
        }
        seen.insert(id, Noted { wrapper, caller, ends });
        Ok(())
    }
}

impl Seen {
    fn insert(&mut self, id: Digest, noted: Noted) {
        self.ends.insert((noted.ends, id));
        *self.of_caller.entry(noted.caller).or_default() += 1;
        self.by_id.insert(id, noted);
    }

    fn prolong(&mut self, id: Digest, ends: Duration) {
        if let Some(noted) = self.by_id.get_mut(&id) {
            self.ends.remove(&(noted.ends, id));
            noted.ends = ends;
            self.ends.insert((ends, id));
        }
    }

    fn remove(&mut self, id: Digest) {
        let Some(noted) = self.by_id.remove(&id) else { return };
        self.ends.remove(&(noted.ends, id));
        if let Entry::Occupied(mut count) = self.of_caller.entry(noted.caller) {
            *count.get_mut() = count.get().saturating_sub(1);
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Forgets proofs that have ended, a few at a time.
    fn forget(&mut self, now: Duration) {
        for _ in 0..FORGOTTEN_AT_ONCE {
            match self.ends.first() {
                Some((ends, id)) if *ends <= now => {
                    let id = *id;
                    self.remove(id);
                }
                _ => return,
            }
        }
    }
}

/// Key and `nonce` in one. The thumbprint has one length, so no two pairs are written alike.
fn id(proof: &Proof) -> Digest {
    let mut context = Context::new(&SHA256);
    context.update(proof.key_id().as_bytes());
    context.update(proof.nonce().as_bytes());
    let mut id = Digest::default();
    id.copy_from_slice(context.finish().as_ref());
    id
}

#[cfg(test)]
mod tests;
