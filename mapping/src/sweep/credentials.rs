//! Pointers from credentials that no account lists as good.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};

use super::AT_ONCE;
use super::run::{Finding, Run, What};
use crate::bucket::Bucket;
use crate::error::{Result, Subject};
use crate::key::{KeyPrefix, ObjectKey};
use crate::manifest::Manifest;
use crate::records::{AccountRecord, AccountState, CredentialPointer};
use crate::store::{Condition, ETag, StoreErrorKind};

impl Bucket {
    /// `good` are the keys of pointers that are known to be needed.
    pub(super) async fn sweep_credentials(&self, run: &Run, good: &HashSet<ObjectKey>) -> Result<()> {
        let mut after = None;
        loop {
            let (keys, next) = self.page_of(KeyPrefix::credentials(), after).await?;
            let doubtful = keys.into_iter().filter(|key| !good.contains(key));
            let work: Vec<_> = doubtful.map(|key| self.sweep_pointer(run, key)).collect();
            stream::iter(work).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// Removes a pointer that leads to no good credential. It is written before the record that
    /// lists it, so a young one may be about to become good.
    async fn sweep_pointer(&self, run: &Run, key: ObjectKey) -> Result<()> {
        self.pass_over(&key, self.remove_if_bad(run, &key).await)
    }

    async fn remove_if_bad(&self, run: &Run, key: &ObjectKey) -> Result<()> {
        let manifest = self.manifest::<CredentialPointer>(key.clone());
        let Some((etag, pointer)) = manifest.read_object().await? else { return Ok(()) };
        let account = self.manifest::<AccountRecord>(ObjectKey::account(pointer.account));
        let (patience, reason) = match account.read().await? {
            Some(record) if record.active_pointers().contains(key) => return Ok(()),
            Some(record) if record.state == AccountState::Fenced => (Duration::ZERO, "its account never came to be"),
            Some(_) => (self.settings().claim_grace, "its account does not list it as good"),
            None if run.is_no_account(pointer.account) => (Duration::ZERO, "its account never came to be"),
            // Its account may still come: only a fence would tell that it cannot.
            None => (self.settings().late_writes, "it has no account"),
        };
        let age = self.clock().now().since(pointer.created);
        if age < patience {
            return Ok(());
        }
        let finding = Finding { what: What::Credential, place: key.to_string(), reason, age: Some(age), objects: 1 };
        run.settle(finding, self.remove_pointer(&manifest, key, (etag, pointer), &account)).await.map(drop)
    }

    /// Removes the pointer as it was seen. A crash between the removal and the last look leaves a
    /// good credential without its pointer only on a store that ignores conditions of deletes.
    async fn remove_pointer(
        &self,
        manifest: &Manifest<CredentialPointer>,
        key: &ObjectKey,
        (etag, pointer): (ETag, CredentialPointer),
        account: &Manifest<AccountRecord>,
    ) -> Result<usize> {
        if !self.remove_seen(key, etag).await? {
            return Ok(0);
        }
        // Not every store looks at a delete's condition: a pointer that became good meanwhile returns.
        let good = account.read().await?.is_some_and(|record| record.active_pointers().contains(key));
        if good {
            manifest.create(pointer).await?;
        }
        Ok(usize::from(!good))
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
