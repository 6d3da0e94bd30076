//! Whether conditions are kept, one request after the other.

use super::{Seen, was_checked};
use crate::store::probe::bench::Bench;
use crate::store::probe::verdict::Promise;
use crate::store::{Attributes, Condition, CopyRequest, ETag, StoreErrorKind, StoreResult};

pub(super) fn stale() -> Condition {
    Condition::Matches(ETag("\"00000000000000000000000000000000\"".to_owned()))
}

impl Bench<'_> {
    /// The promises about puts only, in four small requests.
    pub(in super::super) async fn try_puts(&self) -> StoreResult<Vec<Promise>> {
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

    pub(super) async fn creates_once(&self) -> StoreResult<bool> {
        if self.put_new("create", "first", Condition::Absent).await?.is_none() {
            return Ok(false);
        }
        let checked = was_checked(self.put("create", "second", Condition::Absent).await)?;
        Ok(checked && self.text("create").await? == "first")
    }

    pub(super) async fn replaces_what_was_read(&self) -> StoreResult<Seen> {
        let first = self.put("replace", "first", Condition::Always).await?;
        let Some(second) = self.put_new("replace", "second", Condition::Matches(first.clone())).await? else {
            return Ok(Seen::not("the store does not have the condition"));
        };
        let checked = was_checked(self.put("replace", "third", Condition::Matches(first)).await)?;
        if !checked || self.text("replace").await? != "second" {
            return Ok(Seen::not("a write with a stale ETag was done"));
        }
        // Older releases of MinIO take any condition when nothing is there.
        if !was_checked(self.put("missing", "x", Condition::Matches(second)).await)? {
            return Ok(Seen::not("a write with an ETag was done where nothing is"));
        }
        Ok(true.into())
    }

    pub(super) async fn checks_copies(&self) -> StoreResult<bool> {
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
        Ok(absent && matching && self.text("copy-to").await? == "old")
    }

    pub(super) async fn checks_deletes(&self) -> StoreResult<bool> {
        self.put("delete", "x", Condition::Always).await?;
        let checked = was_checked(self.store.delete(&self.key("delete"), stale()).await)?;
        match self.store.head(&self.key("delete")).await {
            Ok(_) => Ok(checked),
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn checks_completes(&self) -> StoreResult<bool> {
        let key = self.key("complete");
        self.put("complete", "old", Condition::Always).await?;
        let mut checked = true;
        for condition in [Condition::Absent, stale()] {
            let upload = self.begin(&key).await?;
            self.part(&key, &upload, 1, vec![b'x']).await?;
            let parts = self.store.list_parts(&key, &upload).await?;
            let done = self.store.complete_multipart(&key, &upload, &parts, condition).await;
            self.end(&key, &upload).await?;
            checked &= was_checked(done)?;
        }
        Ok(checked && self.text("complete").await? == "old")
    }
}
