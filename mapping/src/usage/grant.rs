//! How much a replica takes at a time: a lot while a lot is free, and what it needs when little is.

use super::amount::Amount;
use crate::limits::Limits;

/// What a replica takes ahead at most, where folders have limits.
const AHEAD: Amount = Amount { bytes: 256 << 20, files: 4096 };

/// The same where nothing is limited: only the numbers of a folder that gets a limit later.
const FAR_AHEAD: Amount = Amount { bytes: 16 << 30, files: 64 << 10 };

/// As much of what is free stays for the others: seven of eight parts.
const SHARE: u64 = 8;

/// Whether to take more than is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    Yes,
    No,
}

/// What a replica asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) limits: Limits,
    /// Without this nothing is granted.
    pub(super) needed: Amount,
    /// What other requests of this replica wait for.
    pub(super) waiting: Amount,
    pub(super) ahead: Ahead,
}

impl Ask {
    /// What is granted when `taken` is taken already; `None` when what is needed does not fit.
    pub(super) fn fit(&self, taken: Amount) -> Option<Amount> {
        let free = self.limits.free(taken);
        // What a request does not need more of, it may take from a folder that is over its limit.
        if !free.covers(self.needed) {
            return None;
        }
        let left = free.minus(self.needed);
        if !left.covers(self.waiting) {
            return Some(self.needed);
        }
        let granted = self.needed.plus(self.waiting);
        let most = if self.limits.any() { AHEAD } else { FAR_AHEAD };
        let ahead = left.minus(self.waiting).divided(SHARE).least(most);
        // Half of it is of no use: bytes without a file, a file without bytes.
        let useful = self.ahead == Ahead::Yes && ahead.files > 0 && ahead.covers(self.needed);
        Some(if useful { granted.plus(ahead) } else { granted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{FolderLimits, LimitProfile};

    const fn amount(bytes: u64, files: u64) -> Amount {
        Amount { bytes, files }
    }

    fn ask(bytes: u64, files: u64, needed: Amount, waiting: Amount) -> Ask {
        let set = FolderLimits { bytes: Some(bytes), files: Some(files) };
        let limits = Limits::resolve(set, set, set, LimitProfile::Open);
        Ask { limits, needed, waiting, ahead: Ahead::Yes }
    }

    #[test]
    fn little_is_granted_where_little_is_free() {
        let none = Amount::default();
        let cases = [
            // Much is free: an eighth of the rest, or as much as anybody takes.
            (ask(1000, 1000, amount(8, 1), none), none, Some(amount(8 + 124, 1 + 124))),
            (ask(0, 0, amount(8, 1), none), none, Some(amount(8, 1).plus(FAR_AHEAD))),
            // Little is: what is needed, and what others wait for if all of it fits.
            (ask(1000, 1000, amount(100, 1), none), amount(600, 0), Some(amount(100, 1))),
            (ask(1000, 8, amount(1, 1), none), none, Some(amount(1, 1))),
            (ask(100, 10, amount(30, 1), amount(60, 2)), none, Some(amount(90, 3))),
            (ask(100, 10, amount(30, 1), amount(80, 2)), none, Some(amount(30, 1))),
            // To the last byte and the last file, and no further.
            (ask(100, 10, amount(30, 1), none), amount(70, 9), Some(amount(30, 1))),
            (ask(100, 10, amount(30, 1), none), amount(71, 9), None),
            (ask(100, 10, amount(30, 1), none), amount(70, 10), None),
            // A delete goes on in a folder that is over its limit.
            (ask(100, 10, none, none), amount(200, 20), Some(none)),
        ];
        for (at, (ask, taken, granted)) in cases.into_iter().enumerate() {
            assert_eq!(ask.fit(taken), granted, "case {at}");
        }
    }
}
