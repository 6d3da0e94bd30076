//! The trash of a folder: its directory `Trash`. What is moved there is remembered with the path that
//! it came from, can be put back, and is removed for good after a while.
//!
//! A move copies before it removes. A *passage* in the bucket says that one is under way, and hides in
//! the trash what is at both places: a client finds each file at one of the two, whoever dies when.

mod at_once;
mod claim;
mod list;
mod passage;
mod place;
mod purge;
mod record;
mod restore;
mod settle;
mod sweep;
#[cfg(test)]
mod tests;
mod veil;

pub use list::{TrashPage, Trashed};
pub use place::TRASH;

#[cfg(test)]
pub(crate) use passage::PassageRecord;
pub(in crate::files) use place::{is_trash, trash};
#[cfg(test)]
pub(crate) use record::TrashedRecord;

use super::no_such_file;
use super::tree::{ConflictPolicy, Kind};
use crate::access::{Deletes, Folder};
use crate::error::{Error, Result, Subject};
use crate::id::JobId;
use crate::jobs::Underway;
use crate::path::FilePath;
use passage::Direction;

impl<A: Deletes> Folder<A> {
    /// Begins to move the file or directory at `path` into the trash, under a name with a number behind
    /// it where its own is taken. Goes on when the answer is dropped; its target is the path in the trash.
    ///
    /// A directory is there when this returns, as a rule. Otherwise and for a file, steps: the passage; the record, which takes the name and holds the origin; the move; the
    /// passage goes. A crash before the move leaves a name that nobody has, which the sweeper takes; a
    /// crash in it leaves each file at one of the two places, and the sweeper lets go of the passage.
    ///
    /// # Errors
    /// `NotFound` when nothing is there; `Invalid` for the trash and what is in it, and when a path would be
    /// too long; `Busy` when it is being moved to the trash by somebody else; `Conflict` when a file is
    /// called as the trash is.
    pub async fn trash(&self, path: &FilePath) -> Result<Underway> {
        if is_trash(path) {
            return Err(Error::invalid(Subject::File, format!("`{path}` is in the trash already")));
        }
        let to = trash().join(path.name())?;
        // One look is enough for a directory, whatever its size.
        if self.is_settled_directory(path).await? && self.moves_at_once(path, &to).await? {
            self.refuse_name(Kind::Directory, &to)?;
            return self.trash_at_once(path, &to).await;
        }
        let kind = self.kind_settled(path).await?.ok_or_else(|| no_such_file(path))?;
        self.refuse_name(kind, &to)?;
        let id = JobId::random(self.bucket().random());
        self.write_passage(self.passage(id, Direction::In, kind, path, Some(&to))).await?;
        match self.enter(id, kind, path, &to).await {
            Ok(underway) => Ok(underway),
            Err(error) => {
                self.drop_passage(id).await;
                Err(error)
            }
        }
    }

    /// The passage is written: whoever else wants the same sees it, as this sees theirs.
    async fn enter(&self, id: JobId, kind: Kind, path: &FilePath, to: &FilePath) -> Result<Underway> {
        self.make_way(path, Some(id)).await?;
        let to = self.claim_name(id, kind, path, to).await?;
        let plan = self.plan_by_file(path, &to, ConflictPolicy::Reject).await?;
        Ok(Underway::begin_as(id, self.bucket(), self.account(), plan))
    }

    fn refuse_name(&self, kind: Kind, to: &FilePath) -> Result<()> {
        match kind {
            Kind::File => to.check_new_file(),
            Kind::Directory => to.check_new_directory(),
        }
    }

    /// Begins to remove for good everything that is in the trash. `None` when there is nothing.
    ///
    /// # Errors
    /// `Busy` while something is being moved there or put back.
    pub async fn empty_trash(&self) -> Result<Option<Underway>> {
        let trash = place::root();
        match self.kind_at(&trash).await? {
            Some(Kind::Directory) => self.remove_tree(&trash).await.map(Some),
            Some(Kind::File) | None => Ok(None),
        }
    }
}
