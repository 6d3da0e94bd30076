//! A write that takes so long that its folder may be gone when it ends.

use crate::access::{Folder, Writes, no_such_folder};
use crate::error::{Result, Subject};
use crate::key::ObjectKey;
use crate::records::FolderRecord;
use crate::store::Condition;

impl<A: Writes> Folder<A> {
    /// To be asked once `key` is written. A folder that was opened long ago is looked at again:
    /// when it is no more, the sweeper may have been there for the last time, so what was written
    /// goes. In a folder that is in the bin it stays: it was there before.
    ///
    /// Long is half of [`late_writes`](crate::Settings::late_writes): before that, the sweeper
    /// comes again.
    ///
    /// A crash before the removal leaves data of a folder without a record, which the sweeper takes.
    ///
    /// # Errors
    /// `NotFound` when the folder is no more; `Unavailable`: nobody can tell, and the file is there.
    pub(crate) async fn keep_if_live(&self, key: &ObjectKey) -> Result<()> {
        let bucket = self.bucket();
        if bucket.clock().elapsed().saturating_sub(self.opened()) < bucket.settings().late_writes / 2 {
            return Ok(());
        }
        let record = bucket.manifest::<FolderRecord>(ObjectKey::folder(self.id())).read().await?;
        if record.is_some_and(|record| record.is_kept()) {
            return Ok(());
        }
        bucket.store().delete(key, Condition::Always).await.map_err(|error| error.about(Subject::File))?;
        Err(no_such_folder())
    }
}
