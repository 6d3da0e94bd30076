//! The same clients once more over MinIO.

use suites::stores::again::{self, Part};
use suites::stores::minio::{self, MinIo};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clients_over_minio_in_a_container() {
    let Some(server) = MinIo::start("the real clients").await else { return };
    again::run(
        minio::TITLE,
        "real clients",
        &server.store,
        Part { only: &["the_sdk", "the_command_line", "generation"], skip: &[] },
    );
}
