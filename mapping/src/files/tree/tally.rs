//! How far an undertaking has come, and what went wrong on the way.

use super::super::remove::{Failure, MOST_FAILURES};
use super::round::Round;
use crate::clock::Timestamp;

/// Files and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Count {
    /// Files; directories count as none.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Count {
    pub(super) const fn file(bytes: u64) -> Self {
        Self { files: 1, bytes }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self { files: self.files + other.files, bytes: self.bytes + other.bytes }
    }
}

/// What was done of an undertaking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What was come across so far.
    pub found: Count,
    /// What was copied, moved or removed.
    pub done: Count,
    /// How many things could not be.
    pub failed: u64,
    /// The first hundred of those.
    pub failures: Vec<Failure>,
}

impl Progress {
    pub(super) fn add(&mut self, other: Self) {
        self.found = self.found.and(other.found);
        self.done = self.done.and(other.done);
        self.failed += other.failed;
        let room = MOST_FAILURES.saturating_sub(self.failures.len());
        self.failures.extend(other.failures.into_iter().take(room));
    }

    /// For what is tried again from the beginning.
    pub(super) fn forget_failures(&mut self) {
        self.failed = 0;
        self.failures.clear();
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failures.len() < MOST_FAILURES {
            self.failures.push(failure);
        }
    }
}

/// Where an undertaking stands between two steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// The page of the source that is next; `None` is the first.
    pub(crate) cursor: Option<String>,
    /// How often the source was gone through before.
    pub(crate) pass: u32,
    /// When the work became a job, by the store's clock: a removal leaves what was written later, for
    /// whoever asked for it may have had an answer before, from this job or from another request.
    pub(crate) until: Option<Timestamp>,
    /// Which of its places a clone goes through.
    pub(crate) round: Option<Round>,
    pub(crate) progress: Progress,
}
