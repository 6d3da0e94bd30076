//! Refuses a file and a directory of one name before anything is written. A race that still gets
//! through leaves both readable, and is found by a check of the bucket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream, try_join};

use crate::access::{Folder, Reads, Writes};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::Overwrite;
use crate::key::ObjectKey;
use crate::path::FilePath;
use crate::store::ObjectMeta;
use crate::usage::{Charge, Charged, Entered, Payer, never_fits};

/// How many directories above a path are looked at at once.
const LOOKS_AT_ONCE: usize = 8;

/// How many directories are remembered.
const MOST_KNOWN: usize = 4096;

/// Paths that were seen not to be files a moment ago: a burst of writes into one directory looks
/// at the directories above it once.
#[derive(Debug)]
pub(crate) struct KnownDirectories {
    clock: Arc<dyn Clock>,
    keep_for: Duration,
    until: Mutex<HashMap<ObjectKey, Duration>>,
}

impl KnownDirectories {
    /// None known yet; each is believed for `keep_for`.
    pub(crate) fn new(clock: Arc<dyn Clock>, keep_for: Duration) -> Self {
        Self { clock, keep_for, until: Mutex::default() }
    }

    fn until(&self) -> MutexGuard<'_, HashMap<ObjectKey, Duration>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, key: &ObjectKey) -> bool {
        let now = self.clock.elapsed();
        self.until().get(key).is_some_and(|until| *until > now)
    }

    /// Remembers `key` as it was seen at `seen`.
    fn remember(&self, key: ObjectKey, seen: Duration) {
        let now = self.clock.elapsed();
        let mut until = self.until();
        if until.len() >= MOST_KNOWN {
            until.retain(|_, until| *until > now);
        }
        if until.len() < MOST_KNOWN {
            until.insert(key, seen + self.keep_for);
        }
    }

    fn forget(&self, key: &ObjectKey) {
        self.until().remove(key);
    }
}

/// A file that is about to be written: looked for, not charged yet.
#[derive(Debug)]
pub(crate) struct Writing {
    entered: Entered,
    existing: Option<ObjectMeta>,
    /// Whether that is at the key that is written, and not still at an old one.
    is_in_place: bool,
}

impl Writing {
    /// The file that is there now.
    pub(crate) const fn existing(&self) -> Option<&ObjectMeta> {
        self.existing.as_ref()
    }

    /// The same, where it is what a condition of the write is held against.
    pub(crate) fn in_place(&self) -> Option<&ObjectMeta> {
        self.existing().filter(|_| self.is_in_place)
    }
}

impl<A: Reads> Folder<A> {
    /// Whether `path` can be a file beside what is there: no directory has that name, and nothing
    /// above it is a file.
    ///
    /// # Errors
    /// `Conflict`, naming what is in the way; `Busy` while what was moved away from there is on its way;
    /// `Invalid` for a name that no new file can have.
    pub(crate) async fn look_for_clash(&self, path: &FilePath) -> Result<()> {
        path.check_new_file()?;
        self.wait_until_free(path).await?;
        let (directory, ()) = try_join!(self.is_directory(path), self.look_above(path))?;
        if directory {
            return Err(super::is_a_directory(ErrorKind::Conflict, path));
        }
        Ok(())
    }

    /// Whether everything above `path` can be a directory.
    pub(super) async fn look_above(&self, path: &FilePath) -> Result<()> {
        let known = self.bucket().known_directories();
        let unknown = path.ancestors().filter(|above| !known.has(&self.key(above)));
        let looks = unknown.map(|above| async move {
            let seen = known.clock.elapsed();
            match self.head(&above).await? {
                Some(_) => Err(is_a_file(&above)),
                None => Ok((self.key(&above), seen)),
            }
        });
        let looks = stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(LOOKS_AT_ONCE);
        let seen: Vec<(ObjectKey, Duration)> = looks.try_collect().await?;
        seen.into_iter().for_each(|(key, at)| known.remember(key, at));
        Ok(())
    }
}

impl<A: Writes> Folder<A> {
    /// Looks at what is in the way of a file at `path`, and at what it would replace.
    ///
    /// # Errors
    /// As [`Folder::look_for_clash`].
    pub(crate) async fn begin_write(&self, path: &FilePath) -> Result<Writing> {
        // Before the look: of two writes of one new path, one at least must know of the other.
        let entered = self.bucket().ledger().enter(self.id(), path);
        self.vouch_for(path.as_str().len()).await?;
        let ((), found) = try_join!(self.look_for_clash(path), self.find(path))?;
        self.bucket().known_directories().forget(&self.key(path));
        let is_in_place = found.as_ref().is_some_and(|(key, _)| *key == self.key(path));
        Ok(Writing { entered, existing: found.map(|(_, meta)| meta), is_in_place })
    }

    /// As [`Folder::begin_write`]. What is not to be replaced is never missed because it moved a moment ago.
    pub(crate) async fn begin_write_over(&self, path: &FilePath, overwrite: Overwrite) -> Result<Writing> {
        let believed = self.view().await?;
        let writing = self.begin_write(path).await?;
        if overwrite == Overwrite::No && writing.existing().is_none() && self.has_moved_since(&believed).await? {
            return self.begin_write(path).await;
        }
        Ok(writing)
    }

    /// As [`Folder::begin_write`] where nothing can be, as far as is known: no look.
    pub(super) fn begin_blind_write(&self, path: &FilePath) -> Writing {
        let entered = self.bucket().ledger().enter(self.id(), path);
        self.bucket().known_directories().forget(&self.key(path));
        Writing { entered, existing: None, is_in_place: true }
    }

    /// Charges a write of `bytes`; to be settled once the file is there.
    ///
    /// # Errors
    /// `OverQuota`; `Unavailable`: nothing may be written.
    pub(crate) async fn charge(&self, writing: Writing, bytes: u64) -> Result<Charged> {
        let (mut charge, mut looked) = (Charge::new_file(bytes), Some(writing.entered.at));
        if writing.entered.overlaps || writing.existing.is_some() {
            charge = charge.and_removes();
            looked = None;
        }
        let charged = self.bucket().ledger().charge(self.payer().await?, charge, looked).await?;
        Ok(charged.of(writing.entered))
    }

    /// Who pays for what is written here.
    pub(crate) async fn payer(&self) -> Result<Payer<'_>> {
        Ok(Payer { folder: self.id(), prefix: self.prefix(), limits: self.limits().await? })
    }

    /// Whether a file of `bytes` can fit at all.
    ///
    /// # Errors
    /// `OverQuota` when it never can.
    pub(crate) async fn can_fit(&self, bytes: u64) -> Result<()> {
        never_fits(&self.payer().await?, bytes).map_or(Ok(()), Err)
    }
}

fn is_a_file(path: &FilePath) -> Error {
    Error::new(ErrorKind::Conflict, Subject::File, format!("`{path}` is a file, so nothing can lie below it"))
}
