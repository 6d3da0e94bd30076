//! Removes for good what has been in the trash for long enough.

use super::passage::{Direction, PassageRecord};
use super::record::TrashedRecord;
use crate::access::{Delete, Folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::Kind;
use crate::id::JobId;
use crate::key::KeyPrefix;
use crate::path::{DirPath, FilePath};
use crate::store::{Condition, ListRequest};

impl Folder<Delete> {
    /// Removes the entry of `record`, which was `seen` so; answers how many objects that were. None, when
    /// somebody else has it in hand.
    ///
    /// Steps: the passage; the record, which is taken so that nobody puts back what goes; the data; the record;
    /// the passage goes. After a crash the sweeper goes on where it was.
    pub(super) async fn purge(&self, seen: &TrashedRecord, kind: Kind) -> Result<usize> {
        let id = JobId::random(self.bucket().random());
        let passage = self.passage(id, Direction::Away, kind, &seen.path, None);
        self.write_passage(passage.clone()).await?;
        let taken = match self.make_way(&seen.path, Some(id)).await {
            Ok(()) => self.take_in_hand(id, &seen.path, seen).await,
            refused => refused,
        };
        match taken {
            Ok(()) => self.remove_for_good(&passage).await,
            Err(error) => {
                self.drop_passage(id).await;
                if matches!(error.kind(), ErrorKind::Busy | ErrorKind::NotFound) { Ok(0) } else { Err(error) }
            }
        }
    }

    /// Goes on with a passage away: the data, the record, the passage.
    pub(super) async fn remove_for_good(&self, passage: &PassageRecord) -> Result<usize> {
        let path = &passage.from;
        let record = self.trashed_record(path).read().await?;
        // Otherwise it was not taken in hand before its process died, and others may have it.
        let removed = if record.is_some_and(|record| record.work == passage.id) {
            let removed = self.remove_entry(passage.id, path).await?;
            self.forget_if_gone(path).await?;
            removed
        } else {
            0
        };
        self.drop_passage(passage.id).await;
        Ok(removed)
    }

    async fn remove_entry(&self, id: JobId, path: &FilePath) -> Result<usize> {
        let objects = self.count_entry(path).await?;
        match self.kind_at(path).await? {
            None => return Ok(0),
            Some(Kind::File) => self.delete_file(path, Condition::Always, self.charge_removal().await?).await?,
            Some(Kind::Directory) => {
                let progress = self.begin_removal_as(id, path).ended().await?.progress;
                if progress.failed > 0 {
                    let message = format!("{} things of `{path}` could not be removed", progress.failed);
                    return Err(Error::new(ErrorKind::Conflict, Subject::File, message));
                }
            }
        }
        self.keep_directory(&path.parent()).await;
        Ok(objects)
    }

    /// How many objects an entry is.
    pub(super) async fn count_entry(&self, path: &FilePath) -> Result<usize> {
        let file = usize::from(self.head(path).await?.is_some());
        let below = KeyPrefix::directory(self.prefix(), &DirPath::at(path.clone()));
        let (mut request, mut count) = (ListRequest::all(below), file);
        loop {
            let page = self.bucket().store().list(request.clone()).await.map_err(|error| error.about(Subject::File))?;
            count += page.objects.len();
            let Some(token) = page.next else { return Ok(count) };
            request.token = Some(token);
        }
    }
}
