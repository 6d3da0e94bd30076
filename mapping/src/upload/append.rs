//! Takes a chunk: whole cells go straight into their parts, the rest is held.

use std::ops::Range;

use super::fragments::Piece;
use super::grid::Sizes;
use super::handle::{Session, Upload};
use super::record::{self, Fixed, State, UploadRecord};
use super::room::{fill, room};
use super::source::{Source, broken};
use crate::bucket::Acknowledge;
use crate::error::Result;
use crate::store::{BodyStream, PartNumber};

/// What is read into memory at a time: a client that stops sending ties up no more of the budget.
const PIECE: u64 = 256 << 10;

impl Upload {
    /// Takes the `length` bytes at `start`. Chunks may come in any order, at the same time,
    /// through any replica, overlap and repeat; where two that overlap differ, one of them wins
    /// for each stretch between their ends. A chunk of a finished upload changes nothing.
    ///
    /// The chunk is acknowledged once it is in memory or in the store, as
    /// [`Settings::acknowledge`](crate::bucket::Settings) says; once it is in the store, when the
    /// file's length is not known. One that fails may have been taken in part and is to be sent
    /// again.
    ///
    /// # Errors
    /// `Invalid` when the chunk lies outside the file or its body is broken, shorter or longer;
    /// `NotFound` when the upload has expired, was given up, or was dropped by the store;
    /// `Busy` when there is no room; `OverQuota` when a file of unknown length is more than the
    /// folder may ever hold; `Unavailable` when the store does not answer.
    pub async fn append(&self, start: u64, length: u64, body: BodyStream) -> Result<()> {
        self.can_fit(start.saturating_add(length)).await?;
        self.session.take(start, length, body, self.session.bucket.settings().acknowledge).await
    }

    /// Takes a chunk as [`Upload::append`] does, and answers only once it is in the store.
    ///
    /// # Errors
    /// As [`Upload::append`].
    pub async fn append_durable(&self, start: u64, length: u64, body: BodyStream) -> Result<()> {
        self.can_fit(start.saturating_add(length)).await?;
        self.session.take(start, length, body, Acknowledge::Stored).await
    }

    /// Whether a file of unknown length can be as long as this.
    async fn can_fit(&self, end: u64) -> Result<()> {
        if self.length().is_some() { Ok(()) } else { self.folder.can_fit(end).await }
    }
}

impl Session {
    async fn take(&self, start: u64, length: u64, body: BodyStream, acknowledge: Acknowledge) -> Result<()> {
        let record = self.look().await?;
        let chunk = record.place(start, length)?;
        let source = Source::new(length, body);
        let taken = self.take_from(&record, &chunk, &source, acknowledge).await;
        // Whoever noticed it first: a broken body is the client's fault, not the store's.
        taken.map_err(|error| source.complaint().map_or(error, |complaint| complaint))
    }

    async fn take_from(
        &self,
        record: &UploadRecord,
        chunk: &Range<u64>,
        source: &Source,
        acknowledge: Acknowledge,
    ) -> Result<()> {
        if chunk.is_empty() {
            return source.ended().await.map_err(|cause| broken(cause.kind()));
        }
        if matches!(record.state, State::Done(_)) {
            return skip(source, chunk).await;
        }
        match self.fixed_for(record, chunk).await? {
            None if self.active.known().0.is_over() => return skip(source, chunk).await,
            None => self.hold(chunk, source).await?,
            Some(fixed) => self.cut(&fixed, chunk, source).await?,
        }
        // Of an unknown length, nobody would miss a tail that another replica holds.
        match acknowledge {
            Acknowledge::Held if record.length.is_some() => Ok(()),
            Acknowledge::Held | Acknowledge::Stored => self.store_held(chunk).await,
        }
    }

    async fn cut(&self, fixed: &Fixed, chunk: &Range<u64>, source: &Source) -> Result<()> {
        if chunk.end > fixed.grid.end() {
            return Err(record::too_large());
        }
        for (part, piece) in fixed.grid.cut(chunk.clone()) {
            if piece == fixed.grid.cell(part) {
                self.stream_cell(fixed, part, piece, source).await?;
            } else {
                self.hold(&piece, source).await?;
                self.store_full_cell(fixed, part).await?;
            }
        }
        Ok(())
    }

    /// Holds a range of the body, piece by piece. A broken body leaves nothing of the piece that
    /// it broke in.
    async fn hold(&self, range: &Range<u64>, source: &Source) -> Result<()> {
        if self.active.is_stored(range) {
            return skip(source, range).await;
        }
        let largest = PIECE.min(u64::from(self.bucket.budget().share()));
        let mut at = range.start;
        while at < range.end {
            let length = u32::try_from((range.end - at).min(largest)).unwrap_or(u32::MAX);
            let permit = room(&self.bucket, length).await?;
            let bytes = fill(source.read(length as usize)).await?;
            self.active.hold(&Piece::new(at, bytes, permit));
            at += u64::from(length);
        }
        Ok(())
    }

    async fn store_full_cell(&self, fixed: &Fixed, part: PartNumber) -> Result<()> {
        match self.active.claim(part, &fixed.grid.cell(part)) {
            Some(claim) => self.store_claim(fixed, claim).await,
            None => Ok(()),
        }
    }

    /// The sizes that this deployment works with.
    pub(super) fn sizes(&self) -> Sizes {
        Sizes::new(self.bucket.settings().part_floor)
    }
}

async fn skip(source: &Source, range: &Range<u64>) -> Result<()> {
    source.skip(range.end - range.start).await.map_err(|cause| broken(cause.kind()))
}
