//! What a folder's record says of invitations. All of it is decided here, by the record alone and
//! the moment in which one looks.

use std::time::Duration;

use crate::access::{Permission, no_such_folder, too_little};
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, InvitationId};
use crate::records::{FolderRecord, Pending};

/// A moment, and how long invitations can be accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) now: Timestamp,
    life: Option<Duration>,
}

impl Bucket {
    /// This moment.
    pub(super) fn invitation_term(&self) -> Term {
        Term { now: self.clock().now(), life: self.settings().invitation_life }
    }
}

impl Term {
    /// Whether it cannot be accepted any more.
    pub(super) fn is_over(&self, pending: &Pending) -> bool {
        self.life.is_some_and(|life| self.now >= pending.created.plus(life))
    }
}

impl FolderRecord {
    /// What is offered to `invitee` now; nothing in a folder that is no more.
    pub(super) fn offered_to(&self, invitee: AccountId, term: Term) -> Option<&Pending> {
        self.permission(self.owner)?;
        self.invited.get(&invitee).filter(|pending| !term.is_over(pending))
    }

    /// What this very invitation offers now.
    pub(super) fn pending(&self, id: &InvitationId, term: Term) -> Option<&Pending> {
        self.offered_to(id.invitee(), term).filter(|pending| pending.mark == id.mark())
    }

    /// The permission that this very invitation gave, if it was accepted and still holds.
    pub(super) fn accepted(&self, id: &InvitationId) -> Option<Permission> {
        let member = self.members.get(&id.invitee()).filter(|member| member.invitation == Some(id.mark()))?;
        self.permission(self.owner).map(|_| member.permission)
    }

    /// Everything that can be accepted now.
    pub(super) fn offers(&self, term: Term) -> impl Iterator<Item = (AccountId, &Pending)> {
        let live = self.permission(self.owner).is_some();
        let offers = self.invited.iter().filter(move |(_, pending)| live && !term.is_over(pending));
        offers.map(|(invitee, pending)| (*invitee, pending))
    }

    /// Refuses whoever may not manage the folder (any more).
    pub(crate) fn check_manager(&self, account: AccountId) -> Result<()> {
        match self.permission(account) {
            Some(Permission::Manage) => Ok(()),
            Some(_) => Err(too_little(Permission::Manage)),
            None => Err(no_such_folder()),
        }
    }

    /// Refuses one more member than `most`.
    pub(crate) fn check_room_for_member(&self, most: usize) -> Result<()> {
        if self.members.len() < most {
            return Ok(());
        }
        let message = format!("a folder can be shared with at most {most} accounts");
        Err(Error::new(ErrorKind::OverQuota, Subject::Folder, message))
    }

    /// Ends the invitations of those who may not manage the folder any more. To be called with every
    /// change that takes a permission away, so that an invitation always has a manager behind it.
    pub(crate) fn end_unfounded_invitations(&mut self) {
        let (owner, members) = (self.owner, &self.members);
        let manages = |account| {
            account == owner || members.get(&account).is_some_and(|member| member.permission == Permission::Manage)
        };
        self.invited.retain(|_, pending| manages(pending.inviter));
    }
}
