//! Opens what everything is kept in: the embedded store, or a bucket.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use embedded::{LocalStore, OpenError};
use mapping::clock::{Clock, SystemClock};
use mapping::key::ObjectKey;
use mapping::proving::{Writers, prove};
use mapping::random::{Random, SystemRandom};
use mapping::seal::MasterKeys;
use mapping::store::s3::{KeyPair, S3Settings, S3Store, Timeouts};
use mapping::store::{Capabilities, ObjectStore, Store, StoreError, StoreErrorKind};
use mapping::writer::{LoneStore, WriterPlace, nobody_writes_alone};

use crate::config::{ServeSettings, Where};
use crate::failure::StartError;
use crate::first_run;
use crate::secret_file;

/// The one bucket of the embedded store.
const EMBEDDED_BUCKET: &str = "folderbridge";

/// What everything is kept in, and the keys to it.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) keys: MasterKeys,
    pub(crate) admin_token: Option<String>,
    /// To be closed at the end.
    pub(crate) local: Option<LocalStore>,
    /// To be given back at the end; when it is lost, the end has come.
    pub(crate) writer: Option<WriterPlace>,
}

impl Place {
    /// Opens the place; makes it, where it is an embedded store that is not there.
    pub(crate) async fn open(settings: &ServeSettings) -> Result<Self, StartError> {
        match &settings.place {
            Where::Embedded { directory } => Self::embedded(directory, settings).await,
            Where::Bucket { endpoint, bucket, region } => {
                Self::bucket(in_bucket(endpoint.as_deref(), bucket, region.as_deref()), settings).await
            }
        }
    }

    async fn embedded(directory: &Path, settings: &ServeSettings) -> Result<Self, StartError> {
        // Which also makes the directory, durably and for its owner only.
        let local = LocalStore::open(directory).await.map_err(|error| cannot_open(directory, &error))?;
        let store = S3Store::connect(within(&local)).await.map_err(|error| unusable(&error))?;
        let store = store.with_capabilities(Capabilities::all());
        store.ensure_bucket().await.map_err(|error| unusable(&error))?;
        check_index(directory, &store).await?;
        let keys = match &settings.master_key {
            Some(text) => parse_keys(text, "FOLDERBRIDGE_MASTER_KEY")?,
            None => own_keys(directory, &store).await?,
        };
        let admin_token = match &settings.admin_token {
            Some(token) => token.clone(),
            None => own_admin_token(directory)?,
        };
        Ok(Self { store: Arc::new(store), keys, admin_token: Some(admin_token), local: Some(local), writer: None })
    }

    async fn bucket(wanted: S3Settings, settings: &ServeSettings) -> Result<Self, StartError> {
        let text = settings.master_key.as_deref().unwrap_or_default();
        let keys = parse_keys(text, "FOLDERBRIDGE_MASTER_KEY")?;
        let store = S3Store::connect(wanted).await.map_err(|error| unusable(&error))?;
        store.check_bucket().await.map_err(|error| unusable(&error))?;
        let name = format!("cannot serve `{}` at {}", store.bucket(), store.endpoint());
        let opened = for_writers(store, settings.single_writer).await;
        let (store, writer) = opened.map_err(|error| StartError::because(name, &error))?;
        Ok(Self { store, keys, admin_token: settings.admin_token.clone(), local: None, writer })
    }
}

/// The store as it is good for, and the place of the one who writes, where there may be only one.
async fn for_writers(store: S3Store, single: bool) -> mapping::Result<(Store, Option<WriterPlace>)> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    if !single {
        let store: Store = Arc::new(prove(store, Writers::Any, &SystemRandom).await?);
        nobody_writes_alone(Arc::clone(&store), clock).await?;
        return Ok((store, None));
    }
    let store: Store = Arc::new(prove(store, Writers::One, &SystemRandom).await?);
    let writer = WriterPlace::take(Arc::clone(&store), clock, &SystemRandom).await?;
    Ok((Arc::new(LoneStore::new(store, writer.clone())), Some(writer)))
}

/// The store in a place that is to be tried: nothing is made there. The embedded one is to be
/// closed at the end.
pub(crate) async fn to_try(place: &Where) -> Result<(S3Store, Option<LocalStore>), StartError> {
    let (settings, local) = match place {
        Where::Bucket { endpoint, bucket, region } => (in_bucket(endpoint.as_deref(), bucket, region.as_deref()), None),
        Where::Embedded { directory } => {
            if !LocalStore::is_in(directory) {
                let directory = directory.display();
                return Err(StartError::new(format!(
                    "there is no store in `{directory}`: `folderbridge serve` makes one, and `--bucket NAME` tries a bucket"
                )));
            }
            let local = LocalStore::open(directory).await.map_err(|error| cannot_open(directory, &error))?;
            (within(&local), Some(local))
        }
    };
    let settings = S3Settings { timeouts: IMPATIENT, ..settings };
    let store = S3Store::connect(settings).await.map_err(|error| unusable(&error))?;
    Ok((store, local))
}

