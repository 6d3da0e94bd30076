//! Some stores keep a directory for each prefix and go on showing it when nothing lies below it any more
//! (SeaweedFS does). Such a directory goes when it is removed by its own name, innermost first.

use super::walk::Walk;
use crate::access::{Delete, Folder};
use crate::error::{Result, Subject};
use crate::key::{KeyPrefix, ObjectKey};
use crate::path::{DirPath, FilePath};
use crate::store::{Condition, ListRequest};

impl Walk {
    /// Removes what a store still shows of directories at and below `path`, where no file is and none can come.
    /// (Where something is below it, removing a directory by its name does nothing, with every store.)
    ///
    /// Costs a listing and a removal where nothing is shown.
    pub(super) async fn remove_leftovers(&self, folder: &Folder<Delete>, path: &FilePath) -> Result<()> {
        let mut left = vec![(path.clone(), false)];
        while let Some((directory, is_searched)) = left.pop() {
            if is_searched {
                self.remove_directory(&ObjectKey::marker(folder.prefix(), &directory)).await?;
                continue;
            }
            let below = self.directories_in(folder, &directory).await?;
            left.push((directory, true));
            left.extend(below.into_iter().map(|directory| (directory, false)));
        }
        Ok(())
    }

    async fn directories_in(&self, folder: &Folder<Delete>, directory: &FilePath) -> Result<Vec<FilePath>> {
        let prefix = KeyPrefix::directory(folder.prefix(), &DirPath::at(directory.clone()));
        let (mut request, mut found) = (ListRequest { delimited: true, ..ListRequest::all(prefix) }, Vec::new());
        loop {
            let list = || async {
                self.bucket.store().list(request.clone()).await.map_err(|error| error.about(Subject::File))
            };
            let page = self.patiently(list).await?;
            found.extend(page.prefixes.iter().filter_map(|key| folder.prefix().directory_path(key)));
            let Some(token) = page.next else { return Ok(found) };
            request.token = Some(token);
        }
    }

    async fn remove_directory(&self, key: &ObjectKey) -> Result<()> {
        let remove = || async {
            self.bucket.store().delete(key, Condition::Always).await.map_err(|error| error.about(Subject::File))
        };
        self.patiently(remove).await
    }
}
