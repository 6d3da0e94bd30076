//! The model's random sequences once more over real S3 servers. What runs over a store in memory stays
//! there.

use suites::stores::again::{self, Part};
use suites::stores::differences::Kind;
use suites::stores::installed::title;
use suites::stores::minio::{self, MinIo};
use suites::stores::processes::StoreProcess;

const PART: Part = Part { only: &["uploads_over_a_store", "moves_over_a_store"], skip: &[] };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_over_minio_in_a_container() {
    let Some(server) = MinIo::start("the model suite").await else { return };
    again::run(minio::TITLE, "model", &server.store, PART);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_over_seaweedfs() {
    let Some(server) = StoreProcess::start(Kind::SeaweedFs, "the model suite").await else { return };
    again::run(&title(Kind::SeaweedFs), "model", &server.store, PART);
}
