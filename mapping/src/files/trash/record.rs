//! `.folderbridge/folders/<folder-id>/trash/<sha256>`: where something in the trash came from. It
//! also takes the name there: of two who want it one has it.

use serde::{Deserialize, Serialize};

use super::place::TRASH;
use crate::access::Folder;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::Subject;
use crate::id::{AccountId, FolderId, JobId};
use crate::key::ObjectKey;
use crate::manifest::{Document, Manifest};
use crate::path::FilePath;

/// Something in the trash.
///
/// Without anything at `path` it means nothing, unless the passage of its `work` is there: then
/// something is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrashedRecord {
    /// Where it is: `Trash/<name>`.
    pub(super) path: FilePath,
    /// Where it was.
    pub(super) origin: FilePath,
    /// Who moved it here.
    pub(super) account: AccountId,
    pub(super) since: Timestamp,
    /// Who had it in hand last, to bring it here, back, or away.
    pub(super) work: JobId,
}

impl Document for TrashedRecord {
    const KIND: &'static str = "trashed";
    const SUBJECT: Subject = Subject::File;

    fn owner(&self) -> Option<AccountId> {
        Some(self.account)
    }

    fn state(&self) -> &'static str {
        "live"
    }
}

impl<A> Folder<A> {
    /// The record of `entry`, which lies directly in the trash.
    pub(super) fn trashed_record(&self, entry: &FilePath) -> Manifest<TrashedRecord> {
        self.bucket().trashed_record(self.id(), entry)
    }
}

impl Bucket {
    pub(super) fn trashed_record(&self, folder: FolderId, entry: &FilePath) -> Manifest<TrashedRecord> {
        debug_assert!(entry.as_str().starts_with(TRASH), "only what is in the trash has a record there");
        self.manifest(ObjectKey::trashed(folder, entry.name()))
    }
}
