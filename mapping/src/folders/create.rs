//! Making a folder.

use std::collections::BTreeMap;

use crate::access::Permission;
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::folders::FolderInfo;
use crate::id::FolderId;
use crate::key::{FolderPrefix, ObjectKey};
use crate::manifest::{Change, Created};
use crate::name::FolderName;
use crate::records::{FolderLimits, FolderRecord, FolderState, NameEntry, NameKind, NamesRecord};

use super::names::Taken;

impl Bucket {
    /// Makes a folder of this name.
    ///
    /// Two writes; a crash after the first leaves an entry whose folder does not exist: the name
    /// is free again after the grace time. The second, the record, is the folder.
    ///
    /// # Errors
    /// `AlreadyExists` when the account has a folder of this name; `OverQuota`; `Busy` when
    /// somebody else is making it; `Conflict` when this took so long that it was given up;
    /// `Unavailable`: it may have been made.
    pub async fn create_folder(&self, account: &Account, name: FolderName) -> Result<FolderInfo> {
        let created = self.clock().now();
        let id = FolderId::random(self.random());
        let entry = NameEntry { folder: id, kind: NameKind::Owned, created };
        let attempt = |names: &mut NamesRecord, dead| {
            let change = names.put(&name, entry, created, dead);
            if let Change::Save(Taken::Yes) = change {
                names.check_limit(account)?;
            }
            Ok(change)
        };
        self.take_name(account, &name, attempt).await?;
        let record = new_record(id, account, &name, created);
        match self.manifest(ObjectKey::folder(id)).create(record).await? {
            Created::New => Ok(FolderInfo { id, name, owner: account.id, permission: Permission::Manage, created }),
            Created::Existed(_) => {
                let message = format!("making folder `{name}` took too long and was given up: try again");
                Err(Error::new(ErrorKind::Conflict, Subject::Folder, message))
            }
        }
    }
}

fn new_record(id: FolderId, account: &Account, name: &FolderName, created: crate::Timestamp) -> FolderRecord {
    FolderRecord {
        id,
        state: FolderState::Live,
        owner: account.id,
        label: name.clone(),
        prefix: FolderPrefix::of(id),
        members: BTreeMap::new(),
        limits: FolderLimits::default(),
        created,
    }
}

impl NamesRecord {
    /// Whether the account may own as many folders as it does now.
    fn check_limit(&self, account: &Account) -> Result<()> {
        let owned = self.entries.values().filter(|entry| entry.kind == NameKind::Owned).count();
        match account.limits.folders {
            Some(limit) if owned > limit as usize => {
                let message = format!("the account may own {limit} folders and has them: the operator can raise this");
                Err(Error::new(ErrorKind::OverQuota, Subject::Account, message))
            }
            _ => Ok(()),
        }
    }
}
