//! Taking a name among an account's folders: one document, one winner.

use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, FolderId};
use crate::key::ObjectKey;
use crate::manifest::{Change, Manifest};
use crate::name::FolderName;
use crate::records::{Draining, NameEntry, NameKind, NamesRecord};
use crate::standing::{Patience, Standing};

/// What an attempt to take a name came to.
pub(crate) enum Taken {
    /// The name is this entry's.
    Yes,
    /// Somebody else's entry has it.
    By(NameEntry),
}

impl Bucket {
    /// The names of an account.
    pub(crate) fn names(&self, account: AccountId) -> Manifest<NamesRecord> {
        self.manifest(ObjectKey::names(account))
    }

    /// Takes `name` by `attempt`, which is told which holder of it is known to be dead. A holder
    /// that never came to be, or is no more, gives way; a real one is `AlreadyExists`.
    pub(crate) async fn take_name(
        &self,
        account: &Account,
        name: &FolderName,
        attempt: impl Fn(&mut NamesRecord, Option<NameEntry>) -> Result<Change<Taken>>,
    ) -> Result<()> {
        let names = self.names(account.id);
        let mut dead = None;
        let mut patience = Patience::new();
        loop {
            let empty = NamesRecord::empty(account.id);
            let Taken::By(holder) = names.upsert(empty, |names| attempt(names, dead)).await? else { return Ok(()) };
            match self.standing_of_entry(account.id, name, &holder).await? {
                Standing::Real => return Err(name_taken(name)),
                Standing::Dead => dead = Some(holder),
                Standing::Young => patience.wait(self, Subject::Folder).await?,
            }
        }
    }
}

impl NamesRecord {
    /// Puts `entry` under `name`, unless somebody holds it who is not known to be dead.
    pub(crate) fn put(
        &mut self,
        name: &FolderName,
        entry: NameEntry,
        now: crate::Timestamp,
        dead: Option<NameEntry>,
    ) -> Change<Taken> {
        match self.entries.get(name).copied() {
            Some(holder) if holder.folder == entry.folder => return Change::Keep(Taken::Yes),
            Some(holder) if dead != Some(holder) => return Change::Keep(Taken::By(holder)),
            Some(_) => self.give_up(name, now),
            None => {}
        }
        self.entries.insert(name.clone(), entry);
        Change::Save(Taken::Yes)
    }

    /// Removes an entry that is dead. What an owned one left behind is remembered until it is gone.
    pub(crate) fn give_up(&mut self, name: &FolderName, now: crate::Timestamp) {
        let Some(entry) = self.entries.remove(name) else { return };
        if entry.kind == NameKind::Owned {
            self.drain(entry.folder, now);
        }
    }

    /// Remembers that a folder's data is to be removed.
    fn drain(&mut self, folder: FolderId, since: crate::Timestamp) {
        if !self.draining.iter().any(|draining| draining.folder == folder) {
            self.draining.push(Draining { folder, since });
        }
    }
}

fn name_taken(name: &FolderName) -> Error {
    Error::new(ErrorKind::AlreadyExists, Subject::Folder, format!("folder `{name}` already exists"))
}
