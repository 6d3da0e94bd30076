//! `.folderbridge/accounts/<account-id>/record`: who somebody is, and what they show to prove it.

use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;
use crate::cache::Cache;
use crate::clock::Timestamp;
use crate::error::Subject;
use crate::id::AccountId;
use crate::limits::AccountLimits;
use crate::manifest::Document;
use crate::name::{DisplayName, Email};
use crate::seal::Sealed;

/// An account. Only this record says that it exists and which credentials are good.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub(crate) id: AccountId,
    pub(crate) state: AccountState,
    pub(crate) email: Email,
    pub(crate) name: DisplayName,
    /// Argon2id, as a PHC string.
    pub(crate) password: Option<String>,
    pub(crate) access_keys: Vec<AccessKey>,
    pub(crate) api_tokens: Vec<ApiToken>,
    pub(crate) disabled: bool,
    pub(crate) limits: AccountLimits,
    pub(crate) created: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountState {
    Live,
    /// It never came to be: its creation stopped half way and may not go on.
    Fenced,
}

/// An access key; its secret is sealed for this account and this key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessKey {
    pub(crate) access_key: String,
    /// Gone once the key is revoked.
    pub(crate) secret: Option<Sealed>,
    pub(crate) created: Timestamp,
    pub(crate) state: CredentialState,
}

/// An API token, as its SHA-256 in hex: the token itself is nowhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ApiToken {
    pub(crate) digest: String,
    pub(crate) created: Timestamp,
    pub(crate) state: CredentialState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CredentialState {
    Active,
    Revoked,
}

impl AccountRecord {
    /// Whether it exists and may act.
    pub(crate) fn is_enabled(&self) -> bool {
        self.state == AccountState::Live && !self.disabled
    }
}

impl Document for AccountRecord {
    const KIND: &'static str = "account";
    const SUBJECT: Subject = Subject::Account;

    fn owner(&self) -> Option<AccountId> {
        Some(self.id)
    }

    fn state(&self) -> &'static str {
        match (self.state, self.disabled) {
            (AccountState::Fenced, _) => "fenced",
            (AccountState::Live, true) => "disabled",
            (AccountState::Live, false) => "live",
        }
    }

    fn cache(bucket: &Bucket) -> Option<&Cache<Self>> {
        Some(&bucket.caches().accounts)
    }
}
