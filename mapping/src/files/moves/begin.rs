//! Moves a directory for all who look.

use super::wait::busy;
use crate::access::{Deletes, Folder, Permission, Writes, no_such_folder, too_little};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::{Plan, Work};
use crate::id::JobId;
use crate::jobs::Underway;
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::path::FilePath;
use crate::records::{FolderRecord, MoveStage, PendingMove};
use crate::store::Condition;

impl<A: Writes> Folder<A> {
    /// Whether the directory `from` can be moved to `to` at once, as far as is known. Others are moved file
    /// by file.
    pub(in crate::files) async fn moves_at_once(&self, from: &FilePath, to: &FilePath) -> Result<bool> {
        let record = self.view().await?;
        Ok(record.moves.len() < self.bucket().settings().most_moves && record.has_room_to_move(from, to))
    }
}

impl<A: Deletes> Folder<A> {
    /// Moves a directory by the plan `relocation`, to where its marker was made just now.
    ///
    /// One write moves it. Then, with nobody waiting, a job brings the files (`crate::files::tree::relocate`). A
    /// crash before that write leaves an empty directory; after it, whoever opens the folder finds the move
    /// and sees to it that there is a job.
    ///
    /// # Errors
    /// `Busy` when something there is on its way already; `Forbidden` and `NotFound` when the permission ended;
    /// `Unavailable`: it may have been moved. Otherwise nothing was.
    pub(in crate::files) async fn move_at_once(&self, relocation: Plan) -> Result<Underway> {
        self.move_at_once_as(JobId::random(self.bucket().random()), relocation).await
    }

    /// The same, as the work `id`.
    pub(in crate::files) async fn move_at_once_as(&self, id: JobId, relocation: Plan) -> Result<Underway> {
        debug_assert_eq!(relocation.work, Work::Relocate);
        let (from, Some(to)) = (relocation.source_path()?, relocation.target_path()) else {
            return Err(Error::internal(Subject::Job, "a move without a target"));
        };
        match self.enter_move(id, from, to).await {
            Ok(()) => Ok(Underway::moved(id, self.bucket(), self.account(), relocation)),
            // It may have been moved, or may yet be: whoever finds it so makes the job.
            Err(error) if error.kind() == ErrorKind::Unavailable => Err(error),
            Err(error) => {
                self.unmake_directory(to).await;
                Err(error)
            }
        }
    }

    async fn enter_move(&self, id: JobId, from: &FilePath, to: &FilePath) -> Result<()> {
        let (account, since) = (self.account().id, self.bucket().clock().now());
        let most = self.bucket().settings().most_moves;
        let enter = |record: &mut FolderRecord| {
            if record.moves.iter().any(|pending| pending.id == id) {
                return Ok(Change::Keep(record.clone()));
            }
            match record.permission(account) {
                Some(permission) if permission >= Permission::Delete => {}
                Some(_) => return Err(too_little(Permission::Delete)),
                None => return Err(no_such_folder()),
            }
            if let Some(other) = record.in_the_way_of(from).or_else(|| record.in_the_way_of(to)) {
                return Err(busy(other));
            }
            if record.moves.len() >= most || !record.has_room_to_move(from, to) {
                return Err(full());
            }
            let (from, to, stage) = (from.clone(), to.clone(), MoveStage::Following);
            record.moves_made += 1;
            record.moves.push(PendingMove { id, account, from, to, stage, since });
            Ok(Change::Save(record.clone()))
        };
        let asked = self.bucket().clock().elapsed();
        let record = self.bucket().manifest(ObjectKey::folder(self.id())).update(enter).await?;
        self.learn(&record.into(), asked);
        Ok(())
    }

    /// Takes a marker back that was made for nothing.
    pub(in crate::files) async fn unmake_directory(&self, path: &FilePath) {
        let key = ObjectKey::marker(self.prefix(), path);
        if let Err(error) = self.bucket().store().delete(&key, Condition::Always).await {
            tracing::debug!(folder.id = %self.id(), %error, "an empty directory stays where nothing was moved to");
        }
    }
}

fn full() -> Error {
    let message = "too many directories of this folder are on their way: try again in a moment";
    Error::new(ErrorKind::Busy, Subject::File, message)
}
