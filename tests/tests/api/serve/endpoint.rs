//! The same binary over an S3 endpoint, and two of them over one bucket.

use std::path::Path;
use std::process::Command;

use suites::app::ADMIN_TOKEN;
use suites::caller::{Caller, pattern};
use suites::process::{Server, binary, free_address};
use suites::s3::Endpoint;

use super::{assert_one_sentence, run};

pub(super) const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER_KEY: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

async fn endpoint(place: &Path) -> Endpoint {
    let endpoint = Endpoint::open(&place.join("store"), ([127, 0, 0, 1], 0).into()).await;
    endpoint.make_bucket("folders").await;
    endpoint
}

/// `folderbridge serve` over the endpoint, which runs in this process, everything said by the environment.
pub(super) fn serving(endpoint: &Endpoint, bucket: &str, key: &str, address: std::net::SocketAddr) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().arg("serve");
    command.env("FOLDERBRIDGE_LISTEN", address.to_string()).env("FOLDERBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
    command.env("FOLDERBRIDGE_S3_ENDPOINT", endpoint.url()).env("FOLDERBRIDGE_S3_BUCKET", bucket);
    command.env("FOLDERBRIDGE_S3_REGION", "us-east-1").env("FOLDERBRIDGE_MASTER_KEY", key);
    command.env("AWS_ACCESS_KEY_ID", &endpoint.access_key).env("AWS_SECRET_ACCESS_KEY", &endpoint.secret_key);
    command
}

async fn started(place: &Path, endpoint: &Endpoint, name: &str) -> Server {
    let address = free_address();
    Server::run(serving(endpoint, "folders", KEY, address), &place.join(name), address).await
}

#[tokio::test]
async fn two_replicas_over_one_bucket_are_one_service() {
    let place = tempfile::tempdir().unwrap();
    let endpoint = endpoint(place.path()).await;
    let first = started(place.path(), &endpoint, "first").await;
    let second = started(place.path(), &endpoint, "second").await;
    let ann = first.account("ann").await;
    let both = Caller::nobody(&[first.address, second.address]).with_token(ann["api_token"].as_str().unwrap());
    let id = both.created("photos").await;
    for (length, chunk) in [(0, 100), (100_000, 10_240), (3_000_001, 10_240), (13_000_000, 5_500_000)] {
        let content = pattern(length, length as u64);
        both.upload(&id, "a.bin", &content, chunk).await;
        assert!(both.download(&id, "a.bin").await.expect(200).body == content, "{length} bytes in chunks of {chunk}");
        assert!(both.download(&id, "a.bin").await.expect(200).body == content, "through the other replica");
    }
    first.kill();
    let left = second.caller(&ann);
    assert_eq!(left.names(&id, "").await.1, ["a.bin"]);
    left.upload(&id, "b.bin", &pattern(50_000, 3), 10_240).await;
    assert!(!place.path().join("folderbridge-data").exists());
    assert!(second.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_missing_or_not_ours_is_named() {
    let place = tempfile::tempdir().unwrap();
    let endpoint = endpoint(place.path()).await;
    let (code, _, error) = run(&mut serving(&endpoint, "no-such-bucket", KEY, free_address()));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "no-such-bucket");

    let mut wrong = serving(&endpoint, "folders", KEY, free_address());
    let (code, _, error) = run(wrong.env("AWS_SECRET_ACCESS_KEY", "wrong"));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "AWS_SECRET_ACCESS_KEY");

    let mut gone = serving(&endpoint, "folders", KEY, free_address());
    let (code, _, error) = run(gone.env("FOLDERBRIDGE_S3_ENDPOINT", format!("http://{}", free_address())));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "--endpoint");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_is_refused_and_an_added_one_is_not() {
    let place = tempfile::tempdir().unwrap();
    let endpoint = endpoint(place.path()).await;
    assert!(started(place.path(), &endpoint, "first").await.terminate().await.success());
    let (code, _, error) = run(&mut serving(&endpoint, "folders", OTHER_KEY, free_address()));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "master key");
    assert!(!error.contains(OTHER_KEY), "{error}");
    let address = free_address();
    let both = serving(&endpoint, "folders", &format!("{OTHER_KEY},{KEY}"), address);
    Server::run(both, &place.path().join("both"), address).await;
}
