//! Trees and jobs over a store in memory: what is done, what it costs, and what is left when a
//! replica dies.

mod clone;
mod control;
mod crash;
mod faults;
mod policies;
mod scale;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;

use super::{Begun, JobFilter, JobInfo, JobState, Outcome, Underway};
use crate::access::{Access, Folder, FolderRef, Manage};
use crate::accounts::Account;
use crate::bucket::{Bucket, Settings};
use crate::clock::{ManualClock, Timestamp};
use crate::error::{ErrorKind, Result};
use crate::files::tree::ConflictPolicy;
use crate::id::{FolderId, JobId};
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::path::FilePath;
use crate::store::counted::CountedStore;
use crate::store::faulty::{Faults, FaultyStore};
use crate::store::memory::MemoryStore;
use crate::store::{Attributes, Body, Condition, GetOptions, ListRequest, Store};
use crate::testing::{self, TestBucket};

const SILENCE: Duration = Duration::from_secs(120);

fn path(text: &str) -> FilePath {
    text.parse().unwrap()
}

/// A bucket with one account and two folders.
struct Scene {
    store: Store,
    test: TestBucket,
    one: FolderId,
    other: FolderId,
    settings: Settings,
}

/// One process over it.
struct Replica {
    faulty: Arc<FaultyStore>,
    counted: Arc<CountedStore>,
    bucket: Bucket,
}

/// An object as it lies in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    text: String,
    modified: Timestamp,
}

impl Scene {
    /// Whose trees are gone through by pages of `page` entries.
    async fn new(page: u16) -> Self {
        let settings = Settings { job_page: page, job_after: Duration::from_secs(60 * 60), ..Settings::default() };
        Self::with(settings).await
    }

    /// Directories move file by file here; those that move at once have tests of their own.
    async fn with(settings: Settings) -> Self {
        let settings = Settings { most_moves: 0, ..settings };
        let clock = Arc::new(ManualClock::new());
        let store: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
        let test = TestBucket::over(Arc::clone(&store), clock, settings.clone()).await;
        let other = test.bucket.create_folder(&test.account, "letters".parse().unwrap()).await.unwrap().id;
        Self { store, one: test.folder.id, test, other, settings }
    }

    async fn replica(&self, seed: u64) -> Replica {
        let faulty = Arc::new(FaultyStore::new(Arc::clone(&self.store), Faults::default()));
        let counted = Arc::new(CountedStore::new(Arc::clone(&faulty) as Store));
        let (store, clock) = (Arc::clone(&counted) as Store, Arc::clone(&self.test.clock));
        let bucket = testing::open(store, clock, self.settings.clone(), seed).await.unwrap();
        Replica { faulty, counted, bucket }
    }

    /// Stores files, as another program would: `a/` is a directory's marker. Each holds its own name.
    async fn fill(&self, folder: FolderId, names: &[&str]) {
        for name in names {
            let key = ObjectKey::listed(format!("{}{name}", KeyPrefix::folder(&FolderPrefix::of(folder))));
            let text = if name.ends_with('/') { String::new() } else { (*name).to_owned() };
            let metadata = [("colour".to_owned(), "red".to_owned())].into();
            let attributes = Attributes { content_type: Some("text/x".to_owned()), metadata, tags: BTreeMap::new() };
            self.store.put(&key, Body::from(text.into_bytes()), attributes, Condition::Always).await.unwrap();
        }
    }

    /// Everything in a folder, markers too.
    async fn seen(&self, folder: FolderId) -> BTreeMap<String, Seen> {
        let prefix = KeyPrefix::folder(&FolderPrefix::of(folder));
        let (mut seen, mut request) = (BTreeMap::new(), ListRequest::all(prefix.clone()));
        loop {
            let page = self.store.list(request.clone()).await.unwrap();
            for listed in page.objects {
                let object = self.store.get(&listed.key, GetOptions::default()).await.unwrap();
                let bytes: Vec<Bytes> = object.body.try_collect().await.unwrap();
                let text = String::from_utf8(bytes.concat()).unwrap();
                let name = prefix.rest(&listed.key).unwrap().to_owned();
                seen.insert(name, Seen { text, modified: listed.modified });
            }
            let Some(token) = page.next else { return seen };
            request.token = Some(token);
        }
    }

    /// The names alone.
    async fn names(&self, folder: FolderId) -> Vec<String> {
        self.seen(folder).await.into_keys().collect()
    }

    /// Whether what a folder is said to hold is what it holds.
    async fn usage_is_right(&self, replica: &Replica, folder: FolderId) {
        let seen = self.seen(folder).await;
        let files = seen.iter().filter(|(name, _)| !name.ends_with('/'));
        let (count, bytes) =
            files.fold((0, 0), |(count, bytes), (_, file)| (count + 1, bytes + file.text.len() as u64));
        let usage = replica.open::<Manage>(self, folder).await.usage().await.unwrap();
        assert_eq!((usage.files, usage.bytes), (count, bytes), "{seen:?}");
    }
}

impl Replica {
    async fn open<A: Access>(&self, scene: &Scene, folder: FolderId) -> Folder<A> {
        self.bucket.folder(&scene.test.account, &FolderRef::Id(folder)).await.unwrap()
    }

    async fn copy(&self, scene: &Scene, from: &str, to: &str, policy: ConflictPolicy) -> Result<Underway> {
        let folder = self.bucket.folder::<Manage>(&scene.test.account, &FolderRef::Id(scene.one)).await?;
        folder.copy_to(&path(from), &folder, &path(to), policy).await
    }

    async fn moved(&self, scene: &Scene, from: &str, to: &str, policy: ConflictPolicy) -> Result<Underway> {
        let folder = self.bucket.folder::<Manage>(&scene.test.account, &FolderRef::Id(scene.one)).await?;
        folder.move_to(&path(from), &folder, &path(to), policy).await
    }

    /// Waits until a job is over.
    async fn over(&self, id: JobId) -> JobInfo {
        for _ in 0..10_000 {
            let job = self.bucket.job(id).await.unwrap();
            if job.state.is_over() {
                return job;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("the job does not end");
    }

    /// The only job there is, if there is one.
    async fn job(&self) -> Option<JobInfo> {
        let page = self.bucket.jobs_page(JobFilter::default(), None, 100).await.unwrap();
        assert!(page.jobs.len() <= 1);
        page.jobs.into_iter().next()
    }

    /// Takes over what a dead replica left.
    async fn take_over(&self, scene: &Scene) {
        assert_eq!(self.bucket.tend_jobs().await.unwrap(), 0, "taken while its holder may be alive");
        scene.test.clock.advance(SILENCE);
        assert_eq!(self.bucket.tend_jobs().await.unwrap(), 1);
    }
}

async fn done(underway: Result<Underway>) -> Outcome {
    let outcome = underway.unwrap().ended().await.unwrap();
    assert_eq!(outcome.progress.failures, []);
    outcome
}

fn kind(answer: Result<Underway>) -> ErrorKind {
    answer.map(drop).unwrap_err().kind()
}

fn account(scene: &Scene) -> &Account {
    &scene.test.account
}
