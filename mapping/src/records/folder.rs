//! `.folderbridge/folders/<folder-id>/record`: that a folder exists, where its data lies, and
//! who may do what in it. Only this record grants permission.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::access::Permission;
use crate::bucket::Bucket;
use crate::cache::Cache;
use crate::clock::Timestamp;
use crate::error::Subject;
use crate::folders::FolderOptions;
use crate::id::{AccountId, FolderId, InvitationMark, JobId};
use crate::key::FolderPrefix;
use crate::limits::{FolderLimits, LimitProfile};
use crate::manifest::Document;
use crate::name::FolderName;
use crate::path::{FilePath, MAX_PATH_BYTES};

use super::invitation::Pending;

/// A folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FolderRecord {
    pub(crate) id: FolderId,
    pub(crate) state: FolderState,
    pub(crate) owner: AccountId,
    /// The name it was created under: a label for people who read the bucket. What each account
    /// calls it stands in that account's names.
    pub(crate) label: FolderName,
    pub(crate) prefix: FolderPrefix,
    /// Everybody but the owner.
    pub(crate) members: BTreeMap<AccountId, Member>,
    /// Who is invited, and neither a member nor the owner. Who invited them may manage the folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) invited: BTreeMap<AccountId, Pending>,
    pub(crate) limits: FolderLimits,
    /// What limits it where nothing is set.
    #[serde(default)]
    pub(crate) profile: LimitProfile,
    #[serde(default, skip_serializing_if = "FolderOptions::is_default")]
    pub(crate) options: FolderOptions,
    pub(crate) created: Timestamp,
    /// Since when it is in its owner's bin, as long as it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) binned: Option<Timestamp>,
    /// Grows when it goes into the bin, and when a restore that stopped half way is given up: a name that
    /// was taken for it in an earlier epoch is not taken any more.
    #[serde(default)]
    pub(crate) epoch: u64,
    /// Directories that were moved and whose files follow. Never does one begin or end in another.
    #[serde(default)]
    pub(crate) moves: Vec<PendingMove>,
    /// How many directories of it have moved at once.
    #[serde(default)]
    pub(crate) moves_made: u64,
    /// No path in it is longer, in bytes; but for what other programs put there, and for what
    /// `moves` add.
    #[serde(default = "any_path")]
    pub(crate) longest_path: usize,
}

/// A directory that is at `to` for all who look, while its files still come from `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingMove {
    /// The job that brings the files.
    pub(crate) id: JobId,
    /// Who moved it.
    pub(crate) account: AccountId,
    pub(crate) from: FilePath,
    pub(crate) to: FilePath,
    pub(crate) stage: MoveStage,
    pub(crate) since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MoveStage {
    /// Files may be at their old keys.
    Following,
    /// None is: the old keys are looked at no more, and are free once all replicas know that.
    Followed,
}

const fn any_path() -> usize {
    MAX_PATH_BYTES
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FolderState {
    Live,
    /// It is in its owner's bin: all of it is there, and nobody may do anything in it.
    Binned,
    /// Its data is removed in the background.
    Deleted,
    /// It never came to be: its creation stopped half way and may not go on.
    Fenced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) permission: Permission,
    pub(crate) since: Timestamp,
    /// The invitation that was accepted, if there was one: accepting it again changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) invitation: Option<InvitationMark>,
}

impl FolderRecord {
    /// What `account` may do here; `None` is nothing at all, also in a folder that is in the bin or no more.
    pub(crate) fn permission(&self, account: AccountId) -> Option<Permission> {
        if self.state != FolderState::Live {
            return None;
        }
        if account == self.owner {
            return Some(Permission::Manage);
        }
        self.members.get(&account).map(|member| member.permission)
    }

    /// Whether what is in it, and who may use it, is to be kept: also while nobody may.
    pub(crate) const fn is_kept(&self) -> bool {
        matches!(self.state, FolderState::Live | FolderState::Binned)
    }

    /// Since when it is in the bin of `account`, if it is.
    pub(crate) fn in_bin_of(&self, account: AccountId) -> Option<Timestamp> {
        let binned = self.state == FolderState::Binned && self.owner == account;
        binned.then(|| self.binned.unwrap_or(self.created))
    }
}

impl Document for FolderRecord {
    const KIND: &'static str = "folder";
    const SUBJECT: Subject = Subject::Folder;

    fn owner(&self) -> Option<AccountId> {
        Some(self.owner)
    }

    fn state(&self) -> &'static str {
        match self.state {
            FolderState::Live => "live",
            FolderState::Binned => "binned",
            FolderState::Deleted => "deleted",
            FolderState::Fenced => "fenced",
        }
    }

    fn cache(bucket: &Bucket) -> Option<&Cache<Self>> {
        Some(&bucket.caches().folders)
    }
}
