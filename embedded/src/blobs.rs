//! Blob files: written once under `tmp/`, then published under `blobs/xx/`, never changed.
//!
//! A published file that no row of the index names is not wanted: its guard removes it, and after a crash
//! the next start moves it to `lost/`, as it cannot tell a crash from an index that is too old.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

/// The name of a blob file. Random, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BlobName(Uuid);

impl BlobName {
    /// How the index and the file system spell it.
    pub(crate) fn text(self) -> String {
        self.0.simple().to_string()
    }
}

impl FromStr for BlobName {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// The directory of blob files. Everything here blocks.
#[derive(Debug)]
pub(crate) struct Blobs {
    blobs: PathBuf,
    tmp: PathBuf,
    lost: PathBuf,
}

impl Blobs {
    /// Makes the directories if they are not there.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let (blobs, tmp, lost) = (dir.join("blobs"), dir.join("tmp"), dir.join("lost"));
        fs::create_dir_all(&tmp)?;
        fs::create_dir_all(&lost)?;
        // All of them now and durably, so that publishing syncs one directory and not two.
        for first in 0..=u8::MAX {
            fs::create_dir_all(blobs.join(format!("{first:02x}")))?;
        }
        sync_dir(&blobs)?;
        sync_dir(dir)?;
        Ok(Self { blobs, tmp, lost })
    }

    fn directory(&self, name: BlobName) -> PathBuf {
        self.blobs.join(&name.text()[..2])
    }

    /// Where published blobs lie.
    pub(crate) fn root(&self) -> &Path {
        &self.blobs
    }

    /// Whether there is a published blob.
    pub(crate) fn any(&self) -> io::Result<bool> {
        for directory in fs::read_dir(&self.blobs)? {
            if fs::read_dir(directory?.path())?.next().is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where unfinished blobs lie.
    pub(crate) fn tmp(&self) -> &Path {
        &self.tmp
    }

    /// Where published blobs lie that the index did not name when the store was opened.
    pub(crate) fn lost(&self) -> &Path {
        &self.lost
    }

    /// Where the blob lies once it is published.
    pub(crate) fn path(&self, name: BlobName) -> PathBuf {
        self.directory(name).join(name.text())
    }

    /// Opens a published blob.
    pub(crate) fn read(&self, name: BlobName) -> io::Result<File> {
        File::open(self.path(name))
    }

    /// Starts a new blob.
    pub(crate) fn create(self: &Arc<Self>) -> io::Result<TempBlob> {
        let name = BlobName(Uuid::new_v4());
        let path = self.tmp.join(name.text());
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok(TempBlob { file, guard: FileGuard { path, wanted: false }, name, blobs: Arc::clone(self) })
    }
}

/// A blob that is being written. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct TempBlob {
    file: File,
    guard: FileGuard,
    name: BlobName,
    blobs: Arc<Blobs>,
}

impl TempBlob {
    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Makes the blob durable under its final name.
    ///
    /// A crash before the rename leaves a file in `tmp/`, one after it a blob that nothing names; the
    /// next start removes the one and puts the other into `lost/`. Only then may a row of the index name it.
    pub(crate) fn publish(mut self) -> io::Result<PublishedBlob> {
        self.file.sync_all()?;
        let path = self.blobs.path(self.name);
        fs::rename(&self.guard.path, &path)?;
        self.guard.wanted = true;
        let published = PublishedBlob { name: self.name, guard: FileGuard { path, wanted: false } };
        sync_dir(&self.blobs.directory(self.name))?;
        Ok(published)
    }
}

/// A durable blob that no row names yet. Dropping it removes the file, unless it was kept.
#[derive(Debug)]
pub(crate) struct PublishedBlob {
    name: BlobName,
    guard: FileGuard,
}

impl PublishedBlob {
    /// Its name.
    pub(crate) fn name(&self) -> BlobName {
        self.name
    }

    /// The index names it now (or may name it): the file stays.
    pub(crate) fn keep(mut self) {
        self.guard.wanted = true;
    }
}

#[derive(Debug)]
struct FileGuard {
    path: PathBuf,
    wanted: bool,
}

impl Drop for FileGuard {
    fn drop(&mut self) {
        if !self.wanted {
            // A file that cannot be removed is found again by the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
