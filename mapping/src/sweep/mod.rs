//! The sweeper: removes what stopped half way and what was deleted. Whatever no document points
//! at is rubbish, but only once nobody can still be about to point at it.
//!
//! It may run beside all requests and beside other sweepers, and stop anywhere: the next run goes on.

mod accounts;
mod credentials;
mod emails;
mod folders;
mod names;
mod strays;
#[cfg(test)]
mod tests;
mod turn;
#[cfg(test)]
mod world;

use std::collections::HashSet;

pub use turn::Turn;

use crate::bucket::Bucket;
use crate::error::{ErrorKind, Result, Subject};
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::ListRequest;
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
    /// Deleted folders whose last trace is gone.
    pub folders_removed: usize,
    /// What uploads left behind, removed.
    pub uploads: SweptUploads,
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
        let mut report = SweepReport::default();
        let emails = self.sweep_emails(&mut report).await;
        // Those that are missing here are looked at one by one.
        let mut good = HashSet::new();
        let accounts = self.sweep_accounts(&mut report, &mut good).await;
        let credentials = self.sweep_credentials(&mut report, &good).await;
        let strays = self.sweep_strays(&mut report).await;
        let uploads = self.sweep_uploads().await.map(|swept| report.uploads = swept);
        emails.and(accounts).and(credentials).and(strays).and(uploads)?;
        Ok(report)
    }

    /// Lets the sweep go on past something that could not be looked at. Only a store that does not
    /// answer ends it, for things of this kind.
    fn pass_over<T: Default>(&self, key: &ObjectKey, answer: Result<T>) -> Result<T> {
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
}
