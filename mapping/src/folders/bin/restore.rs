//! Back out of the bin.

use futures::{StreamExt, TryStreamExt, stream};

use super::as_folder;
use crate::access::{FolderRef, Permission, no_such_folder, too_little};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::folders::{FolderInfo, GivenUp, Taken};
use crate::id::{AccountId, FolderId};
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::name::FolderName;
use crate::records::{FolderRecord, FolderState, NameEntry, NameKind, NamesRecord};

/// Members' names looked at at one time.
const AT_ONCE: usize = 16;

impl Bucket {
    /// Takes a folder out of the account's bin, under the name that it had, as it was: with its members, its
    /// invitations as far as they have not expired, its limits, and whatever was under way in it. Of one that
    /// is not in the bin any more it answers what it is.
    ///
    /// Two writes, and between them one for each member who has given its name to another folder meanwhile; a
    /// crash before the second, the record, leaves the folder in the bin and the name taken for it: the sweeper
    /// puts it back onto the list after the grace time, and restoring it again goes on. The second is the
    /// restore; it fails when the sweeper, or who wants the name, has given it up. After it each member's name is
    /// taken anew, so that nobody takes it who saw it lead into the bin; a crash before that is made up for
    /// by restoring it again.
    ///
    /// # Errors
    /// `NotFound`; `AlreadyExists` when the account has a folder of that name; `Invalid` when several in the bin
    /// had this name, or when it is in use and another one of its name is in the bin; `Forbidden` for a folder
    /// of somebody else; `Busy`; `Conflict` when this took so long that it was given up; `Unavailable`: it may
    /// have been restored.
    pub async fn restore_folder(&self, account: &Account, which: &FolderRef) -> Result<FolderInfo> {
        let id = self.binned_id(account, which).await?;
        let document = self.manifest::<FolderRecord>(ObjectKey::folder(id));
        let record = document.read().await?.ok_or_else(no_such_folder)?;
        if record.owner != account.id {
            let theirs = record.permission(account.id).map(|_| too_little(Permission::Manage));
            return Err(theirs.unwrap_or_else(no_such_folder));
        }
        let name = self.own_name_of(&record).await?;
        match record.state {
            FolderState::Binned => {
                self.take_name_again(account, &record, &name).await?;
                self.name_members_again(&record, &name).await?;
            }
            FolderState::Live => self.check_meant(account, &name).await?,
            FolderState::Deleted | FolderState::Fenced => {}
        }
        let epoch = record.epoch;
        let restored = document.update(|record| record.restore(epoch)).await.map_err(as_folder);
        if restored.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            self.note_deleted(account.id, id).await;
        }
        let restored = restored?;
        self.name_all_members(&restored, &name).await?;
        Ok(restored.info(name, Permission::Manage))
    }

    /// Refuses to do nothing where a folder that is in use was named, and another one of its name is in the bin.
    async fn check_meant(&self, account: &Account, name: &FolderName) -> Result<()> {
        let Some(other) = self.binned_folders(account).await?.into_iter().find(|binned| binned.name == *name) else {
            return Ok(());
        };
        let message = format!(
            "this folder `{name}` is not in the bin; another one of that name is (`{}`): rename this one, then restore that",
            other.id
        );
        Err(Error::invalid(Subject::Folder, message))
    }

    /// What its owner calls the folder, or called it.
    async fn own_name_of(&self, record: &FolderRecord) -> Result<FolderName> {
        let names = self.names(record.owner).read().await?;
        Ok(names.and_then(|names| names.last_name_of(record.id)).unwrap_or_else(|| record.label.clone()))
    }

    /// Takes the name anew, in the folder's epoch: so whoever saw it lead into the bin does not take it for that.
    async fn take_name_again(&self, account: &Account, record: &FolderRecord, name: &FolderName) -> Result<()> {
        let (id, epoch, created) = (record.id, record.epoch, self.clock().now());
        let entry = NameEntry { folder: id, kind: NameKind::Owned, created, epoch };
        let attempt = |names: &mut NamesRecord, given_up| Ok(names.take_again(name, entry, created, given_up));
        self.take_name(account, name, attempt).await.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                let message = format!(
                    "folder `{name}` already exists: rename it, then restore the one in the bin (`{id}`), or purge that"
                );
                Error::new(ErrorKind::AlreadyExists, Subject::Folder, message)
            }
            _ => error,
        })
    }

    /// Gives those members a name for it again, suffixed where it is taken, who have none any more.
    async fn name_members_again(&self, record: &FolderRecord, name: &FolderName) -> Result<()> {
        let work: Vec<_> =
            record.members.keys().map(|member| self.name_member_again(*member, record.id, name)).collect();
        stream::iter(work).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn name_member_again(&self, member: AccountId, id: FolderId, name: &FolderName) -> Result<()> {
        if self.names(member).read().await?.is_some_and(|names| names.name_of(id).is_some()) {
            return Ok(());
        }
        self.name_member(member, id, name).await
    }

    /// Makes the names of all members young, and gives one to those who have lost theirs.
    async fn name_all_members(&self, record: &FolderRecord, name: &FolderName) -> Result<()> {
        let work: Vec<_> = record.members.keys().map(|member| self.name_member(*member, record.id, name)).collect();
        stream::iter(work).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn name_member(&self, member: AccountId, id: FolderId, name: &FolderName) -> Result<()> {
        match self.name_joined(member, id, name, self.clock().now()).await {
            // He finds it by its id.
            Err(error) if error.kind() == ErrorKind::OverQuota => {
                tracing::warn!(folder.id = %id, account.id = %member, %error, "a member has no name for a restored folder");
                Ok(())
            }
            answer => answer,
        }
    }
}

impl NamesRecord {
    /// The name of a folder, or the one under which it went into the bin.
    fn last_name_of(&self, folder: FolderId) -> Option<FolderName> {
        let binned = || self.binned.iter().find(|binned| binned.folder == folder).map(|binned| binned.name.clone());
        self.name_of(folder).cloned().or_else(binned)
    }

    /// Puts the entry of a folder that is to be restored under `name`, or renews the one that it has.
    fn take_again(
        &mut self,
        name: &FolderName,
        entry: NameEntry,
        now: Timestamp,
        given_up: Option<GivenUp>,
    ) -> Change<Taken> {
        match self.entry_of(entry.folder) {
            // Taken by another restore, of this epoch or of a later one.
            Some((_, held)) if held.epoch >= entry.epoch => return Change::Keep(Taken::Yes),
            Some((held, _)) => {
                self.entries.insert(held, entry);
            }
            None => match self.put(name, entry, now, given_up) {
                Change::Save(Taken::Yes) => {}
                other => return other,
            },
        }
        self.binned.retain(|binned| binned.folder != entry.folder);
        Change::Save(Taken::Yes)
    }
}

impl FolderRecord {
    /// Takes it out of the bin, into which it went with this epoch; answers what it is then.
    fn restore(&mut self, epoch: u64) -> Result<Change<Self>> {
        match self.state {
            FolderState::Live => Ok(Change::Keep(self.clone())),
            FolderState::Binned if self.epoch == epoch => {
                self.state = FolderState::Live;
                self.binned = None;
                Ok(Change::Save(self.clone()))
            }
            FolderState::Binned => {
                let message = "restoring the folder took too long and was given up: try again";
                Err(Error::new(ErrorKind::Conflict, Subject::Folder, message))
            }
            FolderState::Deleted | FolderState::Fenced => Err(no_such_folder()),
        }
    }
}
