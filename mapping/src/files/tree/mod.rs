//! Copies, moves and removes trees of any size, inside the store. Names are resolved once (`resolve`);
//! then the tree is gone through page by page (`walk`), in the request or as a job (`crate::jobs`).
//!
//! What is moved is copied first and removed after, page by page, so a crash leaves two copies of
//! some files and never none.

mod clear;
mod clone;
mod copy;
mod item;
mod leftovers;
mod look;
mod open;
mod pace;
mod plan;
mod policy;
mod relocate;
mod relocation;
mod resolve;
mod round;
mod tally;
mod walk;

pub use plan::{Place, Work};
pub use policy::{ConflictPolicy, Kind};
pub use tally::{Count, Progress};

pub(crate) use pace::{Pace, pause};
pub(crate) use plan::Plan;
pub(crate) use round::Round;
pub(crate) use tally::Position;
pub(crate) use walk::{Step, Walk};

pub(in crate::files) use plan::Existing;
pub(in crate::files) use plan::stamp;
pub(in crate::files) use policy::numbered;
pub(in crate::files) use resolve::Wish;

use super::{is_a_file, no_such_file};
use crate::access::{Deletes, Folder, Reads, Writes};
use crate::error::Result;
use crate::id::JobId;
use crate::jobs::Underway;
use crate::path::FilePath;

impl<A: Reads> Folder<A> {
    /// Begins to copy the file or directory at `from`, with content types and metadata, to `to` of
    /// `target`, which may be the same folder. Goes on when the answer is dropped.
    ///
    /// # Errors
    /// `NotFound` when nothing is at `from`; `AlreadyExists` under [`ConflictPolicy::Reject`];
    /// `Invalid` when it would be put onto or into itself, or a path would be too long; `Conflict` when
    /// a file is above `to`, or what is there is not of its kind. Nothing is copied then.
    pub async fn copy_to<B: Writes>(
        &self,
        from: &FilePath,
        target: &Folder<B>,
        to: &FilePath,
        policy: ConflictPolicy,
    ) -> Result<Underway> {
        self.refuse_under_way(from).await?;
        let plan = Wish { work: Work::Copy, source: self, from, target, to, policy }.resolve().await?;
        Ok(Underway::begin(self.bucket(), self.account(), plan))
    }
}

impl<A: Deletes> Folder<A> {
    /// Begins to move the file or directory at `from` to `to` of `target`. The directory it was in
    /// stays. Goes on when the answer is dropped.
    ///
    /// A directory that stays in its folder, and does not go into one that is there, is moved when this
    /// returns, whatever its size; its files are copied with nobody waiting.
    ///
    /// # Errors
    /// As [`Folder::copy_to`]. `Busy` also while what was moved before is on its way there, or from there.
    pub async fn move_to<B: Writes>(
        &self,
        from: &FilePath,
        target: &Folder<B>,
        to: &FilePath,
        policy: ConflictPolicy,
    ) -> Result<Underway> {
        self.refuse_under_way(from).await?;
        let plan = Wish { work: Work::Move, source: self, from, target, to, policy }.resolve().await?;
        match plan.work {
            Work::Relocate => {
                let under_way = self.make_way(from, None).await;
                if under_way.is_err() {
                    self.unmake_directory(plan.target_path().unwrap_or(to)).await;
                }
                under_way?;
                self.move_at_once(plan).await
            }
            Work::Copy | Work::Move | Work::Delete | Work::Clone => {
                Ok(Underway::begin(self.bucket(), self.account(), plan))
            }
        }
    }

    /// Begins to remove the directory at `path` with everything below it. The directory it was in
    /// stays. Goes on when the answer is dropped.
    ///
    /// # Errors
    /// `NotFound` when nothing is there; `Conflict` for a file.
    pub async fn remove_tree(&self, path: &FilePath) -> Result<Underway> {
        self.refuse_under_way(path).await?;
        match self.kind_settled(path).await? {
            None => Err(no_such_file(path)),
            Some(Kind::File) => Err(is_a_file(path)),
            Some(Kind::Directory) => Ok(self.begin_removal(path)),
        }
    }

    /// Begins to remove the directory at `path`, which is one.
    pub(super) fn begin_removal(&self, path: &FilePath) -> Underway {
        self.begin_removal_as(JobId::random(self.bucket().random()), path)
    }

    /// The same, as the work `id`.
    pub(super) fn begin_removal_as(&self, id: JobId, path: &FilePath) -> Underway {
        let source = Place::at(self.id(), path.clone());
        let plan = Plan { work: Work::Delete, kind: Kind::Directory, source, target: None };
        Underway::begin_as(id, self.bucket(), self.account(), plan)
    }
}
