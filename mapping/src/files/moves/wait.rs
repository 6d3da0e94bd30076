//! What has to wait until the files of a moved directory have followed.

use std::time::Duration;

use super::Lies;
use crate::access::{Folder, Reads, no_such_folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::Kind;
use crate::path::{DirPath, FilePath};
use crate::records::{FolderRecord, MoveStage, PendingMove};
use crate::store::{ObjectMeta, StoreErrorKind};

/// How often it is looked whether the wait is over.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl<A: Reads> Folder<A> {
    /// To be asked before something is written at `path`: what was moved away from there may not have
    /// gone yet, and would be taken for what is new.
    ///
    /// # Errors
    /// `Busy` when that takes long.
    pub(in crate::files) async fn wait_until_free(&self, path: &FilePath) -> Result<()> {
        self.wait_while(|record| record.moves.iter().find(|pending| path.is_within(&pending.from))).await
    }

    /// To be asked before what is at `path` is removed, moved or copied with all that is below it: what is
    /// on its way there, or from there, has to arrive first. What was moved away is nobody's to wait for.
    ///
    /// # Errors
    /// `Busy` when that takes long.
    pub(in crate::files) async fn wait_until_settled(&self, path: &FilePath) -> Result<()> {
        self.wait_while(|record| record.unsettled_at(path)).await
    }

    /// As [`Folder::head`], once what is there has arrived; never missing what moved a moment ago. A file that was
    /// written a moment ago may lie where a directory was moved that is not known here: what it took the place of
    /// would come back when it goes.
    pub(in crate::files) async fn head_settled(&self, path: &FilePath) -> Result<Option<ObjectMeta>> {
        loop {
            self.wait_until_settled(path).await?;
            let believed = self.view().await?;
            let found = self.head(path).await?;
            let is_certain = found.as_ref().is_some_and(|there| !self.is_young(there.modified));
            if is_certain || !self.has_moved_since(&believed).await? {
                return Ok(found);
            }
        }
    }

    /// As [`Folder::is_directory`], in the same way. What is there decides about all that is below it: so nothing
    /// of this is believed because it was so a moment ago.
    pub(in crate::files) async fn is_settled_directory(&self, path: &FilePath) -> Result<bool> {
        self.look_afresh().await?;
        self.wait_until_settled(path).await?;
        self.is_directory(path).await
    }

    /// As [`Folder::kind_at`], in the same way as [`Folder::is_settled_directory`].
    pub(in crate::files) async fn kind_settled(&self, path: &FilePath) -> Result<Option<Kind>> {
        self.look_afresh().await?;
        loop {
            self.wait_until_settled(path).await?;
            let believed = self.view().await?;
            let kind = self.kind_at(path).await?;
            if kind.is_some() || !self.has_moved_since(&believed).await? {
                return Ok(kind);
            }
        }
    }

    /// Whether nothing there is on its way.
    pub(in crate::files) async fn is_settled(&self, path: &FilePath) -> Result<bool> {
        Ok(self.view_afresh().await?.in_the_way_of(path).is_none())
    }

    async fn wait_while(&self, in_the_way: impl Fn(&FolderRecord) -> Option<&PendingMove>) -> Result<()> {
        let mut record = self.view().await?;
        let mut waited = Duration::ZERO;
        while let Some(pending) = in_the_way(&record) {
            if waited >= self.bucket().settings().wait_for_moves {
                return Err(busy(pending));
            }
            tokio::time::sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
            record = self.view_afresh().await?;
        }
        Ok(())
    }

    /// To be asked once something at `path` was removed by a request that began at `began`: one that took long
    /// may have come when its file had moved.
    ///
    /// # Errors
    /// `Conflict` then: nobody can tell whether it is gone.
    pub(in crate::files) async fn refuse_moved_since(&self, began: Duration, path: &FilePath) -> Result<()> {
        if !self.bucket().is_long_ago(began) || self.is_as_stored() {
            return Ok(());
        }
        if self.view_afresh().await?.lies(path) == Lies::Here {
            return Ok(());
        }
        let message = format!("`{path}` was moved while it was removed: look where it is now");
        Err(Error::new(ErrorKind::Conflict, Subject::File, message))
    }

    /// To be asked once something was written at `path` by a request that began at `began`: one that took long may
    /// have ended when its directory had moved. What is at an old key follows, which this waits for, unless it came
    /// after the last look: then it is seen when the old path is free, which this waits for as well.
    ///
    /// Who has waited long for a file to follow does not wait on: many follow, and it is seen meanwhile.
    ///
    /// # Errors
    /// `Busy` when that takes long, `Unavailable` when the store does not say: it is there all the same. `NotFound`
    /// when the folder is no more.
    pub(crate) async fn wait_if_moved_since(&self, began: Duration, path: &FilePath) -> Result<()> {
        if !self.bucket().is_long_ago(began) || self.is_as_stored() {
            return Ok(());
        }
        let mut waited = Duration::ZERO;
        loop {
            let record = self.view_afresh().await?;
            let Some(pending) = record.moves.iter().find(|pending| path.is_within(&pending.from)) else {
                return Ok(());
            };
            let is_following = pending.stage == MoveStage::Following;
            if is_following && !self.is_at_its_key(path).await? {
                return Ok(());
            }
            if waited >= self.bucket().settings().wait_for_moves {
                return if is_following { Ok(()) } else { Err(busy(pending)) };
            }
            tokio::time::sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
        }
    }

    async fn is_at_its_key(&self, path: &FilePath) -> Result<bool> {
        match self.bucket().store().head(&self.key(path)).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.about(Subject::File)),
        }
    }

    /// Whether something at, above or below `directory` is on its way there, or from there.
    pub(in crate::files) async fn is_on_its_way(&self, directory: &DirPath) -> Result<bool> {
        let record = self.view().await?;
        Ok(record.moves.iter().any(|pending| directory.path().is_none_or(|path| pending.touches(path))))
    }

    /// To be asked by work that goes on for long, between two of its steps.
    ///
    /// # Errors
    /// `Conflict` when `directory` was moved, or something above or below it; `NotFound` when the folder is no
    /// more, or nothing may be done in it any more: what was found in it since is not all there was.
    pub(in crate::files) async fn refuse_moved(&self, directory: &DirPath) -> Result<()> {
        let record = self.view_afresh().await?;
        record.permission(self.account().id).ok_or_else(no_such_folder)?;
        let in_the_way = match directory.path() {
            Some(path) => record.in_the_way_of(path),
            None => record.moves.first(),
        };
        let Some(pending) = in_the_way else { return Ok(()) };
        let message =
            format!("`{}` was moved to `{}` meanwhile: not all of it was gone through", pending.from, pending.to);
        Err(Error::new(ErrorKind::Conflict, Subject::File, message))
    }
}

impl FolderRecord {
    /// What has to come to its end before `path` can move, or something can move there.
    pub(super) fn in_the_way_of(&self, path: &FilePath) -> Option<&PendingMove> {
        let gone = self.moves.iter().find(|pending| path.is_within(&pending.from));
        gone.or_else(|| self.unsettled_at(path))
    }

    fn unsettled_at(&self, path: &FilePath) -> Option<&PendingMove> {
        if self.lies(path) == Lies::Away {
            return None;
        }
        self.moves.iter().find(|pending| match pending.stage {
            MoveStage::Following => pending.touches(path),
            // All that is at the new place is its own.
            MoveStage::Followed => pending.from.overlaps(path),
        })
    }
}

pub(super) fn busy(pending: &PendingMove) -> Error {
    let message = format!("`{}` is still on its way to `{}`: try again in a moment", pending.from, pending.to);
    Error::new(ErrorKind::Busy, Subject::File, message)
}
