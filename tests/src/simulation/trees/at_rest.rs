//! What became of everything, once all have stopped: no job is stuck, and each thing is where it may be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mapping::Bucket;
use mapping::access::{Delete, FolderRef};
use mapping::id::FolderId;
use mapping::jobs::JobFilter;
use mapping::key::{FolderPrefix, KeyPrefix};
use mapping::path::{DirPath, FilePath};
use mapping::store::Store;

use super::look::{Look, walk};
use super::thing::Spot;

use crate::quota::visible::moves;
use crate::simulation::client::Client;
use crate::simulation::cluster::{Cluster, Person};
use crate::simulation::quiet::all;

/// How often it is looked for jobs that are not over, before they are called stuck.
const LOOKS: u32 = 100;

/// Whether the sweeper has ended what the dead left half way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulation) enum Swept {
    No,
    Yes,
}

/// A process that does not fail, and the folders that there are.
#[derive(Clone, Debug)]
pub(in crate::simulation) struct Rest {
    /// The process.
    pub bucket: Bucket,
    /// Every folder, and whose it is.
    pub owners: BTreeMap<FolderId, Person>,
}

impl Rest {
    /// What is at a place, as the folder's owner sees it.
    pub(super) async fn look(&self, spot: &Spot) -> Result<Look, String> {
        let Some(owner) = self.owners.get(&spot.folder) else { return Ok(Look::Gone) };
        let opened = self.bucket.folder::<Delete>(&owner.account, &FolderRef::Id(spot.folder)).await;
        let opened = opened.map_err(|error| format!("{error:?}"))?;
        walk(&opened, spot, 1000).await.map(Look::Seen).map_err(|error| format!("{error:?}"))
    }

    /// Has every job come to its end.
    pub(in crate::simulation) async fn end_jobs(&self, cluster: &Cluster) -> Result<(), String> {
        let mut left = Vec::new();
        for _ in 0..LOOKS {
            self.bucket.tend_jobs().await.map_err(|error| format!("{error:?}"))?;
            let page = self.bucket.jobs_page(JobFilter::default(), None, 1000).await;
            let jobs = page.map_err(|error| format!("{error:?}"))?.jobs;
            left = jobs.into_iter().filter(|job| !job.state.is_over()).collect();
            if left.is_empty() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                return Ok(());
            }
            tokio::time::sleep(cluster.settings.job_lease_for).await;
        }
        Err(format!("jobs are stuck: {left:?}"))
    }

    /// Has the files of every directory that was moved follow, also where nobody has begun with it; nothing is at
    /// its old place then, and no folder waits for any.
    pub(in crate::simulation) async fn end_moves(&self, cluster: &Cluster, clients: &[Client]) -> Result<(), String> {
        tokio::time::sleep(cluster.settings.claim_grace).await;
        for (id, owner) in &self.owners {
            let opened = self.bucket.folder::<Delete>(&owner.account, &FolderRef::Id(*id)).await;
            opened.map_err(|error| format!("{error:?}"))?;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.end_jobs(cluster).await?;
        let store = Arc::clone(&cluster.memory) as Store;
        for id in self.owners.keys() {
            let moves = moves(&store, *id).await;
            if !moves.is_empty() {
                return Err(format!("directories of {id} are on their way for ever: {moves:?}"));
            }
        }
        for (id, path) in clients.iter().flat_map(Client::left).filter(|(id, _)| self.owners.contains_key(id)) {
            let old = KeyPrefix::directory(&FolderPrefix::of(id), &DirPath::at(path.clone()));
            if let Some(left) = all(cluster, old).await.first() {
                return Err(format!("all has left `{path}` in {id}, and {} is there", left.key));
            }
        }
        Ok(())
    }
}

impl Client {
    /// Looks at everything that it knows of, and settles what is settled; in the end all is.
    pub(in crate::simulation) async fn settle_at_rest(&mut self, rest: &Rest, swept: Swept) -> Result<(), String> {
        self.trees.rest = Some(rest.clone());
        for which in (0..self.trees.works.len()).rev() {
            while !self.ask_after(&rest.bucket, which).await {
                self.told_wrong()?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            self.watch(which).await;
            if swept == Swept::Yes || self.trees.works[which].is_settled() {
                self.settle(which).await;
            }
            self.told_wrong()?;
        }
        for which in (0..self.trees.doubts.len()).rev() {
            self.look_into(which).await;
            self.told_wrong()?;
        }
        let left: Vec<Spot> = self.trees.left.keys().cloned().collect();
        for spot in left.iter().filter(|spot| rest.owners.contains_key(&spot.folder)) {
            self.look_behind(spot).await;
            self.look_beside(spot).await;
            self.told_wrong()?;
        }
        let spots: Vec<Spot> = self.trees.things.keys().cloned().collect();
        for spot in spots {
            if !self.trees.is_under_way(&spot) {
                self.look_at(&spot).await;
                self.told_wrong()?;
            }
        }
        Ok(())
    }

    /// Nothing is in the trash any more.
    pub(in crate::simulation) fn forget_trash(&mut self) {
        self.trees.things.retain(|_, thing| thing.trashed.is_none());
    }

    /// Whether something of its own is on its way from there or to there.
    pub(in crate::simulation) fn is_moving(&self, folder: FolderId, path: &FilePath) -> bool {
        let below = |spot: &Spot| {
            let rest = path.as_str().strip_prefix(spot.root.as_str());
            spot.folder == folder && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let ends = |work: &super::Work| below(&work.from) || work.to.iter().any(below);
        self.trees.works.iter().any(ends)
    }

    fn told_wrong(&self) -> Result<(), String> {
        self.report.wrong().map_or(Ok(()), Err)
    }
}
