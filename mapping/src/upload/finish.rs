//! Finishes an upload: everything there is becomes the file, at once or not at all.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep, timeout};

use super::handle::{Session, Upload};
use super::publish::Publishing;
use super::ranges::in_words;
use super::record::{self, Done, Fixed, State, UploadRecord};
use super::survey::{Bundles, Survey};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{FileMeta, Overwrite};
use crate::manifest::Change;

/// How long to wait for what other replicas hold, in holding times: one to hold it, four to store it.
const PATIENCE: u32 = 5;

/// How long to wait before looking again for what another replica holds.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long to wait for another finish of the same upload.
const TURN: Duration = Duration::from_secs(60);

/// How often a finish starts over because what it saw has changed under it.
const ROUNDS: u32 = 4;

/// What a look that waited for every hole to be filled has found.
enum Found {
    Whole(Survey),
    /// The store has no such multipart upload any more, or a bundle went.
    Gone,
}

impl Upload {
    /// Makes the file of what was uploaded. What was at the path is readable until then and
    /// replaced at once. Finishing again, also at the same time and on another replica, answers
    /// the same.
    ///
    /// # Errors
    /// `Conflict` with the missing ranges when there are holes: send them and finish again; also
    /// when a directory has the file's name. `NotFound` when the upload has expired, was given up
    /// was dropped by the store, or its folder was deleted; `Unavailable` when the store does not
    /// answer, `Busy` when another finish takes long: finish again.
    pub async fn finish(&self) -> Result<FileMeta> {
        self.finish_over(Overwrite::Yes).await
    }

    /// Finishes, over a file that is there or not, also when the caller goes away meanwhile.
    pub(super) async fn finish_over(&self, overwrite: Overwrite) -> Result<FileMeta> {
        let asked = Instant::now();
        // Who goes away before its turn leaves nothing to be done.
        let turn = self.session.turn_to_finish(asked).await?;
        let upload = self.clone();
        let work = async move {
            let _turn = turn;
            upload.finish_here(overwrite, asked).await
        };
        self.session.bucket.tasks().finish(work).await?
    }

    /// The steps, and what a crash after each leaves:
    ///
    /// 1. the record says `finishing`: chunks are taken as before, finishing again goes on;
    /// 2. cells without a part are put together: parts, which a second finish finds;
    /// 3. the charge: a charge for nothing, which the next reader of the usage counts away;
    /// 4. the file is published: a second finish finds it by its stamp;
    /// 5. the record says `done`;
    /// 6. bundles are deleted: the sweep finds those that are left.
    async fn finish_here(&self, overwrite: Overwrite, asked: Instant) -> Result<FileMeta> {
        let session = &self.session;
        let record = session.begin_finish().await?;
        if let State::Done(done) = &record.state {
            return Ok(meta(&record, done));
        }
        let done = match self.publish_whole(Arc::clone(&record), overwrite, asked).await {
            Ok(done) => done,
            Err(error) => return session.give_up_finish(error).await,
        };
        session.end_finish(&done).await?;
        session.clean_up();
        Ok(meta(&record, &done))
    }

    async fn publish_whole(
        &self,
        mut record: Arc<UploadRecord>,
        overwrite: Overwrite,
        mut since: Instant,
    ) -> Result<Done> {
        let (session, mut bundles) = (&self.session, Bundles::new());
        for _ in 0..ROUNDS {
            session.active.settled().await;
            let survey = match session.wait_for_holes(&record, &mut bundles, since).await? {
                Found::Whole(survey) => survey,
                Found::Gone => match session.find_published(&record).await? {
                    Some(done) => return Ok(done),
                    None => return Err(record::dropped()),
                },
            };
            let fixed = session.grid_for(&record, &survey).await?;
            let publishing = Publishing { upload: self, record: &record, survey: &survey, overwrite };
            let began = self.folder.bucket().clock().elapsed();
            if let Some(done) = publishing.publish(fixed.as_ref()).await? {
                self.folder.keep_if_live(&record.key()).await?;
                self.folder.wait_if_moved_since(began, &record.path).await?;
                return Ok(done);
            }
            // A grid may have been fixed meanwhile, also by another replica: parts show only with it.
            record = session.look_again().await?;
            if let State::Done(done) = &record.state {
                return Ok(done.clone());
            }
            since = Instant::now();
        }
        let message = "the upload changes while it is finished: finish it again";
        Err(Error::new(ErrorKind::Busy, Subject::Upload, message))
    }
}

