//! The same binary over an S3 endpoint, and two of them over one bucket.

use std::net::SocketAddr;
use std::process::Command;

use mapping::store::s3::S3Settings;
use suites::app::ADMIN_TOKEN;
use suites::caller::{Caller, pattern};
use suites::process::{Server, binary, free_address};
use suites::s3::Endpoint;
use suites::stores::named::NamedStore;
use suites::stores::scratch::ScratchBucket;
use tempfile::TempDir;

use super::{assert_one_sentence, run};

pub(super) const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER_KEY: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A bucket that is reached by the network: in the store that the environment names, else in an
/// embedded one on a socket of this process.
pub(super) struct Stage {
    settings: S3Settings,
    pub(super) place: TempDir,
    _lower: (Option<Endpoint>, Option<ScratchBucket>),
}

impl Stage {
    pub(super) async fn set() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        if let Some(named) = NamedStore::of_environment() {
            let bucket = named.scratch().await;
            return Self { settings: bucket.settings().clone(), place, _lower: (None, Some(bucket)) };
        }
        let endpoint = Endpoint::open(&place.path().join("store"), ([127, 0, 0, 1], 0).into()).await;
        endpoint.make_bucket("folders").await;
        Self { settings: endpoint.settings("folders"), place, _lower: (Some(endpoint), None) }
    }

    pub(super) fn serving(&self, key: &str, address: SocketAddr) -> Command {
        serving_over(&self.settings, key, address)
    }

    async fn started(&self, name: &str) -> Server {
        let address = free_address();
        Server::run(self.serving(KEY, address), &self.place.path().join(name), address).await
    }
}

/// `folderbridge serve` over the endpoint, which runs in this process.
pub(super) fn serving(endpoint: &Endpoint, bucket: &str, key: &str, address: SocketAddr) -> Command {
    serving_over(&endpoint.settings(bucket), key, address)
}

/// `folderbridge serve` over a bucket, everything said by the environment.
fn serving_over(settings: &S3Settings, key: &str, address: SocketAddr) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().arg("serve");
    command.env("FOLDERBRIDGE_LISTEN", address.to_string()).env("FOLDERBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
    command.env("FOLDERBRIDGE_S3_BUCKET", &settings.bucket).env("FOLDERBRIDGE_MASTER_KEY", key);
    command.envs(settings.endpoint.iter().map(|endpoint| ("FOLDERBRIDGE_S3_ENDPOINT", endpoint)));
    command.envs(settings.region.iter().map(|region| ("FOLDERBRIDGE_S3_REGION", region)));
    if let Some(pair) = &settings.credentials {
        command.env("AWS_ACCESS_KEY_ID", &pair.access_key).env("AWS_SECRET_ACCESS_KEY", &pair.secret_key);
    }
    command
}

#[tokio::test]
async fn two_replicas_over_one_bucket_are_one_service() {
    let stage = Stage::set().await;
    let first = stage.started("first").await;
    let second = stage.started("second").await;
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
    assert!(!stage.place.path().join("folderbridge-data").exists());
    assert!(second.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_missing_or_not_ours_is_named() {
    let stage = Stage::set().await;
    let (code, _, error) = run(stage.serving(KEY, free_address()).env("FOLDERBRIDGE_S3_BUCKET", "no-such-bucket"));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "no-such-bucket");

    let mut wrong = stage.serving(KEY, free_address());
    let (code, _, error) = run(wrong.env("AWS_SECRET_ACCESS_KEY", "wrong"));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "AWS_SECRET_ACCESS_KEY");

    let mut gone = stage.serving(KEY, free_address());
    let (code, _, error) = run(gone.env("FOLDERBRIDGE_S3_ENDPOINT", format!("http://{}", free_address())));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "--endpoint");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_is_refused_and_an_added_one_is_not() {
    let stage = Stage::set().await;
    assert!(stage.started("first").await.terminate().await.success());
    let (code, _, error) = run(&mut stage.serving(OTHER_KEY, free_address()));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "master key");
    assert!(!error.contains(OTHER_KEY), "{error}");
    let address = free_address();
    let both = stage.serving(&format!("{OTHER_KEY},{KEY}"), address);
    Server::run(both, &stage.place.path().join("both"), address).await;
}
