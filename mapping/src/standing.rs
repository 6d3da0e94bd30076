//! Whether a claim stands: names and addresses are taken first and the record is written second,
//! so between the two a claim belongs to somebody who does not exist yet, or never will.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::FIRST_LONGEST_PATH;
use crate::folders::{FolderOptions, Left};
use crate::id::AccountId;
use crate::key::{FolderPrefix, ObjectKey};
use crate::limits::{AccountLimits, FolderLimits, LimitProfile};
use crate::manifest::{Change, Created};
use crate::name::FolderName;
use crate::records::{AccountRecord, AccountState, EmailClaim, FolderRecord, FolderState, NameEntry, NameKind};

/// What a claim is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its record is there.
    Real,
    /// Its record is not there and cannot come any more.
    Dead,
    /// Its record is not there, and it is too young to be given up.
    Young,
}

/// What an entry among an account's names is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tenure {
    /// Its folder is there.
    Held,
    /// Nobody holds on to it, and this is what it leads to.
    GivenUp(Left),
    /// Its folder is not there, and it is too young to be given up.
    Young,
}

/// What a look tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look<S> {
    /// This.
    At(S),
    /// What it waits for is not there and its time is up: a fence would make an end of it.
    Overdue,
}

impl Bucket {
    /// Looks what a claim of an address is worth, and changes nothing.
    pub(crate) async fn look_at_claim(&self, claim: &EmailClaim) -> Result<Look<Standing>> {
        let Some(account) = claim.account else { return Ok(Look::At(Standing::Dead)) };
        let record = self.manifest::<AccountRecord>(ObjectKey::account(account)).read().await?;
        Ok(match record {
            Some(record) => Look::At(record.standing()),
            None if self.clock().now().since(claim.claimed) < self.settings().claim_grace => Look::At(Standing::Young),
            None => Look::Overdue,
        })
    }

    /// What a claim of an address is worth. One that is too old is fenced: a record is written in
    /// the place of the one that did not come, so its slow maker fails.
    pub(crate) async fn standing_of_claim(&self, claim: &EmailClaim) -> Result<Standing> {
        let Some(account) = claim.account else { return Ok(Standing::Dead) };
        if let Look::At(standing) = self.look_at_claim(claim).await? {
            return Ok(standing);
        }
        let manifest = self.manifest::<AccountRecord>(ObjectKey::account(account));
        match manifest.create(self.fenced_account(account, claim)).await? {
            Created::New => Ok(Standing::Dead),
            Created::Existed(record) => Ok(record.standing()),
        }
    }

    /// Looks what an entry among an account's names is worth, and changes nothing.
    pub(crate) async fn look_at_entry(&self, account: AccountId, entry: &NameEntry) -> Result<Look<Tenure>> {
        let young = self.clock().now().since(entry.created) < self.settings().claim_grace;
        let record = self.manifest::<FolderRecord>(ObjectKey::folder(entry.folder)).read().await?;
        Ok(match (record, entry.kind) {
            (Some(record), _) if record.permission(account).is_some() => Look::At(Tenure::Held),
            (Some(record), NameKind::Joined) => Look::At(record.tenure_of_joined(account, young)),
            (Some(record), NameKind::Owned) => match record.in_bin_of(account) {
                // Whoever restores it takes the name first.
                Some(_) if entry.epoch == record.epoch && young => Look::At(Tenure::Young),
                Some(_) if entry.epoch == record.epoch => Look::Overdue,
                Some(since) => Look::At(Tenure::GivenUp(Left::Binned(since))),
                None => Look::At(Tenure::GivenUp(Left::Rubbish)),
            },
            (None, _) if young => Look::At(Tenure::Young),
            (None, NameKind::Joined) => Look::At(Tenure::GivenUp(Left::Rubbish)),
            (None, NameKind::Owned) => Look::Overdue,
        })
    }

