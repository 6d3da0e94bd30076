//! A store in which single things are in the way: keys that it does not remove, calls that wait
//! until they are let go. For tests that need one moment, not chance.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::operation::Operation;
use super::{
    Attributes, Body, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId, Object, ObjectMeta,
    ObjectStore, Part, PartNumber, Store, StoreError, StoreErrorKind, StoreResult, Unfinished, UnfinishedMarker,
    UnfinishedPage,
};
use crate::key::{KeyPrefix, ObjectKey};

/// A store around a store; with nothing in the way it changes nothing.
#[derive(Debug)]
pub struct ObstructedStore {
    inner: Store,
    locked: Mutex<BTreeSet<ObjectKey>>,
    failing: Mutex<BTreeMap<ObjectKey, u32>>,
    held: Mutex<Option<Held>>,
    waiting: AtomicUsize,
    gate: Semaphore,
    forgets_conditions: AtomicBool,
    blank: Mutex<Option<String>>,
}

/// Leads from a page with nothing on it to the first.
const FIRST_PAGE: &str = "the first page, by order";

/// Calls that are to wait.
#[derive(Debug)]
struct Held {
    operation: Operation,
    prefix: String,
    /// Only the next one, not all.
    once: bool,
}

impl ObstructedStore {
    /// Nothing is in the way yet.
    #[must_use]
    pub fn new(inner: Store) -> Self {
        Self {
            inner,
            locked: Mutex::default(),
            failing: Mutex::default(),
            held: Mutex::default(),
            waiting: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            forgets_conditions: AtomicBool::new(false),
            blank: Mutex::default(),
        }
    }

    /// From now on refuses to remove this object.
    pub fn lock(&self, key: ObjectKey) {
        self.locked.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    /// Fails so often to remove this object when it is among many.
    pub fn fail_at(&self, key: ObjectKey, times: u32) {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).insert(key, times);
    }

    /// Whether it fails this time.
    fn fails(&self, key: &ObjectKey) -> bool {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.get_mut(key).filter(|times| **times > 0).map(|times| *times -= 1).is_some()
    }

    /// The next call of this operation on a key that begins with `prefix` waits.
    pub fn hold(&self, operation: Operation, prefix: &str) {
        *self.held() = Some(Held { operation, prefix: prefix.to_owned(), once: true });
    }

    /// All calls of this operation on such keys wait from now on.
    pub fn hold_all(&self, operation: Operation, prefix: &str) {
        *self.held() = Some(Held { operation, prefix: prefix.to_owned(), once: false });
    }

    /// Whether a call waits.
    pub fn is_holding(&self) -> bool {
        self.waiting() > 0
    }

    /// How many calls wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Lets the call go that waits.
    pub fn let_go(&self) {
        self.gate.add_permits(1);
    }

    /// Lets all go that wait, and holds none that come.
    pub fn let_all_go(&self) {
        let mut held = self.held();
        *held = None;
        self.gate.add_permits(self.waiting());
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this call is to wait; it is counted then.
    fn is_held(&self, operation: Operation, key: &ObjectKey) -> bool {
        let mut held = self.held();
        let Some(which) = held.as_ref() else { return false };
        let is_held = which.operation == operation && key.as_str().starts_with(&which.prefix);
        if is_held && which.once {
            *held = None;
        }
        self.waiting.fetch_add(usize::from(is_held), Ordering::SeqCst);
        is_held
    }

    /// From now on deletes and reads whatever the condition says, as some stores do.
    pub fn forget_conditions(&self) {
        self.forgets_conditions.store(true, Ordering::SeqCst);
    }

    /// The next listing of exactly `prefix` begins with a page that has nothing on it and goes on, as stores
    /// answer that have come across nothing but what is gone.
    pub fn begin_blank(&self, prefix: &str) {
        *self.blank.lock().unwrap_or_else(PoisonError::into_inner) = Some(prefix.to_owned());
    }

    fn is_blank(&self, prefix: &str) -> bool {
        self.blank.lock().unwrap_or_else(PoisonError::into_inner).take_if(|blank| blank == prefix).is_some()
    }

    async fn pass(&self, operation: Operation, key: &ObjectKey) {
        if self.is_held(operation, key) {
            self.gate.acquire().await.expect("the gate is never closed").forget();
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl ObjectStore for ObstructedStore {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        self.pass(Operation::Get, key).await;
        let forgets = self.forgets_conditions.load(Ordering::SeqCst);
        let if_match = options.if_match.filter(|_| !forgets);
        self.inner.get(key, GetOptions { if_match, ..options }).await
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
        self.pass(Operation::Put, key).await;
        self.inner.put(key, body, attributes, condition).await
    }

    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        self.pass(Operation::Delete, key).await;
        let forgets = self.forgets_conditions.load(Ordering::SeqCst);
        self.inner.delete(key, if forgets { Condition::Always } else { condition }).await
    }

    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        let locked = self.locked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (stay, go): (Vec<_>, Vec<_>) = keys.iter().cloned().partition(|key| locked.contains(key));
        let (fail, go): (Vec<_>, Vec<_>) = go.into_iter().partition(|key| self.fails(key));
        let mut refused = self.inner.delete_many(&go).await?;
        let failed = |key| (key, StoreError::new(StoreErrorKind::Unavailable, "SlowDown, by order"));
        refused.extend(fail.into_iter().map(failed));
        refused
            .extend(stay.into_iter().map(|key| (key, StoreError::new(StoreErrorKind::AccessDenied, "object locked"))));
        Ok(refused)
    }

    async fn list(&self, mut request: ListRequest) -> StoreResult<ListPage> {
        self.pass(Operation::List, &ObjectKey::listed(request.prefix.as_str().to_owned())).await;
        if request.token.is_none() && self.is_blank(request.prefix.as_str()) {
            return Ok(ListPage { next: Some(FIRST_PAGE.to_owned()), ..ListPage::default() });
        }
        request.token.take_if(|token| token == FIRST_PAGE);
        self.inner.list(request).await
    }

    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        self.pass(Operation::Copy, &request.to).await;
        self.inner.copy(request, condition).await
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
        self.pass(Operation::CompleteMultipart, key).await;
        self.inner.complete_multipart(key, upload, parts, condition).await
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
        self.inner.set_tags(key, tags).await
    }
}
