//! Moves things to the trash and puts them back, empties it, and looks into it.

use mapping::files::PageRequest;
use mapping::files::tree::ConflictPolicy;
use mapping::{Account, Bucket, ErrorKind};

use super::carry::Asked;
use super::rules::{Act, Merge, Rule};
use super::thing::{Contents, Spot};
use super::work::{Deed, End, State, Work};
use crate::simulation::board::Certainty;
use crate::simulation::client::Client;

impl Client {
    pub(super) async fn move_to_trash(&mut self, bucket: &Bucket, account: &Account) {
        let Some((from, source)) = self.some_thing(false) else { return };
        let Some(opened) = self.open_for("trash", bucket, account, from.folder).await else { return };
        let to = from.beside(format!("Trash/{}", from.root.name()).parse().expect("a path"));
        let start = self.cluster.now();
        let answer = opened.trash(&from.root).await;
        // Others have things of the same name there.
        self.trees.touched.insert(to.clone());
        let policy = ConflictPolicy::Rename;
        self.begun(Asked { deed: Deed::Trash, from, to, policy, source, target: None, start }, answer).await;
    }

    pub(super) async fn put_back(&mut self, bucket: &Bucket, account: &Account) {
        let Some((from, source)) = self.some_thing(true) else { return };
        let origin = source.trashed.as_ref().map(|trashed| trashed.origin.clone()).expect("it is in the trash");
        let elsewhere = (self.below(3) == 0).then(|| self.some_spot(from.folder, from.is_file()).root);
        let to = from.beside(elsewhere.clone().unwrap_or(origin));
        let policy = [ConflictPolicy::Reject, ConflictPolicy::Rename, ConflictPolicy::Replace];
        let policy = policy[usize::try_from(self.below(3)).expect("small")];
        let Some(target) = self.what_is_at(&to) else { return };
        if self.trees.is_any_on_its_way_to(&to) {
            return;
        }
        let Some(opened) = self.open_for("restore", bucket, account, from.folder).await else { return };
        let start = self.cluster.now();
        let answer = opened.restore(&from.root, elsewhere.as_ref(), policy).await;
        self.begun(Asked { deed: Deed::Restore, from, to, policy, source, target, start }, answer).await;
    }

    /// Removes for good what anybody moved to the trash of a folder.
    pub(super) async fn empty_trash(&mut self, bucket: &Bucket, account: &Account) {
        let Some(folder) = self.some_file().map(|(folder, _)| folder) else { return };
        let Some(opened) = self.open_for("empty trash", bucket, account, folder).await else { return };
        let start = self.cluster.now();
        let emptying = self.board.state().begin_emptying(folder);
        let answer = opened.empty_trash().await;
        self.judge("empty trash", folder, start, &answer);
        let root = Spot { folder, root: "Trash".parse().expect("a path") };
        self.did("empty trash", folder, &root.root, "", &answer);
        let own = self.trees.things.iter().filter(|(spot, thing)| spot.folder == folder && thing.trashed.is_some());
        let free = own.filter(|(spot, _)| !self.trees.is_under_way(spot));
        let victims: Vec<Spot> = free.map(|(spot, _)| spot.clone()).collect();
        match answer {
            Ok(Some(underway)) => {
                let rule =
                    Rule { act: Act::Remove, merge: Merge::Replace, before: Contents::new(), there: Contents::new() };
                let state = self.unanswered(underway.id(), None);
                let work = Work::new(Deed::Empty, root, None, rule, state, start);
                self.begin(Work { victims, emptying: Some(emptying), ..work }, underway).await;
            }
            Ok(None) => {
                let now = self.cluster.now();
                self.board.state().end_emptying(emptying, start);
                let others = self.usable(folder, start) != Certainty::Yes;
                let lost = victims.iter().find(|spot| !others && !self.has_gone(spot));
                if let Some(lost) = lost {
                    self.broken(&format!("the trash is said to be empty at {now:?}, and {lost:?} is there"));
                }
            }
            Err(error) => {
                self.board.state().end_emptying(emptying, self.cluster.now());
                if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::OverQuota | ErrorKind::AlreadyExists) {
                    self.broken(&format!("the trash of {folder} cannot be emptied: {error:?}"));
                }
            }
        }
    }

    /// Whether there may be nothing of a thing.
    pub(super) fn has_gone(&self, spot: &Spot) -> bool {
        let thing = &self.trees.things[spot];
        let nothing = thing.files.values().all(|possible| possible.contains(&None));
        nothing || self.thing_may_have_gone(spot, thing)
    }

    /// What others put into the trash from now on stays.
    pub(super) fn end_emptying(&mut self, which: usize) {
        if let Some(emptying) = self.trees.works[which].emptying {
            self.board.state().end_emptying(emptying, self.cluster.now());
        }
    }

    /// What it had in a trash that was emptied is gone, or some of it.
    pub(super) fn settle_emptying(&mut self, which: usize) {
        let work = self.trees.works.swap_remove(which);
        for spot in &work.victims {
            let Some(thing) = self.trees.things.get_mut(spot) else { continue };
            for possible in thing.files.values_mut() {
                match work.state {
                    State::Over(End::Whole) => *possible = vec![None],
                    _ => possible.push(None),
                }
            }
            thing.directories.clear();
        }
    }

    /// Where things came from, and who moved them, is shown with them.
    pub(super) async fn list_trash(&mut self, bucket: &Bucket, account: &Account) {
        let Some((spot, _)) = self.some_thing(true) else { return };
        let folder = spot.folder;
        let Some(opened) = self.open_for("list trash", bucket, account, folder).await else { return };
        let (start, mut entries, mut token) = (self.cluster.now(), Vec::new(), None);
        loop {
            let page = opened.trashed(PageRequest { limit: 3, token }).await;
            self.judge("list trash", folder, start, &page);
            let Ok(page) = page else { return };
            entries.extend(page.entries);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        if self.usable(folder, start) != Certainty::Yes {
            return;
        }
        for (spot, thing) in self.trees.things.iter().filter(|(spot, _)| spot.folder == folder) {
            let Some(trashed) = &thing.trashed else { continue };
            if self.trees.is_under_way(spot) || self.has_gone(spot) {
                continue;
            }
            let shown = entries.iter().find(|shown| shown.entry.path == spot.root);
            let right = shown.is_some_and(|shown| {
                shown.origin.as_ref() == Some(&trashed.origin) && shown.by == Some(account.id) && shown.since.is_some()
            });
            if !right {
                return self
                    .broken(&format!("{spot:?} from `{}` is shown as {shown:?} among {entries:?}", trashed.origin));
            }
        }
    }
}
