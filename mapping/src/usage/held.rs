//! What is in memory about one folder's usage, without the lock around it.

use std::collections::HashMap;
use std::time::Duration;

use super::amount::{Amount, Charge};
use super::charged::Outcome;
use super::grant::Ahead;
use super::hold::Hold;
use super::tallies::Times;
use super::watch::Watch;
use crate::limits::Limits;
use crate::path::FilePath;

/// A second charge within this time is the begin of a burst.
const BURST: Duration = Duration::from_secs(1);

/// Who has charged nothing and ended nothing for this long gives back what it does not use. A
/// hold stands at least as long after the last write that it paid for.
pub(super) const IDLE: Duration = Duration::from_millis(500);

/// How often a hold says what was charged to it.
const FOLD_EVERY: Duration = Duration::from_secs(1);

/// For how long nothing is taken ahead once others were short.
pub(super) const TIGHT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) hold: Option<Hold>,
    pub(super) last_charge: Option<Duration>,
    /// The last charge or end of one.
    pub(super) last_event: Option<Duration>,
    /// Charges so far. A count during which it moved is not the last word.
    pub(super) charges: u64,
    pub(super) under_way: u64,
    /// Writes whose outcome is unknown.
    pub(super) lost: Vec<Lost>,
    /// Counts that are needed and that the document does not know of.
    pub(super) doubts: u64,
    /// What requests wait for that were not granted anything yet.
    pub(super) waiting: Amount,
    /// Paths that are being written, and by how many.
    pub(super) paths: HashMap<FilePath, u32>,
    /// How many looks for room began.
    pub(super) looks: u64,
    /// Whether somebody keeps the hold up in the background.
    pub(super) kept: bool,
    pub(super) tight_until: Duration,
    pub(super) watch: Watch,
}

/// A write that may still come to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) until: Duration,
    pub(super) number: u64,
    pub(super) amount: Amount,
}

/// What is held at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snapshot {
    /// The number of the hold.
    pub(super) own: Option<u64>,
    pub(super) charges: u64,
    /// Charged and not in the document's sum.
    pub(super) unsaid: Amount,
    /// Whether something went, or was charged in vain, that the document does not know of.
    pub(super) needs_count: bool,
    /// Whether the document is to be told something.
    pub(super) is_said: bool,
    /// Whether nothing is under way and no outcome is unknown.
    pub(super) quiet: bool,
}

/// What is to be done about a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upkeep {
    /// Nothing now.
    Wait,
    /// Say what was charged.
    Fold,
    /// Say it, and keep nothing that is not in use.
    Shrink,
    /// Give it back.
    Close,
    /// Nothing any more.
    End,
}

impl Held {
    /// What nobody will ever know is taken for done; a count says what became of it.
    pub(super) fn expire(&mut self, now: Duration) {
        let (over, lost) = std::mem::take(&mut self.lost).into_iter().partition(|lost: &Lost| lost.until <= now);
        self.lost = lost;
        let over: Vec<Lost> = over;
        for lost in over {
            self.doubts += 1;
            self.done(lost.number, lost.amount);
        }
    }

    pub(super) fn done(&mut self, number: u64, amount: Amount) {
        if let Some(hold) = self.hold_of(number) {
            hold.done = hold.done.plus(amount);
        }
    }

    pub(super) fn hold_of(&mut self, number: u64) -> Option<&mut Hold> {
        self.hold.as_mut().filter(|hold| hold.number == number)
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.under_way == 0 && self.lost.is_empty()
    }

    pub(super) fn is_quiet_for(&self, time: Duration, now: Duration) -> bool {
        self.last_event.is_none_or(|last| now.saturating_sub(last) >= time)
    }

    pub(super) fn begin(&mut self, now: Duration) {
        self.charges += 1;
        self.under_way += 1;
        self.last_charge = Some(now);
        self.last_event = Some(now);
    }

    pub(super) fn upkeep(&self, now: Duration, times: Times) -> Upkeep {
        let Some(hold) = &self.hold else { return Upkeep::End };
        let age = now.saturating_sub(hold.beaten.elapsed());
        let idle = self.is_quiet_for(IDLE, now);
        if idle && self.is_settled() {
            return if hold.single && !hold.doubtful { Upkeep::End } else { Upkeep::Close };
        }
        let tight = now < self.tight_until;
        if hold.has_more() && (idle || tight) {
            return Upkeep::Shrink;
        }
        let says = if hold.single { hold.doubtful } else { !hold.is_said() };
        if (says && age >= FOLD_EVERY) || age >= times.dead_after / 3 { Upkeep::Fold } else { Upkeep::Wait }
    }

    /// What is held now.
    pub(super) fn snapshot(&mut self, now: Duration) -> Snapshot {
        self.expire(now);
        let hold = self.hold;
        Snapshot {
            own: hold.map(|hold| hold.number),
            charges: self.charges,
            unsaid: hold.map(|hold| hold.unsaid()).unwrap_or_default(),
            needs_count: self.doubts > 0 || hold.is_some_and(|hold| hold.removed_unsaid()),
            is_said: self.doubts == 0 && hold.is_none_or(|hold| hold.is_said()),
            quiet: self.is_settled(),
        }
    }

    /// Whether to take more than is needed, and whether this is a mark for a single write.
    pub(super) fn ahead(&self, now: Duration, charge: Charge, limits: Limits) -> (Ahead, bool) {
        let burst = self.last_charge.is_some_and(|last| now.saturating_sub(last) < BURST);
        let single = !limits.any() && !burst && self.hold.is_none_or(|hold| hold.single);
        let plain = single || now < self.tight_until || charge.amount.is_nothing();
        (if plain { Ahead::No } else { Ahead::Yes }, single)
    }

    /// Whether nothing would be lost by forgetting it.
    pub(super) fn is_idle(&self, now: Duration) -> bool {
        let nothing = self.hold.is_none_or(|hold| hold.single && !hold.doubtful) && self.doubts == 0;
        nothing && self.is_settled() && self.paths.is_empty() && !self.kept && self.is_quiet_for(BURST, now)
    }

    /// Notes how what was charged `amount` to the hold of `number` ended. What never came to be is
    /// not given back: only a count does that.
    pub(super) fn end(&mut self, number: u64, amount: Amount, outcome: Outcome, times: (Duration, Times)) {
        let (now, times) = times;
        self.under_way -= 1;
        self.last_event = Some(now);
        match outcome {
            Outcome::Done => self.done(number, amount),
            Outcome::Never => {
                self.doubts += 1;
                self.done(number, amount);
            }
            Outcome::Unknown => self.lost.push(Lost { until: now + times.late_writes, number, amount }),
        }
    }
}

impl Charge {
    /// The same for a path that was looked at before the hold was there: another replica may have
    /// come and gone in between and made the file. One that was there shortly before would still
    /// be seen: holds stand for a while after their last write.
    pub(super) fn seen(self, looked: Option<Duration>, opened: Duration) -> Self {
        match looked {
            Some(looked) if opened.saturating_sub(looked) >= IDLE / 2 => self.and_removes(),
            _ => self,
        }
    }
}
