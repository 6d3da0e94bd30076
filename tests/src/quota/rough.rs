//! One store for all replicas. Some writes are done long after their answer was given up; after
//! each write of data it is looked at what is visible.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use mapping::Usage;
use mapping::id::FolderId;
use mapping::key::{KeyPrefix, ObjectKey};
use mapping::random::{Random, SeededRandom};
use mapping::store::{
    Attributes, Body, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId, Object, ObjectMeta,
    ObjectStore, Part, PartNumber, Store, StoreError, StoreErrorKind, StoreResult, Unfinished, UnfinishedMarker,
    UnfinishedPage,
};

use super::visible;

/// A store around a store.
#[derive(Debug)]
pub struct RoughStore {
    inner: Store,
    watched: Mutex<Watched>,
    seed: u64,
    puts: AtomicU64,
    late: AtomicU64,
}

/// What is watched, and what was seen.
#[derive(Debug, Default)]
struct Watched {
    data: Data,
    limit: Usage,
    most: Usage,
    broken: Vec<String>,
    looks: u64,
}

/// Whose files are watched.
#[derive(Clone, Debug, Default)]
enum Data {
    #[default]
    Nobodys,
    /// What lies below this.
    Below(KeyPrefix),
    /// Each folder by itself.
    EachFolders,
}

/// What is watched together.
enum Place {
    Prefix(KeyPrefix),
    Folder(FolderId),
}

/// How late a late write is done at most.
pub const LATEST: Duration = Duration::from_secs(4);

impl RoughStore {
    /// Over `inner`, with nothing late so far.
    #[must_use]
    pub fn new(inner: Store, seed: u64) -> Arc<Self> {
        let (watched, puts, late) = (Mutex::default(), AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { inner, watched, seed, puts, late })
    }

    /// From now on this much of a thousand writes is late.
    pub fn set_late(&self, of_a_thousand: u64) {
        self.late.store(of_a_thousand, Ordering::SeqCst);
    }

    /// Never more than `limit` may be visible below `prefix`.
    pub fn watch(&self, prefix: KeyPrefix, limit: Usage) {
        *self.watched() = Watched { data: Data::Below(prefix), limit, ..Watched::default() };
    }

    /// Never more than `limit` may be visible in any folder.
    pub fn watch_each(&self, limit: Usage) {
        *self.watched() = Watched { data: Data::EachFolders, limit, ..Watched::default() };
    }

