//! `.folderbridge/emails/<digest>` and `.folderbridge/credentials/<digest>`: from what somebody
//! says to their account. Neither proves anything: the account's record has the last word.

use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;
use crate::cache::Cache;
use crate::clock::Timestamp;
use crate::error::Subject;
use crate::id::AccountId;
use crate::manifest::Document;
use crate::name::Email;

/// Who an e-mail address belongs to. Taken by CAS, so of two accounts one gets it; freed by a
/// change of state, never by deletion.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EmailClaim {
    pub(crate) email: Email,
    /// `None` once the claim is free again.
    pub(crate) account: Option<AccountId>,
    pub(crate) claimed: Timestamp,
}

impl Document for EmailClaim {
    const KIND: &'static str = "email";
    const SUBJECT: Subject = Subject::Account;

    fn owner(&self) -> Option<AccountId> {
        self.account
    }

    fn state(&self) -> &'static str {
        if self.account.is_some() { "claimed" } else { "free" }
    }
}

/// Whose record to ask about a credential.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CredentialPointer {
    pub(crate) account: AccountId,
    pub(crate) created: Timestamp,
}

impl Document for CredentialPointer {
    const KIND: &'static str = "credential";
    const SUBJECT: Subject = Subject::Account;

    fn owner(&self) -> Option<AccountId> {
        Some(self.account)
    }

    fn state(&self) -> &'static str {
        "issued"
    }

    fn cache(bucket: &Bucket) -> Option<&Cache<Self>> {
        Some(&bucket.caches().credentials)
    }
}
