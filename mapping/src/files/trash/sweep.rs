//! What the sweeper does in the trash: removes for good what has been there for long enough, ends what
//! the dead had in hand, and forgets what is not there any more.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::place::trash;
use super::record::TrashedRecord;
use crate::access::{Delete, Folder, FolderRef};
use crate::bucket::Bucket;
use crate::error::{Result, Subject};
use crate::id::{FolderId, JobId};
use crate::key::{KeyPrefix, ObjectKey};
use crate::manifest::Manifest;
use crate::records::{FolderRecord, FolderState};
use crate::store::{ListPage, ListRequest};
use crate::sweep::{Finding, Run, What};

/// What the control objects of a folder tell of its trash.
#[derive(Debug, Default)]
struct Told {
    passages: Vec<JobId>,
    /// Records, and how long ago each was last written.
    records: Vec<(ObjectKey, Duration)>,
}

impl Bucket {
    /// Looks at the trash of every folder.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer; the next sweep goes on.
    pub(crate) async fn sweep_trash(&self, run: &Run) -> Result<()> {
        let mut request = ListRequest::all(KeyPrefix::folders());
        loop {
            let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Folder))?;
            for (folder, told) in self.told(&page) {
                let swept = self.sweep_trash_of(run, folder, told).await;
                self.pass_over(&ObjectKey::folder(folder), swept)?;
            }
            let Some(token) = page.next else { return Ok(()) };
            request.token = Some(token);
        }
    }

    fn told(&self, page: &ListPage) -> BTreeMap<FolderId, Told> {
        let (now, mut found) = (self.clock().now(), BTreeMap::<FolderId, Told>::new());
        for listed in &page.objects {
            let Some(rest) = KeyPrefix::folders().rest(&listed.key) else { continue };
            let Some(folder) = rest.split('/').next().and_then(|id| id.parse().ok()) else { continue };
            if let Some(id) = KeyPrefix::passages(folder).rest(&listed.key) {
                found.entry(folder).or_default().passages.extend(id.parse::<JobId>());
            } else if KeyPrefix::trashed(folder).rest(&listed.key).is_some() {
                let age = now.since(listed.modified);
                found.entry(folder).or_default().records.push((listed.key.clone(), age));
            }
        }
        found
    }

    /// Acts as the folder's owner, who may do in it whatever is to be done.
    async fn sweep_trash_of(&self, run: &Run, id: FolderId, told: Told) -> Result<()> {
        let record = self.manifest::<FolderRecord>(ObjectKey::folder(id)).read().await?;
        let Some(record) = record.filter(|record| record.state == FolderState::Live) else { return Ok(()) };
        let owner = self.account(record.owner).await?;
        let folder = self.folder::<Delete>(&owner, &FolderRef::Id(id)).await?;
        for id in told.passages {
            let swept = folder.sweep_passage(run, id).await;
            self.pass_over(&ObjectKey::passage(folder.id(), id), swept)?;
        }
        let there = if told.records.is_empty() { HashSet::new() } else { folder.records_with_entries().await? };
        for (key, age) in told.records {
            let swept = match there.contains(&key) {
                true => folder.sweep_entry(run, &key, age).await,
                false => folder.sweep_trashed_record(run, &key, age).await,
            };
            self.pass_over(&key, swept)?;
        }
        Ok(())
    }

    /// Removes all that is known of the trash of a folder that is no more.
    pub(crate) async fn forget_trash(&self, folder: FolderId) -> Result<()> {
        for prefix in [KeyPrefix::trashed(folder), KeyPrefix::passages(folder)] {
            let mut request = ListRequest::all(prefix);
            loop {
                let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Folder))?;
                let keys: Vec<ObjectKey> = page.objects.into_iter().map(|listed| listed.key).collect();
                if !keys.is_empty() {
                    let stayed = self.store().delete_many(&keys).await.map_err(|error| error.about(Subject::Folder))?;
                    if let Some((_, error)) = stayed.into_iter().next() {
                        return Err(error.about(Subject::Folder));
                    }
                }
                let Some(token) = page.next else { break };
                request.token = Some(token);
            }
        }
        Ok(())
    }
}

impl Folder<Delete> {
    /// Ends a passage that nobody has in hand any more, once no copy of it can be under way.
    async fn sweep_passage(&self, run: &Run, id: JobId) -> Result<()> {
        let Some(passage) = self.read_passage(id).await? else { return Ok(()) };
        if self.bucket().is_alive(&passage, self.bucket().settings().late_writes).await? {
            return Ok(());
        }
        let age = self.bucket().clock().now().since(passage.since);
        let finding = Finding {
            what: What::Passage,
            place: ObjectKey::passage(self.id(), id).to_string(),
            reason: "who moved something into the trash or out of it has died",
            age: Some(age),
            objects: 1,
        };
        let work = async {
            match passage.to {
                None => self.go_on_removing(&passage).await?,
                Some(_) => self.end_passage(id).await?,
            }
            Ok(1)
        };
        run.settle(finding, work).await.map(drop)
    }

    /// Removes for good what has been in the trash for long enough; `age` is that of its record.
    async fn sweep_entry(&self, run: &Run, key: &ObjectKey, age: Duration) -> Result<()> {
        let Some(trash_for) = self.bucket().settings().trash_for.filter(|trash_for| age >= *trash_for) else {
            return Ok(());
        };
        let Some(record) = self.bucket().manifest::<TrashedRecord>(key.clone()).read().await? else { return Ok(()) };
        let age = self.bucket().clock().now().since(record.since);
        let Some(kind) = self.kind_at(&record.path).await?.filter(|_| age >= trash_for) else { return Ok(()) };
        let finding = Finding {
            what: What::Trash,
            place: self.key(&record.path).to_string(),
            reason: "it was in the trash for long enough",
            age: Some(age),
            objects: if run.is_dry() { self.count_entry(&record.path).await? } else { 0 },
        };
        run.settle(finding, self.purge(&record, kind)).await.map(drop)
    }

    /// Forgets where something came from that is not in the trash any more.
    async fn sweep_trashed_record(&self, run: &Run, key: &ObjectKey, age: Duration) -> Result<()> {
        if age < self.bucket().settings().late_writes {
            return Ok(());
        }
        let document: Manifest<TrashedRecord> = self.bucket().manifest(key.clone());
        let Some(record) = document.read().await? else { return Ok(()) };
        if self.read_passage(record.work).await?.is_some() || self.kind_at(&record.path).await?.is_some() {
            return Ok(());
        }
        let finding = Finding {
            what: What::TrashRecord,
            place: key.to_string(),
            reason: "what it tells of is not in the trash any more",
            age: Some(age),
            objects: 1,
        };
        run.settle(finding, async { self.forget_if_gone(&record.path).await.map(|()| 1) }).await.map(drop)
    }

    /// The keys of the records of everything that is in the trash.
    async fn records_with_entries(&self) -> Result<HashSet<ObjectKey>> {
        let prefix = KeyPrefix::directory(self.prefix(), &trash());
        let mut request = ListRequest { delimited: true, ..ListRequest::all(prefix) };
        let mut found = HashSet::new();
        loop {
            let page = self.bucket().store().list(request.clone()).await.map_err(|error| error.about(Subject::File))?;
            let files = page.objects.iter().filter_map(|listed| self.prefix().file_path(&listed.key));
            let directories = page.prefixes.iter().filter_map(|prefix| self.prefix().directory_path(prefix));
            found.extend(files.chain(directories).map(|path| ObjectKey::trashed(self.id(), path.name())));
            let Some(token) = page.next else { return Ok(found) };
            request.token = Some(token);
        }
    }
}
