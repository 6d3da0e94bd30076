//! What a client does with folders: its own, and the names of its account.

use mapping::access::{FolderRef, Manage, Permission};
use mapping::name::FolderName;
use mapping::{Account, Bucket, Error, ErrorKind, Result, Subject};

use super::ACCOUNTS;
use super::board::{Certainty, Ending, Fact, Known, Window};
use super::client::Client;
use super::report::is_unknown;

/// Names that are fought over.
const NAMES: u64 = 5;

/// How an answer ended a change; `None`: not made.
fn ending<T>(answer: &Result<T>) -> Option<Ending> {
    match answer {
        Ok(_) => Some(Ending::Done),
        Err(error) => is_unknown(error).then_some(Ending::Unknown),
    }
}

fn is(answer: &Result<()>, kind: ErrorKind, subject: Subject) -> bool {
    matches!(answer, Err(error) if error.kind() == kind && error.subject() == subject)
}

impl Client {
    fn some_name(&self) -> FolderName {
        format!("n{}", self.below(NAMES)).parse().expect("a name")
    }

    /// Some folder of its own: its place on the board and its claim.
    fn some_own(&self) -> Option<(usize, usize, FolderRef)> {
        let count = self.own.len() as u64;
        let place = usize::try_from(self.below(count)).ok().filter(|_| count > 0)?;
        let (known, claim) = self.own[place];
        Some((known, claim, FolderRef::Id(self.board.state().folders[known].id)))
    }

    pub(super) async fn create_folder(&mut self, bucket: &Bucket, account: &Account) {
        let (name, start) = (self.some_name(), self.cluster.now());
        let claim = self.board.state().claim(self.account, name.as_str(), start);
        let answer = bucket.create_folder(account, name.clone()).await;
        self.report.answered("create folder", &answer);
        let end = self.cluster.now();
        self.board.state().taken(claim).end(end, ending(&answer));
        self.check_name("create", &name, claim, Window { start, end }, &answer);
        match answer {
            Ok(info) => {
                let mut exists = Fact::default();
                exists.begin(true, start);
                exists.end(end, Some(Ending::Done));
                let shared = std::collections::BTreeMap::new();
                let names = vec![name.to_string()];
                let known = Known { id: info.id, owner: self.account, exists, shared, names };
                let mut state = self.board.state();
                state.folders.push(known);
                self.own.push((state.folders.len() - 1, claim));
            }
            Err(error) if is_unknown(&error) => *self.board.state().lost.entry(self.account).or_default() += 1,
            Err(_) => {}
        }
    }

    pub(super) async fn rename_folder(&mut self, bucket: &Bucket, account: &Account) {
        let Some((known, old, which)) = self.some_own() else { return };
        let (name, start) = (self.some_name(), self.cluster.now());
        let claim = self.board.state().claim(self.account, name.as_str(), start);
        self.board.state().taken(old).begin(false, start);
        let answer = bucket.rename_folder(account, &which, name.clone()).await;
        self.report.answered("rename folder", &answer);
        let (end, ending) = (self.cluster.now(), ending(&answer));
        self.check_name("rename", &name, claim, Window { start, end }, &answer);
        self.check_exists("rename", known, Window { start, end }, &answer);
        let mut state = self.board.state();
        let same = state.folders[known].names == [name.to_string()];
        if same {
            // A rename to the name that it has keeps it.
            state.taken(claim).end(end, None);
            state.taken(old).end(end, None);
            return;
        }
        state.taken(claim).end(end, ending);
        state.taken(old).end(end, ending);
        match ending {
            Some(Ending::Done) => state.folders[known].names = vec![name.to_string()],
            Some(Ending::Unknown) => state.folders[known].names.push(name.to_string()),
            None => return,
        }
        drop(state);
        let own = self.own.iter_mut().find(|own| own.0 == known).expect("its own");
        own.1 = claim;
    }

    pub(super) async fn delete_folder(&mut self, bucket: &Bucket, account: &Account) {
        let Some((known, claim, which)) = self.some_own() else { return };
        let start = self.cluster.now();
        {
            let mut state = self.board.state();
            state.folders[known].exists.begin(false, start);
            state.taken(claim).begin(false, start);
        }
        let answer = async { bucket.folder::<Manage>(account, &which).await?.delete().await }.await;
        self.report.answered("delete folder", &answer);
        let end = self.cluster.now();
        // It is gone, by this request or by one before whose answer was lost.
        let gone = is(&answer, ErrorKind::NotFound, Subject::Folder);
        let ending = if gone { Some(Ending::Done) } else { ending(&answer) };
        {
            let mut state = self.board.state();
            state.folders[known].exists.end(end, None);
            let before = state.folders[known].exists.during(Window { start, end });
            if gone && before == Certainty::Yes {
                drop(state);
                return self.broken(&format!("delete says that {which:?} is not there, which is"));
            }
            state.folders[known].exists.begin(false, start);
            state.folders[known].exists.end(end, ending);
            state.taken(claim).end(end, ending);
        }
        if ending == Some(Ending::Done) {
            self.own.retain(|own| own.0 != known);
        }
    }

