//! Files and directories of a folder. A directory is a zero-byte marker `<path>/`, or implied by
//! what lies below it; markers are never shown and count as no file.

mod clash;
mod copy;
mod list;
mod list_tree;
mod mkdir;
mod moves;
mod outlive;
mod page;
mod read;
mod recheck;
mod remove;
pub mod trash;
pub mod tree;
mod write;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use copy::Overwrite;
pub use mkdir::Parents;
pub use page::{Page, PageRequest, PageToken};
pub use read::{RangeRequest, ReadOptions, Reading, Served};
pub use remove::{Depth, Failure, Removed};
pub use write::WriteOptions;

pub(crate) use clash::KnownDirectories;
pub(crate) use moves::FIRST_LONGEST_PATH;

use std::time::Duration;

use crate::access::{Folder, Reads};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::key::ObjectKey;
use crate::path::{DirPath, FilePath};
use crate::store::{ETag, ObjectMeta, StoreErrorKind};

/// How often a conditional request is sent that the store answers with 409: it has done nothing then,
/// and wants to be asked again.
const CONFLICTS: u32 = 4;

/// How long to wait after the first of them.
const CONFLICT_PAUSE: Duration = Duration::from_millis(50);

/// The name of the metadata entry that says whose write made an object.
pub(crate) const STAMP: &str = "fb-stamp";

/// Something in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the folder.
    pub path: FilePath,
    /// What it is.
    pub kind: EntryKind,
}

/// What an [`Entry`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File {
        /// Its size in bytes.
        size: u64,
        /// Identity of its bytes.
        etag: ETag,
        /// When it was written.
        modified: Timestamp,
    },
    /// A directory.
    Directory,
}

impl Entry {
    /// The last segment of its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.name()
    }

    /// Whether it is a directory.
    #[must_use]
    pub const fn is_directory(&self) -> bool {
        matches!(self.kind, EntryKind::Directory)
    }
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMeta {
    /// Its size in bytes.
    pub size: u64,
    /// Identity of its bytes.
    pub etag: ETag,
    /// When it was written: by the store's clock when it was read, by this process's in the answer
    /// to a write.
    pub modified: Timestamp,
    /// Its content type, if it was given one.
    pub content_type: Option<String>,
}

impl From<ObjectMeta> for FileMeta {
    fn from(meta: ObjectMeta) -> Self {
        Self { size: meta.size, etag: meta.etag, modified: meta.modified, content_type: meta.content_type }
    }
}

impl<A: Reads> Folder<A> {
    /// What is at `path`: one look at the store for a file, two for a directory. (In the trash, two more
    /// that see what is on its way there.)
    ///
    /// # Errors
    /// `NotFound` when nothing is.
    pub async fn stat(&self, path: &FilePath) -> Result<Entry> {
        let believed = self.view().await?;
        match self.stat_once(path).await {
            Err(error) if self.is_news(&believed, &error).await? => self.stat_once(path).await,
            answer => answer,
        }
    }

    async fn stat_once(&self, path: &FilePath) -> Result<Entry> {
        let veil = self.veil(Some(path)).await?;
        if let Some(meta) = self.head(path).await? {
            if self.is_hidden(veil, path).await? {
                return Err(no_such_file(path));
            }
            let kind = EntryKind::File { size: meta.size, etag: meta.etag, modified: meta.modified };
            return Ok(Entry { path: path.clone(), kind });
        }
        if self.is_directory(path).await? {
            return Ok(Entry { path: path.clone(), kind: EntryKind::Directory });
        }
        Err(no_such_file(path))
    }

    /// The file at `path`, or `None`.
    pub(crate) async fn head(&self, path: &FilePath) -> Result<Option<ObjectMeta>> {
        Ok(self.find(path).await?.map(|(_, meta)| meta))
    }

    /// The file at `path` and the key at which it is, or `None`.
    pub(crate) async fn find(&self, path: &FilePath) -> Result<Option<(ObjectKey, ObjectMeta)>> {
        for key in self.keys(path).await? {
            match self.bucket().store().head(&key).await {
                Ok(meta) => return Ok(Some((key, meta))),
                Err(error) if error.kind() == StoreErrorKind::NotFound => {}
                Err(error) => return Err(error.about(Subject::File)),
            }
        }
        Ok(None)
    }

    /// Where the bytes of a new file at `path` go.
    pub(crate) fn key(&self, path: &FilePath) -> ObjectKey {
        ObjectKey::file(self.prefix(), path)
    }
}

fn no_such_file(path: &FilePath) -> Error {
    Error::new(ErrorKind::NotFound, Subject::File, format!("no such file or directory: `{path}`"))
}

fn no_such_directory(directory: &DirPath) -> Error {
    Error::new(ErrorKind::NotFound, Subject::File, format!("no such directory: `{directory}`"))
}

pub(crate) fn already_exists(path: &FilePath) -> Error {
    Error::new(ErrorKind::AlreadyExists, Subject::File, format!("`{path}` already exists"))
}

fn is_a_file(path: &FilePath) -> Error {
    Error::new(ErrorKind::Conflict, Subject::File, format!("`{path}` is a file"))
}

fn is_a_directory(kind: ErrorKind, path: &FilePath) -> Error {
    Error::new(kind, Subject::File, format!("`{path}` is a directory"))
}
