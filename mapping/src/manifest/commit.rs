//! One conditional write of a document, and the proof of whether it was done when the store's
//! answer does not say.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;

use super::stored::{Proof, Stored};
use super::{Document, Manifest};
use crate::error::{Error, Result};
use crate::id::Stamp;
use crate::key::ObjectKey;
use crate::store::{Attributes, Body, Condition, ETag, GetOptions, ObjectStore, StoreError, StoreErrorKind};

/// How often one and the same write is sent while it neither succeeds nor fails.
const SENDINGS: u32 = 5;

/// How often a look that must not fail is tried.
const LOOKS: u32 = 4;

/// A document and which object it was.
pub(super) struct Loaded<T> {
    pub(super) etag: ETag,
    pub(super) stored: Stored<T>,
}

/// How a write ended.
pub(super) enum Outcome<T> {
    /// It was done.
    Done,
    /// It was not done: this is what is there instead.
    Lost(Option<Loaded<T>>),
}

impl<T: Document> Manifest<T> {
    /// Writes `body` as the version after `base`.
    ///
    /// The store may refuse a write that it did (its client sent it twice), and an answer may be
    /// lost: so only a look at the stamps decides, and while the document still stands at `base`
    /// the very same write is sent again.
    pub(super) async fn commit(&self, base: Option<&Loaded<T>>, body: T, stamp: &Stamp) -> Result<Outcome<T>> {
        let next = match base {
            None => Stored::first(body, stamp.clone()),
            Some(base) => base.stored.next(body, stamp.clone()),
        };
        let bytes = Bytes::from(next.encode()?);
        let mut sendings = 0;
        loop {
            sendings += 1;
            let sent = self.bucket.clock().elapsed();
            let Err(error) = self.send(base, &next.body, bytes.clone()).await else {
                self.keep(&next, sent);
                return Ok(Outcome::Done);
            };
            if !is_worth_a_look(&error) {
                return Err(error.about(T::SUBJECT));
            }
            let there = self.look().await?;
            match there.as_ref().map_or(Proof::NotYet, |there| there.stored.proof(next.seq, stamp)) {
                Proof::Done => {
                    self.keep(&next, sent);
                    return Ok(Outcome::Done);
                }
                Proof::NotDone => return Ok(Outcome::Lost(there)),
                Proof::Forgotten => return Err(self.nobody_can_tell(error)),
                Proof::NotYet if there.is_none() && base.is_some() => return self.gone(error),
                Proof::NotYet if sendings >= SENDINGS => return Err(error.about(T::SUBJECT)),
                Proof::NotYet => self.pause(sendings).await,
            }
        }
    }

    /// The document as the store gives it.
    pub(super) async fn load(&self) -> Result<Option<Loaded<T>>> {
        let sent = self.bucket.clock().elapsed();
        let object = match self.bucket.read(&self.key, GetOptions::default()).await {
            Ok(object) => object,
            Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.about(T::SUBJECT)),
        };
        let bytes = object.body.try_collect::<Vec<Bytes>>().await.map_err(cut_off)?.concat();
        let loaded = Loaded { etag: object.meta.etag, stored: Stored::decode(&bytes)? };
        self.keep(&loaded.stored, sent);
        Ok(Some(loaded))
    }

    /// As [`Manifest::load`], and not giving up at the first failure: a write's outcome hangs on it.
    async fn look(&self) -> Result<Option<Loaded<T>>> {
        for attempt in 1..LOOKS {
            match self.load().await {
                Err(error) if error.kind() == crate::ErrorKind::Unavailable => self.pause(attempt + 3).await,
                answer => return answer,
            }
        }
        self.load().await
    }

    async fn send(&self, base: Option<&Loaded<T>>, body: &T, bytes: Bytes) -> Result<ETag, StoreError> {
        let condition = base.map_or(Condition::Absent, |base| Condition::Matches(base.etag.clone()));
        self.bucket.store().put(&self.key, Body::from(bytes), attributes(body), condition).await
    }

    fn keep(&self, stored: &Stored<T>, sent: std::time::Duration) {
        if let Some(cache) = T::cache(&self.bucket) {
            cache.put(&self.key, Arc::new(stored.body.clone()), stored.seq, sent);
        }
    }

    /// The document was there and is not: that a refused write was not done is certain, that an
    /// unanswered one was not is not.
    fn gone(&self, error: StoreError) -> Result<Outcome<T>> {
        if error.is_unknown() { Err(self.vanished().caused_by(error)) } else { Ok(Outcome::Lost(None)) }
    }

    fn nobody_can_tell(&self, error: StoreError) -> Error {
        self.vanished().caused_by(error)
    }
}

/// A document as the store gives it, and which object it is: past every cache, and before there is a bucket.
pub(crate) async fn read_stored<T: Document>(
    store: &dyn ObjectStore,
    key: &ObjectKey,
) -> Result<Option<(ETag, Stored<T>)>> {
    let object = match store.get(key, GetOptions::default()).await {
        Ok(object) => object,
        Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.about(T::SUBJECT)),
    };
    let bytes = object.body.try_collect::<Vec<Bytes>>().await.map_err(cut_off)?.concat();
    Ok(Some((object.meta.etag, Stored::decode(&bytes)?)))
}

/// Whether the write may have been done, or lost a race. (AWS and MinIO answer `If-Match` on a
/// missing object with 404: it was changed.)
fn is_worth_a_look(error: &StoreError) -> bool {
    error.is_lost_race() || error.is_unknown() || error.kind() == StoreErrorKind::NotFound
}

fn cut_off(error: std::io::Error) -> Error {
    StoreError::new(StoreErrorKind::Unavailable, "a document was cut off")
        .caused_by(error)
        .about(crate::Subject::Request)
}

/// The tags by which policies, lifecycle rules and cost reports tell control objects apart.
pub(crate) fn attributes<T: Document>(document: &T) -> Attributes {
    let owner = document.owner().map_or_else(|| "-".to_owned(), |owner| owner.to_string());
    let tags = [("fb-kind", T::KIND.to_owned()), ("fb-owner", owner), ("fb-state", document.state().to_owned())];
    Attributes {
        content_type: Some("application/json".to_owned()),
        metadata: BTreeMap::new(),
        tags: tags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}
