//! Copies one file of a tree. Its stamp says which undertaking copied which version of it, so a copy
//! that is there is known, whoever made it and however its answer was lost.

use super::copy::Copying;
use super::pace::pause;
use super::plan::{Existing, Made, Work, made, stamp};
use super::policy::{Kind, numbered};
use super::walk::TRIES;
use crate::access::Reads;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::clash::Writing;
use crate::files::write::{bears, stamped};
use crate::files::{STAMP, already_exists};
use crate::path::FilePath;
use crate::store::{Condition, CopyRequest, ObjectMeta, StoreErrorKind};

/// How often a file or its target may change under a copy.
const ROUNDS: u32 = 4;

/// How many numbers are tried behind a taken name.
const MOST_NUMBERS: u32 = 1000;

/// One file, and where it goes.
pub(super) struct Item<'c, 'w, A> {
    pub(super) copying: &'c Copying<'w, A>,
    pub(super) from: &'c FilePath,
    pub(super) to: FilePath,
}

/// Where a copy can be put.
enum Free {
    /// It is there already.
    Done,
    At {
        path: FilePath,
        writing: Writing,
        condition: Condition,
    },
}

impl<A: Reads> Item<'_, '_, A> {
    /// Answers whether it is at its target now; it is not when it went meanwhile.
    ///
    /// One look at the file and one copy, where nothing is at the target.
    pub(super) async fn copy(&self) -> Result<bool> {
        self.to.check_new_file()?;
        let mut blind = self.copying.into.existing == Existing::Keep && !self.copying.walk.goes_again();
        for _ in 0..ROUNDS {
            let source = self.copying.walk.patiently(|| self.copying.source.head(self.from)).await?;
            let Some(source) = source else { return Ok(false) };
            let (free, believed) =
                if blind { (self.believed(), true) } else { (self.find_free(&source).await?, false) };
            blind = false;
            let Free::At { path, writing, condition } = free else { return Ok(true) };
            match self.put(&source, &path, writing, condition).await {
                Ok(true) => {
                    self.copying.target.keep_if_live(&self.copying.target.key(&path)).await?;
                    return Ok(true);
                }
                Ok(false) => {}
                // The copy may be among what the folder is full of.
                Err(error) if believed && error.kind() == ErrorKind::OverQuota => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Conflict, Subject::File, format!("`{}` is changed all the time", self.from)))
    }

    /// Nothing was there when the names were resolved.
    fn believed(&self) -> Free {
        let writing = self.copying.target.begin_blind_write(&self.to);
        Free::At { path: self.to.clone(), writing, condition: Condition::Absent }
    }

    /// A place for the version `source`. The same undertaking finds the same place again.
    async fn find_free(&self, source: &ObjectMeta) -> Result<Free> {
        for n in 0..MOST_NUMBERS {
            let path = if n == 0 { self.to.clone() } else { numbered(&self.to, n, Kind::File)? };
            let writing = self.copying.walk.patiently(|| self.copying.target.begin_write(&path)).await?;
            let Some(there) = writing.existing() else {
                return Ok(Free::At { path, writing, condition: Condition::Absent });
            };
            let etag = there.etag.clone();
            let found = there.metadata.get(STAMP).map(String::as_str);
            let work = self.copying.walk.plan.work;
            match (made(found, self.copying.walk.id, source), work, self.copying.into.existing) {
                // A copy is of the moment when it was made.
                (Made::Now, ..) | (Made::Before, Work::Copy | Work::Delete | Work::Relocate, _) => {
                    return Ok(Free::Done);
                }
                (Made::Before, Work::Move | Work::Clone, _) | (Made::Elsewhere, _, Existing::Replace) => {
                    return Ok(Free::At { path, writing, condition: Condition::Matches(etag) });
                }
                (Made::Elsewhere, _, Existing::Keep) => return Err(already_exists(&path)),
                (Made::Elsewhere, _, Existing::Rename) => {}
            }
        }
        Err(already_exists(&self.to))
    }

    /// Copies; `false` when the file or its target has changed.
    async fn put(&self, source: &ObjectMeta, to: &FilePath, writing: Writing, condition: Condition) -> Result<bool> {
        let Copying { walk, target, .. } = self.copying;
        let charged = target.charge(writing, source.size).await?;
        let stamp = stamp(walk.id, source);
        let request = CopyRequest {
            from: self.copying.source.key(self.from),
            from_etag: Some(source.etag.clone()),
            to: target.key(to),
            size: source.size,
            attributes: stamped(&stamp, source.content_type.clone(), source.metadata.clone()),
        };
        let mut attempt = 0;
        loop {
            let turn = walk.pace().turn().await;
            let Err(error) = walk.bucket.store().copy(request.clone(), condition.clone()).await else {
                turn.answered();
                charged.settle();
                return Ok(true);
            };
            if error.is_unknown() {
                turn.refused()
            } else {
                turn.answered()
            }
            if !error.is_unknown() && !error.is_lost_race() {
                charged.cancel();
                return if error.kind() == StoreErrorKind::NotFound {
                    Ok(false)
                } else {
                    Err(error.about(Subject::File))
                };
            }
            // Dropped without a word, when nobody can tell: it stays charged until it cannot come any more.
            let there = walk.patiently(|| target.head(to)).await?;
            if there.is_some_and(|there| bears(&there, &stamp)) {
                charged.settle();
                return Ok(true);
            }
            if error.is_lost_race() {
                charged.cancel();
                return Ok(false);
            }
            attempt += 1;
            if attempt == TRIES {
                return Err(error.about(Subject::File));
            }
            tokio::time::sleep(pause(walk.bucket.random(), attempt - 1)).await;
        }
    }
}
