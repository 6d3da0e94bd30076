//! Reads that outlive cut connections. Of a body that breaks, what is missing is read again, of the
//! same version of the object or not at all: so what arrives is whole, or ends in an error.

use std::io;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};

use crate::bucket::Bucket;
use crate::key::ObjectKey;
use crate::store::{BodyStream, ETag, GetOptions, Object, StoreErrorKind, StoreResult};

/// How often a body may break for each [`STRETCH`] of it.
const BREAKS: u32 = 4;

/// After so many bytes without a break, earlier ones are forgotten: a long download over a bad
/// network is cut now and then.
const STRETCH: u64 = 8 << 20;

/// The most that the first pause takes; it doubles from one to the next.
const PAUSE: Duration = Duration::from_millis(50);

impl Bucket {
    /// Reads an object. A body that breaks is gone on with by up to four more requests for each
    /// 8 MiB; one that the store replaced meanwhile stays broken.
    pub(crate) async fn read(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        let object = self.store().get(key, options).await?;
        // A store that gives no ETag cannot say whether it is still the same object.
        if object.meta.etag.0.is_empty() || object.range.is_empty() {
            return Ok(object);
        }
        let rest = Rest {
            bucket: self.clone(),
            key: key.clone(),
            etag: object.meta.etag.clone(),
            range: object.range.clone(),
            body: object.body,
            breaks: 0,
            since: 0,
        };
        let body = stream::unfold(rest, |mut rest| async { rest.next().await.map(|next| (next, rest)) });
        Ok(Object { body: body.boxed(), ..object })
    }
}

/// What of an object is still to be read.
struct Rest {
    bucket: Bucket,
    key: ObjectKey,
    etag: ETag,
    range: Range<u64>,
    body: BodyStream,
    /// Breaks in this stretch.
    breaks: u32,
    /// Bytes since the last break.
    since: u64,
}

