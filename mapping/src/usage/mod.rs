//! What a folder holds, kept without asking the store for each file.
//!
//! Charges are exact and at once; credits come only from counting. `record` is the stored
//! document, `tally` what this replica holds in memory beside it, `ledger` charges, `keep` moves
//! between the two, `room` is asked before a write is refused, `count` lists when something went.
//! `docs/decisions/0004-usage.md` says why.

mod amount;
mod charged;
mod check;
mod count;
mod grant;
mod held;
mod hold;
mod keep;
mod ledger;
mod record;
mod room;
mod tallies;
mod tally;
mod watch;

#[cfg(test)]
mod tests;

pub use check::{Checked, Repair};

pub(crate) use amount::Charge;
pub(crate) use charged::{Charged, Entered};
pub(crate) use ledger::{Ledger, Payer};
pub(crate) use room::never_fits;
pub(crate) use tallies::Tallies;

#[cfg(test)]
pub(crate) use record::UsageRecord;

use crate::access::{Folder, Reads};
use crate::error::Result;

/// What a folder holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes in its files.
    pub bytes: u64,
    /// Files; directories count as none.
    pub files: u64,
}

impl<A: Reads> Folder<A> {
    /// What the folder holds. Exact when no write or delete is under way in it, also after a
    /// crash; otherwise it may be too much for a moment, never too little.
    ///
    /// Costs one small read, or a listing of the folder when something went since the last one.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn usage(&self) -> Result<Usage> {
        Ok(self.bucket().ledger().usage(self.id(), self.prefix()).await?.into())
    }
}
