//! Removing a deleted folder's data.

use crate::bucket::Bucket;
use crate::error::{Error, Result, Subject};
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::store::{ListRequest, StoreError};

/// What a drain has come to.
#[derive(Debug, Default)]
struct Drained {
    removed: usize,
    failed: Option<Error>,
}

impl Bucket {
    /// Removes every object of a folder that can be removed; answers how many there were. Doing it
    /// again is harmless.
    ///
    /// # Errors
    /// As the store says of the first object that stays; everything else is gone then.
    /// `Unavailable` when the store does not answer.
    pub(crate) async fn drain_prefix(&self, prefix: &FolderPrefix) -> Result<usize> {
        let mut request = ListRequest::all(KeyPrefix::folder(prefix));
        let mut drained = Drained::default();
        let mut before = Vec::new();
        loop {
            let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Folder))?;
            let keys: Vec<ObjectKey> = page.objects.into_iter().map(|listed| listed.key).collect();
            let stayed = self.remove_page(&keys, &mut drained).await?;
            if keys == before && !keys.is_empty() {
                drained.fail(Error::internal(Subject::Folder, "the store lists what it says is removed"));
            } else if !keys.is_empty() && !stayed {
                // The same page again: what it showed is gone, so it shows what follows.
                before = keys;
                continue;
            }
            // Something stays on this page, or nothing is left on it.
            let Some(token) = page.next else { return drained.failed.map_or(Ok(drained.removed), Err) };
            request.token = Some(token);
            before.clear();
        }
    }

    /// Removes `keys`; answers whether any of them stayed.
    async fn remove_page(&self, keys: &[ObjectKey], drained: &mut Drained) -> Result<bool> {
        if keys.is_empty() {
            return Ok(false);
        }
        let stayed = self.store().delete_many(keys).await.map_err(|error| error.about(Subject::Folder))?;
        drained.removed += keys.len() - stayed.len();
        let any = !stayed.is_empty();
        for (key, error) in stayed {
            tracing::warn!(%key, error = &error as &dyn std::error::Error, "an object of a deleted folder stays");
            drained.fail(StoreError::about(error, Subject::Folder));
        }
        Ok(any)
    }
}

impl Drained {
    /// Remembers the first failure.
    fn fail(&mut self, error: Error) {
        self.failed.get_or_insert(error);
    }
}
