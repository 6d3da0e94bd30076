//! Shapes of the admin API about folders: what limits them, what they hold, what a check found.

use mapping::accounts::Account;
use mapping::folders::{FolderLimitsChange, FolderOverview, Setting};
use mapping::limits::{Limit, Limits};
use mapping::usage::Checked;
use mapping::{Usage, limits};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A change of a folder's limits: a field that is absent changes nothing, null leaves the limit to
/// the account, the deployment and how the folder was made, 0 is no limit.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderLimitsRequest {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    max_bytes: Option<Option<u64>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    max_files: Option<Option<u64>>,
}

/// A change of an account's limits, said in the same way.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountLimitsRequest {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    max_folders: Option<Option<u32>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    folder_max_bytes: Option<Option<u64>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    folder_max_files: Option<Option<u64>>,
}

/// Tells null from absent.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

fn setting<T>(field: Option<Option<T>>) -> Setting<T> {
    match field {
        None => Setting::Keep,
        Some(None) => Setting::Unset,
        Some(Some(value)) => Setting::To(value),
    }
}

impl FolderLimitsRequest {
    pub(super) fn change(&self) -> FolderLimitsChange {
        FolderLimitsChange { bytes: setting(self.max_bytes), files: setting(self.max_files) }
    }
}

impl AccountLimitsRequest {
    pub(super) fn change(&self) -> (Setting<u32>, FolderLimitsChange) {
        let folder =
            FolderLimitsChange { bytes: setting(self.folder_max_bytes), files: setting(self.folder_max_files) };
        (setting(self.max_folders), folder)
    }
}

/// What is set for an account; null is nothing set, 0 no limit.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct AccountLimitsBody {
    pub(crate) max_folders: Option<u32>,
    pub(crate) folder_max_bytes: Option<u64>,
    pub(crate) folder_max_files: Option<u64>,
}

impl From<&Account> for AccountLimitsBody {
    fn from(account: &Account) -> Self {
        let limits::AccountLimits { folders, folder } = account.limits;
        Self { max_folders: folders, folder_max_bytes: folder.bytes, folder_max_files: folder.files }
    }
}

/// A folder and what limits it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct FolderBody {
    pub(crate) folder_id: String,
    /// The name it was made under.
    pub(crate) name: String,
    pub(crate) owner: String,
    /// RFC 3339, UTC.
    pub(crate) created: String,
    /// Since when it is in its owner's bin; absent when it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) binned: Option<String>,
    /// What is set for the folder itself; null is nothing set, 0 no limit.
    pub(crate) max_bytes: Option<u64>,
    pub(crate) max_files: Option<u64>,
    /// What holds for it, and where that is set.
    pub(crate) limits: LimitsBody,
}

/// The limits that hold; null is none.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct LimitsBody {
    pub(crate) bytes: Option<LimitBody>,
    pub(crate) files: Option<LimitBody>,
}

/// One limit.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct LimitBody {
    pub(crate) most: u64,
    /// `folder`, `account`, `deployment`, or `profile`: how the folder was made.
    pub(crate) set_by: String,
}

impl From<Limit> for LimitBody {
    fn from(limit: Limit) -> Self {
        Self { most: limit.most, set_by: limit.source.to_string() }
    }
}

impl From<Limits> for LimitsBody {
    fn from(limits: Limits) -> Self {
        Self { bytes: limits.bytes.map(LimitBody::from), files: limits.files.map(LimitBody::from) }
    }
}

impl From<&FolderOverview> for FolderBody {
    fn from(folder: &FolderOverview) -> Self {
        Self {
            folder_id: folder.id.to_string(),
            name: folder.name.to_string(),
            owner: folder.owner.to_string(),
            created: folder.created.to_string(),
            binned: folder.binned.map(|since| since.to_string()),
            max_bytes: folder.set.bytes,
            max_files: folder.set.files,
            limits: folder.limits.into(),
        }
    }
}

/// A page of folders.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct FoldersBody {
    pub(crate) folders: Vec<FolderBody>,
    /// What `after` continues with; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Bytes and files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct AmountBody {
    pub(crate) bytes: u64,
    pub(crate) files: u64,
}

impl From<Usage> for AmountBody {
    fn from(usage: Usage) -> Self {
        Self { bytes: usage.bytes, files: usage.files }
    }
}

/// What a folder holds and may hold.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct UsageBody {
    pub(crate) folder_id: String,
    pub(crate) used: AmountBody,
    pub(crate) limits: LimitsBody,
}

/// How to check.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckRequest {
    /// Save what was counted.
    #[serde(default)]
    pub(crate) repair: bool,
}

/// What a check found.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct CheckBody {
    pub(crate) folder_id: String,
    /// What the usage said.
    pub(crate) recorded: AmountBody,
    /// What is there.
    pub(crate) listed: AmountBody,
    /// Whether the usage was wrong and did not know.
    pub(crate) drift: bool,
    /// Whether a count was due anyway, or something was under way.
    pub(crate) unsettled: bool,
    /// Whether what was counted was saved.
    pub(crate) repaired: bool,
    /// Paths that are a file and a directory: the first hundred.
    pub(crate) clashes: Vec<String>,
    /// How many there are.
    pub(crate) clash_count: u64,
    /// Whether the store lists in byte order; where it does not, clashes are not looked for.
    pub(crate) names_checked: bool,
}

impl CheckBody {
    pub(super) fn of(folder: mapping::id::FolderId, checked: &Checked) -> Self {
        Self {
            folder_id: folder.to_string(),
            recorded: checked.recorded.into(),
            listed: checked.listed.into(),
            drift: checked.has_drifted(),
            unsettled: checked.unsettled,
            repaired: checked.repaired,
            clashes: checked.clashes.clone(),
            clash_count: checked.clash_count,
            names_checked: checked.ordered,
        }
    }

    /// Whether something is wrong and stays so.
    pub(crate) const fn is_wrong(&self) -> bool {
        (self.drift && !self.repaired) || self.clash_count > 0
    }
}
