//! Puts a cell into the store as its part: streamed from the client, from memory, or both.

use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::stream::poll_fn;
use futures::{Stream, StreamExt};

use super::active::Claim;
use super::flush::replayable;
use super::handle::Session;
use super::record::{self, Fixed, State};
use super::room::room_at_once;
use super::source::Source;
use crate::budget::Permit;
use crate::error::{Result, Subject};
use crate::store::{Body, BodyStream, PartNumber, StoreError, StoreErrorKind};

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

    /// Stores a cell that became complete in memory, also when the caller goes away meanwhile. If
    /// the store does not take it, its bytes stay held.
    pub(super) async fn store_claim(&self, fixed: &Fixed, claim: Claim) -> Result<()> {
        let (upload, fixed) = (self.clone(), fixed.clone());
        let work = async move {
            let body = replayable(claim.pieces.iter().map(|piece| piece.bytes.clone()).collect());
            upload.put_part(&fixed, claim.part, &claim.cell, body).await
        };
        self.bucket.tasks().finish(work).await?
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

    /// A part for an upload that the store no longer has: finished by somebody meanwhile, which
    /// makes the part superfluous; given up; or dropped by the store's own clean-up.
    async fn part_refused(&self, error: StoreError) -> Result<()> {
        if error.kind() != StoreErrorKind::NoSuchUpload {
            return Err(error.about(Subject::Upload));
        }
        let record = self.look_again().await?;
        if matches!(record.state, State::Done(_)) { Ok(()) } else { Err(record::dropped().caused_by(error)) }
    }
}

/// A body that streams once and keeps what went through it for further attempts.
fn window(size: u64, stream: BodyStream, permit: Permit) -> Body {
    let shared = Arc::new(Mutex::new(Window { kept: Vec::new(), stream, _permit: permit }));
    let open = move || -> BodyStream {
        let (shared, mut at) = (Arc::clone(&shared), 0);
        poll_fn(move |context| {
            let next = shared.lock().unwrap_or_else(PoisonError::into_inner).poll_at(at, context);
            at += 1;
            next
        })
        .boxed()
    };
    Body::replay(size, Arc::new(open))
}

struct Window {
    kept: Vec<Bytes>,
    stream: BodyStream,
    _permit: Permit,
}

impl Window {
    fn poll_at(&mut self, at: usize, context: &mut Context<'_>) -> Poll<Option<std::io::Result<Bytes>>> {
        if let Some(kept) = self.kept.get(at) {
            return Poll::Ready(Some(Ok(kept.clone())));
        }
        let next = ready!(Pin::new(&mut self.stream).poll_next(context));
        if let Some(Ok(bytes)) = &next {
            self.kept.push(bytes.clone());
        }
        Poll::Ready(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use futures::{TryStreamExt, stream};

    #[tokio::test]
    async fn a_window_gives_a_failed_attempt_what_it_gave_the_first() {
        let chunks = ["ab", "cd", "ef"].map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())));
        let budget = Budget::new(100);
        let body = window(6, stream::iter(chunks).boxed(), budget.try_acquire(6).unwrap());
        let open = body.opener().unwrap();
        let mut first = open();
        assert_eq!(first.try_next().await.unwrap().unwrap(), "ab");
        drop(first);
        let again: Vec<Bytes> = open().try_collect().await.unwrap();
        assert_eq!(again.concat(), b"abcdef");
        assert_eq!(budget.held(), 6);
        drop((open, body));
        assert_eq!(budget.held(), 0);
    }
}
