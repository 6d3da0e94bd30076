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

impl<A: Deletes> Folder<A> {
    /// Takes `to`, or the next of its names with a number that is free, for `from`. The passage leads there
    /// then.
    pub(super) async fn claim_name(&self, id: JobId, kind: Kind, from: &FilePath, to: &FilePath) -> Result<FilePath> {
        let mut n = 0;
        for _ in 0..ROUNDS {
            let name = if n == 0 { to.clone() } else { numbered(to, n, kind)? };
            if self.kind_at(&name).await?.is_some() {
                let wish = self.wish(Work::Move, from, to, ConflictPolicy::Rename);
                n = if n == 0 { wish.free_number(kind).await? } else { n + 1 };
                continue;
            }
            if n > 0 {
                self.write_passage(self.passage(id, Direction::In, kind, from, Some(&name))).await?;
            }
            if self.claim(id, from, &name).await? {
                return Ok(name);
            }
            n += 1;
        }
        let message = format!("others take the names beside `{to}` all the time: try again");
        Err(Error::new(ErrorKind::Busy, Subject::File, message))
    }

    /// Makes the record of `entry`, or takes over one that means nothing any more.
    async fn claim(&self, id: JobId, origin: &FilePath, entry: &FilePath) -> Result<bool> {
        let (account, since) = (self.account().id, self.bucket().clock().now());
        let ours = TrashedRecord { path: entry.clone(), origin: origin.clone(), account, since, work: id };
        let document = self.trashed_record(entry);
        let there = match document.create(ours.clone()).await? {
            Created::New => return Ok(true),
            Created::Existed(there) => there,
        };
        // In this order: whose passage is gone has its things there, unless they are gone again.
        if self.read_passage(there.work).await?.is_some() || self.kind_at(entry).await?.is_some() {
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
