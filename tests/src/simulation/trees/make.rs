//! Makes trees and single files, a file at a time, and removes them whole.

use mapping::access::{Delete, Folder};
use mapping::files::{Depth, Parents, WriteOptions};
use mapping::{Account, Bucket, ErrorKind};

use super::rules::{Act, Merge, Rule};
use super::thing::{Contents, Spot, Thing};
use super::work::{Deed, State, Work};
use crate::simulation::board::Certainty;
use crate::simulation::client::{Client, misses_file};
use crate::simulation::content::{body, content, length};
use crate::simulation::report::is_unknown;
use crate::simulation::uploads::Uploaded;

/// Where files of a tree are.
pub(super) const FILES: [&str; 6] = ["f0", "f1.txt", "d0/f0", "d0/d1/f2", "d2/f3", "d2/f0.txt"];

/// Directories that are made without anything in them.
const DIRECTORIES: [&str; 3] = ["d3", "d0/d4", "d2"];

impl Client {
    /// A few new files in a tree, or a single file.
    pub(super) async fn make(&mut self, bucket: &Bucket, account: &Account) {
        let known = self.some_thing(false).filter(|_| self.below(2) == 0).map(|(spot, _)| spot.folder);
        let Some(folder) = known.or_else(|| Some(self.some_file()?.0)) else { return };
        let spot = self.some_spot(folder, self.below(4) == 0);
        if !self.trees.is_under_way(&spot) {
            self.make_at(bucket, account, spot).await;
        }
    }

