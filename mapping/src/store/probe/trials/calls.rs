//! Whether each call that the bridge makes is there and allowed, tried one by one.

use std::collections::BTreeMap;

use super::Seen;
use crate::key::KeyPrefix;
use crate::store::operation::Operation;
use crate::store::probe::bench::Bench;
use crate::store::{
    Attributes, Body, Condition, CopyRequest, GetOptions, ListRequest, StoreError, StoreErrorKind, StoreResult,
};

impl Bench<'_> {
    pub(super) async fn may(&self, operation: Operation) -> StoreResult<Seen> {
        let key = self.key("allowed");
        match operation {
            Operation::List => self.store.list(ListRequest::all(KeyPrefix::scratch(self.run))).await.map(drop)?,
            Operation::Put => self.put("allowed", "x", Condition::Always).await.map(drop)?,
            Operation::Head => self.store.head(&key).await.map(drop)?,
            Operation::Get => self.store.get(&key, GetOptions::default()).await.map(drop)?,
            Operation::Copy => self.may_copy().await?,
            Operation::CreateMultipart
            | Operation::PutPart
            | Operation::ListParts
            | Operation::ListMultiparts
            | Operation::CompleteMultipart
            | Operation::AbortMultipart => self.may_upload(operation).await?,
            Operation::SetTags => self.may_tag().await?,
            Operation::Tags => self.store.tags(&key).await.map(drop)?,
            Operation::Delete => self.store.delete(&key, Condition::Always).await?,
            Operation::DeleteMany => return self.may_delete_many().await,
        }
        Ok(true.into())
    }

    async fn may_copy(&self) -> StoreResult<()> {
        let request = CopyRequest {
            from: self.key("allowed"),
            from_etag: None,
            to: self.key("allowed-copy"),
            size: 1,
            attributes: Attributes::default(),
        };
        self.store.copy(request, Condition::Always).await.map(drop)
    }

    /// One upload for each call, so that the call that fails is the one that is named.
    async fn may_upload(&self, operation: Operation) -> StoreResult<()> {
        let key = self.key("allowed-upload");
        let upload = self.begin(&key).await?;
        let parts = match operation {
            Operation::PutPart | Operation::ListParts | Operation::CompleteMultipart => {
                vec![self.part(&key, &upload, 1, vec![b'x']).await?]
            }
            _ => Vec::new(),
        };
        match operation {
            Operation::ListParts => self.store.list_parts(&key, &upload).await.map(drop)?,
            Operation::ListMultiparts => self.store.list_multiparts(&key).await.map(drop)?,
            Operation::CompleteMultipart => {
                self.store.complete_multipart(&key, &upload, &parts, Condition::Always).await.map(drop)?;
                self.done(&upload);
            }
            Operation::AbortMultipart => self.end(&key, &upload).await?,
            _ => {}
        }
        Ok(())
    }

    /// With the object, as the bridge writes them, and by themselves.
    async fn may_tag(&self) -> StoreResult<()> {
        let tags = BTreeMap::from([("fb-kind".to_owned(), "probe".to_owned())]);
        let key = self.key("allowed");
        let attributes = Attributes { tags: tags.clone(), ..Attributes::default() };
        self.store.put(&key, Body::from(vec![b'x']), attributes, Condition::Always).await?;
        self.store.set_tags(&key, tags).await
    }

    async fn may_delete_many(&self) -> StoreResult<Seen> {
        self.put("allowed-many", "x", Condition::Always).await?;
        let key = self.key("allowed-many");
        let refused = self.store.delete_many(std::slice::from_ref(&key)).await?;
        if let Some((_, error)) = refused.into_iter().next() {
            return Err(error);
        }
        match self.store.head(&key).await {
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(true.into()),
            Err(error) => Err(error),
            Ok(_) => Err(StoreError::new(StoreErrorKind::Refused, "what was deleted is still there")),
        }
    }
}
