//! Names that lead nowhere.

use super::run::{Finding, Run, What};
use crate::access::no_such_folder;
use crate::bucket::Bucket;
use crate::error::{ErrorKind, Result};
use crate::folders::Left;
use crate::id::{AccountId, FolderId};
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::name::FolderName;
use crate::records::{Draining, FolderRecord, NameEntry, NameKind, NamesRecord};
use crate::standing::{Look, Tenure};

/// An entry that is to go.
struct Dead {
    name: FolderName,
    entry: NameEntry,
    left: Left,
    reason: &'static str,
}

impl Bucket {
    /// Removes the entries of an account that are dead, all in one write, and only those that are
    /// still as they were looked at. A dry run answers what they would have put on the list of
    /// folders to be drained.
    pub(super) async fn sweep_names(&self, run: &Run, account: AccountId) -> Result<Vec<Draining>> {
        let Some(names) = self.names(account).read().await? else { return Ok(Vec::new()) };
        let mut dead = Vec::new();
        for (name, entry) in names.entries {
            dead.extend(self.if_dead(run, account, name, entry).await?);
        }
        if dead.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock().now();
        let still_there = |names: &NamesRecord| {
            let there = |dead: &&Dead| names.entries.get(&dead.name) == Some(&dead.entry);
            dead.iter().filter(there).map(|dead| (dead.name.clone(), dead.left)).collect::<Vec<_>>()
        };
        let forget = |names: &mut NamesRecord| {
            let gone = still_there(names);
            for (name, left) in &gone {
                names.give_up(name, *left, now);
            }
            Ok(if gone.is_empty() { Change::Keep(gone) } else { Change::Save(gone) })
        };
        let gone = match run.is_dry() {
            true => dead.iter().map(|dead| (dead.name.clone(), dead.left)).collect(),
            false => self.names(account).update(forget).await?,
        };
        let mut draining = Vec::new();
        for dead in dead.into_iter().filter(|dead| gone.iter().any(|(name, _)| *name == dead.name)) {
            run.note(self.finding(account, &dead));
            let listed = run.is_dry() && dead.entry.kind == NameKind::Owned && dead.left == Left::Rubbish;
            draining.extend(listed.then_some(Draining { folder: dead.entry.folder, since: now }));
        }
        Ok(draining)
    }

    /// The entry, if it leads nowhere; its slow maker is fenced off then.
    async fn if_dead(&self, run: &Run, account: AccountId, name: FolderName, entry: NameEntry) -> Result<Option<Dead>> {
        if self.grants(entry.folder, account).await? {
            return Ok(None);
        }
        let reason = match (self.look_at_entry(account, &entry).await?, entry.kind) {
            (Look::At(Tenure::Held | Tenure::Young), _) => return Ok(None),
            // A member's name waits for the folder to come back.
            (Look::At(Tenure::GivenUp(Left::Binned(_))), NameKind::Joined) => return Ok(None),
            (Look::At(Tenure::GivenUp(Left::Binned(_))), NameKind::Owned) => "its folder is in the bin",
            (Look::At(Tenure::GivenUp(Left::Rubbish)), NameKind::Owned) => "its folder is deleted or never came to be",
            (Look::At(Tenure::GivenUp(Left::Rubbish)), NameKind::Joined) => {
                "its folder is not shared with the account, or is no more"
            }
            (Look::Overdue, _) => "its folder did not come to be, or back, in time",
        };
        Ok(match self.tenure_if_fenced(run, account, &name, &entry).await? {
            Tenure::GivenUp(left) => Some(Dead { name, entry, left, reason }),
            Tenure::Held | Tenure::Young => None,
        })
    }

    /// What the entry is worth once its slow maker is fenced off, which a dry run does not do.
    async fn tenure_if_fenced(
        &self,
        run: &Run,
        account: AccountId,
        name: &FolderName,
        entry: &NameEntry,
    ) -> Result<Tenure> {
        if !run.is_dry() {
            return self.tenure(account, name, entry).await;
        }
        let record = self.manifest::<FolderRecord>(ObjectKey::folder(entry.folder)).read().await?;
        let since = record.and_then(|record| record.in_bin_of(account));
        Ok(Tenure::GivenUp(since.map_or(Left::Rubbish, Left::Binned)))
    }

    fn finding(&self, account: AccountId, dead: &Dead) -> Finding {
        let place = format!("{} `{}`", ObjectKey::names(account), dead.name);
        let age = Some(self.clock().now().since(dead.entry.created));
        Finding { what: What::Name, place, reason: dead.reason, age, objects: 1 }
    }

    /// Whether the folder is there and grants `account` anything.
    async fn grants(&self, folder: FolderId, account: AccountId) -> Result<bool> {
        let judge = |record: &std::sync::Arc<FolderRecord>| record.permission(account).ok_or_else(no_such_folder);
        match self.manifest::<FolderRecord>(ObjectKey::folder(folder)).find(judge).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            answer => Ok(answer?.is_some()),
        }
    }
}
