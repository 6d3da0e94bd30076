//! Stops a job.

use super::list::JobInfo;
use super::no_such_job;
use super::record::{JobRecord, JobState};
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::Work;
use crate::id::JobId;
use crate::manifest::Change;

impl Bucket {
    /// Asks a job to stop, and answers how it stands now. What was under way is brought to its end:
    /// each file is copied or not, and one that is moved is at one of the two places. A job that is
    /// over stays as it is. The replica that works on it hears of it within seconds.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a directory that is moved already and whose files only follow;
    /// `Unavailable`: it may have been asked.
    pub async fn cancel_job(&self, id: JobId) -> Result<JobInfo> {
        let ask = |record: &mut JobRecord| match record.state {
            JobState::Running if record.plan.work == Work::Relocate => Err(moved_already()),
            JobState::Running => {
                record.state = JobState::Cancelling;
                Ok(Change::Save(record.clone()))
            }
            JobState::Cancelling | JobState::Done | JobState::Failed | JobState::Cancelled => {
                Ok(Change::Keep(record.clone()))
            }
        };
        let record = self.job_document(id).update(ask).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => no_such_job(),
            _ => error,
        })?;
        self.jobs().stop(id);
        Ok(record.into())
    }
}

fn moved_already() -> Error {
    let message = "the directory is moved already, and its files only follow: move it back instead";
    Error::new(ErrorKind::Conflict, Subject::Job, message)
}
