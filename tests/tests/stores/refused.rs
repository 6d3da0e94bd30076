//! Servers that speak S3 and break a promise: the bridge does not serve over them, and says why.

use mapping::ErrorKind;
use mapping::proving::prove;
use mapping::random::SystemRandom;
use suites::process::{free_address, serve_bucket};
use suites::stores::differences::Kind;
use suites::stores::installed::title;
use suites::stores::processes::StoreProcess;
use suites::stores::say;

/// Neither the core nor the program takes this store, and each names what would be lost.
async fn is_refused(kind: Kind, part: &str) {
    let Some(server) = StoreProcess::start(kind, "its refusal").await else { return };
    let bucket = server.store.scratch().await;
    let error = prove(bucket.connect().await, &SystemRandom).await.expect_err("a refusal");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
    assert!(error.message().contains(part), "{error}");

    let mut serve = serve_bucket(bucket.settings(), free_address());
    let output =
        tokio::task::spawn_blocking(move || serve.output()).await.expect("it is not cancelled").expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(part), "{said}");
    say(&format!("{}: refused: {}", title(kind), error.message()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn juicefs_is_refused() {
    is_refused(Kind::JuiceFs, "it ignores `If-None-Match: *` on writes").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rclone_is_refused() {
    is_refused(Kind::Rclone, "it ignores `If-None-Match: *` on writes").await;
}