impl Session {
    /// Waits until no other finish runs here. One that has waited through another's whole search
    /// for holes has the same answer.
    async fn turn_to_finish(&self, asked: Instant) -> Result<OwnedMutexGuard<()>> {
        if let Ok(turn) = Arc::clone(&self.active.finishing).try_lock_owned() {
            return Ok(turn);
        }
        let turn = timeout(TURN, Arc::clone(&self.active.finishing).lock_owned()).await.map_err(|_| {
            Error::new(ErrorKind::Busy, Subject::Upload, "the upload is being finished: finish it again")
        })?;
        match self.active.holes_since(asked + self.patience()) {
            Some(missing) => self.active.known().0.check().and(Err(holes(missing))),
            None => Ok(turn),
        }
    }

    fn patience(&self) -> Duration {
        self.bucket.settings().hold_chunks_for * PATIENCE
    }

    async fn begin_finish(&self) -> Result<Arc<UploadRecord>> {
        let (sent, now) = (self.bucket.clock().elapsed(), self.bucket.clock().now());
        let change = |record: &mut UploadRecord| {
            record.check()?;
            // Also of a finish that goes on with another's: who is finishing is not taken for dead.
            if record.is_over() || (record.state == State::Finishing && record.touched >= now) {
                return Ok(Change::Keep(record.clone()));
            }
            record.state = State::Finishing;
            record.touched = record.touched.max(now);
            Ok(Change::Save(record.clone()))
        };
        let record = Arc::new(self.record().update(change).await?);
        self.active.learn(Arc::clone(&record), sent);
        Ok(record)
    }

    /// An upload that cannot be finished as it stands is open again, so that it can expire.
    async fn give_up_finish(&self, error: Error) -> Result<FileMeta> {
        if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Busy) {
            return Err(error);
        }
        let change = |record: &mut UploadRecord| match &record.state {
            State::Finishing => {
                record.state = State::Open;
                Ok(Change::Save(None))
            }
            State::Done(done) => Ok(Change::Keep(Some(meta(record, done)))),
            State::Open | State::Aborted | State::Expired => Ok(Change::Keep(None)),
        };
        match self.record().update(change).await {
            // Another replica had what this one missed.
            Ok(Some(done)) => Ok(done),
            Ok(None) => Err(error),
            Err(failed) => {
                tracing::warn!(upload.id = %self.active.id, error = %failed, "an upload stays marked as being finished");
                Err(error)
            }
        }
    }

    /// Notes that the file is there.
    pub(super) async fn end_finish(&self, done: &Done) -> Result<()> {
        let sent = self.bucket.clock().elapsed();
        let change = |record: &mut UploadRecord| {
            if matches!(record.state, State::Done(_)) {
                return Ok(Change::Keep(record.clone()));
            }
            record.state = State::Done(done.clone());
            record.touched = record.touched.max(done.at);
            Ok(Change::Save(record.clone()))
        };
        let record = self.record().update(change).await?;
        self.active.learn(Arc::new(record), sent);
        Ok(())
    }

    /// Looks until there is no hole, as long as other replicas may hold what was taken before
    /// `since` and is missing.
    async fn wait_for_holes(&self, record: &UploadRecord, bundles: &mut Bundles, since: Instant) -> Result<Found> {
        let deadline = since + self.patience();
        loop {
            let (looked, changes) = (Instant::now(), self.active.changes());
            let Some(survey) = self.survey(record, bundles).await? else { return Ok(Found::Gone) };
            if survey.missing.is_empty() {
                return Ok(Found::Whole(survey));
            }
            if looked >= deadline {
                self.active.found_holes(&survey.missing, looked, changes);
                return Err(holes(survey.missing));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The grid that the parts need; `None` for a file that one request can write, also when a
    /// chunk of unknown length had fixed a grid and then broke: no parts make no file.
    async fn grid_for(&self, record: &UploadRecord, survey: &Survey) -> Result<Option<Fixed>> {
        if survey.total == 0 {
            return Ok(None);
        }
        if record.fixed.is_some() || survey.total <= self.sizes().target() {
            return Ok(record.fixed.clone());
        }
        let grid = super::grid::Grid::for_chunks_of(self.sizes(), record.length, self.sizes().target());
        self.fix(grid).await
    }

    /// Deletes the bundles, in the background.
    pub(super) fn clean_up(&self) {
        self.active.clear();
        let session = self.clone();
        self.bucket.tasks().background(async move {
            if let Err(error) = session.delete_bundles().await {
                tracing::warn!(upload.id = %session.active.id, error = %error, "bundles are left to the sweep");
            }
        });
    }
}

fn holes(missing: Vec<Range<u64>>) -> Error {
    let message = format!("the upload is not complete: bytes {} are missing", in_words(&missing));
    Error::new(ErrorKind::Conflict, Subject::Upload, message).with_missing(missing)
}

/// What a client is told of the file.
pub(super) fn meta(record: &UploadRecord, done: &Done) -> FileMeta {
    FileMeta { size: done.size, etag: done.etag.clone(), modified: done.at, content_type: record.content_type.clone() }
}
