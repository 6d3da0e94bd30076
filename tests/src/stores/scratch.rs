//! A bucket for one test: made at its beginning, emptied and removed at its end.

use mapping::key::{KeyPrefix, ObjectKey};
use mapping::random::{Random, SystemRandom};
use mapping::store::s3::{S3Settings, S3Store};
use mapping::store::{ListRequest, ObjectStore, StoreError, StoreErrorKind, StoreResult};

use super::named::NamedStore;
use super::say;

/// How often a bucket is emptied in which something still writes, or that does not let go.
const SWEEPS: usize = 5;

/// A bucket of its own. Dropped, it is removed with all that is in it.
#[derive(Debug)]
pub struct ScratchBucket {
    settings: S3Settings,
}

impl ScratchBucket {
    /// A new bucket in `store`.
    ///
    /// # Errors
    /// When the store does not let us make it.
    pub async fn make(store: &NamedStore) -> StoreResult<Self> {
        let random: &dyn Random = &SystemRandom;
        let name = format!("{}-{}", store.bucket, random.alphanumeric(12).to_lowercase());
        let settings = store.settings(&name);
        S3Store::connect(settings.clone()).await?.create_bucket().await?;
        Ok(Self { settings })
    }

    /// How a client reaches it.
    #[must_use]
    pub fn settings(&self) -> &S3Settings {
        &self.settings
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.bucket
    }

    /// A client of it that relies on nothing yet.
    ///
    /// # Panics
    /// When no client can be made.
    pub async fn connect(&self) -> S3Store {
        S3Store::connect(self.settings.clone()).await.expect("a client of the store")
    }
}

impl Drop for ScratchBucket {
    fn drop(&mut self) {
        let settings = self.settings.clone();
        // A runtime cannot be entered inside another one: hence the thread.
        let removed = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(remove(settings))
        });
        match removed.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => say(&format!("bucket `{}` is left: {error}", self.settings.bucket)),
            Err(_) => say(&format!("bucket `{}` is left", self.settings.bucket)),
        }
    }
}

async fn remove(settings: S3Settings) -> StoreResult<()> {
    let store = S3Store::connect(settings).await?;
    let mut outcome = Ok(());
    for _ in 0..SWEEPS {
        empty(&store).await?;
        outcome = store.remove_bucket().await;
        match &outcome {
            // What was killed may still have had a write under way.
            Err(error) if error.kind() == StoreErrorKind::Conflict => {}
            _ => break,
        }
    }
    outcome
}

async fn empty(store: &S3Store) -> StoreResult<()> {
    let (mut before, mut in_vain) = (Vec::new(), 0);
    loop {
        // Always the first page: a token of a page that is gone is nothing to rely on.
        let page = store.list(ListRequest::all(KeyPrefix::everything())).await?;
        let keys: Vec<ObjectKey> = page.objects.into_iter().map(|object| object.key).collect();
        if keys.is_empty() {
            return Ok(());
        }
        in_vain = if keys == before { in_vain + 1 } else { 0 };
        if in_vain == SWEEPS {
            return Err(StoreError::new(StoreErrorKind::Refused, "what was deleted is still listed"));
        }
        if let Some((_, error)) = store.delete_many(&keys).await?.pop() {
            return Err(error);
        }
        before = keys;
    }
}
