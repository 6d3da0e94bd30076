//! `.folderbridge/accounts/<account-id>/names`: what an account calls its folders, its own and
//! the joined ones. The authority for names: one document, so one winner for each name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;
use crate::cache::Cache;
use crate::clock::Timestamp;
use crate::error::Subject;
use crate::id::{AccountId, FolderId};
use crate::manifest::Document;
use crate::name::FolderName;

/// The names of one account. An entry whose folder's record does not grant this account anything
/// does not exist: it is somebody's half-done work, and whoever wants the name may take it over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NamesRecord {
    pub(crate) account: AccountId,
    pub(crate) entries: BTreeMap<FolderName, NameEntry>,
    /// Folders in the bin, whose names are free.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) binned: Vec<Binned>,
    /// Deleted folders whose data is still to be removed.
    pub(crate) draining: Vec<Draining>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NameEntry {
    pub(crate) folder: FolderId,
    pub(crate) kind: NameKind,
    /// When the name was taken: what stopped half way is told by its age.
    pub(crate) created: Timestamp,
    /// The epoch of the folder in which its owner took the name.
    #[serde(default)]
    pub(crate) epoch: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NameKind {
    Owned,
    Joined,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draining {
    pub(crate) folder: FolderId,
    pub(crate) since: Timestamp,
}

/// A folder in the bin. Its record says whether it is there still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Binned {
    pub(crate) folder: FolderId,
    /// What it was called.
    pub(crate) name: FolderName,
    pub(crate) since: Timestamp,
}

impl NamesRecord {
    /// No names at all.
    pub(crate) const fn empty(account: AccountId) -> Self {
        Self { account, entries: BTreeMap::new(), binned: Vec::new(), draining: Vec::new() }
    }

    /// What this account calls `folder`.
    pub(crate) fn name_of(&self, folder: FolderId) -> Option<&FolderName> {
        self.entries.iter().find(|(_, entry)| entry.folder == folder).map(|(name, _)| name)
    }

    /// What this account calls `folder`, and since when.
    pub(crate) fn entry_of(&self, folder: FolderId) -> Option<(FolderName, NameEntry)> {
        self.name_of(folder).map(|name| (name.clone(), self.entries[name]))
    }

    /// Whether `folder` is on the list of what is in the bin, or of what is to be removed.
    pub(crate) fn knows_without_name(&self, folder: FolderId) -> bool {
        let binned = self.binned.iter().any(|binned| binned.folder == folder);
        binned || self.draining.iter().any(|draining| draining.folder == folder)
    }
}

impl Document for NamesRecord {
    const KIND: &'static str = "names";
    const SUBJECT: Subject = Subject::Folder;

    fn owner(&self) -> Option<AccountId> {
        Some(self.account)
    }

    fn state(&self) -> &'static str {
        "live"
    }

    fn cache(bucket: &Bucket) -> Option<&Cache<Self>> {
        Some(&bucket.caches().names)
    }
}