impl Rest {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        while !self.range.is_empty() {
            match self.body.next().await? {
                Ok(chunk) => {
                    self.passed(chunk.len() as u64);
                    return Some(Ok(chunk));
                }
                Err(error) => {
                    if let Err(error) = self.resume(error).await {
                        self.range.start = self.range.end;
                        return Some(Err(error));
                    }
                }
            }
        }
        None
    }

    fn passed(&mut self, bytes: u64) {
        self.range.start = self.range.start.saturating_add(bytes);
        self.since = self.since.saturating_add(bytes);
        if self.since >= STRETCH {
            self.breaks = 0;
        }
    }

    /// Asks for the rest. The broken body is let go first: it holds a connection.
    async fn resume(&mut self, mut error: io::Error) -> io::Result<()> {
        self.body = stream::empty().boxed();
        self.since = 0;
        while self.breaks < BREAKS {
            self.pause().await;
            self.breaks += 1;
            let options = GetOptions { range: Some(self.range.clone()), if_match: Some(self.etag.clone()) };
            match self.bucket.store().get(&self.key, options).await {
                // Not every store looks at `If-Match` of a GET.
                Ok(object) if object.range == self.range && object.meta.etag == self.etag => {
                    tracing::debug!(key = %self.key, at = self.range.start, %error, "a broken read goes on");
                    self.body = object.body;
                    return Ok(());
                }
                Err(again) if again.kind() == StoreErrorKind::Unavailable => error = io::Error::other(again),
                Ok(_) | Err(_) => return Err(error),
            }
        }
        Err(error)
    }

    async fn pause(&mut self) {
        let most = PAUSE * (1 << self.breaks);
        let micros = self.bucket.random().below(u64::try_from(most.as_micros()).unwrap_or(u64::MAX));
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::TryStreamExt;

    use super::*;
    use crate::files::fixture::Fixture;
    use crate::store::faulty::{Fault, Faults, FaultyStore};
    use crate::store::obstructed::ObstructedStore;
    use crate::store::{Attributes, Body, Condition};

    const CONTENT: &[u8] = b"0123456789abcdef";

    struct Scene {
        fixture: Fixture,
        key: ObjectKey,
    }

    impl Scene {
        async fn new() -> Self {
            let scene = Self { fixture: Fixture::new().await, key: ObjectKey::scratch("run", "file") };
            scene.put(CONTENT).await;
            scene
        }

        async fn put(&self, content: &'static [u8]) {
            let body = Body::from(content.to_vec());
            self.fixture.memory.put(&self.key, body, Attributes::default(), Condition::Always).await.unwrap();
        }

        /// Lets the next calls break or fail, each in its way.
        fn faults(&self, faults: &[Fault]) {
            let first = self.fixture.faulty.calls() + 1;
            let at = (first..).zip(faults.iter().copied()).collect();
            self.fixture.faulty.set_faults(Faults { at, ..Faults::default() });
        }

        async fn open(&self, range: Option<Range<u64>>) -> Object {
            let options = GetOptions { range, if_match: None };
            self.fixture.folder.bucket().read(&self.key, options).await.unwrap()
        }

        async fn read(&self, range: Option<Range<u64>>) -> io::Result<Vec<u8>> {
            let chunks: Vec<Bytes> = self.open(range).await.body.try_collect().await?;
            Ok(chunks.concat())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_breaks_goes_on_where_it_broke() {
        let scene = Scene::new().await;
        for range in [None, Some(3..15)] {
            let expected = range.clone().map_or(CONTENT, |range| &CONTENT[range.start as usize..range.end as usize]);
            scene.faults(&[Fault::CutBody, Fault::CutBody, Fault::Refuse, Fault::CutBody]);
            let before = scene.fixture.faulty.calls();
            assert_eq!(scene.read(range).await.unwrap(), expected);
            assert_eq!(scene.fixture.faulty.calls() - before, 5);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_breaks_all_the_time_ends_in_an_error() {
        let scene = Scene::new().await;
        scene.faults(&[Fault::CutBody; 100]);
        let before = scene.fixture.faulty.calls();
        assert!(scene.read(None).await.is_err());
        assert_eq!(scene.fixture.faulty.calls() - before, u64::from(BREAKS) + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_of_another_version_is_never_put_behind_the_first_half() {
        let scene = Scene::new().await;
        scene.faults(&[Fault::CutBody]);
        let mut object = scene.open(None).await;
        let first = object.body.next().await.unwrap().unwrap();
        assert_eq!(first, CONTENT[..8]);
        scene.put(b"another content!").await;
        assert!(object.body.next().await.unwrap().is_err());
        assert!(object.body.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_ignores_the_condition_of_a_read_mixes_no_versions() {
        let test = crate::testing::TestBucket::new().await;
        let obstructed = Arc::new(ObstructedStore::new(Arc::clone(&test.store)));
        obstructed.forget_conditions();
        let faulty = Arc::new(FaultyStore::new(obstructed as crate::store::Store, Faults::default()));
        let (store, clock) = (Arc::clone(&faulty) as crate::store::Store, Arc::clone(&test.clock));
        let bucket = crate::testing::open(store, clock, crate::Settings::default(), 7).await.unwrap();
        let key = ObjectKey::scratch("run", "file");
        let put = |content: &'static [u8]| {
            test.store.put(&key, Body::from(content.to_vec()), Attributes::default(), Condition::Always)
        };
        put(CONTENT).await.unwrap();
        faulty.set_faults(Faults::once(faulty.calls() + 1, Fault::CutBody));
        let mut object = bucket.read(&key, GetOptions::default()).await.unwrap();
        assert_eq!(object.body.next().await.unwrap().unwrap(), CONTENT[..8]);
        put(b"another content!").await.unwrap();
        assert!(object.body.next().await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn breaks_are_counted_for_a_stretch_only() {
        let scene = Scene::new().await;
        let object = scene.open(None).await;
        let bucket = scene.fixture.folder.bucket().clone();
        let (key, etag) = (scene.key.clone(), object.meta.etag);
        let mut rest = Rest { bucket, key, etag, range: 0..u64::MAX, body: object.body, breaks: BREAKS, since: 0 };
        rest.passed(STRETCH - 1);
        assert_eq!(rest.breaks, BREAKS);
        rest.passed(1);
        assert_eq!(rest.breaks, 0);
    }
}
