//! The bucket and everything that requests share. Nothing here is lost when the process dies.

use std::sync::Arc;
use std::time::Duration;

use crate::accounts::Hashing;
use crate::budget::Budget;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::error::Result;
use crate::files::KnownDirectories;
use crate::files::tree::Pace;
use crate::id::ReplicaId;
use crate::jobs::Jobs;
use crate::key::ObjectKey;
use crate::lease::{Terms, Watch};
use crate::limits::FolderLimits;
use crate::manifest::{Document, Manifest};
use crate::random::Random;
use crate::records::{AccountRecord, CredentialPointer, FolderRecord, NamesRecord};
use crate::seal::MasterKeys;
use crate::store::Store;
use crate::tasks::Tasks;
use crate::upload::Uploads;
use crate::usage::{Ledger, Tallies};

/// A bucket that folderbridge serves. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bucket {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    replica: ReplicaId,
    tasks: Tasks,
    caches: Caches,
    budget: Budget,
    uploads: Uploads,
    hashing: Hashing,
    tallies: Tallies,
    known_directories: KnownDirectories,
    sweeper: Watch,
    jobs: Jobs,
}

/// What a [`Bucket`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where everything lies.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and secrets come from.
    pub random: Arc<dyn Random>,
    /// What secrets are sealed with.
    pub keys: MasterKeys,
    /// How it behaves.
    pub settings: Settings,
}

/// How a [`Bucket`] behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long records are believed without looking again, counted from sending the request: a
    /// revocation made on another replica takes effect within it.
    pub cache_for: Duration,
    /// How long a small chunk waits for its neighbours before it is stored.
    pub hold_chunks_for: Duration,
    /// When a chunk is acknowledged.
    pub acknowledge: Acknowledge,
    /// How long an upload without new chunks is kept in memory, beside what the store has of it.
    pub remember_uploads_for: Duration,
    /// How long an upload lives after its newest chunk.
    pub session_life: Duration,
    /// Bytes of bodies that may be in memory at one time, over all requests.
    pub budget_bytes: u32,
    /// The smallest part that the store takes but as a file's last one: 5 MiB on every S3; tests
    /// take less.
    pub part_floor: u64,
    /// How old work that stopped half way must be before others may undo it: longer than any
    /// request can take between two writes.
    pub claim_grace: Duration,
    /// What folders may hold where neither they nor their owner have a limit.
    pub folder_limits: FolderLimits,
    /// How many folders an account may own that has no limit of its own; 0 is any number.
    pub most_folders: Option<u32>,
    /// How long the counter of a replica that keeps some of a folder's room to itself must stand
    /// still before others take it for dead. It stops spending after half of that.
    pub hold_dead_after: Duration,
    /// How long after a folder's deletion a replica that had not heard of it may still write, and
    /// the longest that a write may take to come to be once it was charged.
    pub late_writes: Duration,
    /// How long a lease holds from its last renewal: a replica that was dead or paused for so long has
    /// lost what it held. Others take it [`Settings::late_writes`] after that.
    pub lease_for: Duration,
    /// How long a request works on a tree before the work goes on as a job.
    pub job_after: Duration,
    /// How many entries of a tree are gone through at a time, 1 to 1,000: more of them than a step
    /// takes are a job.
    pub job_page: u16,
    /// As [`Settings::lease_for`], for jobs.
    pub job_lease_for: Duration,
    /// How much later than that another replica goes on with a job: longer than a removal that was
    /// sent before can still be under way. Late copies do no harm, whatever they take.
    pub job_late: Duration,
    /// How long a job that is over is remembered.
    pub job_kept_for: Duration,
    /// How many folders of others may be shared with one account.
    pub most_joined: usize,
    /// With how many accounts one folder may be shared.
    pub most_members: usize,
}

/// When a chunk of an upload is acknowledged. The finish always means stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// Once it is in memory. A replica that dies within the holding time makes the finish name
    /// what is missing.
    Held,
    /// Only once it is in the store.
    Stored,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache_for: Duration::from_secs(2),
            hold_chunks_for: Duration::from_millis(500),
            acknowledge: Acknowledge::Held,
            remember_uploads_for: Duration::from_secs(60),
            session_life: Duration::from_secs(7 * 24 * 60 * 60),
            budget_bytes: 32 * 1024 * 1024,
            part_floor: 5 * 1024 * 1024,
            claim_grace: Duration::from_secs(60),
            folder_limits: FolderLimits::default(),
            most_folders: None,
            hold_dead_after: Duration::from_secs(5 * 60),
            late_writes: Duration::from_secs(15 * 60),
            lease_for: Duration::from_secs(60),
            job_after: Duration::from_secs(5),
            job_page: 1000,
            job_lease_for: Duration::from_secs(30),
            job_late: Duration::from_secs(60),
            job_kept_for: Duration::from_secs(7 * 24 * 60 * 60),
            most_joined: 1000,
            most_members: 1000,
        }
    }
}

