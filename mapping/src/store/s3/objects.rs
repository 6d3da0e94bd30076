//! Requests about whole objects.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use aws_sdk_s3::types::{Delete, ObjectIdentifier, Tag, Tagging};
use futures::{StreamExt, stream};

use super::attempts::Attempts;
use super::failure::{conditional, failed};
use super::{S3Store, body, check, encode};
use crate::key::ObjectKey;
use crate::store::{
    Attributes, Body, Condition, ETag, GetOptions, Object, ObjectMeta, StoreError, StoreErrorKind, StoreResult,
};

/// Deletes at a time, for a store that takes them one by one only.
const DELETES: usize = 8;

impl S3Store {
    pub(super) async fn get_object(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        let range = options.range.as_ref().map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let request = self.client.get_object().bucket(self.bucket()).key(key.as_str()).set_range(range);
        let request = request.set_if_match(options.if_match.map(|etag| etag.0));
        let answer = request.send().await.map_err(|error| failed("get", key.as_str(), error))?;
        let (range, size) = match (options.range, answer.content_range.as_deref()) {
            (None, _) => length(key, answer.content_length).map(|length| (0..length, length))?,
            (Some(asked), Some(text)) => content_range(text)
                .filter(|(range, size)| *range == (asked.start..asked.end.min(*size)))
                .ok_or_else(|| unreadable(key, "Content-Range"))?,
            (Some(_), None) => return Err(unreadable(key, "Range")),
        };
        let meta = ObjectMeta {
            size,
            etag: encode::etag(answer.e_tag),
            modified: encode::timestamp(answer.last_modified.as_ref()),
            content_type: answer.content_type,
            metadata: metadata(answer.metadata),
        };
        let body = body::received(range.end - range.start, answer.body);
        Ok(Object { meta, range, body })
    }

    pub(super) async fn head_object(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        let request = self.client.head_object().bucket(self.bucket()).key(key.as_str());
        let answer = request.send().await.map_err(|error| failed("head", key.as_str(), error))?;
        Ok(ObjectMeta {
            size: length(key, answer.content_length)?,
            etag: encode::etag(answer.e_tag),
            modified: encode::timestamp(answer.last_modified.as_ref()),
            content_type: answer.content_type,
            metadata: metadata(answer.metadata),
        })
    }

    pub(super) async fn put_object(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: Attributes,
        condition: Condition,
    ) -> StoreResult<ETag> {
        let sent = body::send(body);
        let attempts = Attempts::with_body(&sent.watch);
        let (if_match, if_none_match) = encode::condition(&condition);
        let request = self.client.put_object().bucket(self.bucket()).key(key.as_str());
        let request = request
            .set_tagging(self.tagging(&attributes))
            .set_content_type(attributes.content_type)
            .set_metadata(Some(attributes.metadata.into_iter().collect()))
            .set_if_match(if_match)
            .set_if_none_match(if_none_match)
            .content_length(sent.size.try_into().unwrap_or(i64::MAX))
            .body(sent.stream)
            .customize()
            .config_override(Self::within(self.settings.within_body(sent.size)))
            .interceptor(attempts.clone());
        let request = if sent.signed { request } else { request.disable_payload_signing() };
        let answer = request.send().await.map_err(|error| failed("put", key.as_str(), error));
        let answer = attempts.weigh(sent.watch.blame(conditional(answer, &condition)))?;
        Ok(encode::etag(answer.e_tag))
    }

    /// Between a look and the delete another writer may come: SEMANTICS says what then happens.
    pub(super) async fn delete_object(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        let own_check = matches!(condition, Condition::Matches(_)) && self.capabilities.conditional_delete;
        let if_match = match &condition {
            Condition::Matches(etag) if own_check => Some(etag.0.clone()),
            Condition::Always => None,
            Condition::Absent | Condition::Matches(_) => {
                check::look(self, key, &condition).await?;
                None
            }
        };
        let request = self.client.delete_object().bucket(self.bucket()).key(key.as_str()).set_if_match(if_match);
        let attempts = Attempts::default();
        let answer = request.customize().interceptor(attempts.clone()).send().await;
        let answer = answer.map_err(|error| failed("delete", key.as_str(), error));
        match conditional(answer, &condition) {
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(()),
            answer => attempts.weigh(answer).map(|_| ()),
        }
    }

