//! What this replica holds in memory about a folder's usage: its hold, what is under way, what may
//! have been charged in vain, and what it has seen of others. Losing it (a crash) costs counts.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::amount::{Amount, Charge};
use super::charged::{Charged, Entered, Outcome, Waiting};
use super::grant::Ahead;
use super::held::{Held, Snapshot, TIGHT, Upkeep};
use super::hold::{Hold, Prepared};
use super::record::Statement;
use super::tallies::Times;
use super::watch::Watch;
use crate::clock::{Clock, Moment};
use crate::id::ReplicaId;
use crate::limits::Limits;
use crate::path::FilePath;

/// One folder's tally.
pub(crate) struct Tally {
    /// Held while this replica changes the folder's usage document.
    pub(super) gate: tokio::sync::Mutex<()>,
    /// Held while this replica counts the folder.
    pub(super) counting: tokio::sync::Mutex<()>,
    /// Held while this replica looks for room. The number of the last look that is over.
    pub(super) making_room: tokio::sync::Mutex<u64>,
    clock: Arc<dyn Clock>,
    times: Times,
    held: Mutex<Held>,
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Tally {
    pub(super) fn new(clock: &Arc<dyn Clock>, times: Times) -> Self {
        Self {
            gate: tokio::sync::Mutex::default(),
            counting: tokio::sync::Mutex::default(),
            making_room: tokio::sync::Mutex::default(),
            clock: Arc::clone(clock),
            times,
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.held().is_idle(self.now())
    }

    /// What is held now.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.held().snapshot(self.now())
    }

    /// Charges the hold, if it may: no request to the store. `looked` is when the path was looked
    /// at that is written.
    pub(super) fn spend(self: &Arc<Self>, charge: Charge, limits: Limits, looked: Option<Duration>) -> Option<Charged> {
        let now = self.now();
        let mut held = self.held();
        let hold = held.hold.as_mut()?;
        let stale = hold.beaten.age(&*self.clock) >= self.times.dead_after / 2;
        if stale || hold.doubtful || hold.limits != limits {
            return None;
        }
        let charge = charge.seen(looked, hold.opened);
        let number = hold.spend(charge).then_some(hold.number)?;
        // In one step with the spending: a count in between would take this for settled.
        held.begin(now);
        drop(held);
        Some(Charged::new(self, number, charge.amount))
    }

    /// Keeps nothing to itself until the document has answered. A hold is made, of this `number`,
    /// when there is none. Who does not end this with [`Tally::granted`], [`Tally::forget`] or
    /// [`Tally::restore`] leaves it in doubt.
    pub(super) fn prepare(&self, number: u64, limits: Limits) -> Prepared {
        let now = self.now();
        let mut held = self.held();
        held.expire(now);
        let doubts = held.doubts;
        held.hold.get_or_insert_with(|| Hold::new(number, limits)).prepare(doubts)
    }

    /// As [`Tally::prepare`] for a hold that is to be given back; `None` when it is in use.
    pub(super) fn retire(&self) -> Option<Prepared> {
        let now = self.now();
        let mut held = self.held();
        held.expire(now);
        let (doubts, settled) = (held.doubts, held.is_settled());
        held.hold.as_mut().filter(|_| settled).map(|hold| hold.prepare(doubts))
    }

    /// As [`Tally::retire`] for a mark that has nothing to say any more, if nothing was charged
    /// since `charges`.
    pub(super) fn retire_mark(&self, charges: u64) -> Option<Prepared> {
        let mut held = self.held();
        let over = held.charges == charges && held.is_settled() && held.doubts == 0;
        let mark = held.hold.as_mut().filter(|hold| over && hold.single && hold.is_said());
        mark.map(|hold| hold.prepare(0))
    }

    /// What the document is to be told, and what is granted to it by that; nothing is taken away.
    pub(super) fn statement(&self) -> Option<(Statement, Amount)> {
        let now = self.now();
        let mut held = self.held();
        held.expire(now);
        held.hold.map(|hold| (hold.statement(held.doubts), hold.granted))
    }

    /// The document has what was said; `granted` in all may be charged, and `charge` is.
    pub(super) fn granted(
        self: &Arc<Self>,
        prepared: &Prepared,
        granted: Amount,
        sent: Moment,
        with: (Charge, Limits, Option<Duration>, bool),
    ) -> Option<Charged> {
        let now = self.now();
        let (charge, limits, looked, single) = with;
        let mut held = self.held();
        held.doubts = held.doubts.saturating_sub(prepared.said.doubts);
        let hold = held.hold_of(prepared.said.number)?;
        hold.learn(&prepared.said, sent, now);
        hold.granted = granted;
        hold.limits = limits;
        hold.single = single;
        let charge = charge.seen(looked, hold.opened);
        let number = hold.spend(charge).then_some(hold.number)?;
        held.begin(now);
        drop(held);
        Some(Charged::new(self, number, charge.amount))
    }

    /// The document has what was said.
    pub(super) fn said(&self, said: &Statement, sent: Moment) {
        let now = self.now();
        let mut held = self.held();
        held.doubts = held.doubts.saturating_sub(said.doubts);
        if let Some(hold) = held.hold_of(said.number) {
            hold.learn(said, sent, now);
        }
    }

    /// The hold is no more; the document has what was said of it.
    pub(super) fn forget(&self, said: &Statement) {
        let mut held = self.held();
        held.doubts = held.doubts.saturating_sub(said.doubts);
        if held.hold_of(said.number).is_some() {
            held.hold = None;
        }
    }

    /// The document has taken over the doubts and there was no hold to speak of.
    pub(super) fn answer(&self, doubts: u64) {
        let mut held = self.held();
        held.doubts = held.doubts.saturating_sub(doubts);
    }

    /// How many doubts the document does not know of.
    pub(super) fn doubts(&self) -> u64 {
        self.held().doubts
    }

    /// Nothing was written.
    pub(super) fn restore(&self, prepared: &Prepared) {
        let mut held = self.held();
        let Some(hold) = held.hold_of(prepared.said.number) else { return };
        hold.restore(prepared);
        if prepared.new {
            held.hold = None;
        }
    }

    /// Whether to take more than is needed, and whether this is a mark for a single write.
    pub(super) fn ahead(&self, charge: Charge, limits: Limits) -> (Ahead, bool) {
        self.held().ahead(self.now(), charge, limits)
    }

    /// The limits that the hold was granted under.
    pub(super) fn limits(&self) -> Limits {
        self.held().hold.map(|hold| hold.limits).unwrap_or_default()
    }

    /// Notes that a request waits for `amount` until the answer is dropped.
    pub(super) fn wait_for(&self, amount: Amount) -> Waiting<'_> {
        let mut held = self.held();
        held.waiting = held.waiting.plus(amount);
        Waiting::new(self, amount)
    }

