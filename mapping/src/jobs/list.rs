//! Jobs as people see them.

use futures::{StreamExt, TryStreamExt, stream};

use super::no_such_job;
use super::record::{JobRecord, JobState};
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, Result, Subject};
use crate::files::tree::{Place, Progress, Work};
use crate::id::{AccountId, JobId};
use crate::key::KeyPrefix;
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
    /// When it became a job.
    pub created: Timestamp,
    /// When it was last written.
    pub changed: Timestamp,
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
            created: record.created,
            changed: record.changed,
        }
    }
}

impl Bucket {
    /// One page of the jobs, those of `account` alone if one is named. `limit` jobs are looked at, so
    /// a page of one account may have fewer, or none, before the last.
    ///
    /// # Errors
    /// `Invalid` for a limit of 0 and for an `after` that no page gave; `Unavailable`.
    pub async fn jobs_page(&self, account: Option<AccountId>, after: Option<String>, limit: u16) -> Result<JobPage> {
        if limit == 0 {
            return Err(Error::invalid(Subject::Request, "a page has at least one entry"));
        }
        let request = ListRequest { token: after, limit: limit.min(1000), ..ListRequest::all(KeyPrefix::jobs()) };
        let page = self.store().list(request).await.map_err(|error| error.about(Subject::Request))?;
        let ids = page.objects.iter().filter_map(|listed| KeyPrefix::jobs().rest(&listed.key)?.parse().ok());
        let reads: Vec<_> = ids.map(|id: JobId| async move { self.job_document(id).read().await }).collect();
        let records: Vec<Option<JobRecord>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        let wanted = |record: &JobRecord| account.is_none_or(|account| account == record.account);
        let jobs = records.into_iter().flatten().filter(wanted).map(JobInfo::from).collect();
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
