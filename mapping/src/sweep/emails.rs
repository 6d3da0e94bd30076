//! Claims of addresses whose account never came to be.

use futures::{StreamExt, TryStreamExt, stream};

use super::AT_ONCE;
use super::run::{Finding, Run, What};
use crate::bucket::Bucket;
use crate::error::Result;
use crate::key::{KeyPrefix, ObjectKey};
use crate::manifest::{Change, Manifest};
use crate::records::EmailClaim;
use crate::standing::{Look, Standing};

impl Bucket {
    pub(super) async fn sweep_emails(&self, run: &Run) -> Result<()> {
        let mut after = None;
        loop {
            let (keys, next) = self.page_of(KeyPrefix::emails(), after).await?;
            let work: Vec<_> = keys.into_iter().map(|key| self.sweep_claim(run, key)).collect();
            stream::iter(work).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// Frees a claim that is dead. Its slow maker is fenced off by then; whoever wants the address
    /// meanwhile takes the claim over himself.
    async fn sweep_claim(&self, run: &Run, key: ObjectKey) -> Result<()> {
        self.pass_over(&key, self.free_if_dead(run, &key).await)
    }

    async fn free_if_dead(&self, run: &Run, key: &ObjectKey) -> Result<()> {
        let manifest: Manifest<EmailClaim> = self.manifest(key.clone());
        let Some(claim) = manifest.read().await? else { return Ok(()) };
        let Some(account) = claim.account else { return Ok(()) };
        let reason = match self.look_at_claim(&claim).await? {
            Look::At(Standing::Real | Standing::Young) => return Ok(()),
            Look::At(Standing::Dead) => "its account never came to be",
            Look::Overdue => {
                run.never_came(account);
                "its account did not come to be in time"
            }
        };
        let free = |now: &mut EmailClaim| {
            if now.account != claim.account {
                return Ok(Change::Keep(0));
            }
            now.account = None;
            Ok(Change::Save(1))
        };
        let work = async {
            match self.standing_of_claim(&claim).await? {
                Standing::Dead => manifest.update(free).await,
                Standing::Real | Standing::Young => Ok(0),
            }
        };
        let age = Some(self.clock().now().since(claim.claimed));
        let finding = Finding { what: What::Claim, place: key.to_string(), reason, age, objects: 1 };
        run.settle(finding, work).await.map(drop)
    }
}
