//! Makes the file visible: by completing the multipart upload, or by one write when it is small.
//! An answer that was lost is proved by the upload's stamp on the file, never by the file alone.

use std::time::Duration;

use super::handle::{Session, Upload};
use super::record::{self, Done, Fixed, State, UploadRecord};
use super::start::attributes;
use super::survey::Survey;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{Overwrite, STAMP, already_exists};
use crate::store::{Condition, ETag, ObjectMeta, Part, StoreError, StoreErrorKind};
use crate::usage::Charged;

/// How often a publication is tried whose answer was lost and that was not done.
const ATTEMPTS: u32 = 3;

/// How long to wait between two of them.
const PAUSE: Duration = Duration::from_millis(200);

/// An upload whose every byte is there.
pub(super) struct Publishing<'u> {
    pub(super) upload: &'u Upload,
    pub(super) record: &'u UploadRecord,
    pub(super) survey: &'u Survey,
    pub(super) overwrite: Overwrite,
}

/// How an attempt ended.
enum Outcome {
    /// This attempt, or an earlier one of this finish, made the file.
    Published(Done),
    /// Another finish had made it before.
    WasPublished(Done),
    /// What was seen is no longer so: look again.
    Changed,
}

impl Publishing<'_> {
    /// Publishes the file; `None` when everything is to be looked at again.
    pub(super) async fn publish(&self, fixed: Option<&Fixed>) -> Result<Option<Done>> {
        let parts = match fixed {
            None => Vec::new(),
            Some(fixed) => match self.parts(fixed).await? {
                Some(parts) => parts,
                None => return Ok(None),
            },
        };
        let folder = &self.upload.folder;
        let writing = folder.begin_write_over(&self.record.path, self.overwrite).await?;
        let (existing, in_place) = (writing.existing().cloned(), writing.in_place().cloned());
        if let Some(done) = existing.as_ref().and_then(|there| self.session().is_mine(self.record, there)) {
            return Ok(Some(done));
        }
        // Whoever published it before this look has said so by now, or is still at it.
        if let State::Done(done) = &self.session().look_again().await?.state {
            return Ok(Some(done.clone()));
        }
        if self.overwrite == Overwrite::No && existing.is_some() {
            return Err(already_exists(&self.record.path));
        }
        folder.still_granted().await?;
        let charged = folder.charge(writing, self.survey.total).await?;
        let outcome = match fixed {
            Some(fixed) => self.complete(fixed, &parts).await,
            None => self.put(in_place.as_ref()).await,
        };
        settle(charged, outcome)
    }

    const fn session(&self) -> &Session {
        &self.upload.session
    }

    /// All parts, those that were missing put together now; `None` when some vanished.
    async fn parts(&self, fixed: &Fixed) -> Result<Option<Vec<Part>>> {
        let wanted = fixed.grid.cells(self.survey.total).count();
        if self.survey.parts.len() == wanted {
            return Ok(Some(self.survey.parts.values().cloned().collect()));
        }
        if let Err(error) = self.session().assemble(fixed, self.survey).await {
            // A bundle that went meanwhile breaks the body; the next look says why.
            return if error.kind() == ErrorKind::Invalid { Ok(None) } else { Err(error) };
        }
        Ok(None)
    }

    /// Completes the multipart upload. A store does that once, so a second finish cannot bring an
    /// old file back over a newer one.
    async fn complete(&self, fixed: &Fixed, parts: &[Part]) -> Result<Outcome> {
        let store = self.session().bucket.store();
        let (key, condition) = (self.record.key(), self.overwrite.condition());
        let mut lost = None;
        for _ in 0..ATTEMPTS {
            let completed = store.complete_multipart(&key, &fixed.multipart, parts, condition.clone()).await;
            match completed {
                Ok(etag) => return Ok(Outcome::Published(self.done(etag))),
                Err(error) => match self.not_completed(error, lost.is_some()).await? {
                    Err(error) => lost = Some(error),
                    Ok(outcome) => return Ok(outcome),
                },
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(unknown_outcome(lost))
    }

    /// What a failed completion means; the error again when it may be tried again.
    async fn not_completed(&self, error: StoreError, lost_before: bool) -> Result<Result<Outcome, StoreError>> {
        match error.kind() {
            StoreErrorKind::InvalidPart => Ok(Ok(Outcome::Changed)),
            StoreErrorKind::NoSuchUpload | StoreErrorKind::Unavailable | StoreErrorKind::Conflict => {
                let mine = error.is_unknown() || lost_before;
                match self.session().find_published(self.record).await? {
                    Some(done) if mine => Ok(Ok(Outcome::Published(done))),
                    Some(done) => Ok(Ok(Outcome::WasPublished(done))),
                    None if error.kind() == StoreErrorKind::NoSuchUpload => Err(record::dropped().caused_by(error)),
                    None => Ok(Err(error)),
                }
            }
            StoreErrorKind::PreconditionFailed => match self.session().find_published(self.record).await? {
                Some(done) => Ok(Ok(Outcome::Published(done))),
                None => Err(already_exists(&self.record.path).caused_by(error)),
            },
            _ => Err(error.about(Subject::Upload)),
        }
    }

    /// Writes a small file in one request, only over what was there when it was looked at before
    /// the record was: so a second finish, late, never replaces what came after the first.
    async fn put(&self, existing: Option<&ObjectMeta>) -> Result<Outcome> {
        let session = self.session();
        let condition = existing.map_or(Condition::Absent, |there| Condition::Matches(there.etag.clone()));
        let (key, mut lost) = (self.record.key(), None);
        for _ in 0..ATTEMPTS {
            let body = session.body(self.survey, &(0..self.survey.total));
            let put = session.bucket.store().put(&key, body, attributes(self.record), condition.clone()).await;
            let error = match put {
                Ok(etag) => return Ok(Outcome::Published(self.done(etag))),
                Err(error) => error,
            };
            match error.kind() {
                StoreErrorKind::PreconditionFailed | StoreErrorKind::Conflict | StoreErrorKind::NotFound => {
                    return Ok(match session.find_published(self.record).await? {
                        Some(done) if lost.is_some() => Outcome::Published(done),
                        Some(done) => Outcome::WasPublished(done),
                        None => Outcome::Changed,
                    });
                }
                StoreErrorKind::BadBody => return Ok(Outcome::Changed),
                StoreErrorKind::Unavailable => match session.find_published(self.record).await? {
                    Some(done) => return Ok(Outcome::Published(done)),
                    None => lost = Some(error),
                },
                _ => return Err(error.about(Subject::Upload)),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(unknown_outcome(lost))
    }

    fn done(&self, etag: ETag) -> Done {
        Done { etag, size: self.survey.total, at: self.session().bucket.clock().now() }
    }
}

impl Session {
    /// The file that this upload made: as the record says, or as it lies there with our stamp.
    pub(super) async fn find_published(&self, record: &UploadRecord) -> Result<Option<Done>> {
        match self.bucket.store().head(&record.key()).await {
            Ok(there) => {
                if let Some(done) = self.is_mine(record, &there) {
                    return Ok(Some(done));
                }
            }
            Err(error) if error.kind() == StoreErrorKind::NotFound => {}
            Err(error) => return Err(error.about(Subject::Upload)),
        }
        // It may have been replaced or removed since.
        match &self.look_again().await?.state {
            State::Done(done) => Ok(Some(done.clone())),
            _ => Ok(None),
        }
    }

    fn is_mine(&self, record: &UploadRecord, there: &ObjectMeta) -> Option<Done> {
        let mine = there.metadata.get(STAMP).is_some_and(|stamp| stamp == record.stamp.as_str());
        mine.then(|| Done { etag: there.etag.clone(), size: there.size, at: self.bucket.clock().now() })
    }
}

/// Ends the charge by what became of the write. One whose outcome nobody knows stays charged until
/// a count.
fn settle(charged: Charged, outcome: Result<Outcome>) -> Result<Option<Done>> {
    match outcome {
        Ok(Outcome::Published(done)) => {
            charged.settle();
            Ok(Some(done))
        }
        Ok(Outcome::WasPublished(done)) => {
            charged.cancel();
            Ok(Some(done))
        }
        Ok(Outcome::Changed) => {
            charged.cancel();
            Ok(None)
        }
        Err(error) if error.kind() == ErrorKind::Unavailable => Err(error),
        Err(error) => {
            charged.cancel();
            Err(error)
        }
    }
}

fn unknown_outcome(lost: Option<StoreError>) -> Error {
    let error =
        Error::new(ErrorKind::Unavailable, Subject::Upload, "the store does not answer: finish the upload again");
    match lost {
        Some(cause) => error.caused_by(cause),
        None => error,
    }
}
