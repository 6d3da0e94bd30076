//! Copies inside the store: at once where that will do, by parts where the object is too large or
//! where only Complete checks the condition.

use std::ops::Range;

use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::attempts::Attempts;
use super::failure::{conditional, failed};
use super::multipart::signed;
use super::{S3Store, check, encode};
use crate::store::{
    Body, Condition, CopyRequest, ETag, MultipartId, ObjectStore, Part, PartNumber, StoreError, StoreErrorKind,
    StoreResult,
};

/// Parts copied at a time.
const PARALLEL: usize = 8;
/// The most parts that an object can have.
const MOST_PARTS: u64 = 10_000;

impl S3Store {
    pub(super) async fn copy_somehow(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        let direct = condition == Condition::Always || self.capabilities.conditional_copy;
        if request.size > self.settings.copy_at_once {
            self.copy_by_parts(&request, condition).await
        } else if direct {
            self.copy_at_once(&request, condition).await
        } else if request.size == 0 {
            self.copy_nothing(request, condition).await
        } else {
            self.copy_by_parts(&request, condition).await
        }
    }

    async fn copy_at_once(&self, copy: &CopyRequest, condition: Condition) -> StoreResult<ETag> {
        let (if_match, if_none_match) = encode::condition(&condition);
        let attempts = Attempts::default();
        let attributes = copy.attributes.clone();
        let request = self.client.copy_object().bucket(self.bucket()).key(copy.to.as_str());
        let request = request
            .copy_source(encode::copy_source(self.bucket(), &copy.from))
            .set_copy_source_if_match(copy.from_etag.as_ref().map(|etag| etag.0.clone()))
            .metadata_directive(MetadataDirective::Replace)
            .set_tagging_directive(self.capabilities.tags.then_some(TaggingDirective::Replace))
            .set_tagging(self.tagging(&attributes))
            .set_content_type(attributes.content_type)
            .set_metadata(Some(attributes.metadata.into_iter().collect()))
            .set_if_match(if_match)
            .set_if_none_match(if_none_match)
            .customize()
            .config_override(self.long())
            .interceptor(attempts.clone());
        let answer = request.send().await.map_err(|error| failed("copy", copy.from.as_str(), error));
        match answer {
            // Either the source is missing or the target of an `If-Match`: the answer does not say.
            Err(error) if error.kind() == StoreErrorKind::NotFound => {
                self.head(&copy.from).await?;
                conditional(Err(error), &condition)
            }
            answer => Ok(encode::etag(attempts.weigh(answer)?.copy_object_result.and_then(|result| result.e_tag))),
        }
    }

    /// An empty object has no parts to copy.
    async fn copy_nothing(&self, copy: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        let source = self.head(&copy.from).await?;
        if source.size != 0 || copy.from_etag.is_some_and(|etag| etag != source.etag) {
            return Err(check::changed(&copy.from));
        }
        self.put(&copy.to, Body::from(Bytes::new()), copy.attributes, condition).await
    }

    /// A crash before Complete leaves an unfinished upload of the target key, which the sweeper
    /// and the store's own clean-up take; nothing is visible before.
    async fn copy_by_parts(&self, copy: &CopyRequest, condition: Condition) -> StoreResult<ETag> {
        let upload = self.create_upload(&copy.to, copy.attributes.clone()).await?;
        let copied = self.copy_parts(copy, &upload).await;
        let done = match copied {
            Ok(parts) => self.complete_upload(&copy.to, &upload, &parts, condition).await.map_err(perhaps_done),
            Err(error) => Err(error),
        };
        if let Err(error) = &done
            && let Err(abort) = self.abort_upload(&copy.to, &upload).await
        {
            tracing::warn!(key = %copy.to, %error, %abort, "a failed copy left its unfinished upload");
        }
        done
    }

    async fn copy_parts(&self, copy: &CopyRequest, upload: &MultipartId) -> StoreResult<Vec<Part>> {
        let ranges = cut(copy.size, self.settings.copy_part);
        let whole = ranges.len() == 1;
        let copies = (1..).zip(ranges).map(|(number, range)| async move {
            let bytes = (!whole).then(|| format!("bytes={}-{}", range.start, range.end - 1));
            let etag = self.copy_part(copy, upload, number, bytes).await?;
            Ok(Part { number, size: range.end - range.start, etag })
        });
        stream::iter(copies).buffered(PARALLEL).try_collect().await
    }

    async fn copy_part(
        &self,
        copy: &CopyRequest,
        upload: &MultipartId,
        number: PartNumber,
        range: Option<String>,
    ) -> StoreResult<ETag> {
        let request = self.client.upload_part_copy().bucket(self.bucket()).key(copy.to.as_str());
        let request = request
            .upload_id(&upload.0)
            .part_number(signed(number))
            .copy_source(encode::copy_source(self.bucket(), &copy.from))
            .set_copy_source_if_match(copy.from_etag.as_ref().map(|etag| etag.0.clone()))
            .set_copy_source_range(range)
            .customize()
            .config_override(self.long());
        let answer = request.send().await.map_err(|error| failed("copy part", copy.from.as_str(), error))?;
        Ok(encode::etag(answer.copy_part_result.and_then(|result| result.e_tag)))
    }
}

/// MinIO no longer knows an upload whose first Complete was done and not answered: nobody but this
/// copy knew it, so its end may be the copy's success.
fn perhaps_done(error: StoreError) -> StoreError {
    if error.kind() != StoreErrorKind::NoSuchUpload {
        return error;
    }
    StoreError::new(StoreErrorKind::Unavailable, "the copy's upload is gone: it may be done").caused_by(error)
}

/// `size` bytes in parts of `part` bytes, or larger ones where that makes too many.
fn cut(size: u64, part: u64) -> Vec<Range<u64>> {
    let part = part.max(size.div_ceil(MOST_PARTS)).max(1);
    (0..size.div_ceil(part)).map(|n| n * part..(n * part + part).min(size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_object_and_are_never_too_many() {
        assert_eq!(cut(10, 4), vec![0..4, 4..8, 8..10]);
        assert_eq!(cut(8, 4), vec![0..4, 4..8]);
        for (size, part) in [(1, 4), (5 << 40, 256 << 20), (10_001, 1)] {
            let parts = cut(size, part);
            assert!(parts.len() <= 10_000);
            assert_eq!(parts.iter().map(|part| part.end - part.start).sum::<u64>(), size);
            assert!(parts.is_sorted_by(|one, next| one.end == next.start));
        }
    }
}
