//! Servers that speak S3 and break a promise: the bridge does not serve over them, and says why. Where
//! only conditions are missing, one process alone may.

use std::process::Command;

use mapping::ErrorKind;
use mapping::proving::{Writers, prove};
use mapping::random::SystemRandom;
use suites::caller::pattern;
use suites::process::{Server, free_address, serve_bucket};
use suites::stores::differences::Kind;
use suites::stores::installed::title;
use suites::stores::processes::StoreProcess;
use suites::stores::say;
use suites::stores::scratch::ScratchBucket;

const REASON: &str = "it ignores `If-None-Match: *` on writes";

/// What a start says that is refused.
async fn refusal_of(mut serve: Command) -> String {
    let output =
        tokio::task::spawn_blocking(move || serve.output()).await.expect("it is not cancelled").expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

/// Neither the core nor the program takes this store, and each names what would be lost.
async fn is_refused(kind: Kind, server: &StoreProcess) -> ScratchBucket {
    let bucket = server.store.scratch().await;
    let error = prove(bucket.connect().await, Writers::Any, &SystemRandom).await.expect_err("a refusal");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
    assert!(error.message().contains(REASON), "{error}");
    let said = refusal_of(serve_bucket(bucket.settings(), free_address())).await;
    assert!(said.contains(REASON), "{said}");
    say(&format!("{}: refused: {}", title(kind), error.message()));
    bucket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn juicefs_is_refused_but_for_one_process() {
    let Some(server) = StoreProcess::start(Kind::JuiceFs, "its refusal").await else { return };
    let bucket = is_refused(Kind::JuiceFs, &server).await;
    let (address, place) = (free_address(), tempfile::tempdir().unwrap());
    let mut serve = serve_bucket(bucket.settings(), address);
    serve.arg("--single-writer");
    let server = Server::run(serve, &place.path().join("alone"), address).await;
    let ann = server.caller(&server.account("ann").await);
    let folder = ann.created("photos").await;
    ann.create("photos").await.expect(409);
    let content = pattern(12 << 20, 5);
    for _ in 0..2 {
        ann.upload(&folder, "a b/c+d.bin", &content, 1 << 20).await;
        assert!(ann.download(&folder, "a b/c+d.bin").await.expect(200).body == content);
    }
    ann.mkdir(&folder, "empty").await.expect(200);
    assert_eq!(ann.names(&folder, "").await, (vec!["a b".to_owned(), "empty".to_owned()], Vec::new()));
    ann.remove(&folder, "a b/c+d.bin").await.expect(200);
    ann.download(&folder, "a b/c+d.bin").await.expect(404);
    assert!(server.terminate().await.success());
    say(&format!("{}: serves one process with --single-writer", title(Kind::JuiceFs)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rclone_is_refused_even_for_one_process() {
    let Some(server) = StoreProcess::start(Kind::Rclone, "its refusal").await else { return };
    let bucket = is_refused(Kind::Rclone, &server).await;
    let mut serve = serve_bucket(bucket.settings(), free_address());
    serve.arg("--single-writer");
    let said = refusal_of(serve).await;
    assert!(said.contains("this store will not do"), "{said}");
}
