//! An upload as it is used: opened from a folder by its id, through any replica.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::active::Active;
use super::record::{self, UploadRecord};
use super::table::watch;
use crate::access::{Folder, Write, Writes};
use crate::bucket::Bucket;
use crate::error::Result;
use crate::id::UploadId;
use crate::key::ObjectKey;
use crate::manifest::Manifest;
use crate::path::FilePath;

/// An upload that is under way, or was finished not long ago. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Upload {
    pub(super) folder: Folder<Write>,
    pub(super) session: Session,
}

/// The same without the permission to write the file: what this replica does for it by itself.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) bucket: Bucket,
    pub(super) active: Arc<Active>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("id", &self.active.id).finish_non_exhaustive()
    }
}

impl<A: Writes> Folder<A> {
    /// The upload `id`, if it was started in this folder.
    ///
    /// # Errors
    /// `NotFound` when there is no such upload here; it may have expired.
    pub async fn upload(&self, id: &UploadId) -> Result<Upload> {
        let bucket = self.bucket();
        let session = match bucket.uploads().get(id) {
            Some(active) => Session::new(bucket.clone(), active),
            None => Session::open(bucket, id).await?,
        };
        let (record, _) = session.active.known();
        if record.folder != self.id() {
            return Err(record::unknown());
        }
        Ok(Upload { folder: self.for_writing(), session })
    }
}

impl Upload {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &UploadId {
        &self.session.active.id
    }

    /// Where the file will be.
    #[must_use]
    pub fn path(&self) -> FilePath {
        self.session.active.known().0.path.clone()
    }

    /// The file's length, when the client has said it.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.session.active.known().0.length
    }
}

impl Session {
    /// The session of an upload that this replica knows.
    pub(super) const fn new(bucket: Bucket, active: Arc<Active>) -> Self {
        Self { bucket, active }
    }

    async fn open(bucket: &Bucket, id: &UploadId) -> Result<Self> {
        let sent = bucket.clock().elapsed();
        let record = bucket.manifest::<UploadRecord>(ObjectKey::session(id)).read().await?;
        let record = record.ok_or_else(record::unknown)?;
        record.check()?;
        Ok(Self::enter(bucket, id, record, sent))
    }

    /// The handle of an upload whose record is at hand.
    pub(super) fn enter(bucket: &Bucket, id: &UploadId, record: UploadRecord, sent: Duration) -> Self {
        let (active, new) = bucket.uploads().enter(id, Arc::new(record), sent);
        if new {
            bucket.tasks().background(watch(bucket.clone(), Arc::clone(&active)));
        }
        Self::new(bucket.clone(), active)
    }

    /// The record, at most as old as the cache time.
    ///
    /// # Errors
    /// `NotFound` once the upload was given up or has expired.
    pub(super) async fn look(&self) -> Result<Arc<UploadRecord>> {
        if let Some(record) = self.young() {
            return record.check().map(|()| record);
        }
        let _one = self.active.looking.lock().await;
        match self.young() {
            Some(record) => record.check().map(|()| record),
            None => self.look_again().await,
        }
    }

    fn young(&self) -> Option<Arc<UploadRecord>> {
        let (record, sent) = self.active.known();
        let age = self.bucket.clock().elapsed().saturating_sub(sent);
        (age < self.bucket.settings().cache_for).then_some(record)
    }

    /// The record as it is now.
    ///
    /// # Errors
    /// As [`Session::look`].
    pub(super) async fn look_again(&self) -> Result<Arc<UploadRecord>> {
        let sent = self.bucket.clock().elapsed();
        let record = self.record().read().await?.ok_or_else(record::unknown)?;
        let record = Arc::new(record);
        self.active.learn(Arc::clone(&record), sent);
        if let Err(gone) = record.check() {
            self.active.clear();
            return Err(gone);
        }
        Ok(record)
    }

    pub(super) fn record(&self) -> Manifest<UploadRecord> {
        self.bucket.manifest(ObjectKey::session(&self.active.id))
    }
}
