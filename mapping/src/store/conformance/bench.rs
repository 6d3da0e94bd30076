//! What a check works with: a store, keys of its own, and ways to say what was found.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::Options;
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{
    Attributes, Body, BodyStream, Condition, ETag, GetOptions, ListPage, ListRequest, MultipartId, Part, PartNumber,
    Store, StoreError, StoreErrorKind, StoreResult,
};

/// What a check answers.
pub(super) type Checked<T = ()> = Result<T, Difference>;

/// What a store did instead of what it must.
#[derive(Debug)]
pub(super) struct Difference(pub(super) String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<StoreError> for Difference {
    fn from(error: StoreError) -> Self {
        Self(format!("failed: {error}"))
    }
}

/// Says that two things are not the same.
pub(super) fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Checked {
    if found == expected { Ok(()) } else { Err(Difference(format!("{what} is {found:?}, not {expected:?}"))) }
}

/// Says that something does not hold.
pub(super) fn holds(what: &str, holds: bool) -> Checked {
    if holds { Ok(()) } else { Err(Difference(what.to_owned())) }
}

/// Says that a request was not refused, or for another reason.
pub(super) fn refused<T>(what: &str, result: StoreResult<T>, kinds: &[StoreErrorKind]) -> Checked {
    match result {
        Ok(_) => Err(Difference(format!("{what} was done, not refused as {kinds:?}"))),
        Err(error) if kinds.contains(&error.kind()) => Ok(()),
        Err(error) => Err(Difference(format!("{what} was refused as {error}, not as {kinds:?}"))),
    }
}

/// A condition did not hold.
pub(super) const LOST: &[StoreErrorKind] = &[StoreErrorKind::PreconditionFailed, StoreErrorKind::Conflict];

/// A store and one check's own keys.
pub(super) struct Bench {
    pub(super) store: Store,
    pub(super) options: Options,
    run: String,
}

impl Bench {
    pub(super) fn new(store: &Store, options: &Options, number: usize) -> Self {
        let run = format!("{}-{number}", options.run);
        Self { store: Store::clone(store), options: options.clone(), run }
    }

    pub(super) fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::scratch(&self.run, name)
    }

    pub(super) fn prefix(&self) -> KeyPrefix {
        KeyPrefix::scratch(&self.run)
    }

    /// `size` bytes that differ from place to place and from `seed` to `seed`.
    pub(super) fn bytes(size: u64, seed: u8) -> Vec<u8> {
        let byte = |place: u64| (place.wrapping_mul(31).wrapping_add(place >> 8) & 0xff) as u8 ^ seed;
        (0..size).map(byte).collect()
    }

    /// A part as small as parts may be.
    pub(super) fn part(&self, seed: u8) -> Vec<u8> {
        Self::bytes(self.options.least_part, seed)
    }

    pub(super) async fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) -> StoreResult<ETag> {
        self.put_if(name, bytes, Condition::Always).await
    }

    pub(super) async fn put_if(
        &self,
        name: &str,
        bytes: impl Into<Vec<u8>>,
        condition: Condition,
    ) -> StoreResult<ETag> {
        self.store.put(&self.key(name), Body::from(bytes.into()), Attributes::default(), condition).await
    }

    pub(super) async fn read(&self, name: &str) -> Checked<Vec<u8>> {
        let object = self.store.get(&self.key(name), GetOptions::default()).await?;
        collect(object.body).await
    }

    pub(super) async fn holds_bytes(&self, name: &str, expected: &[u8]) -> Checked {
        let found = self.read(name).await?;
        let differs = || format!("`{name}` has {} bytes, not the {} expected", found.len(), expected.len());
        if found == expected { Ok(()) } else { Err(Difference(differs())) }
    }

    pub(super) async fn is_missing(&self, name: &str) -> Checked {
        refused(&format!("head of `{name}`"), self.store.head(&self.key(name)).await, &[StoreErrorKind::NotFound])
    }

    /// Every page of a listing; fails when a page is over its limit or the pages never end.
    pub(super) async fn pages(&self, request: ListRequest) -> Checked<Vec<ListPage>> {
        let (limit, mut token, mut pages) = (usize::from(request.limit), None, Vec::new());
        loop {
            let page = self.store.list(ListRequest { token, ..request.clone() }).await?;
            let count = page.objects.len() + page.prefixes.len();
            holds(&format!("a page of {count} entries where {limit} were asked for"), count <= limit)?;
            token = page.next.clone();
            pages.push(page);
            if token.is_none() {
                return Ok(pages);
            }
            holds("a listing that does not end", pages.len() < 10_000)?;
        }
    }

    pub(super) async fn create(&self, name: &str) -> StoreResult<MultipartId> {
        self.store.create_multipart(&self.key(name), Attributes::default()).await
    }

    /// Stores a part and answers it as Complete takes it.
    pub(super) async fn put_part(
        &self,
        name: &str,
        upload: &MultipartId,
        number: PartNumber,
        bytes: Vec<u8>,
    ) -> StoreResult<Part> {
        let size = bytes.len() as u64;
        let etag = self.store.put_part(&self.key(name), upload, number, Body::from(bytes)).await?;
        Ok(Part { number, size, etag })
    }

    pub(super) async fn complete(
        &self,
        name: &str,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        self.store.complete_multipart(&self.key(name), upload, parts, condition).await
    }

    /// Removes what the check left below its prefix. Unfinished uploads are the check's own to abort.
    pub(super) async fn clean(&self) -> Checked {
        for page in self.pages(ListRequest::all(self.prefix())).await? {
            let keys: Vec<_> = page.objects.into_iter().map(|listed| listed.key).collect();
            if let Some((key, error)) = self.store.delete_many(&keys).await?.pop() {
                return Err(Difference(format!("`{key}` was not removed: {error}")));
            }
        }
        Ok(())
    }
}

/// All bytes of a body.
pub(super) async fn collect(body: BodyStream) -> Checked<Vec<u8>> {
    let all = body.try_fold(Vec::new(), |mut sum, chunk| async move {
        sum.extend_from_slice(&chunk);
        Ok(sum)
    });
    all.await.map_err(|error| Difference(format!("the body broke: {error}")))
}

/// A stream of `bytes` in small chunks.
pub(super) fn streamed(bytes: &[u8]) -> BodyStream {
    let chunks: Vec<_> = bytes.chunks(7_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks).boxed()
}

/// Pairs as a map.
pub(super) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
