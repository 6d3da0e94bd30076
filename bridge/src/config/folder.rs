//! What `folder` and `fsck` are told.

use clap::{ArgGroup, Args, Subcommand};

use super::{AdminFlags, Most, parse};

pub(super) const EXAMPLES: &str = "\
Examples:
  folderbridge folder list
      every folder, whose it is, and what it may hold
  folderbridge folder usage 5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11
      what one holds
  folderbridge folder limits 5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11 --max-bytes 1073741824 --max-files unset
      let it hold 1 GiB, and as many files as its account says";

pub(super) const LIMITS: &str = "\
A number is the most there may be; 0 is no limit; `unset` leaves it to what is set further out: first the
folder, then its account, then the server (FOLDERBRIDGE_FOLDER_MAX_BYTES, FOLDERBRIDGE_FOLDER_MAX_FILES,
FOLDERBRIDGE_ACCOUNT_MAX_FOLDERS), then how the folder was made. A limit below what is there removes
nothing: it refuses more.";

pub(super) const FSCK_EXAMPLES: &str = "\
Examples:
  folderbridge fsck --all
      count every folder; nothing is changed
  folderbridge fsck --folder 5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11 --repair
      count one, and save what was counted

Exits with 0 when all is well or was repaired, with 3 when something is wrong and stays so, with 1 when
it could not look. A file and a directory of one name are told and left as they are: both can be read;
remove or move one of them.";

/// Flags of `folder`.
#[derive(Debug, Args)]
pub struct FolderFlags {
    /// The server.
    #[command(flatten)]
    pub server: AdminFlags,
    /// What to do.
    #[command(subcommand)]
    pub command: FolderCommand,
}

/// What to do with folders.
#[derive(Debug, Subcommand)]
pub enum FolderCommand {
    /// List all folders.
    List,
    /// Show one folder and what limits it.
    Show {
        /// The folder's id.
        id: String,
    },
    /// Show what one folder holds.
    Usage {
        /// The folder's id.
        id: String,
    },
    /// Change what a folder may hold; what is not named stays.
    #[command(after_help = LIMITS)]
    Limits {
        /// The folder's id.
        id: String,
        /// The most bytes.
        #[arg(long, value_name = "BYTES", value_parser = parse::setting)]
        max_bytes: Option<Most>,
        /// The most files.
        #[arg(long, value_name = "FILES", value_parser = parse::setting)]
        max_files: Option<Most>,
    },
}

/// Flags of `fsck`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true)))]
pub struct FsckFlags {
    /// The server.
    #[command(flatten)]
    pub server: AdminFlags,
    /// Count this folder.
    #[arg(long, value_name = "ID", group = "which")]
    pub folder: Option<String>,
    /// Count all folders.
    #[arg(long, group = "which")]
    pub all: bool,
    /// Save what was counted.
    #[arg(long)]
    pub repair: bool,
}
