//! What trying a store out has shown, check by check, and what follows from it.

use super::check::Check;
use super::verdict::{Promise, Verdict};
use crate::store::operation::Operation;
use crate::store::{Capabilities, StoreError};

/// How one check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As every part of the bridge wants it.
    Holds,
    /// Not so; the bridge has another way, which [`Check::without`] names.
    Fallback,
    /// Not so, and there is no other way.
    Fails,
    /// The store did not answer, or something that comes before it failed.
    Untried,
}

/// What one check has shown.
#[derive(Debug)]
pub struct Finding {
    /// What was tried.
    pub check: Check,
    /// How it came out.
    pub outcome: Outcome,
    /// What was seen, where there is more to say than the outcome.
    pub detail: Option<String>,
    /// Whether the store said that these credentials may not.
    pub denied: bool,
    /// The store's failure, where it could not be tried.
    pub(super) error: Option<StoreError>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Check by check, in the order in which they were tried.
    pub findings: Vec<Finding>,
    /// What could not be removed of what was written for it: keys, and unfinished uploads' keys.
    pub left: Vec<String>,
}

/// Whether the store will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// It will, perhaps by detours.
    WillDo,
    /// For exactly one replica.
    SingleWriter,
    /// It will not: a promise is broken, or a permission is missing.
    WillNotDo,
    /// Too little could be tried to tell.
    Unknown,
}

impl Finding {
    /// What can be done about it, where something can and must.
    #[must_use]
    pub const fn way_out(&self) -> Option<&'static str> {
        match (self.outcome, self.check) {
            (Outcome::Holds | Outcome::Untried, _) => None,
            (Outcome::Fallback, Check::Allowed(_)) if !self.denied => None,
            (_, Check::Allowed(_)) if !self.denied => Some("a newer release of the store, or another store"),
            _ => self.check.way_out(),
        }
    }
}

impl Report {
    /// The outcome of a check; `None` when it was not among those that were run.
    #[must_use]
    pub fn outcome(&self, check: Check) -> Option<Outcome> {
        self.findings.iter().find(|finding| finding.check == check).map(|finding| finding.outcome)
    }

    /// How many checks came out so.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.findings.iter().filter(|finding| finding.outcome == outcome).count()
    }

    /// What the credentials may not do and must.
    #[must_use]
    pub fn denied(&self) -> Vec<Operation> {
        let missing = self.findings.iter().filter(|finding| finding.denied && finding.outcome == Outcome::Fails);
        missing.filter_map(|finding| finding.check.operation()).collect()
    }

    /// What follows from it.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        let fails = |finding: &&Finding| finding.outcome == Outcome::Fails;
        let for_one = self.findings.iter().filter(fails).all(|finding| finding.check.is_between_writers());
        let told = self.is_whole() && self.count(Outcome::Untried) == 0;
        match (self.count(Outcome::Fails), told) {
            (0, true) => Conclusion::WillDo,
            (0, false) => Conclusion::Unknown,
            (_, true) if for_one => Conclusion::SingleWriter,
            // Whatever the rest may be.
            (_, _) => Conclusion::WillNotDo,
        }
    }

    fn is_whole(&self) -> bool {
        Check::all().all(|check| self.outcome(check).is_some())
    }

    /// What a bucket keeps of it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let holds = |check| self.outcome(check) == Some(Outcome::Holds);
        let capabilities = Capabilities {
            conditional_copy: holds(Check::CopyConditions),
            conditional_delete: holds(Check::DeleteConditions),
            conditional_complete: holds(Check::CompleteConditions) && holds(Check::CompletesRacing),
            tags: holds(Check::Tags),
            bulk_delete: holds(Check::Allowed(Operation::DeleteMany)),
        };
        Verdict { store: String::new(), capabilities, broken: self.broken(), denied: self.denied(), incomplete: false }
    }

    fn broken(&self) -> Vec<Promise> {
        let mut broken = Vec::new();
        // A call that is denied is a missing permission; a condition that is, is one that does not hold.
        let missing = |finding: &Finding| finding.denied && finding.check.operation().is_some();
        for finding in self.findings.iter().filter(|finding| finding.outcome == Outcome::Fails && !missing(finding)) {
            let promise = finding.check.promise();
            broken.extend(promise.filter(|promise| !broken.contains(promise)));
        }
        broken
    }
}
