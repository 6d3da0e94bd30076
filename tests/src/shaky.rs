//! An application whose store can be made to fail: within this process, or behind a [`Proxy`] on a
//! socket with the real client of S3 in between. Its clock can be moved ahead, so that what waits for
//! time to pass does not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bridge::app::{AppSettings, Running, start};
use embedded::LocalStore;
use mapping::clock::Clock;
use mapping::random::SystemRandom;
use mapping::store::faulty::{Faults, FaultyStore};
use mapping::store::s3::{KeyPair, Retries, S3Settings, S3Store, Timeouts};
use mapping::store::{Capabilities, Store};
use mapping::{Bucket, MasterKeys, NewAccount, Parts, Secret, Settings};
use tempfile::TempDir;
use url::Url;

use crate::ahead::AheadClock;
use crate::app::{ADMIN_TOKEN, Person};
use crate::bucket::{self, Snapshot};
use crate::caller::Caller;
use crate::proxy::Proxy;
use crate::s3::Endpoint;
use crate::signer::Signer;
use crate::stores::named::{NamedStore, capabilities_of_environment};
use crate::stores::scratch::ScratchBucket;

/// How long the store may take to answer an attempt.
const ATTEMPT: Duration = Duration::from_millis(600);

/// The same for copies and Complete, which take a busy machine their time.
const LONG_ATTEMPT: Duration = Duration::from_millis(1500);

/// How long a late first byte takes, in time.
const SLOW: Duration = Duration::from_millis(100);

/// What makes the store fail.
#[derive(Debug)]
pub enum Trouble {
    /// Within this process.
    Within(Arc<FaultyStore>),
    /// On the way to it.
    Between(Box<Proxy>),
}

/// An application over a store that can be made to fail.
#[derive(Debug)]
pub struct Shaky {
    /// What makes it fail.
    pub trouble: Trouble,
    /// The same store, past all trouble.
    pub direct: Store,
    /// The application's clock.
    pub clock: Arc<AheadClock>,
    running: Running,
    pub(crate) key: Secret,
    _store: Held,
}

/// What must live as long as the store.
#[derive(Debug)]
struct Held {
    _local: Option<LocalStore>,
    _endpoint: Option<Endpoint>,
    _data: Option<TempDir>,
    _bucket: Option<ScratchBucket>,
}

impl Shaky {
    /// Over a store that fails within this process.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn within() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let local = LocalStore::open(data.path()).await.expect("the embedded store");
        let (access_key, secret_key) = local.key_pair();
        let mut settings = S3Settings::new("folderbridge");
        settings.endpoint = Some("http://embedded.invalid".to_owned());
        settings.credentials = Some(KeyPair { access_key, secret_key });
        settings.http_client = Some(local.http_client());
        let direct = connected(settings).await;
        let faulty = Arc::new(FaultyStore::new(Arc::clone(&direct), Faults::default()));
        let held = Held { _local: Some(local), _endpoint: None, _data: Some(data), _bucket: None };
        Self::over(Arc::clone(&faulty) as Store, direct, Trouble::Within(faulty), core(), held).await
    }

    /// Behind a proxy before the embedded store on a socket, or before the server that the environment
    /// names.
    pub async fn between() -> Self {
        Self::between_with(core(), quick()).await
    }

    /// The same, with settings of the core, and as patient with the store as told.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn between_with(core: Settings, retries: Retries) -> Self {
        let named = NamedStore::of_environment();
        let (settings, address, held) = match &named {
            Some(named) => named_server(named).await,
            None => embedded_server().await,
        };
        let direct = S3Store::connect(settings.clone()).await.expect("a client of the store");
        let capabilities = match named {
            Some(_) => capabilities_of_environment(&direct).await,
            None => Capabilities::all(),
        };
        let direct: Store = Arc::new(direct.with_capabilities(capabilities));
        let proxy = Proxy::open(address, Arc::clone(&direct), SLOW).await;
        let through = S3Settings { endpoint: Some(proxy.url()), ..settings };
        let store = S3Store::connect(impatient(through, retries)).await.expect("a client of the proxy");
        let store = Arc::new(store.with_capabilities(capabilities));
        Self::over(store, direct, Trouble::Between(Box::new(proxy)), core, held).await
    }

    async fn over(store: Store, direct: Store, trouble: Trouble, settings: Settings, held: Held) -> Self {
        let clock = Arc::new(AheadClock::default());
        let key = MasterKeys::generate(&SystemRandom);
        let parts = Parts {
            store,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SystemRandom),
            keys: key.expose().parse().expect("a master key"),
            settings,
        };
        let settings = AppSettings { admin_token: Some(ADMIN_TOKEN.to_owned()), ..AppSettings::default() };
        let running = start(parts, settings).await.expect("a replica");
        Self { trouble, direct, clock, running, key, _store: held }
    }

    /// The core.
    #[must_use]
    pub fn core(&self) -> &Bucket {
        self.running.state.bucket()
    }

    /// The proxy.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        match &self.trouble {
            Trouble::Between(proxy) => proxy,
            Trouble::Within(_) => panic!("there is no proxy"),
        }
    }

    /// The proxy, to let it go down and come up.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn proxy_mut(&mut self) -> &mut Proxy {
        match &mut self.trouble {
            Trouble::Between(proxy) => proxy,
            Trouble::Within(_) => panic!("there is no proxy"),
        }
    }

    /// The store that fails within this process.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn faulty(&self) -> &FaultyStore {
        match &self.trouble {
            Trouble::Within(faulty) => faulty,
            Trouble::Between(_) => panic!("the store fails on the way to it"),
        }
    }

    /// Ends all trouble.
    pub fn heal(&self) {
        match &self.trouble {
            Trouble::Within(faulty) => faulty.set_faults(Faults::default()),
            Trouble::Between(proxy) => proxy.heal(),
        }
    }

    /// Calls without a token.
    #[must_use]
    pub fn nobody(&self) -> Caller {
        Caller::nobody(&[self.running.address])
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

    /// The whole bucket.
    pub async fn snapshot(&self) -> Snapshot {
        bucket::snapshot(&self.direct).await
    }

    /// Waits for a state, not for a while.
    ///
    /// # Panics
    /// When it does not come within 20 seconds.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        for _ in 0..1000 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not within 20 seconds: {what}");
    }

    /// Stops as SIGTERM does.
    pub async fn shutdown(self) {
        self.running.shutdown().await;
    }
}

