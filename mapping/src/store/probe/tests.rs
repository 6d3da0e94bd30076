//! That the probe believes nothing it has not seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::*;
use crate::clock::ManualClock;
use crate::key::ObjectKey;
use crate::store::counted::CountedStore;
use crate::store::faulty::{Fault, Faults, FaultyStore};
use crate::store::memory::MemoryStore;
use crate::store::{
    Attributes, Body, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId, Object, ObjectMeta,
    Part, PartNumber, Store, StoreError, Unfinished,
};

fn memory() -> MemoryStore {
    MemoryStore::new(Arc::new(ManualClock::new()))
}

/// A store that ignores every condition and whatever else it is told to.
#[derive(Debug)]
struct Careless {
    inner: Store,
    metadata: bool,
}

#[async_trait]
impl ObjectStore for Careless {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        self.inner.get(key, GetOptions { range: options.range.filter(|_| self.metadata), if_match: None }).await
    }
    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        self.inner.head(key).await
    }
    async fn put(&self, key: &ObjectKey, body: Body, attributes: Attributes, _: Condition) -> StoreResult<ETag> {
        let attributes = if self.metadata { attributes } else { Attributes::default() };
        self.inner.put(key, body, attributes, Condition::Always).await
    }
    async fn delete(&self, key: &ObjectKey, _: Condition) -> StoreResult<()> {
        self.inner.delete(key, Condition::Always).await
    }
    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        self.inner.delete_many(keys).await
    }
    async fn list(&self, request: ListRequest) -> StoreResult<ListPage> {
        let limit = if self.metadata { request.limit } else { 1000 };
        self.inner.list(ListRequest { delimited: request.delimited && self.metadata, limit, ..request }).await
    }
    async fn copy(&self, request: CopyRequest, _: Condition) -> StoreResult<ETag> {
        self.inner.copy(request, Condition::Always).await
    }
    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        self.inner.create_multipart(key, attributes).await
    }
    async fn put_part(&self, key: &ObjectKey, id: &MultipartId, number: PartNumber, body: Body) -> StoreResult<ETag> {
        self.inner.put_part(key, id, number, body).await
    }
    async fn list_parts(&self, key: &ObjectKey, id: &MultipartId) -> StoreResult<Vec<Part>> {
        self.inner.list_parts(key, id).await
    }
    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        id: &MultipartId,
        parts: &[Part],
        _: Condition,
    ) -> StoreResult<ETag> {
        self.inner.complete_multipart(key, id, parts, Condition::Always).await
    }
    async fn abort_multipart(&self, key: &ObjectKey, id: &MultipartId) -> StoreResult<()> {
        self.inner.abort_multipart(key, id).await
    }
    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        self.inner.list_multiparts(key).await
    }
    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        self.inner.tags(key).await
    }
    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        self.inner.set_tags(key, tags).await
    }
}

#[tokio::test]
async fn a_store_that_does_everything_is_taken() {
    let store = memory();
    let verdict = examine(&store, "run").await.unwrap();
    assert_eq!(verdict, Verdict { store: String::new(), capabilities: Capabilities::all(), broken: Vec::new() });
    assert_eq!((verdict.refusal(), verdict.warnings()), (None, Vec::new()));
    assert!(format!("{store:?}").contains("objects: 0") && store.unfinished().is_empty(), "the probe cleans up");
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_refused_with_the_reason() {
    let store = Careless { inner: Arc::new(memory()), metadata: true };
    let verdict = examine(&store, "run").await.unwrap();
    assert_eq!(verdict.broken, [Promise::CreateOnce, Promise::ReplaceWhatWasRead]);
    let tags = Capabilities { tags: true, ..none() };
    assert_eq!(verdict.capabilities, tags);
    let refusal = verdict.refusal().unwrap();
    assert!(refusal.contains("`If-None-Match: *`") && refusal.contains("`If-Match`"), "{refusal}");
    assert!(verdict.suits_single_writer());
    assert_eq!(verdict.warnings().len(), 3);
}

#[tokio::test]
async fn a_store_that_keeps_and_lists_little_is_refused_even_for_one_writer() {
    let store = Careless { inner: Arc::new(memory()), metadata: false };
    let verdict = examine(&store, "run").await.unwrap();
    assert_eq!(verdict.broken.len(), 5, "{verdict:?}");
    assert_eq!(verdict.capabilities, none());
    assert!(!verdict.suits_single_writer());
}

#[test]
fn a_verdict_is_kept_as_json() {
    let verdict = Verdict { store: String::new(), capabilities: none(), broken: vec![Promise::ReplaceWhatWasRead] };
    let text = serde_json::to_string(&verdict).unwrap();
    assert!(text.contains("\"replace_what_was_read\""), "{text}");
    assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
}

fn none() -> Capabilities {
    Capabilities { conditional_copy: false, conditional_delete: false, conditional_complete: false, tags: false }
}

#[tokio::test]
async fn a_store_that_fails_once_is_not_misjudged() {
    for careless in [false, true] {
        let store = || -> Store {
            if careless { Arc::new(Careless { inner: Arc::new(memory()), metadata: true }) } else { Arc::new(memory()) }
        };
        let counted = FaultyStore::new(store(), Faults::default());
        let truth = examine(&counted, "run").await.unwrap();
        let mut judged = 0;
        for fault in [Fault::Refuse, Fault::Conflict, Fault::LoseAnswer, Fault::Resend, Fault::CutBody] {
            for number in 1..=counted.calls() {
                let faulty = FaultyStore::new(store(), Faults::once(number, fault));
                if let Ok(verdict) = examine(&faulty, "run").await {
                    assert_eq!(verdict, truth, "{fault:?} at call {number}");
                    judged += 1;
                }
            }
        }
        assert!(judged > 0);
    }
}

#[test]
fn a_verdict_that_says_less_is_read() {
    let verdict: Verdict = serde_json::from_str("{\"capabilities\":{\"tags\":true}}").unwrap();
    assert_eq!(verdict.capabilities, Capabilities { tags: true, ..none() });
    assert!(verdict.store.is_empty() && verdict.broken.is_empty());
}

#[tokio::test]
async fn at_each_start_four_requests_tell_whether_puts_are_checked() {
    let counted = CountedStore::new(Arc::new(memory()));
    assert_eq!(examine_puts(&counted, "run").await.unwrap(), []);
    assert_eq!(counted.counts().to_string(), "put 3, delete 1");
    let careless = Careless { inner: Arc::new(memory()), metadata: true };
    let broken = examine_puts(&careless, "run").await.unwrap();
    assert_eq!(broken, [Promise::CreateOnce, Promise::ReplaceWhatWasRead]);
}
