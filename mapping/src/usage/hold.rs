//! A replica's hold as it knows it: what it may charge from memory, and what the document has of
//! what it charged.
//!
//! The rule: what it may charge by memory is never more than what the document grants. So a change
//! that takes something away happens here first, and one that grants something there first.

use std::time::Duration;

use super::amount::{Amount, Charge};
use super::record::Statement;
use crate::clock::Moment;
use crate::limits::Limits;

/// What is in memory of this replica's hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) number: u64,
    /// All that may be charged by now, since the hold was opened.
    pub(super) granted: Amount,
    pub(super) spent: Amount,
    /// As much of what was spent as is over.
    pub(super) done: Amount,
    pub(super) removed: u64,
    known_done: Amount,
    known_removed: u64,
    /// Whether the document is known to have it.
    known: bool,
    /// The limits that it was granted under.
    pub(super) limits: Limits,
    /// When the request left that last wrote it, which the document certainly has.
    pub(super) beaten: Moment,
    /// When it was there for sure: who writes after that sees it.
    pub(super) opened: Duration,
    /// Whether it is for one write: a mark that stays when that is done, so that the next is one
    /// write of the document as well.
    pub(super) single: bool,
    /// Whether the document may say something else, because an answer is missing.
    pub(super) doubtful: bool,
}

/// A hold that the document is about to be told of, and what it was before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prepared {
    pub(super) said: Statement,
    granted: Amount,
    doubtful: bool,
    /// Whether nothing of it was ever written.
    pub(super) new: bool,
}

impl Hold {
    /// Nothing granted, nothing written.
    pub(super) fn new(number: u64, limits: Limits) -> Self {
        let nothing = Amount::default();
        Self {
            number,
            granted: nothing,
            spent: nothing,
            done: nothing,
            removed: 0,
            known_done: nothing,
            known_removed: 0,
            known: false,
            limits,
            beaten: Moment::NEVER,
            opened: Duration::ZERO,
            single: true,
            doubtful: false,
        }
    }

    /// Takes a charge if it was granted.
    pub(super) fn spend(&mut self, charge: Charge) -> bool {
        if !self.granted.minus(self.spent).covers(charge.amount) {
            return false;
        }
        self.spent = self.spent.plus(charge.amount);
        self.removed += charge.removes;
        true
    }

    pub(super) const fn has_more(&self) -> bool {
        !self.granted.minus(self.spent).is_nothing()
    }

    /// What was charged and the document does not have in its sum.
    pub(super) const fn unsaid(&self) -> Amount {
        self.spent.minus(self.known_done)
    }

    /// Whether something went that the document does not know of.
    pub(super) const fn removed_unsaid(&self) -> bool {
        self.removed != self.known_removed
    }

    /// Whether there is something to say.
    pub(super) fn is_said(&self) -> bool {
        self.done == self.known_done && !self.removed_unsaid() && !self.doubtful
    }

    /// What the document is to be told.
    pub(super) const fn statement(&self, doubts: u64) -> Statement {
        Statement {
            number: self.number,
            spent: self.spent,
            done: self.done,
            removed: self.removed,
            known_done: self.known_done,
            known_removed: self.known_removed,
            known: self.known,
            doubts,
        }
    }

    /// Keeps nothing to itself but what is under way, until the document has answered.
    pub(super) const fn prepare(&mut self, doubts: u64) -> Prepared {
        let prepared = Prepared {
            said: self.statement(doubts),
            granted: self.granted,
            doubtful: self.doubtful,
            new: !self.known && !self.doubtful,
        };
        self.granted = self.spent;
        self.doubtful = true;
        prepared
    }

    /// Nothing was written after all.
    pub(super) const fn restore(&mut self, prepared: &Prepared) {
        self.granted = prepared.granted;
        self.doubtful = prepared.doubtful;
    }

    /// The document has what was said, by a request that left at `sent`.
    pub(super) fn learn(&mut self, said: &Statement, sent: Moment, now: Duration) {
        if !self.known {
            self.opened = now;
        }
        self.known = true;
        self.doubtful = false;
        self.known_done = said.done;
        self.known_removed = said.removed;
        self.beaten = self.beaten.or_later(sent);
    }
}
