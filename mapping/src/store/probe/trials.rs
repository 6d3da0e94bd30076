//! The single trials of the probe. Each says whether something holds; a failing store is an error.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::TryStreamExt;

use super::{Promise, Verdict};
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{
    Attributes, Body, Capabilities, Condition, CopyRequest, ETag, GetOptions, ListRequest, ObjectStore, StoreError,
    StoreErrorKind, StoreResult,
};

/// A store to try, and whose scratch objects to use.
pub(super) struct Bench<'s> {
    pub(super) store: &'s dyn ObjectStore,
    pub(super) run: &'s str,
}

/// Whether a write that must not be done was refused. Success means that its condition was ignored.
fn was_checked<T>(result: StoreResult<T>) -> StoreResult<bool> {
    match result {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == StoreErrorKind::PreconditionFailed => Ok(true),
        // 501 and its kin: the store knows the header and does not have it.
        Err(error) if error.kind() == StoreErrorKind::Refused => Ok(false),
        Err(error) => Err(error),
    }
}

fn stale() -> Condition {
    Condition::Matches(ETag("\"00000000000000000000000000000000\"".to_owned()))
}

impl Bench<'_> {
    pub(super) async fn try_all(&self) -> StoreResult<Verdict> {
        let promises = [
            (Promise::CreateOnce, self.creates_once().await?),
            (Promise::ReplaceWhatWasRead, self.replaces_what_was_read().await?),
            (Promise::KeepMetadata, self.keeps_metadata().await?),
            (Promise::ReadRanges, self.reads_ranges().await?),
            (Promise::ListPages, self.lists_pages().await?),
        ];
        let capabilities = Capabilities {
            conditional_copy: self.checks_copies().await?,
            conditional_delete: self.checks_deletes().await?,
            conditional_complete: self.checks_completes().await?,
            tags: self.keeps_tags().await?,
        };
        let broken = promises.into_iter().filter(|(_, kept)| !kept).map(|(promise, _)| promise).collect();
        Ok(Verdict { store: String::new(), capabilities, broken })
    }

    pub(super) async fn try_puts(&self) -> StoreResult<Vec<Promise>> {
        let mut broken = Vec::new();
        let first = self.put_new("start", "first", Condition::Absent).await?;
        if first.is_none() || !was_checked(self.put("start", "second", Condition::Absent).await)? {
            broken.push(Promise::CreateOnce);
        }
        if !was_checked(self.put("start", "third", stale()).await)? {
            broken.push(Promise::ReplaceWhatWasRead);
        }
        self.store.delete(&self.key("start"), Condition::Always).await?;
        Ok(broken)
    }

    fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::scratch(self.run, name)
    }

    async fn put(&self, name: &str, text: &'static str, condition: Condition) -> StoreResult<ETag> {
        let body = Body::from(Bytes::from_static(text.as_bytes()));
        self.store.put(&self.key(name), body, Attributes::default(), condition).await
    }

    /// A write whose condition holds; `None` when the store does not have the condition. A write
    /// that the client sent twice is told the second time that it came late: then what is there
    /// tells whether it was ours.
    async fn put_new(&self, name: &str, text: &'static str, condition: Condition) -> StoreResult<Option<ETag>> {
        match self.put(name, text, condition).await {
            Ok(etag) => Ok(Some(etag)),
            Err(error) if error.kind() == StoreErrorKind::Refused => Ok(None),
            Err(error) if error.is_lost_race() => {
                if self.text(name, GetOptions::default()).await? != text.as_bytes() {
                    return Err(error);
                }
                Ok(Some(self.store.head(&self.key(name)).await?.etag))
            }
            Err(error) => Err(error),
        }
    }

    async fn text(&self, name: &str, options: GetOptions) -> StoreResult<Vec<u8>> {
        let body = self.store.get(&self.key(name), options).await?.body;
        let all = body.try_fold(Vec::new(), |mut sum, chunk| async move {
            sum.extend_from_slice(&chunk);
            Ok(sum)
        });
        let cut = |error| StoreError::new(StoreErrorKind::Unavailable, "the body broke").caused_by(error);
        all.await.map_err(cut)
    }

    async fn creates_once(&self) -> StoreResult<bool> {
        if self.put_new("create", "first", Condition::Absent).await?.is_none() {
            return Ok(false);
        }
        let checked = was_checked(self.put("create", "second", Condition::Absent).await)?;
        Ok(checked && self.text("create", GetOptions::default()).await? == b"first")
    }

    async fn replaces_what_was_read(&self) -> StoreResult<bool> {
        let first = self.put("replace", "first", Condition::Always).await?;
        let Some(second) = self.put_new("replace", "second", Condition::Matches(first.clone())).await? else {
            return Ok(false);
        };
        let checked = was_checked(self.put("replace", "third", Condition::Matches(first)).await)?;
        let kept = self.text("replace", GetOptions::default()).await? == b"second";
        // Older releases of MinIO take any condition when nothing is there.
        let missing = was_checked(self.put("missing", "x", Condition::Matches(second)).await)?;
        Ok(checked && kept && missing)
    }

    async fn keeps_metadata(&self) -> StoreResult<bool> {
        let metadata = BTreeMap::from([("fb-stamp".to_owned(), "a1 B2".to_owned())]);
        let attributes = Attributes { metadata: metadata.clone(), ..Attributes::default() };
        self.store.put(&self.key("metadata"), Body::from(vec![b'x']), attributes, Condition::Always).await?;
        Ok(self.store.head(&self.key("metadata")).await?.metadata == metadata)
    }

    async fn reads_ranges(&self) -> StoreResult<bool> {
        self.put("range", "0123456789", Condition::Always).await?;
        match self.text("range", GetOptions { range: Some(3..5), if_match: None }).await {
            Ok(text) => Ok(text == b"34"),
            Err(error) if error.kind() == StoreErrorKind::Refused => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn lists_pages(&self) -> StoreResult<bool> {
        for name in ["list/a", "list/b/1", "list/b/2", "list/c"] {
            self.put(name, "x", Condition::Always).await?;
        }
        let prefix = KeyPrefix::scratch(&format!("{}/list", self.run));
        let request = ListRequest { delimited: true, limit: 1, ..ListRequest::all(prefix) };
        let (mut entries, mut token) = (Vec::new(), None);
        for _ in 0..4 {
            let page = self.store.list(ListRequest { token, ..request.clone() }).await?;
            entries.extend(page.objects.into_iter().map(|listed| listed.key.to_string()).chain(page.prefixes));
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        let last = entries.last().cloned();
        let after = self.store.list(ListRequest { start_after: last, ..request }).await?;
        let nothing_after = after.objects.is_empty() && after.prefixes.is_empty();
        entries.sort();
        let expected = ["list/a", "list/b/", "list/c"].map(|name| self.key(name).to_string());
        Ok(entries == expected && token.is_none() && nothing_after)
    }

    async fn checks_copies(&self) -> StoreResult<bool> {
        let from_etag = self.put("copy-from", "new", Condition::Always).await?;
        self.put("copy-to", "old", Condition::Always).await?;
        let request = CopyRequest {
            from: self.key("copy-from"),
            from_etag: Some(from_etag),
            to: self.key("copy-to"),
            size: 3,
            attributes: Attributes::default(),
        };
        let absent = was_checked(self.store.copy(request.clone(), Condition::Absent).await)?;
        let matching = was_checked(self.store.copy(request, stale()).await)?;
        Ok(absent && matching && self.text("copy-to", GetOptions::default()).await? == b"old")
    }

    async fn checks_deletes(&self) -> StoreResult<bool> {
        self.put("delete", "x", Condition::Always).await?;
        let checked = was_checked(self.store.delete(&self.key("delete"), stale()).await)?;
        match self.store.head(&self.key("delete")).await {
            Ok(_) => Ok(checked),
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn checks_completes(&self) -> StoreResult<bool> {
        let key = self.key("complete");
        self.put("complete", "old", Condition::Always).await?;
        let mut checked = true;
        for condition in [Condition::Absent, stale()] {
            let upload = self.store.create_multipart(&key, Attributes::default()).await?;
            self.store.put_part(&key, &upload, 1, Body::from(vec![b'x'])).await?;
            let parts = self.store.list_parts(&key, &upload).await?;
            let done = self.store.complete_multipart(&key, &upload, &parts, condition).await;
            self.store.abort_multipart(&key, &upload).await?;
            checked &= was_checked(done)?;
        }
        Ok(checked && self.text("complete", GetOptions::default()).await? == b"old")
    }

    async fn keeps_tags(&self) -> StoreResult<bool> {
        let tags = BTreeMap::from([("fb-kind".to_owned(), "probe".to_owned())]);
        let attributes = Attributes { tags: tags.clone(), ..Attributes::default() };
        let put = self.store.put(&self.key("tags"), Body::from(vec![b'x']), attributes, Condition::Always).await;
        let found = match put {
            Ok(_) => self.store.tags(&self.key("tags")).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => Ok(found == tags),
            // 501, 403 or 404: no tags, or none for us.
            Err(error)
                if matches!(
                    error.kind(),
                    StoreErrorKind::Refused | StoreErrorKind::AccessDenied | StoreErrorKind::NotFound
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn clean(&self) -> StoreResult<()> {
        let mut request = ListRequest::all(KeyPrefix::scratch(self.run));
        loop {
            let page = self.store.list(request.clone()).await?;
            let keys: Vec<_> = page.objects.into_iter().map(|listed| listed.key).collect();
            self.store.delete_many(&keys).await?;
            request.token = page.next;
            if request.token.is_none() {
                return Ok(());
            }
        }
    }
}
