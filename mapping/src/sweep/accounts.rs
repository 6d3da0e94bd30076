//! Accounts: what they left behind, and those that never came to be.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, SweepReport};
use crate::bucket::Bucket;
use crate::error::{Result, Subject};
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::records::{AccountRecord, AccountState};
use crate::store::Condition;

/// Accounts listed at one time.
const PAGE: u16 = 1000;

impl Bucket {
    /// Looks at every account; puts the keys of the pointers from good credentials into `good`.
    pub(super) async fn sweep_accounts(&self, report: &mut SweepReport, good: &mut HashSet<ObjectKey>) -> Result<()> {
        let mut after = None;
        loop {
            let (ids, next) = self.account_ids(after, PAGE).await?;
            let work: Vec<_> = ids.into_iter().map(|id| self.sweep_account(id)).collect();
            let mut done = stream::iter(work).buffer_unordered(AT_ONCE);
            while let Some((part, pointers)) = done.try_next().await? {
                report.add(&part);
                good.extend(pointers);
            }
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    async fn sweep_account(&self, id: AccountId) -> Result<(SweepReport, Vec<ObjectKey>)> {
        self.pass_over(&ObjectKey::account(id), self.sweep_all_of(id).await)
    }

    async fn sweep_all_of(&self, id: AccountId) -> Result<(SweepReport, Vec<ObjectKey>)> {
        let mut report = SweepReport::default();
        let Some(record) = self.manifest::<AccountRecord>(ObjectKey::account(id)).read().await? else {
            return Ok((report, Vec::new()));
        };
        if record.state == AccountState::Fenced {
            self.sweep_fenced(&record, &mut report).await?;
            return Ok((report, Vec::new()));
        }
        self.sweep_names(id, &mut report).await?;
        self.sweep_deleted(id, &mut report).await?;
        Ok((report, record.active_pointers()))
    }

    /// Removes the record that stands in the way of a slow maker once no request of his can still
    /// be under way. (Nobody else writes this key: its id is never used again.)
    async fn sweep_fenced(&self, record: &AccountRecord, report: &mut SweepReport) -> Result<()> {
        if self.clock().now().since(record.created) < self.settings().late_writes {
            return Ok(());
        }
        self.remove(&ObjectKey::account(record.id)).await?;
        report.accounts_removed += 1;
        Ok(())
    }

    /// Removes one control object.
    pub(super) async fn remove(&self, key: &ObjectKey) -> Result<()> {
        self.store().delete(key, Condition::Always).await.map_err(|error| error.about(Subject::Request))
    }
}

impl SweepReport {
    fn add(&mut self, part: &Self) {
        self.claims_freed += part.claims_freed;
        self.accounts_removed += part.accounts_removed;
        self.credentials_removed += part.credentials_removed;
        self.names_removed += part.names_removed;
        self.objects_removed += part.objects_removed;
        self.folders_removed += part.folders_removed;
    }
}