    pub(super) async fn share(&mut self, bucket: &Bucket, account: &Account) {
        let Some((known, _, which)) = self.some_own() else { return };
        let with = (self.account + 1 + usize::try_from(self.below(ACCOUNTS as u64 - 1)).unwrap_or_default()) % ACCOUNTS;
        let (grantee, start) = (self.board.people[with].account.id, self.cluster.now());
        {
            let mut state = self.board.state();
            state.folders[known].shared.entry(with).or_default().begin(true, start);
            // The grantee has it under a name like one of those, or under one with a number.
            for name in 0..NAMES {
                let claim = state.claim(with, &format!("n{name}"), start);
                state.taken(claim).end(start, Some(Ending::Unknown));
            }
        }
        let share = async { bucket.folder::<Manage>(account, &which).await?.share(grantee, Permission::Delete).await };
        let answer = share.await;
        self.report.answered("share", &answer);
        let already = is(&answer, ErrorKind::AlreadyExists, Subject::Account);
        let before = self.end_share(known, with, start, if already { Some(Ending::Done) } else { ending(&answer) });
        if already && before == Certainty::No {
            self.broken(&format!("share says that {which:?} is shared already, which is not"));
        }
        self.check_exists("share", known, Window { start, end: self.cluster.now() }, &answer);
    }

    pub(super) async fn unshare(&mut self, bucket: &Bucket, account: &Account) {
        let Some((known, _, which)) = self.some_own() else { return };
        let with = (self.account + 1 + usize::try_from(self.below(ACCOUNTS as u64 - 1)).unwrap_or_default()) % ACCOUNTS;
        let (grantee, start) = (self.board.people[with].account.id, self.cluster.now());
        self.board.state().folders[known].shared.entry(with).or_default().begin(false, start);
        let answer = async { bucket.folder::<Manage>(account, &which).await?.unshare(grantee).await }.await;
        self.report.answered("unshare", &answer);
        let not_shared = is(&answer, ErrorKind::NotFound, Subject::Account);
        let before = self.end_share(known, with, start, if not_shared { Some(Ending::Done) } else { ending(&answer) });
        if not_shared && before == Certainty::Yes {
            self.broken(&format!("unshare says that {which:?} is not shared, which is"));
        }
        self.check_exists("unshare", known, Window { start, end: self.cluster.now() }, &answer);
    }

    /// Ends a change of who may use a folder; answers what was so before it.
    fn end_share(&self, known: usize, with: usize, start: std::time::Duration, ending: Option<Ending>) -> Certainty {
        let end = self.cluster.now();
        let mut state = self.board.state();
        let fact = state.folders[known].shared.get_mut(&with).expect("it was begun");
        let change = fact.last();
        fact.end(end, None);
        let before = fact.during(Window { start, end });
        if ending.is_some() {
            fact.begin(change, start);
            fact.end(end, ending);
        }
        before
    }

    pub(super) async fn list_folders(&mut self, bucket: &Bucket, account: &Account) {
        let start = self.cluster.now();
        let answer = bucket.folders(account).await;
        self.report.answered("list folders", &answer);
        let Ok(listed) = answer else { return };
        let window = Window { start, end: self.cluster.now() };
        let mut names: Vec<_> = listed.iter().map(|info| info.name.to_string()).collect();
        names.sort();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return self.broken(&format!("two folders of one name: {names:?}"));
        }
        let state = self.board.state();
        for known in &state.folders {
            let there = listed.iter().any(|info| info.id == known.id);
            let usable = known.usable(self.account, window);
            if (there && usable == Certainty::No) || (!there && usable == Certainty::Yes) {
                let wrong = format!("{} is listed: {there}, and usable: {usable:?}", known.id);
                drop(state);
                return self.broken(&wrong);
            }
        }
    }

    /// A name that is granted was nobody's; one that is refused was somebody's.
    fn check_name<T>(&self, what: &str, name: &FolderName, claim: usize, window: Window, answer: &Result<T>) {
        let taken = self.board.state().is_taken(self.account, name.as_str(), claim, window);
        match answer {
            Ok(_) if taken == Certainty::Yes => self.broken(&format!("{what} of `{name}`, which is taken")),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && taken == Certainty::No => {
                self.broken(&format!("{what} of `{name}` is refused, which nobody has"));
            }
            Err(error) if error.kind() == ErrorKind::Internal => self.broken(&format!("{what} of `{name}`: {error:?}")),
            _ => {}
        }
    }

    /// A change of an own folder that says it is not there.
    fn check_exists(&self, what: &str, known: usize, window: Window, answer: &Result<()>) {
        let (exists, id) = {
            let state = self.board.state();
            (state.folders[known].exists.during(window), state.folders[known].id)
        };
        let wrong = |error: &Error| self.broken(&format!("{what} of {id}, exists: {exists:?}: {error:?}"));
        match answer {
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && error.subject() == Subject::Folder
                    && exists == Certainty::Yes =>
            {
                wrong(error);
            }
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Internal) => wrong(error),
            Ok(()) if exists == Certainty::No => self.broken(&format!("{what} of {id}, which is gone")),
            _ => {}
        }
    }
}
