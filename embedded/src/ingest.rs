//! Takes a body in: counts, hashes and stores it, and says whether it is what the client announced.
//!
//! Nothing of it is visible until the caller names the result in the index.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, StatusCode};
use md5::{Digest, Md5};
use s3s::checksum::ChecksumHasher;
use s3s::dto::StreamingBlob;
use s3s::stream::ByteStream;
use s3s::{S3Error, S3Request, S3Result, StdError, TrailingHeaders, s3_error};
use tokio::task::JoinHandle;

use crate::blobs::{Blobs, PublishedBlob, TempBlob};
use crate::checksums::{Algorithm, Sums};
use crate::error::{custom, file_failed, task_failed};

/// Bodies up to this size lie in the index: one sync instead of three.
pub(crate) const INLINE: usize = 16 * 1024;

/// How much is hashed and written at a time by a blocking thread.
const CHUNK: usize = 512 * 1024;

/// What S3 takes in one request: 5 GiB.
const LARGEST: u64 = 5 << 30;

/// What the client said about the body.
#[derive(Debug)]
pub(crate) struct Announced {
    length: Option<u64>,
    md5: Option<[u8; 16]>,
    sums: Sums,
    in_trailer: Vec<Algorithm>,
    wanted: Vec<Algorithm>,
    trailers: Option<TrailingHeaders>,
}

impl Announced {
    /// Reads the headers of a PUT. `wanted` are computed although nobody announced them.
    pub(crate) fn read<T>(request: &mut S3Request<T>, length: Option<i64>, wanted: &[Algorithm]) -> S3Result<Self> {
        let headers = &request.headers;
        let length = length.map(u64::try_from).transpose();
        let mut wanted = wanted.to_vec();
        if let Some(name) = headers.get("x-amz-sdk-checksum-algorithm").and_then(|name| name.to_str().ok()) {
            wanted.push(Algorithm::parse(name)?);
        }
        let announced = Self {
            length: length.map_err(|_| s3_error!(InvalidArgument, "the length is not valid"))?,
            md5: content_md5(headers)?,
            sums: Sums::announced(headers)?,
            in_trailer: Sums::in_trailer(headers),
            wanted,
            trailers: request.trailing_headers.take(),
        };
        if announced.length.is_some_and(|length| length > LARGEST) {
            return Err(s3_error!(EntityTooLarge, "one request takes at most {LARGEST} bytes"));
        }
        Ok(announced)
    }

    fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.sums.algorithms().chain(self.in_trailer.iter().copied()).chain(self.wanted.iter().copied())
    }

    /// The sums of header and trailer. Called after the body ended.
    fn all_sums(&self) -> S3Result<Sums> {
        let mut sums = self.sums.clone();
        let trailers = self.trailers.as_ref().and_then(TrailingHeaders::take).unwrap_or_default();
        sums.extend(Sums::announced(&trailers)?);
        let missing = self.in_trailer.iter().find(|algorithm| sums.get(**algorithm).is_none());
        match missing {
            Some(algorithm) => Err(s3_error!(IncompleteBody, "the trailer with the {} is missing", algorithm.name())),
            None => Ok(sums),
        }
    }
}

fn content_md5(headers: &HeaderMap) -> S3Result<Option<[u8; 16]>> {
    let Some(value) = headers.get("content-md5") else { return Ok(None) };
    let digest = STANDARD.decode(value.as_bytes()).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    digest.map(Some).ok_or_else(|| s3_error!(InvalidDigest, "the Content-MD5 you specified is not valid"))
}

/// Where the bytes of a body are now.
#[derive(Debug)]
pub(crate) enum Content {
    /// In memory, to be stored in the index.
    Inline(Vec<u8>),
    /// In a durable blob.
    File(PublishedBlob),
}

/// A body that was verified.
#[derive(Debug)]
pub(crate) struct Received {
    /// Its bytes.
    pub(crate) content: Content,
    /// How many they are.
    pub(crate) size: u64,
    /// Their MD5 in hexadecimal: the ETag.
    pub(crate) etag: String,
    /// Every checksum that was computed.
    pub(crate) sums: Sums,
}

