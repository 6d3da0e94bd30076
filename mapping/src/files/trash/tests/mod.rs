//! The trash over a store in memory: what is found where, what it costs, and what is left when a
//! replica dies.

mod crash;
mod restore;
mod sweep;
mod verbs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;

use super::Trashed;
use crate::access::{Folder, FolderRef, Manage};
use crate::bucket::{Bucket, Settings};
use crate::clock::ManualClock;
use crate::error::{ErrorKind, Result};
use crate::files::tests::{path, text, write};
use crate::files::tree::ConflictPolicy;
use crate::files::{Entry, Failure, PageRequest};
use crate::id::FolderId;
use crate::jobs::Outcome;
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::path::DirPath;
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

    /// Directories move file by file here; those that move at once have tests of their own.
    async fn with(settings: Settings) -> Self {
        let settings = Settings { most_moves: 0, ..settings };
        let clock = Arc::new(ManualClock::new());
        let store: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
        let test = TestBucket::over(Arc::clone(&store), clock, settings.clone()).await;
        Self { store, test, settings }
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

    /// Stores files, as another program would: `a/` is a directory's marker. Each holds its own name.
    async fn fill(&self, names: &[&str]) {
        for name in names {
            let key = ObjectKey::listed(format!("{}{name}", KeyPrefix::folder(&FolderPrefix::of(self.id()))));
            let text = if name.ends_with('/') { String::new() } else { (*name).to_owned() };
            let attributes = Attributes::default();
            self.store.put(&key, Body::from(text.into_bytes()), attributes, Condition::Always).await.unwrap();
        }
    }

    /// What keys begin with `prefix`, without it.
    async fn keys(&self, prefix: KeyPrefix) -> Vec<String> {
        let page = self.store.list(ListRequest::all(prefix.clone())).await.unwrap();
        assert!(page.next.is_none());
        page.objects.iter().map(|listed| prefix.rest(&listed.key).unwrap().to_owned()).collect()
    }

    /// Every object of the folder.
    async fn objects(&self) -> Vec<String> {
        self.keys(KeyPrefix::folder(&FolderPrefix::of(self.id()))).await
    }

    async fn passages(&self) -> usize {
        self.keys(KeyPrefix::passages(self.id())).await.len()
    }

    async fn records(&self) -> usize {
        self.keys(KeyPrefix::trashed(self.id())).await.len()
    }
}

impl Replica {
    async fn trash(&self, at: &str) -> Result<Outcome> {
        self.folder.trash(&path(at)).await?.ended().await
    }

    async fn restore(&self, at: &str, to: Option<&str>, policy: ConflictPolicy) -> Result<Outcome> {
        self.folder.restore(&path(at), to.map(path).as_ref(), policy).await?.ended().await
    }

    async fn trashed(&self) -> BTreeMap<String, Trashed> {
        let page = self.folder.trashed(PageRequest::default()).await.unwrap();
        page.entries.into_iter().map(|trashed| (trashed.entry.name().to_owned(), trashed)).collect()
    }

    /// The paths of all files that a client sees, by each way of looking: they agree.
    async fn files(&self) -> Vec<String> {
        let (mut found, mut directories) = (Vec::new(), vec![DirPath::root()]);
        while let Some(directory) = directories.pop() {
            let entries: Vec<Entry> = self.folder.list_all(&directory).try_collect().await.unwrap();
            for entry in entries {
                if entry.is_directory() {
                    directories.push(DirPath::at(entry.path));
                } else {
                    found.push(entry.path.to_string());
                }
            }
        }
        for at in &found {
            self.folder.stat(&path(at)).await.unwrap();
            text(&self.folder, at).await;
        }
        found.sort();
        found
    }

    /// Whether a client sees a file there, by each way of looking.
    async fn sees(&self, at: &str) -> bool {
        let stat = self.folder.stat(&path(at)).await.is_ok_and(|entry| !entry.is_directory());
        let read = self.folder.read(&path(at), Default::default()).await.is_ok();
        assert_eq!(stat, read, "`{at}`");
        stat
    }
}

fn done(outcome: Result<Outcome>) -> String {
    let outcome = outcome.unwrap();
    assert_eq!(outcome.progress.failures, [] as [Failure; 0]);
    outcome.target.unwrap().to_string()
}

fn kind<T>(answer: Result<T>) -> ErrorKind {
    answer.map(drop).unwrap_err().kind()
}
