//! The program `folderbridge`.

use std::process::ExitCode;

use bridge::config::CommandLine;
use clap::Parser;

fn main() -> ExitCode {
    match bridge::commands::run(CommandLine::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("folderbridge: {error}");
            ExitCode::from(error.status())
        }
    }
}
