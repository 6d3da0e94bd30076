//! Where a store is tried: its scratch objects, and how they are cleared away.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{
    Attributes, Body, Condition, ETag, GetOptions, ListRequest, MultipartId, ObjectStore, Part, StoreError,
    StoreErrorKind, StoreResult,
};

/// Requests at a time while clearing away.
const PARALLEL: usize = 8;

/// A store to try, and whose scratch objects to use.
#[derive(Debug)]
pub(super) struct Bench<'s> {
    /// Asked without detours.
    pub(super) store: &'s dyn ObjectStore,
    /// The same, which copies by parts where a condition is to be kept.
    pub(super) detour: &'s dyn ObjectStore,
    pub(super) run: &'s str,
    written: Mutex<Written>,
}

/// What may have to be cleared away, whatever happens in between.
#[derive(Debug, Default)]
struct Written {
    keys: BTreeSet<ObjectKey>,
    uploads: Vec<(ObjectKey, MultipartId)>,
}

impl<'s> Bench<'s> {
    pub(super) fn new(store: &'s dyn ObjectStore, detour: &'s dyn ObjectStore, run: &'s str) -> Self {
        Self { store, detour, run, written: Mutex::default() }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a scratch object that is about to be written.
    pub(super) fn key(&self, name: &str) -> ObjectKey {
        let key = ObjectKey::scratch(self.run, name);
        self.written().keys.insert(key.clone());
        key
    }

    pub(super) async fn put(&self, name: &str, text: &str, condition: Condition) -> StoreResult<ETag> {
        let body = Body::from(Bytes::copy_from_slice(text.as_bytes()));
        self.store.put(&self.key(name), body, Attributes::default(), condition).await
    }

    /// A write whose condition holds; `None` when the store does not have the condition. A write
    /// that the client sent twice is told the second time that it came late: then what is there
    /// tells whether it was ours.
    pub(super) async fn put_new(&self, name: &str, text: &str, condition: Condition) -> StoreResult<Option<ETag>> {
        match self.put(name, text, condition).await {
            Ok(etag) => Ok(Some(etag)),
            Err(error) if error.kind() == StoreErrorKind::Refused => Ok(None),
            Err(error) if error.is_lost_race() => match self.text(name).await {
                Ok(there) if there == text => Ok(Some(self.store.head(&self.key(name)).await?.etag)),
                Ok(_) => Err(error),
                Err(missing) if missing.kind() == StoreErrorKind::NotFound => Err(error),
                Err(other) => Err(other),
            },
            Err(error) => Err(error),
        }
    }

    pub(super) async fn text(&self, name: &str) -> StoreResult<String> {
        self.range(name, None).await
    }

    pub(super) async fn range(&self, name: &str, range: Option<std::ops::Range<u64>>) -> StoreResult<String> {
        let body = self.store.get(&self.key(name), GetOptions { range, if_match: None }).await?.body;
        let all = body.try_fold(Vec::new(), |mut sum, chunk| async move {
            sum.extend_from_slice(&chunk);
            Ok(sum)
        });
        let cut = |error| StoreError::new(StoreErrorKind::Unavailable, "the body broke").caused_by(error);
        Ok(String::from_utf8_lossy(&all.await.map_err(cut)?).into_owned())
    }

    /// Begins a multipart upload, to be aborted when nothing becomes of it.
    pub(super) async fn begin(&self, key: &ObjectKey) -> StoreResult<MultipartId> {
        let upload = self.store.create_multipart(key, Attributes::default()).await?;
        self.written().uploads.push((key.clone(), upload.clone()));
        Ok(upload)
    }

    pub(super) async fn part(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        number: u32,
        bytes: Vec<u8>,
    ) -> StoreResult<Part> {
        let size = bytes.len() as u64;
        let etag = self.store.put_part(key, upload, number, Body::from(bytes)).await?;
        Ok(Part { number, size, etag })
    }

    /// Aborts an upload that nobody needs any more; one that is done is gone already.
    pub(super) async fn end(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        self.store.abort_multipart(key, upload).await?;
        self.done(upload);
        Ok(())
    }

    /// There is nothing left to abort.
    pub(super) fn done(&self, upload: &MultipartId) {
        self.written().uploads.retain(|(_, id)| id != upload);
    }

    /// Removes everything that was written; answers what could not be. An unfinished upload that
    /// was never told its id is left to the store's own clean-up.
    pub(super) async fn clean(&self) -> Vec<String> {
        let Written { mut keys, uploads } = std::mem::take(&mut *self.written());
        let mut left: Vec<String> = stream::iter(uploads)
            .map(|(key, upload)| async move {
                let failed = self.store.abort_multipart(&key, &upload).await.is_err();
                failed.then(|| format!("{key} (multipart upload {})", upload.0))
            })
            .buffer_unordered(PARALLEL)
            .filter_map(std::future::ready)
            .collect()
            .await;
        keys.extend(self.listed().await.unwrap_or_default());
        let keys: Vec<_> = keys.into_iter().collect();
        // In one request where that works, and each by itself where it does not.
        let refused = match self.store.delete_many(&keys).await {
            Ok(refused) => refused.into_iter().map(|(key, _)| key).collect(),
            Err(_) => keys,
        };
        let deleted = stream::iter(refused).map(|key| async move {
            let gone = self.store.delete(&key, Condition::Always).await.is_ok() || self.is_missing(&key).await;
            (!gone).then(|| key.to_string())
        });
        left.extend(deleted.buffer_unordered(PARALLEL).filter_map(std::future::ready).collect::<Vec<_>>().await);
        left.sort();
        left
    }

    async fn is_missing(&self, key: &ObjectKey) -> bool {
        matches!(self.store.head(key).await, Err(error) if error.kind() == StoreErrorKind::NotFound)
    }

    async fn listed(&self) -> StoreResult<Vec<ObjectKey>> {
        let (mut keys, mut request) = (Vec::new(), ListRequest::all(KeyPrefix::scratch(self.run)));
        loop {
            let page = self.store.list(request.clone()).await?;
            keys.extend(page.objects.into_iter().map(|listed| listed.key));
            if page.next.is_none() || page.next == request.token {
                return Ok(keys);
            }
            request.token = page.next;
        }
    }
}
