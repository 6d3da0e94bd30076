//! CopyObject and UploadPartCopy: the copy refers to the blobs of the source, no byte is moved.

use std::ops::Range;
use std::sync::Arc;

use md5::{Digest, Md5};
use rusqlite::Connection;
use s3s::checksum::ChecksumHasher;
use s3s::dto::{
    self, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag, MetadataDirective,
    TaggingDirective, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::part::{check_number, plan_of};
use super::stream::Reading;
use super::{only_version, refuse_unsupported};
use crate::about::about_of;
use crate::checksums::{Algorithm, Scope, Sums, set_sums};
use crate::clock::Millis;
use crate::conditions::{ReadConditions, WriteConditions};
use crate::error::{file_failed, task_failed};
use crate::index::blob::{self, Found};
use crate::index::bucket;
use crate::index::object::{self, Object};
use crate::index::upload::{self, Part};
use crate::store::Inner;
use crate::tags::Tags;
use crate::writer::Txn;

/// The object that is copied, and what it must be like.
struct Source {
    bucket: String,
    key: String,
    conditions: ReadConditions,
}

impl Source {
    fn read(source: CopySource, conditions: ReadConditions) -> S3Result<Self> {
        let CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(s3_error!(NotImplemented, "a copy source is a bucket and a key"));
        };
        only_version(version_id.as_deref())?;
        Ok(Self { bucket: bucket.into(), key: key.into(), conditions })
    }

    fn find(&self, conn: &Connection) -> S3Result<Object> {
        let object = object::get(conn, bucket::find(conn, &self.bucket)?, &self.key)?;
        self.conditions.check_source(&object.etag, object.modified)?;
        Ok(object)
    }
}

/// The conditions on a source, which two inputs spell alike.
macro_rules! source_conditions {
    ($input:expr) => {
        ReadConditions {
            if_match: $input.copy_source_if_match.take(),
            if_none_match: $input.copy_source_if_none_match.take(),
            if_modified_since: $input.copy_source_if_modified_since.take(),
            if_unmodified_since: $input.copy_source_if_unmodified_since.take(),
        }
    };
}

/// Copies an object in one transaction. The ETag, and the sizes of parts, are those of the source.
pub(crate) async fn copy(store: &Inner, request: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
    refuse_unsupported(&request.headers)?;
    let conditions = WriteConditions::from_headers(&request.headers)?;
    let mut input = request.input;
    let source_conditions = source_conditions!(input);
    let source = Source::read(input.copy_source, source_conditions)?;
    let is = |given: Option<&str>, expected: &str| given == Some(expected);
    let new_about = is(input.metadata_directive.as_ref().map(MetadataDirective::as_str), MetadataDirective::REPLACE)
        .then(|| about_of!(input))
        .transpose()?;
    let new_tags = is(input.tagging_directive.as_ref().map(TaggingDirective::as_str), TaggingDirective::REPLACE)
        .then(|| Tags::from_header(input.tagging.as_deref()))
        .transpose()?;
    let (bucket_name, key) = (input.bucket, input.key);
    if (&source.bucket, &source.key) == (&bucket_name, &key) && new_about.is_none() && new_tags.is_none() {
        return Err(s3_error!(InvalidRequest, "an object cannot be copied to itself without changing anything"));
    }
    let work = move |txn: &mut Txn<'_>| {
        let bucket = bucket::find(txn, &bucket_name)?;
        let mut object = source.find(txn)?;
        let before = object::current(txn, bucket, &key)?;
        conditions.check(before.as_ref().map(|(etag, _)| etag.as_str()))?;
        blob::retain(txn, &object.segments)?;
        object.modified = Millis::now();
        object.about = new_about.unwrap_or(object.about);
        object.tags = new_tags.unwrap_or(object.tags);
        object::replace(txn, bucket, &key, &object, before)?;
        Ok(object)
    };
    let object = store.writer.commit(work).await?;
    let mut result = CopyObjectResult {
        e_tag: Some(ETag::Strong(object.etag)),
        last_modified: Some(object.modified.into()),
        checksum_type: object.sums.scope.map(Scope::dto),
        ..CopyObjectResult::default()
    };
    set_sums!(result, object.sums.sums);
    Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() }))
}

