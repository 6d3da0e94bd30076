//! Sharing a folder with other accounts.

use crate::access::{Folder, FolderRef, Manage, Permission, Read, no_such_folder};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, FolderId};
use crate::key::ObjectKey;
use crate::manifest::Change;
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
        if self.record().members.len() >= most && !self.record().members.contains_key(&grantee) {
            return Err(too_many_members(most));
        }
        let (began, now) = (bucket.clock().elapsed(), bucket.clock().now());
        self.name_for(grantee, now).await?;
        let admit = |record: &mut FolderRecord| {
            if record.permission(record.owner).is_none() {
                return Err(no_such_folder());
            }
            if record.members.contains_key(&grantee) {
                return Err(already_shared());
            }
            if record.members.len() >= most {
                return Err(too_many_members(most));
            }
            record.members.insert(grantee, Member { permission, since: now });
            Ok(Change::Save(()))
        };
        bucket.manifest(ObjectKey::folder(self.id())).update(admit).await?;
        if bucket.clock().elapsed().saturating_sub(began) >= bucket.settings().claim_grace / 2 {
            // So slow that the sweeper may have taken the name before the permission was there.
            self.name_for(grantee, bucket.clock().now()).await?;
        }
        Ok(())
    }

    /// Takes the permission of `grantee` back.
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

    /// Gives the grantee a name for the folder, or makes the one that he has young again, so that
    /// no sweeper takes it for somebody's half-done work.
    async fn name_for(&self, grantee: AccountId, now: Timestamp) -> Result<()> {
        let wanted = &self.record().label;
        let entry = NameEntry { folder: self.id(), kind: NameKind::Joined, created: now };
        let most = self.bucket().settings().most_joined;
        let enter = |names: &mut NamesRecord| {
            if let Some(name) = names.name_of(entry.folder).cloned() {
                names.entries.insert(name, entry);
                return Ok(Change::Save(()));
            }
            if names.entries.values().filter(|entry| entry.kind == NameKind::Joined).count() >= most {
                return Err(too_many_joined(most));
            }
            let mut name = wanted.clone();
            let mut n = 0;
            while names.entries.contains_key(&name) {
                n += 1;
                name = wanted.suffixed(n);
            }
            names.entries.insert(name, entry);
            Ok(Change::Save(()))
        };
        self.bucket().names(grantee).upsert(NamesRecord::empty(grantee), enter).await
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
            let removed = record.members.remove(&member);
            removed.map(|_| Change::Save(())).ok_or_else(not_shared)
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
}

fn already_shared() -> Error {
    Error::new(ErrorKind::AlreadyExists, Subject::Account, "the folder is shared with this account already")
}

fn too_many_members(most: usize) -> Error {
    let message = format!("a folder can be shared with at most {most} accounts");
    Error::new(ErrorKind::OverQuota, Subject::Folder, message)
}

fn too_many_joined(most: usize) -> Error {
    let message = format!("at most {most} folders can be shared with one account");
    Error::new(ErrorKind::OverQuota, Subject::Account, message)
}

fn not_shared() -> Error {
    Error::new(ErrorKind::NotFound, Subject::Account, "the folder is not shared with this account")
}
