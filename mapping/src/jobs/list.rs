//! Jobs as people see them.

use futures::{StreamExt, TryStreamExt, stream};

use super::no_such_job;
use super::record::{JobRecord, JobState};
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::{Place, Progress, Work};
use crate::id::{AccountId, FolderId, JobId};
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::ListRequest;

/// Jobs read at one time.
const AT_ONCE: usize = 8;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobInfo {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub account: AccountId,
    /// What is done.
    pub work: Work,
    /// To what.
    pub source: Place,
    /// Where it goes; `None` when something is removed.
    pub target: Option<Place>,
    /// What has become of it.
    pub state: JobState,
    /// How far it is, as of [`JobInfo::changed`].
    pub progress: Progress,
    /// Why it could not go on.
    pub error: Option<String>,
    /// What can be done about that, where it is known.
    pub error_kind: Option<ErrorKind>,
    /// When it became a job.
    pub created: Timestamp,
    /// When it was last written.
    pub changed: Timestamp,
}

/// Which jobs are meant; nothing named means all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Those of this account.
    pub account: Option<AccountId>,
    /// Those that read from this folder or write into it.
    pub folder: Option<FolderId>,
    /// Those of which this has become.
    pub state: Option<JobState>,
}

impl JobFilter {
    fn takes(&self, job: &JobInfo) -> bool {
        let places = [Some(&job.source), job.target.as_ref()];
        let touches = |folder| places.into_iter().flatten().any(|place| place.folder == folder);
        self.account.is_none_or(|account| account == job.account)
            && self.folder.is_none_or(touches)
            && self.state.is_none_or(|state| state == job.state)
    }
}

/// A page of jobs.
#[derive(Clone, Debug)]
pub struct JobPage {
    /// The jobs, in no order.
    pub jobs: Vec<JobInfo>,
    /// Where to go on; `None` on the last page.
    pub next: Option<String>,
}

impl From<JobRecord> for JobInfo {
    fn from(record: JobRecord) -> Self {
        let progress = record.progress();
        Self {
            id: record.id,
            account: record.account,
            work: record.plan.work,
            source: record.plan.source,
            target: record.plan.target.map(|target| target.place),
            state: record.state,
            progress,
            error: record.error,
            error_kind: record.error_kind,
            created: record.created,
            changed: record.changed,
        }
    }
}

impl Bucket {
    /// One page of the jobs that `filter` takes. `limit` jobs are looked at, so a page may have fewer,
    /// or none, before the last.
    ///
    /// # Errors
    /// `Invalid` for a limit of 0 and for an `after` that no page gave; `Unavailable`.
    pub async fn jobs_page(&self, filter: JobFilter, after: Option<String>, limit: u16) -> Result<JobPage> {
        if limit == 0 {
            return Err(Error::invalid(Subject::Request, "a page has at least one entry"));
        }
        let request = ListRequest { token: after, limit: limit.min(1000), ..ListRequest::all(KeyPrefix::jobs()) };
        let page = self.store().list(request).await.map_err(|error| error.about(Subject::Request))?;
        let ids = page.objects.iter().filter_map(|listed| KeyPrefix::jobs().rest(&listed.key)?.parse().ok());
        let readable = |id| async move { self.pass_over(&ObjectKey::job(id), self.job_document(id).read().await) };
        let reads: Vec<_> = ids.map(|id: JobId| readable(id)).collect();
        let records: Vec<Option<JobRecord>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        let jobs = records.into_iter().flatten().map(JobInfo::from).filter(|job| filter.takes(job)).collect();
        Ok(JobPage { jobs, next: page.next })
    }

    /// One job.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`.
    pub async fn job(&self, id: JobId) -> Result<JobInfo> {
        self.job_document(id).read().await?.map(JobInfo::from).ok_or_else(no_such_job)
    }

    /// One of the account's own jobs.
    ///
    /// # Errors
    /// `NotFound`, also for somebody else's; `Unavailable`.
    pub async fn job_of(&self, account: AccountId, id: JobId) -> Result<JobInfo> {
        let job = self.job(id).await?;
        if job.account == account { Ok(job) } else { Err(no_such_job()) }
    }
}
