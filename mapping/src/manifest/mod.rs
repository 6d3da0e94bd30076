//! Small shared documents: read, change, write if unchanged. A lost answer is looked up, never
//! guessed. `docs/BUCKET.md` shows the format.

mod commit;
mod stored;
#[cfg(test)]
mod tests;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bucket::Bucket;
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, Stamp};
use crate::key::ObjectKey;
use crate::store::ETag;

use commit::{Loaded, Outcome};
pub(crate) use commit::{attributes, read_stored};
pub(crate) use stored::Stored;

/// How often a change is tried against other writers before it is given up.
const ATTEMPTS: u32 = 30;

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// What can be kept as a manifest.
pub(crate) trait Document: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// What it is: the object's tag `fb-kind`.
    const KIND: &'static str;

    /// What an error about it is about.
    const SUBJECT: Subject = Subject::Request;

    /// The version of its shape. A document of another version goes through [`Document::upgrade`].
    const FORMAT: u32 = 1;

    /// Whose it is: the tag `fb-owner`.
    fn owner(&self) -> Option<AccountId>;

    /// What it has come to: the tag `fb-state`.
    fn state(&self) -> &'static str;

    /// The document that a body of version `format` stands for; `None` for a version that this
    /// program does not know.
    fn upgrade(_format: u32, _body: serde_json::Value) -> Option<Self> {
        None
    }

    /// Where documents of this kind are kept for a moment, if they are.
    fn cache(_bucket: &Bucket) -> Option<&Cache<Self>> {
        None
    }
}

/// What a closure made of a document.
#[derive(Debug)]
pub(crate) enum Change<R> {
    /// Nothing is to be written.
    Keep(R),
    /// Write the document as it is now.
    Save(R),
}

/// How a creation ended.
#[derive(Debug)]
pub(crate) enum Created<T> {
    /// It is there now, and was not before.
    New,
    /// Somebody else's was there already.
    Existed(T),
}

/// The document at one key.
///
/// A closure given to it may run many times: it depends on its argument and on what it captured,
/// asks for no time, no chance and no I/O, and changes nothing when what it wants is there already.
pub(crate) struct Manifest<T> {
    bucket: Bucket,
    key: ObjectKey,
    kind: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Manifest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<T: Document> Manifest<T> {
    /// The document at `key`, which may or may not be there.
    pub(crate) const fn new(bucket: Bucket, key: ObjectKey) -> Self {
        Self { bucket, key, kind: PhantomData }
    }

    /// The document as it is now.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer; `Internal` when what is there is no such document.
    pub(crate) async fn read(&self) -> Result<Option<T>> {
        Ok(self.latest().await?.map(Arc::unwrap_or_clone))
    }

    /// The document as it is now, and which object it is.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub(crate) async fn read_object(&self) -> Result<Option<(ETag, T)>> {
        Ok(self.load().await?.map(|loaded| (loaded.etag, loaded.stored.body)))
    }

    /// What `judge` makes of the document. It sees a kept one first; what it does not accept there
    /// is decided on a fresh one. `None` when there is no document.
    ///
    /// # Errors
    /// As `judge` on the fresh document, or as [`Manifest::read`].
    pub(crate) async fn find<R>(&self, judge: impl Fn(&Arc<T>) -> Result<R>) -> Result<Option<R>> {
        if let Some(kept) = T::cache(&self.bucket).and_then(|cache| cache.get(&self.key))
            && let Ok(found) = judge(&kept)
        {
            return Ok(Some(found));
        }
        self.latest().await?.map(|document| judge(&document)).transpose()
    }

    /// Writes `document` if there is none.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer: the document may have been written.
    pub(crate) async fn create(&self, document: T) -> Result<Created<T>> {
        match self.commit(None, document, &self.stamp()).await? {
            Outcome::Done => Ok(Created::New),
            Outcome::Lost(Some(there)) => Ok(Created::Existed(there.stored.body)),
            Outcome::Lost(None) => Err(self.vanished()),
        }
    }

    /// Changes the document.
    ///
    /// # Errors
    /// `NotFound` when there is none; the closure's own; `Conflict` when too many others change it
    /// at the same time; `Unavailable` when the store does not answer: the change may have been made.
    pub(crate) async fn update<R>(&self, change: impl FnMut(&mut T) -> Result<Change<R>>) -> Result<R> {
        self.change(None, change).await
    }

    /// Changes the document, starting from `initial` where there is none.
    ///
    /// # Errors
    /// As [`Manifest::update`], never `NotFound` of its own.
    pub(crate) async fn upsert<R>(&self, initial: T, change: impl FnMut(&mut T) -> Result<Change<R>>) -> Result<R> {
        self.change(Some(initial), change).await
    }

    async fn change<R>(&self, initial: Option<T>, mut change: impl FnMut(&mut T) -> Result<Change<R>>) -> Result<R> {
        let stamp = self.stamp();
        let mut base = self.load().await?;
        for attempt in 0..ATTEMPTS {
            let body = base.as_ref().map(|loaded| loaded.stored.body.clone()).or_else(|| initial.clone());
            let mut body = body.ok_or_else(|| self.not_found())?;
            let result = match change(&mut body)? {
                Change::Keep(result) => return Ok(result),
                Change::Save(result) => result,
            };
            match self.commit(base.as_ref(), body, &stamp).await? {
                Outcome::Done => return Ok(result),
                Outcome::Lost(now) => base = self.next_base(attempt, now).await?,
            }
        }
        Err(Error::new(ErrorKind::Conflict, T::SUBJECT, "too many changes at the same time: try again"))
    }

    /// What the next attempt starts from: the first at once from what was just seen, later ones
    /// after a pause, from what is there then.
    async fn next_base(&self, attempt: u32, now: Option<Loaded<T>>) -> Result<Option<Loaded<T>>> {
        if attempt == 0 {
            return Ok(now);
        }
        self.pause(attempt).await;
        self.load().await
    }

    async fn pause(&self, attempt: u32) {
        let ceiling = Duration::from_millis(5).saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE);
        let micros = self.bucket.random().below(u64::try_from(ceiling.as_micros()).unwrap_or(u64::MAX));
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }

    async fn latest(&self) -> Result<Option<Arc<T>>> {
        let fetch = async { Ok(self.load().await?.map(|loaded| Arc::new(loaded.stored.body))) };
        match T::cache(&self.bucket) {
            Some(cache) => cache.fly(&self.key, fetch).await,
            None => fetch.await,
        }
    }

    fn stamp(&self) -> Stamp {
        Stamp::random(self.bucket.random())
    }

    fn not_found(&self) -> Error {
        Error::new(ErrorKind::NotFound, T::SUBJECT, format!("no such {}", T::KIND))
    }

    fn vanished(&self) -> Error {
        let source = format!("`{}` was there and then was not", self.key);
        Error::new(ErrorKind::Unavailable, T::SUBJECT, "the store's answer was lost: look whether it was done")
            .caused_by(source)
    }
}
