//! The uploads that this replica holds something of, and the watch that stores what waited.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{sleep, sleep_until};

use super::active::Active;
use super::handle::Session;
use super::record::UploadRecord;
use crate::bucket::Bucket;
use crate::id::UploadId;

/// How long the watch waits when the store did not take a bundle.
const BACK_OFF: Duration = Duration::from_millis(500);

/// How many uploads are flushed at a time to make room.
const RELIEVED_AT_ONCE: usize = 2;

/// The uploads of this replica. Part of what a [`Bucket`] shares.
#[derive(Debug)]
pub(crate) struct Uploads {
    active: Mutex<HashMap<UploadId, Arc<Active>>>,
    /// One number per bundle of this replica, so that no bundle ever replaces another.
    bundles: AtomicU64,
    pub(super) relieving: Semaphore,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { active: Mutex::default(), bundles: AtomicU64::new(1), relieving: Semaphore::new(RELIEVED_AT_ONCE) }
    }
}

impl Uploads {
    /// The number of the next bundle.
    pub(super) fn next_bundle(&self) -> u64 {
        self.bundles.fetch_add(1, Ordering::Relaxed)
    }

    /// The upload, if this replica knows it.
    pub(super) fn get(&self, id: &UploadId) -> Option<Arc<Active>> {
        self.active().get(id).cloned()
    }

    /// The upload that `record` is of; answers whether it is new here.
    pub(super) fn enter(&self, id: &UploadId, record: Arc<UploadRecord>, sent: Duration) -> (Arc<Active>, bool) {
        match self.active().entry(id.clone()) {
            Entry::Occupied(there) => (Arc::clone(there.get()), false),
            Entry::Vacant(free) => (Arc::clone(free.insert(Arc::new(Active::new(id.clone(), record, sent)))), true),
        }
    }

    /// Every upload that something is held of.
    pub(super) fn holding(&self) -> Vec<Arc<Active>> {
        self.active().values().filter(|active| !active.is_empty()).cloned().collect()
    }

    /// Forgets an upload unless somebody uses it or something is held of it.
    fn forget(&self, active: &Arc<Active>) -> bool {
        let mut all = self.active();
        // The table's own and the watch's: whoever else wants one waits for the table's lock.
        let unused = Arc::strong_count(active) == 2 && active.is_empty();
        if unused {
            all.remove(&active.id);
        }
        unused
    }

    fn active(&self) -> MutexGuard<'_, HashMap<UploadId, Arc<Active>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores what waited long enough, until the upload is forgotten or the process ends. At the end
/// of the process [`Bucket::drain`](crate::bucket::Bucket::drain) stores the rest.
pub(super) async fn watch(bucket: Bucket, active: Arc<Active>) {
    let stopping = bucket.tasks().stopping();
    loop {
        let due = active.due(bucket.settings().hold_chunks_for);
        let wait = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => sleep(bucket.settings().remember_uploads_for).await,
            }
        };
        tokio::select! {
            () = wait => {}
            () = active.news.notified() => continue,
            () = stopping.cancelled() => return,
        }
        if due.is_none() {
            active.drop_bundled();
            if bucket.uploads().forget(&active) {
                return;
            }
        } else if active.due(bucket.settings().hold_chunks_for) <= due
            && let Err(error) = Session::new(bucket.clone(), Arc::clone(&active)).flush_here().await
        {
            tracing::warn!(upload.id = %active.id, error = %error, "held chunks could not be stored yet");
            sleep(BACK_OFF).await;
        }
    }
}
