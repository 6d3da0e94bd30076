//! Deleted folders: their data, and in the end their last trace.

use super::SweepReport;
use crate::bucket::Bucket;
use crate::error::Result;
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::records::{Draining, FolderRecord, FolderState, NamesRecord};

impl Bucket {
    /// Works off what an account's deleted folders have left.
    pub(super) async fn sweep_deleted(&self, account: AccountId, report: &mut SweepReport) -> Result<()> {
        let Some(names) = self.names(account).read().await? else { return Ok(()) };
        let mut finished = Vec::new();
        for draining in names.draining {
            let swept = self.sweep_folder(&draining, report).await;
            if self.pass_over(&ObjectKey::folder(draining.folder), swept)? {
                finished.push(draining);
            }
        }
        if finished.is_empty() {
            return Ok(());
        }
        let forget = |names: &mut NamesRecord| {
            let before = names.draining.len();
            names.draining.retain(|draining| !finished.contains(draining));
            Ok(if names.draining.len() == before { Change::Keep(()) } else { Change::Save(()) })
        };
        self.names(account).update(forget).await
    }

    /// Removes a deleted folder's data; answers whether that was the last of it. A replica that had
    /// not heard of the deletion may still have written, so the last time is [`late_writes`] after
    /// the deletion. The record goes last: a crash before that leaves it for the next run.
    ///
    /// [`late_writes`]: crate::Settings::late_writes
    async fn sweep_folder(&self, draining: &Draining, report: &mut SweepReport) -> Result<bool> {
        let key = ObjectKey::folder(draining.folder);
        let is_last = self.clock().now().since(draining.since) >= self.settings().late_writes;
        let Some(record) = self.manifest::<FolderRecord>(key.clone()).read().await? else { return Ok(is_last) };
        if record.state == FolderState::Live {
            tracing::error!(folder.id = %draining.folder, "a folder is to be removed and is not deleted: left alone");
            return Ok(false);
        }
        report.objects_removed += self.drain_prefix(&record.prefix).await?;
        if !is_last {
            return Ok(false);
        }
        self.remove(&ObjectKey::usage(draining.folder)).await?;
        self.remove(&key).await?;
        report.folders_removed += 1;
        Ok(true)
    }
}
