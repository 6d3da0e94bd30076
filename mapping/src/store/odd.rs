//! A store that does single things otherwise than S3 says.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::key::{KeyPrefix, ObjectKey};
use crate::store::operation::Operation;
use crate::store::{
    Attributes, Body, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId, Object, ObjectMeta,
    ObjectStore, Part, PartNumber, Store, StoreError, StoreErrorKind, StoreResult, Unfinished, UnfinishedMarker,
    UnfinishedPage,
};

/// What becomes of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conditions {
    Kept,
    Ignored,
    /// Whoever would replace something may not.
    Denied,
    /// Checked, and then written: others come in between.
    Looked,
    /// The same only at Complete, as SeaweedFS does.
    LookedAtComplete,
}

#[derive(Debug)]
pub(crate) struct Odd {
    pub(crate) inner: Store,
    pub(crate) conditions: Conditions,
    /// Neither metadata nor tags come back, ranges and pages are ignored.
    pub(crate) forgets: bool,
    pub(crate) denied: Option<Operation>,
    pub(crate) lacks: Option<Operation>,
    /// No answer ever comes.
    pub(crate) hangs: bool,
}

impl Odd {
    pub(crate) fn around(inner: Store) -> Self {
        Self { inner, conditions: Conditions::Kept, forgets: false, denied: None, lacks: None, hangs: false }
    }

    async fn asked(&self, operation: Operation) -> StoreResult<()> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if self.denied == Some(operation) {
            return Err(StoreError::new(StoreErrorKind::AccessDenied, "AccessDenied, by order"));
        }
        if self.lacks == Some(operation) {
            return Err(StoreError::new(StoreErrorKind::Refused, "NotImplemented, by order"));
        }
        Ok(())
    }

    /// What of a condition reaches the store.
    async fn kept(&self, key: &ObjectKey, condition: Condition, complete: bool) -> StoreResult<Condition> {
        match self.conditions {
            Conditions::Kept => Ok(condition),
            Conditions::LookedAtComplete if !complete => Ok(condition),
            Conditions::Ignored => Ok(Condition::Always),
            Conditions::Denied if matches!(condition, Condition::Matches(_)) => {
                Err(StoreError::new(StoreErrorKind::AccessDenied, "AccessDenied, by order"))
            }
            Conditions::Denied => Ok(condition),
            Conditions::Looked | Conditions::LookedAtComplete => {
                let there = self.inner.head(key).await.ok().map(|meta| meta.etag);
                tokio::task::yield_now().await;
                match condition {
                    Condition::Absent if there.is_some() => Err(lost()),
                    Condition::Matches(etag) if there != Some(etag.clone()) => Err(lost()),
                    _ => Ok(Condition::Always),
                }
            }
        }
    }

    fn remembered(&self, attributes: Attributes) -> Attributes {
        if self.forgets { Attributes::default() } else { attributes }
    }
}

fn lost() -> StoreError {
    StoreError::new(StoreErrorKind::PreconditionFailed, "by order")
}

#[async_trait]
impl ObjectStore for Odd {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        self.asked(Operation::Get).await?;
        self.inner.get(key, GetOptions { range: options.range.filter(|_| !self.forgets), ..options }).await
    }
    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        self.asked(Operation::Head).await?;
        self.inner.head(key).await
    }
    async fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: Attributes,
        condition: Condition,
    ) -> StoreResult<ETag> {
        self.asked(Operation::Put).await?;
        let condition = self.kept(key, condition, false).await?;
        self.inner.put(key, body, self.remembered(attributes), condition).await
    }
    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        self.asked(Operation::Delete).await?;
        let condition = self.kept(key, condition, false).await?;
        self.inner.delete(key, condition).await
    }
    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        self.asked(Operation::DeleteMany).await?;
        if self.denied == Some(Operation::Delete) {
            // One permission for both.
            let denied = || StoreError::new(StoreErrorKind::AccessDenied, "AccessDenied, by order");
            return Ok(keys.iter().map(|key| (key.clone(), denied())).collect());
        }
        self.inner.delete_many(keys).await
    }
    async fn list(&self, request: ListRequest) -> StoreResult<ListPage> {
        self.asked(Operation::List).await?;
        let limit = if self.forgets { 1000 } else { request.limit };
        self.inner.list(ListRequest { delimited: request.delimited && !self.forgets, limit, ..request }).await
    }
    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        self.asked(Operation::Copy).await?;
        let condition = self.kept(&request.to, condition, false).await?;
        let from_etag = request.from_etag.clone().filter(|_| self.conditions != Conditions::Ignored);
        self.inner.copy(CopyRequest { from_etag, ..request }, condition).await
    }
    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        self.asked(Operation::CreateMultipart).await?;
        self.inner.create_multipart(key, self.remembered(attributes)).await
    }
    async fn put_part(&self, key: &ObjectKey, id: &MultipartId, number: PartNumber, body: Body) -> StoreResult<ETag> {
        self.asked(Operation::PutPart).await?;
        self.inner.put_part(key, id, number, body).await
    }
    async fn list_parts(&self, key: &ObjectKey, id: &MultipartId) -> StoreResult<Vec<Part>> {
        self.asked(Operation::ListParts).await?;
        self.inner.list_parts(key, id).await
    }
    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        id: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        self.asked(Operation::CompleteMultipart).await?;
        let condition = self.kept(key, condition, true).await?;
        self.inner.complete_multipart(key, id, parts, condition).await
    }
    async fn abort_multipart(&self, key: &ObjectKey, id: &MultipartId) -> StoreResult<()> {
        self.asked(Operation::AbortMultipart).await?;
        self.inner.abort_multipart(key, id).await
    }
    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        self.asked(Operation::ListMultiparts).await?;
        self.inner.list_multiparts(key).await
    }
    async fn list_multiparts_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage> {
        self.asked(Operation::ListMultiparts).await?;
        self.inner.list_multiparts_below(prefix, after).await
    }
    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        self.asked(Operation::Tags).await?;
        self.inner.tags(key).await
    }
    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        self.asked(Operation::SetTags).await?;
        self.inner.set_tags(key, tags).await
    }
}
