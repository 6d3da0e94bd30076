//! The stores of this program: in memory, behind decorators, and the embedded one.

use std::sync::Arc;

use mapping::clock::SystemClock;
use mapping::store::conformance::Options;
use mapping::store::counted::CountedStore;
use mapping::store::faulty::{Faults, FaultyStore};
use mapping::store::memory::{MemoryStore, Repeat};
use mapping::store::s3::{KeyPair, S3Settings, S3Store};
use mapping::store::{Capabilities, StoreErrorKind};
use suites::s3::Endpoint;
use suites::stores::differences::Kind;

use super::servers::{report, small_copies};
use super::{all_holds, options};

fn memory() -> MemoryStore {
    MemoryStore::new(Arc::new(SystemClock::new()))
}

fn usual() -> Options {
    options(Kind::Unknown)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_in_memory() {
    all_holds("memory", Arc::new(memory()), usual()).await;
    all_holds("memory, forgetful", Arc::new(memory().with_repeat(Repeat::NoSuchUpload)), usual()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counted_store() {
    all_holds("counted", Arc::new(CountedStore::new(Arc::new(memory()))), usual()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_store_without_faults() {
    all_holds("faulty", Arc::new(FaultyStore::new(Arc::new(memory()), Faults::default())), usual()).await;
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
    let verdict = store.probe(&usual().run).await.unwrap();
    assert_eq!((verdict.refusal(), verdict.capabilities), (None, Capabilities::all()));
    // Lightly by the detours of a store that was not probed, then in full without.
    let lightly = Options { writers: 8, rounds: 5, listed: 10, ..usual() };
    all_holds("embedded, unproved", Arc::new(store.clone()), lightly).await;
    report("embedded", &all_holds("embedded", Arc::new(store.with_capabilities(verdict.capabilities)), usual()).await);
}

/// Bodies break otherwise on a connection than within a process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_on_a_socket() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::open(directory.path(), ([127, 0, 0, 1], 0).into()).await;
    endpoint.make_bucket("folders").await;
    let store = S3Store::connect(small_copies(endpoint.settings("folders"))).await.unwrap();
    let lightly = Options { writers: 8, rounds: 5, listed: 10, ..usual() };
    all_holds("embedded, on a socket", Arc::new(store.with_capabilities(Capabilities::all())), lightly).await;
}
