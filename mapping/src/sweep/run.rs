//! One run of the sweeper. Whatever goes, goes through here: so a dry run says what would go, and
//! changes nothing.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::SweepReport;
use crate::error::Result;
use crate::id::AccountId;

/// How many findings a run lists; all are counted.
const MOST_LISTED: usize = 10_000;

/// Whether a run changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What is found is removed.
    Remove,
    /// What is found is listed, and stays. Nothing is written.
    DryRun,
}

/// What the sweeper finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// The claim of an e-mail address.
    Claim,
    /// The last trace of an account that never came to be.
    Account,
    /// A pointer from a credential.
    Credential,
    /// What an account calls a folder.
    Name,
    /// Objects of a folder that is no more.
    Data,
    /// A folder that has been in the bin for long enough.
    Binned,
    /// The last trace of a folder that is no more.
    Folder,
    /// An upload that was given up by its client without a word.
    Expired,
    /// Chunks of an upload that is over.
    Bundles,
    /// A multipart upload, or its parts, that lead to no file.
    Multipart,
    /// The last trace of an upload that is over.
    Upload,
    /// A job that has been over for long enough.
    Job,
    /// The lease of a job that is no more.
    Lease,
    /// An invitation that nobody can accept.
    Invitation,
    /// Something that has been in the trash for long enough.
    Trash,
    /// The record of something that is not in the trash any more.
    TrashRecord,
    /// A move into the trash or out of it whose process died.
    Passage,
    /// What a store probe that died has left.
    Scratch,
}

/// One thing that goes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub what: What,
    /// Where it lies in the bucket; of several objects, what their keys begin with.
    pub place: String,
    /// Why nobody needs it.
    pub reason: &'static str,
    /// How old it is, or what made it rubbish, as far as that is known.
    pub age: Option<Duration>,
    /// How many objects it is.
    pub objects: usize,
}

/// What a run has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Counts of everything.
    pub report: SweepReport,
    /// What went, or would go.
    pub findings: Vec<Finding>,
    /// How many more there were than are listed.
    pub unlisted: usize,
}

/// A run that is under way.
#[derive(Debug)]
pub(crate) struct Run {
    mode: Mode,
    swept: Mutex<Swept>,
    /// Accounts that cannot come to be any more.
    never: Mutex<HashSet<AccountId>>,
}

impl Run {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, swept: Mutex::default(), never: Mutex::default() }
    }

    /// Whether nothing may be written.
    pub(crate) fn is_dry(&self) -> bool {
        self.mode == Mode::DryRun
    }

    /// Does away with something by `work`, which answers how many objects went; none, when it turned
    /// out to be needed. A dry run only notes it. Answers whether it is gone, or would be.
    pub(crate) async fn settle(&self, finding: Finding, work: impl Future<Output = Result<usize>>) -> Result<bool> {
        let objects = if self.is_dry() { finding.objects } else { work.await? };
        if objects > 0 {
            self.note(Finding { objects, ..finding });
        }
        Ok(objects > 0)
    }

    /// Notes what is gone, or would be.
    pub(crate) fn note(&self, finding: Finding) {
        let mut swept = self.swept();
        swept.report.count(finding.what, finding.objects);
        if swept.findings.len() < MOST_LISTED {
            swept.findings.push(finding);
        } else {
            swept.unlisted += 1;
        }
    }

    /// Notes that this account never came to be and cannot any more, or could not if this were no dry run.
    pub(super) fn never_came(&self, account: AccountId) {
        self.never.lock().unwrap_or_else(PoisonError::into_inner).insert(account);
    }

    /// Whether that was noted.
    pub(super) fn is_no_account(&self, account: AccountId) -> bool {
        self.never.lock().unwrap_or_else(PoisonError::into_inner).contains(&account)
    }

    pub(crate) fn end(self) -> Swept {
        self.swept.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn swept(&self) -> MutexGuard<'_, Swept> {
        self.swept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl What {
    /// Its name in lists: `multipart upload`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "address claim",
            Self::Account => "account",
            Self::Credential => "credential",
            Self::Name => "folder name",
            Self::Data => "data",
            Self::Binned => "folder in the bin",
            Self::Folder => "folder",
            Self::Expired => "idle upload",
            Self::Bundles => "bundles",
            Self::Multipart => "multipart upload",
            Self::Upload => "upload",
            Self::Job => "job",
            Self::Lease => "lease",
            Self::Invitation => "invitation",
            Self::Trash => "trash",
            Self::TrashRecord => "trash record",
            Self::Passage => "passage",
            Self::Scratch => "probe scratch",
        }
    }
}

impl SweepReport {
    fn count(&mut self, what: What, objects: usize) {
        match what {
            What::Claim => self.claims_freed += 1,
            What::Account => self.accounts_removed += 1,
            What::Credential => self.credentials_removed += 1,
            What::Name => self.names_removed += 1,
            What::Data => self.objects_removed += objects,
            What::Binned => self.folders_purged += 1,
            What::Folder => self.folders_removed += 1,
            What::Expired => self.uploads.expired += 1,
            What::Bundles => self.bundles_removed += objects,
            What::Multipart => self.uploads.orphans += 1,
            What::Upload => self.uploads.forgotten += 1,
            What::Job => self.jobs_removed += 1,
            What::Lease => self.leases_removed += objects,
            What::Invitation => self.invitations_removed += 1,
            What::Trash => self.trash_removed += objects,
            What::TrashRecord => self.trash_records_removed += 1,
            What::Passage => self.passages_ended += 1,
            What::Scratch => self.scratch_removed += objects,
        }
    }
}
