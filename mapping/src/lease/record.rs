//! `.folderbridge/leases/<what>`: whose turn it is.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AccountId, ReplicaId};
use crate::manifest::Document;

/// A lease as it lies in the bucket. It is never deleted: its counter must not start again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LeaseRecord {
    /// Who holds it, or died holding it; `None` once it was given back.
    pub(super) holder: Option<ReplicaId>,
    /// Grows with each new holder: of several tries of one replica only the newest holds.
    pub(super) term: u64,
    /// Grows with each write.
    pub(super) beat: u64,
    /// When it was last given back in order: its work was done then.
    pub(super) returned: Option<Timestamp>,
}

impl LeaseRecord {
    /// Nobody's so far.
    pub(super) const fn free() -> Self {
        Self { holder: None, term: 0, beat: 0, returned: None }
    }

    /// Gives it to `replica` for a new term, whose number is answered.
    pub(super) const fn give(&mut self, replica: ReplicaId) -> u64 {
        self.holder = Some(replica);
        self.term += 1;
        self.beat += 1;
        self.term
    }

    /// Whether the holder of `term` has it still.
    pub(super) const fn is_held_in(&self, term: u64) -> bool {
        self.holder.is_some() && self.term == term
    }
}

impl Document for LeaseRecord {
    const KIND: &'static str = "lease";

    fn owner(&self) -> Option<AccountId> {
        None
    }

    fn state(&self) -> &'static str {
        if self.holder.is_some() { "held" } else { "free" }
    }
}
