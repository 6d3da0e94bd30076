//! The bucket's layout (`docs/BUCKET.md`). No other file spells a key.
//!
//! No key made here is a `/`-prefix of another: MinIO hides `a/b` once `a` exists.

mod prefix;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Subject};
use crate::id::{AccountId, FolderId, InvitationId, InvitationMark, JobId, ReplicaId, UploadId};
use crate::name::Email;
use crate::path::FilePath;

/// Everything that is not a user's data lies below this.
const CONTROL: &str = ".folderbridge";

/// The key of one object. Made only by the constructors below, and from what a store listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

/// What a listing starts from: all keys that begin with it. Ends in `/` or is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyPrefix(String);

/// Where a folder's data lies: `folders/<folder-id>/`, unless the folder was adopted.
///
/// * ends in `/`, at most 120 bytes; never inside `.folderbridge/`;
/// * of names that a new directory can have, because new files go below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct FolderPrefix(String);

impl FolderPrefix {
    /// Where a new folder's data goes.
    #[must_use]
    pub fn of(folder: FolderId) -> Self {
        Self(format!("folders/{folder}/"))
    }

    /// The path of a listed key in this folder, or `None` for a key outside it, for a directory
    /// marker, and for what some other program put there under a name that no client could use.
    #[must_use]
    pub fn file_path(&self, key: &ObjectKey) -> Option<FilePath> {
        key.0.strip_prefix(&self.0)?.parse().ok()
    }

    /// The path of a listed common prefix or marker (`.../name/`) in this folder.
    #[must_use]
    pub fn directory_path(&self, key: &str) -> Option<FilePath> {
        key.strip_prefix(&self.0)?.strip_suffix('/')?.parse().ok()
    }
}

impl FromStr for FolderPrefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let inner = text.strip_suffix('/').unwrap_or_default();
        let segments = inner.parse::<FilePath>().and_then(|path| path.check_new_directory()).is_ok();
        let control = text == format!("{CONTROL}/") || text.starts_with(&format!("{CONTROL}/"));
        if !segments || control || text.len() > 120 {
            return Err(Error::invalid(Subject::Folder, "not a prefix that a folder can have"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for FolderPrefix {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// SHA-256 of what must not stand in a key in the clear, in hex.
fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl ObjectKey {
    /// A file's data.
    #[must_use]
    pub fn file(prefix: &FolderPrefix, path: &FilePath) -> Self {
        Self(format!("{}{path}", prefix.0))
    }

    /// The zero-byte marker that keeps an empty directory.
    #[must_use]
    pub fn marker(prefix: &FolderPrefix, path: &FilePath) -> Self {
        Self(format!("{}{path}/", prefix.0))
    }

    /// Layout version, key check and the verdict of the store probe.
    #[must_use]
    pub fn format() -> Self {
        Self(format!("{CONTROL}/format"))
    }

    /// Who serves the bucket alone, where one does.
    #[must_use]
    pub fn writer() -> Self {
        Self(format!("{CONTROL}/writer"))
    }

    /// The claim of an e-mail address.
    #[must_use]
    pub fn email(email: &Email) -> Self {
        Self(format!("{CONTROL}/emails/{}", digest(email.as_str())))
    }

    /// From an access key or an API token to its account. The text itself is not in the key.
    #[must_use]
    pub fn credential(text: &str) -> Self {
        Self::credential_of_digest(&digest(text))
    }

    /// The same, by the digest that the account's record keeps of a token.
    pub(crate) fn credential_of_digest(digest: &str) -> Self {
        Self(format!("{CONTROL}/credentials/{digest}"))
    }

    /// What stands for a credential in its key, and in its account's record.
    pub(crate) fn credential_digest(text: &str) -> String {
        digest(text)
    }

    /// An account.
    #[must_use]
    pub fn account(account: AccountId) -> Self {
        Self(format!("{CONTROL}/accounts/{account}/record"))
    }

    /// What an account calls its folders.
    #[must_use]
    pub fn names(account: AccountId) -> Self {
        Self(format!("{CONTROL}/accounts/{account}/names"))
    }

    /// A folder.
    #[must_use]
    pub fn folder(folder: FolderId) -> Self {
        Self(format!("{CONTROL}/folders/{folder}/record"))
    }

    /// The way from an account to a folder that it is invited to.
    #[must_use]
    pub fn invitation(id: &InvitationId) -> Self {
        Self(format!("{CONTROL}/invitations/{}/{}-{}", id.invitee(), id.folder(), id.mark()))
    }

    /// The invitation that has this key, if one has.
    pub(crate) fn invitation_id(&self) -> Option<InvitationId> {
        let (invitee, rest) = KeyPrefix::invitations().rest(self)?.split_once('/')?;
        let (folder, mark) = rest.rsplit_once('-')?;
        let id = InvitationId::new(invitee.parse().ok()?, folder.parse().ok()?, InvitationMark::parse(mark)?);
        (Self::invitation(&id) == *self).then_some(id)
    }

    /// What a folder holds, counted.
    #[must_use]
    pub fn usage(folder: FolderId) -> Self {
        Self(format!("{CONTROL}/folders/{folder}/usage"))
    }

    /// Whose turn it is to do something that one replica does at a time.
    #[must_use]
    pub fn lease(what: &str) -> Self {
        Self(format!("{CONTROL}/leases/{what}"))
    }

    /// An unfinished upload.
    #[must_use]
    pub fn session(upload: &UploadId) -> Self {
        Self(format!("{CONTROL}/uploads/{upload}/session"))
    }

    /// Small chunks of an unfinished upload, as one replica stored them together.
    #[must_use]
    pub fn bundle(upload: &UploadId, replica: ReplicaId, number: u64) -> Self {
        Self(format!("{CONTROL}/uploads/{upload}/bundles/{replica}-{number:08}"))
    }

    /// Where something came from that is called `name` in the trash of a folder.
    #[must_use]
    pub fn trashed(folder: FolderId, name: &str) -> Self {
        Self(format!("{CONTROL}/folders/{folder}/trash/{}", digest(name)))
    }

    /// That something is on its way into the trash of a folder, or out of it.
    #[must_use]
    pub fn passage(folder: FolderId, work: JobId) -> Self {
        Self(format!("{CONTROL}/folders/{folder}/passages/{work}"))
    }

    /// Work on a tree that outlasted its request.
    #[must_use]
    pub fn job(job: JobId) -> Self {
        Self(format!("{CONTROL}/jobs/{job}"))
    }

    /// Whose turn it is to work on a job.
    #[must_use]
    pub fn job_lease(job: JobId) -> Self {
        Self(format!("{CONTROL}/leases/jobs/{job}"))
    }

    /// A scratch object of the store probe and of the conformance suite.
    #[must_use]
    pub fn scratch(run: &str, name: &str) -> Self {
        Self(format!("{CONTROL}/probe/{run}/{name}"))
    }

    /// A key as a store listed it.
    pub(crate) const fn listed(text: String) -> Self {
        Self(text)
    }

    /// The key as the store takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
