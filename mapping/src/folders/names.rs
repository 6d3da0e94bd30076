//! Taking a name among an account's folders: one document, one winner.

use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, FolderId};
use crate::key::ObjectKey;
use crate::manifest::{Change, Manifest};
use crate::name::FolderName;
use crate::records::{Binned, Draining, NameEntry, NameKind, NamesRecord};
use crate::standing::{Patience, Tenure};

/// What an attempt to take a name came to.
pub(crate) enum Taken {
    /// The name is this entry's.
    Yes,
    /// Somebody else's entry has it.
    By(NameEntry),
}

/// An entry that nobody holds on to, and what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GivenUp {
    pub(crate) entry: NameEntry,
    pub(crate) left: Left,
}

/// What an entry leads to that nobody holds on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Data that is to be removed, or nothing.
    Rubbish,
    /// A folder that is in the bin since then.
    Binned(Timestamp),
}

impl Bucket {
    /// The names of an account.
    pub(crate) fn names(&self, account: AccountId) -> Manifest<NamesRecord> {
        self.manifest(ObjectKey::names(account))
    }

    /// Takes `name` by `attempt`, which is told which holder of it is known to give way: one that never came to
    /// be, is no more, or is in the bin. A real one is `AlreadyExists`.
    pub(crate) async fn take_name(
        &self,
        account: &Account,
        name: &FolderName,
        attempt: impl Fn(&mut NamesRecord, Option<GivenUp>) -> Result<Change<Taken>>,
    ) -> Result<()> {
        let names = self.names(account.id);
        let mut given_up = None;
        let mut patience = Patience::new();
        loop {
            let empty = NamesRecord::empty(account.id);
            let Taken::By(holder) = names.upsert(empty, |names| attempt(names, given_up)).await? else { return Ok(()) };
            match self.tenure(account.id, name, &holder).await? {
                Tenure::Held => return Err(name_taken(name)),
                Tenure::GivenUp(left) => given_up = Some(GivenUp { entry: holder, left }),
                Tenure::Young => patience.wait(self, Subject::Folder).await?,
            }
        }
    }
}

impl NamesRecord {
    /// Puts `entry` under `name`, unless somebody holds it who is not known to give way.
    pub(crate) fn put(
        &mut self,
        name: &FolderName,
        entry: NameEntry,
        now: Timestamp,
        given_up: Option<GivenUp>,
    ) -> Change<Taken> {
        if let Some(holder) = self.entries.get(name).copied() {
            if holder.folder == entry.folder {
                return Change::Keep(Taken::Yes);
            }
            let Some(known) = given_up.filter(|known| known.entry == holder) else {
                return Change::Keep(Taken::By(holder));
            };
            self.give_up(name, known.left, now);
        }
        self.entries.insert(name.clone(), entry);
        Change::Save(Taken::Yes)
    }

    /// Removes an entry that nobody holds on to. What an owned one led to is remembered until it is gone.
    pub(crate) fn give_up(&mut self, name: &FolderName, left: Left, now: Timestamp) {
        let Some(entry) = self.entries.remove(name) else { return };
        match (entry.kind, left) {
            (NameKind::Owned, Left::Rubbish) => drop(self.drain(entry.folder, now)),
            (NameKind::Owned, Left::Binned(since)) => self.list_in_bin(entry.folder, name.clone(), since),
            (NameKind::Joined, _) => {}
        }
    }

    /// Remembers that a folder is in the bin, and what it was called.
    pub(crate) fn list_in_bin(&mut self, folder: FolderId, name: FolderName, since: Timestamp) {
        if !self.binned.iter().any(|binned| binned.folder == folder) {
            self.binned.push(Binned { folder, name, since });
        }
    }

    /// Gives up whatever the account has of an own folder that is deleted, and remembers that its data is to be
    /// removed, also where nothing led to it; answers whether that is news.
    pub(crate) fn give_up_folder(&mut self, folder: FolderId, now: Timestamp) -> bool {
        let held = self.name_of(folder).cloned();
        let binned = self.binned.len();
        self.binned.retain(|binned| binned.folder != folder);
        let known = held.is_some() || self.binned.len() < binned;
        if let Some(name) = held {
            self.entries.remove(&name);
        }
        self.drain(folder, now) || known
    }

    /// Remembers that a folder's data is to be removed; answers whether that is news.
    fn drain(&mut self, folder: FolderId, since: Timestamp) -> bool {
        let is_news = !self.draining.iter().any(|draining| draining.folder == folder);
        if is_news {
            self.draining.push(Draining { folder, since });
        }
        is_news
    }
}

fn name_taken(name: &FolderName) -> Error {
    Error::new(ErrorKind::AlreadyExists, Subject::Folder, format!("folder `{name}` already exists"))
}
