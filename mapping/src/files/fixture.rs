//! A folder over a bucket in memory whose calls are counted and can be made to fail. For tests.

use std::sync::Arc;
use std::time::Duration;

use crate::access::{Folder, FolderRef, Manage};
use crate::bucket::Settings;
use crate::clock::ManualClock;
use crate::key::KeyPrefix;
use crate::random::{Random, SystemRandom};
use crate::store::counted::CountedStore;
use crate::store::faulty::{Fault, Faults, FaultyStore};
use crate::store::memory::{ETags, MemoryStore};
use crate::store::{ListRequest, Store};
use crate::testing::{self, TestBucket};
use crate::usage::Usage;

/// The smallest part: a store of 5 KiB parts does in kilobytes what others do in megabytes.
pub(crate) const PART_FLOOR: u64 = 5 * 1024;

/// One replica over the bucket, and the bucket below it.
pub(crate) struct Fixture {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) memory: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) counted: Arc<CountedStore>,
    pub(crate) faulty: Arc<FaultyStore>,
    pub(crate) folder: Folder<Manage>,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with_etags(ETags::OfBytes).await
    }

    pub(crate) async fn with_etags(etags: ETags) -> Self {
        let clock = Arc::new(ManualClock::new());
        let store = MemoryStore::new(Arc::<ManualClock>::clone(&clock)).with_least_part(PART_FLOOR).with_etags(etags);
        let store = Arc::new(store);
        let memory: Store = Arc::<MemoryStore>::clone(&store);
        let (faulty, counted) = wrapped(&memory);
        let seen: Store = Arc::<CountedStore>::clone(&counted);
        let made = TestBucket::over(seen, Arc::clone(&clock), settings()).await;
        Self { store, memory, counted, faulty, clock, folder: made.open().await }
    }

    /// The folder as a new process finds it in the bucket.
    pub(crate) async fn reopen(&self) -> Self {
        let (faulty, counted) = wrapped(&self.memory);
        let seen: Store = Arc::<CountedStore>::clone(&counted);
        let (clock, seed) = (Arc::clone(&self.clock), (&SystemRandom as &dyn Random).below(u64::MAX));
        let bucket = testing::open(seen, Arc::clone(&clock), settings(), seed).await.unwrap();
        let folder = bucket.folder(self.folder.account(), &FolderRef::Id(self.folder.id())).await.unwrap();
        Self { store: Arc::clone(&self.store), memory: Arc::clone(&self.memory), counted, faulty, clock, folder }
    }

    /// Lets one fault befall the call of this number.
    pub(crate) fn fault_at(&self, number: u64, fault: Fault) {
        self.faulty.set_faults(Faults::once(number, fault));
    }

    /// Lets every call take a moment, so that requests overlap, in an order that `seed` decides.
    pub(crate) fn slow(&self, seed: u64) {
        let latency = Duration::from_millis(3);
        self.faulty.set_faults(Faults { seed, latency, ..Faults::default() });
    }

    /// What is in the bucket, file by file.
    pub(crate) async fn listed(&self) -> Usage {
        let mut request = ListRequest::all(KeyPrefix::folder(self.folder.prefix()));
        let mut usage = Usage::default();
        loop {
            let page = self.memory.list(request.clone()).await.unwrap();
            for object in page.objects.iter().filter(|object| !object.key.as_str().ends_with('/')) {
                usage.bytes += object.size;
                usage.files += 1;
            }
            let Some(token) = page.next else { return usage };
            request.token = Some(token);
        }
    }
}

fn settings() -> Settings {
    Settings { part_floor: PART_FLOOR, budget_bytes: 64 * 1024, ..Settings::default() }
}

fn wrapped(memory: &Store) -> (Arc<FaultyStore>, Arc<CountedStore>) {
    let faulty = Arc::new(FaultyStore::new(Arc::clone(memory), Faults::default()));
    let counted = Arc::new(CountedStore::new(Arc::<FaultyStore>::clone(&faulty)));
    (faulty, counted)
}
