//! A folder that somebody has opened.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Write, Writes};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::id::FolderId;
use crate::key::FolderPrefix;
use crate::records::FolderRecord;

/// A folder that was opened by `account` for `A`. Cheap to clone.
///
/// * the account had at least [`Access::NEEDED`](super::Access::NEEDED) when it was opened (as of the cache time);
/// * the folder existed then.
pub struct Folder<A> {
    bucket: Bucket,
    account: Account,
    record: Arc<FolderRecord>,
    opened: Duration,
    /// The newest record that was seen, and when it was asked for.
    latest: Arc<Mutex<(Arc<FolderRecord>, Duration)>>,
    as_stored: bool,
    access: PhantomData<fn() -> A>,
}

impl<A> Folder<A> {
    /// For whoever has asked what `account` may do here.
    pub(super) fn opened_by(bucket: &Bucket, account: &Account, record: Arc<FolderRecord>, opened: Duration) -> Self {
        let latest = Arc::new(Mutex::new((Arc::clone(&record), opened)));
        let (bucket, account) = (bucket.clone(), account.clone());
        Self { bucket, account, record, opened, latest, as_stored: false, access: PhantomData }
    }

    /// What lies in it under the keys at which it is stored, wherever directories have moved.
    pub(crate) fn as_stored(bucket: &Bucket, account: &Account, record: Arc<FolderRecord>, opened: Duration) -> Self {
        let record = Arc::new(FolderRecord { moves: Vec::new(), ..Arc::unwrap_or_clone(record) });
        Self { as_stored: true, ..Self::opened_by(bucket, account, record, opened) }
    }

    /// Whether it shows what is stored.
    pub(crate) const fn is_as_stored(&self) -> bool {
        self.as_stored
    }

    /// The newest record that was seen through it, and when it was asked for.
    pub(crate) fn latest(&self) -> (Arc<FolderRecord>, Duration) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers a record that was asked for at `asked`.
    pub(crate) fn learn(&self, record: &Arc<FolderRecord>, asked: Duration) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.1 <= asked {
            *latest = (Arc::clone(record), asked);
        }
    }

    /// The same folder, opened for what is no more.
    fn with_access<B>(&self) -> Folder<B> {
        Folder {
            bucket: self.bucket.clone(),
            account: self.account.clone(),
            record: Arc::clone(&self.record),
            opened: self.opened,
            latest: Arc::clone(&self.latest),
            as_stored: self.as_stored,
            access: PhantomData,
        }
    }

    /// The bucket that it lies in.
    #[must_use]
    pub const fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> FolderId {
        self.record.id
    }

    /// Who opened it.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Where its data lies.
    #[must_use]
    pub fn prefix(&self) -> &FolderPrefix {
        &self.record.prefix
    }

    /// When it was opened, as [`Clock::elapsed`](crate::Clock::elapsed) has it.
    pub(crate) const fn opened(&self) -> Duration {
        self.opened
    }

    /// Its record as of when it was opened.
    pub(crate) fn record(&self) -> &FolderRecord {
        &self.record
    }
}

impl<A: Writes> Folder<A> {
    /// The same folder, for writing and no more.
    pub(crate) fn for_writing(&self) -> Folder<Write> {
        self.with_access()
    }
}

impl<A> Clone for Folder<A> {
    fn clone(&self) -> Self {
        self.with_access()
    }
}

impl<A> fmt::Debug for Folder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Folder").field("id", &self.record.id).field("account", &self.account.id).finish_non_exhaustive()
    }
}
