//! Making a folder.

use std::collections::BTreeMap;

use crate::access::Permission;
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::folders::{FolderInfo, FolderOptions};
use crate::id::FolderId;
use crate::key::{FolderPrefix, ObjectKey};
use crate::limits::{FolderLimits, LimitProfile};
use crate::manifest::{Change, Created};
use crate::name::FolderName;
use crate::records::{FolderRecord, FolderState, NameEntry, NameKind, NamesRecord};

use super::names::Taken;
use crate::files::FIRST_LONGEST_PATH;

/// What a folder is made with, beside its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewFolder {
    /// What limits it where nothing is set.
    pub profile: LimitProfile,
    /// What its owner says of its use.
    pub options: FolderOptions,
}

impl Bucket {
    /// Makes a folder of this name that nothing limits but what is set.
    ///
    /// # Errors
    /// As [`Bucket::create_folder_with`].
    pub async fn create_folder(&self, account: &Account, name: FolderName) -> Result<FolderInfo> {
        self.create_folder_with(account, name, NewFolder::default()).await
    }

    /// Makes a folder of this name.
    ///
    /// Two writes; a crash after the first leaves an entry whose folder does not exist: the name
    /// is free again after the grace time. The second, the record, is the folder.
    ///
    /// # Errors
    /// `AlreadyExists` when the account has a folder of this name; `OverQuota`; `Busy` when
    /// somebody else is making it; `Conflict` when this took so long that it was given up;
    /// `Unavailable`: it may have been made.
    pub async fn create_folder_with(&self, account: &Account, name: FolderName, made: NewFolder) -> Result<FolderInfo> {
        let most = account.limits.folders.or(self.settings().most_folders).filter(|most| *most > 0);
        let created = self.clock().now();
        let id = FolderId::random(self.random());
        let entry = NameEntry { folder: id, kind: NameKind::Owned, created, epoch: 0 };
        let attempt = |names: &mut NamesRecord, dead| {
            let change = names.put(&name, entry, created, dead);
            if let Change::Save(Taken::Yes) = change {
                names.check_limit(most)?;
            }
            Ok(change)
        };
        self.take_name(account, &name, attempt).await?;
        let record = new_record(id, account, &name, made, created);
        match self.manifest(ObjectKey::folder(id)).create(record).await? {
            Created::New => {
                let (owner, permission) = (account.id, Permission::Manage);
                Ok(FolderInfo { id, name, owner, permission, created, options: made.options })
            }
            Created::Existed(_) => {
                let message = format!("making folder `{name}` took too long and was given up: try again");
                Err(Error::new(ErrorKind::Conflict, Subject::Folder, message))
            }
        }
    }
}

fn new_record(
    id: FolderId,
    account: &Account,
    name: &FolderName,
    made: NewFolder,
    created: crate::Timestamp,
) -> FolderRecord {
    FolderRecord {
        id,
        state: FolderState::Live,
        owner: account.id,
        label: name.clone(),
        prefix: FolderPrefix::of(id),
        members: BTreeMap::new(),
        invited: BTreeMap::new(),
        limits: FolderLimits::default(),
        profile: made.profile,
        options: made.options,
        created,
        binned: None,
        epoch: 0,
        moves: Vec::new(),
        moves_made: 0,
        longest_path: FIRST_LONGEST_PATH,
    }
}

impl NamesRecord {
    /// Whether an account may own as many folders as it does now.
    fn check_limit(&self, most: Option<u32>) -> Result<()> {
        let named = self.entries.values().filter(|entry| entry.kind == NameKind::Owned).count();
        let binned = self.binned.iter().filter(|binned| self.name_of(binned.folder).is_none()).count();
        let owned = named + binned;
        match most {
            Some(most) if owned > most as usize => {
                let binned = match binned {
                    0 => String::new(),
                    binned => format!(", {binned} of them in the bin, which count until they are purged"),
                };
                let message = format!(
                    "the account may own {most} folders and has them{binned}: delete one, or have the operator raise the \
                     limit (`folderbridge account limits`)"
                );
                Err(Error::new(ErrorKind::OverQuota, Subject::Account, message))
            }
            _ => Ok(()),
        }
    }
}
