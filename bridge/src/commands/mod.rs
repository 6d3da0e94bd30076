//! What the program does, one file for each command.

mod account;
mod doctor;
mod folder;
mod fsck;
mod health;
mod job;
mod key;
mod log;
mod output;
mod serve;
mod stop;
mod sweep;
mod welcome;

use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};

use crate::config::{Command, CommandLine};
use crate::failure::StartError;

/// Runs a command to its end, and says what the program exits with.
///
/// # Errors
/// One sentence for the person at the terminal.
pub fn run(line: CommandLine) -> Result<ExitCode, StartError> {
    match line.command {
        Command::Serve(flags) => runtime()?.block_on(serve::run(flags))?,
        Command::Doctor(flags) => return runtime()?.block_on(doctor::run(&flags)),
        Command::Account(flags) => runtime()?.block_on(account::run(flags))?,
        Command::Folder(flags) => runtime()?.block_on(folder::run(flags))?,
        Command::Fsck(flags) => return runtime()?.block_on(fsck::run(flags)),
        Command::Health(flags) => runtime()?.block_on(health::run(flags))?,
        Command::Job(flags) => return runtime()?.block_on(job::run(flags)),
        Command::Sweep(flags) => runtime()?.block_on(sweep::run(flags))?,
        Command::Key(command) => key::run(&command),
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> Result<Runtime, StartError> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| StartError::because("cannot start", &error))
}
