//! Removes files and directory trees.

use std::time::Duration;

use futures::{Stream, TryStreamExt, stream};

use super::{is_a_directory, no_such_file};
use crate::access::{Deletes, Folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::key::{KeyPrefix, ObjectKey};
use crate::path::{DirPath, FilePath};
use crate::store::{Condition, ListPage, ListRequest, StoreError, StoreErrorKind};
use crate::usage::{Charge, Charged};

/// How many requests of up to 1,000 objects run at once.
const BATCHES_AT_ONCE: usize = 4;

/// How many failures are told one by one; more are only counted.
const MOST_FAILURES: usize = 100;

/// How often a delete is sent that the store answers with 409.
const DELETES: u32 = 4;

/// How long to wait after the first of them.
const CONFLICT_PAUSE: Duration = Duration::from_millis(50);

/// How much a removal takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A file, nothing else.
    File,
    /// A file, or a directory with everything in it.
    Tree,
}

/// What a removal did.
#[must_use = "some of it may have failed"]
#[derive(Debug, Default)]
pub struct Removed {
    /// Files that are gone.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many objects are still there because the store refused to remove them.
    pub failed: u64,
    /// The first hundred of those.
    pub failures: Vec<Failure>,
}

/// Something that was not removed.
#[derive(Debug)]
pub struct Failure {
    /// Its path in the folder; a directory's marker ends in `/`.
    pub path: String,
    /// Why.
    pub error: Error,
}

impl<A: Deletes> Folder<A> {
    /// Removes what is at `path`. The directory it was in stays.
    ///
    /// Steps: the usage learns that something goes; objects are removed, a thousand at a time; the
    /// directory above gets a marker if it became empty. A crash leaves: a count that was asked for
    /// in vain; a tree with some of its files gone, which the same request removes; an implied
    /// directory that vanished with its last entry.
    ///
    /// # Errors
    /// `NotFound` when nothing is there; `Conflict` for a directory under [`Depth::File`]. Objects
    /// of a tree that the store refused to remove are in the answer.
    pub async fn remove(&self, path: &FilePath, depth: Depth) -> Result<Removed> {
        let removed = match self.head(path).await? {
            Some(file) => {
                self.delete_file(path, Condition::Always, self.charge_removal().await?).await?;
                Removed { files: 1, bytes: file.size, ..Removed::default() }
            }
            None if !self.is_directory(path).await? => return Err(no_such_file(path)),
            None if depth == Depth::File => return Err(is_a_directory(ErrorKind::Conflict, path)),
            None => self.remove_tree(path).await?,
        };
        self.keep_directory(&path.parent()).await;
        Ok(removed)
    }

    /// Charges something that goes; to be settled once it is gone.
    pub(super) async fn charge_removal(&self) -> Result<Charged> {
        self.bucket().ledger().charge(self.payer().await?, Charge::removal(), None).await
    }

    /// Deletes one file.
    pub(super) async fn delete_file(&self, path: &FilePath, condition: Condition, charged: Charged) -> Result<()> {
        let mut attempt = 1;
        loop {
            let Err(error) = self.bucket().store().delete(&self.key(path), condition.clone()).await else {
                charged.settle();
                return Ok(());
            };
            // The second sending of a conditional delete is refused once the first was done.
            let missing = error.kind() == StoreErrorKind::NotFound;
            if missing || error.is_unknown() || error.is_lost_race() {
                let Some(there) = self.head(path).await? else {
                    charged.settle();
                    return Ok(());
                };
                // A store that says 409 has done nothing, and wants to be asked again.
                let same = !matches!(&condition, Condition::Matches(etag) if *etag != there.etag);
                if error.kind() == StoreErrorKind::Conflict && same && attempt < DELETES {
                    tokio::time::sleep(CONFLICT_PAUSE * attempt).await;
                    attempt += 1;
                    continue;
                }
            }
            if !error.is_unknown() {
                charged.cancel();
            }
            return Err(error.about(Subject::File));
        }
    }

