//! What the operator changes about an account.

use crate::accounts::{Credentials, no_such_account};
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result};
use crate::folders::{FolderLimitsChange, Setting};
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::limits::AccountLimits;
use crate::manifest::{Change, Manifest};
use crate::records::{AccountRecord, AccountState, CredentialState};

/// How many revoked credentials of each kind a record remembers.
const REMEMBERED: usize = 10;

impl Bucket {
    /// Issues new credentials and revokes all others, in one write.
    ///
    /// A crash before it leaves pointers that the record does not list: they prove nothing, and
    /// the sweeper takes them.
    ///
    /// # Errors
    /// `NotFound`; `Conflict`; `Unavailable`: the old ones may have been revoked.
    pub async fn rotate_credentials(&self, id: AccountId) -> Result<Credentials> {
        let account = self.account(id).await?;
        let credentials = Credentials::for_account(id, account.email, self.random());
        let (began, now) = (self.clock().elapsed(), self.clock().now());
        let (key, token) = (credentials.stored_key(self, now)?, credentials.stored_token(now));
        self.point_at_account(&credentials).await?;
        let replace = |record: &mut AccountRecord| {
            if record.active_key(&key.access_key).is_none() {
                record.revoke_all();
                record.access_keys.push(key.clone());
                record.api_tokens.push(token.clone());
            }
            Ok(Change::Save(()))
        };
        self.live_record(id).update(only_live(replace)).await.map_err(say_account)?;
        if self.clock().elapsed().saturating_sub(began) >= self.settings().claim_grace / 2 {
            // So slow that the sweeper may have taken the pointers before the record listed them.
            self.point_at_account(&credentials).await?;
        }
        Ok(credentials)
    }

    /// Refuses or accepts again all credentials of an account.
    ///
    /// # Errors
    /// `NotFound`; `Conflict`; `Unavailable`: it may have been done.
    pub async fn set_disabled(&self, id: AccountId, disabled: bool) -> Result<()> {
        let set = |record: &mut AccountRecord| {
            if record.disabled == disabled {
                return Ok(Change::Keep(()));
            }
            record.disabled = disabled;
            Ok(Change::Save(()))
        };
        self.live_record(id).update(only_live(set)).await.map_err(say_account)
    }

    /// Changes what is set for an account: how many folders it may own, and what each may hold. It
    /// holds on every replica within the cache time, and takes nothing away.
    ///
    /// # Errors
    /// `NotFound`; `Conflict`; `Unavailable`: it may have been done.
    pub async fn set_account_limits(
        &self,
        id: AccountId,
        folders: Setting<u32>,
        folder: FolderLimitsChange,
    ) -> Result<()> {
        let set = |record: &mut AccountRecord| {
            let limits =
                AccountLimits { folders: folders.on(record.limits.folders), folder: folder.on(record.limits.folder) };
            if limits == record.limits {
                return Ok(Change::Keep(()));
            }
            record.limits = limits;
            Ok(Change::Save(()))
        };
        self.live_record(id).update(only_live(set)).await.map_err(say_account)
    }

    fn live_record(&self, id: AccountId) -> Manifest<AccountRecord> {
        self.manifest(ObjectKey::account(id))
    }
}

/// `change`, for accounts that came to be.
fn only_live<R>(
    mut change: impl FnMut(&mut AccountRecord) -> Result<Change<R>>,
) -> impl FnMut(&mut AccountRecord) -> Result<Change<R>> {
    move |record| match record.state {
        AccountState::Live => change(record),
        AccountState::Fenced => Err(no_such_account()),
    }
}

fn say_account(error: Error) -> Error {
    if error.kind() == ErrorKind::NotFound { no_such_account() } else { error }
}

impl AccountRecord {
    /// Takes all credentials back. Their secrets go at once, their names stay for a while.
    fn revoke_all(&mut self) {
        for key in &mut self.access_keys {
            key.state = CredentialState::Revoked;
            key.secret = None;
        }
        for token in &mut self.api_tokens {
            token.state = CredentialState::Revoked;
        }
        let (keys, tokens) = (self.access_keys.len(), self.api_tokens.len());
        self.access_keys.drain(..keys.saturating_sub(REMEMBERED));
        self.api_tokens.drain(..tokens.saturating_sub(REMEMBERED));
    }
}
