//! Moves directories into the trash and out of it at once, whatever their size (`crate::files::moves`). Nothing
//! is ever at both places then, so no passage has to say so.

use super::record::TrashedRecord;
use crate::access::{Deletes, Folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::moves::Lies;
use crate::files::tree::{ConflictPolicy, Existing, Kind, Plan, Work, numbered};
use crate::id::JobId;
use crate::jobs::Underway;
use crate::manifest::{Change, Created};
use crate::path::FilePath;

/// How many names are tried that others take in the same moment.
const ROUNDS: u32 = 32;

impl<A: Deletes> Folder<A> {
    /// Moves the directory at `path` into the trash, where its name is `to` or the next with a number that is
    /// free.
    ///
    /// Steps: its marker there takes the name; the record holds the origin; one write moves it. A crash before
    /// that leaves an empty directory in the trash.
    pub(super) async fn trash_at_once(&self, path: &FilePath, to: &FilePath) -> Result<Underway> {
        self.make_way(path, None).await?;
        self.look_above(to).await?;
        let id = JobId::random(self.bucket().random());
        let to = self.take_name(id, path, to).await?;
        let moved = self.move_at_once_as(id, Plan::relocation(self.id(), path, &to)).await;
        if moved.as_ref().is_err_and(|error| error.kind() != ErrorKind::Unavailable) {
            // Its marker is taken back already.
            if let Err(error) = self.forget_if_gone(&to).await {
                tracing::debug!(folder.id = %self.id(), %error, "a record of the trash stays for the sweeper");
            }
        }
        moved
    }

    async fn take_name(&self, id: JobId, from: &FilePath, to: &FilePath) -> Result<FilePath> {
        let mut n = 0;
        for _ in 0..ROUNDS {
            let name = if n == 0 { to.clone() } else { numbered(to, n, Kind::Directory)? };
            if self.view().await?.lies(&name) == Lies::Away || self.kind_at(&name).await?.is_some() {
                let wish = self.wish(Work::Move, from, to, ConflictPolicy::Rename);
                n = if n == 0 { wish.free_number(Kind::Directory).await? } else { n + 1 };
                continue;
            }
            match self.put_marker(&name).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(()) if self.note_origin(id, from, &name).await? => return Ok(name),
                Ok(()) => self.unmake_directory(&name).await,
            }
            n += 1;
        }
        let message = format!("others take the names beside `{to}` all the time: try again");
        Err(Error::new(ErrorKind::Busy, Subject::File, message))
    }

    /// Makes the record of `entry`, which is there; `false` when something else is on its way there.
    async fn note_origin(&self, id: JobId, origin: &FilePath, entry: &FilePath) -> Result<bool> {
        let (account, since) = (self.account().id, self.bucket().clock().now());
        let ours = TrashedRecord { path: entry.clone(), origin: origin.clone(), account, since, work: id };
        let document = self.trashed_record(entry);
        let Created::Existed(there) = document.create(ours.clone()).await? else { return Ok(true) };
        if self.read_passage(there.work).await?.is_some() {
            return Ok(false);
        }
        let take = |record: &mut TrashedRecord| {
            if *record != there {
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

    /// Whether the directory at `path` of the trash can be put back to `to` at once.
    pub(super) async fn comes_back_at_once(
        &self,
        path: &FilePath,
        to: &FilePath,
        policy: ConflictPolicy,
    ) -> Result<bool> {
        if !self.moves_at_once(path, to).await? {
            return Ok(false);
        }
        Ok(policy == ConflictPolicy::Rename || self.kind_at(to).await?.is_none())
    }

    /// Puts the directory at `path` back to `to`.
    ///
    /// Steps: the record of its entry is taken, so that nobody else removes what goes; a marker takes the name;
    /// one write moves it; the record goes. A crash leaves it in the trash, or where it is to be.
    pub(super) async fn restore_at_once(
        &self,
        (path, to): (&FilePath, &FilePath),
        (entry, record): (&FilePath, Option<TrashedRecord>),
        policy: ConflictPolicy,
    ) -> Result<Underway> {
        self.make_way(path, None).await?;
        let id = JobId::random(self.bucket().random());
        if let Some(record) = record {
            self.take_in_hand(id, entry, &record).await?;
        }
        let plan = self.plan(Work::Move, path, to, policy).await?;
        if plan.work != Work::Relocate {
            if let Some(made) = plan.target.as_ref().filter(|target| target.existing == Existing::Keep) {
                self.unmake_directory(&made.place.path).await;
            }
            let message = format!("`{to}` was taken in this moment: try again");
            return Err(Error::new(ErrorKind::Busy, Subject::File, message));
        }
        let moved = self.move_at_once_as(id, plan).await?;
        if let Err(error) = self.forget_if_gone(path).await {
            tracing::debug!(folder.id = %self.id(), %error, "a record of the trash stays for the sweeper");
        }
        Ok(moved)
    }
}
