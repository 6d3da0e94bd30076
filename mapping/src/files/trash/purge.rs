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
    /// the passage goes. After a crash the sweeper goes on where it was. Whatever takes long comes before the
    /// passage, or is a job: so others know by its age whether somebody is at work.
    pub(super) async fn purge(&self, seen: &TrashedRecord, kind: Kind) -> Result<usize> {
        if !self.is_settled(&seen.path).await? {
            return Ok(0);
        }
        let objects = self.count_entry(&seen.path).await?;
        let id = JobId::random(self.bucket().random());
        self.write_passage(self.passage(id, Direction::Away, kind, &seen.path, None)).await?;
        let taken = match self.make_way(&seen.path, Some(id)).await {
            Ok(()) => self.take_in_hand(id, &seen.path, seen).await,
            refused => refused,
        };
        if let Err(error) = taken {
            self.drop_passage(id).await;
            return if matches!(error.kind(), ErrorKind::Busy | ErrorKind::NotFound) { Ok(0) } else { Err(error) };
        }
        self.remove_entry(id, &seen.path).await?;
        self.forget_if_gone(&seen.path).await?;
        self.drop_passage(id).await;
        Ok(objects)
    }

    /// Goes on with a passage away whose process died, as a purge of its own: so of this and of one who puts
    /// the entry back meanwhile, one gets the record.
    pub(super) async fn go_on_removing(&self, passage: &PassageRecord) -> Result<()> {
        let path = &passage.from;
        let record = self.trashed_record(path).read().await?;
        // Otherwise it was not taken in hand before its process died, and others may have it.
        if let Some(record) = record.filter(|record| record.work == passage.id) {
            match self.kind_at(path).await? {
                Some(kind) => drop(self.purge(&record, kind).await?),
                None => self.forget_if_gone(path).await?,
            }
        }
        self.drop_passage(passage.id).await;
        Ok(())
    }

    async fn remove_entry(&self, id: JobId, path: &FilePath) -> Result<()> {
        match self.kind_at(path).await? {
            None => return Ok(()),
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
        Ok(())
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
