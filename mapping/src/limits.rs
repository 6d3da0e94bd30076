//! What a folder and an account may hold. The nearest setting decides: the folder's own, then its
//! owner's, then the deployment's, then the profile it was made with.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::access::{Folder, no_such_folder};
use crate::error::Result;
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::records::{AccountRecord, FolderRecord};

/// What is set for folders at one place. `None` is nothing set, so the next place decides; 0 is no
/// limit, whatever the next place says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderLimits {
    /// The most bytes.
    pub bytes: Option<u64>,
    /// The most files.
    pub files: Option<u64>,
}

/// What is set for an account. `None` is nothing set; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLimits {
    /// The most folders that it may own.
    pub folders: Option<u32>,
    /// What each of its folders may hold.
    #[serde(default)]
    pub folder: FolderLimits,
}

/// What limits a folder where nothing at all is set: decided when it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitProfile {
    /// Nothing does.
    #[default]
    Open,
    /// 1 GiB and 1,000 files.
    Bounded,
}

/// Where a limit is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitSource {
    /// At the folder.
    Folder,
    /// At the account that owns it.
    Account,
    /// For all folders of the deployment.
    Deployment,
    /// Nowhere: it comes with the folder's profile.
    Profile,
}

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The most there may be.
    pub most: u64,
    /// Where that is set.
    pub source: LimitSource,
}

/// The limits that hold for a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of its bytes.
    pub bytes: Option<Limit>,
    /// Of its files.
    pub files: Option<Limit>,
}

impl FolderLimits {
    /// 1 GiB and 1,000 files.
    pub const BOUNDED: Self = Self { bytes: Some(1 << 30), files: Some(1000) };
}

impl LimitProfile {
    const fn limits(self) -> FolderLimits {
        match self {
            Self::Open => FolderLimits { bytes: None, files: None },
            Self::Bounded => FolderLimits::BOUNDED,
        }
    }
}

impl Limits {
    /// The limits of a folder, by what is set at each place.
    #[must_use]
    pub fn resolve(folder: FolderLimits, account: FolderLimits, deployment: FolderLimits, made: LimitProfile) -> Self {
        let places = [
            (folder, LimitSource::Folder),
            (account, LimitSource::Account),
            (deployment, LimitSource::Deployment),
            (made.limits(), LimitSource::Profile),
        ];
        let nearest = |of: fn(&FolderLimits) -> Option<u64>| {
            let (most, source) = places.iter().find_map(|(set, source)| Some((of(set)?, *source)))?;
            (most > 0).then_some(Limit { most, source })
        };
        Self { bytes: nearest(|set| set.bytes), files: nearest(|set| set.files) }
    }

    /// Whether anything is limited.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.bytes.is_some() || self.files.is_some()
    }
}

impl fmt::Display for LimitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder => "folder",
            Self::Account => "account",
            Self::Deployment => "deployment",
            Self::Profile => "profile",
        })
    }
}

impl<A> Folder<A> {
    /// The limits that hold for it, at most as old as the cache time.
    ///
    /// # Errors
    /// `NotFound` when it is no more; `Unavailable` when the store does not answer.
    pub async fn limits(&self) -> Result<Limits> {
        let (bucket, owner) = (self.bucket(), self.record().owner);
        if bucket.clock().elapsed().saturating_sub(self.opened()) >= bucket.settings().cache_for {
            // A long transfer: what was set meanwhile holds for it, too.
            let manifest = bucket.manifest::<FolderRecord>(ObjectKey::folder(self.id()));
            let record = manifest.find(|record| Ok(Arc::clone(record))).await?.ok_or_else(no_such_folder)?;
            return Ok(bucket.resolve_limits(&record, bucket.folder_limits_of(owner).await?));
        }
        let account = match self.account().id == owner {
            true => self.account().limits.folder,
            false => bucket.folder_limits_of(owner).await?,
        };
        Ok(bucket.resolve_limits(self.record(), account))
    }
}

impl crate::bucket::Bucket {
    pub(crate) fn resolve_limits(&self, folder: &FolderRecord, account: FolderLimits) -> Limits {
        Limits::resolve(folder.limits, account, self.settings().folder_limits, folder.profile)
    }

    /// What is set for the folders of an account; nothing for one that is not there.
    pub(crate) async fn folder_limits_of(&self, account: AccountId) -> Result<FolderLimits> {
        let manifest = self.manifest::<AccountRecord>(ObjectKey::account(account));
        Ok(manifest.find(|record| Ok(record.limits.folder)).await?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn set(bytes: Option<u64>, files: Option<u64>) -> FolderLimits {
        FolderLimits { bytes, files }
    }

    #[test]
    fn the_nearest_setting_decides_and_zero_is_none() {
        use LimitSource::{Account, Deployment, Folder, Profile};
        let unset = set(None, None);
        let cases = [
            (unset, unset, unset, LimitProfile::Open, None, None),
            (unset, unset, unset, LimitProfile::Bounded, Some((1 << 30, Profile)), Some((1000, Profile))),
            (unset, unset, set(Some(5), None), LimitProfile::Bounded, Some((5, Deployment)), Some((1000, Profile))),
            (unset, unset, set(Some(0), Some(0)), LimitProfile::Bounded, None, None),
            (
                unset,
                set(Some(7), None),
                set(Some(5), Some(6)),
                LimitProfile::Open,
                Some((7, Account)),
                Some((6, Deployment)),
            ),
            (
                set(Some(9), Some(0)),
                set(Some(7), Some(8)),
                set(Some(5), None),
                LimitProfile::Open,
                Some((9, Folder)),
                None,
            ),
        ];
        for (folder, account, deployment, made, bytes, files) in cases {
            let limits = Limits::resolve(folder, account, deployment, made);
            let plain = |limit: Option<Limit>| limit.map(|limit| (limit.most, limit.source));
            assert_eq!((plain(limits.bytes), plain(limits.files)), (bytes, files));
        }
    }
}
