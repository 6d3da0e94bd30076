//! When the trash of a folder was emptied, which takes what anybody put there.

use std::time::Duration;

use mapping::id::FolderId;

use crate::simulation::board::State;

/// One emptying of a trash.
#[derive(Clone, Copy, Debug)]
pub struct Emptying {
    folder: FolderId,
    /// Not over yet: `None`.
    end: Option<Duration>,
}

impl State {
    /// Somebody begins to empty a trash; answers which emptying it is.
    pub fn begin_emptying(&mut self, folder: FolderId) -> usize {
        self.emptied.push(Emptying { folder, end: None });
        self.emptied.len() - 1
    }

    /// How many there were so far.
    #[must_use]
    pub const fn emptyings(&self) -> usize {
        self.emptied.len()
    }

    /// It is over.
    pub fn end_emptying(&mut self, which: usize, at: Duration) {
        self.emptied[which].end = Some(at);
    }

    /// Whether what was put into the trash of a folder at `since` may have been removed with it.
    #[must_use]
    pub fn may_be_emptied(&self, folder: FolderId, since: Duration) -> bool {
        self.may_be_emptied_by(folder, since, self.emptied.len())
    }

    /// The same by one of the first `emptyings`.
    #[must_use]
    pub fn may_be_emptied_by(&self, folder: FolderId, since: Duration, emptyings: usize) -> bool {
        let after = |emptying: &Emptying| emptying.end.is_none_or(|end| end >= since);
        self.emptied[..emptyings].iter().any(|emptying| emptying.folder == folder && after(emptying))
    }
}
