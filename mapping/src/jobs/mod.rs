//! Work on trees that outlasts its request. It begins in the request (`underway`), goes on as a
//! document in the bucket with a lease (`run`), and is taken over when its replica dies (`tend`).

mod adopt;
mod attend;
mod cancel;
mod held;
mod list;
mod record;
mod run;
mod sweep;
mod tend;
#[cfg(test)]
mod tests;
mod underway;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use list::{JobFilter, JobInfo, JobPage};
pub use record::JobState;
pub use underway::{Begun, Outcome, Underway};

pub(crate) use record::JobRecord;

use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::Pace;
use crate::id::JobId;
use crate::key::ObjectKey;
use crate::lease::Watch;
use crate::manifest::Manifest;

/// What a replica knows of jobs. Losing it loses nothing.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    pace: Pace,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Jobs that this replica works on, and what stops each.
    running: HashMap<JobId, CancellationToken>,
    /// Jobs of others, and what was seen of their leases.
    watched: HashMap<JobId, Arc<Watch>>,
    /// Moves that were seen to, and when.
    adopted: HashMap<JobId, Duration>,
    /// Jobs that are over: not looked at again.
    over: HashSet<JobId>,
}

impl Jobs {
    pub(crate) const fn pace(&self) -> &Pace {
        &self.pace
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops what this replica does for a job, if it does anything.
    fn stop(&self, id: JobId) {
        if let Some(stop) = self.known().running.get(&id) {
            stop.cancel();
        }
    }
}

impl Bucket {
    fn job_document(&self, id: JobId) -> Manifest<JobRecord> {
        self.manifest(ObjectKey::job(id))
    }

    /// Whether there is such a job and it is not over.
    pub(crate) async fn is_running(&self, id: JobId) -> Result<bool> {
        Ok(self.job_document(id).read().await?.is_some_and(|job| !job.state.is_over()))
    }

    fn job_watch(&self, id: JobId) -> Watch {
        Watch::new(ObjectKey::job_lease(id), self.settings().job_terms())
    }
}

fn no_such_job() -> Error {
    Error::new(ErrorKind::NotFound, Subject::Job, "no such job")
}
