//! Flags of `folderbridge sweep`.

use clap::Args;

use super::AdminFlags;

/// What `folderbridge sweep --help` ends with.
pub(super) const EXAMPLES: &str = "\
Servers sweep by themselves, one at a time, about once an hour. This is for looking, and for not waiting.

Examples:
  folderbridge sweep --dry-run
      list what would be removed, and why; nothing is changed
  folderbridge sweep
      remove it now, and list what went
  folderbridge sweep --dry-run --json --url http://10.0.0.5:8080
      the same list as one JSON object, from another server (FOLDERBRIDGE_ADMIN_TOKEN set)

Exit status: 0 when it was done, also when there was nothing to do; 1 when it was not, for example because
another replica is sweeping at this moment; 2 for a wrong command line.";

/// Flags of `sweep`.
#[derive(Debug, Args)]
pub struct SweepFlags {
    /// Only list what would be removed.
    #[arg(long)]
    pub dry_run: bool,
    /// Which server.
    #[command(flatten)]
    pub server: AdminFlags,
}
