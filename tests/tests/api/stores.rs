//! This very suite once more over real S3 servers: over MinIO all of it, over the others a stated part.

use suites::stores::again::{self, Part};
use suites::stores::differences::Kind;
use suites::stores::installed::title;
use suites::stores::minio::{self, MinIo};
use suites::stores::processes::StoreProcess;

/// What starts stores itself: this file.
const THESE: &str = "the_suite_over";

/// Files, uploads, folders and the real binary over a bucket. Accounts, hostile requests and counts of
/// calls are left to MinIO and the embedded store: they ask nothing of a store that these do not.
const PART: &[&str] = &["filesystems::", "serve::endpoint", "serve::stopping", "faults::"];

/// What only a bare store shows. Of objects that another program named so, MinIO lists `x__XLDIR__` as a
/// directory `x`, and SeaweedFS nothing in `.uploads`; the bridge makes none of them.
const FOREIGN_NAMES: &str = "what_another_program_named_so";

/// One at a time: each has the machine to itself, as far as this suite goes.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn part_over(kind: Kind, skip: &'static [&'static str]) {
    let _turn = TURN.lock().await;
    let Some(server) = StoreProcess::start(kind, "the API suite").await else { return };
    again::run(&title(kind), "API", &server.store, Part { only: PART, skip });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_over_minio_in_a_container() {
    let _turn = TURN.lock().await;
    let Some(server) = MinIo::start("the API suite").await else { return };
    again::run(minio::TITLE, "API", &server.store, Part { only: &[], skip: &[THESE, FOREIGN_NAMES] });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_over_seaweedfs() {
    part_over(Kind::SeaweedFs, &[FOREIGN_NAMES]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_over_ministack() {
    part_over(Kind::Ministack, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_over_moto() {
    part_over(Kind::Moto, &[]).await;
}
