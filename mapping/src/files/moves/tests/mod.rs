//! Directories that move at once, over a store in memory: what is found where while the files follow, what
//! it costs, and what is left when a replica dies.

mod around;
mod clone;
mod cost;
mod counts;
mod crash;
mod faults;
mod late;
mod lists;
mod replicas;
mod trash;
mod verbs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;

use crate::access::{Folder, FolderRef, Manage};
use crate::bucket::{Bucket, Settings};
use crate::clock::ManualClock;
use crate::error::{ErrorKind, Result};
use crate::files::tests::{path, text};
use crate::files::tree::{ConflictPolicy, Work};
use crate::files::{Entry, PageRequest};
use crate::id::FolderId;
use crate::jobs::{JobState, Outcome};
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::path::DirPath;
use crate::records::{FolderRecord, PendingMove};
use crate::store::counted::CountedStore;
use crate::store::faulty::{Faults, FaultyStore};
use crate::store::memory::MemoryStore;
use crate::store::{Attributes, Body, Condition, ListRequest, Store};
use crate::testing::{self, TestBucket};

/// A bucket with one folder, whose trees are gone through by pages of three.
struct Scene {
    store: Store,
    test: TestBucket,
    settings: Settings,
}

/// One process over it.
struct Replica {
    faulty: Arc<FaultyStore>,
    counted: Arc<CountedStore>,
    bucket: Bucket,
    folder: Folder<Manage>,
}

impl Scene {
    async fn new() -> Self {
        Self::with(Settings { job_page: 3, ..Settings::default() }).await
    }

    async fn with(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new());
        let store: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
        let test = TestBucket::over(Arc::clone(&store), clock, settings.clone()).await;
        Self { store, test, settings }
    }

    /// With these files, each of which holds its own name; `a/` is a directory's marker.
    async fn of(names: &[&str]) -> Self {
        let scene = Self::new().await;
        scene.fill(names).await;
        scene
    }

    async fn replica(&self, seed: u64) -> Replica {
        let faulty = Arc::new(FaultyStore::new(Arc::clone(&self.store), Faults::default()));
        let counted = Arc::new(CountedStore::new(Arc::clone(&faulty) as Store));
        let (store, clock) = (Arc::clone(&counted) as Store, Arc::clone(&self.test.clock));
        let bucket = testing::open(store, clock, self.settings.clone(), seed).await.unwrap();
        let folder = bucket.folder(&self.test.account, &FolderRef::Id(self.id())).await.unwrap();
        Replica { faulty, counted, bucket, folder }
    }

    const fn id(&self) -> FolderId {
        self.test.folder.id
    }

    async fn fill(&self, names: &[&str]) {
        for name in names {
            let text = if name.ends_with('/') { String::new() } else { (*name).to_owned() };
            let body = Body::from(text.into_bytes());
            self.store.put(&self.key(name), body, Attributes::default(), Condition::Always).await.unwrap();
        }
    }

    fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::listed(format!("{}{name}", KeyPrefix::folder(&FolderPrefix::of(self.id()))))
    }

    /// Every object of the folder.
    async fn objects(&self) -> Vec<String> {
        let prefix = KeyPrefix::folder(&FolderPrefix::of(self.id()));
        let (mut found, mut request) = (Vec::new(), ListRequest::all(prefix.clone()));
        loop {
            let page = self.store.list(request.clone()).await.unwrap();
            found.extend(page.objects.iter().map(|listed| prefix.rest(&listed.key).unwrap().to_owned()));
            let Some(token) = page.next else { return found };
            request.token = Some(token);
        }
    }

    /// How many files there are, and their bytes, as they lie in the bucket.
    async fn stored(&self) -> (u64, u64) {
        let page = self.store.list(ListRequest::all(KeyPrefix::folder(&FolderPrefix::of(self.id())))).await.unwrap();
        let files = page.objects.iter().filter(|listed| !listed.key.as_str().ends_with('/'));
        files.fold((0, 0), |(files, bytes), listed| (files + 1, bytes + listed.size))
    }

    async fn moves(&self) -> Vec<PendingMove> {
        let record = self.test.bucket.manifest::<FolderRecord>(ObjectKey::folder(self.id())).read().await.unwrap();
        record.unwrap().moves
    }

    /// Waits until nothing is on its way, whoever brings it.
    async fn settled(&self) {
        for _ in 0..10_000 {
            if self.moves().await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("the files never arrive: {:?}", self.moves().await);
    }
}

impl Replica {
    /// Brings what the dead left on its way: whoever opens the folder sees to it that there is a job, and any
    /// replica takes it over.
    async fn tend(&self, scene: &Scene) {
        for _ in 0..8 {
            scene.test.clock.advance(Duration::from_secs(61));
            let which = FolderRef::Id(scene.id());
            drop(self.bucket.folder::<Manage>(&scene.test.account, &which).await.unwrap());
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.bucket.tend_jobs().await.unwrap() > 0 {
                // Not so much of its time passes that it would lose what it has taken.
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
        }
    }

    async fn moved(&self, from: &str, to: &str) -> Result<Outcome> {
        self.moved_by(from, to, ConflictPolicy::Reject).await
    }

    async fn moved_by(&self, from: &str, to: &str, policy: ConflictPolicy) -> Result<Outcome> {
        self.folder.move_to(&path(from), &self.folder, &path(to), policy).await?.ended().await
    }

    /// The paths of all files that a client sees, by each way of looking, which agree; and what is in them.
    async fn files(&self) -> BTreeMap<String, String> {
        let (mut found, mut directories) = (BTreeMap::new(), vec![DirPath::root()]);
        while let Some(directory) = directories.pop() {
            let entries: Vec<Entry> = self.folder.list_all(&directory).try_collect().await.unwrap();
            for entry in entries {
                let there = self.folder.stat(&entry.path).await.unwrap();
                assert_eq!(there.is_directory(), entry.is_directory(), "`{}`", entry.path);
                if entry.is_directory() {
                    directories.push(DirPath::at(entry.path));
                    continue;
                }
                let text = text(&self.folder, entry.path.as_str()).await;
                assert_eq!(found.insert(entry.path.to_string(), text), None, "`{}` is listed twice", entry.path);
            }
        }
        found
    }

    /// The names in a directory; `b/` is a directory.
    async fn names(&self, at: &str) -> Vec<String> {
        let page = self.folder.list(&at.parse().unwrap(), PageRequest::default()).await.unwrap();
        let shown = |entry: &Entry| format!("{}{}", entry.name(), if entry.is_directory() { "/" } else { "" });
        page.entries.iter().map(shown).collect()
    }

    /// Whether a client sees a file there, by each way of looking.
    async fn sees(&self, at: &str) -> bool {
        let stat = self.folder.stat(&path(at)).await.is_ok_and(|entry| !entry.is_directory());
        let read = self.folder.read(&path(at), Default::default()).await.is_ok();
        assert_eq!(stat, read, "`{at}`");
        stat
    }

    async fn usage(&self) -> (u64, u64) {
        let usage = self.folder.usage().await.unwrap();
        (usage.files, usage.bytes)
    }
}

fn kind<T>(answer: Result<T>) -> ErrorKind {
    answer.map(drop).unwrap_err().kind()
}

/// What these files hold that were moved from `from` to `to`.
fn follow(names: &[&str], from: &str, to: &str) -> BTreeMap<String, String> {
    let files = names.iter().filter(|name| !name.ends_with('/'));
    files.map(|name| (name.replacen(from, to, 1), (*name).to_owned())).collect()
}
