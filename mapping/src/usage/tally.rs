//! What this replica holds in memory about a folder's usage: what a lease spent, what is under
//! way, what may have been charged in vain. Losing it (a crash) costs a count, nothing else.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::charged::{Charged, Entered, Outcome};
use super::record::{Amount, Charge, Spent};
use crate::clock::Clock;
use crate::id::FolderId;
use crate::path::FilePath;

/// A second charge within this time opens a lease.
const BURST: Duration = Duration::from_secs(1);

/// From how many tallies on the idle ones are dropped.
const MANY: usize = 1024;

/// All tallies of a replica.
#[derive(Debug)]
pub(crate) struct Tallies {
    clock: Arc<dyn Clock>,
    late_writes: Duration,
    all: Mutex<HashMap<FolderId, Arc<Tally>>>,
}

impl Tallies {
    /// None yet. A write whose answer was lost may come to be for as long as `late_writes`; until
    /// then it is counted as if it had.
    pub(crate) fn new(clock: Arc<dyn Clock>, late_writes: Duration) -> Self {
        Self { clock, late_writes, all: Mutex::default() }
    }

    /// The folder's tally, made when there is none.
    pub(super) fn of(&self, folder: FolderId) -> Arc<Tally> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MANY && !all.contains_key(&folder) {
            all.retain(|_, tally| Arc::strong_count(tally) > 1 || !tally.is_idle());
        }
        Arc::clone(all.entry(folder).or_insert_with(|| Arc::new(self.new_tally())))
    }

    fn new_tally(&self) -> Tally {
        Tally {
            gate: tokio::sync::Mutex::default(),
            counting: tokio::sync::Mutex::default(),
            clock: Arc::clone(&self.clock),
            late_writes: self.late_writes,
            held: Mutex::default(),
        }
    }

    /// Every tally there is.
    pub(super) fn all(&self) -> Vec<(FolderId, Arc<Tally>)> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(folder, tally)| (*folder, Arc::clone(tally))).collect()
    }
}

/// One folder's tally.
pub(crate) struct Tally {
    /// Held while this replica changes the folder's usage document.
    pub(super) gate: tokio::sync::Mutex<()>,
    /// Held while this replica counts the folder.
    pub(super) counting: tokio::sync::Mutex<()>,
    clock: Arc<dyn Clock>,
    late_writes: Duration,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    lease: Option<Spending>,
    last_charge: Option<Duration>,
    /// Charges so far. A count during which it moved is not the last word.
    charges: u64,
    under_way: u64,
    under_way_amount: Amount,
    /// Writes whose outcome is unknown, and until when they may still come to be.
    lost: Vec<(Duration, Amount)>,
    /// Counts that are needed and that the document does not know of.
    doubts: u64,
    /// Paths that are being written, and by how many.
    paths: HashMap<FilePath, u32>,
}

impl Held {
    fn begin(&mut self, now: Duration, charge: Charge) {
        self.charges += 1;
        self.last_charge = Some(now);
        self.under_way += 1;
        self.under_way_amount = self.under_way_amount.plus(charge.amount);
    }
}

/// A lease: what was spent from it, and how much of that is in the document.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spending {
    pub(super) spent: Spent,
    pub(super) folded: Spent,
}

/// What is held at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snapshot {
    pub(super) lease: Option<Spending>,
    pub(super) charges: u64,
    pub(super) doubts: u64,
    /// Charged and under way, or of unknown outcome.
    pub(super) open: Amount,
    /// Whether nothing is under way and no outcome is unknown.
    pub(super) quiet: bool,
}

impl Snapshot {
    /// Whether the document knows everything.
    pub(super) fn is_folded(&self) -> bool {
        self.doubts == 0 && self.lease.is_none_or(|lease| lease.spent == lease.folded)
    }

    /// Whether something went, or was charged in vain, that the document does not know of.
    pub(super) fn needs_count(&self) -> bool {
        self.doubts > 0 || self.lease.is_some_and(|lease| lease.spent.removed != lease.folded.removed)
    }

