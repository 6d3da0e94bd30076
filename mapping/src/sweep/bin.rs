//! Folders in the bin: those that have been there for long enough are purged.

use super::run::{Finding, Run, What};
use crate::bucket::Bucket;
use crate::error::{ErrorKind, Result};
use crate::id::AccountId;
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
                fate => gone.push((binned.clone(), fate)),
            }
        }
        let drained = gone.iter().filter(|(_, fate)| *fate == Fate::Drained);
        let draining: Vec<_> = drained.map(|(binned, _)| Draining { folder: binned.folder, since: now }).collect();
        if run.is_dry() {
            return Ok(draining);
        }
        if !gone.is_empty() {
            let forget = |names: &mut NamesRecord| {
                let changed: Vec<bool> = gone.iter().map(|(seen, fate)| names.unlist(seen, *fate, now)).collect();
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
    /// Takes a folder from the list of the bin; answers whether anything changed. One that came back and
    /// went into the bin once more since it was looked at is listed with another time, and stays.
    fn unlist(&mut self, seen: &Binned, fate: Fate, now: crate::Timestamp) -> bool {
        match fate {
            Fate::Drained => self.give_up_folder(seen.folder, now),
            Fate::Unlisted | Fate::Stays => {
                let before = self.binned.len();
                self.binned.retain(|binned| binned != seen);
                self.binned.len() < before
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::TestBucket;

    #[tokio::test]
    async fn what_went_into_the_bin_again_since_it_was_looked_at_stays_on_the_list() {
        let test = TestBucket::new().await;
        let now = test.bucket.clock().now();
        let seen = Binned { folder: test.folder.id, name: test.folder.name.clone(), since: now };
        let again = Binned { since: now.plus(Duration::from_secs(1)), ..seen.clone() };
        let mut names = NamesRecord { binned: vec![again.clone()], ..NamesRecord::empty(test.account.id) };
        assert!(!names.unlist(&seen, Fate::Unlisted, now));
        assert_eq!(names.binned.first(), Some(&again));
        assert!(names.unlist(&again, Fate::Unlisted, now));
        assert!(names.binned.is_empty());
    }
}
