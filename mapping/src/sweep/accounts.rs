//! Accounts: what they left behind, and those that never came to be.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::AT_ONCE;
use super::run::{Finding, Run, What};
use crate::bucket::Bucket;
use crate::error::Result;
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::records::{AccountRecord, AccountState};

/// Accounts listed at one time.
const PAGE: u16 = 1000;

impl Bucket {
    /// Looks at every account; puts the keys of the pointers from good credentials into `good`.
    pub(super) async fn sweep_accounts(&self, run: &Run, good: &mut HashSet<ObjectKey>) -> Result<()> {
        let mut after = None;
        loop {
            let (ids, next) = self.account_ids(after, PAGE).await?;
            let work: Vec<_> = ids.into_iter().map(|id| self.sweep_account(run, id)).collect();
            let mut done = stream::iter(work).buffer_unordered(AT_ONCE);
            while let Some(pointers) = done.try_next().await? {
                good.extend(pointers);
            }
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    async fn sweep_account(&self, run: &Run, id: AccountId) -> Result<Vec<ObjectKey>> {
        self.pass_over(&ObjectKey::account(id), self.sweep_all_of(run, id).await)
    }

    async fn sweep_all_of(&self, run: &Run, id: AccountId) -> Result<Vec<ObjectKey>> {
        let Some(record) = self.manifest::<AccountRecord>(ObjectKey::account(id)).read().await? else {
            return Ok(Vec::new());
        };
        if record.state == AccountState::Fenced {
            self.sweep_fenced(run, &record).await?;
            return Ok(Vec::new());
        }
        let mut more = self.sweep_bin(run, id).await?;
        more.extend(self.sweep_names(run, id).await?);
        self.sweep_deleted(run, id, more).await?;
        Ok(record.active_pointers())
    }

    /// Removes the record that stands in the way of a slow maker once no request of his can still
    /// be under way. (Nobody else writes this key: its id is never used again.)
    async fn sweep_fenced(&self, run: &Run, record: &AccountRecord) -> Result<()> {
        run.never_came(record.id);
        let age = self.clock().now().since(record.created);
        if age < self.settings().late_writes {
            return Ok(());
        }
        let key = ObjectKey::account(record.id);
        let reason = "it never came to be, and nobody can be making it any more";
        let finding = Finding { what: What::Account, place: key.to_string(), reason, age: Some(age), objects: 1 };
        run.settle(finding, async { self.remove(&key).await.map(|()| 1) }).await.map(drop)
    }
}
