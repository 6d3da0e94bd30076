//! Who somebody is to others.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};

use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::name::{DisplayName, Email};
use crate::records::EmailClaim;

/// Records read at one time.
const READ_AT_ONCE: usize = 16;

/// What those who share something see of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account's id.
    pub id: AccountId,
    /// The e-mail address.
    pub email: Email,
    /// What lists show.
    pub name: DisplayName,
}

impl From<&Account> for Person {
    fn from(account: &Account) -> Self {
        Self { id: account.id, email: account.email.clone(), name: account.name.clone() }
    }
}

impl Bucket {
    /// The account that has this address, enabled or not.
    ///
    /// # Errors
    /// `NotFound` (account), naming the address; `Unavailable`.
    pub async fn account_by_email(&self, email: &Email) -> Result<Account> {
        let claim = self.manifest::<EmailClaim>(ObjectKey::email(email)).read().await?;
        let Some(id) = claim.and_then(|claim| claim.account) else { return Err(nobody_at(email)) };
        match self.account(id).await {
            // A claim of an account that is being made, or never came to be.
            Err(error) if error.kind() == ErrorKind::NotFound => Err(nobody_at(email)),
            answer => answer,
        }
    }

    /// Who these accounts are. One that is not there is left out.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn people(&self, ids: impl IntoIterator<Item = AccountId>) -> Result<BTreeMap<AccountId, Person>> {
        let ids: BTreeSet<_> = ids.into_iter().collect();
        let reads: Vec<_> = ids.into_iter().map(|id| self.person_if_any(id)).collect();
        let found: Vec<Option<Person>> = stream::iter(reads).buffered(READ_AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().map(|person| (person.id, person)).collect())
    }

    async fn person_if_any(&self, id: AccountId) -> Result<Option<Person>> {
        match self.account(id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            answer => Ok(Some(Person::from(&answer?))),
        }
    }
}

fn nobody_at(email: &Email) -> Error {
    Error::new(ErrorKind::NotFound, Subject::Account, format!("no account has the address `{email}`"))
}
