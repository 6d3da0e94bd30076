//! How a bucket behaves: times, sizes and limits.

use std::time::Duration;

use crate::lease::Terms;
use crate::limits::FolderLimits;

/// How a [`Bucket`](super::Bucket) behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long records are believed without looking again, counted from sending the request: a
    /// revocation made on another replica takes effect within it.
    pub cache_for: Duration,
    /// For how much longer than records are believed a folder that was opened is; and how long a request may
    /// take before it looks at the end whether what it wrote or removed was moved meanwhile.
    pub opened_for: Duration,
    /// How long a small chunk waits for its neighbours before it is stored.
    pub hold_chunks_for: Duration,
    /// When a chunk is acknowledged.
    pub acknowledge: Acknowledge,
    /// How long an upload without new chunks is kept in memory, beside what the store has of it.
    pub remember_uploads_for: Duration,
    /// How long an upload lives after its newest chunk.
    pub session_life: Duration,
    /// Bytes of bodies that may be in memory at one time, over all requests.
    pub budget_bytes: u32,
    /// The smallest part that the store takes but as a file's last one: 5 MiB on every S3; tests
    /// take less.
    pub part_floor: u64,
    /// How old work that stopped half way must be before others may undo it: longer than any
    /// request can take between two writes.
    pub claim_grace: Duration,
    /// What folders may hold where neither they nor their owner have a limit.
    pub folder_limits: FolderLimits,
    /// How many folders an account may own that has no limit of its own; 0 is any number.
    pub most_folders: Option<u32>,
    /// How long the counter of a replica that keeps some of a folder's room to itself must stand
    /// still before others take it for dead. It stops spending after half of that.
    pub hold_dead_after: Duration,
    /// How long after a folder's deletion a replica that had not heard of it may still write, and
    /// the longest that a write may take to come to be once it was charged.
    pub late_writes: Duration,
    /// How long a lease holds from its last renewal: a replica that was dead or paused for so long has
    /// lost what it held. Others take it [`Settings::late_writes`] after that.
    pub lease_for: Duration,
    /// How long a request works on a tree before the work goes on as a job.
    pub job_after: Duration,
    /// How many entries of a tree are gone through at a time, 1 to 1,000: more of them than a step
    /// takes are a job.
    pub job_page: u16,
    /// As [`Settings::lease_for`], for jobs.
    pub job_lease_for: Duration,
    /// How much later than that another replica goes on with a job: longer than a removal that was
    /// sent before can still be under way. Late copies do no harm, whatever they take.
    pub job_late: Duration,
    /// How long a job that is over is remembered.
    pub job_kept_for: Duration,
    /// How long things stay in the trash before the sweeper removes them for good; `None` is for ever.
    pub trash_for: Option<Duration>,
    /// How long an invitation can be accepted; `None` is for ever.
    pub invitation_life: Option<Duration>,
    /// How many accounts may be invited into one folder at one time.
    pub most_invited: usize,
    /// How many invitations one account may have at one time, give or take those that are made in the
    /// same moment.
    pub most_invitations: usize,
    /// How many directories of one folder may be on their way at one time after they were moved at once;
    /// more are moved file by file. 0 is none.
    pub most_moves: usize,
    /// How long a request waits for files that are on their way before it is told to try again.
    pub wait_for_moves: Duration,
    /// How many folders of others may be shared with one account.
    pub most_joined: usize,
    /// With how many accounts one folder may be shared.
    pub most_members: usize,
}

/// When a chunk of an upload is acknowledged. The finish always means stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// Once it is in memory. A replica that dies within the holding time makes the finish name
    /// what is missing.
    Held,
    /// Only once it is in the store.
    Stored,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache_for: Duration::from_secs(2),
            opened_for: Duration::from_millis(500),
            hold_chunks_for: Duration::from_millis(500),
            acknowledge: Acknowledge::Held,
            remember_uploads_for: Duration::from_secs(60),
            session_life: Duration::from_secs(7 * 24 * 60 * 60),
            budget_bytes: 32 * 1024 * 1024,
            part_floor: 5 * 1024 * 1024,
            claim_grace: Duration::from_secs(60),
            folder_limits: FolderLimits::default(),
            most_folders: None,
            hold_dead_after: Duration::from_secs(5 * 60),
            late_writes: Duration::from_secs(15 * 60),
            lease_for: Duration::from_secs(60),
            job_after: Duration::from_secs(5),
            job_page: 1000,
            job_lease_for: Duration::from_secs(30),
            job_late: Duration::from_secs(90),
            job_kept_for: Duration::from_secs(7 * 24 * 60 * 60),
            trash_for: Some(Duration::from_secs(30 * 24 * 60 * 60)),
            invitation_life: Some(Duration::from_secs(30 * 24 * 60 * 60)),
            most_invited: 500,
            most_invitations: 200,
            most_moves: 16,
            wait_for_moves: Duration::from_secs(10),
            most_joined: 1000,
            most_members: 1000,
        }
    }
}

impl Settings {
    /// How long things take with a lease.
    pub(crate) const fn terms(&self) -> Terms {
        Terms { life: self.lease_for, late: self.late_writes }
    }

    /// The same for the lease of a job.
    pub(crate) const fn job_terms(&self) -> Terms {
        Terms { life: self.job_lease_for, late: self.job_late }
    }
}
