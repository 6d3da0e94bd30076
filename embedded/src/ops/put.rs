//! PutObject.

use s3s::dto::{ETag, PutObjectInput, PutObjectOutput};
use s3s::{S3Request, S3Response, S3Result};

use super::{refuse_unsupported, signed};
use crate::about::about_of;
use crate::checksums::{ObjectSums, set_sums};
use crate::clock::Millis;
use crate::conditions::WriteConditions;
use crate::index::object::{self, Object};
use crate::index::{blob, bucket};
use crate::ingest::{self, Announced};
use crate::store::Inner;
use crate::tags::Tags;

/// Receives the body, then swaps the row if the conditions hold.
///
/// A crash before the transaction leaves a file that nothing names; after it the object is whole.
pub(crate) async fn put(
    store: &Inner,
    mut request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    refuse_unsupported(&request.headers)?;
    let length = request.input.content_length;
    let announced = Announced::read(&mut request, length, &[])?;
    let mut input = request.input;
    let about = about_of!(input)?;
    let tags = Tags::from_header(input.tagging.as_deref())?;
    let conditions = WriteConditions::new(input.if_match, input.if_none_match);
    let (bucket_name, key) = (input.bucket, input.key);

    let received = ingest::receive(&store.blobs, input.body, announced).await?;
    let sums = ObjectSums::whole(received.sums);
    let (etag, size, content) = (received.etag, received.size, received.content);
    let mut output = PutObjectOutput { e_tag: Some(ETag::Strong(etag.clone())), ..PutObjectOutput::default() };
    output.size = Some(signed(size));
    set_sums!(output, sums.sums);
    output.checksum_type = sums.scope.map(crate::checksums::Scope::dto);

    let work = move |txn: &mut crate::writer::Txn<'_>| {
        let bucket = bucket::find(txn, &bucket_name)?;
        let before = object::current(txn, bucket, &key)?;
        conditions.check(before.as_ref().map(|(etag, _)| etag.as_str()))?;
        let segments = blob::store(txn, content, size)?;
        let modified = Millis::now();
        let object = Object { etag, size, modified, sums, tags, about, parts: Vec::new(), segments };
        object::replace(txn, bucket, &key, &object, before)
    };
    store.writer.commit(work).await?;
    Ok(S3Response::new(output))
}
