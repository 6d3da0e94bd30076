//! A job that this replica works on: its lease, and what it writes into the record. A write of one
//! whose lease was taken away changes nothing, whatever it believes.

use super::record::{JobRecord, JobState};
use crate::bucket::Bucket;
use crate::error::{Error, Result};
use crate::files::tree::Position;
use crate::id::JobId;
use crate::key::ObjectKey;
use crate::lease::{Done, Lease};
use crate::manifest::{Change, Manifest};
use crate::store::Condition;

/// A job in this replica's hands.
#[derive(Debug)]
pub(super) struct Held {
    bucket: Bucket,
    id: JobId,
    lease: Lease,
    term: u64,
    /// The record as it is made when there is none yet.
    initial: JobRecord,
}

/// What a write into the record found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    /// Go on.
    Yes,
    /// Written, and somebody asks to stop.
    Cancelling,
    /// Somebody else works on it, or it is over.
    Lost,
}

impl Held {
    pub(super) fn new(bucket: &Bucket, lease: Lease, record: JobRecord) -> Self {
        Self { bucket: bucket.clone(), id: record.id, lease, term: record.term, initial: record }
    }

    pub(super) const fn lease(&self) -> &Lease {
        &self.lease
    }

    fn document(&self) -> Manifest<JobRecord> {
        self.bucket.job_document(self.id)
    }

    /// Notes where it stands; makes the record if there is none.
    pub(super) async fn save(&self, position: &Position) -> Result<Saved> {
        self.write(|record| match record.state {
            JobState::Cancelling => (position, Saved::Cancelling),
            _ => (position, Saved::Yes),
        })
        .await
    }

    /// Notes that it is over.
    pub(super) async fn end(&self, position: &Position, state: JobState, error: Option<&Error>) -> Result<Saved> {
        self.write(|record| {
            record.state = state;
            record.error = error.map(|error| error.message().to_owned());
            record.error_kind = error.map(Error::kind);
            (position, Saved::Yes)
        })
        .await
    }

    /// Removes the lease of a job that is over: nobody wants it any more. A crash before that leaves
    /// it to the sweeper.
    pub(super) async fn forget(self) {
        drop(self.lease);
        let key = ObjectKey::job_lease(self.id);
        if let Err(error) = self.bucket.store().delete(&key, Condition::Always).await {
            tracing::debug!(job.id = %self.id, %error, "the lease of a job that is over stays for the sweeper");
        }
    }

    /// Gives it to whoever wants it, as it stands.
    pub(super) async fn hand_over(self, position: &Position) -> Result<()> {
        self.save(position).await?;
        self.lease.release(Done::No).await
    }

    async fn write<'p>(&self, change: impl Fn(&mut JobRecord) -> (&'p Position, Saved)) -> Result<Saved> {
        let (term, now) = (self.term, self.bucket.clock().now());
        let write = |record: &mut JobRecord| {
            if record.term != term || record.state.is_over() {
                return Ok(Change::Keep(Saved::Lost));
            }
            let (position, saved) = change(record);
            record.stand_at(position, now);
            Ok(Change::Save(saved))
        };
        self.document().upsert(self.initial.clone(), write).await
    }
}
