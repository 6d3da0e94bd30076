//! What a request holds while something that it charged is under way.

use std::sync::Arc;

use super::record::{Amount, Charge};
use super::tally::Tally;
use crate::path::FilePath;

/// How something that was charged ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is there, or gone if it was a delete.
    Done,
    /// It never comes to be.
    Never,
    /// Nobody knows.
    Unknown,
}

/// A path that is being written.
#[derive(Debug)]
pub(crate) struct Entered {
    tally: Arc<Tally>,
    path: FilePath,
    /// Whether another write of the path was under way.
    pub(crate) overlaps: bool,
}

impl Entered {
    pub(super) fn new(tally: &Arc<Tally>, path: &FilePath, overlaps: bool) -> Self {
        Self { tally: Arc::clone(tally), path: path.clone(), overlaps }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.tally.leave(&self.path);
    }
}

/// Something that was charged and is under way. Dropped without a word (a request that was cut
/// off, an answer that was lost), it stays charged until a count that begins when it can no
/// longer come to be.
#[must_use = "a charge that nobody settles asks for a count"]
#[derive(Debug)]
pub(crate) struct Charged {
    tally: Arc<Tally>,
    amount: Amount,
    ended: bool,
    _entered: Option<Entered>,
}

impl Charged {
    pub(super) fn new(tally: &Arc<Tally>, charge: Charge) -> Self {
        Self { tally: Arc::clone(tally), amount: charge.amount, ended: false, _entered: None }
    }

    /// The same, for the path that `entered` is.
    pub(crate) fn of(mut self, entered: Entered) -> Self {
        self._entered = Some(entered);
        self
    }

    /// What was charged is there, or is gone if it was a delete.
    pub(crate) fn settle(mut self) {
        self.end(Outcome::Done);
    }

    /// What was charged certainly never comes to be.
    pub(crate) fn cancel(mut self) {
        self.end(Outcome::Never);
    }

    fn end(&mut self, outcome: Outcome) {
        self.ended = true;
        self.tally.end(self.amount, outcome);
    }
}

impl Drop for Charged {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Outcome::Unknown);
        }
    }
}
