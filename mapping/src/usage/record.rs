//! The stored document of a folder's usage, and how it changes. Pure: no clock, no I/O.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::grant::Ask;
use crate::error::Subject;
use crate::id::{AccountId, ReplicaId};
use crate::manifest::Document;

/// What a count found, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counted {
    bytes: u64,
    files: u64,
    /// Grows with each count: of two that overlap, the later one to save is dropped.
    epoch: u64,
}

/// What one replica keeps of the folder's room to itself. Totals are cumulative, so saying
/// them twice changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hold {
    /// Tells it from an earlier one of the same replica.
    number: u64,
    /// Grows with each write of its holder: one that stands still for long is a dead one's.
    beat: u64,
    /// All that its holder may have charged by now.
    granted: Amount,
    /// As much of that as is over and done, and in `added`.
    done: Amount,
    /// As much of what it removed as is in `removed`.
    removed: u64,
}

impl Hold {
    /// What may be under way or still be charged.
    const fn reserved(&self) -> Amount {
        self.granted.minus(self.done)
    }
}

/// `.folderbridge/folders/<folder-id>/usage`.
///
/// * What is in the folder, and what may still come, is never more than `counted`, `added` and
///   what the holds reserve, together: all of it was charged before it was sent, and stays with
///   its hold until it is there.
/// * `counted` and `added` are what is there when `removed` is counted, no hold of another replica
///   stands, and this replica has nothing under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsageRecord {
    counted: Counted,
    /// Charged, and over, since the count began.
    added: Amount,
    /// How often something went, or may have been charged in vain. Only grows.
    removed: u64,
    /// As much of `removed` as the count knows of.
    removed_counted: u64,
    holds: BTreeMap<ReplicaId, Hold>,
    /// How often somebody was short of room that others hold. Only grows.
    wanted: u64,
}

/// What a replica says of its hold each time it writes the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) number: u64,
    /// All that was charged to it: what is not done of it is under way, or may be.
    pub(super) spent: Amount,
    pub(super) done: Amount,
    pub(super) removed: u64,
    /// As much of `done` and `removed` as the document is known to have.
    pub(super) known_done: Amount,
    pub(super) known_removed: u64,
    /// Whether the document is known to have the hold.
    pub(super) known: bool,
    /// How many counts are asked for besides.
    pub(super) doubts: u64,
}

/// Whether a hold is still in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Stands,
    /// Others took its holder for dead, or it is closed.
    Gone,
}

/// What is there, as a listing found it, and what this replica knew around it.
#[derive(Debug)]
pub(super) struct Finding<'a> {
    /// The document when the listing began.
    pub(super) base: &'a UsageRecord,
    /// Files that were listed.
    pub(super) listed: Amount,
    /// Whether nothing of this replica was under way from before the listing until now.
    pub(super) quiet: bool,
    /// Holders that were known to be dead when the listing began, for so long that nothing of
    /// theirs could come any more.
    pub(super) dead: &'a [ReplicaId],
    /// The number of this replica's hold, if it knows of one that stays.
    pub(super) own: Option<u64>,
}

impl Document for UsageRecord {
    const KIND: &'static str = "usage";
    const SUBJECT: Subject = Subject::Folder;
    const FORMAT: u32 = 2;

    fn owner(&self) -> Option<AccountId> {
        None
    }

    fn state(&self) -> &'static str {
        "live"
    }

    /// What the first version had counted and added stands; the folder is counted again.
    fn upgrade(format: u32, mut body: serde_json::Value) -> Option<Self> {
        if format != 1 {
            return None;
        }
        let fields = body.as_object_mut()?;
        fields.insert("holds".to_owned(), serde_json::json!({}));
        fields.insert("wanted".to_owned(), 0.into());
        let mut record: Self = serde_json::from_value(body).ok()?;
        record.doubt(1);
        Some(record)
    }
}

impl UsageRecord {
    /// The document of a folder that has none: count before you answer.
    pub(super) fn never_counted() -> Self {
        Self { removed: 1, ..Self::default() }
    }

    /// What it says is there; what holds have in memory is not in it.
    pub(super) const fn total(&self) -> Amount {
        Amount { bytes: self.counted.bytes, files: self.counted.files }.plus(self.added)
    }

    /// The most that there can be: `total` and what the holds of all but `replica` reserve.
    fn most_beside(&self, replica: ReplicaId) -> Amount {
        let others = self.holds.iter().filter(|(other, _)| **other != replica);
        others.fold(self.total(), |sum, (_, hold)| sum.plus(hold.reserved()))
    }

