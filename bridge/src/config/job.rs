//! What `job` is told.

use clap::{Args, Subcommand};
use mapping::jobs::JobState;

use super::AdminFlags;

pub(super) const EXAMPLES: &str = "\
A copy, a move or a removal of a directory that takes long goes on as a job: it outlives its request, and
another replica takes it over when its own dies. A job that is over is shown for 7 days.

Examples:
  folderbridge job list --state running
      what is under way, whose it is, and how far it came
  folderbridge job watch 5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11
      follow one to its end
  folderbridge job cancel 5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11
      stop one; what it did stays done

Exit status: 0 when it was done; 1 when it was not; 2 for a wrong command line; `watch`: 3 when the job
failed, was cancelled, or could not do everything.";

/// Flags of `job`.
#[derive(Debug, Args)]
pub struct JobFlags {
    /// The server.
    #[command(flatten)]
    pub server: AdminFlags,
    /// What to do.
    #[command(subcommand)]
    pub command: JobCommand,
}

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// List jobs: those that run, and those that ended within 7 days.
    List {
        /// Only those of this account.
        #[arg(long, value_name = "ID")]
        account: Option<String>,
        /// Only those that read from this folder or write into it.
        #[arg(long, value_name = "ID")]
        folder: Option<String>,
        /// Only those in this state: running, cancelling, done, failed or cancelled.
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<JobState>,
    },
    /// Show one job, and what it could not do.
    Show {
        /// The job's id.
        id: String,
    },
    /// Ask a job to stop. It brings to its end what it has begun; what it did stays done.
    Cancel {
        /// The job's id.
        id: String,
    },
    /// Follow a job to its end: a line each time it says how far it is.
    Watch {
        /// The job's id.
        id: String,
    },
}

fn state(text: &str) -> Result<JobState, String> {
    text.parse().map_err(|error: mapping::Error| error.message().to_owned())
}
