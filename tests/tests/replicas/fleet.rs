//! The processes, and who kills them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::join_all;
use mapping::random::{Random, SeededRandom};
use mapping::store::Store;
use mapping::store::s3::{S3Settings, S3Store};
use suites::caller::Caller;
use suites::process::{Server, free_address, serve_bucket};
use tempfile::TempDir;

use super::moves::Keys;

/// What the folder is called.
const FOLDER: &str = "photos";

/// How many processes serve.
pub(crate) const REPLICAS: usize = 3;

/// How long the killer lets them be, in milliseconds: at least, and at most so much more.
const PEACE: (u64, u64) = (300, 1200);

/// Of so many times, all are killed once.
const ALL_AT_ONCE: u64 = 8;

/// `folderbridge serve`, three times over one bucket.
pub(crate) struct Fleet {
    pub(crate) settings: S3Settings,
    place: TempDir,
    replicas: Mutex<Vec<Option<Replica>>>,
    chance: SeededRandom,
    kills: AtomicU64,
    /// Who kills and starts, one at a time.
    turn: tokio::sync::Mutex<()>,
}

struct Replica {
    server: Server,
    nobody: Caller,
}

impl Fleet {
    pub(crate) async fn start(settings: S3Settings, seed: u64) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let replicas = Mutex::new((0..REPLICAS).map(|_| None).collect());
        let (chance, kills, turn) = (SeededRandom::new(seed), AtomicU64::new(0), tokio::sync::Mutex::default());
        let fleet = Self { settings, place, replicas, chance, kills, turn };
        // One after the other: the first sets the bucket up.
        for place in 0..REPLICAS {
            fleet.start_one(place).await;
        }
        fleet
    }

    /// An account and its folder: the token, the folder's id, and what signs requests for it.
    pub(crate) async fn somebody(&self) -> (String, String, Keys) {
        let admin = self.some(0).expect("a replica").with_token(&format!("Bearer {}", suites::app::ADMIN_TOKEN));
        let body = serde_json::json!({ "email": "ann@example.org" });
        let made = admin.call(reqwest::Method::POST, "/admin/v1/accounts", &body).await.expect(201).json();
        let text = |name: &str| made[name].as_str().expect("a credential").to_owned();
        let (token, access, secret) = (text("api_token"), text("access_key"), text("secret_key"));
        let folder = admin.with_token(&token).created(FOLDER).await;
        (token, folder, Keys { access, secret, name: FOLDER })
    }

    /// Nobody who calls one of those that run; `None` when none does.
    pub(crate) fn some(&self, which: u64) -> Option<Caller> {
        let replicas = self.replicas();
        let running: Vec<_> = replicas.iter().flatten().collect();
        let which = usize::try_from(which).expect("small") % running.len().max(1);
        running.get(which).map(|replica| replica.nobody.clone())
    }

    /// Nobody who calls the one in this place, if it runs.
    pub(crate) fn at(&self, place: usize) -> Option<Caller> {
        self.replicas()[place].as_ref().map(|replica| replica.nobody.clone())
    }

    /// The URL of each that runs.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.replicas().iter().flatten().map(|replica| replica.server.url()).collect()
    }

    pub(crate) fn kills(&self) -> u64 {
        self.kills.load(Ordering::Relaxed)
    }

    /// Kills now one of them and now all, and starts them again. In the end all run.
    pub(crate) async fn kill_until(&self, until: Instant) {
        while Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(PEACE.0 + self.below(PEACE.1))).await;
            let _turn = self.turn.lock().await;
            let one = usize::try_from(self.below(REPLICAS as u64)).expect("small");
            let doomed = if self.below(ALL_AT_ONCE) == 0 { (0..REPLICAS).collect() } else { vec![one] };
            for place in &doomed {
                self.kill(*place);
            }
            tokio::time::sleep(Duration::from_millis(self.below(500))).await;
            join_all(doomed.into_iter().map(|place| self.start_one(place))).await;
        }
    }

    /// Kills the one in this place now, and starts another there.
    pub(crate) async fn replace(&self, place: usize) {
        let _turn = self.turn.lock().await;
        self.kill(place);
        self.start_one(place).await;
    }

    /// The store below all, past them.
    pub(crate) async fn store(&self) -> Store {
        let store = S3Store::connect(self.settings.clone()).await.expect("a client of the store");
        let verdict = store.probe("past-them").await.expect("a verdict");
        Arc::new(store.with_capabilities(verdict.capabilities))
    }

    /// SIGTERM to all.
    pub(crate) async fn terminate(&self) {
        let all: Vec<_> = self.replicas().iter_mut().filter_map(Option::take).collect();
        for replica in all {
            let log = replica.server.log();
            assert!(replica.server.terminate().await.success(), "{log}");
        }
    }

    /// Starts one, in a place where none runs.
    pub(crate) async fn start_one(&self, place: usize) {
        let address = free_address();
        let log = self.place.path().join(format!("replica-{place}"));
        let server = Server::run(serve_bucket(&self.settings, address), &log, address).await;
        let nobody = Caller::nobody(&[address]);
        self.replicas()[place] = Some(Replica { server, nobody });
    }

    fn kill(&self, place: usize) {
        let doomed = self.replicas()[place].take();
        doomed.expect("it runs").server.kill();
        self.kills.fetch_add(1, Ordering::Relaxed);
    }

    fn below(&self, below: u64) -> u64 {
        let chance: &dyn Random = &self.chance;
        chance.below(below)
    }

    fn replicas(&self) -> MutexGuard<'_, Vec<Option<Replica>>> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
