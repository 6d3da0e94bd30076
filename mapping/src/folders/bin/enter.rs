//! Into the bin.

use crate::access::{Folder, Manage};
use crate::error::Result;
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::records::{FolderRecord, FolderState, NamesRecord};

use super::as_folder;
use crate::folders::Left;

impl Folder<Manage> {
    /// Moves the folder into the bin of its owner: from now on nobody finds it but he, there.
    ///
    /// Two writes; a crash after the first, which is the move, leaves a name that leads to a folder in the
    /// bin: the name is free to be taken, whoever looks into the bin finds the folder there, and the sweeper
    /// does the second: the name goes, and the folder onto the list of what is in the bin.
    ///
    /// # Errors
    /// `NotFound` when somebody else was faster; `Forbidden` when it cannot be managed any more;
    /// `Unavailable`: it may have been moved.
    pub async fn move_to_bin(&self) -> Result<()> {
        let (bucket, id, me) = (self.bucket(), self.id(), self.account().id);
        let since = bucket.clock().now();
        let enter = |record: &mut FolderRecord| {
            record.check_manager(me)?;
            record.state = FolderState::Binned;
            record.binned = Some(since);
            record.epoch += 1;
            Ok(Change::Save((record.epoch, record.label.clone())))
        };
        let (epoch, label) = bucket.manifest(ObjectKey::folder(id)).update(enter).await.map_err(as_folder)?;
        let list = |names: &mut NamesRecord| {
            match names.entry_of(id) {
                Some((name, entry)) if entry.epoch < epoch => names.give_up(&name, Left::Binned(since), since),
                // It was restored in between.
                Some(_) => return Ok(Change::Keep(())),
                None if names.knows_without_name(id) => return Ok(Change::Keep(())),
                // Its name was lost.
                None => names.list_in_bin(id, label.clone(), since),
            }
            Ok(Change::Save(()))
        };
        if let Err(error) = bucket.names(self.record().owner).update(list).await {
            tracing::warn!(folder.id = %id, error = &error as &dyn std::error::Error, "a name stayed of a folder in the bin");
        }
        Ok(())
    }
}
