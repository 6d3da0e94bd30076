//! The bytes of an object as a stream: segment after segment, in large chunks, one read ahead.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use rusqlite::Connection;
use s3s::dto::StreamingBlob;
use s3s::stream::{ByteStream, RemainingLength};
use s3s::{S3Result, StdError};
use tokio::task::JoinHandle;

use crate::blobs::{BlobName, Blobs};
use crate::index::blob::{self, Found, Segment, Source};
use crate::pins::{Pin as BlobPin, Snapshot};

/// How much a blocking thread reads at a time.
const CHUNK: u64 = 256 * 1024;

/// What is to be read, and what keeps it there.
#[derive(Debug)]
pub(crate) struct Reading {
    segments: VecDeque<(Segment, Source)>,
    open: Option<(BlobName, File)>,
    blobs: Arc<Blobs>,
    _pin: BlobPin,
}

impl Reading {
    /// A reader of these segments; their files are pinned from now on. The snapshot must be older than
    /// the transaction of `conn`.
    pub(crate) fn open(
        conn: &Connection,
        segments: &[Segment],
        snapshot: &Snapshot,
        blobs: Arc<Blobs>,
    ) -> S3Result<Self> {
        let segments = blob::locate(conn, segments)?;
        let files = segments.iter().filter_map(|(_, source)| match source {
            Source::File(name) => Some(*name),
            Source::Inline(_) => None,
        });
        let pin = snapshot.pin(files.collect());
        Ok(Self { segments: segments.into(), open: None, blobs, _pin: pin })
    }

    /// What is still to be read, for a later transaction that refers to it.
    pub(crate) fn found(&self) -> Vec<Found> {
        let found = self.segments.iter().map(|(segment, source)| match source {
            Source::File(name) => (*segment, Some(*name)),
            Source::Inline(_) => (*segment, None),
        });
        found.collect()
    }

    /// The next bytes, at most a chunk; none at the end. Blocks.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Some((segment, source)) = self.segments.front_mut() else { return Ok(None) };
        let length = segment.length.min(CHUNK);
        let size = usize::try_from(length).map_err(io::Error::other)?;
        let bytes = match source {
            Source::Inline(body) => {
                let start = usize::try_from(segment.offset).map_err(io::Error::other)?;
                let range = body.get(start..start + size).ok_or(io::ErrorKind::UnexpectedEof)?;
                Bytes::copy_from_slice(range)
            }
            Source::File(name) => {
                let file = match &mut self.open {
                    Some((open, file)) if open == name => file,
                    other => &mut other.insert((*name, self.blobs.read(*name)?)).1,
                };
                let mut bytes = vec![0; size];
                file.read_exact_at(&mut bytes, segment.offset)?;
                bytes.into()
            }
        };
        segment.offset += length;
        segment.length -= length;
        if segment.length == 0 {
            self.segments.pop_front();
        }
        Ok(Some(bytes))
    }

    /// All of it as the body of an answer of `length` bytes.
    pub(crate) fn into_body(self, length: u64) -> StreamingBlob {
        let remaining = usize::try_from(length).unwrap_or(usize::MAX);
        StreamingBlob::new(ReadAhead { reading: Some(read(self)), remaining })
    }
}

type Read = io::Result<(Option<Bytes>, Reading)>;

fn read(mut reading: Reading) -> JoinHandle<Read> {
    tokio::task::spawn_blocking(move || reading.next().map(|bytes| (bytes, reading)))
}

struct ReadAhead {
    reading: Option<JoinHandle<Read>>,
    remaining: usize,
}

impl Stream for ReadAhead {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(reading) = self.reading.as_mut() else { return Poll::Ready(None) };
        let done = std::task::ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        match done {
            Ok(Ok((Some(bytes), rest))) => {
                self.remaining = self.remaining.saturating_sub(bytes.len());
                self.reading = (self.remaining > 0).then(|| read(rest));
                Poll::Ready(Some(Ok(bytes)))
            }
            Ok(Ok((None, _))) => Poll::Ready(None),
            Ok(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            Err(error) => Poll::Ready(Some(Err(error.into()))),
        }
    }
}

impl ByteStream for ReadAhead {
    fn remaining_length(&self) -> RemainingLength {
        RemainingLength::new_exact(self.remaining)
    }
}
