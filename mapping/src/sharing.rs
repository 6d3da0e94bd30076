//! Sharing a folder with other accounts.

use crate::access::{Folder, FolderRef, Manage, Permission, Read, no_such_folder};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, FolderId};
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::name::FolderName;
use crate::records::{FolderRecord, Member, NameEntry, NameKind, NamesRecord};

/// Somebody who may use a folder that is not his.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub account: AccountId,
    /// What he may do.
    pub permission: Permission,
    /// Since when.
    pub since: Timestamp,
}

impl Folder<Manage> {
    /// Lets `grantee` use the folder. He finds it under its name, suffixed where he has that name
    /// already.
    ///
    /// Two writes; a crash after the first leaves a name that leads nowhere, which nobody sees and
    /// the sweeper takes. The second, in the folder's record, is the permission. Sharing again
    /// gives a lost name back.
    ///
    /// # Errors
    /// `NotFound` (account) when there is no such grantee; `Invalid` for the owner; `AlreadyExists` when
    /// it is shared with him; `OverQuota` when the folder has too many members or he too many
    /// folders of others; `Unavailable`: it may have been done.
    pub async fn share(&self, grantee: AccountId, permission: Permission) -> Result<()> {
        if grantee == self.record().owner || grantee == self.account().id {
            return Err(Error::invalid(Subject::Account, "a folder cannot be shared with oneself or with its owner"));
        }
        let bucket = self.bucket();
        bucket.account(grantee).await?;
        let most = bucket.settings().most_members;
        if !self.record().members.contains_key(&grantee) {
            self.record().check_room_for_member(most)?;
        }
        let (began, now) = (bucket.clock().elapsed(), bucket.clock().now());
        bucket.name_joined(grantee, self.id(), &self.record().label, now).await?;
        let admit = |record: &mut FolderRecord| {
            if record.permission(record.owner).is_none() {
                return Err(no_such_folder());
            }
            if record.members.contains_key(&grantee) {
                return Err(already_shared());
            }
            record.check_room_for_member(most)?;
            // He has what he was invited to.
            record.invited.remove(&grantee);
            record.members.insert(grantee, Member { permission, since: now, invitation: None });
            Ok(Change::Save(()))
        };
        bucket.manifest(ObjectKey::folder(self.id())).update(admit).await?;
        if bucket.clock().elapsed().saturating_sub(began) >= bucket.settings().claim_grace / 2 {
            // So slow that the sweeper may have taken the name before the permission was there.
            bucket.name_joined(grantee, self.id(), &self.record().label, bucket.clock().now()).await?;
        }
        Ok(())
    }

    /// Changes what a member may do. When he may not manage the folder any more, the invitations that
    /// he made end. One write: a crash leaves the old permission or the new one.
    ///
    /// # Errors
    /// `NotFound` (account) when it is not shared with him, which it never is with its owner; `NotFound`
    /// (folder) and `Forbidden` when it is deleted or cannot be managed any more; `Unavailable`: it may
    /// have been done.
    pub async fn set_permission(&self, member: AccountId, permission: Permission) -> Result<()> {
        let me = self.account().id;
        let set = |record: &mut FolderRecord| {
            record.check_manager(me)?;
            let there = record.members.get_mut(&member).ok_or_else(not_shared)?;
            if there.permission == permission {
                return Ok(Change::Keep(()));
            }
            there.permission = permission;
            record.end_unfounded_invitations();
            Ok(Change::Save(()))
        };
        self.bucket().manifest(ObjectKey::folder(self.id())).update(set).await
    }

    /// Takes the permission of `grantee` back. The invitations that he made end.
    ///
    /// # Errors
    /// `NotFound` (account) when it is not shared with him; `Unavailable`: it may have been done.
    pub async fn unshare(&self, grantee: AccountId) -> Result<()> {
        self.bucket().end_membership(self.id(), grantee).await
    }

