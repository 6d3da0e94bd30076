//! What may be done in a folder, as values and as types.

use std::fmt;

use serde::{Deserialize, Serialize};

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