    /// What the document does not have yet.
    pub(super) fn unfolded(&self) -> Amount {
        self.lease.map(|lease| lease.spent.amount.minus(lease.folded.amount)).unwrap_or_default()
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Tally {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        let recent = !self.is_quiet_for(BURST);
        let held = self.held();
        let nothing = held.lease.is_none() && held.doubts == 0 && held.lost.is_empty();
        nothing && held.under_way == 0 && held.paths.is_empty() && !recent
    }

    fn is_quiet_for(&self, time: Duration) -> bool {
        let last = self.held().last_charge;
        last.is_none_or(|last| self.clock.elapsed().saturating_sub(last) >= time)
    }

    /// Whether a charge now is the second within a moment.
    pub(super) fn is_burst(&self) -> bool {
        !self.is_quiet_for(BURST)
    }

    /// What is held now.
    pub(super) fn snapshot(&self) -> Snapshot {
        let now = self.clock.elapsed();
        let mut held = self.held();
        let before = held.lost.len();
        held.lost.retain(|(until, _)| *until > now);
        held.doubts += (before - held.lost.len()) as u64;
        let lost = held.lost.iter().fold(Amount::default(), |sum, (_, amount)| sum.plus(*amount));
        Snapshot {
            lease: held.lease,
            charges: held.charges,
            doubts: held.doubts,
            open: held.under_way_amount.plus(lost),
            quiet: held.under_way == 0 && held.lost.is_empty(),
        }
    }

    /// Charges a lease, if there is one: no request to the store.
    pub(super) fn spend(self: &Arc<Self>, charge: Charge) -> Option<Charged> {
        let now = self.clock.elapsed();
        let mut held = self.held();
        let lease = held.lease.as_mut()?;
        lease.spent.amount = lease.spent.amount.plus(charge.amount);
        lease.spent.removed += charge.removes;
        // In one step with the spending: a count in between would take this for settled.
        held.begin(now, charge);
        drop(held);
        Some(Charged::new(self, charge))
    }

    /// Notes that what the document was just charged is under way.
    pub(super) fn begin(self: &Arc<Self>, charge: Charge) -> Charged {
        let now = self.clock.elapsed();
        self.held().begin(now, charge);
        Charged::new(self, charge)
    }

    /// Puts a lease in place, or takes it away.
    pub(super) fn set_lease(&self, lease: Option<Spending>) {
        self.held().lease = lease;
    }

    /// Takes the lease away, so that nobody spends from it while it is given back; `false` when
    /// something was charged since `charges`, is under way or has an unknown outcome.
    pub(super) fn retire(&self, charges: u64) -> bool {
        let mut held = self.held();
        if held.charges != charges || held.under_way > 0 || !held.lost.is_empty() {
            return false;
        }
        held.lease = None;
        true
    }

    /// Notes what of the lease is in the document.
    pub(super) fn folded(&self, folded: Spent) {
        if let Some(lease) = self.held().lease.as_mut().filter(|lease| lease.spent.number == folded.number) {
            lease.folded = folded;
        }
    }

    /// Asks for a count, until [`Tally::answer`].
    pub(super) fn doubt(&self) {
        self.held().doubts += 1;
    }

    /// Takes back doubts that the document knows of, or that turned out to be none.
    pub(super) fn answer(&self, doubts: u64) {
        let mut held = self.held();
        held.doubts = held.doubts.saturating_sub(doubts);
    }

    /// Notes that `path` is being written until the answer is dropped. Two writes of one new path
    /// both look new; the second to enter knows that it may replace the first.
    pub(super) fn enter(self: &Arc<Self>, path: &FilePath) -> Entered {
        let mut held = self.held();
        let writers = held.paths.entry(path.clone()).or_default();
        *writers += 1;
        Entered::new(self, path, *writers > 1)
    }

    /// One write of `path` less.
    pub(super) fn leave(&self, path: &FilePath) {
        let mut held = self.held();
        let Some(writers) = held.paths.get_mut(path) else { return };
        *writers -= 1;
        if *writers == 0 {
            held.paths.remove(path);
        }
    }

    /// Notes how what was charged `amount` ended.
    pub(super) fn end(&self, amount: Amount, outcome: Outcome) {
        let now = self.clock.elapsed();
        let mut held = self.held();
        held.under_way -= 1;
        held.under_way_amount = held.under_way_amount.minus(amount);
        match outcome {
            Outcome::Done => {}
            Outcome::Never => held.doubts += 1,
            Outcome::Unknown => held.lost.push((now + self.late_writes, amount)),
        }
    }
}
