//! What every command is told that talks to the admin API of a running server.

use std::path::PathBuf;

use clap::Args;

use super::{ADMIN_TOKEN, DEFAULT_URL, data_directory, parse, sendable, variable};
use crate::failure::StartError;

/// Where the server is, and how to print what it says.
#[derive(Debug, Args)]
pub struct AdminFlags {
    /// Where the server is.
    #[arg(
        long, global = true, value_name = "URL",
        env = "FOLDERBRIDGE_URL", default_value = DEFAULT_URL, value_parser = parse::server_url,
    )]
    pub url: String,
    /// Where the server keeps its embedded store: its admin token is read from there unless
    /// FOLDERBRIDGE_ADMIN_TOKEN is set [default: ./folderbridge-data].
    #[arg(long, global = true, value_name = "DIR", env = "FOLDERBRIDGE_DATA", value_parser = parse::directory)]
    data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

impl AdminFlags {
    /// The admin token that was set, if any.
    ///
    /// # Errors
    /// When it is one that no server can have.
    pub fn admin_token(&self) -> Result<Option<String>, StartError> {
        variable(ADMIN_TOKEN).map(sendable).transpose()
    }

    /// Where a server of this machine would keep its admin token.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        data_directory(self.data.clone())
    }
}
