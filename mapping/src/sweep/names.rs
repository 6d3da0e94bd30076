//! Names that lead nowhere.

use super::SweepReport;
use crate::access::no_such_folder;
use crate::bucket::Bucket;
use crate::error::{ErrorKind, Result};
use crate::id::{AccountId, FolderId};
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::name::FolderName;
use crate::records::{FolderRecord, NameEntry, NamesRecord};
use crate::standing::Standing;

impl Bucket {
    /// Removes the entries of an account that are dead, all in one write, and only those that are
    /// still as they were looked at.
    pub(super) async fn sweep_names(&self, account: AccountId, report: &mut SweepReport) -> Result<()> {
        let Some(names) = self.names(account).read().await? else { return Ok(()) };
        let mut dead: Vec<(FolderName, NameEntry)> = Vec::new();
        for (name, entry) in names.entries {
            let granted = self.grants(entry.folder, account).await?;
            if !granted && self.standing_of_entry(account, &name, &entry).await? == Standing::Dead {
                dead.push((name, entry));
            }
        }
        if dead.is_empty() {
            return Ok(());
        }
        let now = self.clock().now();
        let forget = |names: &mut NamesRecord| {
            let gone: Vec<_> = dead.iter().filter(|(name, entry)| names.entries.get(name) == Some(entry)).collect();
            for (name, _) in &gone {
                names.give_up(name, now);
            }
            Ok(if gone.is_empty() { Change::Keep(0) } else { Change::Save(gone.len()) })
        };
        report.names_removed += self.names(account).update(forget).await?;
        Ok(())
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
