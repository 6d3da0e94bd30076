//! Shapes of the admin API about jobs.

use mapping::files::tree::{Count, Place};
use mapping::jobs::{JobInfo, JobState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limits::AmountBody;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct JobBody {
    pub(crate) job_id: String,
    /// Whose it is.
    pub(crate) account_id: String,
    /// `copy`, `move`, `delete`, `relocate` or `clone`.
    pub(crate) work: String,
    pub(crate) source: PlaceBody,
    /// Where it goes; absent when something is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<PlaceBody>,
    /// `running`, `cancelling`, `done`, `failed` or `cancelled`.
    pub(crate) state: String,
    /// What it came across so far.
    pub(crate) found: AmountBody,
    /// What it copied, moved or removed.
    pub(crate) done: AmountBody,
    /// How many things could not be.
    pub(crate) failed: u64,
    /// The first hundred of those, and why.
    pub(crate) failures: Vec<FailureBody>,
    /// Why it could not go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// When it became a job. RFC 3339, UTC.
    pub(crate) created: String,
    /// When it last said how far it is. RFC 3339, UTC.
    pub(crate) changed: String,
}

/// A path in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PlaceBody {
    pub(crate) folder_id: String,
    /// Empty for the whole folder.
    pub(crate) path: String,
}

/// Something that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct FailureBody {
    pub(crate) path: String,
    pub(crate) message: String,
}

/// A page of jobs.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct JobsBody {
    pub(crate) jobs: Vec<JobBody>,
    /// What `after` continues with; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl From<&Place> for PlaceBody {
    fn from(place: &Place) -> Self {
        Self { folder_id: place.folder.to_string(), path: place.path.to_string() }
    }
}

impl From<Count> for AmountBody {
    fn from(count: Count) -> Self {
        Self { bytes: count.bytes, files: count.files }
    }
}

impl From<&JobInfo> for JobBody {
    fn from(job: &JobInfo) -> Self {
        let failures = job.progress.failures.iter();
        let failures =
            failures.map(|failure| FailureBody { path: failure.path.clone(), message: failure.message.clone() });
        Self {
            job_id: job.id.to_string(),
            account_id: job.account.to_string(),
            work: job.work.name().to_owned(),
            source: (&job.source).into(),
            target: job.target.as_ref().map(PlaceBody::from),
            state: job.state.name().to_owned(),
            found: job.progress.found.into(),
            done: job.progress.done.into(),
            failed: job.progress.failed,
            failures: failures.collect(),
            error: job.error.clone(),
            created: job.created.to_string(),
            changed: job.changed.to_string(),
        }
    }
}

impl JobBody {
    /// Whether nothing more is done.
    pub(crate) fn is_over(&self) -> bool {
        self.state.parse::<JobState>().is_ok_and(JobState::is_over)
    }

    /// Whether all of it was done.
    pub(crate) fn is_done(&self) -> bool {
        self.state == JobState::Done.name() && self.failed == 0
    }
}
