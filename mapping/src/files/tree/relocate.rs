//! Brings the files of a directory to where it was moved at once (`crate::files::moves`). Everybody finds
//! them there already, so nothing of this is seen, and it does not end before all of it is done.
//!
//! Each key goes by itself, whatever its name: copied where nothing is, then removed at its old place. What
//! somebody wrote at its new place meanwhile counts, and the old one goes.

use std::sync::atomic::Ordering;

use futures::{StreamExt, stream};

use super::clear::is_marker;
use super::pace::{MOST_AT_ONCE, pause};
use super::plan::{Made, made, stamp};
use super::tally::{Count, Position, Progress};
use super::walk::{Step, Walk};
use crate::access::{Delete, Folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::STAMP;
use crate::files::remove::Failure;
use crate::files::write::{bears, stamped};
use crate::key::{KeyPrefix, ObjectKey};
use crate::path::{DirPath, FilePath};
use crate::records::{MoveStage, PendingMove};
use crate::store::{Condition, CopyRequest, Listed, ObjectMeta, StoreErrorKind};

/// How often a file or its new place may change under a copy.
const ROUNDS: u32 = 8;

/// What became of one key.
enum End {
    /// It is at its new place.
    Brought,
    Gone,
    Left,
    Failed(Failure),
}

impl Walk {
    /// Some others may have begun before this.
    pub(crate) fn is_taken_over(&self) {
        self.relocation.whole.store(false, Ordering::SeqCst);
    }

    /// Brings a page, or ends the move. A crash anywhere leaves each file at its new key, at its old one, or the
    /// same at both.
    pub(super) async fn relocate_step(&self, position: &mut Position) -> Result<Step> {
        let Some((folder, pending)) = self.bucket.pending_move(self.plan.source.folder, self.id).await? else {
            return Ok(Step::Over);
        };
        if !self.relocation.begun.load(Ordering::SeqCst) {
            // From here on nobody writes to the old place, and no count that is under way is taken.
            if !self.wait_for_news().await {
                return Ok(Step::Stopped);
            }
            self.bucket.ledger().drop_counts(folder.id()).await?;
            self.keep_parent(&folder, &pending).await?;
            self.relocation.begun.store(true, Ordering::SeqCst);
        }
        match pending.stage {
            MoveStage::Following => self.bring_page(&folder, &pending, position).await,
            MoveStage::Followed => self.end_relocation(&folder).await,
        }
    }

    /// The directory above stays when all has left it.
    async fn keep_parent(&self, folder: &Folder<Delete>, pending: &PendingMove) -> Result<()> {
        let parent = pending.from.parent();
        match parent.path() {
            Some(parent) => self.bring_marker(folder, &ObjectKey::marker(folder.prefix(), parent)).await.map(drop),
            None => Ok(()),
        }
    }

    /// Waits until every replica knows of what is written by now; `false` when it is to stop.
    async fn wait_for_news(&self) -> bool {
        let wait = tokio::time::sleep(self.bucket.settings().moves_known_after());
        self.stop.run_until_cancelled(wait).await.is_some()
    }

    async fn bring_page(
        &self,
        folder: &Folder<Delete>,
        pending: &PendingMove,
        position: &mut Position,
    ) -> Result<Step> {
        let below = |path: &FilePath| KeyPrefix::directory(folder.prefix(), &DirPath::at(path.clone()));
        let (from, to) = (below(&pending.from), below(&pending.to));
        let page = self.look(folder, position.cursor.as_deref()).await?;
        if page.objects.is_empty() && page.next.is_none() && position.cursor.is_none() {
            return self.note_followed(folder).await;
        }
        self.relocation.come_across(&page.objects, position.cursor.is_none());
        let brought = page.objects.iter().map(|listed| self.bring(folder, listed, listed.key.rebased(&from, &to)));
        let mut ends = stream::iter(brought.collect::<Vec<_>>()).buffer_unordered(MOST_AT_ONCE as usize);
        let (mut there, mut progress, mut stopped) = (Vec::new(), Progress::default(), false);
        while let Some((listed, end)) = ends.next().await {
            match end {
                End::Brought => there.push(listed),
                End::Gone => {}
                End::Left => stopped = true,
                End::Failed(failure) => progress.fail(failure),
            }
        }
        drop(ends);
        let cleared = self.clear(folder, position.cursor.as_deref(), &there).await?;
        progress.add(Progress { found: cleared.done, ..cleared });
        if stopped {
            position.progress.add(progress);
            return Ok(Step::Stopped);
        }
        self.after_page(folder, page.next, progress, position).await
    }

    /// What stayed is tried again in the next pass, for ever: it is where it was moved to for everybody.
    ///
    /// A store that goes on showing directories which were removed (SeaweedFS does) shows nothing else in the
    /// second pass: that is the end.
    async fn after_page(
        &self,
        folder: &Folder<Delete>,
        next: Option<String>,
        progress: Progress,
        position: &mut Position,
    ) -> Result<Step> {
        let nothing_went = progress.done == Count::default();
        position.progress.add(progress);
        position.cursor = next;
        if position.cursor.is_none() {
            position.pass += 1;
            let only_directories = *self.relocation.files() == Some(0) && position.progress.failed == 0;
            if position.pass > 1 && (only_directories || self.relocation.is_all_too_long(position)) {
                return self.note_followed(folder).await;
            }
            if nothing_went {
                self.rest(position.pass).await;
            }
            position.progress.forget_failures();
        }
        Ok(if self.stop.is_cancelled() { Step::Stopped } else { Step::More })
    }

    async fn rest(&self, pass: u32) {
        let pause = tokio::time::sleep(pause(self.bucket.random(), pass.min(16)));
        self.stop.run_until_cancelled(pause).await;
    }

    async fn note_followed(&self, folder: &Folder<Delete>) -> Result<Step> {
        self.remove_leftovers(folder, self.plan.source_path()?).await?;
        // A count that began meanwhile has seen some files twice.
        folder.charge_removal().await?.settle();
        self.bucket.note_followed(folder.id(), self.id).await?;
        Ok(Step::More)
    }

    /// The old place is free once every replica knows that nothing is to be looked for there.
    async fn end_relocation(&self, folder: &Folder<Delete>) -> Result<Step> {
        if !self.wait_for_news().await {
            return Ok(Step::Stopped);
        }
        self.bucket.end_move(folder.id(), self.id, self.relocation.longest()).await?;
        Ok(Step::Over)
    }

    async fn bring<'p>(&self, folder: &Folder<Delete>, listed: &'p Listed, to: Option<ObjectKey>) -> (&'p Listed, End) {
        if self.stop.is_cancelled() {
            return (listed, End::Left);
        }
        let brought = match &to {
            None => {
                self.relocation.too_long.fetch_add(1, Ordering::SeqCst);
                Err(Error::invalid(Subject::File, "its name is too long for its new place"))
            }
            Some(to) if is_marker(listed) => self.bring_marker(folder, to).await,
            Some(to) => self.bring_file(&listed.key, to).await,
        };
        let end = match brought {
            Ok(true) => End::Brought,
            Ok(false) => End::Gone,
            Err(error) => {
                tracing::debug!(job.id = %self.id, key = %listed.key, error = &error as &dyn std::error::Error,
                    "something does not follow its directory yet");
                let path = KeyPrefix::folder(folder.prefix()).rest(&listed.key).unwrap_or_default().to_owned();
                End::Failed(Failure { path, message: error.message().to_owned() })
            }
        };
        if let (End::Brought, Some(to)) = (&end, &to) {
            let length = KeyPrefix::folder(folder.prefix()).rest(to).map_or(0, str::len);
            self.relocation.longest.fetch_max(length, Ordering::SeqCst);
        }
        (listed, end)
    }

    async fn bring_marker(&self, folder: &Folder<Delete>, to: &ObjectKey) -> Result<bool> {
        match self.patiently(|| folder.put_marker_at(to)).await {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(true),
        }
    }

    /// Copies a file unless something newer is at its new place; `false` when it is gone.
    async fn bring_file(&self, from: &ObjectKey, to: &ObjectKey) -> Result<bool> {
        let mut condition = Condition::Absent;
        for _ in 0..ROUNDS {
            let Some(source) = self.meta(from).await? else { return Ok(false) };
            if self.copy_once(from, &source, to, condition).await? {
                return Ok(true);
            }
            condition = match self.meta(to).await? {
                None => Condition::Absent,
                Some(there) => match made(there.metadata.get(STAMP).map(String::as_str), self.id, &source) {
                    Made::Now | Made::Elsewhere => return Ok(true),
                    Made::Before => Condition::Matches(there.etag),
                },
            };
        }
        Err(Error::new(ErrorKind::Conflict, Subject::File, format!("`{from}` is changed all the time")))
    }

    /// Whether the copy is there now; otherwise something has changed, here or there.
    async fn copy_once(
        &self,
        from: &ObjectKey,
        source: &ObjectMeta,
        to: &ObjectKey,
        condition: Condition,
    ) -> Result<bool> {
        let stamp = stamp(self.id, source);
        let request = CopyRequest {
            from: from.clone(),
            from_etag: Some(source.etag.clone()),
            to: to.clone(),
            size: source.size,
            attributes: stamped(&stamp, source.content_type.clone(), source.metadata.clone()),
        };
        let copy = || async {
            match self.bucket.store().copy(request.clone(), condition.clone()).await {
                Ok(_) => Ok(true),
                Err(error) if error.is_lost_race() || error.kind() == StoreErrorKind::NotFound => Ok(false),
                Err(error) if error.is_unknown() && self.meta(to).await?.is_some_and(|there| bears(&there, &stamp)) => {
                    Ok(true)
                }
                Err(error) => Err(error.about(Subject::File)),
            }
        };
        self.patiently(copy).await
    }

    async fn meta(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>> {
        let look = || async {
            match self.bucket.store().head(key).await {
                Ok(meta) => Ok(Some(meta)),
                Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(None),
                Err(error) => Err(error.about(Subject::File)),
            }
        };
        self.patiently(look).await
    }
}