impl Settings {
    /// How long things take with a lease.
    pub(crate) const fn terms(&self) -> Terms {
        Terms { life: self.lease_for, late: self.late_writes }
    }

    /// The same for the lease of a job.
    pub(crate) const fn job_terms(&self) -> Terms {
        Terms { life: self.job_lease_for, late: self.job_late }
    }
}

/// Documents that are read by nearly every request.
#[derive(Debug)]
pub(crate) struct Caches {
    pub(crate) accounts: Cache<AccountRecord>,
    pub(crate) credentials: Cache<CredentialPointer>,
    pub(crate) folders: Cache<FolderRecord>,
    pub(crate) names: Cache<NamesRecord>,
}

impl Caches {
    fn new(parts: &Parts) -> Self {
        let (keep_for, clock) = (parts.settings.cache_for, &parts.clock);
        Self {
            accounts: Cache::new(keep_for, Arc::clone(clock)),
            credentials: Cache::new(keep_for, Arc::clone(clock)),
            folders: Cache::new(keep_for, Arc::clone(clock)),
            names: Cache::new(keep_for, Arc::clone(clock)),
        }
    }
}

impl Bucket {
    /// Opens the bucket; the first time, writes what layout it has.
    ///
    /// # Errors
    /// `Invalid` when the bucket has a newer layout or belongs to another master key;
    /// `Unavailable` when the store does not answer.
    pub async fn open(parts: Parts) -> Result<Self> {
        let inner = Inner {
            replica: ReplicaId::random(&*parts.random),
            tasks: Tasks::default(),
            caches: Caches::new(&parts),
            budget: Budget::new(parts.settings.budget_bytes),
            uploads: Uploads::default(),
            hashing: Hashing::default(),
            tallies: Tallies::new(Arc::clone(&parts.clock), &parts.settings),
            known_directories: KnownDirectories::new(Arc::clone(&parts.clock), parts.settings.cache_for),
            sweeper: Watch::new(ObjectKey::lease("sweeper"), parts.settings.terms()),
            jobs: Jobs::default(),
            parts,
        };
        let bucket = Self { inner: Arc::new(inner) };
        bucket.check_format().await?;
        Ok(bucket)
    }

    /// The store itself.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.parts.store
    }

    /// What time it is.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.inner.parts.clock
    }

    /// Where chance comes from.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        &*self.inner.parts.random
    }

    /// How it behaves.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.parts.settings
    }

    /// Which process this is.
    #[must_use]
    pub fn replica(&self) -> ReplicaId {
        self.inner.replica
    }

    /// What runs beside the requests.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    /// What may be kept in memory of bodies.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.inner.budget
    }

    /// Ends what runs beside the requests and stores what is held in memory, all within `deadline`.
    /// To be called once no request is left.
    pub async fn drain(&self, deadline: Duration) {
        let until = tokio::time::Instant::now() + deadline;
        self.flush_uploads(deadline).await;
        self.tasks().drain(until.saturating_duration_since(tokio::time::Instant::now())).await;
        // After the tasks, which may still charge. What is not folded in time costs a count later.
        if tokio::time::timeout_at(until, self.ledger().drain()).await.is_err() {
            tracing::warn!("stopped before all usage was folded");
        }
    }

    pub(crate) fn keys(&self) -> &MasterKeys {
        &self.inner.parts.keys
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.inner.caches
    }

    pub(crate) fn uploads(&self) -> &Uploads {
        &self.inner.uploads
    }

    pub(crate) fn hashing(&self) -> &Hashing {
        &self.inner.hashing
    }

    /// Whose turn it is to sweep.
    pub(crate) fn sweeper(&self) -> &Watch {
        &self.inner.sweeper
    }

    /// What this replica knows of jobs.
    pub(crate) fn jobs(&self) -> &Jobs {
        &self.inner.jobs
    }

    /// How many requests of bulk work run at once.
    pub(crate) fn pace(&self) -> &Pace {
        self.inner.jobs.pace()
    }

    /// What folders hold.
    pub(crate) fn ledger(&self) -> Ledger<'_> {
        Ledger::new(self, &self.inner.tallies)
    }

    /// Paths that were seen not to be files a moment ago.
    pub(crate) fn known_directories(&self) -> &KnownDirectories {
        &self.inner.known_directories
    }

    /// The document at `key`.
    pub(crate) fn manifest<T: Document>(&self, key: ObjectKey) -> Manifest<T> {
        Manifest::new(self.clone(), key)
    }
}
