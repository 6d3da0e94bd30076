//! What every implementation refuses in the same words, before it asks the store; and the look at a
//! condition where the store itself does not look.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Attributes, Condition, GetOptions, ObjectStore, PartNumber, StoreError, StoreErrorKind, StoreResult};
use crate::key::ObjectKey;

/// The longest key that S3 takes, in bytes.
const LONGEST_KEY: usize = 1024;
/// The most user metadata that S3 takes, names and values together.
const MOST_METADATA: usize = 2048;
/// The most tags that an object can have.
const MOST_TAGS: usize = 10;
/// The most keys that one request removes.
const MOST_KEYS: usize = 1000;
/// The highest part number.
const LAST_PART: PartNumber = 10_000;

fn refuse<T>(message: impl Into<String>) -> StoreResult<T> {
    Err(StoreError::new(StoreErrorKind::Refused, message))
}

/// Looks whether a condition holds: worth what it says for as long as nobody writes.
pub(crate) async fn look(store: &dyn ObjectStore, key: &ObjectKey, condition: &Condition) -> StoreResult<()> {
    if *condition == Condition::Always {
        return Ok(());
    }
    let there = match store.head(key).await {
        Ok(meta) => Some(meta.etag),
        Err(error) if error.kind() == StoreErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let holds = match condition {
        Condition::Always => true,
        Condition::Absent => there.is_none(),
        Condition::Matches(etag) => there.as_ref() == Some(etag),
    };
    if holds { Ok(()) } else { Err(changed(key)) }
}

/// What an implementation answers whose look has shown that a condition does not hold.
pub(crate) fn changed(key: &ObjectKey) -> StoreError {
    StoreError::new(StoreErrorKind::PreconditionFailed, format!("the condition on `{key}` does not hold"))
}

/// A key that S3 takes.
pub(super) fn key(key: &ObjectKey) -> StoreResult<()> {
    match key.as_str().len() {
        0 => refuse("the key is empty"),
        1..=LONGEST_KEY => Ok(()),
        length => refuse(format!("the key has {length} bytes: at most {LONGEST_KEY} are taken")),
    }
}

/// A list of keys that fits one request.
pub(super) fn keys(keys: &[ObjectKey]) -> StoreResult<()> {
    match keys.len() {
        0..=MOST_KEYS => keys.iter().try_for_each(key),
        count => refuse(format!("{count} keys in one request: at most {MOST_KEYS} are taken")),
    }
}

/// A part number that S3 takes.
pub(super) fn part(number: PartNumber) -> StoreResult<()> {
    if (1..=LAST_PART).contains(&number) { Ok(()) } else { refuse(format!("part {number} is not in 1..={LAST_PART}")) }
}

/// A range that names at least one byte.
pub(super) fn range(options: &GetOptions) -> StoreResult<()> {
    match &options.range {
        Some(Range { start, end }) if start >= end => refuse(format!("the range {start}..{end} is empty")),
        Some(_) | None => Ok(()),
    }
}

/// Metadata and tags that come back as they went in.
pub(super) fn attributes(attributes: &Attributes) -> StoreResult<()> {
    let mut size = 0;
    for (name, value) in &attributes.metadata {
        size += name.len() + value.len();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            return refuse(format!("`{}` cannot name metadata", name.escape_debug()));
        }
        // Space inside is printable; around it, HTTP would take it away.
        if value.trim() != value || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return refuse(format!("the metadata `{name}` is not printable ASCII"));
        }
    }
    if size > MOST_METADATA {
        return refuse(format!("{size} bytes of metadata: at most {MOST_METADATA} are taken"));
    }
    let printable = |text: &String| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !attributes.content_type.as_ref().is_none_or(printable) {
        return refuse("the content type is not printable ASCII");
    }
    tags(&attributes.tags)
}

/// Tags that S3 takes: at most 10, names up to 128 characters, values up to 256.
pub(super) fn tags(tags: &BTreeMap<String, String>) -> StoreResult<()> {
    if tags.len() > MOST_TAGS {
        return refuse(format!("{} tags: at most {MOST_TAGS} are taken", tags.len()));
    }
    for (name, value) in tags {
        if name.is_empty() || name.chars().count() > 128 || value.chars().count() > 256 {
            return refuse(format!("the tag `{}` is empty or too long", name.escape_debug()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(name: &str, value: &str) -> Attributes {
        Attributes { metadata: BTreeMap::from([(name.to_owned(), value.to_owned())]), ..Attributes::default() }
    }

    #[test]
    fn metadata_that_would_not_come_back_is_refused() {
        assert!(attributes(&metadata("fb-stamp", "a b=c~")).is_ok());
        for (name, value) in [("Stamp", "x"), ("", "x"), ("a b", "x"), ("a", "é"), ("a", "\n"), ("a", " x")] {
            assert!(attributes(&metadata(name, value)).is_err(), "{name:?}: {value:?}");
        }
        assert!(attributes(&metadata("a", &"x".repeat(2048))).is_err());
    }

    #[test]
    fn limits_of_s3_are_kept() {
        assert!(key(&ObjectKey::scratch("r", &"x".repeat(1100))).is_err());
        assert!(part(0).is_err() && part(10_001).is_err() && part(1).is_ok() && part(10_000).is_ok());
        let many = |count: usize| (0..count).map(|n| (n.to_string(), String::new())).collect();
        assert!(tags(&many(10)).is_ok() && tags(&many(11)).is_err());
        assert!(range(&GetOptions { range: Some(4..4), if_match: None }).is_err());
    }
}