/// Held chunks are stored and let go soon, so that nobody waits for them.
#[must_use]
pub fn core() -> Settings {
    let (hold_chunks_for, remember_uploads_for) = (Duration::from_millis(30), Duration::from_millis(500));
    Settings { hold_chunks_for, remember_uploads_for, ..Settings::default() }
}

/// As often as a running program, but in milliseconds.
#[must_use]
pub fn quick() -> Retries {
    Retries { pause: Duration::from_millis(5), longest_pause: Duration::from_millis(40), ..Retries::default() }
}

fn impatient(settings: S3Settings, retries: Retries) -> S3Settings {
    let timeouts =
        Timeouts { connect: Duration::from_secs(1), attempt: ATTEMPT, long_attempt: LONG_ATTEMPT, stall: ATTEMPT };
    S3Settings { retries, timeouts, idle_for: Duration::from_secs(1), ..settings }
}

/// The embedded store on a socket: how it is reached, and where.
async fn embedded_server() -> (S3Settings, SocketAddr, Held) {
    let data = tempfile::tempdir().expect("a directory");
    let endpoint = Endpoint::open(data.path(), ([127, 0, 0, 1], 0).into()).await;
    endpoint.make_bucket("folderbridge").await;
    let key_pair = KeyPair { access_key: endpoint.access_key.clone(), secret_key: endpoint.secret_key.clone() };
    let (url, address) = (Some(endpoint.url()), endpoint.address);
    let settings = S3Settings { endpoint: url, credentials: Some(key_pair), ..S3Settings::new("folderbridge") };
    (settings, address, Held { _local: None, _endpoint: Some(endpoint), _data: Some(data), _bucket: None })
}

/// A bucket of its own in a server that is reached without TLS.
async fn named_server(named: &NamedStore) -> (S3Settings, SocketAddr, Held) {
    let bucket = named.scratch().await;
    let settings = bucket.settings().clone();
    let url: Url = named.endpoint.as_deref().unwrap_or("https://aws").parse().expect("FOLDERBRIDGE_TEST_S3_ENDPOINT");
    assert_eq!(url.scheme(), "http", "the proxy sees into requests: it stands before plain HTTP only");
    let address = url.socket_addrs(|| None).expect("an address of the store")[0];
    (settings, address, Held { _local: None, _endpoint: None, _data: None, _bucket: Some(bucket) })
}

async fn connected(settings: S3Settings) -> Store {
    let store = S3Store::connect(settings).await.expect("a client of the store");
    store.ensure_bucket().await.expect("a bucket");
    Arc::new(store)
}
