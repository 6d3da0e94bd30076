//! What store probes that died have left.

use std::time::Duration;

use super::run::{Finding, Run, What};
use crate::bucket::Bucket;
use crate::error::{Result, Subject};
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{ListPage, ListRequest};

/// A probe takes minutes at most; its objects are told by the store's clock.
const LONGEST_PROBE: Duration = Duration::from_secs(24 * 60 * 60);

impl Bucket {
    pub(super) async fn sweep_scratch(&self, run: &Run) -> Result<()> {
        let mut request = ListRequest::all(KeyPrefix::scratches());
        loop {
            let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Request))?;
            self.remove_old_scratch(run, &page).await?;
            let Some(token) = page.next else { return Ok(()) };
            request.token = Some(token);
        }
    }

    async fn remove_old_scratch(&self, run: &Run, page: &ListPage) -> Result<()> {
        let age = |modified| self.clock().now().since(modified);
        let old = page.objects.iter().filter(|listed| age(listed.modified) >= LONGEST_PROBE);
        let (keys, ages): (Vec<ObjectKey>, Vec<_>) = old.map(|old| (old.key.clone(), age(old.modified))).unzip();
        if keys.is_empty() {
            return Ok(());
        }
        let finding = Finding {
            what: What::Scratch,
            place: KeyPrefix::scratches().as_str().to_owned(),
            reason: "the store probe that made it is over",
            age: ages.into_iter().max(),
            objects: keys.len(),
        };
        let work = async {
            let stayed = self.store().delete_many(&keys).await.map_err(|error| error.about(Subject::Request))?;
            for (key, error) in &stayed {
                tracing::warn!(%key, error = error as &dyn std::error::Error, "a probe's object stays");
            }
            Ok(keys.len() - stayed.len())
        };
        run.settle(finding, work).await.map(drop)
    }
}
