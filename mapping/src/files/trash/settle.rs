//! Ends passages, forwards: what is at both places is removed where it came from. That is right whoever
//! else is at work on it, at the same time or later.

use super::passage::{Direction, PassageRecord};
use super::place::entry_of;
use super::veil::{is_at_both, under_way};
use crate::access::{Deletes, Folder};
use crate::error::{Result, Subject};
use crate::files::tree::Kind;
use crate::id::JobId;
use crate::key::{KeyPrefix, ObjectKey};
use crate::path::{DirPath, FilePath};
use crate::store::{Condition, ListRequest, StoreErrorKind};

impl<A: Deletes> Folder<A> {
    /// Refuses what somebody else has in hand at `path`, and ends what the dead left there. Their passages
    /// stay, for copies that may still be under way.
    pub(in crate::files) async fn make_way(&self, path: &FilePath, ours: Option<JobId>) -> Result<()> {
        let others = self.passages().await?.into_iter().filter(|passage| Some(passage.id) != ours);
        for passage in others.filter(|passage| passage.touches(path)) {
            if self.bucket().is_alive(&passage, self.bucket().settings().claim_grace).await? {
                return Err(under_way(&passage));
            }
            self.finish(&passage).await?;
        }
        Ok(())
    }

    /// Ends the passage of work that is over, if it had one. What does not come to an end stays hidden, and
    /// the sweeper tries again.
    pub(in crate::files) async fn end_passage(&self, id: JobId) -> Result<()> {
        let Some(passage) = self.read_passage(id).await? else { return Ok(()) };
        self.finish(&passage).await?;
        if passage.direction == Direction::Out {
            self.forget_if_gone(&passage.from).await?;
        }
        self.drop_passage(id).await;
        Ok(())
    }

    /// Removes at its source what is at both places.
    pub(super) async fn finish(&self, passage: &PassageRecord) -> Result<()> {
        let Some(to) = &passage.to else { return Ok(()) };
        if passage.kind == Kind::File {
            return self.finish_file(passage.id, &passage.from, to).await;
        }
        let prefix = KeyPrefix::directory(self.prefix(), &DirPath::at(passage.from.clone()));
        let mut request = ListRequest::all(prefix);
        loop {
            let page = self.bucket().store().list(request.clone()).await.map_err(|error| error.about(Subject::File))?;
            for from in page.objects.iter().filter_map(|listed| self.prefix().file_path(&listed.key)) {
                if let Some(to) = from.rebased(&passage.from, to) {
                    self.finish_file(passage.id, &from, &to).await?;
                }
            }
            let Some(token) = page.next else { return Ok(()) };
            request.token = Some(token);
        }
    }

    async fn finish_file(&self, id: JobId, from: &FilePath, to: &FilePath) -> Result<()> {
        // The copy first, so that the look at what is to go comes directly before it goes.
        let copy = self.head(to).await?;
        let source = self.head(from).await?;
        if !is_at_both(id, source.as_ref(), copy.as_ref()) {
            return Ok(());
        }
        let Some(source) = source else { return Ok(()) };
        let charged = self.charge_removal().await?;
        self.delete_file(from, Condition::Matches(source.etag), charged).await?;
        self.keep_directory(&from.parent()).await;
        Ok(())
    }

    /// Removes the record of an entry that is not in the trash any more.
    pub(super) async fn forget_if_gone(&self, path: &FilePath) -> Result<()> {
        let Some(entry) = entry_of(path).filter(|entry| entry == path) else { return Ok(()) };
        let Some((etag, _)) = self.trashed_record(&entry).read_object().await? else { return Ok(()) };
        if self.kind_at(&entry).await?.is_some() {
            return Ok(());
        }
        let key = ObjectKey::trashed(self.id(), entry.name());
        match self.bucket().store().delete(&key, Condition::Matches(etag)).await {
            // Somebody took the name over.
            Err(error) if error.is_lost_race() || error.kind() == StoreErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.about(Subject::File)),
            Ok(()) => Ok(()),
        }
    }
}
