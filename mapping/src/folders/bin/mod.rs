//! The bin of an account: its own folders that nobody can use any more and that are all there still, until
//! they are restored or purged (`docs/decisions/0012-folders-in-the-bin.md`).
//!
//! The folder's record says whether it is in the bin. The owner's names say what it was called.

mod enter;
mod list;
mod purge;
mod restore;
#[cfg(test)]
mod tests;

use crate::access::no_such_folder;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::folders::FolderOptions;
use crate::id::{AccountId, FolderId};
use crate::name::FolderName;

/// A folder in the bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinnedFolder {
    /// Its id.
    pub id: FolderId,
    /// What its owner called it. Several can have had the same name.
    pub name: FolderName,
    /// Whose it is: nobody else can restore or purge it.
    pub owner: AccountId,
    /// When it was made.
    pub created: Timestamp,
    /// What its owner says of its use.
    pub options: FolderOptions,
    /// Since when it is in the bin.
    pub since: Timestamp,
}

/// A document that is not there is a folder that is not there.
fn as_folder(error: Error) -> Error {
    if error.kind() == ErrorKind::NotFound { no_such_folder() } else { error }
}