    pub(super) async fn delete_objects(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        // Alone goes what another program named so that no list can name it.
        let fits = |key: &&ObjectKey| self.capabilities.bulk_delete && encode::fits_xml(key);
        let (together, alone): (Vec<_>, Vec<_>) = keys.iter().partition(fits);
        let mut refused = self.delete_together(&together).await?;
        refused.extend(self.delete_each(&alone).await);
        Ok(refused)
    }

    async fn delete_together(&self, keys: &[&ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let named = |key: &&ObjectKey| ObjectIdentifier::builder().key(key.as_str()).build();
        let named = keys.iter().map(named).collect::<Result<Vec<_>, _>>();
        let delete = named.and_then(|keys| Delete::builder().set_objects(Some(keys)).quiet(true).build());
        let delete = delete.expect("each identifier has its key, and the list is there");
        let request = self.client.delete_objects().bucket(self.bucket()).delete(delete);
        let within = self.settings.within_many(keys.len());
        let answer = request.customize().config_override(Self::within(within)).send().await;
        let answer = answer.map_err(|error| failed("delete many", self.bucket(), error))?;
        let mut refused = Vec::new();
        for error in answer.errors.unwrap_or_default() {
            let kind = match error.code.as_deref() {
                Some("NoSuchKey") => continue,
                Some("AccessDenied") => StoreErrorKind::AccessDenied,
                Some("InternalError" | "SlowDown" | "ServiceUnavailable") => StoreErrorKind::Unavailable,
                _ => StoreErrorKind::Refused,
            };
            let reason = StoreError::new(kind, format!("{:?}: {:?}", error.code, error.message));
            // Whichever it was, it is not to be taken for removed.
            let Some(key) = error.key else { return Err(reason) };
            refused.push((ObjectKey::listed(key), reason));
        }
        Ok(refused)
    }

    /// One request each; also for a store that does not have DeleteObjects.
    async fn delete_each(&self, keys: &[&ObjectKey]) -> Vec<(ObjectKey, StoreError)> {
        let keys: Vec<_> = keys.iter().map(|key| (*key).clone()).collect();
        let deleted = stream::iter(keys).map(|key| async move {
            let deleted = self.delete_object(&key, Condition::Always).await;
            deleted.err().map(|error| (key, error))
        });
        deleted.buffer_unordered(DELETES).filter_map(std::future::ready).collect().await
    }

    pub(super) async fn object_tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        if !self.capabilities.tags {
            return Ok(BTreeMap::new());
        }
        let request = self.client.get_object_tagging().bucket(self.bucket()).key(key.as_str());
        let answer = request.send().await.map_err(|error| failed("tags", key.as_str(), error))?;
        Ok(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    pub(super) async fn set_object_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        if !self.capabilities.tags {
            return Ok(());
        }
        let tag = |(name, value)| Tag::builder().key(name).value(value).build();
        let tags = tags.into_iter().map(tag).collect::<Result<Vec<_>, _>>();
        let tags = tags.and_then(|tags| Tagging::builder().set_tag_set(Some(tags)).build());
        let tags = tags.expect("each tag has its name and value, and the set is there");
        let request = self.client.put_object_tagging().bucket(self.bucket()).key(key.as_str()).tagging(tags);
        request.send().await.map_err(|error| failed("set tags", key.as_str(), error))?;
        Ok(())
    }
}

/// A number that S3 documents as not negative.
pub(super) fn unsigned(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

/// An object's length. Without it, it would be read as empty.
fn length(key: &ObjectKey, said: Option<i64>) -> StoreResult<u64> {
    said.and_then(|length| u64::try_from(length).ok()).ok_or_else(|| {
        StoreError::new(StoreErrorKind::Unavailable, format!("`{key}`: the store's answer has no `Content-Length`"))
    })
}

fn metadata(pairs: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    pairs.unwrap_or_default().into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

/// `bytes 0-9/100`: the range, end exclusive, and the whole size.
fn content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let end = last.checked_add(1).filter(|end| *end > first)?;
    Some((first..end, size.parse().ok()?))
}

fn unreadable(key: &ObjectKey, header: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Refused, format!("get `{key}`: the store does not honour `{header}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read() {
        assert_eq!(content_range("bytes 10-19/100"), Some((10..20, 100)));
        assert_eq!(content_range("bytes 0-0/1"), Some((0..1, 1)));
        for text in ["bytes */100", "bytes 10-9/100", "10-19/100", "bytes 10-19", "bytes 1-18446744073709551615/3"] {
            assert_eq!(content_range(text), None, "{text}");
        }
    }
}
