//! The places of a folder that a clone goes through, one after the other, so that it comes across everything
//! while files follow directories that were moved at once.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::files::trash::is_trash;
use crate::path::{DirPath, FilePath};
use crate::records::{FolderRecord, MoveStage};

/// One time through a folder: first where files are that have not followed yet, then all of it. In this order
/// a file that follows meanwhile is at one place or the other when that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Round {
    /// How many directories of the folder had moved when it began.
    made: u64,
    /// The old places that are still to be gone through, the next of them last.
    old: Vec<FilePath>,
}

impl Round {
    pub(super) fn of(record: &FolderRecord) -> Self {
        let following = record.moves.iter().filter(|pending| pending.stage == MoveStage::Following);
        Self { made: record.moves_made, old: following.map(|pending| pending.from.clone()).collect() }
    }

    /// What is gone through now.
    pub(super) fn place(&self) -> DirPath {
        self.old.last().cloned().map_or_else(DirPath::root, DirPath::at)
    }

    /// Goes on to the next place; `false` when that was the last.
    pub(super) fn go_on(&mut self) -> bool {
        self.old.pop().is_some()
    }

    /// Whether a directory has moved since it began: from what was not gone through yet, perhaps, to what was.
    pub(super) const fn is_outdated(&self, record: &FolderRecord) -> bool {
        record.moves_made != self.made
    }
}

/// What is seen of a folder, by one of its records.
pub(super) struct Seen(pub(super) Arc<FolderRecord>);

impl Seen {
    /// Under which path a clone has what is stored at `path`; `None` for what nobody sees there, and for what
    /// is in the trash: it was thrown away, and without its record could neither be put back nor would ever go.
    pub(super) fn path_of(&self, path: &FilePath) -> Option<FilePath> {
        self.0.seen_at(path).filter(|path| !is_trash(path))
    }
}

impl FolderRecord {
    /// Under which path clients see what is stored at `path`.
    fn seen_at(&self, path: &FilePath) -> Option<FilePath> {
        let Some(pending) = self.moves.iter().find(|pending| path.is_within(&pending.from)) else {
            return Some(path.clone());
        };
        match pending.stage {
            MoveStage::Following => path.rebased(&pending.from, &pending.to),
            MoveStage::Followed => None,
        }
    }
}
