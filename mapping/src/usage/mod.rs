//! What a folder holds, kept without asking the store for each file.
//!
//! Charges are exact and at once; credits come only from counting. `record` is the stored
//! document, `tally` what this replica holds in memory beside it, `ledger` moves between the two,
//! `count` lists when something went. `docs/decisions/0004-usage.md` says why.

mod charged;
mod count;
mod ledger;
mod record;
mod tally;

#[cfg(test)]
mod tests;

pub(crate) use charged::{Charged, Entered};
pub(crate) use ledger::Ledger;
pub(crate) use record::Charge;
pub(crate) use tally::Tallies;

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
        let held = self.bucket().ledger().usage(self.id(), self.prefix()).await?;
        Ok(Usage { bytes: held.bytes, files: held.files })
    }
}
