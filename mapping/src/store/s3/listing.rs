//! ListObjectsV2.

use aws_sdk_s3::types::EncodingType;

use super::failure::failed;
use super::objects::unsigned;
use super::{S3Store, encode};
use crate::key::ObjectKey;
use crate::store::{ListPage, ListRequest, Listed, StoreError, StoreErrorKind, StoreResult};

impl S3Store {
    pub(super) async fn list_objects(&self, list: ListRequest) -> StoreResult<ListPage> {
        // XML cannot carry every character that a key can have, so keys are asked for encoded.
        let request = self
            .client
            .list_objects_v2()
            .bucket(self.bucket())
            .prefix(list.prefix.as_str())
            .encoding_type(EncodingType::Url)
            .max_keys(i32::from(list.limit.clamp(1, 1000)))
            .set_delimiter(list.delimited.then(|| "/".to_owned()))
            .set_start_after(list.start_after.clone().filter(|_| list.token.is_none()))
            .set_continuation_token(list.token);
        let answer = request.send().await.map_err(|error| failed("list", list.prefix.as_str(), error))?;
        let encoded = answer.encoding_type == Some(EncodingType::Url);
        let plain = |text: String| if encoded { encode::listed(&text) } else { text };
        let truncated = answer.is_truncated.unwrap_or(false);
        if truncated && answer.next_continuation_token.is_none() {
            let message = format!("list `{}`: a page that goes on without saying where", list.prefix);
            return Err(StoreError::new(StoreErrorKind::Refused, message));
        }
        let objects = answer.contents.unwrap_or_default().into_iter().filter_map(|object| {
            Some(Listed {
                key: ObjectKey::listed(plain(object.key?)),
                size: unsigned(object.size),
                etag: encode::etag(object.e_tag),
                modified: encode::timestamp(object.last_modified.as_ref()),
            })
        });
        let prefixes = answer.common_prefixes.unwrap_or_default().into_iter().filter_map(|prefix| prefix.prefix);
        // AWS does not say whether to start after `a/` leaves `a/` itself out.
        let prefixes = prefixes.map(plain).filter(|prefix| list.start_after.as_ref() != Some(prefix));
        Ok(ListPage {
            objects: objects.collect(),
            prefixes: prefixes.collect(),
            next: answer.next_continuation_token.filter(|_| truncated),
        })
    }
}
