//! What `health` is told.

use clap::Args;

use super::{DEFAULT_URL, parse};

pub(super) const EXAMPLES: &str = "\
Examples:
  folderbridge health
      ask the server at http://127.0.0.1:8080, as the image's own health check does
  folderbridge health --url https://folders.example.org
      ask another one";

/// Flags of `health`.
#[derive(Debug, Args)]
pub struct HealthFlags {
    /// Where the server is.
    #[arg(
        long, value_name = "URL",
        env = "FOLDERBRIDGE_URL", default_value = DEFAULT_URL, value_parser = parse::server_url,
    )]
    pub url: String,
}
