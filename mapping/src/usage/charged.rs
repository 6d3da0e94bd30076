//! What a request holds while something that it charged is under way.

use std::sync::Arc;
use std::time::Duration;

use super::amount::Amount;
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
    /// When: it is looked at after that.
    pub(crate) at: Duration,
}

impl Entered {
    pub(super) fn new(tally: &Arc<Tally>, path: &FilePath, overlaps: bool, at: Duration) -> Self {
        Self { tally: Arc::clone(tally), path: path.clone(), overlaps, at }
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
    /// Of the hold that it was charged to.
    number: u64,
    amount: Amount,
    ended: bool,
    _entered: Option<Entered>,
}

impl Charged {
    pub(super) fn new(tally: &Arc<Tally>, number: u64, amount: Amount) -> Self {
        Self { tally: Arc::clone(tally), number, amount, ended: false, _entered: None }
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
        self.tally.end(self.number, self.amount, outcome);
    }
}

impl Drop for Charged {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Outcome::Unknown);
        }
    }
}

/// A request that waits to be granted something.
pub(super) struct Waiting<'t> {
    tally: &'t Tally,
    amount: Amount,
}

impl<'t> Waiting<'t> {
    pub(super) const fn new(tally: &'t Tally, amount: Amount) -> Self {
        Self { tally, amount }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.tally.end_waiting(self.amount);
    }
}
