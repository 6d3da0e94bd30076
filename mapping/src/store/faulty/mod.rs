//! A store that fails as networks and stores do, the same way for the same seed.
//!
//! What befalls a call depends on the seed and on the call's number alone, so a run whose calls
//! come in the same order fails at the same places.

mod body;
mod call;
mod plan;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use self::call::Call;
pub use self::plan::{Asked, Fault, Faults, Kill, Moment};

use super::operation::Operation;
use super::{
    Attributes, Body, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId, Object, ObjectMeta,
    ObjectStore, Part, PartNumber, Store, StoreError, StoreErrorKind, StoreResult, Unfinished, UnfinishedMarker,
    UnfinishedPage,
};
use crate::key::{KeyPrefix, ObjectKey};

/// A store around a store; without faults it changes nothing.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Store,
    calls: AtomicU64,
    writes: AtomicU64,
    dead: AtomicBool,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    faults: Faults,
    kill: Option<Kill>,
    trace: Option<Vec<Asked>>,
}

impl FaultyStore {
    /// Fails as `faults` say.
    #[must_use]
    pub fn new(inner: Store, faults: Faults) -> Self {
        let plan = Mutex::new(Plan { faults, kill: None, trace: None });
        Self { inner, calls: AtomicU64::new(0), writes: AtomicU64::new(0), dead: AtomicBool::new(false), plan }
    }

    /// From now on fails as `faults` say.
    pub fn set_faults(&self, faults: Faults) {
        self.plan().faults = faults;
    }

    /// From now on keeps what is asked, until it is taken.
    pub fn begin_trace(&self) {
        self.plan().trace = Some(Vec::new());
    }

    /// What was asked since [`begin_trace`](Self::begin_trace), in order.
    #[must_use]
    pub fn take_trace(&self) -> Vec<Asked> {
        self.plan().trace.take().unwrap_or_default()
    }

    /// Ends the life of the process that calls: see [`Kill`].
    pub fn kill_at(&self, kill: Kill) {
        self.plan().kill = Some(kill);
    }

    /// Whether the process that calls is dead. Nothing it asks is done any more.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// How many calls were made so far, those of the dead not counted.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// How many of them were writes.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call and does what befalls it before it reaches the store.
    async fn begin(&self, operation: Operation, condition: &Condition) -> StoreResult<Call<'_>> {
        if self.is_dead() {
            return Err(dead());
        }
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let writes = self.writes.fetch_add(u64::from(operation.is_write()), Ordering::SeqCst);
        let (delay, answer_delay, fault, moment) = {
            let mut plan = self.plan();
            let conditional = *condition != Condition::Always;
            if let Some(trace) = &mut plan.trace {
                trace.push(Asked { operation, conditional });
            }
            let write = operation.is_write().then_some(writes + 1);
            let moment = plan.kill.and_then(|kill| kill.moment(number, write));
            let fault = plan.faults.befalls(number, operation, conditional);
            (plan.faults.delay(number), plan.faults.answer_delay(number), fault, moment)
        };
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        if moment.is_some() {
            self.dead.store(true, Ordering::SeqCst);
        }
        match (moment, fault) {
            (Some(Moment::Before), _) => Err(dead()),
            (None, Some(Fault::Refuse)) => Err(unavailable("503 SlowDown")),
            (None, Some(Fault::Conflict)) => Err(StoreError::new(StoreErrorKind::Conflict, "409, by order")),
            (_, fault) => Ok(Call { store: self, fault, answer_delay }),
        }
    }
}

fn unavailable(message: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, format!("{message}, by order"))
}

fn dead() -> StoreError {
    unavailable("the process is dead")
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        let call = self.begin(Operation::Get, &Condition::Always).await?;
        let object = self.inner.get(key, options).await.map(|object| call.received(object));
        call.end(object).await
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        let call = self.begin(Operation::Head, &Condition::Always).await?;
        call.end(self.inner.head(key).await).await
    }

    async fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: Attributes,
        condition: Condition,
    ) -> StoreResult<ETag> {
        let call = self.begin(Operation::Put, &condition).await?;
        let body = call.sent(body);
        if let Some(open) = body.opener().filter(|_| call.resends()) {
            let first = Body::replay(body.size(), open);
            let _lost = self.inner.put(key, first, attributes.clone(), condition.clone()).await;
        }
        call.end(self.inner.put(key, body, attributes, condition).await).await
    }

    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        let call = self.begin(Operation::Delete, &condition).await?;
        if call.resends() {
            let _lost = self.inner.delete(key, condition.clone()).await;
        }
        call.end(self.inner.delete(key, condition).await).await
    }

    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        let call = self.begin(Operation::DeleteMany, &Condition::Always).await?;
        call.end(self.inner.delete_many(keys).await).await
    }

    async fn list(&self, request: ListRequest) -> StoreResult<ListPage> {
        let call = self.begin(Operation::List, &Condition::Always).await?;
        call.end(self.inner.list(request).await).await
    }

    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        let call = self.begin(Operation::Copy, &condition).await?;
        if call.resends() {
            let _lost = self.inner.copy(request.clone(), condition.clone()).await;
        }
        call.end(self.inner.copy(request, condition).await).await
    }

    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        let call = self.begin(Operation::CreateMultipart, &Condition::Always).await?;
        if call.resends() {
            let _lost = self.inner.create_multipart(key, attributes.clone()).await;
        }
        call.end(self.inner.create_multipart(key, attributes).await).await
    }

    async fn put_part(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        number: PartNumber,
        body: Body,
    ) -> StoreResult<ETag> {
        let call = self.begin(Operation::PutPart, &Condition::Always).await?;
        call.drop_upload(key, upload).await?;
        let body = call.sent(body);
        call.end(self.inner.put_part(key, upload, number, body).await).await
    }

    async fn list_parts(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<Vec<Part>> {
        let call = self.begin(Operation::ListParts, &Condition::Always).await?;
        call.drop_upload(key, upload).await?;
        call.end(self.inner.list_parts(key, upload).await).await
    }

    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        let call = self.begin(Operation::CompleteMultipart, &condition).await?;
        call.drop_upload(key, upload).await?;
        if call.resends() {
            let _lost = self.inner.complete_multipart(key, upload, parts, condition.clone()).await;
        }
        call.end(self.inner.complete_multipart(key, upload, parts, condition).await).await
    }

    async fn abort_multipart(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        let call = self.begin(Operation::AbortMultipart, &Condition::Always).await?;
        call.end(self.inner.abort_multipart(key, upload).await).await
    }

    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        let call = self.begin(Operation::ListMultiparts, &Condition::Always).await?;
        call.end(self.inner.list_multiparts(key).await).await
    }

    async fn list_multiparts_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage> {
        let call = self.begin(Operation::ListMultiparts, &Condition::Always).await?;
        call.end(self.inner.list_multiparts_below(prefix, after).await).await
    }

    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        let call = self.begin(Operation::Tags, &Condition::Always).await?;
        call.end(self.inner.tags(key).await).await
    }

    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        let call = self.begin(Operation::SetTags, &Condition::Always).await?;
        call.end(self.inner.set_tags(key, tags).await).await
    }
}

#[cfg(test)]
mod tests;
