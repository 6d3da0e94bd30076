//! Multipart uploads.

use std::cmp::Reverse;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::attempts::Attempts;
use super::failure::{conditional, failed};
use super::objects::unsigned;
use super::{S3Store, body, check, encode};
use crate::clock::Timestamp;
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{
    Attributes, Body, Condition, ETag, MultipartId, Part, PartNumber, StoreError, StoreErrorKind, StoreResult,
    Unfinished, UnfinishedMarker, UnfinishedPage,
};

/// Later than anything happens.
const NEVER: Timestamp = Timestamp::from_millis(u64::MAX);

impl S3Store {
    pub(super) async fn create_upload(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        let request = self.client.create_multipart_upload().bucket(self.bucket()).key(key.as_str());
        let request = request
            .set_tagging(self.tagging(&attributes))
            .set_content_type(attributes.content_type)
            .set_metadata(Some(attributes.metadata.into_iter().collect()));
        let answer = request.send().await.map_err(|error| failed("create multipart", key.as_str(), error))?;
        let id = answer.upload_id.filter(|id| !id.is_empty());
        id.map(MultipartId).ok_or_else(|| StoreError::new(StoreErrorKind::Unavailable, "an upload without an id"))
    }

    pub(super) async fn upload_part(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        number: PartNumber,
        body: Body,
    ) -> StoreResult<ETag> {
        let sent = body::send(body);
        let request = self.client.upload_part().bucket(self.bucket()).key(key.as_str());
        let request = request
            .upload_id(&upload.0)
            .part_number(signed(number))
            .content_length(sent.size.try_into().unwrap_or(i64::MAX))
            .body(sent.stream)
            .customize()
            .config_override(Self::within(self.settings.within_body(sent.size)));
        let request = if sent.signed { request } else { request.disable_payload_signing() };
        let answer = request.send().await.map_err(|error| failed("put part", key.as_str(), error));
        Ok(encode::etag(sent.watch.blame(answer)?.e_tag))
    }

