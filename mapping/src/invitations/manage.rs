//! What those who manage a folder do with its invitations.

use super::pending::Term;
use super::{as_invitation, no_such_invitation};
use crate::access::{Folder, FolderRef, Manage, Permission};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::Result;
use crate::id::InvitationId;
use crate::manifest::Change;
use crate::records::FolderRecord;

impl Folder<Manage> {
    /// Ends an invitation into this folder, whoever made it. Once this is answered it makes nobody a
    /// member any more. One write: a crash leaves it pending or over.
    ///
    /// # Errors
    /// `NotFound` (invitation) when it is accepted, over, or expired, or of another folder; also when
    /// the folder cannot be managed any more; `Unavailable`: it may be over.
    pub async fn cancel_invitation(&self, id: &InvitationId) -> Result<()> {
        let cancel = |record: &mut FolderRecord, term| record.end_invitation(id, term);
        self.change_pending(cancel).await?;
        self.bucket().forget_pointers(vec![*id]).await;
        Ok(())
    }

    /// Changes what a pending invitation into this folder offers. Its time does not begin anew.
    ///
    /// # Errors
    /// As [`Folder::cancel_invitation`]; `Unavailable`: it may have been done.
    pub async fn change_invitation(&self, id: &InvitationId, permission: Permission) -> Result<()> {
        let change = |record: &mut FolderRecord, term: Term| {
            if record.pending(id, term).ok_or_else(no_such_invitation)?.permission == permission {
                return Ok(Change::Keep(()));
            }
            if let Some(pending) = record.invited.get_mut(&id.invitee()) {
                (pending.permission, pending.changed) = (permission, term.now);
            }
            Ok(Change::Save(()))
        };
        self.change_pending(change).await
    }

    async fn change_pending(&self, change: impl Fn(&mut FolderRecord, Term) -> Result<Change<()>>) -> Result<()> {
        let (me, term) = (self.account().id, self.bucket().invitation_term());
        let checked = |record: &mut FolderRecord| {
            record.check_manager(me)?;
            change(record, term)
        };
        self.bucket().folder_document(self.id()).update(checked).await.map_err(as_invitation)
    }
}

impl Bucket {
    /// As [`Folder::cancel_invitation`], by its id alone.
    ///
    /// # Errors
    /// `NotFound` (invitation), also when the account may not manage its folder; `Unavailable`: it
    /// may be over.
    pub async fn cancel_invitation(&self, account: &Account, id: &InvitationId) -> Result<()> {
        self.folder_of_invitation(account, id).await?.cancel_invitation(id).await
    }

    /// As [`Folder::change_invitation`], by its id alone.
    ///
    /// # Errors
    /// As [`Bucket::cancel_invitation`]; `Unavailable`: it may have been done.
    pub async fn change_invitation(&self, account: &Account, id: &InvitationId, permission: Permission) -> Result<()> {
        self.folder_of_invitation(account, id).await?.change_invitation(id, permission).await
    }

    /// Ends an invitation as whoever the account is to it: its invitee rejects it, those who manage
    /// the folder cancel it.
    ///
    /// # Errors
    /// As [`Bucket::reject_invitation`] and [`Bucket::cancel_invitation`].
    pub async fn end_invitation(&self, account: &Account, id: &InvitationId) -> Result<()> {
        if id.invitee() == account.id {
            return self.reject_invitation(account, id).await;
        }
        self.cancel_invitation(account, id).await
    }

    async fn folder_of_invitation(&self, account: &Account, id: &InvitationId) -> Result<Folder<Manage>> {
        self.folder(account, &FolderRef::Id(id.folder())).await.map_err(as_invitation)
    }
}
