//! What a client says about an object beside its bytes: system headers and user metadata.

use std::collections::BTreeMap;

use s3s::dto::{self, Timestamp};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::clock::seconds_of;

/// S3's limit on names and values of user metadata together.
const METADATA_BYTES: usize = 2048;

/// What S3 answers for an object that was stored without a content type.
const USUAL_TYPE: &str = "binary/octet-stream";

/// Headers and metadata of an object, as the index keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    /// Seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) website_redirect_location: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Makes an `About` of the fields that three S3 inputs have in common.
macro_rules! about_of {
    ($input:expr) => {
        $crate::about::About {
            content_type: $input.content_type.take(),
            content_encoding: $input.content_encoding.take(),
            content_language: $input.content_language.take(),
            content_disposition: $input.content_disposition.take(),
            cache_control: $input.cache_control.take(),
            website_redirect_location: $input.website_redirect_location.take(),
            ..$crate::about::About::default()
        }
        .with($input.expires.take().as_ref(), $input.metadata.take())
    };
}
pub(crate) use about_of;

impl About {
    /// Adds what has to be looked at: the limit on metadata, and `aws-chunked`, which is how the body
    /// travelled and not what it is.
    pub(crate) fn with(mut self, expires: Option<&Timestamp>, metadata: Option<dto::Metadata>) -> S3Result<Self> {
        self.metadata = metadata.unwrap_or_default().into_iter().collect();
        let size: usize = self.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > METADATA_BYTES {
            return Err(s3_error!(MetadataTooLarge, "your metadata has {size} bytes, {METADATA_BYTES} are allowed"));
        }
        self.expires = expires.map(seconds_of);
        self.content_encoding = self.content_encoding.as_deref().and_then(without_chunking);
        Ok(self)
    }

    /// User metadata as S3 structures want it.
    pub(crate) fn metadata(&self) -> Option<dto::Metadata> {
        (!self.metadata.is_empty()).then(|| self.metadata.clone().into_iter().collect())
    }

    /// The content type, or the usual one.
    pub(crate) fn content_type(&self) -> String {
        self.content_type.clone().unwrap_or_else(|| USUAL_TYPE.to_owned())
    }

    /// When the content expires, if it was said.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        self.expires.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()).map(Timestamp::from)
    }
}

fn without_chunking(encoding: &str) -> Option<String> {
    let rest: Vec<_> = encoding
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!rest.is_empty()).then(|| rest.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transfer_is_not_part_of_the_encoding() {
        let cases = [("aws-chunked", None), ("gzip", Some("gzip")), ("aws-chunked, gzip", Some("gzip"))];
        for (sent, kept) in cases {
            assert_eq!(without_chunking(sent).as_deref(), kept, "{sent}");
        }
    }

    #[test]
    fn metadata_has_a_limit() {
        let metadata = |length| Some(dto::Metadata::from_iter([("k".to_owned(), "v".repeat(length))]));
        assert!(About::default().with(None, metadata(METADATA_BYTES - 1)).is_ok());
        assert!(About::default().with(None, metadata(METADATA_BYTES)).is_err());
    }
}
