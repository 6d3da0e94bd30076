//! What the operator sees and changes of any folder.

use futures::{StreamExt, TryStreamExt, stream};

use crate::access::no_such_folder;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result, Subject};
use crate::id::{AccountId, FolderId};
use crate::key::{KeyPrefix, ObjectKey};
use crate::limits::{FolderLimits, Limits};
use crate::manifest::Change;
use crate::name::FolderName;
use crate::records::FolderRecord;
use crate::store::ListRequest;
use crate::usage::{Checked, Repair, Usage};

/// Records read at one time.
const READ_AT_ONCE: usize = 16;

/// A folder as the operator sees it.
#[derive(Clone, Debug)]
pub struct FolderOverview {
    /// Its id.
    pub id: FolderId,
    /// Whose it is.
    pub owner: AccountId,
    /// The name it was made under.
    pub name: FolderName,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it is in its owner's bin, if it is.
    pub binned: Option<Timestamp>,
    /// What is set for it.
    pub set: FolderLimits,
    /// What holds for it.
    pub limits: Limits,
}

/// Some of the folders, in the order of their ids.
#[derive(Clone, Debug)]
pub struct FolderOverviewPage {
    /// The folders; may be fewer than asked for before the last page.
    pub folders: Vec<FolderOverview>,
    /// What continues the listing; `None` on the last page.
    pub next: Option<String>,
}

/// What becomes of one setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting<T> {
    /// It stays.
    #[default]
    Keep,
    /// Nothing is set any more.
    Unset,
    /// This is set; 0 is no limit.
    To(T),
}

impl<T: Copy + PartialEq> Setting<T> {
    /// What is set afterwards.
    pub(crate) fn on(self, now: Option<T>) -> Option<T> {
        match self {
            Self::Keep => now,
            Self::Unset => None,
            Self::To(value) => Some(value),
        }
    }
}

/// A change of what is set for folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FolderLimitsChange {
    /// The most bytes.
    pub bytes: Setting<u64>,
    /// The most files.
    pub files: Setting<u64>,
}

impl FolderLimitsChange {
    /// What is set afterwards.
    pub(crate) fn on(self, now: FolderLimits) -> FolderLimits {
        FolderLimits { bytes: self.bytes.on(now.bytes), files: self.files.on(now.files) }
    }
}

impl Bucket {
    /// Up to `limit` folders of all accounts, after the page whose `next` is given.
    ///
    /// # Errors
    /// `Invalid` when `after` is no such mark; `Unavailable`.
    pub async fn all_folders(&self, after: Option<String>, limit: u16) -> Result<FolderOverviewPage> {
        let prefix = KeyPrefix::folders();
        let limit = limit.clamp(1, 1000);
        let request = ListRequest { prefix: prefix.clone(), delimited: true, token: after, start_after: None, limit };
        let page = self.store().list(request).await.map_err(|error| error.about(Subject::Folder))?;
        let id = |listed: &String| listed.strip_prefix(prefix.as_str())?.strip_suffix('/')?.parse().ok();
        let reads: Vec<_> = page.prefixes.iter().filter_map(id).map(|id| self.overview_if_any(id)).collect();
        let found: Vec<Option<FolderOverview>> = stream::iter(reads).buffered(READ_AT_ONCE).try_collect().await?;
        Ok(FolderOverviewPage { folders: found.into_iter().flatten().collect(), next: page.next })
    }

    async fn overview_if_any(&self, id: FolderId) -> Result<Option<FolderOverview>> {
        match self.folder_overview(id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// One that is in use or in the bin.
    async fn kept_folder(&self, id: FolderId) -> Result<FolderRecord> {
        let record = self.manifest::<FolderRecord>(ObjectKey::folder(id)).read().await?;
        record.filter(FolderRecord::is_kept).ok_or_else(no_such_folder)
    }

    /// A folder and what limits it.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`.
    pub async fn folder_overview(&self, id: FolderId) -> Result<FolderOverview> {
        let record = self.kept_folder(id).await?;
        let limits = self.resolve_limits(&record, self.folder_limits_of(record.owner).await?);
        let binned = record.in_bin_of(record.owner);
        let FolderRecord { owner, label, created, limits: set, .. } = record;
        Ok(FolderOverview { id, owner, name: label, created, binned, set, limits })
    }

    /// Changes what is set for a folder. A limit below what is used refuses writes and removes
    /// nothing. It holds on every replica within the cache time.
    ///
    /// # Errors
    /// `NotFound`; `Conflict`; `Unavailable`: it may have been done.
    pub async fn set_folder_limits(&self, id: FolderId, change: FolderLimitsChange) -> Result<FolderOverview> {
        let set = |record: &mut FolderRecord| {
            if !record.is_kept() {
                return Err(no_such_folder());
            }
            let limits = change.on(record.limits);
            if limits == record.limits {
                return Ok(Change::Keep(()));
            }
            record.limits = limits;
            Ok(Change::Save(()))
        };
        let changed = self.manifest::<FolderRecord>(ObjectKey::folder(id)).update(set).await;
        changed.map_err(|error| if error.kind() == ErrorKind::NotFound { no_such_folder() } else { error })?;
        self.folder_overview(id).await
    }

    /// What a folder holds: as [`Folder::usage`](crate::Folder::usage).
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`.
    pub async fn folder_usage(&self, id: FolderId) -> Result<Usage> {
        let record = self.kept_folder(id).await?;
        Ok(self.ledger().usage(id, &record.prefix).await?.into())
    }

    /// Lists a folder and compares its usage with what is there.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`.
    pub async fn check_folder(&self, id: FolderId, repair: Repair) -> Result<Checked> {
        let record = self.kept_folder(id).await?;
        self.ledger().check(id, &record.prefix, repair).await
    }
}
