//! Work that has begun, as the one who asked for it sees it.

use std::time::Duration;

use tokio::sync::oneshot;

use super::record::JobState;
use super::run::Run;
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::{Plan, Progress};
use crate::id::JobId;
use crate::path::FilePath;

/// How often one who waits for a job that another replica works on looks at it.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Work on a tree that has begun. It goes on when this is dropped.
#[must_use = "the work may fail"]
#[derive(Debug)]
pub struct Underway {
    id: JobId,
    target: Option<FilePath>,
    became_job: oneshot::Receiver<()>,
    ended: oneshot::Receiver<Result<Outcome>>,
}

/// How far work came while its request waited.
#[derive(Debug)]
pub enum Begun {
    /// It is done.
    Done(Outcome),
    /// It goes on as this job.
    Job(JobId),
}

/// How work ended that was done, or stopped on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Where it was put, if that is a path: the one that was asked for, or one with a number behind its name.
    pub target: Option<FilePath>,
    /// What was done, and what could not be.
    pub progress: Progress,
    /// Whether somebody stopped it before its end.
    pub cancelled: bool,
}

/// How work ended: [`Ended::Elsewhere`] means that this replica does not know.
#[derive(Debug)]
pub(super) enum Ended {
    Here(Result<Outcome>),
    Elsewhere,
}

impl Underway {
    /// Begins it.
    pub(crate) fn begin(bucket: &Bucket, account: &Account, plan: Plan) -> Self {
        Self::begin_as(JobId::random(bucket.random()), bucket, account, plan)
    }

    /// Begins it under an id that others know already.
    pub(crate) fn begin_as(id: JobId, bucket: &Bucket, account: &Account, plan: Plan) -> Self {
        let target = plan.target_path().cloned();
        let (tell_job, became_job) = oneshot::channel();
        let (tell_end, ended) = oneshot::channel();
        let run = Run::begin(bucket.clone(), id, account.clone(), plan, tell_job);
        let followed = bucket.clone();
        bucket.tasks().background(async move {
            let result = match run.finish().await {
                Ended::Here(result) => result,
                Ended::Elsewhere if tell_end.is_closed() => return,
                Ended::Elsewhere => followed.outcome_of(id).await,
            };
            // Nobody may be waiting any more.
            drop(tell_end.send(result));
        });
        Self { id, target, became_job, ended }
    }

    /// Something that is done already for all who look: what is left to do for it goes on as a job.
    pub(crate) fn moved(id: JobId, bucket: &Bucket, account: &Account, plan: Plan) -> Self {
        let Self { target, .. } = Self::begin_as(id, bucket, account, plan);
        let (_, became_job) = oneshot::channel();
        let (tell_end, ended) = oneshot::channel();
        let outcome = Outcome { target: target.clone(), progress: Progress::default(), cancelled: false };
        drop(tell_end.send(Ok(outcome)));
        Self { id, target, became_job, ended }
    }

    /// Its id, by which it is found once it is a job.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// Where it is put, if that is a path: the one that was asked for, or one with a number behind its name.
    #[must_use]
    pub const fn target(&self) -> Option<&FilePath> {
        self.target.as_ref()
    }

    /// Waits until it is done, or has become a job: [`job_after`](crate::Settings::job_after) at
    /// most, while the store answers.
    ///
    /// # Errors
    /// Why it could not go on; what was done stays done, and doing the same again goes on with it.
    pub async fn begun(mut self) -> Result<Begun> {
        tokio::select! {
            biased;
            ended = &mut self.ended => ended.unwrap_or_else(|_| Err(stopping())).map(Begun::Done),
            Ok(()) = &mut self.became_job => Ok(Begun::Job(self.id)),
        }
    }

    /// Waits for its end, however long that takes and whichever replica works on it then.
    ///
    /// # Errors
    /// Why it could not go on, or that this process stops: a job goes on then.
    pub async fn ended(self) -> Result<Outcome> {
        self.ended.await.unwrap_or_else(|_| Err(stopping()))
    }
}

impl Bucket {
    /// Waits until a job is over that others work on.
    async fn outcome_of(&self, id: JobId) -> Result<Outcome> {
        let stopping = self.tasks().stopping();
        loop {
            if stopping.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
                return Err(self::stopping());
            }
            match self.job(id).await {
                Ok(job) if job.state.is_over() => return job.outcome(),
                // Its record never reached the store, or is forgotten.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let message = "nobody can tell how far this came: look, and ask for it again";
                    return Err(Error::new(ErrorKind::Unavailable, Subject::Job, message).caused_by(error));
                }
                Err(error) if error.kind() != ErrorKind::Unavailable => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }
}

impl super::JobInfo {
    fn outcome(self) -> Result<Outcome> {
        if self.state == JobState::Failed {
            let message = self.error.unwrap_or_else(|| "the job could not go on".to_owned());
            return Err(Error::new(self.error_kind.unwrap_or(ErrorKind::Conflict), Subject::Job, message));
        }
        let target = self.target.and_then(|place| place.path.path().cloned());
        Ok(Outcome { target, progress: self.progress, cancelled: self.state == JobState::Cancelled })
    }
}

pub(super) fn stopping() -> Error {
    let message = "the server is stopping: what was begun goes on elsewhere or can be asked for again";
    Error::new(ErrorKind::Unavailable, Subject::Job, message)
}
