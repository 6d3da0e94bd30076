//! A bucket in memory that answers as AWS S3 does. For tests: it keeps nothing.
//!
//! Every request takes effect in one step under one lock, after its body has arrived.

mod listing;
mod multipart;
mod objects;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};

use self::multipart::Uploads;
use self::objects::{Objects, Stored};
use super::{
    Attributes, Body, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId, Object, ObjectMeta,
    ObjectStore, Part, PartNumber, StoreError, StoreErrorKind, StoreResult, Unfinished, UnfinishedMarker,
    UnfinishedPage, check,
};
use crate::clock::Clock;
use crate::key::{KeyPrefix, ObjectKey};

/// What a body read from memory comes in.
const CHUNK: usize = 64 * 1024;
/// What AWS asks of every part but the last.
const LEAST_PART: u64 = 5 * 1024 * 1024;

/// What a second Complete of one upload is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Success, as AWS says.
    Succeeds,
    /// [`StoreErrorKind::NoSuchUpload`], as MinIO says.
    NoSuchUpload,
}

/// What an object's ETag is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ETags {
    /// Its bytes, by MD5, as most stores do without encryption.
    OfBytes,
    /// Nothing: each write gets another, as with SSE-KMS. Equal bytes do not show.
    Opaque,
}

/// A bucket in memory.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    least_part: u64,
    repeat: Repeat,
    etags: ETags,
    written: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    objects: Objects,
    uploads: Uploads,
}

impl MemoryStore {
    /// An empty bucket whose objects are dated by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (repeat, etags) = (Repeat::Succeeds, ETags::OfBytes);
        Self { clock, least_part: LEAST_PART, repeat, etags, written: AtomicU64::new(0), state: Mutex::default() }
    }

    /// The same bucket, taking parts of `size` bytes and more (5 MiB unless told).
    #[must_use]
    pub const fn with_least_part(mut self, size: u64) -> Self {
        self.least_part = size;
        self
    }

    /// The same bucket, answering a repeated Complete so.
    #[must_use]
    pub const fn with_repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// The same bucket with other ETags.
    #[must_use]
    pub const fn with_etags(mut self, etags: ETags) -> Self {
        self.etags = etags;
        self
    }

    /// Every unfinished multipart upload, which no request of S3's tells on every store.
    #[must_use]
    pub fn unfinished(&self) -> Vec<(ObjectKey, MultipartId)> {
        self.state().uploads.all()
    }

    /// Drops an unfinished upload, as a store does that cleans up by itself.
    pub fn drop_upload(&self, upload: &MultipartId) {
        self.state().uploads.forget(upload);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a write whose bytes make `etag` answers.
    fn etag(&self, etag: ETag) -> ETag {
        match self.etags {
            ETags::OfBytes => etag,
            ETags::Opaque => objects::md5(format!("write {}", self.written.fetch_add(1, Ordering::SeqCst)).as_bytes()),
        }
    }

    fn stored(&self, data: Bytes, etag: ETag, attributes: Attributes) -> Stored {
        Stored { data, etag, modified: self.clock.now(), attributes }
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("objects", &self.state().objects.len()).finish_non_exhaustive()
    }
}

async fn collect(body: Body) -> StoreResult<Bytes> {
    if let Some(bytes) = body.as_bytes() {
        return Ok(bytes.clone());
    }
    let whole = body.into_stream().try_fold(BytesMut::new(), |mut sum, chunk| async move {
        sum.extend_from_slice(&chunk);
        Ok(sum)
    });
    let whole =
        whole.await.map_err(|error| StoreError::new(StoreErrorKind::BadBody, "the body failed").caused_by(error));
    whole.map(BytesMut::freeze)
}

/// `bytes` in chunks, as a network would bring them.
fn chunked(bytes: Bytes) -> super::BodyStream {
    stream::unfold(bytes, |mut left| async move {
        if left.is_empty() {
            return None;
        }
        let chunk = left.split_to(left.len().min(CHUNK));
        Some((Ok(chunk), left))
    })
    .boxed()
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        check::range(&options)?;
        let stored = self.state().objects.get(key)?.clone();
        if options.if_match.as_ref().is_some_and(|etag| *etag != stored.etag) {
            return Err(objects::changed(key));
        }
        let size = stored.data.len() as u64;
        if options.range.as_ref().is_some_and(|range| range.start >= size) {
            return Err(StoreError::new(StoreErrorKind::InvalidRange, format!("`{key}` has {size} bytes")));
        }
        let range = options.range.map_or(0..size, |range| range.start..range.end.min(size));
        let bytes = stored.data.slice(objects::index(range.start)..objects::index(range.end));
        Ok(Object { meta: stored.meta(), range, body: chunked(bytes) })
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        self.state().objects.get(key).map(Stored::meta)
    }

    async fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: Attributes,
        condition: Condition,
    ) -> StoreResult<ETag> {
        check::key(key)?;
        check::attributes(&attributes)?;
        let data = collect(body).await?;
        let etag = self.etag(objects::md5(&data));
        let stored = self.stored(data, etag, attributes);
        self.state().objects.put(key, stored, &condition)
    }

    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        self.state().objects.delete(key, &condition)
    }

    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        check::keys(keys)?;
        let mut state = self.state();
        for key in keys {
            state.objects.delete(key, &Condition::Always)?;
        }
        Ok(Vec::new())
    }

    async fn list(&self, request: ListRequest) -> StoreResult<ListPage> {
        listing::page(&self.state().objects, &request)
    }

    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        check::key(&request.to)?;
        check::attributes(&request.attributes)?;
        let mut state = self.state();
        let source = state.objects.get(&request.from)?;
        if request.from_etag.as_ref().is_some_and(|etag| *etag != source.etag) {
            return Err(objects::changed(&request.from));
        }
        let data = source.data.clone();
        let etag = self.etag(objects::md5(&data));
        let stored = self.stored(data, etag, request.attributes);
        state.objects.put(&request.to, stored, &condition)
    }

    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        check::key(key)?;
        check::attributes(&attributes)?;
        let now = self.clock.now();
        Ok(self.state().uploads.create(key, attributes, now))
    }

    async fn put_part(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        number: PartNumber,
        body: Body,
    ) -> StoreResult<ETag> {
        check::part(number)?;
        let data = collect(body).await?;
        let etag = self.etag(objects::md5(&data));
        self.state().uploads.put_part(key, upload, number, (data, etag))
    }

    async fn list_parts(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<Vec<Part>> {
        self.state().uploads.parts(key, upload)
    }

    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        let mut state = self.state();
        if self.repeat == Repeat::Succeeds
            && let Some(etag) = state.uploads.completed(key, upload)
        {
            return Ok(etag);
        }
        let (data, etag, attributes) = state.uploads.assemble(key, upload, parts, self.least_part)?;
        let stored = self.stored(data, self.etag(etag), attributes);
        // A condition that does not hold leaves the upload as it was: it may be completed later.
        let etag = state.objects.put(key, stored, &condition)?;
        state.uploads.complete(upload, &etag);
        Ok(etag)
    }

    async fn abort_multipart(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        self.state().uploads.abort(key, upload);
        Ok(())
    }

    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        Ok(self.state().uploads.of(key))
    }

    async fn list_multiparts_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage> {
        Ok(self.state().uploads.below(prefix, after.as_ref()))
    }

    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        self.state().objects.get(key).map(|stored| stored.attributes.tags.clone())
    }

    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        check::tags(&tags)?;
        self.state().objects.get_mut(key)?.attributes.tags = tags;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
