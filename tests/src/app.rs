//! An application in this process: one or more replicas over one store that counts, and fails when it
//! is told to, on free ports. The store is the one that the environment names, else the embedded one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bridge::app::{AppSettings, Running, start};
use futures::{StreamExt, stream};
use mapping::access::{FolderRef, Manage, Permission};
use mapping::clock::SystemClock;
use mapping::key::{FolderPrefix, ObjectKey};
use mapping::random::SystemRandom;
use mapping::store::counted::CountedStore;
use mapping::store::faulty::{Faults, FaultyStore};
use mapping::store::{Attributes, Body, Condition, Store};
use mapping::{Account, Bucket, MasterKeys, NewAccount, Parts, Secret, Settings};

use crate::bucket::{self, Snapshot};
use crate::caller::Caller;
use crate::signer::Signer;
use crate::stores::under_test::UnderTest;

/// What opens the admin API of every application here.
pub const ADMIN_TOKEN: &str = "an-admin-token-of-the-tests";

/// Replicas that serve one store.
#[derive(Debug)]
pub struct App {
    replicas: Vec<Running>,
    pub(crate) store: Arc<CountedStore>,
    faulty: Arc<FaultyStore>,
    pub(crate) key: Secret,
    // Last: nobody is served any more when the bucket is removed.
    lower: UnderTest,
}

/// An account and its way to call.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account.
    pub account: Account,
    /// Its id as text.
    pub id: String,
    /// Its API token.
    pub token: String,
    /// Calls with that token.
    pub calls: Caller,
    /// Calls with signatures.
    pub signs: Signer,
}

impl App {
    /// One replica.
    pub async fn start() -> Self {
        Self::replicas(1).await
    }

    /// So many replicas over one store; a [`Caller`] goes round them.
    pub async fn replicas(count: usize) -> Self {
        Self::with(count, Settings::default(), AppSettings::default()).await
    }

    /// One replica that waits for the next bytes of a body for half a second only.
    pub async fn impatient() -> Self {
        let patience = Duration::from_millis(500);
        Self::with(1, Settings::default(), AppSettings { body_patience: patience, ..AppSettings::default() }).await
    }

    /// Replicas that behave as told.
    ///
    /// # Panics
    /// When the application does not start.
    pub async fn with(count: usize, core: Settings, settings: AppSettings) -> Self {
        Self::around(count, core, settings, |store| store).await
    }

    /// The same, with what `around` makes of their store between them and it.
    ///
    /// # Panics
    /// When the application does not start.
    pub async fn around(
        count: usize,
        core: Settings,
        settings: AppSettings,
        around: impl FnOnce(Store) -> Store,
    ) -> Self {
        let (lower, store) = UnderTest::open().await;
        let store = Arc::new(CountedStore::new(Arc::new(store)));
        let faulty = Arc::new(FaultyStore::new(Arc::clone(&store) as Store, Faults::default()));
        let key = MasterKeys::generate(&SystemRandom);
        let shared = around(Arc::clone(&faulty) as Store);
        let mut replicas = Vec::new();
        for _ in 0..count {
            let parts = Parts {
                store: Arc::clone(&shared),
                clock: Arc::new(SystemClock::new()),
                random: Arc::new(SystemRandom),
                keys: key.expose().parse().expect("a master key"),
                settings: core.clone(),
            };
            let settings = AppSettings { admin_token: Some(ADMIN_TOKEN.to_owned()), ..settings.clone() };
            replicas.push(start(parts, settings).await.expect("a replica"));
        }
        Self { replicas, store, faulty, key, lower }
    }

    /// The address of the first replica.
    #[must_use]
    pub fn server(&self) -> SocketAddr {
        self.replicas[0].address
    }

    /// The core behind the first replica.
    #[must_use]
    pub fn core(&self) -> &Bucket {
        self.replicas[0].state.bucket()
    }

    /// The store that all replicas share, and what it counted.
    #[must_use]
    pub fn store(&self) -> &CountedStore {
        &self.store
    }

    /// From now on the store fails the replicas as `faults` say. What the tests themselves ask of it
    /// does not fail.
    pub fn set_faults(&self, faults: Faults) {
        self.faulty.set_faults(faults);
    }

    /// Calls without a token.
    #[must_use]
    pub fn nobody(&self) -> Caller {
        let addresses: Vec<_> = self.replicas.iter().map(|replica| replica.address).collect();
        Caller::nobody(&addresses)
    }

    /// Calls with the admin token.
    #[must_use]
    pub fn admin(&self) -> Caller {
        self.nobody().with_token(&format!("Bearer {ADMIN_TOKEN}"))
    }

    /// A new account.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn person(&self, name: &str) -> Person {
        let email = format!("{name}@example.org").parse().expect("an address");
        let new = NewAccount { email, name: name.parse().expect("a name"), password: None, issued: None };
        let (account, credentials) = self.core().create_account(new).await.expect("an account");
        let token = credentials.api_token.expose().to_owned();
        let calls = self.nobody().with_token(&token);
        let signs = Signer::new(&calls, &credentials.access_key, credentials.secret_key.expose());
        Person { id: account.id.to_string(), account, token, calls, signs }
    }

    /// Shares a file system with a permission that no dialect here can give.
    ///
    /// # Panics
    /// When it cannot be shared.
    pub async fn share(&self, owner: &Person, id: &str, with: &Person, permission: Permission) {
        let folder = FolderRef::Id(id.parse().expect("an id"));
        let folder = self.core().folder::<Manage>(&owner.account, &folder).await.expect("the folder");
        folder.share(with.account.id, permission).await.expect("a share");
    }

    /// Puts small files straight into the bucket, as another program would.
    ///
    /// # Panics
    /// When the store refuses one.
    pub async fn put_files(&self, id: &str, paths: impl Iterator<Item = String>) {
        let prefix = FolderPrefix::of(id.parse().expect("an id"));
        let put = paths.map(|path| {
            let key = ObjectKey::file(&prefix, &path.parse().expect("a path"));
            let store = Arc::clone(&self.store);
            async move { put_one(&*store, key).await }
        });
        stream::iter(put).buffer_unordered(64).collect::<Vec<_>>().await;
    }

    /// All keys of the bucket below `prefix`.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        self.snapshot_of(prefix).await.into_keys().collect()
    }

    /// The whole bucket.
    pub async fn snapshot(&self) -> Snapshot {
        bucket::snapshot(&(Arc::clone(&self.store) as Store)).await
    }

    /// The bucket below `prefix`.
    pub async fn snapshot_of(&self, prefix: &str) -> Snapshot {
        bucket::below(self.snapshot().await, prefix)
    }

    /// Waits until nothing has been written for a while: what is folded in the background is in.
    pub async fn settle(&self) {
        let mut before = self.snapshot().await;
        loop {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            let now = self.snapshot().await;
            if now == before {
                return;
            }
            before = now;
        }
    }

    /// Waits for a state, not for a while.
    ///
    /// # Panics
    /// When it does not come within 20 seconds.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        for _ in 0..400 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not within 20 seconds: {what}");
    }

    /// Stops every replica as SIGTERM does, then an embedded store.
    pub async fn shutdown(self) {
        for replica in self.replicas {
            replica.shutdown().await;
        }
        self.lower.close().await;
    }
}

async fn put_one(store: &dyn mapping::store::ObjectStore, key: ObjectKey) {
    let body = Body::from(vec![b'x']);
    store.put(&key, body, Attributes::default(), Condition::Always).await.expect("a stored object");
}
