//! `.folderbridge/writer`: who serves the bucket alone.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AccountId, ReplicaId};
use crate::manifest::Document;

/// The place as it lies in the bucket. Written without conditions, by whoever holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WriterRecord {
    /// Who has it, or died having it; `None` once it was given back.
    pub(super) writer: Option<ReplicaId>,
    /// Grows with each write of the one who has it.
    pub(super) beat: u64,
    /// Since when it has it.
    pub(super) since: Timestamp,
}

impl WriterRecord {
    /// The next sign of life.
    pub(super) fn beaten(&self) -> Self {
        Self { beat: self.beat + 1, ..self.clone() }
    }

    /// Nobody's any more.
    pub(super) fn given_back(&self) -> Self {
        Self { writer: None, ..self.beaten() }
    }
}

impl Document for WriterRecord {
    const KIND: &'static str = "writer";

    fn owner(&self) -> Option<AccountId> {
        None
    }

    fn state(&self) -> &'static str {
        if self.writer.is_some() { "held" } else { "free" }
    }
}
