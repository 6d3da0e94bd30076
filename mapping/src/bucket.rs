//! The bucket and everything that requests share. Nothing here is lost when the process dies.

mod settings;

use std::sync::Arc;
use std::time::Duration;

pub use settings::{Acknowledge, Settings};

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
use crate::lease::Watch;
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
