//! From what a request shows to the account that it speaks for.

use crate::accounts::credentials::{looks_like_token, sealed_for, token_digest};
use crate::accounts::{Account, Shown, no_such_account};
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::name::Email;
use crate::records::{AccessKey, AccountRecord, CredentialPointer, CredentialState, EmailClaim};
use crate::seal::{Secret, same};

/// The longest credential that is looked up.
const MAX_CREDENTIAL_BYTES: usize = 512;

impl Bucket {
    /// Whose API token this is. What does not look like one costs no request to the store. A revocation made on another replica takes effect within the
    /// cache time; a refusal is never from a cache.
    ///
    /// # Errors
    /// `Unauthenticated`; `Unavailable` when the store does not answer.
    pub async fn authenticate_token(&self, token: &str) -> Result<Account> {
        if !looks_like_token(token) {
            return Err(unauthenticated());
        }
        let account = self.pointed_at(token).await?;
        let digest = token_digest(token);
        let account = self.prove(account, |record| record.accepts_token_digest(&digest).then(|| Account::of(record)));
        Ok(account.await?.who_showed(Shown::Token(digest)))
    }

    /// The account and the secret that belong to an access key, for checking a signature.
    ///
    /// # Errors
    /// As [`Bucket::authenticate_token`]; `Internal` when the secret was sealed with a master key
    /// that was not given.
    pub async fn access_secret(&self, access_key: &str) -> Result<(Account, Secret)> {
        let id = self.pointed_at(access_key).await?;
        let active = |record: &AccountRecord| {
            let sealed = record.active_key(access_key)?.secret.clone()?;
            Some((Account::of(record).who_showed(Shown::Key(access_key.to_owned())), sealed))
        };
        let (account, sealed) = self.prove(id, active).await?;
        let secret = self.keys().open(&sealed, &sealed_for(id, access_key))?;
        Ok((account, secret))
    }

    /// Looks again whether an account may act, by the credential that it showed then.
    ///
    /// # Errors
    /// As [`Bucket::authenticate_token`].
    pub async fn still_good(&self, account: &Account) -> Result<()> {
        self.prove(account.id, |record| record.accepts(account.shown.as_ref()).then_some(())).await
    }

    /// The account that showed a credential before, if that is still good.
    ///
    /// # Errors
    /// As [`Bucket::authenticate_token`].
    pub(crate) async fn who_has_shown(&self, id: AccountId, shown: Option<Shown>) -> Result<Account> {
        let good = |record: &AccountRecord| record.accepts(shown.as_ref()).then(|| Account::of(record));
        Ok(Account { shown: shown.clone(), ..self.prove(id, good).await? })
    }

    /// Whose address and password these are. Takes as long for an address that nobody has.
    ///
    /// # Errors
    /// As [`Bucket::authenticate_token`].
    pub async fn authenticate_password(&self, email: &Email, password: &Secret) -> Result<Account> {
        let claim = self.manifest::<EmailClaim>(ObjectKey::email(email)).read().await?;
        let record = match claim.and_then(|claim| claim.account) {
            Some(account) => self.manifest::<AccountRecord>(ObjectKey::account(account)).read().await?,
            None => None,
        };
        let record = record.filter(AccountRecord::is_enabled);
        let hash = record.as_ref().and_then(|record| record.password.clone());
        let good = self.is_password(password, hash).await?;
        record.filter(|_| good).map(|record| Account::of(&record)).ok_or_else(unauthenticated)
    }

    /// The account, enabled or not.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`.
    pub async fn account(&self, id: AccountId) -> Result<Account> {
        let judge = |record: &std::sync::Arc<AccountRecord>| record.look().ok_or_else(no_such_account);
        let found = self.manifest::<AccountRecord>(ObjectKey::account(id)).find(judge).await?;
        found.ok_or_else(no_such_account)
    }

    async fn pointed_at(&self, credential: &str) -> Result<AccountId> {
        if credential.is_empty() || credential.len() > MAX_CREDENTIAL_BYTES {
            return Err(unauthenticated());
        }
        let pointer = self.manifest::<CredentialPointer>(ObjectKey::credential(credential));
        pointer.find(|pointer| Ok(pointer.account)).await?.ok_or_else(unauthenticated)
    }

    /// What `proof` makes of the account's record, if the account may act at all.
    async fn prove<R>(&self, account: AccountId, proof: impl Fn(&AccountRecord) -> Option<R>) -> Result<R> {
        let judge = |record: &std::sync::Arc<AccountRecord>| {
            Some(record)
                .filter(|record| record.is_enabled())
                .and_then(|record| proof(record))
                .ok_or_else(unauthenticated)
        };
        let proved = self.manifest::<AccountRecord>(ObjectKey::account(account)).find(judge).await?;
        proved.ok_or_else(unauthenticated)
    }
}

impl AccountRecord {
    /// Whether what was shown before is still good.
    fn accepts(&self, shown: Option<&Shown>) -> bool {
        match shown {
            Some(Shown::Token(digest)) => self.accepts_token_digest(digest),
            Some(Shown::Key(key)) => self.active_key(key).is_some(),
            None => true,
        }
    }

    /// Whether a token of this digest is good.
    pub(super) fn accepts_token_digest(&self, digest: &str) -> bool {
        let mut tokens = self.api_tokens.iter().filter(|token| token.state == CredentialState::Active);
        tokens.any(|token| same(&token.digest, digest))
    }

    /// The keys of the pointers that good credentials have.
    pub(crate) fn active_pointers(&self) -> Vec<ObjectKey> {
        let tokens = self.api_tokens.iter().filter(|token| token.state == CredentialState::Active);
        let keys = self.access_keys.iter().filter(|key| key.state == CredentialState::Active);
        let of_tokens = tokens.map(|token| ObjectKey::credential_of_digest(&token.digest));
        of_tokens.chain(keys.map(|key| ObjectKey::credential(&key.access_key))).collect()
    }

    /// The access key, if it is good.
    pub(super) fn active_key(&self, access_key: &str) -> Option<&AccessKey> {
        let mut keys = self.access_keys.iter().filter(|key| key.state == CredentialState::Active);
        keys.find(|key| same(&key.access_key, access_key))
    }
}

fn unauthenticated() -> Error {
    Error::new(ErrorKind::Unauthenticated, Subject::Account, "these credentials are not known")
}
