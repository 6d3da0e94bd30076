//! What an account shows: an access key with its secret, and an API token.

use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::manifest::{Change, Created};
use crate::name::Email;
use crate::random::Random;
use crate::records::{AccessKey, ApiToken, CredentialPointer, CredentialState};
use crate::seal::Secret;

/// Fresh credentials. This is the only time that they can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Whose they are.
    pub account_id: AccountId,
    /// His address.
    pub email: Email,
    /// Names the secret key; not secret.
    pub access_key: String,
    /// Signs requests.
    pub secret_key: Secret,
    /// Is sent with requests.
    pub api_token: Secret,
}

impl Credentials {
    /// New credentials for a new account: they are good once the account has been made with them.
    #[must_use]
    pub fn generate(email: Email, random: &dyn Random) -> Self {
        Self::for_account(AccountId::random(random), email, random)
    }

    /// New credentials for an account that there is.
    pub(super) fn for_account(account_id: AccountId, email: Email, random: &dyn Random) -> Self {
        Self {
            account_id,
            email,
            access_key: format!("FB{}", random.alphanumeric(18)),
            secret_key: Secret::new(random.alphanumeric(40)),
            api_token: Secret::new(format!("{TOKEN_START}{}", random.alphanumeric(TOKEN_LENGTH))),
        }
    }

    /// How the access key stands in the account's record, its secret sealed.
    pub(super) fn stored_key(&self, bucket: &Bucket, created: Timestamp) -> Result<AccessKey> {
        let place = sealed_for(self.account_id, &self.access_key);
        let secret = bucket.keys().seal(&self.secret_key, &place, bucket.random())?;
        Ok(AccessKey {
            access_key: self.access_key.clone(),
            secret: Some(secret),
            created,
            state: CredentialState::Active,
        })
    }

    /// How the API token stands in the account's record.
    pub(super) fn stored_token(&self, created: Timestamp) -> ApiToken {
        ApiToken { digest: token_digest(self.api_token.expose()), created, state: CredentialState::Active }
    }
}

/// How an API token begins, and how many digits and letters follow.
const TOKEN_START: &str = "fb_";
const TOKEN_LENGTH: usize = 40;

/// Whether this could be an API token. What could not is nobody's, whatever the store holds.
pub(super) fn looks_like_token(text: &str) -> bool {
    text.strip_prefix(TOKEN_START)
        .is_some_and(|rest| rest.len() == TOKEN_LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// What binds a sealed secret key to its account and its access key.
pub(super) fn sealed_for(account: AccountId, access_key: &str) -> String {
    format!("{account} {access_key}")
}

/// How an API token stands in the account's record: the digest that also names its pointer.
pub(super) fn token_digest(token: &str) -> String {
    ObjectKey::credential_digest(token)
}

impl Bucket {
    /// Writes the pointers from the credentials to their account. Doing it again makes them young:
    /// a sweeper that has looked at one before does not take it any more.
    pub(super) async fn point_at_account(&self, credentials: &Credentials) -> Result<()> {
        let account = credentials.account_id;
        for text in [credentials.access_key.as_str(), credentials.api_token.expose()] {
            let pointer = CredentialPointer { account, created: self.clock().now() };
            let manifest = self.manifest(ObjectKey::credential(text));
            let Created::Existed(_) = manifest.create(pointer.clone()).await? else { continue };
            let renew = |there: &mut CredentialPointer| {
                if there.account != account {
                    return Err(taken());
                }
                there.created = there.created.max(pointer.created);
                Ok(Change::Save(()))
            };
            manifest.upsert(pointer.clone(), renew).await?;
        }
        Ok(())
    }
}

fn taken() -> Error {
    Error::new(ErrorKind::AlreadyExists, Subject::Account, "these credentials belong to another account")
}
