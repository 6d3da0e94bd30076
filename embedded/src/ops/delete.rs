//! DeleteObject and DeleteObjects.

use std::collections::BTreeMap;

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETagCondition,
    Error, ObjectIdentifier,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{check_key, only_version};
use crate::conditions::WriteConditions;
use crate::index::bucket::{self, BucketId};
use crate::index::object;
use crate::store::Inner;
use crate::writer::Txn;

/// S3's limit on one DeleteObjects.
const MOST: usize = 1000;

/// Removes the object if the condition holds. A missing object is removed already.
fn remove(txn: &mut Txn<'_>, bucket: BucketId, key: &str, conditions: &WriteConditions) -> S3Result<()> {
    let before = object::current(txn, bucket, key)?;
    conditions.check(before.as_ref().map(|(etag, _)| etag.as_str()))?;
    match before {
        Some((_, segments)) => object::remove(txn, bucket, key, &segments),
        None => Ok(()),
    }
}

/// Deletes one object.
pub(crate) async fn one(
    store: &Inner,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    if input.if_match_size.is_some() || input.if_match_last_modified_time.is_some() {
        return Err(s3_error!(NotImplemented, "only If-Match is a condition of DeleteObject"));
    }
    let conditions = WriteConditions::new(input.if_match, None);
    let work = move |txn: &mut Txn<'_>| {
        let bucket = bucket::find(txn, &input.bucket)?;
        remove(txn, bucket, &input.key, &conditions)
    };
    store.writer.commit(work).await?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

/// Removes what is not refused. Every refusal is judged before anything is removed, and whatever else
/// goes wrong fails the whole: so a key is never answered with a removal that was done by half.
fn remove_all(
    txn: &mut Txn<'_>,
    bucket: BucketId,
    all: Vec<ObjectIdentifier>,
) -> S3Result<(Vec<DeletedObject>, Vec<Error>)> {
    let (mut deleted, mut errors, mut removals) = (Vec::new(), Vec::new(), BTreeMap::new());
    for wanted in all {
        let before = object::current(txn, bucket, &wanted.key)?;
        let refusal = refused(&wanted, before.as_ref().map(|(etag, _)| etag.as_str())).err();
        let key = Some(wanted.key.clone());
        if let Some(error) = refusal {
            let (code, message) = (Some(error.code().as_str().to_owned()), error.message().map(str::to_owned));
            errors.push(Error { key, code, message, version_id: None });
            continue;
        }
        deleted.push(DeletedObject { key, ..DeletedObject::default() });
        // By key, as the same one may be named twice.
        removals.extend(before.map(|(_, segments)| (wanted.key, segments)));
    }
    for (key, segments) in removals {
        object::remove(txn, bucket, &key, &segments)?;
    }
    Ok((deleted, errors))
}

fn refused(wanted: &ObjectIdentifier, current: Option<&str>) -> S3Result<()> {
    only_version(wanted.version_id.as_deref())?;
    check_key(&wanted.key)?;
    WriteConditions::new(wanted.e_tag.clone().map(ETagCondition::ETag), None).check(current)
}

/// Deletes up to a thousand in one transaction; each has its own outcome.
pub(crate) async fn many(
    store: &Inner,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let input = request.input;
    if input.delete.objects.is_empty() || input.delete.objects.len() > MOST {
        return Err(s3_error!(MalformedXML, "between 1 and {MOST} objects can be deleted at once"));
    }
    let quiet = input.delete.quiet.unwrap_or_default();
    let work = move |txn: &mut Txn<'_>| {
        let bucket = bucket::find(txn, &input.bucket)?;
        remove_all(txn, bucket, input.delete.objects)
    };
    let (deleted, errors) = store.writer.commit(work).await?;
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: (!quiet).then_some(deleted),
        errors: (!errors.is_empty()).then_some(errors),
        request_charged: None,
    }))
}