/// Receives a body to its end, verifies it and makes it durable unless it is small.
pub(crate) async fn receive(blobs: &Arc<Blobs>, body: Option<StreamingBlob>, told: Announced) -> S3Result<Received> {
    let mut body = body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
    let exact = body.remaining_length().exact().and_then(|length| u64::try_from(length).ok());
    let expected = told.length.or(exact).ok_or_else(|| s3_error!(MissingContentLength, "a length is required"))?;
    let mut intake = Intake::new(Sink::new(told.algorithms()), Arc::clone(blobs));
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| body_failed(&error))?;
        intake.take(chunk).await?;
        if intake.size > expected {
            break;
        }
    }
    if intake.size != expected {
        return Err(s3_error!(IncompleteBody, "{expected} bytes were announced, {} came", intake.size));
    }
    let size = intake.size;
    let (sink, rest) = intake.finish().await?;
    let (announced, md5) = (told.all_sums()?, told.md5);
    if size <= INLINE as u64 {
        let (etag, sums, _) = sink.verified(&rest, &announced, md5)?;
        return Ok(Received { content: Content::Inline(rest.concat()), size, etag, sums });
    }
    let blobs = Arc::clone(blobs);
    let last = tokio::task::spawn_blocking(move || {
        let mut sink = sink;
        sink.write(&rest, &blobs)?;
        let (etag, sums, temp) = sink.verified(&rest, &announced, md5)?;
        let temp = temp.ok_or_else(|| s3_error!(InternalError, "a large body has no file"))?;
        let content = Content::File(temp.publish().map_err(file_failed)?);
        Ok(Received { content, size, etag, sums })
    });
    last.await.map_err(task_failed)?
}

/// What is wrong with a body that cannot be read to its end. The protocol layer keeps its error types
/// to itself, so their text has to do.
fn body_failed(error: &StdError) -> S3Error {
    let text = error.to_string();
    if text.contains("SignatureMismatch") {
        s3_error!(SignatureDoesNotMatch, "the signature of a chunk does not match")
    } else if text.contains("Sha256Mismatch") {
        let message = "the x-amz-content-sha256 you specified did not match what was received";
        custom("XAmzContentSHA256Mismatch", StatusCode::BAD_REQUEST, message)
    } else {
        s3_error!(IncompleteBody, "the body ended before it was complete")
    }
}

/// Hashers and the file, on whichever thread is working on them.
struct Sink {
    md5: Md5,
    sums: ChecksumHasher,
    temp: Option<TempBlob>,
}

impl Sink {
    fn new(algorithms: impl Iterator<Item = Algorithm>) -> Self {
        let mut sums = ChecksumHasher::default();
        algorithms.for_each(|algorithm| algorithm.enable(&mut sums));
        Self { md5: Md5::new(), sums, temp: None }
    }

    fn hash(&mut self, chunks: &[Bytes]) {
        for chunk in chunks {
            self.md5.update(chunk);
            self.sums.update(chunk);
        }
    }

    fn write(&mut self, chunks: &[Bytes], blobs: &Arc<Blobs>) -> S3Result<()> {
        let temp = match &mut self.temp {
            Some(temp) => temp,
            empty @ None => empty.insert(blobs.create().map_err(file_failed)?),
        };
        chunks.iter().try_for_each(|chunk| temp.write(chunk)).map_err(file_failed)
    }

    /// Hashes the rest and compares everything with what was announced.
    fn verified(
        mut self,
        rest: &[Bytes],
        announced: &Sums,
        md5: Option<[u8; 16]>,
    ) -> S3Result<(String, Sums, Option<TempBlob>)> {
        self.hash(rest);
        let digest: [u8; 16] = self.md5.finalize().into();
        if md5.is_some_and(|expected| expected != digest) {
            return Err(s3_error!(BadDigest, "the Content-MD5 you specified did not match what was received"));
        }
        let sums = Sums::from(self.sums.finalize());
        announced.check(&sums)?;
        Ok((hex::encode(digest), sums, self.temp))
    }
}

/// Collects chunks while a blocking thread works on the ones before.
struct Intake {
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    size: u64,
    sink: Option<Sink>,
    working: Option<JoinHandle<S3Result<Sink>>>,
    blobs: Arc<Blobs>,
}

impl Intake {
    fn new(sink: Sink, blobs: Arc<Blobs>) -> Self {
        Self { waiting: Vec::new(), waiting_bytes: 0, size: 0, sink: Some(sink), working: None, blobs }
    }

    async fn take(&mut self, chunk: Bytes) -> S3Result<()> {
        self.size += chunk.len() as u64;
        self.waiting_bytes += chunk.len();
        self.waiting.push(chunk);
        if self.waiting_bytes < CHUNK {
            return Ok(());
        }
        let mut sink = self.idle_sink().await?;
        let (chunks, blobs) = (std::mem::take(&mut self.waiting), Arc::clone(&self.blobs));
        self.waiting_bytes = 0;
        self.working = Some(tokio::task::spawn_blocking(move || {
            sink.hash(&chunks);
            sink.write(&chunks, &blobs)?;
            Ok(sink)
        }));
        Ok(())
    }

    async fn idle_sink(&mut self) -> S3Result<Sink> {
        match self.working.take() {
            Some(working) => working.await.map_err(task_failed)?,
            None => self.sink.take().ok_or_else(|| s3_error!(InternalError, "a body was cut short")),
        }
    }

    async fn finish(mut self) -> S3Result<(Sink, Vec<Bytes>)> {
        Ok((self.idle_sink().await?, self.waiting))
    }
}
