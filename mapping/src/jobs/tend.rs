//! Looks for jobs that nobody works on, and goes on with them: after a crash, or when the replica
//! that had them has stopped in peace.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::held::Held;
use super::record::JobRecord;
use super::run::Run;
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::Work;
use crate::id::JobId;
use crate::key::{KeyPrefix, ObjectKey};
use crate::lease::{Attempt, Lease, Watch};
use crate::manifest::Change;
use crate::store::ListRequest;

/// How many jobs a replica works on before it takes no more.
const MOST_RUNNING: usize = 8;

impl Bucket {
    /// Looks at every job that is not over, once, and takes over those whose replica is gone; answers
    /// how many. To be called again and again: that a replica is dead shows by its silence.
    ///
    /// Costs one listing, and one read for each job that is not known to be over.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn tend_jobs(&self) -> Result<usize> {
        let listed = self.list_job_ids().await?;
        self.jobs().known().keep(&listed);
        let mut taken = 0;
        for id in listed {
            if self.jobs().known().needs_no_look(id) {
                continue;
            }
            match self.tend_job(id).await {
                Ok(true) => taken += 1,
                Ok(false) => {}
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                Err(error) => {
                    tracing::error!(job.id = %id, error = &error as &dyn std::error::Error, "a job cannot be read");
                }
            }
        }
        Ok(taken)
    }

    /// In the order of their ids, so that what is done about them comes in one order too.
    pub(super) async fn list_job_ids(&self) -> Result<BTreeSet<JobId>> {
        let mut found = BTreeSet::new();
        let mut request = ListRequest::all(KeyPrefix::jobs());
        loop {
            let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Job))?;
            found.extend(
                page.objects.iter().filter_map(|listed| KeyPrefix::jobs().rest(&listed.key)?.parse::<JobId>().ok()),
            );
            let Some(token) = page.next else { return Ok(found) };
            request.token = Some(token);
        }
    }

    /// Takes the job over if it is nobody's.
    async fn tend_job(&self, id: JobId) -> Result<bool> {
        let Some(record) = self.job_document(id).read().await? else { return Ok(false) };
        if record.state.is_over() {
            self.jobs().known().note_over(id);
            return Ok(false);
        }
        let watch = self.jobs().known().watch(id, || self.job_watch(id));
        match watch.try_take(self).await? {
            Attempt::Held { .. } => Ok(false),
            Attempt::Taken(lease) => self.take_over(id, lease).await,
        }
    }

    /// The lease is ours. A crash before the new term is written leaves the job as it was.
    async fn take_over(&self, id: JobId, lease: Lease) -> Result<bool> {
        // Before the first write of ours: its last one was while it was worked on.
        let until = self.written_at(id).await;
        let take = |record: &mut JobRecord| {
            if record.state.is_over() {
                return Ok(Change::Keep(None));
            }
            record.term += 1;
            record.until = record.until.or(until);
            Ok(Change::Save(Some(record.clone())))
        };
        let Some(record) = self.job_document(id).update(take).await? else { return Ok(false) };
        let held = Held::new(self, lease, record.clone());
        if record.state == super::JobState::Cancelling {
            held.end(&record.position(), super::JobState::Cancelled, None).await?;
            held.forget().await;
            return Ok(false);
        }
        let account = match self.job_account(&record).await {
            Ok(account) => account,
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
            Err(error) => {
                held.end(&record.position(), super::JobState::Failed, Some(&error)).await?;
                held.forget().await;
                return Ok(false);
            }
        };
        tracing::info!(job.id = %id, "took over a job");
        let run = Run::go_on(self.clone(), account, &record, held);
        self.tasks().background(async move {
            drop(run.finish().await);
        });
        Ok(true)
    }

    /// When a job's record was last written, by the store's clock, to the end of that second: not every
    /// store tells more of it. `None` when it does not say.
    pub(super) async fn written_at(&self, id: JobId) -> Option<Timestamp> {
        let head = self.store().head(&ObjectKey::job(id)).await;
        head.inspect_err(|error| tracing::debug!(job.id = %id, %error, "a job's record was not looked at"))
            .ok()
            .map(|meta| meta.modified.end_of_second())
    }

    /// Whose job it is, if he may still act. What he may do in the folders is asked at each step.
    async fn job_account(&self, record: &JobRecord) -> Result<Account> {
        let account = self.account(record.account).await?;
        if account.disabled && record.plan.work != Work::Relocate {
            return Err(Error::new(ErrorKind::Forbidden, Subject::Account, "the account is disabled"));
        }
        Ok(account)
    }
}

impl super::Known {
    /// Forgets what is not listed any more.
    fn keep(&mut self, listed: &BTreeSet<JobId>) {
        self.over.retain(|id| listed.contains(id));
        self.watched.retain(|id, _| listed.contains(id));
    }

    fn needs_no_look(&self, id: JobId) -> bool {
        self.over.contains(&id) || self.running.contains_key(&id) || self.running.len() >= MOST_RUNNING
    }

    fn note_over(&mut self, id: JobId) {
        self.watched.remove(&id);
        self.over.insert(id);
    }

    fn watch(&mut self, id: JobId, new: impl FnOnce() -> Watch) -> Arc<Watch> {
        Arc::clone(self.watched.entry(id).or_insert_with(|| Arc::new(new())))
    }
}
