//! `.folderbridge/invitations/<invitee>/<folder-id>-<mark>`, and what the folder's record says of the
//! same invitation. The folder's record decides; the object only leads the invitee to it.

use serde::{Deserialize, Serialize};

use crate::access::Permission;
use crate::clock::Timestamp;
use crate::error::Subject;
use crate::id::{AccountId, FolderId, InvitationMark};
use crate::manifest::Document;
use crate::name::FolderName;

/// An invitation that is neither accepted nor over, in the record of its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) mark: InvitationMark,
    pub(crate) inviter: AccountId,
    pub(crate) permission: Permission,
    /// What the inviter called the folder then.
    pub(crate) name: FolderName,
    pub(crate) created: Timestamp,
    /// When its permission was last changed.
    pub(crate) changed: Timestamp,
}

/// Leads an account to a folder that it is invited to. Written once and removed once: its key is
/// never used again. Without an entry of the same mark in the folder's record it means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InvitationRecord {
    pub(crate) invitee: AccountId,
    pub(crate) folder: FolderId,
    pub(crate) mark: InvitationMark,
    pub(crate) inviter: AccountId,
    pub(crate) created: Timestamp,
}

impl Document for InvitationRecord {
    const KIND: &'static str = "invitation";
    const SUBJECT: Subject = Subject::Invitation;

    fn owner(&self) -> Option<AccountId> {
        Some(self.invitee)
    }

    fn state(&self) -> &'static str {
        "pending"
    }
}
