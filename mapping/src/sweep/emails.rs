//! Claims of addresses whose account never came to be.

use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, SweepReport};
use crate::bucket::Bucket;
use crate::error::Result;
use crate::key::{KeyPrefix, ObjectKey};
use crate::manifest::{Change, Manifest};
use crate::records::EmailClaim;
use crate::standing::Standing;

impl Bucket {
    pub(super) async fn sweep_emails(&self, report: &mut SweepReport) -> Result<()> {
        let mut after = None;
        loop {
            let (keys, next) = self.page_of(KeyPrefix::emails(), after).await?;
            let work: Vec<_> = keys.into_iter().map(|key| self.sweep_claim(key)).collect();
            let freed: Vec<bool> = stream::iter(work).buffer_unordered(AT_ONCE).try_collect().await?;
            report.claims_freed += freed.iter().filter(|freed| **freed).count();
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// Frees a claim that is dead. Its slow maker is fenced off by then; whoever wants the address
    /// meanwhile takes the claim over himself.
    async fn sweep_claim(&self, key: ObjectKey) -> Result<bool> {
        self.pass_over(&key, self.free_if_dead(key.clone()).await)
    }

    async fn free_if_dead(&self, key: ObjectKey) -> Result<bool> {
        let manifest: Manifest<EmailClaim> = self.manifest(key);
        let Some(claim) = manifest.read().await?.filter(|claim| claim.account.is_some()) else { return Ok(false) };
        if self.standing_of_claim(&claim).await? != Standing::Dead {
            return Ok(false);
        }
        let free = |now: &mut EmailClaim| {
            if now.account != claim.account {
                return Ok(Change::Keep(false));
            }
            now.account = None;
            Ok(Change::Save(true))
        };
        manifest.update(free).await
    }
}
