//! Making an account.

use crate::accounts::{Account, Credentials, NewAccount};
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::limits::AccountLimits;
use crate::manifest::{Change, Created};
use crate::name::Email;
use crate::records::{AccountRecord, AccountState, EmailClaim};
use crate::standing::{Patience, Standing};

impl Bucket {
    /// Makes an account and answers what it shows to prove itself.
    ///
    /// Three writes; a crash after each leaves:
    /// 1. the claim of the address: nobody's, free again after the grace time;
    /// 2. pointers from the credentials: they lead to no record, the sweeper takes them;
    /// 3. the record: the account exists.
    ///
    /// # Errors
    /// `AlreadyExists` when the address has an account; `Busy` when somebody else is making one;
    /// `Conflict` when this took so long that it was given up; `Invalid`; `Unavailable`: it may
    /// have been made.
    pub async fn create_account(&self, new: NewAccount) -> Result<(Account, Credentials)> {
        let credentials = match &new.issued {
            Some(issued) if issued.email != new.email => return Err(other_address()),
            Some(issued) => issued.clone(),
            None => Credentials::generate(new.email.clone(), self.random()),
        };
        let record = self.first_record(&new, &credentials).await?;
        self.claim_email(&new.email, record.id).await?;
        self.point_at_account(&credentials).await?;
        let account = match self.manifest(ObjectKey::account(record.id)).create(record.clone()).await? {
            Created::New => Account::of(&record),
            Created::Existed(there) => there.made_by_the_same_request(&record)?,
        };
        if new.issued.is_some() {
            // Pointers of an earlier try may be so old that the sweeper was taking them just now.
            self.point_at_account(&credentials).await?;
        }
        Ok((account, credentials))
    }

    async fn first_record(&self, new: &NewAccount, credentials: &Credentials) -> Result<AccountRecord> {
        let created = self.clock().now();
        let password = match &new.password {
            Some(password) => Some(self.hash_password(password).await?),
            None => None,
        };
        Ok(AccountRecord {
            id: credentials.account_id,
            state: AccountState::Live,
            email: new.email.clone(),
            name: new.name.clone(),
            password,
            access_keys: vec![credentials.stored_key(self, created)?],
            api_tokens: vec![credentials.stored_token(created)],
            disabled: false,
            limits: AccountLimits::default(),
            created,
        })
    }

    /// Takes the address for `account`. Who holds it and never became an account is fenced off
    /// first, so he cannot come back.
    async fn claim_email(&self, email: &Email, account: AccountId) -> Result<()> {
        let claim = self.manifest::<EmailClaim>(ObjectKey::email(email));
        let mut dead = None;
        let mut patience = Patience::new();
        loop {
            let now = self.clock().now();
            let free = EmailClaim { email: email.clone(), account: None, claimed: now };
            let take = |claim: &mut EmailClaim| match claim.account {
                Some(holder) if holder == account => Ok(Change::Keep(None)),
                Some(holder) if dead != Some(holder) => Ok(Change::Keep(Some(claim.clone()))),
                _ => {
                    claim.account = Some(account);
                    claim.claimed = now;
                    Ok(Change::Save(None))
                }
            };
            let Some(held) = claim.upsert(free, take).await? else { return Ok(()) };
            match self.standing_of_claim(&held).await? {
                Standing::Real => return Err(address_taken(email)),
                Standing::Dead => dead = held.account,
                Standing::Young => patience.wait(self, Subject::Account).await?,
            }
        }
    }
}

impl AccountRecord {
    /// What a creation makes of a record that was there before it.
    fn made_by_the_same_request(&self, wanted: &Self) -> Result<Account> {
        if self.state == AccountState::Fenced {
            let message = "making the account took too long and was given up: try again";
            return Err(Error::new(ErrorKind::Conflict, Subject::Account, message));
        }
        let token = &wanted.api_tokens[0].digest;
        let key = &wanted.access_keys[0].access_key;
        if self.email != wanted.email || !self.accepts_token_digest(token) || self.active_key(key).is_none() {
            return Err(address_taken(&wanted.email));
        }
        Ok(Account::of(self))
    }
}

fn address_taken(email: &Email) -> Error {
    Error::new(ErrorKind::AlreadyExists, Subject::Account, format!("`{email}` has an account already"))
}

fn other_address() -> Error {
    Error::invalid(Subject::Account, "the credentials were issued for another e-mail address")
}
