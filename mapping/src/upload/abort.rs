//! Ends an upload without a file, and says what one still needs.

use std::ops::Range;

use super::handle::{Session, Upload};
use super::record::{Done, State, UploadRecord};
use super::survey::Bundles;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::store::{Store, StoreResult};

/// What is known of a finish that the record tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// Somebody may be at it.
    MayRun,
    /// It was the caller's own, and nobody else knows of the upload.
    Ended,
}

impl Upload {
    /// Gives the upload up. Giving up what was given up before is no error.
    ///
    /// A crash after the record says so leaves parts and bundles to the sweep.
    ///
    /// # Errors
    /// `Busy` while the upload is being finished; `Conflict` once it is.
    pub async fn abort(&self) -> Result<()> {
        match self.abort_unless_done(Finish::MayRun).await? {
            None => Ok(()),
            Some(_) => Err(Error::new(ErrorKind::Conflict, Subject::Upload, "the upload is finished already")),
        }
    }

    /// Gives the upload up, also when the caller goes away meanwhile; answers the file if there is
    /// one instead.
    ///
    /// # Errors
    /// As [`Upload::abort`], without `Conflict`.
    pub(super) async fn abort_unless_done(&self, finish: Finish) -> Result<Option<Done>> {
        let session = self.session.clone();
        self.session.bucket.tasks().finish(async move { session.abort_here(finish).await }).await?
    }

    /// The ranges (end exclusive) that neither the store nor this replica has. Of an upload of
    /// unknown length, those before its last byte so far. What other replicas hold and have not
    /// stored yet counts as missing.
    ///
    /// # Errors
    /// `NotFound` once the upload is no more.
    pub async fn missing(&self) -> Result<Vec<Range<u64>>> {
        let session = &self.session;
        let record = session.look_again().await?;
        if matches!(record.state, State::Done(_)) {
            return Ok(Vec::new());
        }
        match session.survey(&record, &mut Bundles::new()).await? {
            Some(survey) => Ok(survey.missing),
            None => match session.find_published(&record).await? {
                Some(_) => Ok(Vec::new()),
                None => Err(super::record::dropped()),
            },
        }
    }
}

impl Session {
    async fn abort_here(&self, finish: Finish) -> Result<Option<Done>> {
        let mut record = self.mark_aborted(None).await?;
        if record.state == State::Finishing
            && (finish == Finish::Ended || record.finish_has_ended(self.bucket.clock().now()))
        {
            if let Some(done) = self.find_published(&record).await? {
                self.end_finish(&done).await?;
                self.clean_up();
                return Ok(Some(done));
            }
            record = self.mark_aborted(Some(record.touched)).await?;
        }
        match record.state {
            State::Done(done) => return Ok(Some(done)),
            State::Open | State::Finishing => {
                return Err(Error::new(ErrorKind::Busy, Subject::Upload, "the upload is being finished: try again"));
            }
            State::Aborted | State::Expired => {}
        }
        self.active.clear();
        // The client has its answer: what is left here the sweep takes.
        if let Err(error) = self.remove_rubbish(&record).await {
            tracing::warn!(upload.id = %self.active.id, error = %error, "an upload that was given up is left to the sweep");
        }
        Ok(None)
    }

    /// Marks an upload as given up that nobody finishes, or whose finish had its last sign of life
    /// at `ended`; answers what the record says then.
    async fn mark_aborted(&self, ended: Option<Timestamp>) -> Result<UploadRecord> {
        let change = |record: &mut UploadRecord| {
            let ended = record.state == State::Finishing && ended == Some(record.touched);
            if record.state != State::Open && !ended {
                return Ok(Change::Keep(record.clone()));
            }
            record.state = State::Aborted;
            Ok(Change::Save(record.clone()))
        };
        let sent = self.bucket.clock().elapsed();
        let record = self.record().update(change).await?;
        self.active.learn(record.clone().into(), sent);
        Ok(record)
    }

    /// Removes the parts and bundles of an upload that is over.
    pub(super) async fn remove_rubbish(&self, record: &UploadRecord) -> StoreResult<()> {
        if let Some(fixed) = &record.fixed {
            self.bucket.store().abort_multipart(&record.key(), &fixed.multipart).await?;
        }
        self.delete_bundles().await
    }

    /// Deletes this upload's bundles.
    pub(super) async fn delete_bundles(&self) -> StoreResult<()> {
        let bundles: Vec<ObjectKey> = self.list_bundles().await?;
        delete_all(self.bucket.store(), &bundles).await
    }
}

/// Deletes objects by the thousand.
pub(super) async fn delete_all(store: &Store, keys: &[ObjectKey]) -> StoreResult<()> {
    for some in keys.chunks(1000) {
        if let Some((_, error)) = store.delete_many(some).await?.into_iter().next() {
            return Err(error);
        }
    }
    Ok(())
}
