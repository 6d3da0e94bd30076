//! Folders as their accounts see them: made, listed, renamed, deleted.

mod bin;
mod clone;
mod create;
mod delete;
mod drain;
mod list;
mod names;
mod operate;
mod options;
mod rename;
#[cfg(test)]
mod tests;

pub use bin::BinnedFolder;
pub use create::NewFolder;
pub(crate) use names::{GivenUp, Left, Taken};
pub use operate::{FolderLimitsChange, FolderOverview, FolderOverviewPage, Setting};
pub use options::{FolderOptions, FolderOptionsChange, Purpose};

use crate::access::Permission;
use crate::clock::Timestamp;
use crate::id::{AccountId, FolderId};
use crate::name::FolderName;

/// A folder as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderInfo {
    /// Its id; the same for everybody.
    pub id: FolderId,
    /// What the account that asked calls it.
    pub name: FolderName,
    /// Whose it is.
    pub owner: AccountId,
    /// What the account that asked may do in it.
    pub permission: Permission,
    /// When it was made.
    pub created: Timestamp,
    /// What its owner says of its use.
    pub options: FolderOptions,
}
