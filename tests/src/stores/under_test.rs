//! The store under test: the one that the environment names, else an embedded one.

use embedded::LocalStore;
use mapping::store::s3::{KeyPair, S3Settings, S3Store};
use tempfile::TempDir;

use super::named::{NamedStore, capabilities_of_environment};
use super::scratch::ScratchBucket;

/// A bucket in it for one test only. Dropped, it is removed with all that is in it.
#[derive(Debug)]
pub struct UnderTest(Lower);

#[derive(Debug)]
enum Lower {
    Embedded { local: LocalStore, _data: TempDir },
    Named { _bucket: Box<ScratchBucket> },
}

impl UnderTest {
    /// A new bucket, and a client of it.
    pub async fn open() -> (Self, S3Store) {
        match NamedStore::of_environment() {
            Some(named) => Self::named(&named).await,
            None => Self::embedded().await,
        }
    }

    async fn named(named: &NamedStore) -> (Self, S3Store) {
        let bucket = named.scratch().await;
        let store = bucket.connect().await;
        let capabilities = capabilities_of_environment(&store).await;
        (Self(Lower::Named { _bucket: Box::new(bucket) }), store.with_capabilities(capabilities))
    }

    /// Relying on as little as may be relied on of a store that was not tried out: so the detours are
    /// tested too.
    async fn embedded() -> (Self, S3Store) {
        let data = tempfile::tempdir().expect("a directory");
        let local = LocalStore::open(data.path()).await.expect("the embedded store");
        let (access_key, secret_key) = local.key_pair();
        let settings = S3Settings {
            endpoint: Some("http://embedded.invalid".to_owned()),
            credentials: Some(KeyPair { access_key, secret_key }),
            http_client: Some(local.http_client()),
            ..S3Settings::new("folderbridge")
        };
        let store = S3Store::connect(settings).await.expect("a client of the store");
        store.ensure_bucket().await.expect("a bucket");
        (Self(Lower::Embedded { local, _data: data }), store)
    }

    /// Ends an embedded store, which its next opening in this process waits for.
    pub async fn close(self) {
        if let Lower::Embedded { local, .. } = self.0 {
            local.close().await;
        }
    }
}
