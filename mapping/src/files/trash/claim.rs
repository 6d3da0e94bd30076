//! Takes a name in the trash.

use super::passage::Direction;
use super::record::TrashedRecord;
use crate::access::{Deletes, Folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::{ConflictPolicy, Kind, Work, numbered};
use crate::id::JobId;
use crate::manifest::{Change, Created};
use crate::path::FilePath;

/// How many names are tried that others take in the same moment.
const ROUNDS: u32 = 32;

/// The names that something may get in the trash, one after the other.
pub(super) struct Names<'p> {
    from: &'p FilePath,
    to: &'p FilePath,
    kind: Kind,
    /// The next number; 0 is none.
    n: u32,
    rounds: u32,
}

/// What keeps others from a name while its record is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The record itself.
    ByRecord,
    /// A marker that is there already.
    ByMarker,
}

impl<'p> Names<'p> {
    /// `to`, and then `to` with the numbers that are free.
    pub(super) const fn new(from: &'p FilePath, to: &'p FilePath, kind: Kind) -> Self {
        Self { from, to, kind, n: 0, rounds: 0 }
    }
}

impl<A: Deletes> Folder<A> {
    /// The next name at which nothing is.
    ///
    /// # Errors
    /// `Busy` when others take them all the time.
    pub(super) async fn next_name(&self, names: &mut Names<'_>) -> Result<FilePath> {
        let Names { from, to, kind, .. } = *names;
        while names.rounds < ROUNDS {
            names.rounds += 1;
            let name = if names.n == 0 { to.clone() } else { numbered(to, names.n, kind)? };
            if self.is_taken(&name).await? {
                let wish = self.wish(Work::Move, from, to, ConflictPolicy::Rename);
                names.n = if names.n == 0 { wish.free_number(kind).await? } else { names.n + 1 };
                continue;
            }
            names.n += 1;
            return Ok(name);
        }
        let message = format!("others take the names beside `{to}` all the time: try again");
        Err(Error::new(ErrorKind::Busy, Subject::File, message))
    }

    /// Takes `to`, or the next of its names with a number that is free, for `from`. The passage leads there
    /// then.
    pub(super) async fn claim_name(&self, id: JobId, kind: Kind, from: &FilePath, to: &FilePath) -> Result<FilePath> {
        let mut names = Names::new(from, to, kind);
        loop {
            let name = self.next_name(&mut names).await?;
            if name != *to {
                self.write_passage(self.passage(id, Direction::In, kind, from, Some(&name))).await?;
            }
            if self.note_origin(id, from, &name, Taken::ByRecord).await? {
                return Ok(name);
            }
        }
    }

    /// Makes the record of `entry`, or takes over one that means nothing any more; `false` when something else
    /// is there, or on its way there.
    pub(super) async fn note_origin(
        &self,
        id: JobId,
        origin: &FilePath,
        entry: &FilePath,
        taken: Taken,
    ) -> Result<bool> {
        let (account, since) = (self.account().id, self.bucket().clock().now());
        let ours = TrashedRecord { path: entry.clone(), origin: origin.clone(), account, since, work: id };
        let document = self.trashed_record(entry);
        let there = match document.create(ours.clone()).await? {
            Created::New => return Ok(true),
            Created::Existed(there) => there,
        };
        // In this order: whose passage is gone has its things there, unless they are gone again.
        if self.read_passage(there.work).await?.is_some() {
            return Ok(false);
        }
        if taken == Taken::ByRecord && self.kind_at(entry).await?.is_some() {
            return Ok(false);
        }
        let take = |record: &mut TrashedRecord| {
            if *record == ours || *record != there {
                return Ok(Change::Keep(*record == ours));
            }
            record.clone_from(&ours);
            Ok(Change::Save(true))
        };
        match document.update(take).await {
            // Swept in between.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            answer => answer,
        }
    }
}
