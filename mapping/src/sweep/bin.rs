//! Folders in the bin: those that have been there for long enough are purged.

use super::run::{Finding, Run, What};
use crate::bucket::Bucket;
use crate::error::{ErrorKind, Result};
use crate::id::{AccountId, FolderId};
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::records::{Binned, Draining, FolderRecord, FolderState, NamesRecord};

/// What is to become of a folder on the list of an account's bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    #[default]
    Stays,
    /// It is not in the bin any more.
    Unlisted,
    /// It is deleted: its data is to be removed.
    Drained,
}

impl Bucket {
    /// Purges what has been in the account's bin for long enough, and takes from its list what is not there
    /// any more, all in one write. A dry run answers what would be on the list of folders to be drained.
    pub(super) async fn sweep_bin(&self, run: &Run, account: AccountId) -> Result<Vec<Draining>> {
        let Some(names) = self.names(account).read().await? else { return Ok(Vec::new()) };
        let (now, mut gone) = (self.clock().now(), Vec::new());
        for binned in &names.binned {
            let fate = self.sweep_binned(run, account, binned).await;
            match self.pass_over(&ObjectKey::folder(binned.folder), fate)? {
                Fate::Stays => {}
                fate => gone.push((binned.folder, fate)),
            }
        }
        let drained = gone.iter().filter(|(_, fate)| *fate == Fate::Drained);
        let draining: Vec<_> = drained.map(|(folder, _)| Draining { folder: *folder, since: now }).collect();
        if run.is_dry() {
            return Ok(draining);
        }
        if !gone.is_empty() {
            let forget = |names: &mut NamesRecord| {
                let changed: Vec<bool> = gone.iter().map(|(folder, fate)| names.unlist(*folder, *fate, now)).collect();
                Ok(if changed.contains(&true) { Change::Save(()) } else { Change::Keep(()) })
            };
            self.names(account).update(forget).await?;
        }
        Ok(Vec::new())
    }

    async fn sweep_binned(&self, run: &Run, account: AccountId, binned: &Binned) -> Result<Fate> {
        let key = ObjectKey::folder(binned.folder);
        let Some(record) = self.manifest::<FolderRecord>(key.clone()).read().await? else { return Ok(Fate::Unlisted) };
        let since = match record.state {
            FolderState::Deleted | FolderState::Fenced => return Ok(Fate::Drained),
            FolderState::Live => return Ok(Fate::Unlisted),
            FolderState::Binned => record.binned.unwrap_or(binned.since),
        };
        let age = self.clock().now().since(since);
        if self.settings().trash_for.is_none_or(|trash_for| age < trash_for) {
            return Ok(Fate::Stays);
        }
        let reason = "it was in the bin for long enough";
        let finding = Finding { what: What::Binned, place: key.to_string(), reason, age: Some(age), objects: 1 };
        let purged = run.settle(finding, async { self.purge_if_still(account, &record).await }).await?;
        Ok(if purged { Fate::Drained } else { Fate::Stays })
    }

    /// Deletes the folder unless it has left the bin since it was looked at; answers how many that were.
    async fn purge_if_still(&self, account: AccountId, seen: &FolderRecord) -> Result<usize> {
        let end = |record: &mut FolderRecord| {
            if record.state == FolderState::Binned && record.binned != seen.binned {
                return Ok(Change::Keep(0));
            }
            Ok(match record.purge(account)? {
                Change::Keep(_) => Change::Keep(1),
                Change::Save(_) => Change::Save(1),
            })
        };
        match self.manifest(ObjectKey::folder(seen.id)).update(end).await {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid) => Ok(0),
            answer => answer,
        }
    }
}

impl NamesRecord {
    /// Takes a folder from the list of the bin; answers whether anything changed.
    fn unlist(&mut self, folder: FolderId, fate: Fate, now: crate::Timestamp) -> bool {
        match fate {
            Fate::Drained => self.give_up_folder(folder, now),
            Fate::Unlisted | Fate::Stays => {
                let before = self.binned.len();
                self.binned.retain(|binned| binned.folder != folder);
                self.binned.len() < before
            }
        }
    }
}