    /// The same at this place.
    pub(super) async fn make_at(&mut self, bucket: &Bucket, account: &Account, spot: Spot) {
        if self.was_just_left(&spot) {
            return;
        }
        let folder = spot.folder;
        self.trees.touched.insert(spot.clone());
        self.trees.left.remove(&spot);
        if spot.is_file() {
            let Some(opened) = self.open_for("make", bucket, account, folder).await else { return };
            return self.put(&opened, account, &spot, "").await;
        }
        for _ in 0..=self.below(7) {
            let Some(opened) = self.open_for("make", bucket, account, folder).await else { return };
            let pick = |client: &Self, all: &[&'static str]| all[client.below(all.len() as u64) as usize];
            match self.below(6) {
                0 => self.make_directory(&opened, &spot, pick(self, &DIRECTORIES)).await,
                1 => self.remove_one(&opened, &spot, pick(self, &FILES)).await,
                _ => self.put(&opened, account, &spot, pick(self, &FILES)).await,
            }
        }
    }

    /// A file, written at once or uploaded in chunks.
    async fn put(&mut self, folder: &Folder<Delete>, account: &Account, spot: &Spot, rest: &str) {
        let (tag, start) = (self.new_tag(), self.cluster.now());
        let path = spot.at(rest);
        let answer = if self.below(6) == 0 {
            match self.upload_all(folder.bucket(), account, (spot.folder, &path), tag).await {
                Uploaded::Started(answer) => answer,
                // What was not finished is never there.
                Uploaded::Unfinished(_) | Uploaded::GivenUp => return,
            }
        } else {
            folder.write(&path, Some(length(tag) as u64), body(&content(tag)), WriteOptions::default()).await
        };
        self.judge("make", spot.folder, start, &answer);
        self.check_wait(spot, &answer);
        self.did("make", spot.folder, &path, &format!("{tag}"), &answer);
        let thing = self.thing(spot);
        let possible = thing.files.entry(rest.to_owned()).or_insert_with(|| vec![None]);
        match answer {
            Ok(_) => *possible = vec![Some(tag)],
            Err(error) if is_unknown(&error) => possible.push(Some(tag)),
            Err(_) if *possible == [None] => drop(thing.files.remove(rest)),
            Err(_) => {}
        }
    }

    /// Only where a directory was that is still on its way somewhere else is anything written that has to wait.
    fn check_wait<T>(&self, spot: &Spot, answer: &mapping::Result<T>) {
        let busy = answer.as_ref().err().filter(|error| error.kind() == ErrorKind::Busy);
        if let Some(error) = busy.filter(|_| !self.trees.waits.contains(spot)) {
            self.broken(&format!("{spot:?} is said to be busy, and nothing is on its way from there: {error:?}"));
        }
    }

    async fn make_directory(&mut self, folder: &Folder<Delete>, spot: &Spot, rest: &str) {
        let (start, path) = (self.cluster.now(), spot.at(rest));
        let answer = folder.mkdir(&path, Parents::Create).await;
        self.judge("make", spot.folder, start, &answer);
        self.check_wait(spot, &answer);
        self.did("mkdir", spot.folder, &path, "", &answer);
        if answer.is_ok() {
            self.thing(spot).directories.insert(rest.to_owned());
        }
    }

    async fn remove_one(&mut self, folder: &Folder<Delete>, spot: &Spot, rest: &str) {
        let (start, path) = (self.cluster.now(), spot.at(rest));
        let answer = folder.remove(&path, Depth::File).await;
        self.judge("remove", spot.folder, start, &answer);
        self.did("remove", spot.folder, &path, "", &answer);
        let usable = self.usable(spot.folder, start);
        let may_have_gone = self.trees.things.get(spot).is_some_and(|thing| self.thing_may_have_gone(spot, thing));
        let Some(possible) = self.trees.things.get_mut(spot).and_then(|thing| thing.files.get_mut(rest)) else {
            return;
        };
        match answer {
            Ok(removed) if removed.failed == 0 => *possible = vec![None],
            Err(error) if misses_file(&error) && may_have_gone => possible.push(None),
            Err(error) if misses_file(&error) && !possible.contains(&None) => {
                if usable == Certainty::Yes {
                    self.broken(&format!("`{path}` is gone: {error}"));
                }
            }
            Err(error) if !is_unknown(&error) => {}
            Ok(_) | Err(_) => possible.push(None),
        }
    }

    pub(super) fn thing(&mut self, spot: &Spot) -> &mut Thing {
        let since = self.cluster.now();
        let new = || Thing { since, ..Thing::default() };
        self.trees.things.entry(spot.clone()).or_insert_with(new)
    }

    /// Removes a tree with everything in it, or a single file.
    pub(super) async fn remove_whole(&mut self, bucket: &Bucket, account: &Account) {
        let in_trash = self.below(4) == 0;
        let Some((spot, thing)) = self.some_thing(in_trash) else { return };
        let Some(opened) = self.open_for("tree remove", bucket, account, spot.folder).await else { return };
        if spot.is_file() {
            return self.remove_one(&opened, &spot, "").await;
        }
        let start = self.cluster.now();
        let answer = opened.remove_tree(&spot.root).await;
        self.judge("tree remove", spot.folder, start, &answer);
        self.did("remove tree", spot.folder, &spot.root, "", &answer);
        let may_have_gone = self.thing_may_have_gone(&spot, &thing);
        match answer {
            Ok(underway) => {
                let before = thing.certain().expect("some thing that is known");
                let rule = Rule { act: Act::Remove, merge: Merge::Replace, before, there: Contents::new() };
                let trashed = thing.trashed.map(|trashed| (trashed, thing.since));
                let state = self.unanswered(underway.id(), None);
                self.begin(Work { trashed, ..Work::new(Deed::Remove, spot, None, rule, state, start) }, underway).await;
            }
            Err(error) if misses_file(&error) && !may_have_gone => self.lost(&spot, start, &error),
            Err(error) if error.kind() == ErrorKind::Invalid => self.broken(&format!("{spot:?}: {error:?}")),
            Err(error) if error.kind() == ErrorKind::Busy => self.check_busy(&[&spot], &error),
            Err(_) => {}
        }
    }

    /// Something that is there is said not to be.
    pub(super) fn lost(&self, spot: &Spot, start: std::time::Duration, error: &mapping::Error) {
        if self.usable(spot.folder, start) == Certainty::Yes {
            self.broken(&format!("{spot:?} is said not to be there: {error:?}: {:?}", self.trees.things.get(spot)));
        }
    }

    /// Only what was moved can be busy.
    pub(super) fn check_busy(&self, spots: &[&Spot], error: &mapping::Error) {
        if spots.iter().all(|spot| !self.trees.passed.contains(*spot)) {
            self.broken(&format!("{spots:?} are said to be busy, and nobody does anything there: {error:?}"));
        }
    }

    /// Waits for work that has begun, and keeps it until it knows what became of it.
    pub(super) async fn begin(&mut self, work: Work, underway: mapping::jobs::Underway) {
        self.trees.works.push(work);
        let which = self.trees.works.len() - 1;
        let id = underway.id();
        let Some(state) = self.wait(underway, which).await else {
            let work = self.trees.works.remove(which);
            return self.arrived(work, Some(id)).await;
        };
        self.trees.works[which].answered = self.cluster.now();
        let over = matches!(state, State::Over(_));
        self.trees.works[which].state = state;
        if over {
            self.end_emptying(which);
            self.settle(which).await;
        }
    }
}
