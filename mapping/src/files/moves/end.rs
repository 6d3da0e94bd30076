//! The end of a move: nothing is at the old keys any more.

use std::sync::Arc;

use super::vouch::growth;
use crate::access::{Delete, Folder, no_such_folder};
use crate::bucket::Bucket;
use crate::error::{ErrorKind, Result};
use crate::id::{FolderId, JobId};
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::records::{FolderRecord, MoveStage, PendingMove};

impl Bucket {
    /// The folder with its files where they are stored, for whoever brings them after, and the move `id`; `None`
    /// when there is no such move any more, or no such folder. In the bin the work goes on, so that it is not
    /// missing when the folder comes back.
    ///
    /// Whoever moved the directory may have lost his permission since: it is moved all the same, so this
    /// acts as the folder's owner.
    pub(in crate::files) async fn pending_move(
        &self,
        folder: FolderId,
        id: JobId,
    ) -> Result<Option<(Folder<Delete>, PendingMove)>> {
        let opened = self.clock().elapsed();
        let record = self.manifest::<FolderRecord>(ObjectKey::folder(folder)).read().await?;
        let Some(record) = record.filter(FolderRecord::is_kept) else { return Ok(None) };
        let Some(pending) = record.moves.iter().find(|pending| pending.id == id).cloned() else { return Ok(None) };
        let owner = self.account(record.owner).await?;
        Ok(Some((Folder::as_stored(self, &owner, Arc::new(record), opened), pending)))
    }

    /// Notes that the old keys are looked at no more.
    pub(in crate::files) async fn note_followed(&self, folder: FolderId, id: JobId) -> Result<()> {
        self.change_folder(folder, |record| {
            let pending = record.moves.iter_mut().find(|pending| pending.id == id);
            let Some(pending) = pending.filter(|pending| pending.stage == MoveStage::Following) else {
                return Change::Keep(());
            };
            pending.stage = MoveStage::Followed;
            Change::Save(())
        })
        .await
    }

    /// Ends the move: the old path is free. `longest` is the longest path, in bytes, that was brought;
    /// `None` when nobody has seen them all.
    pub(in crate::files) async fn end_move(&self, folder: FolderId, id: JobId, longest: Option<usize>) -> Result<()> {
        self.change_folder(folder, |record| {
            let Some(at) = record.moves.iter().position(|pending| pending.id == id) else { return Change::Keep(()) };
            let ended = record.moves.remove(at);
            let bound = record.longest_path + growth(&ended.from, &ended.to);
            record.longest_path = record.longest_path.max(longest.unwrap_or(bound));
            Change::Save(())
        })
        .await
    }

    /// A folder that is no more needs no change.
    async fn change_folder(&self, folder: FolderId, change: impl Fn(&mut FolderRecord) -> Change<()>) -> Result<()> {
        let document = self.manifest(ObjectKey::folder(folder));
        let changed = document.update(
            |record: &mut FolderRecord| {
                if record.is_kept() { Ok(change(record)) } else { Err(no_such_folder()) }
            },
        );
        match changed.await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            answer => answer,
        }
    }
}
