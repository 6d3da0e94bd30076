//! A bucket in memory, with a clock that stands still and one account with one folder. For tests,
//! of this crate and of others; nothing here is secret.

use std::sync::Arc;

use crate::access::{Access, Folder, FolderRef};
use crate::accounts::{Account, Credentials, NewAccount};
use crate::bucket::{Bucket, Parts, Settings};
use crate::clock::{Clock, ManualClock};
use crate::error::Result;
use crate::folders::FolderInfo;
use crate::random::SeededRandom;
use crate::store::Store;
use crate::store::memory::MemoryStore;

/// The master key of every test bucket.
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A bucket for tests, and what it is made of.
#[derive(Debug)]
pub struct TestBucket {
    /// The bucket.
    pub bucket: Bucket,
    /// Its clock: moves only when told to.
    pub clock: Arc<ManualClock>,
    /// Its store, as the bucket sees it.
    pub store: Store,
    /// An account.
    pub account: Account,
    /// What it shows.
    pub credentials: Credentials,
    /// Its folder `photos`.
    pub folder: FolderInfo,
}

impl TestBucket {
    /// Over a store in memory of its own.
    ///
    /// # Panics
    /// When the bucket cannot be made.
    pub async fn new() -> Self {
        let clock = Arc::new(ManualClock::new());
        let store: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
        Self::over(store, clock, Settings::default()).await
    }

    /// Over `store`, which may be wrapped, or hold what others made.
    ///
    /// # Panics
    /// When the bucket, its account or its folder cannot be made.
    pub async fn over(store: Store, clock: Arc<ManualClock>, settings: Settings) -> Self {
        let made = async {
            let bucket = open(Arc::clone(&store), Arc::clone(&clock), settings, 1).await?;
            let (account, credentials) = add_account(&bucket, "ann@example.org").await?;
            let folder = bucket.create_folder(&account, "photos".parse()?).await?;
            Ok::<_, crate::Error>((bucket, account, credentials, folder))
        };
        let (bucket, account, credentials, folder) = made.await.expect("a store for tests takes all of this");
        Self { bucket, clock, store, account, credentials, folder }
    }

    /// The folder `photos`, opened by its owner.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open<A: Access>(&self) -> Folder<A> {
        let which = FolderRef::Id(self.folder.id);
        self.bucket.folder(&self.account, &which).await.expect("the owner may open his folder")
    }

    /// Another replica over the same store.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn replica(&self, seed: u64) -> Bucket {
        let settings = self.bucket.settings().clone();
        let opened = open(Arc::clone(&self.store), Arc::clone(&self.clock), settings, seed).await;
        opened.expect("a bucket that was opened once can be opened again")
    }
}

/// Opens a bucket over `store`. Replicas need seeds of their own, as processes have.
///
/// # Errors
/// As [`Bucket::open`].
pub async fn open<C: Clock + 'static>(store: Store, clock: Arc<C>, settings: Settings, seed: u64) -> Result<Bucket> {
    let keys = KEY.parse()?;
    Bucket::open(Parts { store, clock, random: Arc::new(SeededRandom::new(seed)), keys, settings }).await
}

/// Makes an account without a password.
///
/// # Errors
/// As [`Bucket::create_account`].
pub async fn add_account(bucket: &Bucket, email: &str) -> Result<(Account, Credentials)> {
    let name = email.parse()?;
    bucket.create_account(NewAccount { email: email.parse()?, name, password: None, issued: None }).await
}
