//! What is known of folders: what was asked, when, and what was answered. From that follows what an
//! answer may be, what it must be, and what it must not be.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mapping::id::FolderId;

use super::cluster::Person;
use super::trees::emptied::Emptying;

/// How long another replica may believe what was taken back.
pub const BOUND: Duration = Duration::from_secs(2);

/// A request: from when to when.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// When it was sent.
    pub start: Duration,
    /// When it was answered.
    pub end: Duration,
}

/// What was known of something when a request was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// It was so all the time.
    Yes,
    /// It was not so at any time.
    No,
    /// It may have been so.
    Maybe,
}

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was done.
    Done,
    /// Nobody knows.
    Unknown,
}

/// A change of something that is or is not so. One client makes all changes of one thing, one after
/// the other.
#[derive(Clone, Copy, Debug)]
struct Change {
    to: bool,
    start: Duration,
    /// Not answered yet: `None`.
    end: Option<(Duration, Ending)>,
}

/// Something that is or is not so, over time.
#[derive(Clone, Debug, Default)]
pub struct Fact {
    changes: Vec<Change>,
}

impl Fact {
    /// A change is asked for.
    pub fn begin(&mut self, to: bool, start: Duration) {
        self.changes.push(Change { to, start, end: None });
    }

    /// The last change was answered; `None`: it was not made.
    pub fn end(&mut self, at: Duration, ending: Option<Ending>) {
        match ending {
            Some(ending) => self.changes.last_mut().expect("a change was begun").end = Some((at, ending)),
            None => drop(self.changes.pop()),
        }
    }

    /// Whether the change that was begun last is to make it so.
    #[must_use]
    pub fn last(&self) -> bool {
        self.changes.last().is_some_and(|change| change.to)
    }

    /// Whether it was so during `window`. What was taken back may be believed for a moment; what was
    /// given is seen at once.
    #[must_use]
    pub fn during(&self, window: Window) -> Certainty {
        let mut certainty = Certainty::No;
        for change in self.changes.iter().take_while(|change| change.start <= window.end) {
            let bound = if change.to { Duration::ZERO } else { BOUND };
            certainty = match change.end {
                Some((at, Ending::Done)) if at + bound <= window.start => {
                    if change.to {
                        Certainty::Yes
                    } else {
                        Certainty::No
                    }
                }
                _ if change.to && certainty == Certainty::Yes => Certainty::Yes,
                _ if !change.to && certainty == Certainty::No => Certainty::No,
                _ => Certainty::Maybe,
            };
        }
        certainty
    }
}

/// A folder that was answered for.
#[derive(Clone, Debug)]
pub struct Known {
    /// Which.
    pub id: FolderId,
    /// Whose.
    pub owner: usize,
    /// Whether it is there.
    pub exists: Fact,
    /// Whether an account may use it, for those whom it was shared with.
    pub shared: BTreeMap<usize, Fact>,
    /// What its owner may call it.
    pub names: Vec<String>,
}

impl Known {
    /// Whether `account` could use it.
    #[must_use]
    pub fn usable(&self, account: usize, window: Window) -> Certainty {
        let exists = self.exists.during(window);
        if account == self.owner || exists == Certainty::No {
            return exists;
        }
        match self.shared.get(&account).map_or(Certainty::No, |fact| fact.during(window)) {
            Certainty::Yes => exists,
            certainty => certainty,
        }
    }
}

/// A name among an account's folders, and for how long it may have been taken.
#[derive(Clone, Debug)]
pub struct Claim {
    account: usize,
    name: String,
    taken: Fact,
}

/// Who there is, and what is known.
#[derive(Debug)]
pub struct Board {
    /// The accounts.
    pub people: Vec<Person>,
    state: Mutex<State>,
}

/// What is known.
#[derive(Debug, Default)]
pub struct State {
    /// Every folder that was answered for.
    pub folders: Vec<Known>,
    claims: Vec<Claim>,
    /// Creations that nobody knows the end of, for each account.
    pub lost: BTreeMap<usize, usize>,
    /// Each time that a trash was emptied.
    pub(super) emptied: Vec<Emptying>,
}

impl Board {
    /// Nothing known but the accounts.
    #[must_use]
    pub fn new(people: Vec<Person>) -> Self {
        Self { people, state: Mutex::default() }
    }

    /// What is known now.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Notes that a name is asked for; answers which claim it is.
    pub fn claim(&mut self, account: usize, name: &str, start: Duration) -> usize {
        let mut taken = Fact::default();
        taken.begin(true, start);
        self.claims.push(Claim { account, name: name.to_owned(), taken });
        self.claims.len() - 1
    }

    /// The claim's own history.
    pub fn taken(&mut self, claim: usize) -> &mut Fact {
        &mut self.claims[claim].taken
    }

    /// Whether somebody else's claim held the name during `window`.
    #[must_use]
    pub fn is_taken(&self, account: usize, name: &str, mine: usize, window: Window) -> Certainty {
        let others = self
            .claims
            .iter()
            .enumerate()
            .filter(|(number, claim)| *number != mine && claim.account == account && claim.name == name);
        let mut certainty = Certainty::No;
        for (_, claim) in others {
            match claim.taken.during(window) {
                Certainty::Yes => return Certainty::Yes,
                Certainty::Maybe => certainty = Certainty::Maybe,
                Certainty::No => {}
            }
        }
        certainty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: u64, end: u64) -> Window {
        Window { start: Duration::from_secs(start), end: Duration::from_secs(end) }
    }

    #[test]
    fn a_fact_is_certain_outside_its_changes_only() {
        let at = Duration::from_secs;
        let mut fact = Fact::default();
        fact.begin(true, at(10));
        fact.end(at(12), Some(Ending::Done));
        for (start, end, certainty) in
            [(0, 9, Certainty::No), (0, 11, Certainty::Maybe), (11, 20, Certainty::Maybe), (12, 20, Certainty::Yes)]
        {
            assert_eq!(fact.during(window(start, end)), certainty, "{start} to {end}");
        }
        fact.begin(false, at(30));
        fact.end(at(31), Some(Ending::Done));
        for (start, end, certainty) in
            [(20, 29, Certainty::Yes), (20, 30, Certainty::Maybe), (32, 40, Certainty::Maybe), (33, 40, Certainty::No)]
        {
            assert_eq!(fact.during(window(start, end)), certainty, "{start} to {end}");
        }
        fact.begin(true, at(50));
        fact.end(at(51), Some(Ending::Unknown));
        assert_eq!(fact.during(window(60, 70)), Certainty::Maybe);
        fact.begin(false, at(80));
        fact.end(at(81), None);
        assert_eq!(fact.during(window(90, 91)), Certainty::Maybe);
        fact.begin(false, at(95));
        fact.end(at(96), Some(Ending::Done));
        assert_eq!(fact.during(window(99, 100)), Certainty::No);
    }
}
