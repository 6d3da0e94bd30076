//! Opens the folders of work on trees anew for each of its steps, so that what was revoked ends it.

use super::plan::Target;
use super::walk::Walk;
use crate::access::{Access, Folder, FolderRef, Reads, Write};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::FolderId;
use crate::path::DirPath;

impl Walk {
    /// Goes through keys: what was moved at once is not at them, or not all of it.
    pub(super) async fn open_source<A: Reads>(&self) -> Result<Folder<A>> {
        let source = self.open(self.plan.source.folder).await?;
        self.refuse_moved(&source, &self.plan.source.path).await?;
        Ok(source)
    }

    /// Patiently, for a step that was done is not done again because this was not answered.
    pub(super) async fn refuse_moved<A: Reads>(&self, folder: &Folder<A>, path: &DirPath) -> Result<()> {
        self.patiently(|| folder.refuse_moved(path)).await
    }

    pub(super) async fn open_target(&self, target: &Target) -> Result<Folder<Write>> {
        let folder: Folder<Write> = self.open(target.place.folder).await?;
        self.refuse_moved(&folder, &target.place.path).await?;
        Ok(folder)
    }

    pub(super) async fn open<A: Access>(&self, folder: FolderId) -> Result<Folder<A>> {
        let account = self.bucket.account(self.account.id).await?;
        if account.disabled {
            return Err(Error::new(ErrorKind::Forbidden, Subject::Account, "the account is disabled"));
        }
        self.bucket.folder(&account, &FolderRef::Id(folder)).await
    }
}
