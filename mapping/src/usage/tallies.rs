//! The tallies of all folders that this replica has to do with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::tally::Tally;
use crate::bucket::Settings;
use crate::clock::Clock;
use crate::id::FolderId;

/// From how many tallies on the idle ones are dropped.
const MANY: usize = 1024;

/// All tallies of a replica.
#[derive(Debug)]
pub(crate) struct Tallies {
    clock: Arc<dyn Clock>,
    times: Times,
    all: Mutex<HashMap<FolderId, Arc<Tally>>>,
}

/// How long things take at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// A write whose answer was lost may come to be for as long as this.
    pub(super) late_writes: Duration,
    /// A hold whose beat stands still for as long as this is a dead one's.
    pub(super) dead_after: Duration,
}

impl Tallies {
    /// None yet.
    pub(crate) fn new(clock: Arc<dyn Clock>, settings: &Settings) -> Self {
        let times = Times { late_writes: settings.late_writes, dead_after: settings.hold_dead_after };
        Self { clock, times, all: Mutex::default() }
    }

    /// The folder's tally, made when there is none.
    pub(super) fn of(&self, folder: FolderId) -> Arc<Tally> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MANY && !all.contains_key(&folder) {
            all.retain(|_, tally| Arc::strong_count(tally) > 1 || !tally.is_idle());
        }
        Arc::clone(all.entry(folder).or_insert_with(|| Arc::new(Tally::new(&self.clock, self.times))))
    }

    /// Every tally there is.
    pub(super) fn all(&self) -> Vec<(FolderId, Arc<Tally>)> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(folder, tally)| (*folder, Arc::clone(tally))).collect()
    }
}
