//! Removing a deleted folder's data.

use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::store::ListRequest;

impl Bucket {
    /// Removes every object of a folder; answers how many there were. Doing it again is harmless.
    pub(crate) async fn drain_prefix(&self, prefix: &FolderPrefix) -> Result<usize> {
        let request = ListRequest::all(KeyPrefix::folder(prefix));
        let mut removed = 0;
        loop {
            // Always the first page: what it showed is gone when it is asked for again.
            let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Folder))?;
            let keys: Vec<ObjectKey> = page.objects.into_iter().map(|listed| listed.key).collect();
            if keys.is_empty() {
                return Ok(removed);
            }
            let stayed = self.store().delete_many(&keys).await.map_err(|error| error.about(Subject::Folder))?;
            removed += keys.len() - stayed.len();
            if let Some((key, error)) = stayed.into_iter().next() {
                let message = "not everything could be removed";
                tracing::warn!(%key, "an object of a deleted folder stayed");
                return Err(Error::new(ErrorKind::Unavailable, Subject::Folder, message).caused_by(error));
            }
        }
    }
}
