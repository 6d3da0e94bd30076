//! GetObject and HeadObject: conditions, ranges, parts.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use rusqlite::Connection;
use s3s::dto::{
    self, ChecksumMode, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, StreamingBlob,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::stream::Reading;
use super::{only_version, signed};
use crate::blobs::Blobs;
use crate::checksums::{ObjectSums, Scope, set_sums};
use crate::conditions::ReadConditions;
use crate::error::{custom, file_failed};
use crate::index::object::{self, Object};
use crate::index::{blob, bucket};
use crate::pins::Snapshot;
use crate::store::Inner;

/// Ranges up to this size are read in the same blocking call as the row.
const AT_ONCE: u64 = 64 * 1024;

/// Which bytes of an object a request wants.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    range: Option<dto::Range>,
    part: Option<i32>,
}

impl Wanted {
    /// The bytes, and whether they are only a part of the object.
    fn of(self, object: &Object) -> S3Result<(Range<u64>, bool)> {
        match (self.range, self.part) {
            (Some(_), Some(_)) => Err(s3_error!(InvalidRequest, "cannot ask for a range and a part at once")),
            (Some(_), None) if object.size == 0 => Err(s3_error!(InvalidRange, "the object is empty")),
            (Some(range), None) => Ok((range.check(object.size)?, true)),
            (None, Some(part)) => Ok((part_range(object, part)?, true)),
            (None, None) => Ok((0..object.size, false)),
        }
    }
}

fn part_range(object: &Object, number: i32) -> S3Result<Range<u64>> {
    let unsatisfiable = StatusCode::RANGE_NOT_SATISFIABLE;
    let missing = || custom("InvalidPartNumber", unsatisfiable, "the requested part number is not satisfiable");
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)).ok_or_else(missing)?;
    let whole = [object.size];
    let parts = if object.parts.is_empty() { &whole[..] } else { &object.parts };
    let length = parts.get(index).ok_or_else(missing)?;
    let start = parts[..index].iter().sum();
    Ok(start..start + length)
}

/// The `Content-Range` of an answer; an empty object has none.
fn content_range(range: &Range<u64>, object: &Object) -> Option<String> {
    (!range.is_empty()).then(|| format!("bytes {}-{}/{}", range.start, range.end - 1, object.size))
}

/// Checksums are for whole objects: a client would compare them with the bytes of the range.
fn shown_sums(object: &Object, mode: Option<&ChecksumMode>, partial: bool) -> ObjectSums {
    let shown = !partial && mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    if shown { object.sums.clone() } else { ObjectSums::default() }
}

fn parts_count(object: &Object, wanted: Wanted) -> Option<i32> {
    let asked = wanted.part.is_some() && !object.parts.is_empty();
    asked.then(|| i32::try_from(object.parts.len()).unwrap_or(i32::MAX))
}

/// Copies what GetObject and HeadObject say about an object into either's output.
macro_rules! describe {
    ($output:expr, $object:expr, $sums:expr) => {{
        $output.accept_ranges = Some("bytes".to_owned());
        $output.e_tag = Some(ETag::Strong($object.etag));
        $output.last_modified = Some($object.modified.into());
        $output.content_type = Some($object.about.content_type());
        $output.expires = $object.about.expires();
        $output.metadata = $object.about.metadata();
        $output.content_encoding = $object.about.content_encoding;
        $output.content_language = $object.about.content_language;
        $output.content_disposition = $object.about.content_disposition;
        $output.cache_control = $object.about.cache_control;
        $output.website_redirect_location = $object.about.website_redirect_location;
        $output.checksum_type = $sums.scope.map(Scope::dto);
        set_sums!($output, $sums.sums);
    }};
}

/// An object that was found, and the bytes that are wanted of it.
struct Opened {
    object: Object,
    range: Range<u64>,
    partial: bool,
    body: Body,
}

enum Body {
    Bytes(Bytes),
    Stream(Reading),
}

/// Looks the object up and pins its files, or reads them at once when that is little.
fn open(
    conn: &Connection,
    (object, wanted): (Object, Wanted),
    snapshot: &Snapshot,
    blobs: Arc<Blobs>,
) -> S3Result<Opened> {
    let (range, partial) = wanted.of(&object)?;
    let mut reading = Reading::open(conn, &blob::slice(&object.segments, &range), snapshot, blobs)?;
    let body = if range.end - range.start <= AT_ONCE {
        Body::Bytes(read_all(&mut reading).map_err(file_failed)?)
    } else {
        Body::Stream(reading)
    };
    Ok(Opened { object, range, partial, body })
}

fn read_all(reading: &mut Reading) -> std::io::Result<Bytes> {
    let Some(first) = reading.next()? else { return Ok(Bytes::new()) };
    let Some(second) = reading.next()? else { return Ok(first) };
    let mut all = [first, second].concat();
    while let Some(next) = reading.next()? {
        all.extend_from_slice(&next);
    }
    Ok(all.into())
}

/// Answers with the bytes. A blob that is being read outlives an overwrite of its object.
pub(crate) async fn get(store: &Inner, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    let wanted = Wanted { range: input.range, part: input.part_number };
    let blobs = Arc::clone(&store.blobs);
    // Before the transaction begins: what it sees cannot be removed until it is pinned.
    let snapshot = store.pins.snapshot();
    let look = move |conn: &Connection| {
        let object = object::get(conn, bucket::find(conn, &input.bucket)?, &input.key)?;
        conditions.check(&object.etag, object.modified)?;
        open(conn, (object, wanted), &snapshot, blobs)
    };
    let Opened { object, range, partial, body } = store.readers.read(look).await?;
    let length = range.end - range.start;
    let body = match body {
        Body::Bytes(bytes) => StreamingBlob::from(s3s::Body::from(bytes)),
        Body::Stream(reading) => reading.into_body(length),
    };
    let sums = shown_sums(&object, input.checksum_mode.as_ref(), partial);
    let mut output = GetObjectOutput {
        content_length: Some(signed(length)),
        content_range: if partial { content_range(&range, &object) } else { None },
        parts_count: parts_count(&object, wanted),
        tag_count: object.tags.count(),
        body: Some(body),
        ..GetObjectOutput::default()
    };
    describe!(output, object, sums);
    Ok(S3Response::new(output))
}

/// Answers with everything but the bytes.
pub(crate) async fn head(store: &Inner, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    let wanted = Wanted { range: input.range, part: input.part_number };
    let look = move |conn: &Connection| object::get(conn, bucket::find(conn, &input.bucket)?, &input.key);
    let object = store.readers.read(look).await?;
    conditions.check(&object.etag, object.modified)?;
    let (range, partial) = wanted.of(&object)?;
    let sums = shown_sums(&object, input.checksum_mode.as_ref(), partial);
    let mut output = HeadObjectOutput {
        content_length: Some(signed(range.end - range.start)),
        content_range: if partial { content_range(&range, &object) } else { None },
        parts_count: parts_count(&object, wanted),
        ..HeadObjectOutput::default()
    };
    let tag_count = object.tags.count();
    describe!(output, object, sums);
    let status = output.content_range.is_some().then_some(StatusCode::PARTIAL_CONTENT);
    let mut response = S3Response::new(output);
    response.status = status;
    if let Some(count) = tag_count {
        response.headers.insert("x-amz-tagging-count", count.into());
    }
    Ok(response)
}
