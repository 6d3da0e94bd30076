//! Uploads whose chunks come one after the other: what is acknowledged is in the store, and who was cut
//! off asks, through any replica, where to go on.

use super::grid::{Grid, Sizes};
use super::handle::{Session, Upload};
use super::ranges::Ranges;
use super::record::{self, Fixed, State, UploadRecord};
use super::start::UploadOptions;
use super::survey::{Bundles, Survey};
use crate::access::{Folder, Writes};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::UploadId;
use crate::path::FilePath;
use crate::store::BodyStream;

/// The largest cell: what of a chunk is lost when it breaks off, however long it was to be.
const LARGEST_CELL: u64 = 16 << 20;

impl<A: Writes> Folder<A> {
    /// Refuses what [`Folder::start_upload`] would refuse, and starts nothing.
    ///
    /// # Errors
    /// As [`Folder::start_upload`].
    pub async fn check_upload(&self, path: &FilePath, length: u64) -> Result<()> {
        path.check_new_file()?;
        if length > Sizes::longest() {
            return Err(record::too_large());
        }
        self.can_fit(length).await?;
        self.look_for_clash(path).await
    }

    /// The upload of `length` bytes to `path` whose id was drawn before: gone on with, or started now,
    /// once, however many replicas are asked to at the same time.
    ///
    /// # Errors
    /// As [`Folder::start_upload`]; `Conflict` when it is of another file, `NotFound` when it has expired
    /// or was given up.
    pub async fn take_up_upload(
        &self,
        id: &UploadId,
        path: &FilePath,
        length: u64,
        options: UploadOptions,
    ) -> Result<Upload> {
        let upload = match self.upload(id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.check_upload(path, length).await?;
                match self.begin_upload_as(id, path.clone(), Some(length), options).await? {
                    Some(session) => Upload { folder: self.for_writing(), session },
                    None => self.upload(id).await?,
                }
            }
            other => other?,
        };
        if upload.path() != *path || upload.length() != Some(length) {
            return Err(Error::new(ErrorKind::Conflict, Subject::Upload, "this upload is of another file"));
        }
        Ok(upload)
    }
}

impl Upload {
    /// Whether its file is there, or was.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.session.active.known().0.state, State::Done(_))
    }

    /// Where to go on: everything before is in the store. What is held here is stored first.
    ///
    /// # Errors
    /// `NotFound` once the upload is no more; `Unavailable` when the store does not answer.
    pub async fn offset(&self) -> Result<u64> {
        let session = &self.session;
        session.active.settled().await;
        session.flush().await?;
        let record = session.look_again().await?;
        if let State::Done(done) = &record.state {
            return Ok(done.size);
        }
        match session.survey(&record, &mut Bundles::new()).await? {
            Some(survey) => Ok(session.stored_of(&record, &survey)),
            None => match session.find_published(&record).await? {
                Some(done) => Ok(done.size),
                None => Err(record::dropped()),
            },
        }
    }

    /// Takes the `length` bytes at `start`, which is not behind what is stored, and answers where they
    /// end, once they are stored. A chunk that comes again changes nothing. Of a body that breaks off,
    /// what had come is kept, but for the cell that it streamed into.
    ///
    /// # Errors
    /// As [`Upload::append`]; `Conflict` when bytes before `start` are not stored.
    pub async fn append_in_sequence(&self, start: u64, length: u64, body: BodyStream) -> Result<u64> {
        if !self.is_finished() && !self.session.active.is_stored(&(0..start)) {
            let offset = self.offset().await?;
            if start > offset {
                return Err(out_of_sequence(offset));
            }
        }
        let end = start.saturating_add(length);
        self.session.fix_small_cells(end, length).await?;
        let appended = self.append_durable(start, length, body).await;
        if appended.is_err() {
            // Whoever asks another replica for the offset must not send it all again.
            if let Err(error) = self.session.flush().await {
                tracing::debug!(upload.id = %self.id(), %error, "what came of a broken chunk is not stored yet");
            }
        }
        appended.map(|()| end)
    }
}

impl Session {
    /// Fixes a grid of cells that are no longer than a chunk and [`LARGEST_CELL`], if there is to be one.
    async fn fix_small_cells(&self, end: u64, length: u64) -> Result<()> {
        let (record, sizes) = (self.look().await?, self.sizes());
        let needed = record.fixed.is_none() && !record.is_over() && record.length > Some(sizes.target());
        if needed && length > 0 && Some(end) <= record.length {
            self.fix(Grid::for_chunks_of(sizes, record.length, length.min(LARGEST_CELL))).await?;
        }
        Ok(())
    }

    /// How many bytes from the first on are in the store. Remembered, so that the next chunk costs no look.
    fn stored_of(&self, record: &UploadRecord, survey: &Survey) -> u64 {
        let mut stored: Ranges = survey.bundles.values().flatten().map(|segment| segment.file.clone()).collect();
        let start = |fixed: &Fixed, part| fixed.grid.cell(part).start;
        let parts = survey.parts.values().filter_map(|part| {
            let start = start(record.fixed.as_ref()?, part.number);
            Some(start..start + part.size)
        });
        stored.extend(parts);
        self.active.bundled(&stored);
        stored.missing(0..survey.total).first().map_or(survey.total, |hole| hole.start)
    }
}

fn out_of_sequence(offset: u64) -> Error {
    Error::new(ErrorKind::Conflict, Subject::Upload, format!("the next byte to be sent is the one at {offset}"))
}
