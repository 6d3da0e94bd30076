//! Giving a folder another name.

use crate::access::{FolderRef, Read, no_such_folder};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::Result;
use crate::manifest::Change;
use crate::name::FolderName;
use crate::records::NamesRecord;

use super::names::Taken;

impl Bucket {
    /// Changes what this account calls a folder, its own or a joined one. Nobody else's name for
    /// it changes, and no data moves. One write: a crash leaves the old name or the new one.
    ///
    /// # Errors
    /// `NotFound`; `AlreadyExists` when another folder has the name; `Busy`; `Unavailable`: it may
    /// have been done.
    pub async fn rename_folder(&self, account: &Account, which: &FolderRef, name: FolderName) -> Result<()> {
        let folder = self.folder::<Read>(account, which).await?.id();
        let now = self.clock().now();
        let attempt = |names: &mut NamesRecord, dead| {
            let old = names.name_of(folder).cloned().ok_or_else(no_such_folder)?;
            if old == name {
                return Ok(Change::Keep(Taken::Yes));
            }
            let entry = names.entries[&old];
            let change = names.put(&name, entry, now, dead);
            if let Change::Save(Taken::Yes) = change {
                names.entries.remove(&old);
            }
            Ok(change)
        };
        self.take_name(account, &name, attempt).await
    }
}
