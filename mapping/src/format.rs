//! Whether this bucket is one that this program understands, with the keys that it was given.

use std::collections::BTreeMap;

use crate::bucket::Bucket;
use crate::error::{Error, Result, Subject};
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::records::FormatRecord;
use crate::seal::{MasterKeys, Secret};

/// The layout that this program writes and reads.
pub(crate) const LAYOUT: u32 = 1;

/// What the key check says once it is opened.
const CHECK: &str = "folderbridge";

/// What the key check is sealed for.
const CHECK_PLACE: &str = "format";

impl Bucket {
    /// Reads the format, or writes it into a bucket that has none. One request on every start but
    /// the first one and the first with a new master key.
    pub(crate) async fn check_format(&self) -> Result<()> {
        let check = self.keys().seal(&Secret::new(CHECK), CHECK_PLACE, self.random())?;
        let fresh = FormatRecord { layout: LAYOUT, key_checks: BTreeMap::new(), probe: None };
        let enter = |format: &mut FormatRecord| {
            examine(format, self.keys())?;
            if format.key_checks.contains_key(self.keys().sealing_id()) {
                return Ok(Change::Keep(()));
            }
            format.key_checks.insert(self.keys().sealing_id().clone(), check.clone());
            Ok(Change::Save(()))
        };
        self.manifest(ObjectKey::format()).upsert(fresh, enter).await
    }
}

fn examine(format: &FormatRecord, keys: &MasterKeys) -> Result<()> {
    if format.layout > LAYOUT {
        let message =
            format!("the bucket has layout {} and this program knows {LAYOUT}: use a newer one", format.layout);
        return Err(Error::invalid(Subject::Request, message));
    }
    for (id, check) in format.key_checks.iter().filter(|(id, _)| keys.has(id)) {
        let opened = keys.open(check, CHECK_PLACE)?;
        if opened.expose() != CHECK {
            return Err(Error::internal(Subject::Request, format!("the check of master key {id} is damaged")));
        }
    }
    let known = format.key_checks.keys().filter(|id| keys.has(id)).count();
    if known == 0 && !format.key_checks.is_empty() {
        let message = "the master key is not the one that this bucket was set up with";
        return Err(Error::invalid(Subject::Request, message));
    }
    if known < format.key_checks.len() {
        tracing::warn!("not all master keys of this bucket were given: secrets sealed with the others cannot be read");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bucket::{Parts, Settings};
    use crate::clock::ManualClock;
    use crate::error::ErrorKind;
    use crate::random::SystemRandom;
    use crate::store::Store;
    use crate::store::counted::CountedStore;
    use crate::store::memory::MemoryStore;

    async fn open(store: &Store, keys: &str) -> Result<Bucket> {
        let (store, clock) = (Arc::clone(store), Arc::new(ManualClock::new()));
        let keys = keys.parse()?;
        Bucket::open(Parts { store, clock, random: Arc::new(SystemRandom), keys, settings: Settings::default() }).await
    }

    fn counted() -> (Arc<CountedStore>, Store) {
        let inner: Store = Arc::new(MemoryStore::new(Arc::new(ManualClock::new())));
        let counted = Arc::new(CountedStore::new(inner));
        (Arc::clone(&counted), counted)
    }

    #[tokio::test]
    async fn only_the_keys_of_the_bucket_open_it() {
        let (counted, store) = counted();
        let (old, new, wrong) = ("11".repeat(32), "22".repeat(32), "33".repeat(32));
        open(&store, &old).await.unwrap();
        counted.reset();
        open(&store, &old).await.unwrap();
        assert_eq!((counted.counts().reads(), counted.counts().writes()), (1, 0));
        assert_eq!(open(&store, &wrong).await.unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(open(&store, &new).await.unwrap_err().kind(), ErrorKind::Invalid);
        open(&store, &format!("{new},{old}")).await.unwrap();
        open(&store, &new).await.unwrap();
        assert_eq!(open(&store, &wrong).await.unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn a_newer_layout_is_refused() {
        let (_, store) = counted();
        let key = "11".repeat(32);
        let bucket = open(&store, &key).await.unwrap();
        let newer = |format: &mut FormatRecord| {
            format.layout = LAYOUT + 1;
            Ok(Change::Save(()))
        };
        bucket.manifest(ObjectKey::format()).update(newer).await.unwrap();
        let error = open(&store, &key).await.unwrap_err();
        assert!(error.message().contains("layout 2"), "{error}");
    }
}