/// Somebody waits at a terminal.
const IMPATIENT: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    attempt: Duration::from_secs(15),
    long_attempt: Duration::from_secs(45),
    stall: Duration::from_secs(15),
};

fn in_bucket(endpoint: Option<&str>, bucket: &str, region: Option<&str>) -> S3Settings {
    let (endpoint, region) = (endpoint.map(str::to_owned), region.map(str::to_owned));
    S3Settings { endpoint, region, ..S3Settings::new(bucket) }
}

fn within(local: &LocalStore) -> S3Settings {
    let (access_key, secret_key) = local.key_pair();
    S3Settings {
        endpoint: Some("http://embedded".to_owned()),
        region: Some("us-east-1".to_owned()),
        credentials: Some(KeyPair { access_key, secret_key }),
        http_client: Some(local.http_client()),
        ..S3Settings::new(EMBEDDED_BUCKET)
    }
}

/// Credentials are kept after the store is set up: where they are and nothing else is, the store has
/// lost its index. (One with large files is refused before, by its blobs.)
async fn check_index(directory: &Path, store: &dyn ObjectStore) -> Result<(), StartError> {
    if !first_run::credentials_file(directory).exists() {
        return Ok(());
    }
    match store.head(&ObjectKey::format()).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Err(StartError::new(format!(
            "the store in `{}` is empty, and there are credentials of an account in it: put `index.sqlite` and \
             `index.sqlite-wal` back from a backup, or move `credentials.json` away to begin with an empty store",
            directory.display()
        ))),
        Err(error) => Err(unusable(&error)),
    }
}

/// The key in the directory. One is made only for a store in which nothing is sealed yet, and is
/// on disk before anything is sealed with it.
async fn own_keys(directory: &Path, store: &dyn ObjectStore) -> Result<MasterKeys, StartError> {
    let file = directory.join("master.key");
    if let Some(text) = secret_file::read(&file)? {
        return parse_keys(&text, &format!("`{}`", file.display()));
    }
    match store.head(&ObjectKey::format()).await {
        Ok(_) => {
            return Err(StartError::new(format!(
                "`{}` is missing, and secrets in this store are sealed with it: bring it back from a backup, or set \
                 FOLDERBRIDGE_MASTER_KEY",
                file.display()
            )));
        }
        Err(error) if error.kind() == StoreErrorKind::NotFound => {}
        Err(error) => return Err(unusable(&error)),
    }
    let key = MasterKeys::generate(&SystemRandom);
    secret_file::write(&file, key.expose())?;
    parse_keys(key.expose(), "the new master key")
}

fn parse_keys(text: &str, whence: &str) -> Result<MasterKeys, StartError> {
    text.parse().map_err(|error: mapping::Error| StartError::new(format!("{whence}: {}", error.message())))
}

fn own_admin_token(directory: &Path) -> Result<String, StartError> {
    let file = first_run::admin_token_file(directory);
    if let Some(token) = secret_file::read(&file)?.filter(|token| !token.is_empty()) {
        return Ok(token);
    }
    let random: &dyn Random = &SystemRandom;
    let token = random.alphanumeric(40);
    secret_file::write(&file, &token)?;
    Ok(token)
}

fn cannot_open(directory: &Path, error: &OpenError) -> StartError {
    let directory = directory.display();
    match error {
        OpenError::Locked(_) => StartError::new(format!(
            "`{directory}` is in use by another process: stop that one, or give this one its own directory with \
             `--data DIR`"
        )),
        error => StartError::because(format!("cannot open the store in `{directory}`"), error),
    }
}

fn unusable(error: &StoreError) -> StartError {
    let advice = match error.kind() {
        StoreErrorKind::NoSuchBucket => "make it first, or correct `--bucket` and `--region`",
        StoreErrorKind::AccessDenied => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or any other source of the AWS chain, to credentials \
             that may use the bucket"
        }
        StoreErrorKind::Unavailable => "see that the store runs and `--endpoint` is right",
        _ => return StartError::new(error.message()),
    };
    StartError::new(format!("{}: {advice}", error.message()))
}

#[cfg(test)]
mod tests {
    use mapping::store::faulty::{Fault, Faults, FaultyStore};
    use mapping::store::memory::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn a_store_that_cannot_be_looked_at_gets_no_new_key() {
        let directory = tempfile::tempdir().unwrap();
        let memory: Store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
        let failing = FaultyStore::new(Arc::clone(&memory), Faults::once(1, Fault::Refuse));
        assert!(own_keys(directory.path(), &failing).await.is_err());
        assert!(!directory.path().join("master.key").exists());
        own_keys(directory.path(), &*memory).await.unwrap();
        assert!(directory.path().join("master.key").exists());
    }
}