/// The bytes of a source that become a part.
struct Slice {
    found: Vec<Found>,
    size: u64,
    /// ETag and checksums, when they are known without looking at the bytes.
    known: Option<(String, Sums)>,
    reading: Reading,
}

impl Slice {
    fn of(object: &Object, range: &Range<u64>, plan: Option<Algorithm>, reading: Reading) -> Self {
        let is_md5 = object.etag.len() == 32;
        let full = object.sums.scope == Some(Scope::FullObject);
        let has_sum = plan.is_none_or(|algorithm| full && object.sums.sums.get(algorithm).is_some());
        let sums = plan.map(|algorithm| object.sums.sums.only(algorithm)).unwrap_or_default();
        let known = (*range == (0..object.size) && is_md5 && has_sum).then(|| (object.etag.clone(), sums));
        Self { found: reading.found(), size: range.end - range.start, known, reading }
    }

    /// Hashes the bytes, as a part has to have an MD5. Blocks as long as reading them takes.
    fn hashed(mut self, plan: Option<Algorithm>) -> S3Result<(Vec<Found>, u64, String, Sums)> {
        let (etag, sums) = match self.known {
            Some(known) => known,
            None => {
                let (mut md5, mut hasher) = (Md5::new(), ChecksumHasher::default());
                plan.iter().for_each(|algorithm| algorithm.enable(&mut hasher));
                while let Some(bytes) = self.reading.next().map_err(file_failed)? {
                    md5.update(&bytes);
                    hasher.update(&bytes);
                }
                (hex::encode(md5.finalize()), hasher.finalize().into())
            }
        };
        Ok((self.found, self.size, etag, sums))
    }
}

/// A copy source range gives both ends, and both lie in the source.
fn source_range(range: Option<&str>, size: u64) -> S3Result<Range<u64>> {
    let Some(text) = range else { return Ok(0..size) };
    match dto::Range::parse(text) {
        Ok(dto::Range::Int { first, last: Some(last) }) if last < size => Ok(first..last + 1),
        Ok(_) | Err(_) => Err(s3_error!(InvalidArgument, "the range is not valid for a source of {size} bytes")),
    }
}

/// Makes a part of a source. The source may change meanwhile: then nothing happens, and the client
/// is asked to come again.
pub(crate) async fn copy_part(
    store: &Inner,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    refuse_unsupported(&request.headers)?;
    let mut input = request.input;
    let number = check_number(input.part_number)?;
    let conditions = source_conditions!(input);
    let source = Source::read(input.copy_source, conditions)?;
    let (bucket_name, key, id) = (input.bucket, input.key, input.upload_id);
    let plan = plan_of(store, (bucket_name.clone(), key.clone(), id.clone())).await?.algorithm;
    let (snapshot, blobs) = (store.pins.snapshot(), Arc::clone(&store.blobs));
    let look = move |conn: &Connection| {
        let object = source.find(conn)?;
        let range = source_range(input.copy_source_range.as_deref(), object.size)?;
        let reading = Reading::open(conn, &blob::slice(&object.segments, &range), &snapshot, blobs)?;
        Ok(Slice::of(&object, &range, plan, reading))
    };
    let slice = store.readers.read(look).await?;
    let hashing = tokio::task::spawn_blocking(move || slice.hashed(plan));
    let (found, size, etag, sums) = hashing.await.map_err(task_failed)??;

    let modified = Millis::now();
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(etag.clone())),
        last_modified: Some(modified.into()),
        ..CopyPartResult::default()
    };
    set_sums!(result, sums);
    let work = move |txn: &mut Txn<'_>| {
        upload::get(txn, bucket::find(txn, &bucket_name)?, &key, &id)?;
        blob::retain_found(txn, &found)?;
        let segments = found.into_iter().map(|(segment, _)| segment).collect();
        upload::put_part(txn, &id, &Part { number, etag, size, modified, sums, segments })
    };
    store.writer.commit(work).await?;
    Ok(S3Response::new(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_range_has_two_ends_inside_the_source() {
        assert_eq!(source_range(None, 10).unwrap(), 0..10);
        assert_eq!(source_range(Some("bytes=2-9"), 10).unwrap(), 2..10);
        for range in ["bytes=2-10", "bytes=2-", "bytes=-2", "2-3", "bytes=3-2"] {
            assert!(source_range(Some(range), 10).is_err(), "{range}");
        }
    }
}
