//! What the proxy has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mapping::key::ObjectKey;

use super::fault::Fault;
use super::request::Request;

/// What the proxy has counted.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests by what they ask.
    pub requests: BTreeMap<&'static str, u64>,
    /// How often something befell one.
    pub faults: u64,
    /// Files that a multipart upload was begun for.
    pub multiparts: BTreeSet<ObjectKey>,
    /// Connections that are open now.
    pub open: usize,
    /// The most that were open at one time.
    pub most_open: usize,
    /// Connections with a request that is not answered yet.
    pub busy: usize,
    attempts: BTreeMap<String, u32>,
}

impl Counts {
    /// All requests.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.requests.values().sum()
    }

    /// The most attempts of one request.
    #[must_use]
    pub fn most_attempts(&self) -> u32 {
        self.attempts.values().copied().max().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

impl Tally {
    pub(super) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    pub(super) fn forget(&self) {
        let mut counts = self.lock();
        counts.requests.clear();
        counts.attempts.clear();
        counts.faults = 0;
    }

    pub(super) fn saw(&self, request: &Request, fault: Option<Fault>) {
        let mut counts = self.lock();
        *counts.requests.entry(request.operation).or_default() += 1;
        *counts.attempts.entry(request.invocation.clone()).or_default() += 1;
        counts.faults += u64::from(fault.is_some());
        counts.multiparts.extend(request.file_key().filter(|_| request.operation == "create_multipart"));
    }

    /// Counts a connection until the answer is dropped.
    pub(super) fn opened(&self) -> Open<'_> {
        let mut counts = self.lock();
        counts.open += 1;
        counts.most_open = counts.most_open.max(counts.open);
        Open(self)
    }

    /// Counts a request under way until the answer is dropped.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.lock().busy += 1;
        Busy(self)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Open<'t>(&'t Tally);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
    }
}

pub(super) struct Busy<'t>(&'t Tally);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
    }
}
