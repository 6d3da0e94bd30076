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
    /// Deleted folders whose data is still to be removed.
    pub(crate) draining: Vec<Draining>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NameEntry {
    pub(crate) folder: FolderId,
    pub(crate) kind: NameKind,
    /// When the name was taken: what stopped half way is told by its age.
    pub(crate) created: Timestamp,
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

impl NamesRecord {
    /// No names at all.
    pub(crate) const fn empty(account: AccountId) -> Self {
        Self { account, entries: BTreeMap::new(), draining: Vec::new() }
    }

    /// What this account calls `folder`.
    pub(crate) fn name_of(&self, folder: FolderId) -> Option<&FolderName> {
        self.entries.iter().find(|(_, entry)| entry.folder == folder).map(|(name, _)| name)
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
