//! Who is invited where. All of it is read afresh: nothing here is answered from memory.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::Invitation;
use crate::access::{Folder, Manage, no_such_folder};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::Result;
use crate::id::{AccountId, FolderId, InvitationId};
use crate::records::{FolderRecord, Pending};

/// Records read at one time.
const READ_AT_ONCE: usize = 16;

/// Pointers listed at one time.
const PAGE: u16 = 1000;

impl Bucket {
    /// The invitations that the account can accept, oldest first. No account has more than
    /// [`most_invitations`](crate::Settings::most_invitations), give or take some made in the same moment.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn invitations(&self, account: &Account) -> Result<Vec<Invitation>> {
        let offers = self.offers_for(account.id).await?;
        self.to_invitations(offers).await
    }

    /// The invitations that the account made and that nobody has answered, oldest first: those into the
    /// folders that it may manage. It costs a read for each folder that the account has.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn sent_invitations(&self, account: &Account) -> Result<Vec<Invitation>> {
        let Some(names) = self.names(account.id).read().await? else { return Ok(Vec::new()) };
        let folders: BTreeSet<FolderId> = names.entries.values().map(|entry| entry.folder).collect();
        let term = self.invitation_term();
        let mut sent = Vec::new();
        for record in self.folder_records(folders).await? {
            let mine = record.offers(term).filter(|(_, pending)| pending.inviter == account.id);
            sent.extend(mine.map(|(invitee, pending)| (id_of(&record, invitee, pending), pending.clone())));
        }
        self.to_invitations(sent).await
    }

    /// What can be accepted by `invitee`. A pointer leads to nothing but what its own mark stands for.
    pub(super) async fn offers_for(&self, invitee: AccountId) -> Result<Vec<(InvitationId, Pending)>> {
        let (mut offers, mut after) = (Vec::new(), None);
        loop {
            let (ids, next) = self.pointers_of(invitee, after, PAGE).await?;
            let folders = ids.iter().map(InvitationId::folder).collect();
            let term = self.invitation_term();
            for record in self.folder_records(folders).await? {
                let led = ids.iter().filter(|id| id.folder() == record.id);
                offers.extend(led.filter_map(|id| Some((*id, record.pending(id, term)?.clone()))));
            }
            if next.is_none() || offers.len() >= self.settings().most_invitations {
                return Ok(offers);
            }
            after = next;
        }
    }

    async fn folder_records(&self, ids: BTreeSet<FolderId>) -> Result<Vec<FolderRecord>> {
        let reads: Vec<_> = ids.into_iter().map(|id| async move { self.folder_document(id).read().await }).collect();
        let found: Vec<Option<FolderRecord>> = stream::iter(reads).buffered(READ_AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// As people see them, oldest first.
    async fn to_invitations(&self, offers: Vec<(InvitationId, Pending)>) -> Result<Vec<Invitation>> {
        let people = self.people(offers.iter().flat_map(|(id, pending)| [id.invitee(), pending.inviter])).await?;
        let shown = offers.into_iter().filter_map(|(id, pending)| {
            let (inviter, invitee) = (people.get(&pending.inviter)?, people.get(&id.invitee())?);
            Some(self.invitation(id, pending, inviter.clone(), invitee.clone()))
        });
        let mut shown: Vec<Invitation> = shown.collect();
        shown.sort_by_key(|invitation| (invitation.created, invitation.id));
        Ok(shown)
    }
}

impl Folder<Manage> {
    /// The invitations into the folder that nobody has answered, whoever made them, oldest first.
    ///
    /// # Errors
    /// `NotFound` (folder) when it was deleted meanwhile, `NotFound` and `Forbidden` when he may not
    /// manage it any more; `Unavailable`.
    pub async fn invitations(&self) -> Result<Vec<Invitation>> {
        let bucket = self.bucket();
        let record = bucket.folder_document(self.id()).read().await?.ok_or_else(no_such_folder)?;
        record.check_manager(self.account().id)?;
        let offers = record.offers(bucket.invitation_term());
        let offers = offers.map(|(invitee, pending)| (id_of(&record, invitee, pending), pending.clone())).collect();
        bucket.to_invitations(offers).await
    }
}

fn id_of(record: &FolderRecord, invitee: AccountId, pending: &Pending) -> InvitationId {
    InvitationId::new(invitee, record.id, pending.mark)
}
