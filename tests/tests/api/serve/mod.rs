//! The real binary: what it says, what it refuses, how it stops and what survives.

mod caches;
mod commands;
mod doctor;
mod endpoint;
mod first_start;
mod refusals;
mod single_writer;
mod stopping;

use std::process::{Command, Output};

/// Runs a command that ends by itself: its status, standard output and standard error.
pub(crate) fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

/// A sentence for a person: one line, no trace, no quoted structure.
pub(crate) fn assert_one_sentence(error: &str, part: &str) {
    let lines: Vec<_> = error.lines().filter(|line| line.starts_with("folderbridge: ")).collect();
    assert_eq!(lines.len(), 1, "{error}");
    assert!(lines[0].contains(part), "`{part}` is not in: {error}");
    for noise in ["panicked", "RUST_BACKTRACE", "Error {", "SdkError", "Custom {"] {
        assert!(!error.contains(noise), "{error}");
    }
}
