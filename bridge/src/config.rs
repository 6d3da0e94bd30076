//! Flags and environment. No other file reads either; everything else is given structs from here.

use std::env::VarError;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};

mod account;
mod admin;
mod doctor;
mod folder;
mod health;
mod job;
mod parse;
mod place;
mod serve;
mod sweep;

pub use account::{AccountCommand, AccountFlags};
pub use admin::AdminFlags;
pub use doctor::DoctorFlags;
pub use folder::{FolderCommand, FolderFlags, FsckFlags};
pub use health::HealthFlags;
pub use job::{JobCommand, JobFlags};
pub use parse::Most;
pub use place::{PlaceFlags, Where};
pub use serve::ServeSettings;
pub use sweep::SweepFlags;

use crate::failure::StartError;

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "folderbridge", version, about = ABOUT, after_help = EXAMPLES)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const ABOUT: &str = "Serves folder and file-system APIs over any S3 bucket, or over a directory of its own";

const EXAMPLES: &str = "\
Examples:
  folderbridge serve
      serve over the embedded store in ./folderbridge-data
  folderbridge serve --endpoint http://127.0.0.1:9000 --bucket folders --region us-east-1
      serve over MinIO (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and FOLDERBRIDGE_MASTER_KEY set)
  folderbridge doctor --endpoint http://127.0.0.1:9000 --bucket folders
      say whether that store will do
  folderbridge account create --email ann@example.org --json
      make an account on the server at FOLDERBRIDGE_URL
  folderbridge folder limits 5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11 --max-bytes 1073741824
      let a folder hold 1 GiB
  folderbridge fsck --all
      count every folder and say whose usage is wrong
  folderbridge job list --state running
      show what is copied, moved or removed in the background
  folderbridge key new
      print a new master key";

const SECRETS: &str = "\
Secrets come by the environment only:
  FOLDERBRIDGE_MASTER_KEY   seals secrets in the bucket; several with commas: the first seals, all open.
                            Required with --bucket; the embedded store makes its own.
  FOLDERBRIDGE_ADMIN_TOKEN  opens /admin/v1. With --bucket it is closed without one; the embedded store
                            makes its own.
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, or any other source of the standard AWS chain, with --bucket";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the APIs.
    #[command(after_help = SECRETS)]
    Serve(ServeFlags),
    /// Try out whether a store will do, and say what works how.
    #[command(after_help = doctor::AFTER_HELP)]
    Doctor(DoctorFlags),
    /// Make and change accounts on a running server.
    #[command(after_help = account::EXAMPLES)]
    Account(AccountFlags),
    /// Show folders of a running server, and what they may hold.
    #[command(after_help = folder::EXAMPLES)]
    Folder(FolderFlags),
    /// Count what is in folders, and say where their usage is wrong.
    #[command(after_help = folder::FSCK_EXAMPLES)]
    Fsck(FsckFlags),
    /// Show work on trees that outlasts its request, and stop it.
    #[command(after_help = job::EXAMPLES)]
    Job(JobFlags),
    /// Remove now what crashes and deletions left in the bucket, or list it.
    #[command(after_help = sweep::EXAMPLES)]
    Sweep(SweepFlags),
    /// Ask a running server whether it is ready; exits with 0 if it is, else with 1 and the reason.
    #[command(after_help = health::EXAMPLES)]
    Health(HealthFlags),
    /// Make keys.
    #[command(subcommand)]
    Key(KeyCommand),
}

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct ServeFlags {
    /// Where to listen.
    #[arg(
        long, value_name = "ADDR:PORT",
        env = "FOLDERBRIDGE_LISTEN", default_value = DEFAULT_LISTEN, value_parser = parse::listen,
    )]
    pub listen: SocketAddr,
    /// Where everything is kept.
    #[command(flatten)]
    place: PlaceFlags,
    /// The most bytes that a folder may hold for which nothing else is set; 0 is no limit.
    #[arg(long, value_name = "BYTES", env = "FOLDERBRIDGE_FOLDER_MAX_BYTES", value_parser = parse::most)]
    folder_max_bytes: Option<Most>,
    /// The most files that a folder may hold for which nothing else is set; 0 is no limit.
    #[arg(long, value_name = "FILES", env = "FOLDERBRIDGE_FOLDER_MAX_FILES", value_parser = parse::most)]
    folder_max_files: Option<Most>,
    /// The most folders that an account may own for which nothing else is set; 0 is no limit.
    #[arg(long, value_name = "FOLDERS", env = "FOLDERBRIDGE_ACCOUNT_MAX_FOLDERS", value_parser = parse::most_folders)]
    account_max_folders: Option<Most<u32>>,
    /// How many days things stay in the trash of a folder before they are removed for good; 0 is for ever.
    #[arg(
        long, value_name = "DAYS",
        env = "FOLDERBRIDGE_TRASH_DAYS", default_value = DEFAULT_DAYS, value_parser = parse::days,
    )]
    trash_days: u32,
    /// How many days an invitation into a folder can be accepted; 0 is for ever.
    #[arg(
        long, value_name = "DAYS",
        env = "FOLDERBRIDGE_INVITATION_DAYS", default_value = DEFAULT_DAYS, value_parser = parse::days,
    )]
    invitation_days: u32,
    /// Acknowledge a chunk of an upload only when the store has it.
    #[arg(long, env = "FOLDERBRIDGE_DURABLE_CHUNKS", value_parser = FalseyValueParser::new())]
    durable_chunks: bool,
    /// How long what is known of accounts, credentials, folders and memberships may be believed, and so how long
    /// a revocation may take on other replicas; what this one changes holds here at once. 0 asks each time.
    #[arg(
        long, value_name = "MILLISECONDS",
        env = "FOLDERBRIDGE_CACHE_MS", default_value = parse::DEFAULT_CACHE, value_parser = parse::cache,
    )]
    cache_ms: u64,
    /// Serve a bucket whose store ignores the conditions of writes: for exactly one process, which nothing
    /// else may write beside (`folderbridge doctor` says whether a store needs it).
    #[arg(long, env = "FOLDERBRIDGE_SINGLE_WRITER", value_parser = FalseyValueParser::new())]
    single_writer: bool,
    /// How many requests each access key may sign in 15 minutes, by each replica's own count; 0 is any number.
    #[arg(
        long, value_name = "REQUESTS",
        env = "FOLDERBRIDGE_RATE_LIMIT", default_value = parse::RATE_LIMIT, value_parser = parse::rate_limit,
    )]
    rate_limit: u32,
    /// Print the first account's credentials as one JSON object when this start makes it.
    #[arg(long, env = "FOLDERBRIDGE_PRINT_CREDENTIALS", value_parser = FalseyValueParser::new())]
    pub print_credentials: bool,
    /// How long requests may take to end after SIGTERM or SIGINT.
    #[arg(
        long, value_name = "SECONDS",
        env = "FOLDERBRIDGE_DRAIN_SECONDS", default_value = parse::DRAIN_SECONDS, value_parser = parse::drain_seconds,
    )]
    drain_seconds: u64,
    /// How to log.
    #[command(flatten)]
    pub log: LogFlags,
}

