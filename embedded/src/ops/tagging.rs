//! Object tags as a sub-resource. Changing them changes neither ETag nor date.

use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    PutObjectTaggingInput, PutObjectTaggingOutput,
};
use s3s::{S3Request, S3Response, S3Result};

use super::only_version;
use crate::index::{bucket, object};
use crate::store::Inner;
use crate::tags::Tags;
use crate::writer::Txn;

async fn set(store: &Inner, bucket: String, key: String, tags: Tags) -> S3Result<()> {
    let work = move |txn: &mut Txn<'_>| {
        let bucket = bucket::find(txn, &bucket)?;
        object::set_tags(txn, bucket, &key, &tags)
    };
    store.writer.commit(work).await
}

/// PutObjectTagging: the new tags replace all.
pub(crate) async fn put(
    store: &Inner,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    set(store, input.bucket, input.key, Tags::from_set(input.tagging.tag_set)?).await?;
    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

/// DeleteObjectTagging.
pub(crate) async fn delete(
    store: &Inner,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    set(store, input.bucket, input.key, Tags::default()).await?;
    Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
}

/// GetObjectTagging.
pub(crate) async fn get(
    store: &Inner,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    let look = move |conn: &rusqlite::Connection| object::get(conn, bucket::find(conn, &input.bucket)?, &input.key);
    let object = store.readers.read(look).await?;
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set: object.tags.into_set(), version_id: None }))
}
