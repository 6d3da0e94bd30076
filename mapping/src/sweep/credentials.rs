//! Pointers from credentials that no account lists as good.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, SweepReport};
use crate::bucket::Bucket;
use crate::error::{Result, Subject};
use crate::key::{KeyPrefix, ObjectKey};
use crate::records::{AccountRecord, AccountState, CredentialPointer};
use crate::store::{Condition, ETag, StoreErrorKind};

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

    /// Removes the pointer as it was seen. A crash between the removal and the last look leaves a
    /// good credential without its pointer only on a store that ignores conditions of deletes.
    async fn remove_if_bad(&self, key: &ObjectKey) -> Result<bool> {
        let manifest = self.manifest::<CredentialPointer>(key.clone());
        let Some((etag, pointer)) = manifest.read_object().await? else { return Ok(false) };
        let account = self.manifest::<AccountRecord>(ObjectKey::account(pointer.account));
        let record = account.read().await?;
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
        if !self.remove_seen(key, etag).await? {
            return Ok(false);
        }
        // Not every store looks at a delete's condition: a pointer that became good meanwhile returns.
        let good = account.read().await?.is_some_and(|record| record.active_pointers().contains(key));
        if good {
            manifest.create(pointer).await?;
        }
        Ok(!good)
    }

    /// Removes the object that was seen; `false` when it was changed meanwhile.
    async fn remove_seen(&self, key: &ObjectKey, etag: ETag) -> Result<bool> {
        match self.store().delete(key, Condition::Matches(etag)).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_lost_race() || error.kind() == StoreErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.about(Subject::Account)),
        }
    }
}
