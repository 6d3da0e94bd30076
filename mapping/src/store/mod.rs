//! The store port: everything that the core asks of an S3 bucket, and nothing else.
//!
//! Implementations: `s3` (aws-sdk-s3; also over the embedded store), `memory` (tests).
//! Decorators: `counted`, `faulty`. Every one passes `conformance`. (`obstructed` is for tests that need one moment.)

pub mod body;
mod capabilities;
pub(crate) mod check;
pub mod conformance;
pub mod counted;
pub mod error;
pub mod faulty;
pub mod memory;
pub mod obstructed;
#[cfg(test)]
pub(crate) mod odd;
pub mod operation;
pub mod probe;
pub mod s3;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use body::{Body, BodyStream};
pub use capabilities::Capabilities;
pub use error::{StoreError, StoreErrorKind, StoreResult};

use crate::clock::Timestamp;
use crate::key::{KeyPrefix, ObjectKey};

/// A store, shared.
pub type Store = Arc<dyn ObjectStore>;

/// An object's ETag as the store gave it, quotes included if it had any. Opaque: only equal or
/// not. (MD5 only sometimes: multipart, SSE-KMS and SeaweedFS copies differ.)
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ETag(pub String);

/// The id that a store gave a multipart upload.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MultipartId(pub String);

/// A part's number, 1 to 10,000.
pub type PartNumber = u32;

/// The condition of a write, checked by the store in the same step as the write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Write in any case.
    #[default]
    Always,
    /// Only if no object is there (`If-None-Match: *`).
    Absent,
    /// Only if this is what is there (`If-Match`). A missing object fails it too.
    Matches(ETag),
}

/// What is stored beside an object's bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// User metadata: lower-case names, printable ASCII values, 2 KB together.
    pub metadata: BTreeMap<String, String>,
    /// Object tags, at most 10. A store without tags keeps none and says so in its probe.
    pub tags: BTreeMap<String, String>,
}

/// What a store says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Whole size in bytes, also in the answer to a ranged read.
    pub size: u64,
    /// Identity of these bytes.
    pub etag: ETag,
    /// When it was written, by the store's clock.
    pub modified: Timestamp,
    /// `Content-Type`, if any.
    pub content_type: Option<String>,
    /// User metadata, names in lower case.
    pub metadata: BTreeMap<String, String>,
}

/// How to read an object.
#[derive(Clone, Debug, Default)]
pub struct GetOptions {
    /// Bytes to read, end exclusive, not empty. An end past the object is cut; a start at or past
    /// it is [`StoreErrorKind::InvalidRange`].
    pub range: Option<Range<u64>>,
    /// Fail with [`StoreErrorKind::PreconditionFailed`] unless this is what is there.
    pub if_match: Option<ETag>,
}

/// An object being read.
pub struct Object {
    /// What it is; `size` is the whole object's.
    pub meta: ObjectMeta,
    /// The bytes of `body`, end exclusive.
    pub range: Range<u64>,
    /// Exactly `range`, or an error on the way.
    pub body: BodyStream,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("meta", &self.meta).field("range", &self.range).finish_non_exhaustive()
    }
}

/// One page of keys to list.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// All keys begin with it.
    pub prefix: KeyPrefix,
    /// Fold what lies deeper than one `/` below the prefix into common prefixes.
    pub delimited: bool,
    /// Continue a listing: the token of the page before.
    pub token: Option<String>,
    /// Start behind this key or common prefix (only without a token).
    pub start_after: Option<String>,
    /// At most this many entries, 1 to 1,000.
    pub limit: u16,
}

impl ListRequest {
    /// The first page of everything below `prefix`, 1,000 a page.
    #[must_use]
    pub const fn all(prefix: KeyPrefix) -> Self {
        Self { prefix, delimited: false, token: None, start_after: None, limit: 1000 }
    }
}

/// One listed object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: ObjectKey,
    /// Its size in bytes.
    pub size: u64,
    /// Identity of its bytes; empty where a store lists none.
    pub etag: ETag,
    /// When it was written.
    pub modified: Timestamp,
}

