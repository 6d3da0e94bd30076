//! Deleting a folder, and leaving one.

use crate::access::{Folder, Manage, no_such_folder};
use crate::bucket::Bucket;
use crate::error::Result;
use crate::id::FolderId;
use crate::key::{FolderPrefix, ObjectKey};
use crate::manifest::Change;
use crate::records::{FolderRecord, FolderState};

impl Folder<Manage> {
    /// Deletes the folder for everybody, and its data in the background.
    ///
    /// Two writes, then the data; a crash after each leaves:
    /// 1. the record, deleted: nobody finds the folder any more; its name still leads to it, so
    ///    the sweeper finds what is to be removed, and the name is free to be taken;
    /// 2. the name, gone, and the folder on the list of what is to be removed: the sweeper works it off.
    ///
    /// # Errors
    /// `NotFound` when somebody else has deleted it; `Unavailable`: it may have been deleted.
    pub async fn delete(&self) -> Result<()> {
        let bucket = self.bucket();
        let end = |record: &mut FolderRecord| match record.state {
            FolderState::Live => {
                record.state = FolderState::Deleted;
                Ok(Change::Save(()))
            }
            FolderState::Binned | FolderState::Deleted | FolderState::Fenced => Err(no_such_folder()),
        };
        bucket.manifest(ObjectKey::folder(self.id())).update(end).await?;
        bucket.note_deleted(self.record().owner, self.id()).await;
        bucket.drain_soon(self.id(), self.prefix());
        Ok(())
    }
}

impl Bucket {
    /// Removes the data beside the requests. What this does not get done, the sweeper does.
    pub(super) fn drain_soon(&self, id: FolderId, prefix: &FolderPrefix) {
        let (bucket, prefix, stopping) = (self.clone(), prefix.clone(), self.tasks().stopping());
        self.tasks().background(async move {
            let Some(drained) = stopping.run_until_cancelled(bucket.drain_prefix(&prefix)).await else { return };
            if let Err(error) = drained {
                tracing::warn!(folder.id = %id, error = &error as &dyn std::error::Error, "a deleted folder's data stayed");
            }
        });
    }
}
