//! A store that counts what is asked of it, so that a test can hold a verb to its number of calls.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::operation::Operation;
use super::{
    Attributes, Body, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId, Object, ObjectMeta,
    ObjectStore, Part, PartNumber, Store, StoreError, StoreResult, Unfinished, UnfinishedMarker, UnfinishedPage,
};
use crate::key::{KeyPrefix, ObjectKey};

/// A store around a store; counts every call, whatever it answers.
#[derive(Debug)]
pub struct CountedStore {
    inner: Store,
    counts: [AtomicU64; Operation::ALL.len()],
}

/// How often each operation was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Operation::ALL.len()]);

impl CountedStore {
    /// Counts from zero.
    #[must_use]
    pub fn new(inner: Store) -> Self {
        Self { inner, counts: Default::default() }
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts(std::array::from_fn(|place| self.counts[place].load(Ordering::SeqCst)))
    }

    /// Answers what was counted and begins anew.
    pub fn reset(&self) -> Counts {
        Counts(std::array::from_fn(|place| self.counts[place].swap(0, Ordering::SeqCst)))
    }

    fn count(&self, operation: Operation) {
        self.counts[operation as usize].fetch_add(1, Ordering::SeqCst);
    }
}

impl Counts {
    /// Calls of one operation.
    #[must_use]
    pub const fn of(&self, operation: Operation) -> u64 {
        self.0[operation as usize]
    }

    /// Calls that change the bucket.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.sum(true)
    }

    /// Calls that only look.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.sum(false)
    }

    /// What was called between `before` and this.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self(std::array::from_fn(|place| self.0[place] - before.0[place]))
    }

    fn sum(&self, writes: bool) -> u64 {
        Operation::ALL.into_iter().filter(|operation| operation.is_write() == writes).map(|one| self.of(one)).sum()
    }
}

impl fmt::Display for Counts {
    /// `put 2, list 1`, without what was not called.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let called = Operation::ALL.into_iter().filter(|operation| self.of(*operation) > 0);
        let words: Vec<_> = called.map(|operation| format!("{} {}", operation.name(), self.of(operation))).collect();
        f.write_str(&words.join(", "))
    }
}

#[async_trait]
impl ObjectStore for CountedStore {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        self.count(Operation::Get);
        self.inner.get(key, options).await
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        self.count(Operation::Head);
        self.inner.head(key).await
    }

    async fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: Attributes,
        condition: Condition,
    ) -> StoreResult<ETag> {
        self.count(Operation::Put);
        self.inner.put(key, body, attributes, condition).await
    }

    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        self.count(Operation::Delete);
        self.inner.delete(key, condition).await
    }

    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        self.count(Operation::DeleteMany);
        self.inner.delete_many(keys).await
    }

    async fn list(&self, request: ListRequest) -> StoreResult<ListPage> {
        self.count(Operation::List);
        self.inner.list(request).await
    }

    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        self.count(Operation::Copy);
        self.inner.copy(request, condition).await
    }

    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        self.count(Operation::CreateMultipart);
        self.inner.create_multipart(key, attributes).await
    }

    async fn put_part(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        number: PartNumber,
        body: Body,
    ) -> StoreResult<ETag> {
        self.count(Operation::PutPart);
        self.inner.put_part(key, upload, number, body).await
    }

    async fn list_parts(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<Vec<Part>> {
        self.count(Operation::ListParts);
        self.inner.list_parts(key, upload).await
    }

    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        self.count(Operation::CompleteMultipart);
        self.inner.complete_multipart(key, upload, parts, condition).await
    }

    async fn abort_multipart(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        self.count(Operation::AbortMultipart);
        self.inner.abort_multipart(key, upload).await
    }

    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        self.count(Operation::ListMultiparts);
        self.inner.list_multiparts(key).await
    }

    async fn list_multiparts_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage> {
        self.count(Operation::ListMultiparts);
        self.inner.list_multiparts_below(prefix, after).await
    }

    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        self.count(Operation::Tags);
        self.inner.tags(key).await
    }

    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        self.count(Operation::SetTags);
        self.inner.set_tags(key, tags).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::key::KeyPrefix;
    use crate::store::memory::MemoryStore;

    #[tokio::test]
    async fn reads_and_writes_are_told_apart() {
        let store = CountedStore::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::new()))));
        let key = ObjectKey::scratch("r", "x");
        store.put(&key, Body::from(vec![1]), Attributes::default(), Condition::Always).await.unwrap();
        let before = store.counts();
        store.head(&key).await.unwrap();
        store.list(ListRequest::all(KeyPrefix::scratch("r"))).await.unwrap();
        store.delete(&key, Condition::Always).await.unwrap();
        assert_eq!(store.counts().since(&before).to_string(), "head 1, delete 1, list 1");
        assert_eq!((store.counts().writes(), store.reset().reads()), (2, 2));
        assert_eq!(store.counts(), Counts::default());
    }
}
