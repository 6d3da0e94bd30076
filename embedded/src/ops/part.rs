//! Multipart uploads before their end: CreateMultipartUpload, UploadPart, AbortMultipartUpload.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::refuse_unsupported;
use crate::about::about_of;
use crate::checksums::{Algorithm, Scope, set_sums};
use crate::clock::Millis;
use crate::index::upload::{self, Part, Plan, Upload};
use crate::index::{blob, bucket};
use crate::ingest::{self, Announced};
use crate::store::Inner;
use crate::tags::Tags;
use crate::writer::Txn;

/// S3's limit on part numbers.
const MOST_PARTS: i32 = 10_000;

/// Begins an upload. Headers, metadata and tags given here are those of the object.
pub(crate) async fn create(
    store: &Inner,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    refuse_unsupported(&request.headers)?;
    let mut input = request.input;
    let about = about_of!(input)?;
    let tags = Tags::from_header(input.tagging.as_deref())?;
    let plan = plan(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref().map(|scope| scope.as_str()))?;
    let mut output = CreateMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        checksum_algorithm: plan.algorithm.map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: plan.scope.map(Scope::dto),
        ..CreateMultipartUploadOutput::default()
    };
    let work = move |txn: &mut Txn<'_>| {
        let bucket = bucket::find(txn, &input.bucket)?;
        upload::create(txn, bucket, &input.key, &Upload { plan, tags, about })
    };
    output.upload_id = Some(store.writer.commit(work).await?);
    Ok(S3Response::new(output))
}

fn plan(algorithm: Option<&ChecksumAlgorithm>, scope: Option<&str>) -> S3Result<Plan> {
    let algorithm = algorithm.map(|name| Algorithm::parse(name.as_str())).transpose()?;
    let scope = match (algorithm, scope) {
        (Some(algorithm), Some(scope)) => Some(Scope::parse(scope, algorithm)?),
        (Some(algorithm), None) => Some(algorithm.usual_scope()),
        (None, Some(_)) => return Err(s3_error!(InvalidRequest, "a checksum type needs a checksum algorithm")),
        (None, None) => None,
    };
    Ok(Plan { algorithm, scope })
}

/// Refuses a part number that S3 does not have.
pub(super) fn check_number(number: i32) -> S3Result<i32> {
    match number {
        1..=MOST_PARTS => Ok(number),
        _ => Err(s3_error!(InvalidArgument, "a part number is between 1 and {MOST_PARTS}")),
    }
}

/// The checksum plan of an upload, looked up before its bytes are taken in.
pub(super) async fn plan_of(store: &Inner, (bucket, key, id): (String, String, String)) -> S3Result<Plan> {
    let look = move |conn: &rusqlite::Connection| upload::get(conn, bucket::find(conn, &bucket)?, &key, &id);
    store.readers.read(look).await.map(|upload| upload.plan)
}

/// Receives a part.
///
/// A crash before the transaction leaves a file that nothing names; after it the part is there.
pub(crate) async fn put(
    store: &Inner,
    mut request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    refuse_unsupported(&request.headers)?;
    let number = check_number(request.input.part_number)?;
    let (bucket_name, key) = (request.input.bucket.clone(), request.input.key.clone());
    let id = request.input.upload_id.clone();
    let plan = plan_of(store, (bucket_name.clone(), key.clone(), id.clone())).await?;
    let length = request.input.content_length;
    let announced = Announced::read(&mut request, length, plan.algorithm.as_slice())?;
    let received = ingest::receive(&store.blobs, request.input.body, announced).await?;

    let mut output =
        UploadPartOutput { e_tag: Some(ETag::Strong(received.etag.clone())), ..UploadPartOutput::default() };
    set_sums!(output, received.sums);
    let work = move |txn: &mut Txn<'_>| {
        let bucket = bucket::find(txn, &bucket_name)?;
        upload::get(txn, bucket, &key, &id)?;
        let (etag, size, sums) = (received.etag, received.size, received.sums);
        let segments = blob::store(txn, received.content, size)?;
        let part = Part { number, etag, size, modified: Millis::now(), sums, segments };
        upload::put_part(txn, &id, &part)
    };
    store.writer.commit(work).await?;
    Ok(S3Response::new(output))
}

/// Gives an upload up; its parts go.
pub(crate) async fn abort(
    store: &Inner,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    let work = move |txn: &mut Txn<'_>| {
        let bucket = bucket::find(txn, &input.bucket)?;
        upload::get(txn, bucket, &input.key, &input.upload_id)?;
        upload::remove(txn, &input.upload_id)
    };
    store.writer.commit(work).await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}
