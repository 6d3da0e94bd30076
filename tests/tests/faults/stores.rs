//! What goes through the proxy once more, before MinIO: its connections break as those of the embedded
//! store do. What is failed within the process needs no other store.

use suites::stores::again::{self, Part};
use suites::stores::minio::{self, MinIo};

const THROUGH_THE_PROXY: Part =
    Part { only: &["between::", "bursts::", "downloads::", "outages::", "soak::", "uploads::"], skip: &[] };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_faults_over_minio_in_a_container() {
    let Some(server) = MinIo::start("the faults on the way").await else { return };
    again::run(minio::TITLE, "faults", &server.store, THROUGH_THE_PROXY);
}
