//! Reads a file, whole or a range of it: one ranged GET, streamed, and gone on with when it breaks.

use std::fmt;
use std::ops::Range;

use futures::{StreamExt, stream};

use super::{FileMeta, is_a_directory, no_such_file};
use crate::access::{Folder, Reads};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::path::FilePath;
use crate::store::{BodyStream, ETag, GetOptions, Object, ObjectMeta, StoreErrorKind};

/// No store takes a file of this size, and every store takes it as the end of a range.
const BEYOND: u64 = 1 << 50;

/// How often a suffix is tried on a file that changes between the look and the read.
const ATTEMPTS: u32 = 4;

/// Which bytes of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RangeRequest {
    /// All of them.
    #[default]
    Whole,
    /// From the first number to the second, end exclusive. An end behind the file is cut.
    FromTo(u64, u64),
    /// From here to the end.
    From(u64),
    /// This many at the end; the whole file when it has fewer. Costs two requests to the store.
    Suffix(u64),
}

/// How to read a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions {
    /// Which bytes.
    pub range: RangeRequest,
}

/// What of a file is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// All of it, as asked.
    Whole,
    /// The bytes of [`Reading::range`].
    Part,
    /// Nothing: the range starts at or behind the end. The caller says whether that is an empty
    /// answer or a refusal.
    PastEnd,
}

/// A file being read.
pub struct Reading {
    /// What it is; `size` is the whole file's.
    pub meta: FileMeta,
    /// Whether it is all of it.
    pub served: Served,
    /// The bytes of `body`, end exclusive; empty, at the end of the file, for [`Served::PastEnd`].
    pub range: Range<u64>,
    /// Exactly `range`, or an error on the way.
    pub body: BodyStream,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("meta", &self.meta).field("range", &self.range).finish_non_exhaustive()
    }
}

impl<A: Reads> Folder<A> {
    /// Reads the file at `path`. It must be read or dropped soon: it holds a connection.
    ///
    /// # Errors
    /// `NotFound` when there is no file (the message says so when a directory is); `Invalid` for a
    /// range that ends before it starts; `Conflict` when the file changes all the time.
    pub async fn read(&self, path: &FilePath, options: ReadOptions) -> Result<Reading> {
        self.read_as(path, options.range, None).await
    }

    /// Reads the file at `path` as [`Folder::read`] does, if it still is the version that a look has
    /// found. (Where a look finds no identity, as some stores list none, it is whichever is there.)
    ///
    /// # Errors
    /// As [`Folder::read`]; `Conflict` when it is another version by now, or none.
    pub async fn read_version(&self, path: &FilePath, version: &ETag, range: RangeRequest) -> Result<Reading> {
        let wanted = Some(version).filter(|version| !version.0.is_empty());
        let reading = match self.read_as(path, range, wanted).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(replaced(path).caused_by(error)),
            other => other,
        }?;
        // Not every store looks at `If-Match` of a GET.
        if wanted.is_some_and(|wanted| *wanted != reading.meta.etag) {
            return Err(replaced(path));
        }
        Ok(reading)
    }

    async fn read_as(&self, path: &FilePath, range: RangeRequest, version: Option<&ETag>) -> Result<Reading> {
        let believed = self.view().await?;
        match self.read_once(path, range, version).await {
            Err(error) if self.is_news(&believed, &error).await? => self.read_once(path, range, version).await,
            answer => answer,
        }
    }

    async fn read_once(&self, path: &FilePath, range: RangeRequest, version: Option<&ETag>) -> Result<Reading> {
        let veil = self.veil(Some(path)).await?;
        let reading = self.read_unveiled(path, range, version).await?;
        if self.is_hidden(veil, path).await? {
            return Err(no_such_file(path));
        }
        Ok(reading)
    }

    async fn read_unveiled(&self, path: &FilePath, range: RangeRequest, version: Option<&ETag>) -> Result<Reading> {
        match range {
            RangeRequest::Whole => self.read_range(path, None, version).await,
            RangeRequest::FromTo(start, end) if end <= start => {
                Err(Error::invalid(Subject::Request, "the range ends before it starts"))
            }
            RangeRequest::FromTo(start, end) => self.read_range(path, Some(start..end.min(BEYOND)), version).await,
            RangeRequest::From(start) => self.read_range(path, Some(start..BEYOND), version).await,
            RangeRequest::Suffix(length) => self.read_suffix(path, length).await,
        }
    }

    async fn read_range(&self, path: &FilePath, range: Option<Range<u64>>, version: Option<&ETag>) -> Result<Reading> {
        if range.as_ref().is_some_and(Range::is_empty) {
            return self.past_end(path).await;
        }
        let served = if range.is_some() { Served::Part } else { Served::Whole };
        let options = GetOptions { range, if_match: version.cloned() };
        for key in self.keys(path).await? {
            match self.bucket().read(&key, options.clone()).await {
                Ok(object) => return Ok(reading(object, served)),
                Err(error) if error.kind() == StoreErrorKind::InvalidRange => return self.past_end(path).await,
                Err(error) if error.kind() == StoreErrorKind::NotFound => {}
                Err(error) if error.kind() == StoreErrorKind::PreconditionFailed => {
                    return Err(replaced(path).caused_by(error));
                }
                Err(error) => return Err(error.about(Subject::File)),
            }
        }
        Err(self.why_not(path).await)
    }

    /// S3 has suffix ranges, but an empty file fails them in as many ways as there are stores.
    async fn read_suffix(&self, path: &FilePath, length: u64) -> Result<Reading> {
        for _ in 0..ATTEMPTS {
            let Some((key, meta)) = self.find(path).await? else { return Err(self.why_not(path).await) };
            if meta.size == 0 || length == 0 {
                return Ok(nothing(meta));
            }
            let range = meta.size.saturating_sub(length)..meta.size;
            let options = GetOptions { range: Some(range), if_match: Some(meta.etag) };
            match self.bucket().read(&key, options).await {
                Ok(object) => return Ok(reading(object, Served::Part)),
                Err(error) if changed(error.kind()) => {}
                Err(error) => return Err(error.about(Subject::File)),
            }
        }
        Err(Error::new(ErrorKind::Conflict, Subject::File, format!("`{path}` changes all the time: try again")))
    }

    async fn past_end(&self, path: &FilePath) -> Result<Reading> {
        match self.head(path).await? {
            Some(meta) => Ok(nothing(meta)),
            None => Err(self.why_not(path).await),
        }
    }

    /// Why there is no file at `path`.
    pub(super) async fn why_not(&self, path: &FilePath) -> Error {
        match self.is_directory(path).await {
            Ok(true) => is_a_directory(ErrorKind::NotFound, path),
            Ok(false) => no_such_file(path),
            Err(error) => error,
        }
    }
}

const fn changed(kind: StoreErrorKind) -> bool {
    matches!(kind, StoreErrorKind::PreconditionFailed | StoreErrorKind::NotFound | StoreErrorKind::InvalidRange)
}

fn replaced(path: &FilePath) -> Error {
    Error::new(ErrorKind::Conflict, Subject::File, format!("`{path}` has been replaced or removed meanwhile"))
}

fn reading(object: Object, served: Served) -> Reading {
    Reading { meta: object.meta.into(), served, range: object.range, body: object.body }
}

fn nothing(meta: ObjectMeta) -> Reading {
    let range = meta.size..meta.size;
    Reading { meta: meta.into(), served: Served::PastEnd, range, body: stream::empty().boxed() }
}
