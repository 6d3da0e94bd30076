//! Out of the bin for good.

use super::as_folder;
use crate::access::{FolderRef, Manage, Permission, no_such_folder, too_little};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, FolderId};
use crate::key::{FolderPrefix, ObjectKey};
use crate::manifest::Change;
use crate::records::{FolderRecord, FolderState, NamesRecord};

impl Bucket {
    /// Deletes a folder that is in the account's bin for good, and its data in the background. Doing it again
    /// changes nothing, for as long as something is left of the folder.
    ///
    /// Two writes, then the data; a crash after each leaves:
    /// 1. the record, deleted: it is in the bin no more; its owner's names still lead to it, so the sweeper
    ///    finds what is to be removed;
    /// 2. the folder on the list of what is to be removed: the sweeper works it off.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when it is not in the bin, or several in the bin had this name; `Forbidden` for a
    /// folder of somebody else; `Unavailable`: it may have been purged.
    pub async fn purge_folder(&self, account: &Account, which: &FolderRef) -> Result<()> {
        let id = self.binned_id(account, which).await?;
        let end = |record: &mut FolderRecord| record.purge(account.id);
        let prefix = self.manifest(ObjectKey::folder(id)).update(end).await.map_err(as_folder)?;
        self.note_deleted(account.id, id).await;
        self.drain_soon(id, &prefix);
        Ok(())
    }

    /// Deletes a folder for good, whether or not it is in the bin. A name means the folder that has it, never one in
    /// the bin that had it: asking twice deletes no other folder.
    ///
    /// # Errors
    /// As [`Folder::delete`](crate::access::Folder::delete) and [`Bucket::purge_folder`].
    pub async fn delete_folder_for_good(&self, account: &Account, which: &FolderRef) -> Result<()> {
        let (id, deleted) = match (self.folder::<Manage>(account, which).await, which) {
            (Ok(folder), _) => (folder.id(), folder.delete().await),
            (Err(error), FolderRef::Id(id)) => (*id, Err(error)),
            (Err(error), FolderRef::Name(_)) => return Err(error),
        };
        match deleted {
            // Not there any more, so it may be in the bin.
            Err(error) if error.kind() == ErrorKind::NotFound => self.purge_folder(account, &FolderRef::Id(id)).await,
            answer => answer,
        }
    }

    /// Takes a deleted folder from its owner's names, onto the list of what is to be removed. What this does
    /// not get done, the sweeper does.
    pub(in crate::folders) async fn note_deleted(&self, owner: AccountId, id: FolderId) {
        let now = self.clock().now();
        let forget = |names: &mut NamesRecord| match names.give_up_folder(id, now) {
            true => Ok(Change::Save(())),
            false => Ok(Change::Keep(())),
        };
        if let Err(error) = self.names(owner).update(forget).await {
            tracing::warn!(folder.id = %id, error = &error as &dyn std::error::Error, "a deleted folder's name stayed");
        }
    }
}

impl FolderRecord {
    /// Deletes it, if it is in the bin of `account`; answers where its data lies.
    pub(crate) fn purge(&mut self, account: AccountId) -> Result<Change<FolderPrefix>> {
        if self.owner != account {
            let theirs = self.permission(account).map(|_| too_little(Permission::Manage));
            return Err(theirs.unwrap_or_else(no_such_folder));
        }
        match self.state {
            FolderState::Live => Err(Error::invalid(Subject::Folder, "the folder is not in the bin")),
            FolderState::Binned => {
                self.state = FolderState::Deleted;
                self.binned = None;
                Ok(Change::Save(self.prefix.clone()))
            }
            FolderState::Deleted => Ok(Change::Keep(self.prefix.clone())),
            FolderState::Fenced => Err(no_such_folder()),
        }
    }
}
