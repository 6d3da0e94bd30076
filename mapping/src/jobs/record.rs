//! `.folderbridge/jobs/<job-id>`: work on a tree that outlasted its request.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Subject};
use crate::files::Failure;
use crate::files::tree::{Count, Plan, Position, Progress, Round};
use crate::id::{AccountId, JobId};
use crate::manifest::Document;

/// What has become of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// A replica works on it, or will take it over.
    Running,
    /// It was asked to stop and has not yet.
    Cancelling,
    /// It has gone through everything; what could not be done is among its failures.
    Done,
    /// It could not go on.
    Failed,
    /// It was stopped.
    Cancelled,
}

impl JobState {
    /// Each there is.
    pub const ALL: [Self; 5] = [Self::Running, Self::Cancelling, Self::Done, Self::Failed, Self::Cancelled];

    /// Whether nothing more is done.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Running | Self::Cancelling => false,
            Self::Done | Self::Failed | Self::Cancelled => true,
        }
    }

    /// Its name, as it is stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for JobState {
    type Err = Error;

    /// Takes its name.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::invalid(Subject::Job, format!("`{text}` is no state of a job: one of {names} is expected"))
        })
    }
}

/// A job as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    pub(super) id: JobId,
    /// Whose work it is: what this account may do is asked again at each step.
    pub(super) account: AccountId,
    pub(super) plan: Plan,
    pub(super) state: JobState,
    /// Grows with each replica that takes it over: an earlier one may not write any more.
    pub(super) term: u64,
    /// Where it stands in the source; what lies behind it is done.
    pub(super) cursor: Option<String>,
    /// How often the source was gone through before.
    pub(super) pass: u32,
    /// When this record was first written, by the store's clock, once that is known: a removal leaves
    /// what was written later.
    #[serde(default)]
    pub(super) until: Option<Timestamp>,
    /// Which of its places a clone goes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) round: Option<Round>,
    pub(super) found: Count,
    pub(super) done: Count,
    pub(super) failed: u64,
    pub(super) failures: Vec<StoredFailure>,
    /// Why it could not go on.
    pub(super) error: Option<String>,
    /// What can be done about that.
    #[serde(default)]
    pub(super) error_kind: Option<ErrorKind>,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
}

/// Something that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredFailure {
    path: String,
    message: String,
}

impl JobRecord {
    /// A job that stands at its beginning.
    pub(super) fn new(id: JobId, account: AccountId, plan: Plan, term: u64, now: Timestamp) -> Self {
        Self {
            id,
            account,
            plan,
            state: JobState::Running,
            term,
            cursor: None,
            pass: 0,
            until: None,
            round: None,
            found: Count::default(),
            done: Count::default(),
            failed: 0,
            failures: Vec::new(),
            error: None,
            error_kind: None,
            created: now,
            changed: now,
        }
    }

    /// Notes where it stands.
    pub(super) fn stand_at(&mut self, position: &Position, now: Timestamp) {
        let Progress { found, done, failed, failures } = position.progress.clone();
        self.cursor.clone_from(&position.cursor);
        self.pass = position.pass;
        self.until = position.until;
        self.round.clone_from(&position.round);
        self.found = found;
        self.done = done;
        self.failed = failed;
        self.failures = failures.into_iter().map(|Failure { path, message }| StoredFailure { path, message }).collect();
        self.changed = now;
    }

    /// Where it stands.
    pub(super) fn position(&self) -> Position {
        let (cursor, round) = (self.cursor.clone(), self.round.clone());
        Position { cursor, pass: self.pass, until: self.until, round, progress: self.progress() }
    }

    pub(super) fn progress(&self) -> Progress {
        let failures = self.failures.iter().cloned().map(|StoredFailure { path, message }| Failure { path, message });
        Progress { found: self.found, done: self.done, failed: self.failed, failures: failures.collect() }
    }
}

impl Document for JobRecord {
    const KIND: &'static str = "job";
    const SUBJECT: Subject = Subject::Job;

    fn owner(&self) -> Option<AccountId> {
        Some(self.account)
    }

    fn state(&self) -> &'static str {
        self.state.name()
    }
}
