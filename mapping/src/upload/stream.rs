//! Writes a file from a stream whose length nobody knows, or that no single request takes: what
//! fits into one part is one write, more is an upload like any other.

use std::io;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::abort::Finish;
use super::finish::meta;
use super::flush::replayable;
use super::fragments::Piece;
use super::grid::{Grid, Sizes};
use super::handle::Upload;
use super::record::{self, Fixed};
use super::room::{fill, room, room_at_once};
use super::start::UploadOptions;
use crate::access::{Folder, Writes};
use crate::budget::Permit;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{FileMeta, WriteOptions};
use crate::path::FilePath;
use crate::store::BodyStream;

/// What is read into memory at a time.
const PIECE: u32 = 256 << 10;

/// How many cells of one stream are on their way into the store while it is read on.
const CELLS_AT_ONCE: usize = 2;

impl<A: Writes> Folder<A> {
    /// Writes the file at `path` from `body`. Nothing is visible before its end, and it ends early
    /// once it is more than the folder may ever hold.
    ///
    /// A crash leaves an unfinished upload that expires.
    ///
    /// # Errors
    /// As [`Folder::write`].
    pub(crate) async fn upload_stream(
        &self,
        path: &FilePath,
        length: Option<u64>,
        body: BodyStream,
        options: WriteOptions,
    ) -> Result<FileMeta> {
        self.can_fit(length.unwrap_or(0)).await?;
        let share = self.bucket().budget().share();
        let mut inflow = Inflow { stream: body, rest: Bytes::new(), at: 0, piece: PIECE.min(share), length };
        let sizes = Sizes::new(self.bucket().settings().part_floor);
        let first = self.first_pieces(&mut inflow, sizes).await?;
        if let Some(pieces) = &first.whole {
            let bytes = pieces.iter().map(|piece| piece.bytes.clone()).collect();
            self.still_granted().await?;
            return self.put(path, replayable(bytes), options).await;
        }
        let carried = UploadOptions { content_type: options.content_type };
        let session = self.begin_upload(path.clone(), length, carried).await?;
        let upload = Upload { folder: self.for_writing(), session };
        let done = async {
            upload.pour(first.pieces, &mut inflow, sizes).await?;
            upload.finish_over(options.overwrite).await
        };
        match done.await {
            Ok(meta) => Ok(meta),
            Err(error) => upload.given_up(error).await,
        }
    }

    /// The pieces that make the first part, as far as there is room for them now: who holds them
    /// cannot be made to let go, so nobody waits here.
    async fn first_pieces(&self, inflow: &mut Inflow, sizes: Sizes) -> Result<First> {
        let mut pieces = Vec::new();
        while inflow.length.is_none() && inflow.at < sizes.target() {
            let Some(permit) = room_at_once(self.bucket(), u64::from(inflow.piece)) else { break };
            match inflow.next(permit).await? {
                Some(piece) => {
                    self.can_fit(piece.range().end).await?;
                    pieces.push(piece);
                }
                None => return Ok(First { whole: Some(pieces), pieces: Vec::new() }),
            }
        }
        Ok(First { whole: None, pieces })
    }
}

/// What came of reading the first part.
struct First {
    /// All there is.
    whole: Option<Vec<Piece>>,
    /// What was read, and there may be more.
    pieces: Vec<Piece>,
}

impl Upload {
    /// Holds piece after piece and stores each cell that becomes complete. The last cell is left
    /// to the finish.
    async fn pour(&self, first: Vec<Piece>, inflow: &mut Inflow, sizes: Sizes) -> Result<()> {
        let session = &self.session;
        let grid = Grid::for_chunks_of(sizes, inflow.length, sizes.target());
        let fixed = session.fix(grid).await?.ok_or_else(record::dropped)?;
        let mut storing = FuturesUnordered::new();
        for piece in first {
            self.hold_into(&fixed, &piece, &mut storing);
        }
        loop {
            while storing.len() > CELLS_AT_ONCE {
                storing.try_next().await?;
            }
            let permit = room(&session.bucket, inflow.piece).await?;
            let Some(piece) = inflow.next(permit).await? else { break };
            self.folder.can_fit(piece.range().end).await?;
            if piece.range().end > fixed.grid.end() {
                return Err(record::too_large());
            }
            self.hold_into(&fixed, &piece, &mut storing);
        }
        storing.try_collect().await
    }

    /// Holds a piece, and begins to store the cells that it completed: who waits for room then
    /// does not wait for itself.
    fn hold_into(&self, fixed: &Fixed, piece: &Piece, storing: &mut FuturesUnordered<BoxFuture<'static, Result<()>>>) {
        self.session.active.hold(piece);
        for (part, _) in fixed.grid.cut(piece.range()) {
            if let Some(claim) = self.session.active.claim(part, &fixed.grid.cell(part)) {
                storing.push(self.session.store_claim(fixed, claim).boxed());
            }
        }
    }

    /// Ends an upload that nobody can send the rest of.
    async fn given_up(&self, error: Error) -> Result<FileMeta> {
        match self.abort_unless_done(Finish::Ended).await {
            Ok(None) => {}
            // It is there, and nobody sees it yet: its directory moved meanwhile.
            Ok(Some(_)) if error.kind() == ErrorKind::Busy => {}
            // Only the answer was lost.
            Ok(Some(done)) => return Ok(meta(&self.session.active.known().0, &done)),
            Err(failed) => {
                tracing::warn!(upload.id = %self.id(), error = %failed, "an unfinished stream is left to the sweep");
            }
        }
        Err(error)
    }
}

/// The stream, in pieces.
struct Inflow {
    stream: BodyStream,
    rest: Bytes,
    /// How much was read.
    at: u64,
    piece: u32,
    length: Option<u64>,
}

impl Inflow {
    /// The next piece; `None` at the end.
    async fn next(&mut self, permit: Permit) -> Result<Option<Piece>> {
        let bytes = fill(self.read()).await?;
        let start = self.at;
        self.at += bytes.len() as u64;
        self.check(bytes.is_empty())?;
        Ok((!bytes.is_empty()).then(|| Piece::new(start, bytes.into(), permit)))
    }

    /// As many bytes as a piece has; fewer at the end.
    async fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.piece as usize);
        while bytes.len() < bytes.capacity() {
            if self.rest.is_empty() {
                match self.stream.next().await {
                    Some(chunk) => self.rest = chunk?,
                    None => break,
                }
            }
            let taken = self.rest.split_to(self.rest.len().min(bytes.capacity() - bytes.len()));
            bytes.extend_from_slice(&taken);
        }
        Ok(bytes)
    }

    fn check(&self, ended: bool) -> Result<()> {
        match self.length {
            Some(length) if self.at > length => Err(Error::invalid(Subject::File, "the body is longer than announced")),
            Some(length) if ended && self.at < length => {
                Err(Error::invalid(Subject::File, "the body ended early or was cut off"))
            }
            _ => Ok(()),
        }
    }
}
