//! Directories that are moved at once, whatever their size. One write of the folder's record says that
//! what lies at `from` is at `to`; from then on everybody finds it there, and a job brings the files after.
//!
//! While it does, a path below `to` may lie at its new key or still at its old one ([`Lies`]): who reads
//! looks at the new, the old, and the new again; who lists takes the old entries first, so that what
//! is brought in between is in the second look; who writes writes to the new key, for the job only copies
//! where nothing is. A path below `from` is gone, and is not free before the job has come to its end. Removing
//! and moving around either place waits (`docs/decisions/0010-moves-at-once.md`).

mod begin;
mod end;
mod list;
#[cfg(test)]
mod tests;
mod vouch;
mod wait;

pub(in crate::files) use list::token_of_one;
pub(crate) use vouch::FIRST_LONGEST_PATH;

use std::sync::Arc;
use std::time::Duration;

use crate::access::{Folder, Reads, no_such_folder};
use crate::bucket::{Bucket, Settings};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::key::ObjectKey;
use crate::path::FilePath;
use crate::records::{FolderRecord, MoveStage, PendingMove};

/// Where what a client calls a path lies in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::files) enum Lies {
    /// Where it says.
    Here,
    /// Where it says, or still where this says.
    HereOrAt(FilePath),
    /// Nowhere: it was moved away.
    Away,
}

impl Settings {
    /// How long after a move is written others may still go by what was before.
    pub(in crate::files) fn moves_known_after(&self) -> Duration {
        self.cache_for + self.opened_for * 2
    }
}

impl Bucket {
    /// Whether a request that began then, by the clock that only goes on, may not know where directories are now.
    fn is_long_ago(&self, began: Duration) -> bool {
        self.clock().elapsed().saturating_sub(began) >= self.settings().opened_for
    }
}

impl PendingMove {
    /// Whether it begins or ends at `path`, above or below it.
    fn touches(&self, path: &FilePath) -> bool {
        self.from.overlaps(path) || self.to.overlaps(path)
    }
}

impl FolderRecord {
    pub(in crate::files) fn lies(&self, path: &FilePath) -> Lies {
        for pending in &self.moves {
            if path.is_within(&pending.from) {
                return Lies::Away;
            }
            // One that would be longer than a path can be never was at the old place.
            if let (MoveStage::Following, Some(old)) = (pending.stage, path.rebased(&pending.to, &pending.from)) {
                return Lies::HereOrAt(old);
            }
        }
        Lies::Here
    }
}

impl<A> Folder<A> {
    /// The folder's record, as old as records may be.
    ///
    /// # Errors
    /// `NotFound` when there is none any more; `Unavailable`.
    pub(in crate::files) async fn view(&self) -> Result<Arc<FolderRecord>> {
        if self.is_as_stored() {
            return Ok(self.latest().0);
        }
        if let Some(kept) = self.bucket().caches().folders.get(&ObjectKey::folder(self.id())) {
            return Ok(kept);
        }
        let (record, since) = self.latest();
        if !self.bucket().is_long_ago(since) {
            return Ok(record);
        }
        self.view_afresh().await
    }

    /// The folder's record as it is now.
    pub(crate) async fn view_afresh(&self) -> Result<Arc<FolderRecord>> {
        let asked = self.bucket().clock().elapsed();
        let record = self.bucket().manifest::<FolderRecord>(ObjectKey::folder(self.id())).read().await?;
        let record = Arc::new(record.ok_or_else(no_such_folder)?);
        self.learn(&record, asked);
        Ok(record)
    }

    /// Makes sure that nothing is believed of where directories are that was so before now.
    pub(in crate::files) async fn look_afresh(&self) -> Result<()> {
        if self.is_as_stored() { Ok(()) } else { self.view_afresh().await.map(drop) }
    }

    /// Whether directories have moved since `believed`, where `error` says that nothing is there: that is
    /// never said by what was true a moment ago.
    pub(in crate::files) async fn is_news(&self, believed: &FolderRecord, error: &Error) -> Result<bool> {
        if error.kind() != ErrorKind::NotFound || error.subject() != Subject::File {
            return Ok(false);
        }
        self.has_moved_since(believed).await
    }

    /// Whether directories have moved since `believed`.
    pub(in crate::files) async fn has_moved_since(&self, believed: &FolderRecord) -> Result<bool> {
        Ok(!self.is_as_stored() && self.view_afresh().await?.moves != believed.moves)
    }
}

impl<A: Reads> Folder<A> {
    /// The keys at which the file at `path` may be, to be looked at in this order.
    pub(in crate::files) async fn keys(&self, path: &FilePath) -> Result<Vec<ObjectKey>> {
        Ok(match self.view().await?.lies(path) {
            Lies::Here => vec![self.key(path)],
            Lies::HereOrAt(old) => vec![self.key(path), self.key(&old), self.key(path)],
            Lies::Away => Vec::new(),
        })
    }
}
