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

pub(crate) const BUCKET: &str = "bucket";

/// A fresh store with one bucket.
pub(crate) struct Fixture {
    pub(crate) dir: TempDir,
    pub(crate) store: LocalStore,
    pub(crate) client: Client,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::open(dir.path()).await.unwrap();
        let client = client(&store);
        client.create_bucket().bucket(BUCKET).send().await.unwrap();
        Self { dir, store, client }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let body = ByteStream::from(body.into());
        let put = self.client.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
        put.e_tag.unwrap()
    }

    pub(crate) async fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.client.get_object().bucket(BUCKET).key(key).send().await {
            Ok(found) => Some(found.body.collect().await.unwrap().to_vec()),
            Err(error) => {
                assert_eq!(answer::<(), _>(Err(error)), "404 NoSuchKey");
                None
            }
        }
    }

    /// The blob files of the store.
    pub(crate) fn blobs(&self) -> Vec<std::path::PathBuf> {
        blobs(self.path())
    }
}

/// The blob and temporary files in a store's directory.
pub(crate) fn blobs(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries =
        |dir: &Path| -> Vec<_> { std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect() };
    let mut all: Vec<_> = entries(&dir.join("blobs")).iter().flat_map(|dir| entries(dir)).collect();
    all.extend(entries(&dir.join("tmp")));
    all
}

/// Waits until the store has so many blob files; removal happens behind the answer.
pub(crate) async fn settles_at(dir: &Path, files: usize) {
    for _ in 0..500 {
        if blobs(dir).len() == files {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{} blob files, expected {files}", blobs(dir).len());
}

/// A client that calls the store in process.
pub(crate) fn client(store: &LocalStore) -> Client {
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
pub(crate) fn answer<T, E>(result: Result<T, SdkError<E, HttpResponse>>) -> String
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
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
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

pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    <md5::Md5 as md5::Digest>::digest(bytes).into()
}

/// Compares the index with itself and with the files: every reference is counted, every file is named.
pub(crate) fn audit(dir: &Path) {
    let index = rusqlite::Connection::open(dir.join("index.sqlite")).unwrap();
    let check: String = index.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let miscounted: i64 = index
        .query_row(
            "SELECT count(*) FROM blobs LEFT JOIN (
               SELECT blob, count(*) AS found FROM (
                 SELECT json_extract(s.value, '$[0]') AS blob FROM objects, json_each(objects.segments) AS s
                 UNION ALL
                 SELECT json_extract(s.value, '$[0]') AS blob FROM parts, json_each(parts.segments) AS s
               ) GROUP BY blob
             ) ON blob = blobs.id WHERE found IS NOT refs",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(miscounted, 0, "blobs with a wrong number of references");
    let mut files = index.prepare("SELECT file FROM blobs WHERE file IS NOT NULL ORDER BY file").unwrap();
    let named: Vec<String> = files.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut found: Vec<_> =
        blobs(dir).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    found.sort();
    assert_eq!(found, named, "files that no row names, or rows without a file");
}
