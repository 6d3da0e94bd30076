//! What is in the bin.

use futures::{StreamExt, TryStreamExt, stream};

use super::BinnedFolder;
use crate::access::{FolderRef, Read, no_such_folder};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::FolderId;
use crate::key::ObjectKey;
use crate::name::FolderName;
use crate::records::{FolderRecord, NameKind};

/// Records read at one time.
const READ_AT_ONCE: usize = 16;

impl Bucket {
    /// The account's folders that are in the bin, by name, the ones that came first before the others.
    ///
    /// Those whose move into the bin or out of it stopped half way still have their names among those of the
    /// folders: so those that lead to nothing are looked at too.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn binned_folders(&self, account: &Account) -> Result<Vec<BinnedFolder>> {
        let Some(names) = self.names(account.id).read().await? else { return Ok(Vec::new()) };
        let owned = names.entries.iter().filter(|(_, entry)| entry.kind == NameKind::Owned);
        let mut named: Vec<_> = owned.map(|(name, entry)| (entry.folder, name.clone())).collect();
        named.extend(names.binned.into_iter().map(|binned| (binned.folder, binned.name)));
        let looks: Vec<_> = named.into_iter().map(|(id, name)| self.if_binned(account, id, name)).collect();
        let found: Vec<_> = stream::iter(looks).buffered(READ_AT_ONCE).try_collect().await?;
        let mut found: Vec<BinnedFolder> = found.into_iter().flatten().collect();
        found.sort_by(|one, other| (&one.name, one.since, one.id).cmp(&(&other.name, other.since, other.id)));
        found.dedup_by_key(|binned| binned.id);
        Ok(found)
    }

    async fn if_binned(&self, account: &Account, id: FolderId, name: FolderName) -> Result<Option<BinnedFolder>> {
        let judge = |record: &std::sync::Arc<FolderRecord>| {
            if record.permission(account.id).is_some() {
                return Ok(None);
            }
            let since = record.in_bin_of(account.id).ok_or_else(no_such_folder)?;
            let FolderRecord { owner, created, options, .. } = **record;
            Ok(Some(BinnedFolder { id, name: name.clone(), owner, created, options, since }))
        };
        match self.manifest::<FolderRecord>(ObjectKey::folder(id)).find(judge).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            answer => answer.map(Option::flatten),
        }
    }

    /// A folder of the account that is in the bin.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Invalid` when several had this name: it says which; `Unavailable`.
    pub async fn binned_folder(&self, account: &Account, which: &FolderRef) -> Result<BinnedFolder> {
        let is_meant = |binned: &BinnedFolder| match which {
            FolderRef::Id(id) => binned.id == *id,
            FolderRef::Name(name) => binned.name == *name,
        };
        let mut meant = self.binned_folders(account).await?;
        meant.retain(is_meant);
        match meant.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(no_such_folder()),
            several => Err(ambiguous(several)),
        }
    }

    /// The id of what the account means: a folder that it can use or, where there is none, one in its bin.
    ///
    /// # Errors
    /// As [`Bucket::folder`] and [`Bucket::binned_folder`].
    pub async fn find_folder_id(&self, account: &Account, which: &FolderRef) -> Result<FolderId> {
        match self.folder::<Read>(account, which).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(self.binned_folder(account, which).await?.id),
            opened => Ok(opened?.id()),
        }
    }

    /// The id of a folder that is in the bin, or was once.
    pub(super) async fn binned_id(&self, account: &Account, which: &FolderRef) -> Result<FolderId> {
        match which {
            FolderRef::Id(id) => Ok(*id),
            FolderRef::Name(_) => Ok(self.binned_folder(account, which).await?.id),
        }
    }
}

fn ambiguous(several: &[BinnedFolder]) -> Error {
    let ids: Vec<String> = several.iter().map(|binned| format!("`{}`", binned.id)).collect();
    let (count, name) = (several.len(), &several[0].name);
    let message =
        format!("{count} folders in the bin were called `{name}`: say which one by its id: {}", ids.join(", "));
    Error::invalid(Subject::Folder, message)
}
