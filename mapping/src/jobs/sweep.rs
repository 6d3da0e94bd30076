//! Forgets jobs that have been over for long enough, and leases that no job has any more.

use std::time::Duration;

use crate::bucket::Bucket;
use crate::error::{Result, Subject};
use crate::id::JobId;
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{Condition, ListRequest};
use crate::sweep::{Finding, Run, What};

impl Bucket {
    /// Removes the records of jobs that ended [`job_kept_for`](crate::Settings::job_kept_for) ago,
    /// and the leases that replicas left which died at the wrong moment.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer; the next sweep goes on.
    pub(crate) async fn sweep_jobs(&self, run: &Run) -> Result<()> {
        // Before the jobs: a job is younger than its lease.
        let leases = self.old_job_leases().await?;
        let mut kept = self.list_job_ids().await?;
        for id in kept.clone() {
            if self.pass_over(&ObjectKey::job(id), self.sweep_job(run, id).await)? {
                kept.remove(&id);
            }
        }
        for (id, age) in leases.into_iter().filter(|(id, _)| !kept.contains(id)) {
            let finding = found(What::Lease, &ObjectKey::job_lease(id), "its job is no more", age);
            run.settle(finding, self.forget(&ObjectKey::job_lease(id))).await?;
        }
        Ok(())
    }

    /// Removes the record of a job that has been over for long enough; answers whether it did.
    async fn sweep_job(&self, run: &Run, id: JobId) -> Result<bool> {
        let Some(job) = self.job_document(id).read().await? else { return Ok(false) };
        let age = self.clock().now().since(job.changed);
        if !job.state.is_over() || age < self.settings().job_kept_for {
            return Ok(false);
        }
        let finding = found(What::Job, &ObjectKey::job(id), "it is over, and was kept for long enough", age);
        let work = async {
            // The record last: a crash leaves it for the next sweep.
            self.forget(&ObjectKey::job_lease(id)).await?;
            self.forget(&ObjectKey::job(id)).await
        };
        run.settle(finding, work).await
    }

    /// Leases that nobody has renewed for so long that nobody is about to make their job.
    async fn old_job_leases(&self) -> Result<Vec<(JobId, Duration)>> {
        let (now, mut found) = (self.clock().now(), Vec::new());
        let mut request = ListRequest::all(KeyPrefix::job_leases());
        loop {
            let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Job))?;
            let aged = page.objects.iter().map(|listed| (&listed.key, now.since(listed.modified)));
            let old = aged.filter(|(_, age)| *age >= self.settings().late_writes);
            found.extend(old.filter_map(|(key, age)| Some((KeyPrefix::job_leases().rest(key)?.parse().ok()?, age))));
            let Some(token) = page.next else { return Ok(found) };
            request.token = Some(token);
        }
    }

    /// Removes one object; answers how many that were.
    async fn forget(&self, key: &ObjectKey) -> Result<usize> {
        self.store().delete(key, Condition::Always).await.map_err(|error| error.about(Subject::Job))?;
        Ok(1)
    }
}

fn found(what: What, key: &ObjectKey, reason: &'static str, age: Duration) -> Finding {
    Finding { what, place: key.to_string(), reason, age: Some(age), objects: 1 }
}
