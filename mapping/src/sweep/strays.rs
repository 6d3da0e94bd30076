//! What lies there of folders that have no record any more: a write, or a process that was to
//! remove what it had written, that outlived its folder.

use std::collections::BTreeSet;

use super::run::Run;
use crate::bucket::Bucket;
use crate::error::{Result, Subject};
use crate::id::FolderId;
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::records::FolderRecord;
use crate::store::ListRequest;

/// Folders by what there is of them among the control objects.
#[derive(Debug, Default)]
struct Known {
    recorded: BTreeSet<FolderId>,
    counted: BTreeSet<FolderId>,
}

impl Bucket {
    /// Removes the data and the counts of folders without a record. A record comes before its
    /// folder's data and goes after it, so whose data is seen and whose record is not is no more.
    pub(super) async fn sweep_strays(&self, run: &Run) -> Result<()> {
        // In this order: a folder that is made meanwhile is in the second look if it is in the first.
        let with_data = self.folders_with_data().await?;
        let known = self.known_folders().await?;
        for folder in with_data.union(&known.counted).filter(|folder| !known.recorded.contains(folder)) {
            let swept = self.sweep_stray(run, *folder).await;
            self.pass_over(&ObjectKey::folder(*folder), swept)?;
        }
        Ok(())
    }

    async fn sweep_stray(&self, run: &Run, folder: FolderId) -> Result<()> {
        if self.manifest::<FolderRecord>(ObjectKey::folder(folder)).read().await?.is_some() {
            return Ok(());
        }
        self.sweep_data(run, &FolderPrefix::of(folder), "its folder has no record", None).await?;
        if run.is_dry() {
            return Ok(());
        }
        // Not worth a finding: the count of nothing, and where things came from that are gone.
        self.forget_trash(folder).await?;
        self.remove(&ObjectKey::usage(folder)).await
    }

    async fn folders_with_data(&self) -> Result<BTreeSet<FolderId>> {
        let mut found = BTreeSet::new();
        let mut request = ListRequest { delimited: true, ..ListRequest::all(KeyPrefix::data()) };
        loop {
            let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Folder))?;
            found.extend(page.prefixes.iter().filter_map(|prefix| folder_of(prefix)));
            if page.next.is_none() {
                return Ok(found);
            }
            request.token = page.next;
        }
    }

    async fn known_folders(&self) -> Result<Known> {
        let mut known = Known::default();
        let mut after = None;
        loop {
            let (keys, next) = self.page_of(KeyPrefix::folders(), after).await?;
            for key in keys {
                let id = KeyPrefix::folders().rest(&key).and_then(|rest| rest.split('/').next()?.parse().ok());
                match id {
                    Some(id) if key == ObjectKey::folder(id) => known.recorded.insert(id),
                    // Its usage, or what is known of its trash.
                    Some(id) => known.counted.insert(id),
                    None => false,
                };
            }
            if next.is_none() {
                return Ok(known);
            }
            after = next;
        }
    }
}

/// The folder whose data lies below `prefix`, if this program put it there.
fn folder_of(prefix: &str) -> Option<FolderId> {
    let id: FolderId = prefix.strip_prefix(KeyPrefix::data().as_str())?.strip_suffix('/')?.parse().ok()?;
    (KeyPrefix::folder(&FolderPrefix::of(id)).as_str() == prefix).then_some(id)
}
