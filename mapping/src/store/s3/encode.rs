//! Texts that S3 takes in headers and answers in listings in another spelling than the key's own.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::DateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::clock::Timestamp;
use crate::key::ObjectKey;
use crate::store::{Condition, ETag};

/// All but the unreserved characters of RFC 3986.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same in a path.
const PATH: &AsciiSet = &VALUE.remove(b'/');

/// `x-amz-copy-source`. The SDK sends it as it is given.
pub(super) fn copy_source(bucket: &str, key: &ObjectKey) -> String {
    format!("{bucket}/{}", utf8_percent_encode(key.as_str(), PATH))
}

/// `x-amz-tagging`.
pub(super) fn tagging(tags: &BTreeMap<String, String>) -> Option<String> {
    let pair = |(name, value)| format!("{}={}", utf8_percent_encode(name, VALUE), utf8_percent_encode(value, VALUE));
    (!tags.is_empty()).then(|| tags.iter().map(|(name, value)| pair((name, value))).collect::<Vec<_>>().join("&"))
}

/// A key of a listing with `encoding-type=url`: `+` is a space there.
pub(super) fn listed(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Whether XML 1.0 can carry a key: the request that removes many is XML, and every store refuses
/// the whole of it for one character that cannot stand there.
pub(super) fn fits_xml(key: &ObjectKey) -> bool {
    let stands = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    key.as_str().chars().all(stands)
}

/// An ETag in quotes. SeaweedFS leaves them off the answers to copies.
pub(super) fn etag(text: Option<String>) -> ETag {
    let text = text.unwrap_or_default();
    if text.is_empty() || text.ends_with('"') { ETag(text) } else { ETag(format!("\"{text}\"")) }
}

/// A store's time. One before 1970 is none.
pub(super) fn timestamp(time: Option<&DateTime>) -> Timestamp {
    let millis = time.and_then(|time| time.to_millis().ok()).unwrap_or(0);
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// `If-Match` and `If-None-Match`.
pub(super) fn condition(condition: &Condition) -> (Option<String>, Option<String>) {
    match condition {
        Condition::Always => (None, None),
        Condition::Absent => (None, Some("*".to_owned())),
        Condition::Matches(etag) => (Some(etag.0.clone()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_source_is_encoded_but_for_its_slashes() {
        let key = ObjectKey::scratch("r", "a/b+c %#?&é~.txt");
        assert_eq!(copy_source("bucket", &key), "bucket/.folderbridge/probe/r/a/b%2Bc%20%25%23%3F%26%C3%A9~.txt");
    }

    #[test]
    fn tags_are_a_query_string() {
        let tags = BTreeMap::from([("a b".to_owned(), "c&d".to_owned()), ("x".to_owned(), String::new())]);
        assert_eq!(tagging(&tags).as_deref(), Some("a%20b=c%26d&x="));
        assert_eq!(tagging(&BTreeMap::new()), None);
    }

    #[test]
    fn a_listed_key_is_decoded_once() {
        assert_eq!(listed("a+b%2Bc%2520"), "a b+c%20");
    }

    #[test]
    fn xml_carries_all_but_a_few_keys() {
        for name in ["a\tb", "a\nb", "\u{7f}", "\u{9b}", "\u{fffd}", "\u{fdd0}", "\u{1fffe}", "\u{10ffff}", "<&>"] {
            assert!(fits_xml(&ObjectKey::scratch("r", name)), "{name:?}");
        }
        for name in ["\0", "\u{1}", "\u{b}", "a\u{1f}", "\u{fffe}", "a\u{ffff}b"] {
            assert!(!fits_xml(&ObjectKey::scratch("r", name)), "{name:?}");
        }
    }

    #[test]
    fn an_etag_has_quotes() {
        assert_eq!(etag(Some("abc-2".to_owned())), ETag("\"abc-2\"".to_owned()));
        assert_eq!(etag(Some("\"abc\"".to_owned())), ETag("\"abc\"".to_owned()));
    }
}
