//! Deleted folders: their data, and in the end their last trace.

use std::time::Duration;

use super::run::{Finding, Run, What};
use crate::bucket::Bucket;
use crate::error::{Result, Subject};
use crate::id::AccountId;
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::manifest::Change;
use crate::records::{Draining, FolderRecord, NamesRecord};
use crate::store::ListRequest;

impl Bucket {
    /// Works off what an account's deleted folders have left; `more` of them than are on its list.
    pub(super) async fn sweep_deleted(&self, run: &Run, account: AccountId, more: Vec<Draining>) -> Result<()> {
        let Some(names) = self.names(account).read().await? else { return Ok(()) };
        let mut finished = Vec::new();
        for draining in names.draining.into_iter().chain(more) {
            let swept = self.sweep_folder(run, &draining).await;
            if self.pass_over(&ObjectKey::folder(draining.folder), swept)? {
                finished.push(draining);
            }
        }
        if finished.is_empty() || run.is_dry() {
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
    async fn sweep_folder(&self, run: &Run, draining: &Draining) -> Result<bool> {
        let key = ObjectKey::folder(draining.folder);
        let age = self.clock().now().since(draining.since);
        let is_last = age >= self.settings().late_writes;
        let Some(record) = self.manifest::<FolderRecord>(key.clone()).read().await? else { return Ok(is_last) };
        if record.is_kept() {
            tracing::error!(folder.id = %draining.folder, "a folder is to be removed and is not deleted: left alone");
            return Ok(false);
        }
        self.sweep_data(run, &record.prefix, "its folder is deleted", Some(age)).await?;
        if !is_last {
            return Ok(false);
        }
        let reason = "it is deleted, and nobody can be writing into it any more";
        let finding = Finding { what: What::Folder, place: key.to_string(), reason, age: Some(age), objects: 1 };
        let work = async {
            self.remove(&ObjectKey::usage(draining.folder)).await?;
            self.forget_trash(draining.folder).await?;
            self.remove(&key).await.map(|()| 1)
        };
        run.settle(finding, work).await
    }

    /// Removes what lies below the prefix of a folder that is no more.
    pub(super) async fn sweep_data(
        &self,
        run: &Run,
        prefix: &FolderPrefix,
        reason: &'static str,
        age: Option<Duration>,
    ) -> Result<()> {
        let place = KeyPrefix::folder(prefix).as_str().to_owned();
        let objects = if run.is_dry() { self.count_objects(prefix).await? } else { 0 };
        let finding = Finding { what: What::Data, place, reason, age, objects };
        run.settle(finding, self.drain_prefix(prefix)).await.map(drop)
    }

    async fn count_objects(&self, prefix: &FolderPrefix) -> Result<usize> {
        let (mut request, mut count) = (ListRequest::all(KeyPrefix::folder(prefix)), 0);
        loop {
            let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Folder))?;
            count += page.objects.len();
            let Some(token) = page.next else { return Ok(count) };
            request.token = Some(token);
        }
    }
}
