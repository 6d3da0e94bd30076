//! Replicas over one store. A replica can die at any moment and come back with an empty memory.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use mapping::access::Write;
use mapping::clock::ManualClock;
use mapping::folders::FolderInfo;
use mapping::id::UploadId;
use mapping::key::{KeyPrefix, ObjectKey};
use mapping::path::FilePath;
use mapping::store::faulty::{Faults, FaultyStore, Kill, Moment};
use mapping::store::memory::{ETags, MemoryStore, Repeat};
use mapping::store::{GetOptions, ListRequest, Store};
use mapping::sweep::Mode;
use mapping::upload::{Upload, UploadOptions};
use mapping::usage::Usage;
use mapping::{Account, Bucket, Folder, FolderRef, Result, Settings, testing};

/// The longest that anybody waits for what is held to be stored.
const LONGEST_REST: std::time::Duration = std::time::Duration::from_secs(1);

/// How many sweeps a bundle that was stored late may survive.
const LATER_SWEEPS: u32 = 20;

/// The smallest part of the stores that the model runs over: cells of 80 bytes are quick.
pub const FLOOR: u64 = 50;

/// Replicas, their store and their clock.
#[derive(Debug)]
pub struct World {
    /// What lies below all replicas.
    pub store: Store,
    /// The clock of all replicas.
    pub clock: Arc<ManualClock>,
    settings: Settings,
    replicas: Vec<Replica>,
    account: Account,
    folder: FolderInfo,
    /// Where every upload of this world goes.
    pub path: FilePath,
    /// How many bytes a position of a case stands for: 1 where the store takes tiny parts.
    pub scale: u64,
    next_seed: u64,
}

/// One process.
#[derive(Debug)]
pub struct Replica {
    /// What stands between it and the store.
    pub store: Arc<FaultyStore>,
    /// The process itself.
    pub bucket: Bucket,
}

/// Settings that suit tiny parts.
#[must_use]
pub fn tiny() -> Settings {
    Settings { part_floor: FLOOR, ..Settings::default() }
}

/// A store in memory that takes tiny parts.
#[must_use]
pub fn tiny_memory(clock: &Arc<ManualClock>, repeat: Repeat, etags: ETags) -> Arc<MemoryStore> {
    let clock = Arc::clone(clock) as Arc<dyn mapping::Clock>;
    Arc::new(MemoryStore::new(clock).with_least_part(FLOOR).with_repeat(repeat).with_etags(etags))
}

impl World {
    /// `count` replicas over `store`, one account with one folder. `seed` makes all chance.
    ///
    /// # Panics
    /// When the store does not take the account or the folder.
    pub async fn over(store: Store, clock: Arc<ManualClock>, settings: Settings, count: usize, seed: u64) -> Self {
        let bucket =
            testing::open(Arc::clone(&store), Arc::clone(&clock), settings.clone(), seed).await.expect("a bucket");
        let (account, _) = testing::add_account(&bucket, "ann@example.org").await.expect("an account");
        let folder = bucket.create_folder(&account, "photos".parse().expect("a name")).await.expect("a folder");
        bucket.tasks().stopping().cancel();
        let path = "a/file".parse().expect("a path");
        let replicas = Vec::new();
        let mut world = Self { store, clock, settings, replicas, account, folder, path, scale: 1, next_seed: seed };
        for _ in 0..count {
            let replica = world.start_replica(Faults::default()).await.expect("a replica");
            world.replicas.push(replica);
        }
        world
    }

    async fn start_replica(&mut self, faults: Faults) -> Result<Replica> {
        self.next_seed = self.next_seed.wrapping_add(0x1_0001);
        let store = Arc::new(FaultyStore::new(Arc::clone(&self.store), faults));
        let below = Arc::clone(&store) as Store;
        let bucket = testing::open(below, Arc::clone(&self.clock), self.settings.clone(), self.next_seed).await?;
        Ok(Replica { store, bucket })
    }

    /// A replica.
    #[must_use]
    pub fn replica(&self, which: usize) -> &Replica {
        &self.replicas[which % self.replicas.len()]
    }

    /// Kills a replica: nothing it still asks of the store is done. Another takes its place.
    ///
    /// # Panics
    /// When the new one does not start.
    pub async fn restart(&mut self, which: usize) {
        let place = which % self.replicas.len();
        let dead = &self.replicas[place];
        dead.store.kill_at(Kill { at: 0, moment: Moment::Before, only_writes: false });
        dead.bucket.tasks().stopping().cancel();
        self.replicas[place] = self.start_replica(Faults::default()).await.expect("a replica");
    }

    /// The folder, as a request to a replica opens it.
    ///
    /// # Errors
    /// As [`Bucket::folder`].
    pub async fn folder(&self, which: usize) -> Result<Folder<Write>> {
        self.replica(which).bucket.folder(&self.account, &FolderRef::Id(self.folder.id)).await
    }