    async fn remove_tree(&self, path: &FilePath) -> Result<Removed> {
        let charged = self.charge_removal().await?;
        let prefix = KeyPrefix::directory(self.prefix(), &DirPath::at(path.clone()));
        let batches = self.pages(prefix).map_ok(|page| self.remove_page(page)).try_buffer_unordered(BATCHES_AT_ONCE);
        let removed = batches.try_fold(Removed::default(), |sum, batch| async move { Ok(sum.and(batch)) }).await?;
        charged.settle();
        Ok(removed)
    }

    /// Every page of what lies below `prefix`. A page's token is a place among the keys, so pages
    /// that are removed meanwhile do not disturb those that follow.
    fn pages(&self, prefix: KeyPrefix) -> impl Stream<Item = Result<ListPage>> + '_ {
        stream::try_unfold(Some(ListRequest::all(prefix)), move |request| async move {
            let Some(request) = request else { return Ok(None) };
            let page = self.bucket().store().list(request.clone()).await.map_err(|e| e.about(Subject::File))?;
            let next = page.next.clone().map(|token| ListRequest { token: Some(token), ..request });
            Ok(Some((page, next)))
        })
    }

    async fn remove_page(&self, page: ListPage) -> Result<Removed> {
        let keys: Vec<ObjectKey> = page.objects.iter().map(|object| object.key.clone()).collect();
        if keys.is_empty() {
            return Ok(Removed::default());
        }
        let refused = self.bucket().store().delete_many(&keys).await.map_err(|error| error.about(Subject::File))?;
        Ok(told(&KeyPrefix::folder(self.prefix()), &page, refused))
    }
}

/// What became of a page whose removal answered `refused`.
fn told(folder: &KeyPrefix, page: &ListPage, refused: Vec<(ObjectKey, StoreError)>) -> Removed {
    let mut removed = Removed { failed: refused.len() as u64, ..Removed::default() };
    for object in &page.objects {
        let gone = !refused.iter().any(|(key, _)| *key == object.key);
        if gone && !object.key.as_str().ends_with('/') {
            removed.files += 1;
            removed.bytes += object.size;
        }
    }
    removed.failures.extend(refused.into_iter().take(MOST_FAILURES).map(|(key, error)| Failure {
        path: folder.rest(&key).unwrap_or_default().to_owned(),
        error: error.about(Subject::File),
    }));
    removed
}

impl Removed {
    fn and(mut self, other: Self) -> Self {
        self.files += other.files;
        self.bytes += other.bytes;
        self.failed += other.failed;
        let room = MOST_FAILURES.saturating_sub(self.failures.len());
        self.failures.extend(other.failures.into_iter().take(room));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::id::FolderId;
    use crate::key::FolderPrefix;
    use crate::random::SystemRandom;
    use crate::store::{ETag, Listed};

    #[test]
    fn what_a_store_refuses_to_remove_is_told() {
        let prefix = FolderPrefix::of(FolderId::random(&SystemRandom));
        let key = |name: &str| ObjectKey::file(&prefix, &name.parse().unwrap());
        let listed = |key| Listed { key, size: 5, etag: ETag(String::new()), modified: Timestamp::from_millis(0) };
        let marker = ObjectKey::marker(&prefix, &"d".parse().unwrap());
        let objects = vec![listed(marker), listed(key("d/free")), listed(key("d/locked"))];
        let refused = vec![(key("d/locked"), StoreError::new(StoreErrorKind::AccessDenied, "locked"))];
        let page = ListPage { objects, ..ListPage::default() };
        let removed = told(&KeyPrefix::folder(&prefix), &page, refused);
        assert_eq!((removed.files, removed.bytes, removed.failed), (1, 5, 1));
        assert_eq!(removed.failures[0].path, "d/locked");

        let twice = removed.and(Removed { failed: 7, files: 1, ..Removed::default() });
        assert_eq!((twice.files, twice.failed, twice.failures.len()), (2, 8, 1));
    }
}
