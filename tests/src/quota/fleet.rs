//! Replicas over one rough store, and a folder with a limit.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mapping::access::Manage;
use mapping::clock::TimerClock;
use mapping::folders::{FolderInfo, FolderLimitsChange, Setting};
use mapping::key::{FolderPrefix, KeyPrefix};
use mapping::store::Store;
use mapping::store::faulty::{Faults, FaultyStore, Kill, Moment};
use mapping::store::memory::MemoryStore;
use mapping::testing;
use mapping::{Account, Bucket, Folder, FolderRef, Result, Settings, Usage};

use super::rough::{Reach, RoughStore};
use crate::model::world::FLOOR;

/// The longest that a write may be under way: longer than [`super::rough::LATEST`].
pub const LATE_WRITES: Duration = Duration::from_secs(8);

/// How long a beat must stand still.
pub const DEAD_AFTER: Duration = Duration::from_secs(4);

/// Replicas, their store, an account and its folder.
#[derive(Debug)]
pub struct Fleet {
    /// What lies below all replicas.
    pub rough: Arc<RoughStore>,
    clock: Arc<TimerClock>,
    account: Account,
    /// The folder.
    pub folder: FolderInfo,
    replicas: Mutex<Vec<Replica>>,
    faults: Mutex<Faults>,
    next_seed: Mutex<u64>,
}

/// One process.
#[derive(Clone, Debug)]
pub struct Replica {
    /// What stands between it and the store.
    pub store: Arc<FaultyStore>,
    /// The process itself.
    pub bucket: Bucket,
}

fn settings() -> Settings {
    Settings { late_writes: LATE_WRITES, hold_dead_after: DEAD_AFTER, part_floor: FLOOR, ..Settings::default() }
}

impl Fleet {
    /// `count` replicas and a folder that may hold `limit`.
    ///
    /// # Panics
    /// When the store does not take the account, the folder or the limit.
    pub async fn new(count: usize, limit: Usage, seed: u64) -> Self {
        let clock = Arc::new(TimerClock::new());
        let memory = MemoryStore::new(Arc::<TimerClock>::clone(&clock)).with_least_part(FLOOR);
        let rough = RoughStore::new(Arc::new(memory) as Store, seed);
        let store: Store = Arc::new(Reach(Arc::clone(&rough)));
        let made = async {
            let bucket = testing::open(store, Arc::<TimerClock>::clone(&clock), settings(), seed).await?;
            let (account, _) = testing::add_account(&bucket, "ann@example.org").await?;
            let folder = bucket.create_folder(&account, "photos".parse()?).await?;
            let limits = FolderLimitsChange { bytes: Setting::To(limit.bytes), files: Setting::To(limit.files) };
            bucket.set_folder_limits(folder.id, limits).await?;
            Ok::<_, mapping::Error>((bucket, account, folder))
        };
        let (bucket, account, folder) = made.await.expect("a store in memory takes all of this");
        bucket.tasks().stopping().cancel();
        rough.watch(KeyPrefix::folder(&FolderPrefix::of(folder.id)), limit);
        let (replicas, faults, next_seed) = (Mutex::default(), Mutex::default(), Mutex::new(seed));
        let fleet = Self { rough, clock, account, folder, replicas, faults, next_seed };
        for _ in 0..count {
            let replica = fleet.boot().await;
            fleet.replicas().push(replica);
        }
        fleet
    }

    fn replicas(&self) -> std::sync::MutexGuard<'_, Vec<Replica>> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new seed for each process and each plan of faults.
    fn seed(&self) -> u64 {
        let mut seed = self.next_seed.lock().unwrap_or_else(PoisonError::into_inner);
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed
    }

    fn faults(&self) -> Faults {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Faults { seed: self.seed(), ..faults }
    }

    async fn boot(&self) -> Replica {
        let reach: Store = Arc::new(Reach(Arc::clone(&self.rough)));
        let store = Arc::new(FaultyStore::new(reach, Faults::default()));
        let seen: Store = Arc::<FaultyStore>::clone(&store);
        let opened = loop {
            let (seen, clock) = (Arc::clone(&seen), Arc::<TimerClock>::clone(&self.clock));
            if let Ok(bucket) = testing::open(seen, clock, settings(), self.seed()).await {
                break bucket;
            }
        };
        store.set_faults(self.faults());
        Replica { store, bucket: opened }
    }

    /// From now on every replica fails as `faults` say, and this much of a thousand writes is late.
    pub fn set_faults(&self, faults: Faults, late: u64) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
        self.rough.set_late(late);
        for replica in self.replicas().iter() {
            replica.store.set_faults(self.faults());
        }
    }

    /// Replica `n` as it is now.
    ///
    /// # Panics
    /// When there are not so many.
    #[must_use]
    pub fn replica(&self, n: usize) -> Replica {
        self.replicas()[n].clone()
    }

    /// How many replicas there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.replicas().len()
    }

    /// Lets replica `n` die as `kill` says, counted from now.
    pub fn kill(&self, n: usize, kill: Kill) {
        let store = self.replica(n).store;
        store.kill_at(Kill { at: store.calls() + kill.at, ..kill });
    }

    /// Lets replica `n` live that was to die later.
    pub fn spare(&self, n: usize) {
        self.replica(n).store.kill_at(Kill { at: u64::MAX, moment: Moment::Before, only_writes: false });
    }

    /// Starts replica `n` again if it is dead; answers whether it was.
    pub async fn revive(&self, n: usize) -> bool {
        let old = self.replica(n);
        if !old.store.is_dead() {
            return false;
        }
        old.bucket.tasks().stopping().cancel();
        let new = self.boot().await;
        self.replicas()[n] = new;
        true
    }

    /// The folder, as replica `n` opens it.
    ///
    /// # Errors
    /// When the replica's store does not answer.
    pub async fn open(&self, n: usize) -> Result<Folder<Manage>> {
        self.replica(n).bucket.folder(&self.account, &FolderRef::Id(self.folder.id)).await
    }
}