    /// Starts an upload through a replica.
    ///
    /// # Errors
    /// As [`Folder::start_upload`].
    pub async fn start(&self, which: usize, length: Option<u64>) -> Result<UploadId> {
        self.folder(which).await?.start_upload(self.path.clone(), length, UploadOptions::default()).await
    }

    /// An upload, as a request to a replica opens it.
    ///
    /// # Errors
    /// As [`Folder::upload`].
    pub async fn upload(&self, which: usize, id: &UploadId) -> Result<Upload> {
        self.folder(which).await?.upload(id).await
    }

    /// Lets time pass until everything that is held is stored.
    pub async fn rest(&self) {
        self.clock.advance(self.settings.cache_for);
        tokio::time::sleep((self.settings.hold_chunks_for * 20).min(LONGEST_REST)).await;
    }

    /// What the folder holds, as its owner is told.
    ///
    /// # Panics
    /// When the usage cannot be read.
    pub async fn usage(&self) -> Usage {
        self.folder(0).await.expect("the folder").usage().await.expect("its usage")
    }

    /// From now on a replica's store fails so.
    pub fn set_faults(&self, which: usize, faults: Faults) {
        self.replica(which).store.set_faults(faults);
    }

    /// What a reader sees at the path, past all replicas.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn file(&self) -> Option<Bytes> {
        let key = ObjectKey::file(&mapping::key::FolderPrefix::of(self.folder.id), &self.path);
        let object = self.store.get(&key, GetOptions::default()).await.ok()?;
        let size = usize::try_from(object.meta.size).expect("a small file");
        let mut bytes = Vec::with_capacity(size);
        let mut body = object.body;
        while let Some(chunk) = body.try_next().await.expect("a whole body") {
            bytes.extend_from_slice(&chunk);
        }
        assert_eq!(bytes.len(), size);
        Some(bytes.into())
    }

    /// What uploads have left in the bucket: objects, and multipart uploads of the file's key.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn rubbish(&self) -> Vec<String> {
        let page = self.store.list(ListRequest::all(KeyPrefix::uploads())).await.expect("a listing");
        let key = ObjectKey::file(&mapping::key::FolderPrefix::of(self.folder.id), &self.path);
        let multiparts = self.store.list_multiparts(&key).await.expect("a listing");
        let objects = page.objects.into_iter().map(|object| object.key.to_string());
        objects.chain(multiparts.into_iter().map(|upload| format!("multipart {}", upload.id.0))).collect()
    }

    /// Lets the life of every upload pass.
    pub fn expire(&self) {
        self.clock.advance(self.settings.session_life * 2);
    }

    /// Lets every upload expire and sweeps.
    ///
    /// # Panics
    /// When the sweep fails.
    pub async fn expire_and_sweep(&self) {
        self.expire();
        self.replica(0).bucket.sweep_uploads().await.expect("a sweep");
    }

    /// As [`World::expire_and_sweep`], with everything that there is to sweep, and a dry run before
    /// it that must say what goes, and change nothing.
    ///
    /// # Errors
    /// What the two of them disagree on.
    ///
    /// # Panics
    /// When a sweep fails.
    pub async fn expire_and_sweep_as_announced(&self) -> Result<(), String> {
        self.expire();
        let replica = self.replica(0);
        let writes = replica.store.writes();
        let mut announced = replica.bucket.sweep_as(Mode::DryRun).await.expect("a dry run");
        if replica.store.writes() != writes {
            return Err("a dry run writes".to_owned());
        }
        let mut swept = replica.bucket.sweep_as(Mode::Remove).await.expect("a sweep");
        for run in [&mut announced, &mut swept] {
            run.findings.sort_by(|one, other| one.place.cmp(&other.place));
        }
        if announced == swept { Ok(()) } else { Err(format!("announced {announced:#?}, swept {swept:#?}")) }
    }

    /// Whether the sweep left nothing. A replica that still held chunks of an expired upload may
    /// store them while it is swept: such a bundle, and nothing else, may wait for a later sweep.
    ///
    /// # Errors
    /// The keys that are left.
    pub async fn is_clean(&self) -> Result<(), String> {
        for _ in 0..LATER_SWEEPS {
            let left = self.rubbish().await;
            if left.is_empty() {
                return Ok(());
            }
            if !left.iter().all(|key| key.contains("/bundles/")) {
                return Err(format!("the sweep leaves {left:?}"));
            }
            tokio::time::sleep(self.settings.hold_chunks_for).await;
            self.replica(0).bucket.sweep_uploads().await.expect("a sweep");
        }
        Err(format!("{LATER_SWEEPS} sweeps leave {:?}", self.rubbish().await))
    }
}
