//! `.folderbridge/folders/<folder-id>/passages/<work-id>`: something is on its way into the trash, back
//! out of it, or away for good.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::access::Folder;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Result, Subject};
use crate::files::tree::Kind;
use crate::id::{AccountId, FolderId, JobId};
use crate::key::{KeyPrefix, ObjectKey};
use crate::manifest::{Change, Document, Manifest};
use crate::path::FilePath;
use crate::store::{Condition, ListRequest};

/// Passages read at one time.
const AT_ONCE: usize = 8;

/// Where something is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    /// Into the trash.
    In,
    /// Out of it.
    Out,
    /// Away for good, because its time is over.
    Away,
}

/// Something on its way. There from before the first copy until after the last removal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PassageRecord {
    /// The work that does it, and the job that this may become.
    pub(super) id: JobId,
    pub(super) account: AccountId,
    pub(super) direction: Direction,
    pub(super) kind: Kind,
    pub(super) from: FilePath,
    /// None when it goes away.
    pub(super) to: Option<FilePath>,
    pub(super) since: Timestamp,
}

impl PassageRecord {
    /// From where to where `path` goes, which lies in the trash; `None` for what does not pass.
    pub(super) fn way_of(&self, path: &FilePath) -> Option<(FilePath, FilePath)> {
        let to = self.to.as_ref()?;
        match self.direction {
            Direction::In => Some((path.rebased(to, &self.from)?, path.clone())),
            Direction::Out => Some((path.clone(), path.rebased(&self.from, to)?)),
            Direction::Away => None,
        }
    }

    /// Whether it begins or ends at `path`, below it or above it.
    pub(super) fn touches(&self, path: &FilePath) -> bool {
        self.from.overlaps(path) || self.to.as_ref().is_some_and(|to| to.overlaps(path))
    }
}

impl Document for PassageRecord {
    const KIND: &'static str = "passage";
    const SUBJECT: Subject = Subject::File;

    fn owner(&self) -> Option<AccountId> {
        Some(self.account)
    }

    fn state(&self) -> &'static str {
        "live"
    }
}

impl Bucket {
    pub(super) fn passage(&self, folder: FolderId, id: JobId) -> Manifest<PassageRecord> {
        self.manifest(ObjectKey::passage(folder, id))
    }

    /// Whether somebody may still be at work on it. Work that takes longer than the grace time is a job.
    pub(super) async fn is_alive(&self, passage: &PassageRecord, grace: Duration) -> Result<bool> {
        if self.clock().now().since(passage.since) < grace {
            return Ok(true);
        }
        self.is_running(passage.id).await
    }
}

impl<A> Folder<A> {
    pub(super) fn passage(
        &self,
        id: JobId,
        direction: Direction,
        kind: Kind,
        from: &FilePath,
        to: Option<&FilePath>,
    ) -> PassageRecord {
        let (account, since) = (self.account().id, self.bucket().clock().now());
        PassageRecord { id, account, direction, kind, from: from.clone(), to: to.cloned(), since }
    }

    /// Writes it, or where it leads to now.
    pub(super) async fn write_passage(&self, passage: PassageRecord) -> Result<()> {
        let document = self.bucket().passage(self.id(), passage.id);
        let write = |there: &mut PassageRecord| {
            there.to.clone_from(&passage.to);
            Ok(Change::Save(()))
        };
        document.upsert(passage.clone(), write).await
    }

    /// Everything in this folder that is on its way, as of now: one listing, mostly of nothing.
    pub(super) async fn passages(&self) -> Result<Vec<PassageRecord>> {
        let (prefix, mut found) = (KeyPrefix::passages(self.id()), Vec::new());
        let mut request = ListRequest::all(prefix.clone());
        loop {
            let page = self.bucket().store().list(request.clone()).await.map_err(|error| error.about(Subject::File))?;
            let ids = page.objects.iter().filter_map(|listed| prefix.rest(&listed.key)?.parse().ok());
            let reads: Vec<_> = ids.map(|id: JobId| self.read_passage(id)).collect();
            let read: Vec<Option<PassageRecord>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
            found.extend(read.into_iter().flatten());
            let Some(token) = page.next else { return Ok(found) };
            request.token = Some(token);
        }
    }

    pub(super) async fn read_passage(&self, id: JobId) -> Result<Option<PassageRecord>> {
        self.bucket().passage(self.id(), id).read().await
    }

    /// Removes it. Failing here undoes nothing: the sweeper does it.
    pub(super) async fn drop_passage(&self, id: JobId) {
        let key = ObjectKey::passage(self.id(), id);
        if let Err(error) = self.bucket().store().delete(&key, Condition::Always).await {
            tracing::debug!(folder.id = %self.id(), job.id = %id, %error, "a passage that is over stays for the sweeper");
        }
    }
}
