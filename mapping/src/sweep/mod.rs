//! The sweeper: removes what stopped half way and what was deleted. Whatever no document points
//! at is rubbish, but only once nobody can still be about to point at it.
//!
//! It may run beside all requests and beside other sweepers, and stop anywhere: the next run goes on.

mod accounts;
mod bin;
mod credentials;
mod emails;
mod folders;
mod names;
mod run;
mod scratch;
mod strays;
#[cfg(test)]
mod tests;
mod turn;
#[cfg(test)]
mod world;

use std::collections::HashSet;

pub(crate) use run::Run;
pub use run::{Finding, Mode, Swept, What};
pub use turn::Turn;

use crate::bucket::Bucket;
use crate::error::{ErrorKind, Result, Subject};
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{Condition, ListRequest};
use crate::upload::SweptUploads;

/// What one run of the sweeper did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// E-mail addresses whose account never came to be, free again.
    pub claims_freed: usize,
    /// Accounts that never came to be, whose last trace is gone.
    pub accounts_removed: usize,
    /// Pointers from credentials that are good for nothing, removed.
    pub credentials_removed: usize,
    /// Names of folders that never came to be, are deleted, or are not shared any more, removed.
    pub names_removed: usize,
    /// Objects of deleted folders, removed.
    pub objects_removed: usize,
    /// Folders that had been in the bin for long enough, purged.
    pub folders_purged: usize,
    /// Deleted folders whose last trace is gone.
    pub folders_removed: usize,
    /// Jobs that were over for long enough, forgotten.
    pub jobs_removed: usize,
    /// Leases of jobs that are no more, removed.
    pub leases_removed: usize,
    /// Invitations that nobody could accept, removed.
    pub invitations_removed: usize,
    /// Objects that had been in the trash for long enough, removed.
    pub trash_removed: usize,
    /// Records of what is not in the trash any more, removed.
    pub trash_records_removed: usize,
    /// Moves into the trash or out of it whose process died, brought to an end.
    pub passages_ended: usize,
    /// What uploads left behind, removed.
    pub uploads: SweptUploads,
    /// Bundles of uploads that are over, removed.
    pub bundles_removed: usize,
    /// Objects of store probes that died, removed.
    pub scratch_removed: usize,
}

/// Accounts, claims or pointers looked at at one time.
const AT_ONCE: usize = 8;

impl Bucket {
    /// Looks at everything once. One kind of thing that cannot be looked at keeps nobody from the
    /// others.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer: what was done stays done.
    pub async fn sweep(&self) -> Result<SweepReport> {
        self.sweep_as(Mode::Remove).await.map(|swept| swept.report)
    }

    /// As [`Bucket::sweep`], telling each thing that went; a dry run tells what would go and writes
    /// nothing. (What a run removes can be what keeps something else: that goes in the next.)
    ///
    /// # Errors
    /// As [`Bucket::sweep`].
    pub async fn sweep_as(&self, mode: Mode) -> Result<Swept> {
        let run = Run::new(mode);
        let emails = self.sweep_emails(&run).await;
        // Those that are missing here are looked at one by one.
        let mut good = HashSet::new();
        let accounts = self.sweep_accounts(&run, &mut good).await;
        let credentials = self.sweep_credentials(&run, &good).await;
        let strays = self.sweep_strays(&run).await;
        let uploads = self.sweep_uploads_in(&run).await;
        let jobs = self.sweep_jobs(&run).await;
        let invitations = self.sweep_invitations(&run).await;
        let trash = self.sweep_trash(&run).await;
        let scratch = self.sweep_scratch(&run).await;
        emails.and(accounts).and(credentials).and(strays).and(uploads).and(jobs)?;
        invitations.and(trash).and(scratch)?;
        Ok(run.end())
    }

    /// Lets the sweep go on past something that could not be looked at. Only a store that does not
    /// answer ends it, for things of this kind.
    pub(crate) fn pass_over<T: Default>(&self, key: &ObjectKey, answer: Result<T>) -> Result<T> {
        match answer {
            Err(error) if error.kind() != ErrorKind::Unavailable => {
                tracing::error!(%key, error = &error as &dyn std::error::Error, "could not be swept");
                Ok(T::default())
            }
            answer => answer,
        }
    }

    /// All keys below `prefix`, a page at a time: the next page begins behind `after`.
    async fn page_of(&self, prefix: KeyPrefix, after: Option<String>) -> Result<(Vec<ObjectKey>, Option<String>)> {
        let request = ListRequest { token: after, ..ListRequest::all(prefix) };
        let page = self.store().list(request).await.map_err(|error| error.about(Subject::Request))?;
        Ok((page.objects.into_iter().map(|listed| listed.key).collect(), page.next))
    }

    /// Removes one control object.
    async fn remove(&self, key: &ObjectKey) -> Result<()> {
        self.store().delete(key, Condition::Always).await.map_err(|error| error.about(Subject::Request))
    }
}
