//! Runs the suite of this very program once more, over another store.

use std::process::{Command, Output};
use std::time::Instant;

use super::named::NamedStore;
use super::say;

/// Which tests of this program are run over a store.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Beginnings of the names of tests; none is all.
    pub only: &'static [&'static str],
    /// What is left out: tests that start stores themselves, and known differences.
    pub skip: &'static [&'static str],
}

/// Runs them over `store`, which is called `title`, and says how many held.
///
/// # Panics
/// When one does not hold, or none was run.
pub fn run(title: &str, suite: &str, store: &NamedStore, part: Part) {
    let began = Instant::now();
    let mut command = Command::new(std::env::current_exe().expect("this program's own path"));
    command.args(part.only).args(["--test-threads", "4"]);
    command.args(part.skip.iter().flat_map(|name| ["--skip", name]));
    store.tell(&mut command);
    let Output { status, stdout, stderr } = command.output().expect("this program again");
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    let counts = Counts::of(&out).unwrap_or_else(|| panic!("{title}: {status}: {out}{err}"));
    let passed = err.lines().filter(|line| line.starts_with("skipped: "));
    passed.for_each(|line| say(&format!("{title}: {suite}: {line}")));
    let seconds = began.elapsed().as_secs();
    say(&format!("{title}: {suite}: {} passed, {} failed, {seconds} s", counts.passed, counts.failed));
    assert!(status.success() && counts.failed == 0, "{title}: {suite}: {out}{err}");
    assert!(counts.passed > 0, "{title}: {suite}: no test was run: {out}");
}

/// What the test runner counted.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    passed: u32,
    failed: u32,
}

impl Counts {
    /// Of a line like `test result: ok. 12 passed; 0 failed; 0 ignored; ...`.
    fn of(output: &str) -> Option<Self> {
        let line = output.lines().rev().find_map(|line| line.strip_prefix("test result: "))?;
        let number = |word: &str| {
            let before = line.split(word).next()?;
            before.trim_end().rsplit(' ').next()?.parse().ok()
        };
        Some(Self { passed: number("passed")?, failed: number("failed")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_last_line() {
        let output = "running 3 tests\n\ntest result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured\n";
        assert_eq!(Counts::of(output), Some(Counts { passed: 12, failed: 3 }));
        assert_eq!(Counts::of("error: no such option"), None);
    }
}
