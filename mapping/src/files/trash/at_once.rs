//! Moves directories into the trash and out of it at once, whatever their size (`crate::files::moves`). Nothing
//! is ever at both places then, so no passage has to say so.

use super::claim::{Names, Taken};
use super::record::TrashedRecord;
use crate::access::{Deletes, Folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::{ConflictPolicy, Existing, Kind, Plan, Work};
use crate::id::JobId;
use crate::jobs::Underway;
use crate::path::FilePath;

impl<A: Deletes> Folder<A> {
    /// Moves the directory at `path` into the trash, where its name is `to` or the next with a number that is
    /// free.
    ///
    /// Steps: its marker there takes the name; the record holds the origin; one write moves it. A crash before
    /// that leaves an empty directory in the trash.
    pub(super) async fn trash_at_once(&self, path: &FilePath, to: &FilePath) -> Result<Underway> {
        self.make_way(path, None).await?;
        self.look_above(to).await?;
        let id = JobId::random(self.bucket().random());
        let to = self.take_name(id, path, to).await?;
        let moved = self.move_at_once_as(id, Plan::relocation(self.id(), path, &to)).await;
        if moved.as_ref().is_err_and(|error| error.kind() != ErrorKind::Unavailable) {
            // Its marker is taken back already.
            if let Err(error) = self.forget_if_gone(&to).await {
                tracing::debug!(folder.id = %self.id(), %error, "a record of the trash stays for the sweeper");
            }
        }
        moved
    }

    /// Takes `to`, or the next of its names that is free, by a marker, and notes the origin.
    async fn take_name(&self, id: JobId, from: &FilePath, to: &FilePath) -> Result<FilePath> {
        let mut names = Names::new(from, to, Kind::Directory);
        loop {
            let name = self.next_name(&mut names).await?;
            match self.put_marker(&name).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(()) if self.note_origin(id, from, &name, Taken::ByMarker).await? => return Ok(name),
                Ok(()) => self.unmake_directory(&name).await,
            }
        }
    }

    /// Whether the directory at `path` of the trash can be put back to `to` at once.
    pub(super) async fn comes_back_at_once(
        &self,
        path: &FilePath,
        to: &FilePath,
        policy: ConflictPolicy,
    ) -> Result<bool> {
        if !self.moves_at_once(path, to).await? {
            return Ok(false);
        }
        Ok(policy == ConflictPolicy::Rename || self.kind_at(to).await?.is_none())
    }

    /// Puts the directory at `path` back to `to`.
    ///
    /// Steps: the record of its entry is taken, so that nobody else removes what goes; a marker takes the name;
    /// one write moves it; the record goes. A crash leaves it in the trash, or where it is to be.
    pub(super) async fn restore_at_once(
        &self,
        (path, to): (&FilePath, &FilePath),
        (entry, record): (&FilePath, Option<TrashedRecord>),
        policy: ConflictPolicy,
    ) -> Result<Underway> {
        self.make_way(path, None).await?;
        let id = JobId::random(self.bucket().random());
        if let Some(record) = record {
            self.take_in_hand(id, entry, &record).await?;
        }
        let plan = self.plan(Work::Move, path, to, policy).await?;
        if plan.work != Work::Relocate {
            let made = plan.target.as_ref().is_some_and(|target| target.existing == Existing::Keep);
            if let Some(made) = plan.target_path().filter(|_| made) {
                self.unmake_directory(made).await;
            }
            let message = format!("`{to}` was taken in this moment: try again");
            return Err(Error::new(ErrorKind::Busy, Subject::File, message));
        }
        let moved = self.move_at_once_as(id, plan).await?;
        if let Err(error) = self.forget_if_gone(path).await {
            tracing::debug!(folder.id = %self.id(), %error, "a record of the trash stays for the sweeper");
        }
        Ok(moved)
    }
}
