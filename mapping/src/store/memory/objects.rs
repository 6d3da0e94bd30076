//! The objects of a bucket in memory, by key in byte order. Conditions are checked here.

use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::ops::Bound;

use bytes::Bytes;
use md5::{Digest, Md5};

use crate::clock::Timestamp;
use crate::key::ObjectKey;
use crate::store::{Attributes, Condition, ETag, ObjectMeta, StoreError, StoreErrorKind, StoreResult};

/// One object.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) data: Bytes,
    pub(super) etag: ETag,
    pub(super) modified: Timestamp,
    pub(super) attributes: Attributes,
}

impl Stored {
    pub(super) fn meta(&self) -> ObjectMeta {
        ObjectMeta {
            size: self.data.len() as u64,
            etag: self.etag.clone(),
            modified: self.modified,
            content_type: self.attributes.content_type.clone(),
            metadata: self.attributes.metadata.clone(),
        }
    }
}

/// All objects.
#[derive(Default)]
pub(super) struct Objects(BTreeMap<String, Stored>);

impl Objects {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, key: &ObjectKey) -> StoreResult<&Stored> {
        self.0.get(key.as_str()).ok_or_else(|| missing(key))
    }

    pub(super) fn get_mut(&mut self, key: &ObjectKey) -> StoreResult<&mut Stored> {
        self.0.get_mut(key.as_str()).ok_or_else(|| missing(key))
    }

    pub(super) fn put(&mut self, key: &ObjectKey, stored: Stored, condition: &Condition) -> StoreResult<ETag> {
        self.hold(key, condition)?;
        let etag = stored.etag.clone();
        self.0.insert(key.as_str().to_owned(), stored);
        Ok(etag)
    }

    pub(super) fn delete(&mut self, key: &ObjectKey, condition: &Condition) -> StoreResult<()> {
        self.hold(key, condition)?;
        self.0.remove(key.as_str());
        Ok(())
    }

    /// Objects whose keys lie behind `from`, in byte order.
    pub(super) fn behind(&self, from: Bound<String>) -> Range<'_, String, Stored> {
        self.0.range((from, Bound::Unbounded))
    }

    fn hold(&self, key: &ObjectKey, condition: &Condition) -> StoreResult<()> {
        let there = self.0.get(key.as_str()).map(|stored| &stored.etag);
        let holds = match condition {
            Condition::Always => true,
            Condition::Absent => there.is_none(),
            Condition::Matches(etag) => there == Some(etag),
        };
        if holds { Ok(()) } else { Err(changed(key)) }
    }
}

pub(super) fn missing(key: &ObjectKey) -> StoreError {
    StoreError::new(StoreErrorKind::NotFound, format!("no object `{key}`"))
}

pub(super) fn changed(key: &ObjectKey) -> StoreError {
    StoreError::new(StoreErrorKind::PreconditionFailed, format!("the condition on `{key}` does not hold"))
}

/// What AWS makes of bytes that were put at once.
pub(super) fn md5(bytes: &[u8]) -> ETag {
    ETag(format!("\"{}\"", hex::encode(Md5::digest(bytes))))
}

/// A place in bytes that are in memory.
pub(super) fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("the offset lies inside bytes that are in memory")
}
