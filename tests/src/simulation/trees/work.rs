//! Work on a thing that a client asked for, until it knows what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mapping::Timestamp;
use mapping::files::Failure;
use mapping::id::JobId;
use mapping::jobs::{JobInfo, JobState, Outcome};
use mapping::path::FilePath;

use super::rules::{Act, Rule, Stage};
use super::thing::{Spot, Trashed};
use crate::simulation::board::BOUND;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Copy,
    Move,
    Remove,
    Trash,
    Restore,
    Empty,
}

impl Deed {
    /// Its name in figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Copy => "tree copy",
            Self::Move => "tree move",
            Self::Remove => "tree remove",
            Self::Trash => "trash",
            Self::Restore => "restore",
            Self::Empty => "empty trash",
        }
    }

    /// Whether it goes into the trash or out of it.
    pub(super) const fn passes(self) -> bool {
        matches!(self, Self::Trash | Self::Restore)
    }
}

/// Something that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) deed: Deed,
    pub(super) from: Spot,
    /// Where each attempt put it.
    pub(super) to: Vec<Spot>,
    pub(super) rule: Rule,
    /// Directories that were made at the source and those that were at the target.
    pub(super) directories: (BTreeSet<String>, BTreeSet<String>),
    pub(super) state: State,
    /// When it was asked for.
    pub(super) since: Duration,
    /// When it was answered.
    pub(super) answered: Duration,
    /// Since when it lies in the trash, or is on its way there.
    pub(super) trashed: Option<(Trashed, Duration)>,
    /// An emptying takes all of this.
    pub(super) victims: Vec<Spot>,
    /// Which one that is.
    pub(super) emptying: Option<usize>,
    /// Places that had become free, and that something else was given.
    pub(super) taken: BTreeSet<Spot>,
    /// When each copy was first seen to have been made.
    pub(super) written: BTreeMap<(usize, String), Timestamp>,
}

/// What is known of work.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// It was said to be this job.
    Job(JobId),
    /// It ended in an error or in silence: it may be a job or not.
    Unanswered { id: JobId, at: Duration, patience: Duration },
    /// Nothing is done any more.
    Over(End),
}

/// How it ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// All was done.
    Whole,
    /// All was gone through, and this could not be done.
    Told(Vec<String>),
    /// It was stopped, failed, or died with its replica.
    Part,
}

impl Work {
    pub(super) fn new(deed: Deed, from: Spot, to: Option<Spot>, rule: Rule, state: State, since: Duration) -> Self {
        let (to, directories, written) = (to.into_iter().collect(), Default::default(), BTreeMap::new());
        let (trashed, victims, emptying, taken) = (None, Vec::new(), None, BTreeSet::new());
        let answered = since;
        Self { deed, from, to, rule, directories, state, since, answered, trashed, victims, emptying, taken, written }
    }

    pub(super) fn touches(&self, spot: &Spot) -> bool {
        self.from == *spot || self.to.contains(spot) || self.victims.contains(spot)
    }

    /// Whether anybody may still be at work on it.
    pub(super) const fn is_running(&self) -> bool {
        !matches!(self.state, State::Over(_))
    }

    /// Whether it is a directory that stays in its folder: as a rule it moves at once.
    pub(super) fn may_be_at_once(&self) -> bool {
        let stays = self.to.iter().any(|to| to.folder == self.from.folder);
        stays && self.rule.act == Act::Move && !self.from.is_file()
    }

    /// Whether a replica may not have heard yet that it is at its new path: a directory moves in its folder at
    /// once, and at the old path others find it for a moment more.
    pub(super) fn may_be_believed(&self, now: Duration) -> bool {
        self.may_be_at_once() && now <= self.answered + BOUND
    }

    /// Its job, while that is not over as far as is known.
    pub(super) const fn job(&self) -> Option<JobId> {
        match self.state {
            State::Job(id) => Some(id),
            State::Unanswered { .. } | State::Over(_) => None,
        }
    }

    pub(super) const fn stage(&self) -> Stage {
        match self.state {
            State::Over(End::Whole) => Stage::Whole,
            State::Job(_) | State::Unanswered { .. } | State::Over(_) => Stage::Part,
        }
    }

    /// Whether nothing of it changes any more. (What stopped half way to the trash or back is ended
    /// later, by whoever comes across it.)
    pub(super) const fn is_settled(&self) -> bool {
        matches!((&self.state, self.deed.passes()), (State::Over(End::Whole), _) | (State::Over(_), false))
    }

    /// What is wrong with the counts of an end without failures.
    pub(super) fn check_counts(&self, done: u64) -> Result<(), String> {
        let all = self.rule.before.len() as u64;
        let wrong = match self.rule.act {
            _ if self.deed == Deed::Empty => false,
            Act::Copy => done != all,
            // Those of a move or a removal that was taken over may be short.
            Act::Move | Act::Remove => done > all,
        };
        if wrong { Err(format!("{done} files are said to be done, of {all}")) } else { Ok(()) }
    }
}

impl End {
    /// How it ended as it was answered.
    pub(super) fn answered(outcome: &Outcome) -> Self {
        let Outcome { progress, cancelled, .. } = outcome;
        Self::of(*cancelled, progress.failed, &progress.failures)
    }

    /// How a job ended, once it has.
    pub(super) fn of_job(job: &JobInfo) -> Option<Self> {
        job.state.is_over().then(|| Self::of(job.state != JobState::Done, job.progress.failed, &job.progress.failures))
    }

    fn of(stopped: bool, failed: u64, failures: &[Failure]) -> Self {
        match (stopped, failed) {
            (true, _) => Self::Part,
            (false, 0) => Self::Whole,
            (false, _) => Self::Told(failures.iter().map(|failure| failure.path.clone()).collect()),
        }
    }
}

/// Whether a name is `path`, or `path` with a number behind it.
pub(super) fn is_numbered(path: &FilePath, name: &FilePath) -> bool {
    (1..100).any(|n| super::rules::numbered(path.as_str(), n) == name.as_str())
}
