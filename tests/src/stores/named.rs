//! An S3 store by its address. The environment names the one that all suites run over; a test that
//! starts a server names it for the suites it then runs.

use std::process::Command;

use mapping::store::Capabilities;
use mapping::store::s3::{KeyPair, S3Settings, S3Store};
use tokio::sync::OnceCell;

use super::differences::Kind;
use super::scratch::ScratchBucket;
use crate::environment::test_store;

/// Where a store is and what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedStore {
    /// Its URL; `None` is AWS.
    pub endpoint: Option<String>,
    /// What opens it; `None` leaves that to the AWS chain.
    pub key_pair: Option<KeyPair>,
    /// What the names of the buckets begin with, which are made in it and removed again.
    pub bucket: String,
    /// Its region.
    pub region: Option<String>,
    /// What is known of it.
    pub kind: Kind,
}

impl NamedStore {
    /// The store that the environment names: the suites run over it instead of the embedded one.
    ///
    /// # Panics
    /// When it names a kind of store that nobody here knows.
    #[must_use]
    pub fn of_environment() -> Option<Self> {
        let bucket = test_store("BUCKET")?;
        let pair = test_store("ACCESS_KEY").zip(test_store("SECRET_KEY"));
        let key_pair = pair.map(|(access_key, secret_key)| KeyPair { access_key, secret_key });
        let kind = test_store("KIND").map_or(Kind::Unknown, |kind| kind.parse().expect("FOLDERBRIDGE_TEST_S3_KIND"));
        Some(Self { endpoint: test_store("ENDPOINT"), key_pair, bucket, region: test_store("REGION"), kind })
    }

    /// A server of this machine.
    #[must_use]
    pub fn here(kind: Kind, address: std::net::SocketAddr, access_key: &str, secret_key: &str) -> Self {
        let key_pair = KeyPair { access_key: access_key.to_owned(), secret_key: secret_key.to_owned() };
        Self {
            endpoint: Some(format!("http://{address}")),
            key_pair: Some(key_pair),
            bucket: "suites".to_owned(),
            region: Some("us-east-1".to_owned()),
            kind,
        }
    }

    /// How a client reaches a bucket in it.
    #[must_use]
    pub fn settings(&self, bucket: &str) -> S3Settings {
        S3Settings {
            endpoint: self.endpoint.clone(),
            credentials: self.key_pair.clone(),
            region: self.region.clone(),
            ..S3Settings::new(bucket)
        }
    }

    /// A new bucket in it.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn scratch(&self) -> ScratchBucket {
        ScratchBucket::make(self).await.unwrap_or_else(|error| panic!("no bucket in {self:?}: {error}"))
    }

    /// Names this store to a run of suites.
    pub fn tell(&self, command: &mut Command) {
        let pair = self.key_pair.as_ref();
        let values = [
            ("ENDPOINT", self.endpoint.as_deref()),
            ("ACCESS_KEY", pair.map(|pair| pair.access_key.as_str())),
            ("SECRET_KEY", pair.map(|pair| pair.secret_key.as_str())),
            ("BUCKET", Some(self.bucket.as_str())),
            ("REGION", self.region.as_deref()),
            ("KIND", Some(self.kind.name())),
        ];
        for (name, value) in values {
            let name = format!("FOLDERBRIDGE_TEST_S3_{name}");
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

/// What the environment's store can do, found out once in each process.
///
/// # Panics
/// When it cannot be tried out, or will not do.
pub async fn capabilities_of_environment(store: &S3Store) -> Capabilities {
    static FOUND: OnceCell<Capabilities> = OnceCell::const_new();
    let probe = async || {
        let verdict = store.probe("suites").await.expect("a probe of the store");
        let racy = NamedStore::of_environment().is_some_and(|named| named.kind.is_racy());
        assert!(racy || verdict.refusal().is_none(), "{:?}", verdict.refusal());
        verdict.capabilities
    };
    *FOUND.get_or_init(probe).await
}
