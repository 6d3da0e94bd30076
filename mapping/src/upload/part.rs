//! Puts a cell into the store as its part: streamed from the client, from memory, or both.

use std::ops::Range;

use super::active::Claim;
use super::flush::replayable;
use super::handle::Session;
use super::record::{self, Fixed};
use super::room::room_at_once;
use super::source::Source;
use super::window::window;
use crate::error::{Result, Subject};
use crate::store::{Body, PartNumber, StoreError, StoreErrorKind};

impl Session {
    /// Streams a whole cell from the client into its part. While the budget has room its bytes
    /// are kept until the store has answered, so that a failed attempt can be made again.
    ///
    /// A crash leaves the part stored or not: the same bytes under the same number.
    pub(super) async fn stream_cell(
        &self,
        fixed: &Fixed,
        part: PartNumber,
        cell: Range<u64>,
        source: &Source,
    ) -> Result<()> {
        let size = cell.end - cell.start;
        if self.active.is_part(part) {
            return source.skip(size).await.map_err(|cause| super::source::broken(cause.kind()));
        }
        let body = match room_at_once(&self.bucket, size) {
            Some(permit) => window(size, source.slice(size), permit),
            None => Body::once(size, source.slice(size)),
        };
        self.put_part(fixed, part, &cell, body).await
    }

    /// Begins to store a cell that became complete in memory; it goes on also when the caller goes
    /// away or does not wait for the answer. If the store does not take it, its bytes stay held.
    pub(super) fn store_claim(&self, fixed: &Fixed, claim: Claim) -> impl Future<Output = Result<()>> + Send + use<> {
        let (upload, fixed) = (self.clone(), fixed.clone());
        let work = async move {
            let body = replayable(claim.pieces.iter().map(|piece| piece.bytes.clone()).collect());
            upload.put_part(&fixed, claim.part, &claim.cell, body).await
        };
        let stored = self.bucket.tasks().begin(work);
        async move { stored.await? }
    }

    /// Puts a part and notes that it is there.
    pub(super) async fn put_part(&self, fixed: &Fixed, part: PartNumber, cell: &Range<u64>, body: Body) -> Result<()> {
        if self.send_part(fixed, part, body).await? {
            self.active.part_stored(part, cell);
            self.touch(&self.active.known().0);
        }
        Ok(())
    }

    /// Puts a part; `false` when the upload is finished and needs it no more.
    pub(super) async fn send_part(&self, fixed: &Fixed, part: PartNumber, body: Body) -> Result<bool> {
        let (record, _) = self.active.known();
        match self.bucket.store().put_part(&record.key(), &fixed.multipart, part, body).await {
            Ok(_) => Ok(true),
            Err(error) => self.part_refused(error).await.map(|()| false),
        }
    }

    /// A part for an upload that the store no longer has: finished by somebody, noted or not, which
    /// makes the part superfluous; given up; or dropped by the store's own clean-up.
    async fn part_refused(&self, error: StoreError) -> Result<()> {
        if error.kind() != StoreErrorKind::NoSuchUpload {
            return Err(error.about(Subject::Upload));
        }
        match self.find_published(&self.active.known().0).await? {
            // Noted now, if it was not: from here on every chunk is one of a finished upload.
            Some(done) => self.end_finish(&done).await,
            None => Err(record::dropped().caused_by(error)),
        }
    }
}
