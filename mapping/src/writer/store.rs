//! The store of the one who writes: looks itself before each write what the store does not look at.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::place::{WriterPlace, lost_place};
use super::turns::Turns;
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{
    Attributes, Body, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId, Object, ObjectMeta,
    ObjectStore, Part, PartNumber, Store, StoreError, StoreErrorKind, StoreResult, Unfinished, UnfinishedMarker,
    UnfinishedPage, check,
};

/// A store around one that ignores conditions, or looks at them without a lock. Writes of one key
/// take turns, and a condition is looked at in the same turn as the write: exact for as long as
/// nobody else writes, which [`WriterPlace`] sees to. One HEAD more for each write with a condition.
#[derive(Clone, Debug)]
pub struct LoneStore {
    inner: Store,
    place: WriterPlace,
    turns: Turns,
}

impl LoneStore {
    /// Writes to `inner` for as long as `place` is held.
    #[must_use]
    pub fn new(inner: Store, place: WriterPlace) -> Self {
        Self { inner, place, turns: Turns::default() }
    }

    /// Does `work` in the turn of `keys`, to its end even when the caller is dropped: what is under
    /// way keeps its turn.
    ///
    /// # Errors
    /// `Conflict` when the turn does not come, `Unavailable` once the place is lost; as `work`.
    async fn write<T, W>(&self, keys: Vec<ObjectKey>, work: W) -> StoreResult<T>
    where
        T: Send + 'static,
        W: Future<Output = StoreResult<T>> + Send + 'static,
    {
        let turns = self.turns.take(keys).await?;
        let place = self.place.clone();
        let written = self.place.tasks().finish(async move {
            let _turns = turns;
            place.check()?;
            tokio::select! {
                written = work => written,
                // With whatever attempts the client of the store would still make.
                () = place.lost() => Err(lost_place()),
            }
        });
        written.await.unwrap_or_else(|error| {
            Err(StoreError::new(StoreErrorKind::Unavailable, "a write was broken off").caused_by(error))
        })
    }

    /// Whether the condition of a write holds. Only in the key's turn.
    async fn look(&self, key: &ObjectKey, condition: &Condition) -> StoreResult<()> {
        check::look(&*self.inner, key, condition).await?;
        // The look took time: whoever took the place meanwhile may have written.
        self.place.check()
    }

    /// Whether the source of a copy is still what it must be. One that is gone is found missing by the copy.
    async fn look_at_source(&self, request: &CopyRequest) -> StoreResult<()> {
        let Some(etag) = request.from_etag.clone() else { return Ok(()) };
        match self.inner.head(&request.from).await {
            Ok(meta) if meta.etag != etag => Err(check::changed(&request.from)),
            Err(error) if error.kind() != StoreErrorKind::NotFound => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.turns.is_empty()
    }
}

#[async_trait]
impl ObjectStore for LoneStore {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        self.inner.get(key, options).await
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        self.inner.head(key).await
    }

    async fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: Attributes,
        condition: Condition,
    ) -> StoreResult<ETag> {
        let (this, key) = (self.clone(), key.clone());
        self.write(vec![key.clone()], async move {
            this.look(&key, &condition).await?;
            this.inner.put(&key, body, attributes, Condition::Always).await
        })
        .await
    }

    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        let (this, key) = (self.clone(), key.clone());
        self.write(vec![key.clone()], async move {
            this.look(&key, &condition).await?;
            this.inner.delete(&key, Condition::Always).await
        })
        .await
    }

    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        let (this, keys) = (self.clone(), keys.to_vec());
        let removed = self.write(keys.clone(), async move { this.inner.delete_many(&keys).await }).await;
        removed.map_err(|error| match error.kind() {
            // No condition was asked for: whoever removes many tries again.
            StoreErrorKind::Conflict => StoreError::new(StoreErrorKind::Unavailable, error.message()),
            _ => error,
        })
    }

    async fn list(&self, request: ListRequest) -> StoreResult<ListPage> {
        self.inner.list(request).await
    }

    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        let this = self.clone();
        self.write(vec![request.from.clone(), request.to.clone()], async move {
            this.look_at_source(&request).await?;
            this.look(&request.to, &condition).await?;
            this.inner.copy(request, Condition::Always).await
        })
        .await
    }

    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        self.inner.create_multipart(key, attributes).await
    }

    async fn put_part(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        number: PartNumber,
        body: Body,
    ) -> StoreResult<ETag> {
        self.inner.put_part(key, upload, number, body).await
    }

    async fn list_parts(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<Vec<Part>> {
        self.inner.list_parts(key, upload).await
    }

    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        let (this, key, upload, parts) = (self.clone(), key.clone(), upload.clone(), parts.to_vec());
        self.write(vec![key.clone()], async move {
            this.look(&key, &condition).await?;
            this.inner.complete_multipart(&key, &upload, &parts, Condition::Always).await
        })
        .await
    }

    async fn abort_multipart(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        self.inner.abort_multipart(key, upload).await
    }

    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        self.inner.list_multiparts(key).await
    }

    async fn list_multiparts_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage> {
        self.inner.list_multiparts_below(prefix, after).await
    }

    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        self.inner.tags(key).await
    }

    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        let (this, key) = (self.clone(), key.clone());
        self.write(vec![key.clone()], async move { this.inner.set_tags(&key, tags).await }).await
    }
}
