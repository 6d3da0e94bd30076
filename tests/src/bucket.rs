//! A look into a bucket from outside the code under test.

use std::collections::BTreeMap;

use mapping::key::KeyPrefix;
use mapping::store::{ListRequest, Store};

/// Every key with its size and ETag: two of these are equal when nothing was written in between.
pub type Snapshot = BTreeMap<String, (u64, String)>;

/// Lists the whole bucket.
///
/// # Panics
/// When the store does not answer.
pub async fn snapshot(store: &Store) -> Snapshot {
    let mut seen = Snapshot::new();
    let mut request = ListRequest::all(KeyPrefix::everything());
    loop {
        let page = store.list(request.clone()).await.expect("a listing");
        let objects = page.objects.into_iter();
        seen.extend(objects.map(|object| (object.key.to_string(), (object.size, object.etag.0))));
        request.token = page.next;
        if request.token.is_none() {
            return seen;
        }
    }
}

/// What of a snapshot lies below `prefix`.
#[must_use]
pub fn below(snapshot: Snapshot, prefix: &str) -> Snapshot {
    snapshot.into_iter().filter(|(key, _)| key.starts_with(prefix)).collect()
}
