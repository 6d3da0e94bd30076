//! Servers that speak S3: MinIO in a container, others as processes, any that the environment names.

use std::sync::Arc;

use mapping::store::conformance::Report;
use mapping::store::s3::{S3Settings, S3Store};
use suites::stores::differences::Kind;
use suites::stores::installed::title;
use suites::stores::minio::{self, MinIo};
use suites::stores::named::NamedStore;
use suites::stores::processes::StoreProcess;
use suites::stores::say;

use super::{all_holds, options};

/// Small enough that the suite's large object is copied by parts.
pub(super) fn small_copies(settings: S3Settings) -> S3Settings {
    S3Settings { copy_at_once: 6 << 20, copy_part: 5 << 20, ..settings }
}

/// Says what a run found, where everybody sees it.
pub(super) fn report(title: &str, report: &Report) {
    for line in report.to_string().lines() {
        say(&format!("{title}: conformance: {}", line.trim()));
    }
}

/// Tries a store out, then runs the whole store suite over a bucket of its own.
async fn conforms(title: &str, store: &NamedStore) {
    let bucket = store.scratch().await;
    let client = S3Store::connect(small_copies(bucket.settings().clone())).await.expect("a client");
    let verdict = client.probe(&options(store.kind).run).await.expect("a verdict");
    assert!(store.kind.is_racy() || verdict.refusal().is_none(), "{title}: {:?}", verdict.refusal());
    for warning in verdict.warnings() {
        say(&format!("{title}: {warning}"));
    }
    let client = Arc::new(client.with_capabilities(verdict.capabilities));
    report(title, &all_holds(title, client, options(store.kind)).await);
}

async fn server(kind: Kind) {
    let Some(server) = StoreProcess::start(kind, "conformance").await else { return };
    conforms(&title(kind), &server.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn minio_in_a_container() {
    let Some(server) = MinIo::start("conformance").await else { return };
    conforms(minio::TITLE, &server.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seaweedfs() {
    server(Kind::SeaweedFs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ministack() {
    server(Kind::Ministack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moto() {
    server(Kind::Moto).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_that_the_environment_names() {
    match NamedStore::of_environment() {
        Some(store) => conforms(store.endpoint.as_deref().unwrap_or("AWS"), &store).await,
        None => say("skipped: the store that the environment names: FOLDERBRIDGE_TEST_S3_BUCKET names no bucket"),
    }
}
