//! Looks at several places one after the other through one replica, each as a request of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use mapping::access::{Delete, Folder, FolderRef};
use mapping::files::PageRequest;
use mapping::id::FolderId;
use mapping::path::FilePath;
use mapping::{Account, Bucket, Result};

use super::look::walk;
use super::thing::{Seen, Spot};
use crate::simulation::board::Certainty;
use crate::simulation::client::{Client, misses_file};

/// One replica, and who looks.
pub(super) struct Eye {
    bucket: Bucket,
    account: Account,
    page: u16,
}

impl Eye {
    async fn open(&self, folder: FolderId) -> Result<Folder<Delete>> {
        self.bucket.folder(&self.account, &FolderRef::Id(folder)).await
    }

    /// Everything at a place.
    pub(super) async fn look(&self, spot: &Spot) -> Result<Seen> {
        walk(&self.open(spot.folder).await?, spot, self.page).await
    }

    /// The directories beside a place, and itself.
    pub(super) async fn names(&self, spot: &Spot) -> Result<BTreeSet<FilePath>> {
        let (folder, parent) = (self.open(spot.folder).await?, spot.root.parent());
        let (mut request, mut names) = (PageRequest { limit: self.page, token: None }, BTreeSet::new());
        loop {
            let page = match folder.list(&parent, request.clone()).await {
                Err(error) if misses_file(&error) => return Ok(names),
                page => page?,
            };
            names.extend(page.entries.into_iter().filter(|entry| entry.is_directory()).map(|entry| entry.path));
            let Some(token) = page.next else { return Ok(names) };
            request.token = Some(token);
        }
    }
}

impl Client {
    /// Some replica to look into a folder through; once everybody has stopped, one that does not fail, as the owner.
    pub(super) async fn eye(&mut self, folder: FolderId) -> Option<Eye> {
        if let Some(rest) = &self.trees.rest {
            let account = rest.owners.get(&folder)?.account.clone();
            return Some(Eye { bucket: rest.bucket.clone(), account, page: 1000 });
        }
        let (bucket, account) = self.enter().await?;
        let page = 1 + u16::try_from(self.below(4)).unwrap_or_default() * 300;
        Some(Eye { bucket, account, page })
    }

    /// What a look has found; `None` when nobody could tell.
    pub(super) fn sight<T: std::fmt::Debug>(
        &mut self,
        what: &'static str,
        spot: &Spot,
        start: Duration,
        answer: Result<T>,
    ) -> Option<T> {
        self.did(what, spot.folder, &spot.root, &format!("{:?}", answer.as_ref().ok()), &answer);
        if self.trees.rest.is_some() {
            if let Err(error) = &answer {
                self.broken(&format!("{spot:?} cannot be looked at in peace: {error:?}"));
            }
            return answer.ok();
        }
        self.judge(what, spot.folder, start, &answer);
        answer.ok().filter(|_| self.usable(spot.folder, start) == Certainty::Yes)
    }
}
