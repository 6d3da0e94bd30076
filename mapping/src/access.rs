//! Who may do what. A [`Folder`] is made here and nowhere else, so whoever holds one has been
//! asked for his permission.
//!
//! A folder opened for reading cannot be managed:
//!
//! ```compile_fail
//! async fn no(folder: mapping::access::Folder<mapping::access::Read>) {
//!     folder.delete().await.unwrap();
//! }
//! ```
//!
//! nor shared, and neither can one opened for writing:
//!
//! ```compile_fail
//! use mapping::access::{Folder, Permission, Write};
//! async fn no(folder: Folder<Write>, whom: mapping::id::AccountId) {
//!     folder.share(whom, Permission::Read).await.unwrap();
//! }
//! ```
//!
//! and one opened for managing can be both:
//!
//! ```
//! use mapping::access::{Folder, Manage, Permission};
//! async fn yes(folder: Folder<Manage>, whom: mapping::id::AccountId) -> mapping::Result<()> {
//!     folder.share(whom, Permission::Read).await?;
//!     folder.delete().await
//! }
//! ```
//!
//! Nobody makes a permission of his own:
//!
//! ```compile_fail
//! struct Mine;
//! impl mapping::access::Access for Mine {
//!     const NEEDED: mapping::access::Permission = mapping::access::Permission::Read;
//! }
//! ```

mod folder;
mod permission;

use std::sync::Arc;

pub use folder::Folder;
pub use permission::{Access, Delete, Deletes, Manage, Permission, Read, Reads, Write, Writes};

use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::FolderId;
use crate::key::ObjectKey;
use crate::name::FolderName;
use crate::records::{FolderRecord, NamesRecord};

/// How a request says which folder it means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FolderRef {
    /// By its id.
    Id(FolderId),
    /// By what the account calls it.
    Name(FolderName),
}

impl Bucket {
    /// Opens a folder for `A`.
    ///
    /// A folder that this account has no permission for is not found, so nobody learns that it
    /// exists. Refusals are decided on a fresh read, grants within the cache time.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when the account's permission is not enough; `Unavailable`.
    pub async fn folder<A: Access>(&self, account: &Account, which: &FolderRef) -> Result<Folder<A>> {
        let opened = self.clock().elapsed();
        let record = match which {
            FolderRef::Id(id) => self.granted(account, *id, A::NEEDED).await?,
            FolderRef::Name(name) => self.granted_by_name(account, name, A::NEEDED).await?,
        };
        let record = record.ok_or_else(no_such_folder)?;
        self.adopt_moves(&record);
        Ok(Folder::opened_by(self, account, record, opened))
    }

    /// The record, if it grants `account` anything at all.
    async fn granted(&self, account: &Account, id: FolderId, needed: Permission) -> Result<Option<Arc<FolderRecord>>> {
        let judge = |record: &Arc<FolderRecord>| match record.permission(account.id) {
            Some(permission) if permission >= needed => Ok(Arc::clone(record)),
            Some(_) => Err(too_little(needed)),
            None => Err(no_such_folder()),
        };
        match self.manifest::<FolderRecord>(ObjectKey::folder(id)).find(judge).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            answer => answer,
        }
    }

    /// As [`Bucket::granted`]. A kept name that leads nowhere is looked up again: the folder may
    /// have been deleted and another made under its name.
    async fn granted_by_name(
        &self,
        account: &Account,
        name: &FolderName,
        needed: Permission,
    ) -> Result<Option<Arc<FolderRecord>>> {
        let names = self.manifest::<NamesRecord>(ObjectKey::names(account.id));
        let named =
            |names: &Arc<NamesRecord>| names.entries.get(name).map(|entry| entry.folder).ok_or_else(no_such_folder);
        let first = match names.find(named).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Ok(None) => return Ok(None),
            Ok(Some(id)) => id,
            Err(error) => return Err(error),
        };
        if let Some(record) = self.granted(account, first, needed).await? {
            return Ok(Some(record));
        }
        let again = names.read().await?.and_then(|names| Some(names.entries.get(name)?.folder));
        match again {
            Some(second) if second != first => self.granted(account, second, needed).await,
            _ => Ok(None),
        }
    }
}

pub(crate) fn no_such_folder() -> Error {
    Error::new(ErrorKind::NotFound, Subject::Folder, "no such folder")
}

pub(crate) fn too_little(needed: Permission) -> Error {
    Error::new(ErrorKind::Forbidden, Subject::Folder, format!("this needs the permission to {needed}"))
}
