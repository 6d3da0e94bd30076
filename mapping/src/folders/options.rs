//! What the owner of a folder says of its use.

use serde::{Deserialize, Serialize};

use crate::access::{Folder, Manage, Permission};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::records::FolderRecord;

/// What a folder is for. Kept and shown; it changes nothing here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Anything.
    #[default]
    General,
    /// It holds a model.
    Model,
    /// It holds data to work on.
    Data,
}

/// What the owner of a folder says of its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FolderOptions {
    /// Whether others than its owner may clone it. Who may read it may copy its files one by one all the same.
    pub cloneable: bool,
    /// With which permission programs of its owner are to open it where they ask for none, if he said so. Kept and
    /// shown: what anybody may do does not follow from it.
    pub default_permission: Option<Permission>,
    /// What it is for.
    pub purpose: Purpose,
}

impl Default for FolderOptions {
    fn default() -> Self {
        Self { cloneable: true, default_permission: None, purpose: Purpose::General }
    }
}

impl FolderOptions {
    /// Whether nothing was said.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A change of what is said; `None` leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FolderOptionsChange {
    /// Whether others than its owner may clone it.
    pub cloneable: Option<bool>,
    /// See [`FolderOptions::default_permission`].
    pub default_permission: Option<Permission>,
}

impl FolderRecord {
    /// # Errors
    /// `Forbidden` when it is not to be cloned by others than its owner, and `account` is another.
    pub(crate) fn refuse_to_be_cloned(&self, account: AccountId) -> Result<()> {
        if self.options.cloneable || self.owner == account {
            return Ok(());
        }
        let message = "the owner of this folder does not let others clone it";
        Err(Error::new(ErrorKind::Forbidden, Subject::Folder, message))
    }
}

impl Folder<Manage> {
    /// Changes what is said of the folder's use; answers what is said then. One write. It holds on every replica
    /// within the cache time.
    ///
    /// # Errors
    /// `NotFound` and `Forbidden` when the permission ended; `Unavailable`: it may have been changed.
    pub async fn set_options(&self, change: FolderOptionsChange) -> Result<FolderOptions> {
        let account = self.account().id;
        let set = |record: &mut FolderRecord| {
            record.check_manager(account)?;
            let said = FolderOptions {
                cloneable: change.cloneable.unwrap_or(record.options.cloneable),
                default_permission: change.default_permission.or(record.options.default_permission),
                ..record.options
            };
            if said == record.options {
                return Ok(Change::Keep(said));
            }
            record.options = said;
            Ok(Change::Save(said))
        };
        self.bucket().manifest(ObjectKey::folder(self.id())).update(set).await
    }
}
