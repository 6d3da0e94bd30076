//! What listings start from.

use std::fmt;

use super::{CONTROL, FolderPrefix, KeyPrefix, ObjectKey};
use crate::id::{AccountId, FolderId, UploadId};
use crate::path::DirPath;

/// The longest key that every store takes.
const MAX_KEY_BYTES: usize = 1024;

impl KeyPrefix {
    /// All data of a folder.
    #[must_use]
    pub fn folder(prefix: &FolderPrefix) -> Self {
        Self(prefix.0.clone())
    }

    /// What lies in a directory of a folder.
    #[must_use]
    pub fn directory(prefix: &FolderPrefix, directory: &DirPath) -> Self {
        match directory.path() {
            None => Self::folder(prefix),
            Some(path) => Self(format!("{}{path}/", prefix.0)),
        }
    }

    /// All unfinished uploads.
    #[must_use]
    pub fn uploads() -> Self {
        Self(format!("{CONTROL}/uploads/"))
    }

    /// One upload's record and bundles.
    #[must_use]
    pub fn upload(upload: &UploadId) -> Self {
        Self(format!("{CONTROL}/uploads/{upload}/"))
    }

    /// One upload's bundles.
    #[must_use]
    pub fn bundles(upload: &UploadId) -> Self {
        Self(format!("{CONTROL}/uploads/{upload}/bundles/"))
    }

    /// All accounts.
    #[must_use]
    pub fn accounts() -> Self {
        Self(format!("{CONTROL}/accounts/"))
    }

    /// All folders' control objects.
    #[must_use]
    pub fn folders() -> Self {
        Self(format!("{CONTROL}/folders/"))
    }

    /// All invitations.
    #[must_use]
    pub fn invitations() -> Self {
        Self(format!("{CONTROL}/invitations/"))
    }

    /// The invitations of one account.
    #[must_use]
    pub fn invitations_of(invitee: AccountId) -> Self {
        Self(format!("{CONTROL}/invitations/{invitee}/"))
    }

    /// What is known of what is in the trash of a folder.
    #[must_use]
    pub fn trashed(folder: FolderId) -> Self {
        Self(format!("{CONTROL}/folders/{folder}/trash/"))
    }

    /// What is on its way into the trash of a folder, and out of it.
    #[must_use]
    pub fn passages(folder: FolderId) -> Self {
        Self(format!("{CONTROL}/folders/{folder}/passages/"))
    }

    /// The data of all folders that were not adopted.
    #[must_use]
    pub fn data() -> Self {
        Self("folders/".to_owned())
    }

    /// All jobs.
    #[must_use]
    pub fn jobs() -> Self {
        Self(format!("{CONTROL}/jobs/"))
    }

    /// The leases of all jobs.
    #[must_use]
    pub fn job_leases() -> Self {
        Self(format!("{CONTROL}/leases/jobs/"))
    }

    /// All claims of e-mail addresses.
    #[must_use]
    pub fn emails() -> Self {
        Self(format!("{CONTROL}/emails/"))
    }

    /// All pointers from credentials to accounts.
    #[must_use]
    pub fn credentials() -> Self {
        Self(format!("{CONTROL}/credentials/"))
    }

    /// Whatever lies below a key, taken for a directory's.
    pub(crate) fn below(key: &ObjectKey) -> Self {
        Self(format!("{key}/"))
    }

    /// The scratch objects of all probes.
    #[must_use]
    pub fn scratches() -> Self {
        Self(format!("{CONTROL}/probe/"))
    }

    /// One run's scratch objects.
    #[must_use]
    pub fn scratch(run: &str) -> Self {
        Self(format!("{CONTROL}/probe/{run}/"))
    }

    /// Every object of the bucket.
    #[must_use]
    pub const fn everything() -> Self {
        Self(String::new())
    }

    /// The prefix as the store takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows this prefix in `key`, or `None` when it does not begin with it.
    #[must_use]
    pub fn rest<'k>(&self, key: &'k ObjectKey) -> Option<&'k str> {
        key.0.strip_prefix(&self.0)
    }
}

impl ObjectKey {
    /// The key that lies below `to` as this one lies below `from`; `None` when it does not lie there, or
    /// when no store would take it.
    pub(crate) fn rebased(&self, from: &KeyPrefix, to: &KeyPrefix) -> Option<Self> {
        let key = format!("{to}{}", from.rest(self)?);
        (key.len() <= MAX_KEY_BYTES).then_some(Self(key))
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