/// One page of a listing. The order within it is the store's own (SeaweedFS: not by bytes).
#[derive(Clone, Debug, Default)]
pub struct ListPage {
    /// Objects.
    pub objects: Vec<Listed>,
    /// Common prefixes, each ending in `/`.
    pub prefixes: Vec<String>,
    /// Where to go on; `None` on the last page.
    pub next: Option<String>,
}

/// A multipart upload that was neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// What it is to become.
    pub key: ObjectKey,
    /// Its id.
    pub id: MultipartId,
    /// When it was begun, by the store's clock; in a far future where the store does not say.
    pub initiated: Timestamp,
}

/// One page of unfinished multipart uploads.
#[derive(Clone, Debug, Default)]
pub struct UnfinishedPage {
    /// By key.
    pub uploads: Vec<Unfinished>,
    /// Where to go on; `None` on the last page.
    pub next: Option<UnfinishedMarker>,
}

/// The last upload of a page, as the store names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedMarker {
    pub(crate) key: String,
    pub(crate) id: Option<String>,
}

/// A stored part of a multipart upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub number: PartNumber,
    /// Its size in bytes; not used by [`ObjectStore::complete_multipart`].
    pub size: u64,
    /// What completes it.
    pub etag: ETag,
}

/// What to copy and how.
#[derive(Clone, Debug)]
pub struct CopyRequest {
    /// The object to copy.
    pub from: ObjectKey,
    /// Fail unless this is what is there.
    pub from_etag: Option<ETag>,
    /// Where to.
    pub to: ObjectKey,
    /// Size of the source in bytes: above 5 GiB it is copied by parts.
    pub size: u64,
    /// What the copy carries instead of the source's own.
    pub attributes: Attributes,
}

/// An S3 bucket. Retries of throttled and lost requests happen below this trait; an error that
/// comes out of it is final for the caller's request.
///
/// A write that fails with [`StoreErrorKind::Unavailable`] may have been done all the same.
#[async_trait]
pub trait ObjectStore: Send + Sync + fmt::Debug {
    /// Reads an object. The body must be read or dropped soon: it holds a connection.
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object>;

    /// What is there, without its bytes.
    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta>;

    /// Writes an object at once: readers see the old one or the new one. A body that fails or is
    /// shorter than announced writes nothing.
    async fn put(&self, key: &ObjectKey, body: Body, attributes: Attributes, condition: Condition)
    -> StoreResult<ETag>;

    /// Removes an object; one that is not there is no error. [`Condition::Matches`] is honoured
    /// only by stores whose probe says so.
    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()>;

    /// Removes up to 1,000 objects in one request; answers those that were not removed.
    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>>;

    /// Lists one page.
    async fn list(&self, request: ListRequest) -> StoreResult<ListPage>;

    /// Copies inside the store. [`Condition`] is on the target and is honoured by every
    /// implementation, by a detour through a multipart upload where the store's copy ignores it.
    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag>;

    /// Begins a multipart upload. Nothing is visible until it is completed.
    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId>;

    /// Stores a part, replacing one of the same number.
    async fn put_part(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        number: PartNumber,
        body: Body,
    ) -> StoreResult<ETag>;

    /// All parts stored so far, by number (however many pages that takes).
    async fn list_parts(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<Vec<Part>>;

    /// Makes the parts, in order, the object. AWS answers a repeat with success, MinIO with
    /// [`StoreErrorKind::NoSuchUpload`].
    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag>;

    /// Forgets a multipart upload and its parts; one that is unknown is no error.
    async fn abort_multipart(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()>;

    /// Unfinished multipart uploads of exactly this key (MinIO lists by exact key only).
    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>>;

    /// One page of the unfinished multipart uploads of keys below `prefix`; of what MinIO has, none.
    async fn list_multiparts_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage>;

    /// An object's tags.
    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>>;

    /// Replaces an object's tags; its bytes and ETag stay.
    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()>;
}
