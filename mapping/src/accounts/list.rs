//! All accounts, a page at a time.

use futures::{StreamExt, TryStreamExt, stream};

use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Result, Subject};
use crate::id::AccountId;
use crate::key::{KeyPrefix, ObjectKey};
use crate::records::{AccountRecord, AccountState};
use crate::store::ListRequest;

/// Records read at one time.
const READ_AT_ONCE: usize = 16;

/// Some of the accounts, in the order of their ids.
#[derive(Clone, Debug)]
pub struct AccountPage {
    /// The accounts; may be fewer than asked for before the last page.
    pub accounts: Vec<Account>,
    /// What continues the listing; `None` on the last page.
    pub next: Option<String>,
}

impl Bucket {
    /// Up to `limit` accounts, after the page whose `next` is given.
    ///
    /// # Errors
    /// `Invalid` when `after` is no such mark; `Unavailable`.
    pub async fn accounts(&self, after: Option<String>, limit: u16) -> Result<AccountPage> {
        let (ids, next) = self.account_ids(after, limit).await?;
        let reads: Vec<_> = ids.into_iter().map(|id| self.account_if_any(id)).collect();
        let found: Vec<Option<Account>> = stream::iter(reads).buffered(READ_AT_ONCE).try_collect().await?;
        Ok(AccountPage { accounts: found.into_iter().flatten().collect(), next })
    }

    /// The ids below `accounts/`, whatever has become of them.
    pub(crate) async fn account_ids(
        &self,
        after: Option<String>,
        limit: u16,
    ) -> Result<(Vec<AccountId>, Option<String>)> {
        let prefix = KeyPrefix::accounts();
        let limit = limit.clamp(1, 1000);
        let request = ListRequest { prefix: prefix.clone(), delimited: true, token: after, start_after: None, limit };
        let page = self.store().list(request).await.map_err(|error| error.about(Subject::Account))?;
        let id = |listed: &String| listed.strip_prefix(prefix.as_str())?.strip_suffix('/')?.parse().ok();
        Ok((page.prefixes.iter().filter_map(id).collect(), page.next))
    }

    async fn account_if_any(&self, id: AccountId) -> Result<Option<Account>> {
        let record = self.manifest::<AccountRecord>(ObjectKey::account(id)).read().await?;
        Ok(record.and_then(|record| record.look()))
    }
}

impl AccountRecord {
    /// The account, if it came to be.
    pub(super) fn look(&self) -> Option<Account> {
        (self.state == AccountState::Live).then(|| Account::of(self))
    }
}
