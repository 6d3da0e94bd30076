//! Shows what is in the trash, and where it came from.

use futures::{StreamExt, TryStreamExt, stream};

use super::place::trash;
use crate::access::{Folder, Reads};
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result};
use crate::files::{Entry, PageRequest, PageToken};
use crate::id::AccountId;
use crate::path::FilePath;

/// Records read at one time.
const AT_ONCE: usize = 16;

/// Something in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trashed {
    /// What it is, and its path in the trash.
    pub entry: Entry,
    /// Where it was; `None` when nobody knows: then it was not [`Folder::trash`] that put it there.
    pub origin: Option<FilePath>,
    /// When it was moved there, as far as anybody knows.
    pub since: Option<Timestamp>,
    /// Who moved it there, as far as anybody knows.
    pub by: Option<AccountId>,
}

/// A page of the trash.
#[derive(Clone, Debug, Default)]
pub struct TrashPage {
    /// What is in it, in the order of names.
    pub entries: Vec<Trashed>,
    /// Where to go on; `None` on the last page.
    pub next: Option<PageToken>,
}

impl<A: Reads> Folder<A> {
    /// One page of the trash. Costs what [`Folder::list`] does, and one small read an entry.
    ///
    /// # Errors
    /// As [`Folder::list`]; a trash that is not there is empty.
    pub async fn trashed(&self, request: PageRequest) -> Result<TrashPage> {
        let page = match self.list(&trash(), request).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(TrashPage::default()),
            page => page?,
        };
        let reads: Vec<_> = page.entries.into_iter().map(|entry| self.trashed_entry(entry)).collect();
        let entries = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        Ok(TrashPage { entries, next: page.next })
    }

    async fn trashed_entry(&self, entry: Entry) -> Result<Trashed> {
        let record = self.trashed_record(&entry.path).read().await?;
        let (origin, since, by) = match record {
            Some(record) => (Some(record.origin), Some(record.since), Some(record.account)),
            None => (None, None, None),
        };
        Ok(Trashed { entry, origin, since, by })
    }
}
