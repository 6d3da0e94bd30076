//! Those who want a lease: they watch its counter, and take it when it is free or its holder dead.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Terms;
use super::held::Lease;
use super::record::LeaseRecord;
use crate::bucket::Bucket;
use crate::clock::{Moment, Timestamp};
use crate::error::Result;
use crate::id::ReplicaId;
use crate::key::ObjectKey;
use crate::manifest::Change;

/// What this replica has seen of one lease. To be kept: a counter that is looked at twice, with
/// any time between, has stood still for that time or not.
#[derive(Debug)]
pub(crate) struct Watch {
    key: ObjectKey,
    terms: Terms,
    pub(super) seen: Mutex<Option<Seen>>,
}

/// A counter, and when it was first seen so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    beat: u64,
    /// When the answer came, by this replica's clock: the counter stood there before.
    since: Duration,
}

/// How a try to take a lease ended.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It is ours, until it is dropped or lost.
    Taken(Lease),
    /// It is somebody else's.
    Held {
        /// Whose.
        by: ReplicaId,
        /// After how long it can be ours at the earliest, if its holder is dead.
        look_again: Duration,
    },
}

/// What the document said.
enum Answer {
    Given(u64),
    Held { by: ReplicaId, beat: u64 },
}

impl Watch {
    /// Nothing seen so far of the lease at `key`.
    pub(crate) const fn new(key: ObjectKey, terms: Terms) -> Self {
        Self { key, terms, seen: Mutex::new(None) }
    }

    /// Takes the lease if it is free, or if its holder has been silent for so long that nothing he
    /// sent can still arrive. One read, and one write when it is taken.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer, or so late that the lease is over by then: it may
    /// have been taken, and is then lost like a dead holder's.
    pub(crate) async fn try_take(&self, bucket: &Bucket) -> Result<Attempt> {
        let (sent, dead, replica) = (Moment::now(bucket.clock()), self.dead(bucket), bucket.replica());
        let take = |record: &mut LeaseRecord| match record.holder {
            Some(by) if dead != Some(record.beat) => Ok(Change::Keep(Answer::Held { by, beat: record.beat })),
            _ => Ok(Change::Save(Answer::Given(record.give(replica)))),
        };
        match bucket.manifest(self.key.clone()).upsert(LeaseRecord::free(), take).await? {
            Answer::Held { by, beat } => Ok(Attempt::Held { by, look_again: self.note(bucket, beat) }),
            Answer::Given(term) => {
                *self.seen() = None;
                Lease::begin(bucket, &self.key, self.terms, term, sent).map(Attempt::Taken)
            }
        }
    }

    /// When the lease was last given back in order, if nobody holds it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn last_returned(&self, bucket: &Bucket) -> Result<Option<Timestamp>> {
        let record = bucket.manifest::<LeaseRecord>(self.key.clone()).read().await?;
        Ok(record.filter(|record| record.holder.is_none()).and_then(|record| record.returned))
    }

    /// The counter of a dead holder: it has been seen and seen again, and if it is still the same
    /// at a look that begins now, it has stood still for long enough.
    fn dead(&self, bucket: &Bucket) -> Option<u64> {
        let now = bucket.clock().elapsed();
        let seen = self.seen().filter(|seen| now.saturating_sub(seen.since) >= self.terms.silence());
        seen.map(|seen| seen.beat)
    }

    /// Notes where the counter stands; answers how long until it may be taken for dead.
    fn note(&self, bucket: &Bucket, beat: u64) -> Duration {
        let now = bucket.clock().elapsed();
        let mut seen = self.seen();
        let since = match *seen {
            Some(before) if before.beat == beat => before.since,
            _ => now,
        };
        *seen = Some(Seen { beat, since });
        (since + self.terms.silence()).saturating_sub(now)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
