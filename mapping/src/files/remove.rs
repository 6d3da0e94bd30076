//! Removes files and directory trees.

use super::tree::Progress;
use super::{CONFLICT_PAUSE, CONFLICTS, is_a_directory, no_such_file};
use crate::access::{Deletes, Folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::path::FilePath;
use crate::store::{Condition, StoreErrorKind};
use crate::usage::{Charge, Charged};

/// How many failures are told one by one; more are only counted.
pub(super) const MOST_FAILURES: usize = 100;

/// How much a removal takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A file, nothing else.
    File,
    /// A file, or a directory with everything in it.
    Tree,
}

/// What a removal did.
#[must_use = "some of it may have failed"]
#[derive(Debug, Default)]
pub struct Removed {
    /// Files that are gone.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many objects are still there because the store refused to remove them.
    pub failed: u64,
    /// The first hundred of those.
    pub failures: Vec<Failure>,
}

/// Something that could not be removed, copied or moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its path in the folder; a directory's marker ends in `/`.
    pub path: String,
    /// Why.
    pub message: String,
}

impl<A: Deletes> Folder<A> {
    /// Removes what is at `path`. The directory it was in stays.
    ///
    /// Steps: the usage learns that something goes; objects are removed, a thousand at a time; the
    /// directory above gets a marker if it became empty. A crash leaves: a count that was asked for
    /// in vain; a tree with some of its files gone, which the same request removes; an implied
    /// directory that vanished with its last entry.
    ///
    /// # Errors
    /// `NotFound` when nothing is there; `Conflict` for a directory under [`Depth::File`]. Objects
    /// of a tree that the store refused to remove are in the answer. (A large tree goes as a job, which
    /// is waited for: [`Folder::remove_tree`] says so instead.)
    pub async fn remove(&self, path: &FilePath, depth: Depth) -> Result<Removed> {
        self.refuse_under_way(path).await?;
        let began = self.bucket().clock().elapsed();
        let found = self.head_settled(path).await?;
        let removed = match found {
            Some(file) => {
                self.delete_file(path, Condition::Always, self.charge_removal().await?).await?;
                self.refuse_moved_since(began, path).await?;
                Removed { files: 1, bytes: file.size, ..Removed::default() }
            }
            None if !self.is_directory(path).await? => return Err(no_such_file(path)),
            None if depth == Depth::File => return Err(is_a_directory(ErrorKind::Conflict, path)),
            None => {
                let outcome = self.begin_removal(path).ended().await?;
                if outcome.cancelled {
                    let message = format!("the removal of `{path}` was stopped before its end: not all of it is gone");
                    return Err(Error::new(ErrorKind::Conflict, Subject::File, message));
                }
                return Ok(outcome.progress.into());
            }
        };
        self.keep_directory(&path.parent()).await;
        Ok(removed)
    }

    /// Charges something that goes; to be settled once it is gone.
    pub(super) async fn charge_removal(&self) -> Result<Charged> {
        self.bucket().ledger().charge(self.payer().await?, Charge::removal(), None).await
    }

    /// Deletes one file.
    pub(super) async fn delete_file(&self, path: &FilePath, condition: Condition, charged: Charged) -> Result<()> {
        let mut attempt = 1;
        loop {
            let Err(error) = self.bucket().store().delete(&self.key(path), condition.clone()).await else {
                charged.settle();
                return Ok(());
            };
            // The second sending of a conditional delete is refused once the first was done.
            let missing = error.kind() == StoreErrorKind::NotFound;
            if missing || error.is_unknown() || error.is_lost_race() {
                let Some(there) = self.head(path).await? else {
                    charged.settle();
                    return Ok(());
                };
                // A store that says 409 has done nothing, and wants to be asked again.
                let same = !matches!(&condition, Condition::Matches(etag) if *etag != there.etag);
                if error.kind() == StoreErrorKind::Conflict && same && attempt < CONFLICTS {
                    tokio::time::sleep(CONFLICT_PAUSE * attempt).await;
                    attempt += 1;
                    continue;
                }
            }
            if !error.is_unknown() {
                charged.cancel();
            }
            return Err(error.about(Subject::File));
        }
    }
}

impl From<Progress> for Removed {
    fn from(progress: Progress) -> Self {
        let Progress { done, failed, failures, .. } = progress;
        Self { files: done.files, bytes: done.bytes, failed, failures }
    }
}