    pub(super) async fn all_parts(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<Vec<Part>> {
        let (mut parts, mut marker) = (Vec::new(), None);
        loop {
            let request = self.client.list_parts().bucket(self.bucket()).key(key.as_str()).upload_id(&upload.0);
            let request = request.set_part_number_marker(marker.clone());
            let answer = request.send().await.map_err(|error| failed("list parts", key.as_str(), error))?;
            let page = answer.parts.unwrap_or_default().into_iter().filter_map(|part| {
                let number = part.part_number.and_then(|number| PartNumber::try_from(number).ok())?;
                let modified = encode::timestamp(part.last_modified.as_ref());
                Some((Part { number, size: unsigned(part.size), etag: encode::etag(part.e_tag) }, modified))
            });
            parts.extend(page);
            if !answer.is_truncated.unwrap_or(false) {
                return Ok(newest(parts));
            }
            let next = answer.next_part_number_marker;
            if next.is_none() || next == marker {
                return Err(breaks_off("list parts", key));
            }
            marker = next;
        }
    }

    /// Where the store does not check conditions here, a look comes before: a writer in between
    /// is overwritten.
    pub(super) async fn complete_upload(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        let checked = condition == Condition::Always || self.capabilities.conditional_complete;
        if !checked {
            check::look(self, key, &condition).await?;
        }
        let (if_match, if_none_match) = if checked { encode::condition(&condition) } else { (None, None) };
        let attempts = Attempts::default();
        let part = |part: &Part| CompletedPart::builder().part_number(signed(part.number)).e_tag(&part.etag.0).build();
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.iter().map(part).collect())).build();
        let request = self.client.complete_multipart_upload().bucket(self.bucket()).key(key.as_str());
        let request = request
            .upload_id(&upload.0)
            .multipart_upload(parts)
            .set_if_match(if_match)
            .set_if_none_match(if_none_match)
            .customize()
            .config_override(self.long())
            .interceptor(attempts.clone());
        let answer = request.send().await.map_err(|error| failed("complete multipart", key.as_str(), error));
        Ok(encode::etag(attempts.weigh(conditional(answer, &condition))?.e_tag))
    }

    pub(super) async fn abort_upload(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        let request = self.client.abort_multipart_upload().bucket(self.bucket()).key(key.as_str());
        let answer = request.upload_id(&upload.0).send().await;
        match answer.map_err(|error| failed("abort multipart", key.as_str(), error)) {
            Err(error) if matches!(error.kind(), StoreErrorKind::NoSuchUpload | StoreErrorKind::NotFound) => Ok(()),
            answer => answer.map(|_| ()),
        }
    }

    pub(super) async fn uploads_of(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        let (mut uploads, mut after) = (Vec::new(), None);
        loop {
            let (page, is_last) = self.page_of_uploads(key.as_str(), after).await?;
            uploads.extend(page.uploads.into_iter().filter(|upload| upload.key == *key));
            match page.next {
                None if is_last => return Ok(uploads),
                None => return Err(breaks_off("list multiparts", key)),
                next => after = next,
            }
        }
    }

    pub(super) async fn uploads_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage> {
        let (mut page, is_last) = self.page_of_uploads(prefix.as_str(), after).await?;
        if page.next.is_none() && !is_last {
            // SeaweedFS. What is listed is true nevertheless.
            tracing::warn!(%prefix, "the store lists only a part of the unfinished multipart uploads");
        }
        page.uploads.retain(|upload| prefix.rest(&upload.key).is_some());
        Ok(page)
    }

    /// A page, and whether it is the last: one that is not and says no new place to go on has no next.
    async fn page_of_uploads(
        &self,
        prefix: &str,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<(UnfinishedPage, bool)> {
        let (key_marker, id_marker) = after.clone().map(|after| (after.key, after.id)).unzip();
        // Keys are not asked for encoded: SeaweedFS says then that they are, and they are not. XML can carry
        // every name that a file of ours can have.
        let request = self.client.list_multipart_uploads().bucket(self.bucket()).prefix(prefix);
        let request = request.set_key_marker(key_marker).set_upload_id_marker(id_marker.flatten());
        let answer = request.send().await.map_err(|error| failed("list multiparts", prefix, error))?;
        let uploads = answer.uploads.unwrap_or_default().into_iter().filter_map(|upload| {
            // Not of 1970, where a store does not say: what is old may be aborted.
            let initiated = upload.initiated.as_ref().map_or(NEVER, |time| encode::timestamp(Some(time)));
            Some(Unfinished { key: ObjectKey::listed(upload.key?), id: MultipartId(upload.upload_id?), initiated })
        });
        let uploads = uploads.collect();
        let is_last = !answer.is_truncated.unwrap_or(false);
        let next = answer.next_key_marker.map(|key| {
            let id = answer.next_upload_id_marker.filter(|id| !id.is_empty());
            UnfinishedMarker { key, id }
        });
        let next = next.filter(|next| !is_last && after.as_ref() != Some(next));
        Ok((UnfinishedPage { uploads, next }, is_last))
    }
}

/// A listing of which only a part was told is no listing.
fn breaks_off(what: &str, key: &ObjectKey) -> StoreError {
    let message = format!("{what} `{key}`: a page that goes on without saying where");
    StoreError::new(StoreErrorKind::Refused, message)
}

/// The parts by number. SeaweedFS lists a part that was put twice twice: the newer one counts.
fn newest(mut parts: Vec<(Part, Timestamp)>) -> Vec<Part> {
    parts.sort_by_key(|(part, modified)| (part.number, Reverse(*modified)));
    parts.dedup_by_key(|(part, _)| part.number);
    parts.into_iter().map(|(part, _)| part).collect()
}

/// A part number as the SDK takes it.
pub(super) fn signed(number: PartNumber) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_parts_with_one_number_the_newest_counts() {
        let part = |number, size, modified| {
            (Part { number, size, etag: ETag(size.to_string()) }, Timestamp::from_millis(modified))
        };
        let listed = newest(vec![part(2, 20, 5), part(1, 10, 7), part(1, 11, 9), part(1, 12, 8)]);
        assert_eq!(listed.iter().map(|part| (part.number, part.size)).collect::<Vec<_>>(), [(1, 11), (2, 20)]);
    }
}
