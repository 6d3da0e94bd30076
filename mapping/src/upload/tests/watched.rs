//! A store in memory that holds parts back, counts what it is asked, and hides what it is told to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::clock::ManualClock;
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::memory::MemoryStore;
use crate::store::{
    Attributes, Body, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId, Object, ObjectMeta,
    ObjectStore, Part, PartNumber, StoreError, StoreErrorKind, StoreResult, Unfinished, UnfinishedMarker,
    UnfinishedPage,
};

#[derive(Debug)]
pub(super) struct Watched {
    inner: MemoryStore,
    /// One permit lets one part pass.
    pub(super) parts: Semaphore,
    /// How many calls there were.
    pub(super) calls: AtomicU64,
    /// Listings do not show sessions.
    pub(super) hide_sessions: AtomicBool,
    /// Files are neither written nor completed.
    pub(super) refuse_files: AtomicBool,
}

impl Watched {
    pub(super) fn new(clock: &Arc<ManualClock>) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(Arc::clone(clock) as Arc<_>).with_least_part(5 << 10),
            parts: Semaphore::new(Semaphore::MAX_PERMITS),
            calls: AtomicU64::new(0),
            hide_sessions: AtomicBool::new(false),
            refuse_files: AtomicBool::new(false),
        })
    }

    fn count(&self) -> &MemoryStore {
        self.calls.fetch_add(1, Ordering::SeqCst);
        &self.inner
    }

    fn refusal(&self, key: &ObjectKey) -> StoreResult<()> {
        let file = !key.as_str().starts_with(".folderbridge/");
        match file && self.refuse_files.load(Ordering::SeqCst) {
            true => Err(StoreError::new(StoreErrorKind::Unavailable, "by order")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        self.count().get(key, options).await
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        self.count().head(key).await
    }

    async fn put(&self, key: &ObjectKey, body: Body, carried: Attributes, condition: Condition) -> StoreResult<ETag> {
        self.refusal(key)?;
        self.count().put(key, body, carried, condition).await
    }

    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        self.count().delete(key, condition).await
    }

    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        self.count().delete_many(keys).await
    }

    async fn list(&self, request: ListRequest) -> StoreResult<ListPage> {
        let mut page = self.count().list(request).await?;
        if self.hide_sessions.load(Ordering::SeqCst) {
            page.objects.retain(|object| !object.key.as_str().ends_with("/session"));
        }
        Ok(page)
    }

    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        self.count().copy(request, condition).await
    }

    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        self.count().create_multipart(key, attributes).await
    }

    async fn put_part(&self, key: &ObjectKey, to: &MultipartId, number: PartNumber, body: Body) -> StoreResult<ETag> {
        let _passed = self.parts.acquire().await.unwrap();
        self.count().put_part(key, to, number, body).await
    }

    async fn list_parts(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<Vec<Part>> {
        self.count().list_parts(key, upload).await
    }

    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        self.refusal(key)?;
        self.count().complete_multipart(key, upload, parts, condition).await
    }

    async fn abort_multipart(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        self.count().abort_multipart(key, upload).await
    }

    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        self.count().list_multiparts(key).await
    }

    async fn list_multiparts_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage> {
        self.count().list_multiparts_below(prefix, after).await
    }

    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        self.count().tags(key).await
    }

    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        self.count().set_tags(key, tags).await
    }
}
