//! What `account` is told.

use clap::{Args, Subcommand};

use super::folder::LIMITS;
use super::{AdminFlags, Most, parse};

pub(super) const EXAMPLES: &str = "\
Examples:
  folderbridge account create --email ann@example.org --json
      make an account and print its credentials
  folderbridge account limits 0d9e4a62-6c1f-4b0e-9a4e-6d6f4f0c2b11 --max-folders 20 --folder-max-bytes 10737418240
      let it own 20 folders of 10 GiB each";

/// Flags of `account`.
#[derive(Debug, Args)]
pub struct AccountFlags {
    /// The server.
    #[command(flatten)]
    pub server: AdminFlags,
    /// What to do.
    #[command(subcommand)]
    pub command: AccountCommand,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account and print its credentials; they cannot be shown again.
    Create {
        /// Its e-mail address.
        #[arg(long)]
        email: String,
        /// What it is called in lists.
        #[arg(long)]
        name: Option<String>,
        /// Read its password, one line, from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the accounts.
    List,
    /// Show one account.
    Show {
        /// The account's id.
        id: String,
    },
    /// Replace an account's access key and API token, and print the new ones.
    Rotate {
        /// The account's id.
        id: String,
    },
    /// Refuse an account's requests from now on.
    Disable {
        /// The account's id.
        id: String,
    },
    /// Take an account's requests again.
    Enable {
        /// The account's id.
        id: String,
    },
    /// Change what an account may have; what is not named stays.
    #[command(after_help = LIMITS)]
    Limits {
        /// The account's id.
        id: String,
        /// The most folders that it may own.
        #[arg(long, value_name = "FOLDERS", value_parser = parse::setting_of_folders)]
        max_folders: Option<Most<u32>>,
        /// The most bytes that each of its folders may hold.
        #[arg(long, value_name = "BYTES", value_parser = parse::setting)]
        folder_max_bytes: Option<Most>,
        /// The most files that each of its folders may hold.
        #[arg(long, value_name = "FILES", value_parser = parse::setting)]
        folder_max_files: Option<Most>,
    },
}