    /// What an entry among an account's names is worth; one that is too old is fenced, whether its folder
    /// was to be made or to be restored.
    pub(crate) async fn tenure(&self, account: AccountId, name: &FolderName, entry: &NameEntry) -> Result<Tenure> {
        if let Look::At(standing) = self.look_at_entry(account, entry).await? {
            return Ok(standing);
        }
        let manifest = self.manifest::<FolderRecord>(ObjectKey::folder(entry.folder));
        match manifest.create(self.fenced_folder(account, name, entry)).await? {
            Created::Existed(record) if record.permission(account).is_some() => Ok(Tenure::Held),
            Created::Existed(record) if record.in_bin_of(account).is_some() => {
                manifest.update(|record| Ok(record.fence_restore(account, entry))).await
            }
            Created::New | Created::Existed(_) => Ok(Tenure::GivenUp(Left::Rubbish)),
        }
    }

    fn fenced_account(&self, id: AccountId, claim: &EmailClaim) -> AccountRecord {
        AccountRecord {
            id,
            state: AccountState::Fenced,
            email: claim.email.clone(),
            name: "never made".parse().expect("the text is a name"),
            password: None,
            access_keys: Vec::new(),
            api_tokens: Vec::new(),
            disabled: true,
            limits: AccountLimits::default(),
            created: self.clock().now(),
        }
    }

    fn fenced_folder(&self, owner: AccountId, label: &FolderName, entry: &NameEntry) -> FolderRecord {
        FolderRecord {
            id: entry.folder,
            state: FolderState::Fenced,
            owner,
            label: label.clone(),
            prefix: FolderPrefix::of(entry.folder),
            members: BTreeMap::new(),
            invited: BTreeMap::new(),
            limits: FolderLimits::default(),
            profile: LimitProfile::default(),
            options: FolderOptions::default(),
            created: self.clock().now(),
            binned: None,
            epoch: 0,
            moves: Vec::new(),
            moves_made: 0,
            longest_path: FIRST_LONGEST_PATH,
        }
    }
}

impl FolderRecord {
    /// What a name is worth that `account` has for a folder of somebody else, which it may not use now.
    fn tenure_of_joined(&self, account: AccountId, young: bool) -> Tenure {
        match self.binned.filter(|_| self.state == FolderState::Binned && self.members.contains_key(&account)) {
            Some(since) => Tenure::GivenUp(Left::Binned(since)),
            // Not a member yet: whoever shares it writes the name first.
            None if self.is_kept() && young => Tenure::Young,
            None => Tenure::GivenUp(Left::Rubbish),
        }
    }

    /// Lets the restore fail that took this name in this epoch and did not come to its end.
    fn fence_restore(&mut self, account: AccountId, entry: &NameEntry) -> Change<Tenure> {
        match self.in_bin_of(account) {
            Some(since) if entry.epoch == self.epoch => {
                self.epoch += 1;
                Change::Save(Tenure::GivenUp(Left::Binned(since)))
            }
            Some(since) => Change::Keep(Tenure::GivenUp(Left::Binned(since))),
            None if self.permission(account).is_some() => Change::Keep(Tenure::Held),
            None => Change::Keep(Tenure::GivenUp(Left::Rubbish)),
        }
    }
}

impl AccountRecord {
    const fn standing(&self) -> Standing {
        match self.state {
            AccountState::Live => Standing::Real,
            AccountState::Fenced => Standing::Dead,
        }
    }
}

/// How long a request waits for another that is about to decide the same thing, before it says `Busy`.
pub(crate) struct Patience {
    waits: u32,
}

/// Together with the doubling pauses: about two seconds.
const WAITS: u32 = 8;

impl Patience {
    /// All of it.
    pub(crate) const fn new() -> Self {
        Self { waits: 0 }
    }

    /// Waits a moment; `Busy` when it has waited long enough.
    pub(crate) async fn wait(&mut self, bucket: &Bucket, subject: Subject) -> Result<()> {
        if self.waits >= WAITS {
            let message = "another request is making it, or stopped half way: try again in a minute";
            return Err(Error::new(ErrorKind::Busy, subject, message));
        }
        let pause = Duration::from_millis(8 << self.waits);
        let jitter = Duration::from_millis(bucket.random().below(8 << self.waits));
        self.waits += 1;
        tokio::time::sleep(pause + jitter).await;
        Ok(())
    }
}
