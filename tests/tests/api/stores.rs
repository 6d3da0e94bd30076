//! This very suite once more over real S3 servers: over MinIO all of it, over the others a stated part.

use suites::stores::again::{self, Part};
use suites::stores::differences::Kind;
use suites::stores::installed::title;
use suites::stores::minio::{self, MinIo};
use suites::stores::processes::StoreProcess;

/// What starts stores itself: this file.
const THESE: &str = "the_suite_over";

/// What is not run over MinIO, by test.
const MINIO: &[&str] = &[
    THESE,
    // MinIO lists what another program named `x__XLDIR__` as the directory `x`.
    "filesystems::names::what_another_program_named_so_is_shown_read_and_removed",
    "backend_ai::clones::a_task_tells_what_could_not_be_done_and_that_it_was_stopped",
    // Counts what is asked of a store, whichever it is.
    "costs::",
    // Bring their own stores: embedded ones that deny or break something.
    "serve::doctor",
    "serve::single_writer",
];

/// Files, uploads, folders and the real binary over a bucket. Accounts, hostile requests and counts of
/// calls are left to MinIO and the embedded store: they ask nothing of a store that these do not.
const PART: &[&str] = &["filesystems::", "serve::endpoint", "serve::stopping", "faults::"];

/// What is not run over SeaweedFS, by test.
const SEAWEEDFS: &[&str] = &[
    // Its keys are files in directories: one that lost its last file is listed on until somebody deletes
    // it by name, the innermost first.
    "filesystems::files::a_deleted_directory_takes_all_below_it_and_nothing_beside_it",
    // It lists nothing in `.uploads` and `*.versions`, which it keeps things of its own in.
    "filesystems::names::what_another_program_named_so_is_shown_read_and_removed",
];

/// For moto, nothing that starts the real binary: a start tries writers that race, which moto fails now and
/// then.
const WITHIN: &[&str] = &["filesystems::", "faults::"];

/// It takes any secret key: there is no wrong one to be refused.
const UNSIGNED: &[&str] = &["serve::endpoint::a_bucket_that_is_missing_or_not_ours_is_named"];

/// One at a time: each has the machine to itself, as far as this suite goes.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn part_over(kind: Kind, only: &'static [&'static str], skip: &'static [&'static str]) {
    let _turn = TURN.lock().await;
    let Some(server) = StoreProcess::start(kind, "the API suite").await else { return };
    again::run(&title(kind), "API", &server.store, Part { only, skip });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_over_minio_in_a_container() {
    let _turn = TURN.lock().await;
    let Some(server) = MinIo::start("the API suite").await else { return };
    again::run(minio::TITLE, "API", &server.store, Part { only: &[], skip: MINIO });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_over_seaweedfs() {
    part_over(Kind::SeaweedFs, PART, SEAWEEDFS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_over_ministack() {
    part_over(Kind::Ministack, PART, UNSIGNED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_over_moto() {
    part_over(Kind::Moto, WITHIN, &[]).await;
}
