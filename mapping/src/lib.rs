//! What a folder is, and how it lies in a bucket.
//!
//! This crate knows S3 and nothing of HTTP: no status code, no header, no word of any dialect.
//! Start at [`Bucket`], which owns the store and every shared part; accounts, folders and
//! uploads are opened from it.

pub mod access;
pub mod accounts;
pub mod bucket;
pub mod budget;
mod cache;
pub mod clock;
pub mod error;
pub mod files;
pub mod folders;
mod format;
pub mod id;
pub mod invitations;
pub mod jobs;
pub mod key;
mod lease;
pub mod limits;
mod manifest;
pub mod name;
pub mod path;
pub mod proving;
pub mod random;
mod records;
mod resume;
pub mod seal;
pub mod sharing;
mod standing;
pub mod store;
pub mod sweep;
pub mod tasks;
#[doc(hidden)]
pub mod testing;
pub mod ticket;
pub mod upload;
pub mod usage;
pub mod writer;

pub use access::{Folder, FolderRef, Permission};
pub use accounts::{Account, Credentials, NewAccount};
pub use bucket::{Acknowledge, Bucket, Parts, Settings};
pub use clock::{Clock, Timestamp};
pub use error::{Error, ErrorKind, Result, Subject};
pub use folders::{BinnedFolder, FolderInfo};
pub use invitations::Invitation;
pub use seal::{MasterKeys, Secret};
pub use usage::Usage;
