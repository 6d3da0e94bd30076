//! Bytes and files, and what one write or delete does to them.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

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

    pub(super) const fn is_nothing(self) -> bool {
        self.bytes == 0 && self.files == 0
    }

    /// Whether both are at least `other`'s.
    pub(super) const fn covers(self, other: Self) -> bool {
        self.bytes >= other.bytes && self.files >= other.files
    }

    /// The smaller of each.
    pub(super) fn least(self, other: Self) -> Self {
        Self { bytes: self.bytes.min(other.bytes), files: self.files.min(other.files) }
    }

    pub(super) const fn divided(self, by: u64) -> Self {
        Self { bytes: self.bytes / by, files: self.files / by }
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

impl Limits {
    /// What is free when `used` is taken; as good as endless where nothing is limited.
    pub(super) fn free(&self, used: Amount) -> Amount {
        let most = Amount {
            bytes: self.bytes.map_or(u64::MAX, |limit| limit.most),
            files: self.files.map_or(u64::MAX, |limit| limit.most),
        };
        most.minus(used)
    }
}
