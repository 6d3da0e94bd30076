//! A store in a directory of its own, and a client of it.

use std::fmt::Debug;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use embedded::LocalStore;
use tempfile::TempDir;

pub const BUCKET: &str = "bucket";

/// A fresh store with one bucket.
pub struct Fixture {
    pub dir: TempDir,
    pub store: LocalStore,
    pub client: Client,
}

impl Fixture {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::open(dir.path()).await.unwrap();
        let client = client(&store);
        client.create_bucket().bucket(BUCKET).send().await.unwrap();
        Self { dir, store, client }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let body = ByteStream::from(body.into());
        let put = self.client.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
        put.e_tag.unwrap()
    }

    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.client.get_object().bucket(BUCKET).key(key).send().await {
            Ok(found) => Some(found.body.collect().await.unwrap().to_vec()),
            Err(error) => {
                assert_eq!(answer::<(), _>(Err(error)), "404 NoSuchKey");
                None
            }
        }
    }

    /// The blob files of the store.
    pub fn blobs(&self) -> Vec<std::path::PathBuf> {
        blobs(self.path())
    }
}

/// The blob and temporary files in a store's directory.
pub fn blobs(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries =
        |dir: &Path| -> Vec<_> { std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect() };
    let mut all: Vec<_> = entries(&dir.join("blobs")).iter().flat_map(|dir| entries(dir)).collect();
    all.extend(entries(&dir.join("tmp")));
    all
}

/// Waits until the store has so many blob files; removal happens behind the answer.
pub async fn settles_at(dir: &Path, files: usize) {
    for _ in 0..500 {
        if blobs(dir).len() == files {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{} blob files, expected {files}", blobs(dir).len());
}

/// A client that calls the store in process.
pub fn client(store: &LocalStore) -> Client {
    let (access_key, secret_key) = store.key_pair();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .region(Region::new("us-east-1"))
        .endpoint_url("http://store.invalid")
        .force_path_style(true)
        .http_client(store.http_client())
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled());
    Client::from_conf(config.build())
}

/// The status and code of an answer: `200 ok`, `412 PreconditionFailed`.
pub fn answer<T, E>(result: Result<T, SdkError<E, HttpResponse>>) -> String
where
    SdkError<E, HttpResponse>: ProvideErrorMetadata + Debug,
    E: std::fmt::Debug + std::error::Error + 'static,
{
    match result {
        Ok(_) => "200 ok".to_owned(),
        Err(error) => {
            let status = error.raw_response().map_or(0, |response| response.status().as_u16());
            format!("{status} {}", error.code().unwrap_or("-"))
        }
    }
}

/// Bytes that differ from place to place.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = std::iter::repeat_with(next).take(length / 8 + 1).flatten().collect();
    bytes.truncate(length);
    bytes
}
