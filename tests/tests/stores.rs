//! The store suite over every store there is: in memory, behind decorators, embedded, and any
//! that the environment names.
//!
//! `FOLDERBRIDGE_TEST_S3_ENDPOINT`, `_ACCESS_KEY`, `_SECRET_KEY` and `_BUCKET` name one, and
//! `_KIND` (`seaweedfs`) says what is known of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use mapping::clock::SystemClock;
use mapping::random::{Random, SystemRandom};
use mapping::store::conformance::{Options, run};
use mapping::store::counted::CountedStore;
use mapping::store::faulty::{Faults, FaultyStore};
use mapping::store::memory::{MemoryStore, Repeat};
use mapping::store::s3::{KeyPair, S3Settings, S3Store};
use mapping::store::{Capabilities, Store, StoreErrorKind};
use suites::environment::test_store;

/// What SeaweedFS 4.48 is known to do otherwise: its Complete checks conditions, but not in one
/// step with the commit. Of two parts of one number its list may name either.
const SEAWEEDFS: &[&str] = &[
    "of many completes if absent one wins",
    "of many completes if matching one wins",
    "a part put again replaces the first",
];

fn memory() -> MemoryStore {
    MemoryStore::new(Arc::new(SystemClock::new()))
}

fn options(known: &[&'static str]) -> Options {
    let random: &dyn Random = &SystemRandom;
    Options { known: known.iter().copied().collect::<BTreeSet<_>>(), ..Options::new(random.alphanumeric(12)) }
}

async fn all_holds(store: Store, options: Options) {
    let report = run(&store, &options).await;
    println!("{store:?}: {report}");
    assert_eq!(report.surprises().count(), 0, "{report}");
}

/// Small enough that the suite's large object is copied by parts.
fn small_copies(settings: S3Settings) -> S3Settings {
    S3Settings { copy_at_once: 6 << 20, copy_part: 5 << 20, ..settings }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_in_memory() {
    all_holds(Arc::new(memory()), options(&[])).await;
    all_holds(Arc::new(memory().with_repeat(Repeat::NoSuchUpload)), options(&[])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counted_store() {
    all_holds(Arc::new(CountedStore::new(Arc::new(memory()))), options(&[])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_store_without_faults() {
    all_holds(Arc::new(FaultyStore::new(Arc::new(memory()), Faults::default())), options(&[])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store() {
    let directory = tempfile::tempdir().unwrap();
    let local = embedded::LocalStore::open(directory.path()).await.unwrap();
    let (access_key, secret_key) = local.key_pair();
    let settings = S3Settings {
        endpoint: Some("http://embedded.invalid".to_owned()),
        credentials: Some(KeyPair { access_key, secret_key }),
        http_client: Some(local.http_client()),
        ..S3Settings::new("folderbridge")
    };
    let store = S3Store::connect(small_copies(settings)).await.unwrap();
    assert_eq!(store.check_bucket().await.unwrap_err().kind(), StoreErrorKind::NoSuchBucket);
    store.ensure_bucket().await.unwrap();
    let verdict = store.probe(&options(&[]).run).await.unwrap();
    assert_eq!((verdict.refusal(), verdict.capabilities), (None, Capabilities::all()));
    // Lightly by the detours of a store that was not probed, then in full without.
    let lightly = Options { writers: 8, rounds: 5, listed: 10, ..options(&[]) };
    all_holds(Arc::new(store.clone()), lightly).await;
    all_holds(Arc::new(store.with_capabilities(verdict.capabilities)), options(&[])).await;
}

/// The environment's store, if it names one.
fn named() -> Option<(S3Settings, &'static [&'static str])> {
    let bucket = test_store("BUCKET")?;
    let pair = test_store("ACCESS_KEY").zip(test_store("SECRET_KEY"));
    let credentials = pair.map(|(access_key, secret_key)| KeyPair { access_key, secret_key });
    let settings = S3Settings { endpoint: test_store("ENDPOINT"), credentials, ..S3Settings::new(bucket) };
    let known = match test_store("KIND").as_deref() {
        Some("seaweedfs") => SEAWEEDFS,
        _ => &[],
    };
    Some((settings, known))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_that_the_environment_names() {
    let Some((settings, known)) = named() else {
        println!("skipped: FOLDERBRIDGE_TEST_S3_BUCKET names no bucket");
        return;
    };
    let store = S3Store::connect(small_copies(settings)).await.unwrap();
    store.ensure_bucket().await.unwrap();
    let verdict = store.probe(&options(&[]).run).await.unwrap();
    println!("{verdict:?} {:?}", verdict.warnings());
    assert_eq!(verdict.refusal(), None);
    all_holds(Arc::new(store.with_capabilities(verdict.capabilities)), options(known)).await;
}
