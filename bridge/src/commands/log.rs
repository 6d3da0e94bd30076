//! Switches the log on: to standard error, so that standard output is for what is asked for.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::fmt;

use crate::config::{LogFlags, LogFormat};
use crate::failure::StartError;

pub(super) fn install(flags: &LogFlags) -> Result<(), StartError> {
    let directives = flags.directives();
    let filter = EnvFilter::try_new(&directives);
    let filter = filter.map_err(|error| StartError::because(format!("`{directives}` is no log level"), &error))?;
    let builder = fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal());
    let installed = match flags.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).try_init(),
    };
    installed.map_err(|error| StartError::new(format!("cannot switch the log on: {error}")))
}
