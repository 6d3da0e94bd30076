//! What every store must do, as small named checks. Tests and `doctor` run them.
//!
//! All keys lie below the scratch prefix of one run, and are removed at the end.

mod attributes;
mod bench;
mod bodies;
mod conditions;
mod copies;
mod keys;
mod listing;
mod multipart;
mod multipart_refusals;
mod names;
mod objects;
mod races;
mod reading;

use std::collections::BTreeSet;
use std::fmt;

use futures::future::BoxFuture;

use self::bench::{Bench, Checked};
use super::Store;

/// How hard to try, and what is known to differ.
#[derive(Clone, Debug)]
pub struct Options {
    /// Tells this run's keys from those of others.
    pub run: String,
    /// How many writers race for one key.
    pub writers: usize,
    /// How often each racing writer must win.
    pub rounds: usize,
    /// How many objects are listed in pages of 1,000.
    pub listed: usize,
    /// The smallest part that the store takes, but for the last.
    pub least_part: u64,
    /// Names of checks that this store is known to fail, or to fail now and then.
    pub known: BTreeSet<&'static str>,
}

impl Options {
    /// The whole suite against a store that differs nowhere.
    #[must_use]
    pub fn new(run: impl Into<String>) -> Self {
        Self { run: run.into(), writers: 32, rounds: 20, listed: 1_050, least_part: 5 << 20, known: BTreeSet::new() }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check, as a sentence.
    pub name: &'static str,
    /// What the store did instead; `None` where it did as it must.
    pub difference: Option<String>,
    /// Whether the store was known to differ here.
    pub known: bool,
}

/// What a run found, in the order of the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One for each check.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Differences that were not known.
    pub fn surprises(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.difference.is_some() && !finding.known)
    }
}

impl fmt::Display for Report {
    /// A line for each difference, known or not, and for each known one that was not seen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.findings.iter().filter(|finding| finding.difference.is_none()).count();
        write!(f, "{held} of {} hold", self.findings.len())?;
        for finding in &self.findings {
            match (&finding.difference, finding.known) {
                (Some(difference), true) => write!(f, "\n  known: {}: {difference}", finding.name)?,
                (Some(difference), false) => write!(f, "\n  DIFFERS: {}: {difference}", finding.name)?,
                (None, true) => write!(f, "\n  held this time: {}", finding.name)?,
                (None, false) => {}
            }
        }
        Ok(())
    }
}

/// One check.
struct Check {
    name: &'static str,
    run: for<'b> fn(&'b Bench) -> BoxFuture<'b, Checked>,
}

/// Runs every check against `store`, one after the other.
pub async fn run(store: &Store, options: &Options) -> Report {
    let topics = [
        objects::CHECKS,
        reading::CHECKS,
        bodies::CHECKS,
        attributes::CHECKS,
        conditions::CHECKS,
        keys::CHECKS,
        listing::CHECKS,
        copies::CHECKS,
        multipart::CHECKS,
        multipart_refusals::CHECKS,
        races::CHECKS,
    ];
    let mut report = Report::default();
    for (number, check) in topics.into_iter().flatten().enumerate() {
        let bench = Bench::new(store, options, number);
        let result = (check.run)(&bench).await;
        let cleaned = bench.clean().await;
        let difference = result.and(cleaned).err().map(|difference| difference.to_string());
        let known = options.known.contains(check.name);
        report.findings.push(Finding { name: check.name, difference, known });
    }
    report
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::store::memory::{ETags, MemoryStore};

    fn options() -> Options {
        Options { least_part: 1000, ..Options::new("unit") }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_bucket_in_memory_does_all_of_it() {
        let memory = Arc::new(MemoryStore::new(Arc::new(ManualClock::new())).with_least_part(1000));
        let report = run(&(Arc::clone(&memory) as Store), &options()).await;
        assert_eq!(report.surprises().count(), 0, "{report}");
        assert!(memory.unfinished().is_empty(), "{:?}", memory.unfinished());
        assert!(format!("{memory:?}").contains("objects: 0"), "the suite cleans up: {memory:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_bucket_whose_etags_say_nothing_of_the_bytes_does_all_of_it() {
        let memory = MemoryStore::new(Arc::new(ManualClock::new())).with_least_part(1000).with_etags(ETags::Opaque);
        let report = run(&(Arc::new(memory) as Store), &options()).await;
        assert_eq!(report.surprises().count(), 0, "{report}");
    }

    #[tokio::test]
    async fn a_difference_is_found_and_named() {
        let memory: Store = Arc::new(MemoryStore::new(Arc::new(ManualClock::new())).with_least_part(0));
        let name = "parts that are too small do not complete";
        for known in [BTreeSet::new(), BTreeSet::from([name])] {
            let surprise = known.is_empty();
            let options = Options { known, writers: 2, rounds: 1, listed: 10, ..options() };
            let report = run(&memory, &options).await;
            let surprises: Vec<_> = report.surprises().map(|finding| finding.name).collect();
            assert_eq!(surprises, if surprise { vec![name] } else { Vec::new() }, "{report}");
            assert!(report.to_string().contains(name), "{report}");
        }
    }
}
