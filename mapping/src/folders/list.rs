//! An account's folders.

use futures::{StreamExt, TryStreamExt, stream};

use crate::access::{Folder, Permission, no_such_folder};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result};
use crate::folders::FolderInfo;
use crate::key::ObjectKey;
use crate::name::FolderName;
use crate::records::{FolderRecord, NameEntry, NamesRecord};

/// Records read at one time.
const READ_AT_ONCE: usize = 16;

impl Bucket {
    /// The account's own folders by name, then those shared with it by name.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn folders(&self, account: &Account) -> Result<Vec<FolderInfo>> {
        let Some(names) = self.names(account.id).read().await? else { return Ok(Vec::new()) };
        let mut entries: Vec<_> = names.entries.into_iter().collect();
        entries.sort_by_key(|(_, entry)| entry.kind);
        let reads: Vec<_> = entries.into_iter().map(|(name, entry)| self.named(account, name, entry)).collect();
        let found: Vec<_> = stream::iter(reads).buffered(READ_AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// What an entry stands for; `None` when it stands for nothing.
    async fn named(&self, account: &Account, name: FolderName, entry: NameEntry) -> Result<Option<FolderInfo>> {
        let judge = |record: &std::sync::Arc<FolderRecord>| {
            let permission = record.permission(account.id).ok_or_else(no_such_folder)?;
            Ok(record.info(name.clone(), permission))
        };
        match self.manifest::<FolderRecord>(ObjectKey::folder(entry.folder)).find(judge).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            answer => answer,
        }
    }
}

impl FolderRecord {
    /// The folder as it is shown to somebody who calls it `name` and may do so much in it.
    pub(crate) const fn info(&self, name: FolderName, permission: Permission) -> FolderInfo {
        let Self { id, owner, created, options, .. } = *self;
        FolderInfo { id, name, owner, permission, created, options }
    }
}

impl<A> Folder<A> {
    /// When it was made.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.record().created
    }

    /// The folder as a list shows it to the account that opened it.
    ///
    /// # Errors
    /// `NotFound` when it is this account's no more; `Unavailable` when the store does not answer.
    pub async fn info(&self) -> Result<FolderInfo> {
        let (account, record) = (self.account().id, self.record());
        let permission = record.permission(account).ok_or_else(no_such_folder)?;
        let named = |names: &std::sync::Arc<NamesRecord>| names.name_of(self.id()).cloned().ok_or_else(no_such_folder);
        let name = match self.bucket().names(account).find(named).await {
            // A member whose name for it was lost: it is called what its owner called it.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            found => found?,
        };
        let name = name.unwrap_or_else(|| record.label.clone());
        Ok(record.info(name, permission))
    }
}