    /// One request less waits for `amount`.
    pub(super) fn end_waiting(&self, amount: Amount) {
        let mut held = self.held();
        held.waiting = held.waiting.minus(amount);
    }

    /// What others wait for than the one that waits for `amount`.
    pub(super) fn waiting_beside(&self, amount: Amount) -> Amount {
        self.held().waiting.minus(amount)
    }

    /// Notes what the document says of others, as it was written or read now.
    pub(super) fn notice(&self, others: impl Iterator<Item = (ReplicaId, (u64, u64))>, wanted: u64) {
        let now = self.now();
        let mut held = self.held();
        if held.watch.notice(others, wanted, now) {
            held.tight_until = now + TIGHT;
        }
    }

    /// What was seen of others.
    pub(super) fn watch<R>(&self, look: impl FnOnce(&Watch, Duration) -> R) -> R {
        let now = self.now();
        look(&self.held().watch, now)
    }

    /// Those that nothing could come of any more at `then`, as they were last noticed.
    pub(super) fn dead(&self, then: Duration) -> Vec<ReplicaId> {
        let since = self.times.dead_after + self.times.late_writes;
        self.watch(|watch, _| watch.still_for(since, then))
    }

    /// How many looks for room began: one with a higher number begins after now.
    pub(super) fn looks(&self) -> u64 {
        self.held().looks
    }

    /// Begins a look for room and says its number.
    pub(super) fn begin_look(&self) -> u64 {
        let mut held = self.held();
        held.looks += 1;
        held.looks
    }

    /// Whether the caller has to keep the hold up from now on.
    pub(super) fn begin_keeping(&self) -> bool {
        !std::mem::replace(&mut self.held().kept, true)
    }

    /// What is to be done about the hold; after [`Upkeep::End`] nobody keeps it up.
    pub(super) fn upkeep(&self) -> Upkeep {
        let now = self.now();
        let mut held = self.held();
        held.expire(now);
        let upkeep = held.upkeep(now, self.times);
        held.kept = upkeep != Upkeep::End;
        upkeep
    }

    /// Nobody keeps the hold up any more.
    pub(super) fn end_keeping(&self) {
        self.held().kept = false;
    }

    /// Whether a shutdown has something to say.
    pub(super) fn is_worth_a_fold(&self) -> bool {
        let held = self.held();
        held.doubts > 0 || held.hold.is_some_and(|hold| !hold.single || hold.doubtful)
    }

    /// Notes that `path` is being written until the answer is dropped. Two writes of one new path
    /// both look new; the second to enter knows that it may replace the first.
    pub(super) fn enter(self: &Arc<Self>, path: &FilePath) -> Entered {
        let now = self.now();
        let mut held = self.held();
        let writers = held.paths.entry(path.clone()).or_default();
        *writers += 1;
        Entered::new(self, path, *writers > 1, now)
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

    /// Notes how what was charged `amount` to the hold of `number` ended.
    pub(super) fn end(&self, number: u64, amount: Amount, outcome: Outcome) {
        self.held().end(number, amount, outcome, (self.now(), self.times));
    }
}
