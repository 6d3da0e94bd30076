//! `.folderbridge/uploads/<upload-id>/session`: one upload, from its start to a while after its
//! end. Every replica believes this document and nothing else about an upload's state.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::grid::{Grid, Sizes};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, FolderId, Stamp};
use crate::key::{FolderPrefix, ObjectKey};
use crate::manifest::Document;
use crate::path::FilePath;
use crate::store::{ETag, MultipartId};

/// How long after its last sign of life a finish is taken for dead.
const LONGEST_FINISH: Duration = Duration::from_secs(10 * 60);

/// An upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UploadRecord {
    pub(super) folder: FolderId,
    pub(super) prefix: FolderPrefix,
    pub(super) path: FilePath,
    /// The file's length, when the client said it.
    pub(super) length: Option<u64>,
    pub(super) content_type: Option<String>,
    pub(super) account: AccountId,
    pub(super) created: Timestamp,
    /// When a part or a bundle was last stored, give or take an eighth of a session's life.
    pub(super) touched: Timestamp,
    /// Stands in the file's metadata and proves that this upload made it.
    pub(super) stamp: Stamp,
    /// Set once and never changed.
    pub(super) fixed: Option<Fixed>,
    pub(super) state: State,
}

/// What every part of an upload depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fixed {
    pub(super) grid: Grid,
    pub(super) multipart: MultipartId,
}

/// What an upload has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It takes chunks.
    Open,
    /// Somebody finishes it, or died while doing so: it still takes chunks, and may be finished
    /// again; aborted or expired only once nobody can be at it any more.
    Finishing,
    /// The file is there, or was.
    Done(Done),
    /// Its client gave it up.
    Aborted,
    /// Nothing was stored for too long.
    Expired,
}

/// The file that an upload made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) etag: ETag,
    pub(super) size: u64,
    pub(super) at: Timestamp,
}

impl UploadRecord {
    /// Where the file goes.
    pub(super) fn key(&self) -> ObjectKey {
        ObjectKey::file(&self.prefix, &self.path)
    }

    /// The positions of a chunk.
    ///
    /// # Errors
    /// `Invalid` when it reaches past the file's end, `TooLarge` when past what a store takes.
    pub(super) fn place(&self, start: u64, length: u64) -> Result<Range<u64>> {
        let end = start.checked_add(length).ok_or_else(|| Error::invalid(Subject::Upload, "the chunk ends nowhere"))?;
        match self.length {
            Some(total) if end > total => Err(Error::invalid(
                Subject::Upload,
                format!("the chunk {start}-{end} reaches past the announced length of {total} bytes"),
            )),
            None if end > Sizes::longest() => Err(too_large()),
            _ => Ok(start..end),
        }
    }

    /// Whether a finish that this record tells of has ended somehow.
    pub(super) fn finish_has_ended(&self, now: Timestamp) -> bool {
        now.since(self.touched) >= LONGEST_FINISH
    }

    /// Whether it takes no chunks any more, for whatever reason.
    pub(super) const fn is_over(&self) -> bool {
        !matches!(self.state, State::Open | State::Finishing)
    }

    /// Fails for an upload that takes no chunks any more and has no file to show for it.
    pub(super) fn check(&self) -> Result<()> {
        match self.state {
            State::Open | State::Finishing | State::Done(_) => Ok(()),
            State::Aborted => Err(gone("the upload was given up: start it again")),
            State::Expired => Err(gone("the upload has expired: start it again")),
        }
    }
}

impl Document for UploadRecord {
    const KIND: &'static str = "upload";
    const SUBJECT: Subject = Subject::Upload;

    fn owner(&self) -> Option<AccountId> {
        Some(self.account)
    }

    fn state(&self) -> &'static str {
        match self.state {
            State::Open => "open",
            State::Finishing => "finishing",
            State::Done(_) => "done",
            State::Aborted => "aborted",
            State::Expired => "expired",
        }
    }
}

/// An upload that is no more, and what to do about it.
pub(super) fn gone(message: &str) -> Error {
    Error::new(ErrorKind::NotFound, Subject::Upload, message)
}

/// An upload that this folder does not have.
pub(super) fn unknown() -> Error {
    gone("no such upload: it may have expired: start it again")
}

/// The store's own clean-up took the unfinished parts.
pub(super) fn dropped() -> Error {
    gone("the store has dropped this unfinished upload: start it again")
}

/// More than any store takes in one object.
pub(super) fn too_large() -> Error {
    Error::new(ErrorKind::TooLarge, Subject::Upload, "the file is larger than a store takes")
}
