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

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::FolderId;
use crate::key::{FolderPrefix, ObjectKey};
use crate::name::FolderName;
use crate::records::{FolderRecord, NamesRecord};

/// What an account may do in a folder. Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See and read files.
    Read,
    /// Write files.
    Write,
    /// Remove and move files.
    Delete,
    /// Share the folder and delete it. The owner has it always.
    Manage,
}

/// Marks a folder opened for reading.
#[derive(Clone, Copy, Debug)]
pub struct Read;

/// Marks a folder opened for writing.
#[derive(Clone, Copy, Debug)]
pub struct Write;

/// Marks a folder opened for removing and moving.
#[derive(Clone, Copy, Debug)]
pub struct Delete;

/// Marks a folder opened for everything.
#[derive(Clone, Copy, Debug)]
pub struct Manage;

/// A permission as a type. There are four and no more.
pub trait Access: sealed::Sealed + Send + Sync + 'static {
    /// What must have been granted.
    const NEEDED: Permission;
}

/// Permissions that allow reading.
pub trait Reads: Access {}

/// Permissions that allow writing.
pub trait Writes: Reads {}

/// Permissions that allow removing.
pub trait Deletes: Writes {}

mod sealed {
    /// Keeps the set of permissions closed.
    pub trait Sealed {}
    impl Sealed for super::Read {}
    impl Sealed for super::Write {}
    impl Sealed for super::Delete {}
    impl Sealed for super::Manage {}
}

impl Access for Read {
    const NEEDED: Permission = Permission::Read;
}
impl Access for Write {
    const NEEDED: Permission = Permission::Write;
}
impl Access for Delete {
    const NEEDED: Permission = Permission::Delete;
}
impl Access for Manage {
    const NEEDED: Permission = Permission::Manage;
}

impl Reads for Read {}
impl Reads for Write {}
impl Reads for Delete {}
impl Reads for Manage {}
impl Writes for Write {}
impl Writes for Delete {}
impl Writes for Manage {}
impl Deletes for Delete {}
impl Deletes for Manage {}

/// A folder that was opened by `account` for `A`. Cheap to clone.
///
/// * the account had at least [`Access::NEEDED`] when it was opened (as of the cache time);
/// * the folder existed then.
pub struct Folder<A> {
    bucket: Bucket,
    account: Account,
    record: Arc<FolderRecord>,
    opened: Duration,
    access: PhantomData<fn() -> A>,
}

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
        Ok(Folder { bucket: self.clone(), account: account.clone(), record, opened, access: PhantomData })
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

fn too_little(needed: Permission) -> Error {
    Error::new(ErrorKind::Forbidden, Subject::Folder, format!("this needs the permission to {needed}"))
}

impl<A> Folder<A> {
    /// The bucket that it lies in.
    #[must_use]
    pub const fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> FolderId {
        self.record.id
    }

    /// Who opened it.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Where its data lies.
    #[must_use]
    pub fn prefix(&self) -> &FolderPrefix {
        &self.record.prefix
    }

    /// When it was opened, as [`Clock::elapsed`](crate::Clock::elapsed) has it.
    pub(crate) const fn opened(&self) -> Duration {
        self.opened
    }

    /// Its record as of when it was opened.
    pub(crate) fn record(&self) -> &FolderRecord {
        &self.record
    }
}

impl<A: Writes> Folder<A> {
    /// The same folder, for writing and no more.
    pub(crate) fn for_writing(&self) -> Folder<Write> {
        Folder {
            bucket: self.bucket.clone(),
            account: self.account.clone(),
            record: Arc::clone(&self.record),
            opened: self.opened,
            access: PhantomData,
        }
    }
}

impl<A> Clone for Folder<A> {
    fn clone(&self) -> Self {
        Self {
            bucket: self.bucket.clone(),
            account: self.account.clone(),
            record: Arc::clone(&self.record),
            opened: self.opened,
            access: PhantomData,
        }
    }
}

impl<A> fmt::Debug for Folder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Folder").field("id", &self.record.id).field("account", &self.account.id).finish_non_exhaustive()
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Manage => "manage",
        })
    }
}
