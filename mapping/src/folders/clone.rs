//! Making a folder out of another.

use super::{FolderInfo, NewFolder};
use crate::access::{Folder, Reads, no_such_folder};
use crate::bucket::Bucket;
use crate::error::Result;
use crate::files::tree::Plan;
use crate::jobs::Underway;
use crate::name::FolderName;

impl Bucket {
    /// Makes a folder of this name, for whoever opened `source`, and begins to copy all that is seen in `source` into
    /// it, empty directories too, but not what is in its trash. Members and invitations do not come along. Goes
    /// on when the answer is dropped.
    ///
    /// Steps: the folder is made, as by [`Bucket::create_folder_with`]; its files are copied, in the request and
    /// then as a job. A crash after the first leaves the folder with some of the files, and so does one
    /// later, until there is a job: that goes on. A clone that fails or is cancelled leaves what was copied,
    /// in a folder that its owner can delete.
    ///
    /// It is not of one moment: what is changed in `source` meanwhile may be copied as it was or as it is, and
    /// a directory that is moved meanwhile may be in it at both places, but at one at least. A directory that is
    /// moved in the new folder before the copy is whole ends it with `Conflict`.
    ///
    /// # Errors
    /// As [`Bucket::create_folder_with`]; `NotFound` when `source` is gone or nothing may be done in it any more;
    /// `Forbidden` when it is not to be cloned by others than its owner. Nothing is made then.
    pub async fn clone_folder<A: Reads>(
        &self,
        source: &Folder<A>,
        name: FolderName,
        made: NewFolder,
    ) -> Result<(FolderInfo, Underway)> {
        let record = source.view_afresh().await?;
        record.permission(source.account().id).ok_or_else(no_such_folder)?;
        record.refuse_to_be_cloned(source.account().id)?;
        let folder = self.create_folder_with(source.account(), name, made).await?;
        let plan = Plan::cloning(source.id(), folder.id);
        Ok((folder, Underway::begin(self, source.account(), plan)))
    }
}
