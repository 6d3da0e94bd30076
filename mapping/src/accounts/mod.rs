//! Accounts: who somebody is, and what proves it.

mod authenticate;
mod change;
mod create;
mod credentials;
mod list;
mod password;
mod people;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Subject};
use crate::id::AccountId;
use crate::limits::AccountLimits;
use crate::name::{DisplayName, Email};
use crate::records::AccountRecord;
use crate::seal::Secret;

pub use credentials::Credentials;
pub use list::AccountPage;
pub use people::Person;

pub(crate) use password::Hashing;

/// Somebody who was authenticated or looked up.
#[derive(Clone, Debug)]
pub struct Account {
    /// The id; the same in every dialect.
    pub id: AccountId,
    /// The e-mail address.
    pub email: Email,
    /// What lists show.
    pub name: DisplayName,
    /// When it was made.
    pub created: Timestamp,
    /// Whether its credentials are refused.
    pub disabled: bool,
    /// What is set for it.
    pub limits: AccountLimits,
    /// What it showed to be authenticated, to be looked at again when a transfer takes long.
    pub(crate) shown: Option<Shown>,
}

/// A credential that somebody showed, as its account's record has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shown {
    /// An API token, by its digest.
    Token(String),
    /// An access key.
    Key(String),
}

/// An account to be made.
#[derive(Debug)]
pub struct NewAccount {
    /// Its e-mail address: one account each.
    pub email: Email,
    /// What lists show.
    pub name: DisplayName,
    /// For the dialects with a login; without one, no password is good.
    pub password: Option<Secret>,
    /// Credentials made before: the same request with the same ones can be made again after a crash,
    /// and succeeds if it had succeeded.
    pub issued: Option<Credentials>,
}

impl Account {
    fn of(record: &AccountRecord) -> Self {
        Self {
            id: record.id,
            email: record.email.clone(),
            name: record.name.clone(),
            created: record.created,
            disabled: record.disabled,
            limits: record.limits,
            shown: None,
        }
    }

    fn who_showed(self, shown: Shown) -> Self {
        Self { shown: Some(shown), ..self }
    }
}

fn no_such_account() -> Error {
    Error::new(ErrorKind::NotFound, Subject::Account, "no such account")
}
