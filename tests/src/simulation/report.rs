//! What a run has come to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mapping::{Error, ErrorKind};

use super::cluster::Cluster;

/// What happened so far.
#[derive(Debug, Default)]
pub struct Report {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    wrong: Option<String>,
    operations: u64,
    answers: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// A run in figures.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Operations that were answered, with whatever.
    pub operations: u64,
    /// Replicas that died.
    pub kills: u64,
    /// Calls of the store.
    pub calls: u64,
    /// How long it took, in virtual time.
    pub took: Duration,
    /// How often each operation was answered how.
    pub answers: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

impl Report {
    /// Notes a broken promise; only the first counts.
    pub fn broken(&self, promise: String) {
        self.state().wrong.get_or_insert(promise);
    }

    /// The first broken promise.
    #[must_use]
    pub fn wrong(&self) -> Option<String> {
        self.state().wrong.clone()
    }

    /// Counts an answer; answers how many there were.
    pub fn answered<T>(&self, operation: &'static str, answer: &Result<T, Error>) -> u64 {
        let what = match answer {
            Ok(_) => "ok".to_owned(),
            Err(error) => format!("{:?}", error.kind()),
        };
        let mut state = self.state();
        *state.answers.entry(operation).or_default().entry(what).or_default() += 1;
        state.operations += 1;
        state.operations
    }

    /// How many operations were answered.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    pub(super) fn figures(&self, cluster: &Cluster) -> Figures {
        let state = self.state();
        let (kills, calls, took) = cluster.figures();
        Figures { operations: state.operations, kills, calls, took, answers: state.answers.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer leaves it open what was done.
#[must_use]
pub fn is_unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Internal)
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, kills, calls, took, answers } = self;
        writeln!(
            f,
            "{operations} operations, {kills} kills, {calls} store calls, {} s of virtual time",
            took.as_secs()
        )?;
        for (operation, counts) in answers {
            let counts: Vec<_> = counts.iter().map(|(answer, count)| format!("{answer} {count}")).collect();
            writeln!(f, "  {operation}: {}", counts.join(", "))?;
        }
        Ok(())
    }
}
