//! Whether parts become the object, also those that the store copies and those sent twice.

use super::Seen;
use crate::store::probe::bench::Bench;
use crate::store::{Attributes, Condition, CopyRequest, StoreErrorKind, StoreResult};

/// The smallest part that every S3 takes but as the last one. The store of these tests takes less.
const PART: usize = if cfg!(test) { 5 << 10 } else { 5 << 20 };
/// What follows it.
const TAIL: &str = "the tail";

impl Bench<'_> {
    /// The tail first, then the part before it: chunks of an upload arrive in any order.
    pub(super) async fn joins_parts(&self) -> StoreResult<Seen> {
        let key = self.key("joined");
        let upload = self.begin(&key).await?;
        let tail = self.part(&key, &upload, 2, TAIL.into()).await?;
        let head = self.part(&key, &upload, 1, vec![b'x'; PART]).await?;
        let listed = self.store.list_parts(&key, &upload).await?;
        let sizes: Vec<_> = listed.iter().map(|part| (part.number, part.size)).collect();
        if sizes != [(1, PART as u64), (2, TAIL.len() as u64)] {
            return Ok(Seen::not("the parts that were stored are not those that are listed"));
        }
        match self.store.head(&key).await {
            Err(error) if error.kind() == StoreErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(Seen::not("something is visible before Complete")),
        }
        self.store.complete_multipart(&key, &upload, &[head, tail], Condition::Always).await?;
        self.done(&upload);
        let text = self.text("joined").await?;
        if text.len() != PART + TAIL.len() || text.strip_suffix(TAIL).is_none_or(|head| head.contains(|c| c != 'x')) {
            return Ok(Seen::not("the object is not its parts in the order of their numbers"));
        }
        Ok(true.into())
    }

    pub(super) async fn copies_by_parts(&self) -> StoreResult<bool> {
        let from_etag = self.put("parts-from", "by parts", Condition::Always).await?;
        let request = CopyRequest {
            from: self.key("parts-from"),
            from_etag: Some(from_etag),
            to: self.key("parts-to"),
            size: "by parts".len() as u64,
            attributes: Attributes::default(),
        };
        match self.detour.copy(request, Condition::Absent).await {
            Ok(_) => {}
            // Sent twice: what is there tells.
            Err(error) if error.is_lost_race() => match self.text("parts-to").await {
                Err(missing) if missing.kind() == StoreErrorKind::NotFound => return Err(error),
                text => return Ok(text? == "by parts"),
            },
            Err(error) => return Err(error),
        }
        Ok(self.text("parts-to").await? == "by parts")
    }

    pub(super) async fn completes_again(&self) -> StoreResult<bool> {
        let key = self.key("again");
        let upload = self.begin(&key).await?;
        let part = self.part(&key, &upload, 1, vec![b'x']).await?;
        let parts = [part];
        self.store.complete_multipart(&key, &upload, &parts, Condition::Always).await?;
        self.done(&upload);
        match self.store.complete_multipart(&key, &upload, &parts, Condition::Always).await {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(
                    error.kind(),
                    StoreErrorKind::NoSuchUpload | StoreErrorKind::Refused | StoreErrorKind::NotFound
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
