//! Pointers from credentials that no account lists as good.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, SweepReport};
use crate::bucket::Bucket;
use crate::error::Result;
use crate::key::{KeyPrefix, ObjectKey};
use crate::records::{AccountRecord, AccountState, CredentialPointer};

impl Bucket {
    /// `good` are the keys of pointers that are known to be needed.
    pub(super) async fn sweep_credentials(&self, report: &mut SweepReport, good: &HashSet<ObjectKey>) -> Result<()> {
        let mut after = None;
        loop {
            let (keys, next) = self.page_of(KeyPrefix::credentials(), after).await?;
            let doubtful = keys.into_iter().filter(|key| !good.contains(key));
            let work: Vec<_> = doubtful.map(|key| self.sweep_pointer(key)).collect();
            let removed: Vec<bool> = stream::iter(work).buffer_unordered(AT_ONCE).try_collect().await?;
            report.credentials_removed += removed.iter().filter(|removed| **removed).count();
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// Removes a pointer that leads to no good credential. It is written before the record that
    /// lists it, so a young one may be about to become good.
    async fn sweep_pointer(&self, key: ObjectKey) -> Result<bool> {
        self.pass_over(&key, self.remove_if_bad(&key).await)
    }

    async fn remove_if_bad(&self, key: &ObjectKey) -> Result<bool> {
        let Some(pointer) = self.manifest::<CredentialPointer>(key.clone()).read().await? else { return Ok(false) };
        let record = self.manifest::<AccountRecord>(ObjectKey::account(pointer.account)).read().await?;
        let patience = match record {
            Some(record) if record.active_pointers().contains(key) => return Ok(false),
            Some(record) if record.state == AccountState::Fenced => std::time::Duration::ZERO,
            Some(_) => self.settings().claim_grace,
            // Its account may still come: only a fence would tell that it cannot.
            None => self.settings().late_writes,
        };
        if self.clock().now().since(pointer.created) < patience {
            return Ok(false);
        }
        self.remove(key).await?;
        Ok(true)
    }
}
