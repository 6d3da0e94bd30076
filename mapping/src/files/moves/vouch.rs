//! How long the paths of a folder are at the most: a directory whose paths get longer by its move is
//! moved at once only where none of them can get too long.

use crate::access::{Folder, Writes};
use crate::error::Result;
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::path::{FilePath, MAX_PATH_BYTES};
use crate::records::FolderRecord;

/// What paths of a new folder stay within until one does not: hardly any are longer, and it leaves room
/// for directories to move deeper.
pub(crate) const FIRST_LONGEST_PATH: usize = 384;

/// The bound is raised by so much at a time, so that hardly any write has to.
const RAISED_BY: usize = 128;

impl FolderRecord {
    /// The longest that a path may be, in bytes, once all that is on its way has arrived.
    fn longest(&self) -> usize {
        let longer = self.moves.iter().map(|pending| growth(&pending.from, &pending.to));
        self.longest_path + longer.sum::<usize>()
    }

    /// Whether every path has room to move from `from` to `to`.
    pub(super) fn has_room_to_move(&self, from: &FilePath, to: &FilePath) -> bool {
        self.longest() + growth(from, to) <= MAX_PATH_BYTES
    }
}

impl<A: Writes> Folder<A> {
    /// To be called before a path of this length, in bytes, comes to be. Costs nothing but for the first
    /// that is longer than those before.
    ///
    /// A crash after it leaves a bound that is higher than it need be.
    pub(in crate::files) async fn vouch_for(&self, length: usize) -> Result<()> {
        if self.is_as_stored() || length <= self.view().await?.longest_path {
            return Ok(());
        }
        let raised = (length.div_ceil(RAISED_BY) * RAISED_BY).min(MAX_PATH_BYTES);
        let raise = |record: &mut FolderRecord| {
            if record.longest_path >= raised {
                return Ok(Change::Keep(()));
            }
            record.longest_path = raised;
            Ok(Change::Save(()))
        };
        self.bucket().manifest(ObjectKey::folder(self.id())).update(raise).await
    }
}

/// By how many bytes paths get longer.
pub(super) fn growth(from: &FilePath, to: &FilePath) -> usize {
    to.as_str().len().saturating_sub(from.as_str().len())
}
