//! Buckets: create, look, list, delete. There is one region, `us-east-1`.

use s3s::dto::{
    Bucket, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput, GetBucketLocationInput,
    GetBucketLocationOutput, GetBucketVersioningInput, GetBucketVersioningOutput, HeadBucketInput, HeadBucketOutput,
    ListBucketsInput, ListBucketsOutput, Owner,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::index::{bucket, object, upload};
use crate::store::Inner;
use crate::writer::Txn;

const REGION: &str = "us-east-1";

/// Everything belongs to the one who holds the key pair.
pub(crate) fn owner() -> Owner {
    Owner { display_name: Some("folderbridge".to_owned()), id: Some("folderbridge".to_owned()) }
}

/// Makes a bucket.
pub(crate) async fn create(
    store: &Inner,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let name = request.input.bucket;
    let location = Some(format!("/{name}"));
    store.writer.commit(move |txn: &mut Txn<'_>| bucket::create(txn, &name)).await?;
    Ok(S3Response::new(CreateBucketOutput { location }))
}

/// Removes a bucket without objects. Its unfinished uploads go with it.
pub(crate) async fn delete(
    store: &Inner,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    let work = move |txn: &mut Txn<'_>| {
        let bucket = bucket::find(txn, &request.input.bucket)?;
        if object::any(txn, bucket)? {
            return Err(s3_error!(BucketNotEmpty, "the bucket you tried to delete is not empty"));
        }
        upload::remove_all(txn, bucket)?;
        bucket::remove(txn, bucket)
    };
    store.writer.commit(work).await?;
    Ok(S3Response::new(DeleteBucketOutput {}))
}

/// Says whether a bucket is there.
pub(crate) async fn exists(store: &Inner, name: String) -> S3Result<()> {
    store.readers.read(move |conn| bucket::find(conn, &name)).await.map(drop)
}

/// HeadBucket.
pub(crate) async fn head(store: &Inner, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
    exists(store, request.input.bucket).await?;
    let bucket_region = Some(REGION.to_owned());
    Ok(S3Response::new(HeadBucketOutput { bucket_region, ..HeadBucketOutput::default() }))
}

/// GetBucketLocation: S3 says nothing for `us-east-1`.
pub(crate) async fn location(
    store: &Inner,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    exists(store, request.input.bucket).await?;
    Ok(S3Response::new(GetBucketLocationOutput::default()))
}

/// GetBucketVersioning: never enabled.
pub(crate) async fn versioning(
    store: &Inner,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    exists(store, request.input.bucket).await?;
    Ok(S3Response::new(GetBucketVersioningOutput::default()))
}

/// All buckets by name, a page at a time when the client wants pages.
pub(crate) async fn list(
    store: &Inner,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let prefix = input.prefix.clone().unwrap_or_default();
    let mut all = store.readers.read(move |conn| bucket::all(conn, &prefix)).await?;
    if let Some(after) = &input.continuation_token {
        all.retain(|(name, _)| name > after);
    }
    let most = input.max_buckets.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
    let more = most.is_some_and(|most| all.len() > most);
    all.truncate(most.unwrap_or(usize::MAX));
    let continuation_token = if more { all.last().map(|(name, _)| name.clone()) } else { None };
    let bucket = |(name, created): (String, crate::clock::Millis)| Bucket {
        name: Some(name),
        creation_date: Some(created.into()),
        bucket_region: Some(REGION.to_owned()),
    };
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(all.into_iter().map(bucket).collect()),
        continuation_token,
        owner: Some(owner()),
        prefix: input.prefix,
    }))
}
