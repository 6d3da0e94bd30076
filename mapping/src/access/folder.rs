//! A folder that somebody has opened.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
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
    access: PhantomData<fn() -> A>,
}

impl<A> Folder<A> {
    /// For whoever has asked what `account` may do here.
    pub(super) fn opened_by(bucket: &Bucket, account: &Account, record: Arc<FolderRecord>, opened: Duration) -> Self {
        Self { bucket: bucket.clone(), account: account.clone(), record, opened, access: PhantomData }
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
        Folder::opened_by(&self.bucket, &self.account, Arc::clone(&self.record), self.opened)
    }
}

impl<A> Clone for Folder<A> {
    fn clone(&self) -> Self {
        Self::opened_by(&self.bucket, &self.account, Arc::clone(&self.record), self.opened)
    }
}

impl<A> fmt::Debug for Folder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Folder").field("id", &self.record.id).field("account", &self.account.id).finish_non_exhaustive()
    }
}