    /// What was seen that may not be.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        self.watched().broken.clone()
    }

    /// The most that was ever visible, and how often it was looked.
    #[must_use]
    pub fn most(&self) -> (Usage, u64) {
        let watched = self.watched();
        (watched.most, watched.looks)
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is visible now.
    ///
    /// # Panics
    /// When the store does not list, or nothing is watched.
    pub async fn visible(&self) -> Usage {
        let data = self.watched().data.clone();
        let Data::Below(prefix) = data else { panic!("no prefix is watched") };
        visible::below(&self.inner, prefix).await
    }

    /// Looks whether `key`, just written, made too much visible.
    async fn look(&self, key: &ObjectKey) {
        let Some(place) = self.place_of(key) else { return };
        let visible = match place {
            Place::Prefix(prefix) => visible::below(&self.inner, prefix).await,
            Place::Folder(id) => visible::in_folder(&self.inner, id).await,
        };
        let mut watched = self.watched();
        watched.looks += 1;
        watched.most.bytes = watched.most.bytes.max(visible.bytes);
        watched.most.files = watched.most.files.max(visible.files);
        if visible.bytes > watched.limit.bytes || visible.files > watched.limit.files {
            let what = format!("{visible:?} is visible after a write of `{key}`, and {:?} is the limit", watched.limit);
            watched.broken.push(what);
        }
    }

    /// Where what is watched together with `key` lies, if it is watched.
    fn place_of(&self, key: &ObjectKey) -> Option<Place> {
        match self.watched().data.clone() {
            Data::Nobodys => None,
            Data::Below(prefix) => prefix.rest(key).is_some().then_some(Place::Prefix(prefix)),
            Data::EachFolders => {
                let id = KeyPrefix::data().rest(key)?.split('/').next()?.parse().ok()?;
                Some(Place::Folder(id))
            }
        }
    }

    /// How late this write is to be, if it is.
    fn lateness(&self) -> Option<Duration> {
        let number = self.puts.fetch_add(1, Ordering::SeqCst);
        let chance = SeededRandom::new(self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let chance: &dyn Random = &chance;
        let late = chance.below(1000) < self.late.load(Ordering::SeqCst);
        late.then(|| Duration::from_millis(chance.below(u64::try_from(LATEST.as_millis()).unwrap_or(1))))
    }

    /// How long a listing's answer, or a file, is on its way.
    fn slowness(&self) -> Option<Duration> {
        let number = self.puts.fetch_add(1, Ordering::SeqCst);
        let chance = SeededRandom::new(!self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let chance: &dyn Random = &chance;
        let slow = self.late.load(Ordering::SeqCst) > 0 && chance.below(4) == 0;
        slow.then(|| Duration::from_millis(chance.below(1500)))
    }

    async fn put_now(&self, key: &ObjectKey, body: Body, with: (Attributes, Condition)) -> StoreResult<ETag> {
        if let Some(later) = self.slowness().filter(|_| self.place_of(key).is_some()) {
            tokio::time::sleep(later).await;
        }
        let put = self.inner.put(key, body, with.0, with.1).await;
        if put.is_ok() {
            self.look(key).await;
        }
        put
    }
}

/// Gives up the answer now, does the write later.
#[expect(clippy::disallowed_methods, reason = "the network is no task of any replica")]
fn do_later(store: &Arc<RoughStore>, later: Duration, key: ObjectKey, bytes: Bytes, with: (Attributes, Condition)) {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        tokio::time::sleep(later).await;
        drop(store.put_now(&key, Body::from(bytes), with).await);
    });
}

/// What each replica is given: the one store, by reference.
#[derive(Debug)]
pub struct Reach(pub Arc<RoughStore>);

#[async_trait]
impl ObjectStore for Reach {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        self.0.inner.get(key, options).await
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        self.0.inner.head(key).await
    }

    async fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: Attributes,
        condition: Condition,
    ) -> StoreResult<ETag> {
        let Some(later) = self.0.lateness() else { return self.0.put_now(key, body, (attributes, condition)).await };
        let bytes = body.into_stream().try_collect::<Vec<Bytes>>().await;
        let bytes = bytes.map_err(|error| StoreError::new(StoreErrorKind::BadBody, error.to_string()))?.concat();
        do_later(&self.0, later, key.clone(), bytes.into(), (attributes, condition));
        Err(StoreError::new(StoreErrorKind::Unavailable, "the answer is lost and the write is late, by order"))
    }

    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        self.0.inner.delete(key, condition).await
    }

    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        self.0.inner.delete_many(keys).await
    }

    /// Some listings take long after they have looked, so that counts overlap.
    async fn list(&self, request: ListRequest) -> StoreResult<ListPage> {
        let page = self.0.inner.list(request).await;
        if let Some(later) = self.0.slowness() {
            tokio::time::sleep(later).await;
        }
        page
    }

    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        let to = request.to.clone();
        let copied = self.0.inner.copy(request, condition).await;
        self.0.look(&to).await;
        copied
    }

    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        self.0.inner.create_multipart(key, attributes).await
    }

    async fn put_part(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        number: PartNumber,
        body: Body,
    ) -> StoreResult<ETag> {
        self.0.inner.put_part(key, upload, number, body).await
    }

    async fn list_parts(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<Vec<Part>> {
        self.0.inner.list_parts(key, upload).await
    }

    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        let completed = self.0.inner.complete_multipart(key, upload, parts, condition).await;
        self.0.look(key).await;
        completed
    }

    async fn abort_multipart(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        self.0.inner.abort_multipart(key, upload).await
    }

    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        self.0.inner.list_multiparts(key).await
    }

    async fn list_multiparts_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage> {
        self.0.inner.list_multiparts_below(prefix, after).await
    }

    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        self.0.inner.tags(key).await
    }

    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        self.0.inner.set_tags(key, tags).await
    }
}
