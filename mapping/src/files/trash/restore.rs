//! Puts back what is in the trash.

use super::passage::Direction;
use super::place::{entry_of, is_trash};
use super::record::TrashedRecord;
use crate::access::{Deletes, Folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::no_such_file;
use crate::files::tree::{ConflictPolicy, Kind, Plan, Wish, Work};
use crate::id::JobId;
use crate::jobs::Underway;
use crate::manifest::Change;
use crate::path::FilePath;

impl<A: Deletes> Folder<A> {
    /// Begins to move the file or directory at `path`, which is in the trash at any depth, to `to`, or to
    /// where it was before. Directories above that are missing come to be. Goes on when the answer is dropped.
    ///
    /// Steps: the passage; the record, which is taken so that nobody else removes what goes; the move; the
    /// passage goes, and the record with it. A crash leaves each file at one of the two places.
    ///
    /// # Errors
    /// `NotFound` when nothing is there; `AlreadyExists` under [`ConflictPolicy::Reject`]; `Invalid` for a
    /// path outside of the trash, a `to` inside of it, [`ConflictPolicy::MergeRename`], and without `to`
    /// when nobody knows where it was; `Busy` when somebody else has it in hand.
    pub async fn restore(&self, path: &FilePath, to: Option<&FilePath>, policy: ConflictPolicy) -> Result<Underway> {
        let entry = entry_of(path)
            .ok_or_else(|| Error::invalid(Subject::File, format!("`{path}` is not something in the trash")))?;
        if policy == ConflictPolicy::MergeRename {
            let message = "what comes from the trash is put beside what is there, replaces it, or is refused";
            return Err(Error::invalid(Subject::Request, message));
        }
        let kind = self.kind_settled(path).await?.ok_or_else(|| no_such_file(path))?;
        let record = self.trashed_record(&entry).read().await?;
        let origin = record.as_ref().and_then(|record| path.rebased(&entry, &record.origin));
        let to = to.cloned().or(origin).ok_or_else(|| {
            Error::invalid(Subject::File, format!("nobody knows where `{path}` was: say where it is to go"))
        })?;
        if is_trash(&to) {
            return Err(Error::invalid(Subject::File, format!("`{to}` is in the trash too")));
        }
        if kind == Kind::Directory && self.comes_back_at_once(path, &to, policy).await? {
            return self.restore_at_once((path, &to), (&entry, record), policy).await;
        }
        let id = JobId::random(self.bucket().random());
        self.write_passage(self.passage(id, Direction::Out, kind, path, Some(&to))).await?;
        match self.leave(id, kind, (path, &to), (&entry, record), policy).await {
            Ok(underway) => Ok(underway),
            Err(error) => {
                self.drop_passage(id).await;
                Err(error)
            }
        }
    }

    async fn leave(
        &self,
        id: JobId,
        kind: Kind,
        (from, to): (&FilePath, &FilePath),
        (entry, record): (&FilePath, Option<TrashedRecord>),
        policy: ConflictPolicy,
    ) -> Result<Underway> {
        self.make_way(from, Some(id)).await?;
        if let Some(record) = record {
            self.take_in_hand(id, entry, &record).await?;
        }
        let plan = self.plan_by_file(from, to, policy).await?;
        let target = plan.target_path().cloned();
        if target.as_ref() != Some(to) {
            self.write_passage(self.passage(id, Direction::Out, kind, from, target.as_ref())).await?;
        }
        Ok(Underway::begin_as(id, self.bucket(), self.account(), plan))
    }

    /// Notes in the record of `entry` that it is in the hands of `id`, if it is still as it was `seen`.
    pub(super) async fn take_in_hand(&self, id: JobId, entry: &FilePath, seen: &TrashedRecord) -> Result<()> {
        let taken = TrashedRecord { work: id, ..seen.clone() };
        let take = |record: &mut TrashedRecord| {
            if *record != *seen {
                let ours = *record == taken;
                return if ours { Ok(Change::Keep(())) } else { Err(in_other_hands(entry)) };
            }
            record.work = id;
            Ok(Change::Save(()))
        };
        self.trashed_record(entry).update(take).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => no_such_file(entry),
            _ => error,
        })
    }

    /// The plan of a move that copies file by file, while a passage hides what is at both places.
    pub(super) async fn plan_by_file(&self, from: &FilePath, to: &FilePath, policy: ConflictPolicy) -> Result<Plan> {
        let plan = self.plan(Work::Move, from, to, policy).await?;
        // It came to be possible at once in this moment.
        Ok(if plan.work == Work::Relocate { Plan { work: Work::Move, ..plan } } else { plan })
    }

    pub(super) async fn plan(
        &self,
        work: Work,
        from: &FilePath,
        to: &FilePath,
        policy: ConflictPolicy,
    ) -> Result<Plan> {
        self.wish(work, from, to, policy).resolve().await
    }

    pub(super) const fn wish<'a>(
        &'a self,
        work: Work,
        from: &'a FilePath,
        to: &'a FilePath,
        policy: ConflictPolicy,
    ) -> Wish<'a, A, A> {
        Wish { work, source: self, from, target: self, to, policy }
    }
}

fn in_other_hands(entry: &FilePath) -> Error {
    Error::new(ErrorKind::Busy, Subject::File, format!("`{entry}` is being changed by somebody else: try again"))
}
