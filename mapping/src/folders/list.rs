//! An account's folders.

use futures::{StreamExt, TryStreamExt, stream};

use crate::access::no_such_folder;
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{ErrorKind, Result};
use crate::folders::FolderInfo;
use crate::key::ObjectKey;
use crate::name::FolderName;
use crate::records::{FolderRecord, NameEntry};

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
            let (owner, created) = (record.owner, record.created);
            Ok(FolderInfo { id: entry.folder, name: name.clone(), owner, permission, created })
        };
        match self.manifest::<FolderRecord>(ObjectKey::folder(entry.folder)).find(judge).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            answer => answer,
        }
    }
}