/// How to log, to standard error.
#[derive(Debug, Args)]
pub struct LogFlags {
    /// What to log: a level, or directives as of RUST_LOG, which is read too [default: info].
    #[arg(long = "log", value_name = "LEVEL", env = "FOLDERBRIDGE_LOG")]
    level: Option<String>,
    /// `text` for people or `json` for machines.
    #[arg(
        long = "log-format", value_name = "FORMAT",
        env = "FOLDERBRIDGE_LOG_FORMAT", default_value = "text", value_parser = parse::log_format,
    )]
    pub format: LogFormat,
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFlags {
    /// The directives: `--log`, else `RUST_LOG`, else `info`.
    #[must_use]
    pub fn directives(&self) -> String {
        let given = self.level.clone().and_then(filled).or_else(|| variable("RUST_LOG"));
        given.unwrap_or_else(|| "info".to_owned())
    }
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Print a new master key (64 hex digits) for FOLDERBRIDGE_MASTER_KEY.
    New,
}

const ADMIN_TOKEN: &str = "FOLDERBRIDGE_ADMIN_TOKEN";
const MASTER_KEY: &str = "FOLDERBRIDGE_MASTER_KEY";
/// How long what goes by itself is kept, unless told.
const DEFAULT_DAYS: &str = "30";
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_URL: &str = "http://127.0.0.1:8080";
const DEFAULT_DATA: &str = "./folderbridge-data";

fn data_directory(given: Option<PathBuf>) -> PathBuf {
    given.filter(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| DEFAULT_DATA.into())
}

/// A variable of the environment, without white space at the ends: secrets kept in files mostly end
/// in a line break. An empty one counts as unset, as compose files leave them.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    match std::env::var(name) {
        Ok(text) => trimmed(&text),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(text)) => trimmed(&text.to_string_lossy()),
    }
}

fn trimmed(text: &str) -> Option<String> {
    filled(text.trim().to_owned())
}

/// An admin token as it can stand in a header behind `Bearer`.
fn sendable(token: String) -> Result<String, StartError> {
    if token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(token);
    }
    Err(StartError::new(format!(
        "{ADMIN_TOKEN} holds white space or characters that are not ASCII: no request could show it"
    )))
}

fn filled(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <CommandLine as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_line_break_at_the_end_of_a_variable_is_not_part_of_it() {
        assert_eq!(trimmed("a-token\n"), Some("a-token".to_owned()));
        assert_eq!(trimmed(" \r\n"), None);
    }

    #[test]
    fn a_token_that_no_header_can_hold_is_refused() {
        assert_eq!(sendable("!a-token~".to_owned()).unwrap(), "!a-token~");
        for token in ["a token", "a\ttoken", "a\ntoken", "tök", "a\u{7f}", "a\u{fffd}"] {
            let error = sendable(token.to_owned()).unwrap_err().to_string();
            assert!(error.starts_with("FOLDERBRIDGE_ADMIN_TOKEN") && !error.contains(token), "{error}");
        }
    }
}
