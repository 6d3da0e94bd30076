//! What `doctor` is told.

use clap::Args;

use super::PlaceFlags;

/// Flags of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorFlags {
    /// What is tried.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    pub json: bool,
}

pub(super) const AFTER_HELP: &str = "\
Needs the credentials that `serve` would have (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or any other
source of the AWS chain) and no master key. Writes only below .folderbridge/probe/ and removes that again.
Takes seconds on a store that answers, and five minutes at the most.

Exit codes:
  0  the store will do, perhaps by detours (\"fallback\")
  1  it will not: it breaks a promise, or a permission is missing
  2  the flags cannot be read
  3  it could not be tried: no answer, no credentials, no such bucket
  4  it will do for exactly one process, started with `serve --single-writer`

Examples:
  folderbridge doctor --endpoint http://127.0.0.1:9000 --bucket folders --region us-east-1
      try MinIO
  folderbridge doctor --bucket folders --region eu-central-1
      try AWS with the role of this machine
  folderbridge doctor --data ./folderbridge-data
      try the embedded store, while no server runs on it
  folderbridge doctor --bucket folders --json | jq '.checks[] | select(.outcome != \"ok\")'
      what is not as it should be";