    /// Everybody who may use the folder but its owner.
    ///
    /// # Errors
    /// `NotFound` when it was deleted meanwhile; `Unavailable`.
    pub async fn members(&self) -> Result<Vec<Membership>> {
        let record = self.bucket().manifest::<FolderRecord>(ObjectKey::folder(self.id())).read().await?;
        let record = record.filter(|record| record.permission(record.owner).is_some()).ok_or_else(no_such_folder)?;
        let membership = |(account, member): (AccountId, Member)| Membership {
            account,
            permission: member.permission,
            since: member.since,
        };
        Ok(record.members.into_iter().map(membership).collect())
    }
}

impl Bucket {
    /// Gives up a folder that somebody else shares with this account.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for the account's own folder; `Unavailable`: it may have been done.
    pub async fn leave_folder(&self, account: &Account, which: &FolderRef) -> Result<()> {
        let folder = self.folder::<Read>(account, which).await?;
        if folder.record().owner == account.id {
            return Err(Error::invalid(Subject::Folder, "the folder is your own: delete it instead"));
        }
        self.end_membership(folder.id(), account.id).await
    }

    /// Two writes; a crash after the first, which ends the permission, leaves a name that leads
    /// nowhere. The name goes only if it is the one that was there before: somebody may be
    /// sharing the folder again.
    async fn end_membership(&self, folder: FolderId, member: AccountId) -> Result<()> {
        let names = self.names(member);
        let before = names.read().await?;
        let expel = |record: &mut FolderRecord| {
            // In the bin, or gone: it may come back as it was.
            record.permission(record.owner).ok_or_else(no_such_folder)?;
            record.members.remove(&member).ok_or_else(not_shared)?;
            record.end_unfounded_invitations();
            Ok(Change::Save(()))
        };
        self.manifest(ObjectKey::folder(folder)).update(expel).await?;
        let Some(before) = before else { return Ok(()) };
        let Some(name) = before.name_of(folder).cloned() else { return Ok(()) };
        let forget = |now: &mut NamesRecord| {
            if now.entries.get(&name) != before.entries.get(&name) {
                return Ok(Change::Keep(()));
            }
            now.entries.remove(&name);
            Ok(Change::Save(()))
        };
        if let Err(error) = names.update(forget).await {
            // The permission is gone: the sweeper finds the name later.
            tracing::warn!(folder.id = %folder, error = &error as &dyn std::error::Error, "a former member's name stayed");
        }
        Ok(())
    }

    /// Gives a member-to-be a name for the folder, suffixed where he has that name already, or makes
    /// the one that he has young again, so that no sweeper takes it for somebody's half-done work.
    pub(crate) async fn name_joined(
        &self,
        grantee: AccountId,
        folder: FolderId,
        wanted: &FolderName,
        now: Timestamp,
    ) -> Result<()> {
        let entry = NameEntry { folder, kind: NameKind::Joined, created: now, epoch: 0 };
        let most = self.settings().most_joined;
        let enter = |names: &mut NamesRecord| {
            let mut name = names.name_of(folder).unwrap_or(wanted).clone();
            let mut n = 0;
            while names.entries.get(&name).is_some_and(|there| there.folder != folder) {
                n += 1;
                name = wanted.suffixed(n);
            }
            names.entries.insert(name, entry);
            names.check_joined(most)?;
            Ok(Change::Save(()))
        };
        self.names(grantee).upsert(NamesRecord::empty(grantee), enter).await
    }
}

impl NamesRecord {
    /// Whether an account may have joined as many folders as it has now.
    pub(crate) fn check_joined(&self, most: usize) -> Result<()> {
        let joined = self.entries.values().filter(|entry| entry.kind == NameKind::Joined).count();
        if joined <= most {
            return Ok(());
        }
        let message = format!("at most {most} folders can be shared with one account");
        Err(Error::new(ErrorKind::OverQuota, Subject::Account, message))
    }
}

fn already_shared() -> Error {
    Error::new(ErrorKind::AlreadyExists, Subject::Account, "the folder is shared with this account already")
}

fn not_shared() -> Error {
    Error::new(ErrorKind::NotFound, Subject::Account, "the folder is not shared with this account")
}
