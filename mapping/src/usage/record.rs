//! The stored document of a folder's usage, and how it changes. Pure: no clock, no I/O.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::Subject;
use crate::id::{AccountId, ReplicaId};
use crate::manifest::Document;

/// Bytes and files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Amount {
    /// Bytes in files.
    pub(crate) bytes: u64,
    /// Files.
    pub(crate) files: u64,
}

impl Amount {
    pub(super) const fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), files: self.files.saturating_add(other.files) }
    }

    pub(super) const fn minus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_sub(other.bytes), files: self.files.saturating_sub(other.files) }
    }
}

/// What one write or delete does to the usage, said before it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Charge {
    /// The whole size of what is written, new or replacing.
    pub(crate) amount: Amount,
    /// How often something goes by it: a delete, a replaced file.
    pub(crate) removes: u64,
}

impl Charge {
    /// A file of `bytes` that replaces none.
    pub(crate) const fn new_file(bytes: u64) -> Self {
        Self { amount: Amount { bytes, files: 1 }, removes: 0 }
    }

    /// A delete of any size.
    pub(crate) const fn removal() -> Self {
        Self { amount: Amount { bytes: 0, files: 0 }, removes: 1 }
    }

    /// The same, with something that goes by it.
    pub(crate) const fn and_removes(mut self) -> Self {
        self.removes += 1;
        self
    }
}

/// What a count found, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counted {
    bytes: u64,
    files: u64,
    /// Grows with each count: of two that overlap, the later one to save is dropped.
    epoch: u64,
}

/// A replica that spends in memory and folds cumulative totals into `added` and `removed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    /// Tells it from an earlier lease of the same replica.
    number: u64,
    /// When it last folded, by that replica's clock.
    renewed: Timestamp,
    /// Of all it spent, what is in `added`.
    spent: Amount,
    /// Of all that went, what is in `removed`.
    removed: u64,
}

/// What a lease holds in memory at one moment, cumulative since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) number: u64,
    pub(super) amount: Amount,
    pub(super) removed: u64,
}

/// A folder's usage: `.folderbridge/folders/<id>/usage`.
///
/// * `counted + added` and what leases hold in memory are never less than what is there;
/// * they are exactly that while `removed == removed_counted`, nobody else is in `leases` or
///   `charged`, and nothing that was charged is still under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UsageRecord {
    counted: Counted,
    /// Charged since.
    added: Amount,
    /// How often something went, or may have been charged in vain. Only grows.
    removed: u64,
    /// As much of `removed` as the count knows of.
    removed_counted: u64,
    leases: BTreeMap<ReplicaId, Lease>,
    /// Replicas that charged single writes, and when: what they charged may not have come to be.
    charged: BTreeMap<ReplicaId, Timestamp>,
}

impl Document for UsageRecord {
    const KIND: &'static str = "usage";
    const SUBJECT: Subject = Subject::Folder;

    fn owner(&self) -> Option<AccountId> {
        None
    }

    fn state(&self) -> &'static str {
        "live"
    }
}

/// What is there, as a listing found it, and what this replica knew around it.
#[derive(Debug)]
pub(super) struct Finding<'a> {
    /// The document when the listing began.
    pub(super) base: &'a UsageRecord,
    /// When the listing began.
    pub(super) began: Timestamp,
    /// For how long a write that was charged may still come to be.
    pub(super) late_writes: Duration,
    /// Files that were listed, and what was charged and under way when the listing began.
    pub(super) amount: Amount,
    /// Whether nothing of this replica was under way from before the listing until now.
    pub(super) quiet: bool,
    /// Whether this replica holds a lease.
    pub(super) lease: bool,
}

impl UsageRecord {
    /// The document of a folder that has none: count before you answer.
    pub(super) fn never_counted() -> Self {
        Self { removed: 1, ..Self::default() }
    }

    /// What it adds up to; what leases hold in memory is not in it.
    pub(super) const fn total(&self) -> Amount {
        Amount { bytes: self.counted.bytes, files: self.counted.files }.plus(self.added)
    }

    /// Whether `replica` has to list to know what is there.
    pub(super) fn needs_count(&self, replica: ReplicaId) -> bool {
        let others = self.leases.keys().chain(self.charged.keys()).any(|other| *other != replica);
        others || self.removed != self.removed_counted
    }

    /// Charges a single write; the mark says that it may never come to be.
    pub(super) fn charge_once(&mut self, replica: ReplicaId, now: Timestamp, charge: Charge) {
        self.add(charge.amount, charge.removes);
        self.leases.remove(&replica);
        self.charged.insert(replica, now);
    }

    /// Charges the first write of a burst and opens a lease for those that follow.
    pub(super) fn open_lease(&mut self, replica: ReplicaId, now: Timestamp, first: Spent) {
        self.add(first.amount, first.removed);
        let lease = Lease { number: first.number, renewed: now, spent: first.amount, removed: first.removed };
        self.leases.insert(replica, lease);
    }

    /// Takes over what a lease spent since it last folded. Totals are cumulative, so folding twice
    /// changes nothing. Answers whether the lease still stands.
    pub(super) fn fold(&mut self, replica: ReplicaId, now: Timestamp, spent: Spent, folded: Spent) -> bool {
        let Some(lease) = self.leases.get_mut(&replica).filter(|lease| lease.number == spent.number) else {
            // Somebody took this replica for dead. What it spent may be counted already: charge it and count again.
            self.add(spent.amount.minus(folded.amount), spent.removed.saturating_sub(folded.removed).saturating_add(1));
            return false;
        };
        let amount = spent.amount.minus(lease.spent);
        let removed = spent.removed.saturating_sub(lease.removed);
        *lease = Lease { number: lease.number, renewed: now, spent: spent.amount, removed: spent.removed };
        self.add(amount, removed);
        true
    }

    /// Gives the lease back, once all that it paid for is there.
    pub(super) fn close(&mut self, replica: ReplicaId) {
        self.leases.remove(&replica);
        self.charged.remove(&replica);
    }

    /// Asks for `times` more counts.
    pub(super) fn doubt(&mut self, times: u64) {
        self.removed = self.removed.saturating_add(times);
    }

    /// Takes a listing's finding, unless another count was saved meanwhile: then answers `false`.
    pub(super) fn take(&mut self, replica: ReplicaId, finding: &Finding<'_>) -> bool {
        if self.counted.epoch != finding.base.counted.epoch {
            return false;
        }
        self.added = self.added.minus(finding.base.added);
        let quiet = finding.quiet && self.added == Amount::default() && self.removed == finding.base.removed;
        self.counted = Counted {
            bytes: finding.amount.bytes,
            files: finding.amount.files,
            epoch: self.counted.epoch.saturating_add(1),
        };
        let late = |at: Timestamp| at.plus(finding.late_writes) > finding.began;
        self.leases.retain(|other, lease| if *other == replica { finding.lease } else { late(lease.renewed) });
        self.charged.retain(|other, at| if *other == replica { !quiet } else { late(*at) });
        if quiet {
            self.removed_counted = self.removed;
        } else if self.removed == self.removed_counted {
            // Something charged meanwhile may be in the listing too: too much, so count again.
            self.doubt(1);
        }
        true
    }

    fn add(&mut self, amount: Amount, removed: u64) {
        self.added = self.added.plus(amount);
        self.removed = self.removed.saturating_add(removed);
    }
}

#[cfg(test)]
mod tests;