    /// What others than `replica` hold: whose, its number and its beat.
    pub(super) fn others(&self, replica: ReplicaId) -> impl Iterator<Item = (ReplicaId, (u64, u64))> + '_ {
        let others = self.holds.iter().filter(move |(other, _)| **other != replica);
        others.map(|(other, hold)| (*other, (hold.number, hold.beat)))
    }

    /// Whether others than `replica` hold anything.
    pub(super) fn has_others(&self, replica: ReplicaId) -> bool {
        self.others(replica).next().is_some()
    }

    /// Whether `replica`, which knows of its hold of this number, has to list to know what is there.
    pub(super) fn needs_count(&self, replica: ReplicaId, own: Option<u64>) -> bool {
        self.has_others(replica) || self.has_unknown(replica, own) || self.removed != self.removed_counted
    }

    /// Whether a hold of `replica` stands that it knows nothing of: it has nothing under way.
    fn has_unknown(&self, replica: ReplicaId, own: Option<u64>) -> bool {
        self.holds.get(&replica).is_some_and(|hold| Some(hold.number) != own)
    }

    pub(super) const fn wanted(&self) -> u64 {
        self.wanted
    }

    /// Asks the others to keep no more than they use.
    pub(super) const fn want(&mut self) {
        self.wanted = self.wanted.saturating_add(1);
    }

    /// Takes over what `replica` says of its hold, which may charge up to `granted` in all.
    pub(super) fn state_hold(&mut self, replica: ReplicaId, said: &Statement, granted: Amount) -> Standing {
        self.doubt(said.doubts);
        let stands = self.holds.get(&replica).is_some_and(|hold| hold.number == said.number);
        if !stands && said.known {
            // What it charged may be counted already, or not: charge it, and count again.
            self.holds.remove(&replica);
            self.added = self.added.plus(said.spent.minus(said.known_done));
            self.doubt(said.removed.saturating_sub(said.known_removed).saturating_add(1));
            return Standing::Gone;
        }
        if !stands {
            self.open(replica, said);
        }
        let Some(hold) = self.holds.get_mut(&replica) else { return Standing::Gone };
        let (done, removed) = (said.done.minus(hold.done), said.removed.saturating_sub(hold.removed));
        let beat = hold.beat.saturating_add(1);
        *hold = Hold { number: said.number, beat, granted, done: said.done, removed: said.removed };
        self.added = self.added.plus(done);
        self.doubt(removed);
        Standing::Stands
    }

    fn open(&mut self, replica: ReplicaId, said: &Statement) {
        // Two replicas that write one new path at the same time are not told of each other.
        if self.has_others(replica) {
            self.doubt(1);
        }
        // One that was forgotten has nothing under way: what it reserved is there, or never came.
        if let Some(forgotten) = self.holds.remove(&replica) {
            self.added = self.added.plus(forgotten.reserved());
            self.doubt(1);
        }
        let (done, removed) = (said.known_done, said.known_removed);
        self.holds.insert(replica, Hold { number: said.number, beat: 0, granted: done, done, removed });
    }

    /// Gives the hold back, once all that was charged to it is over.
    pub(super) fn close(&mut self, replica: ReplicaId) {
        self.holds.remove(&replica);
    }

    /// Grants what `ask` says, if it fits beside everything else, `replica`'s own hold being said
    /// first. Answers up to what it may charge in all; `None` when it does not fit.
    pub(super) fn grant(&mut self, replica: ReplicaId, said: &Statement, ask: &Ask) -> Option<(Standing, Amount)> {
        let mut next = self.clone();
        if next.state_hold(replica, said, said.spent) == Standing::Gone {
            *self = next;
            return Some((Standing::Gone, Amount::default()));
        }
        let under_way = said.spent.minus(said.done);
        let more = ask.fit(next.most_beside(replica).plus(under_way))?;
        let granted = said.spent.plus(more);
        if let Some(hold) = next.holds.get_mut(&replica) {
            hold.granted = granted;
        }
        *self = next;
        Some((Standing::Stands, granted))
    }

    /// What may be charged at most by now, as a refusal names it: what `replica` has under way is
    /// `under_way`.
    pub(super) fn taken(&self, replica: ReplicaId, under_way: Amount) -> Amount {
        self.most_beside(replica).plus(under_way)
    }

    /// Asks for `times` more counts.
    pub(super) const fn doubt(&mut self, times: u64) {
        self.removed = self.removed.saturating_add(times);
    }

    /// Makes every count that is under way one that somebody overtook.
    pub(super) const fn drop_counts(&mut self) {
        self.counted.epoch = self.counted.epoch.saturating_add(1);
    }

    /// Takes a listing's finding, unless another count was saved meanwhile: then answers `false`.
    ///
    /// What was in `added` when the listing began was there, so it is listed. What holds reserve
    /// stays: it may have been listed or not.
    pub(super) fn take(&mut self, replica: ReplicaId, finding: &Finding<'_>) -> bool {
        if self.counted.epoch != finding.base.counted.epoch {
            return false;
        }
        self.added = self.added.minus(finding.base.added);
        self.counted = Counted {
            bytes: finding.listed.bytes,
            files: finding.listed.files,
            epoch: self.counted.epoch.saturating_add(1),
        };
        let dead = |other: &ReplicaId, hold: &Hold| {
            finding.dead.contains(other) && finding.base.holds.get(other) == Some(hold)
        };
        self.holds.retain(|other, hold| !dead(other, hold));
        if self.has_unknown(replica, finding.own) && finding.base.has_unknown(replica, finding.own) {
            self.close(replica);
        }
        let unchanged = self.added.is_nothing() && self.removed == finding.base.removed;
        if finding.quiet && unchanged && !self.has_others(replica) {
            self.removed_counted = self.removed;
        } else if self.removed == self.removed_counted {
            // Something charged meanwhile may be in the listing too: too much, so count again.
            self.doubt(1);
        }
        true
    }
}

#[cfg(test)]
mod tests;
