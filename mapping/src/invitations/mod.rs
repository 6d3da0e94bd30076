//! Invitations: a folder is offered to an account, which becomes a member once it accepts.
//!
//! The folder's record holds what is pending, beside the members: so accepting, rejecting, cancelling,
//! changing and the folder's deletion are all changes of one document, and of any that race one comes
//! first. An object for each invitation leads its invitee there (`docs/decisions/0011-invitations.md`).

mod accept;
mod invite;
mod list;
mod manage;
mod pending;
mod pointer;
mod sweep;
#[cfg(test)]
mod tests;

pub use invite::{Invited, Novelty};

use crate::access::Permission;
use crate::accounts::Person;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Subject};
use crate::id::{FolderId, InvitationId};
use crate::key::ObjectKey;
use crate::manifest::Manifest;
use crate::name::FolderName;
use crate::records::{FolderRecord, Pending};

/// An invitation that can be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id. Whoever is invited once more gets another.
    pub id: InvitationId,
    /// What is offered.
    pub folder: FolderId,
    /// What the inviter called the folder when he invited.
    pub name: FolderName,
    /// Who offers it.
    pub inviter: Person,
    /// To whom.
    pub invitee: Person,
    /// What the invitee may do once he accepts.
    pub permission: Permission,
    /// When it was made.
    pub created: Timestamp,
    /// When its permission was last changed; when it was made, if it was not.
    pub changed: Timestamp,
    /// From when on it cannot be accepted any more.
    pub expires: Option<Timestamp>,
}

impl Bucket {
    fn folder_document(&self, id: FolderId) -> Manifest<FolderRecord> {
        self.manifest(ObjectKey::folder(id))
    }

    fn invitation(&self, id: InvitationId, pending: Pending, inviter: Person, invitee: Person) -> Invitation {
        let Pending { permission, name, created, changed, .. } = pending;
        let expires = self.settings().invitation_life.map(|life| created.plus(life));
        Invitation { id, folder: id.folder(), name, inviter, invitee, permission, created, changed, expires }
    }
}

fn no_such_invitation() -> Error {
    Error::new(ErrorKind::NotFound, Subject::Invitation, "no such invitation")
}

/// What is not found about a folder is not found about an invitation into it: nobody learns more by
/// an id that is not for him.
fn as_invitation(error: Error) -> Error {
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) { no_such_invitation() } else { error }
}
