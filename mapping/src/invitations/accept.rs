//! Accepting an invitation, and rejecting it.

use super::pending::Term;
use super::{as_invitation, no_such_invitation};
use crate::access::Permission;
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::folders::{FolderInfo, Taken};
use crate::id::{AccountId, FolderId, InvitationId};
use crate::manifest::Change;
use crate::name::FolderName;
use crate::records::{FolderRecord, Member, NameEntry, NameKind, NamesRecord};

impl Bucket {
    /// Makes the account a member of the folder, under the name that the inviter called it by, with the
    /// permission that the invitation has at that moment. Accepting again what was accepted changes
    /// nothing, and succeeds while the membership lasts.
    ///
    /// Two writes; a crash after the first leaves a name that leads nowhere, which nobody sees, and the
    /// invitation, which can still be accepted. The second, in the folder's record, ends the invitation
    /// and is the membership.
    ///
    /// # Errors
    /// `NotFound` (invitation) when it is another's, over, or expired, or its folder is no more;
    /// `AlreadyExists` (folder) when the account has a folder of that name, and `OverQuota` when it has
    /// too many folders of others or the folder too many members: it stays pending; `Busy` when another
    /// request is taking the name; `Unavailable`: it may have been accepted.
    pub async fn accept_invitation(&self, account: &Account, id: &InvitationId) -> Result<FolderInfo> {
        if id.invitee() != account.id {
            return Err(no_such_invitation());
        }
        let (began, term) = (self.clock().elapsed(), self.invitation_term());
        let record = self.folder_document(id.folder()).read().await?.ok_or_else(no_such_invitation)?;
        if record.accepted(id).is_none() {
            let name = record.pending(id, term).ok_or_else(no_such_invitation)?.name.clone();
            record.check_room_for_member(self.settings().most_members)?;
            self.claim_name(account, id.folder(), &name, term.now).await?;
        }
        let joined = self.join(id, term).await?;
        self.forget_pointers(vec![*id]).await;
        let slow = self.clock().elapsed().saturating_sub(began) >= self.settings().claim_grace / 2;
        let name = self.name_of_joined(account.id, &record, slow).await?;
        Ok(record.info(name, joined))
    }

    /// Ends an invitation as the one who got it. One write: a crash leaves it pending or over.
    ///
    /// # Errors
    /// `NotFound` (invitation) when it is another's, accepted, over, or expired, or its folder is no
    /// more; `Unavailable`: it may be over.
    pub async fn reject_invitation(&self, account: &Account, id: &InvitationId) -> Result<()> {
        if id.invitee() != account.id {
            return Err(no_such_invitation());
        }
        let term = self.invitation_term();
        let reject = |record: &mut FolderRecord| record.end_invitation(id, term);
        self.folder_document(id.folder()).update(reject).await.map_err(as_invitation)?;
        self.forget_pointers(vec![*id]).await;
        Ok(())
    }

    /// Takes the name among the invitee's folders, or makes the one that he has for this folder young
    /// again, so that no sweeper takes it for somebody's half-done work.
    async fn claim_name(&self, account: &Account, folder: FolderId, name: &FolderName, now: Timestamp) -> Result<()> {
        let entry = NameEntry { folder, kind: NameKind::Joined, created: now, epoch: 0 };
        let most = self.settings().most_joined;
        let attempt = |names: &mut NamesRecord, dead| {
            if let Some(name) = names.name_of(folder).cloned() {
                names.entries.insert(name, entry);
                return Ok(Change::Save(Taken::Yes));
            }
            let change = names.put(name, entry, now, dead);
            if let Change::Save(Taken::Yes) = change {
                names.check_joined(most)?;
            }
            Ok(change)
        };
        self.take_name(account, name, attempt).await.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                let message = format!("you have a folder `{name}` already: rename it, then accept the invitation");
                Error::new(ErrorKind::AlreadyExists, Subject::Folder, message)
            }
            _ => error,
        })
    }

    /// Ends the invitation and makes its invitee a member, in one write.
    async fn join(&self, id: &InvitationId, term: Term) -> Result<Permission> {
        let most = self.settings().most_members;
        let join = |record: &mut FolderRecord| {
            if let Some(permission) = record.accepted(id) {
                return Ok(Change::Keep(permission));
            }
            let permission = record.pending(id, term).ok_or_else(no_such_invitation)?.permission;
            record.check_room_for_member(most)?;
            record.invited.remove(&id.invitee());
            let member = Member { permission, since: term.now, invitation: Some(id.mark()) };
            record.members.insert(id.invitee(), member);
            Ok(Change::Save(permission))
        };
        self.folder_document(id.folder()).update(join).await.map_err(as_invitation)
    }

    /// What the new member calls the folder. After a long time the sweeper may have taken the name
    /// before the membership was there: then he gets it anew, suffixed where it is taken.
    async fn name_of_joined(&self, member: AccountId, record: &FolderRecord, slow: bool) -> Result<FolderName> {
        let name = async || Ok(self.names(member).read().await?.and_then(|names| names.name_of(record.id).cloned()));
        if let Some(name) = name().await?.filter(|_| !slow) {
            return Ok(name);
        }
        self.name_joined(member, record.id, &record.label, self.clock().now()).await?;
        Ok(name().await?.unwrap_or_else(|| record.label.clone()))
    }
}

impl FolderRecord {
    /// Ends a pending invitation.
    pub(super) fn end_invitation(&mut self, id: &InvitationId, term: Term) -> Result<Change<()>> {
        self.pending(id, term).ok_or_else(no_such_invitation)?;
        self.invited.remove(&id.invitee());
        Ok(Change::Save(()))
    }
}
