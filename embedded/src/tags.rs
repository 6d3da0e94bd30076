//! Object tags: at most ten pairs, from a header or a document.

use percent_encoding::percent_decode_str;
use s3s::dto::Tag;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

const MOST: usize = 10;
const KEY_LENGTH: usize = 128;
const VALUE_LENGTH: usize = 256;

/// The tags of an object, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tags(Vec<(String, String)>);

impl Tags {
    fn parsed(pairs: Vec<(String, String)>) -> S3Result<Self> {
        if pairs.len() > MOST {
            return Err(s3_error!(InvalidTag, "an object has at most {MOST} tags"));
        }
        for (index, (key, value)) in pairs.iter().enumerate() {
            if key.is_empty() || key.chars().count() > KEY_LENGTH {
                return Err(s3_error!(InvalidTag, "a tag key has 1 to {KEY_LENGTH} characters"));
            }
            if value.chars().count() > VALUE_LENGTH {
                return Err(s3_error!(InvalidTag, "a tag value has at most {VALUE_LENGTH} characters"));
            }
            if pairs[..index].iter().any(|(other, _)| other == key) {
                return Err(s3_error!(InvalidTag, "tag key `{key}` is given twice"));
            }
        }
        Ok(Self(pairs))
    }

    /// Reads the `x-amz-tagging` header: `key=value&...`, form-encoded.
    pub(crate) fn from_header(header: Option<&str>) -> S3Result<Self> {
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            let decoded = percent_decode_str(&text).decode_utf8().map(String::from);
            decoded.map_err(|_| s3_error!(InvalidArgument, "the x-amz-tagging header is not valid"))
        };
        let mut pairs = Vec::new();
        for pair in header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((decode(key)?, decode(value)?));
        }
        Self::parsed(pairs)
    }

    /// Reads the tags of a document.
    pub(crate) fn from_set(set: Vec<Tag>) -> S3Result<Self> {
        let pairs = set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
        Self::parsed(pairs.collect())
    }

    /// The tags as a document lists them.
    pub(crate) fn into_set(self) -> Vec<Tag> {
        self.0.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
    }

    /// How many there are; none when there are none, as the header that counts them is then absent.
    pub(crate) fn count(&self) -> Option<i32> {
        i32::try_from(self.0.len()).ok().filter(|count| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_form_encoded() {
        let tags = Tags::from_header(Some("a=1&b+c=%C3%A4%26&d")).unwrap();
        let expected = [("a", "1"), ("b c", "ä&"), ("d", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(tags.0, expected);
        assert_eq!(Tags::from_header(None).unwrap().count(), None);
    }

    #[test]
    fn too_many_too_long_or_doubled_tags_are_refused() {
        let eleven: Vec<_> = (0..11).map(|n| format!("k{n}=v")).collect();
        for header in
            [&eleven.join("&"), "a=1&a=2", "=v", &format!("{}=v", "k".repeat(129)), &format!("k={}", "v".repeat(257))]
        {
            assert!(Tags::from_header(Some(header)).is_err(), "{header}");
        }
        assert_eq!(Tags::from_header(Some(&eleven[..10].join("&"))).unwrap().count(), Some(10));
    }
}
