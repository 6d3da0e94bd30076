//! Holds what is seen of work that is under way, or over, against what may be seen of it.

use std::time::Duration;

use super::look::Look;
use super::rules::{Act, Ends, Stage};
use super::thing::{Contents, Seen, Spot, Thing};
use super::work::{Deed, End, State, Work};
use crate::simulation::client::Client;

/// What was seen at both ends.
struct Sight {
    source: Look,
    targets: Vec<Look>,
}

/// Which end is looked at first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Source,
    Targets,
}

impl Sight {
    fn is_unclear(&self) -> bool {
        self.source.is_unclear() || self.targets.iter().any(Look::is_unclear)
    }
}

impl Client {
    /// Looks at some thing or some work.
    pub(super) async fn look_at_some(&mut self) {
        let (things, works) = (self.trees.things.len() as u64, self.trees.works.len() as u64);
        let Some(which) = (things + works > 0).then(|| self.below(things + works)) else { return };
        if which >= things {
            return self.watch(usize::try_from(which - things).expect("few")).await;
        }
        let spot = self.trees.things.keys().nth(usize::try_from(which).expect("few")).cloned();
        let spot = spot.expect("one of them");
        if !self.trees.is_under_way(&spot) {
            self.look_at(&spot).await;
        }
    }

    /// Looks at a thing that nothing is done to.
    pub(super) async fn look_at(&mut self, spot: &Spot) {
        let start = self.cluster.now();
        let seen = match self.look(spot).await {
            Look::Seen(seen) => seen,
            Look::Gone => return drop(self.trees.things.remove(spot)),
            Look::Unclear => return,
        };
        self.take_sight(spot, &seen, start);
    }

    /// Holds what was seen of a thing since `start` against what is known of it.
    pub(super) fn take_sight(&mut self, spot: &Spot, seen: &Seen, start: Duration) {
        let Some(mut thing) = self.trees.things.remove(spot) else { return };
        let may_have_gone = self.thing_may_have_gone(spot, &thing);
        if let Err(wrong) = thing.compare(seen, may_have_gone) {
            self.broken(&format!("{spot:?}: {wrong}: {thing:?}"));
        }
        thing.since = start;
        if !thing.files.is_empty() || !thing.directories.is_empty() {
            self.trees.things.insert(spot.clone(), thing);
        }
    }

    /// Looks at work that is under way: each file is at the source or at a target at least, and of what
    /// passes the trash at one of the two.
    pub(super) async fn watch(&mut self, which: usize) {
        let work = self.trees.works[which].clone();
        if work.deed == Deed::Empty || work.may_be_believed(self.cluster.now()) {
            return;
        }
        let sight = self.look_at_ends(&work, First::Source).await;
        // Only what is over cannot go on meanwhile.
        self.check_sight(which, work.stage(), &sight);
        if work.deed.passes() {
            let sight = self.look_at_ends(&work, First::Targets).await;
            let targets: Vec<_> = sight.targets.iter().map(files).collect();
            let ends = Ends { source: files(&sight.source), targets: &targets, may_have_gone: false };
            if let Err(wrong) = work.rule.check_once(ends) {
                self.wrong(which, &wrong);
            }
        }
    }

    /// Takes over what became of work that is over.
    pub(super) async fn settle(&mut self, which: usize) {
        let work = self.trees.works[which].clone();
        if work.deed == Deed::Empty {
            return self.settle_emptying(which);
        }
        if work.may_be_believed(self.cluster.now()) {
            return;
        }
        if !work.is_settled() && self.trees.rest.is_none() {
            return self.watch(which).await;
        }
        let sight = self.look_at_ends(&work, First::Source).await;
        if sight.is_unclear() {
            return;
        }
        self.check_sight(which, work.stage(), &sight);
        self.check_directories(which, &work, &sight);
        if let State::Over(End::Told(told)) = &work.state {
            self.check_told(which, told, &sight);
        }
        self.trees.works.swap_remove(which);
        self.take_over(&work, &sight);
    }

    async fn look_at_ends(&mut self, work: &Work, first: First) -> Sight {
        let (mut source, mut targets) = (Look::Unclear, Vec::new());
        if first == First::Source {
            source = self.look_at_end(work, &work.from).await;
        }
        for spot in &work.to {
            targets.push(self.look_at_end(work, spot).await);
        }
        if first == First::Targets {
            source = self.look_at_end(work, &work.from).await;
        }
        Sight { source, targets }
    }

    /// What is there of this work.
    async fn look_at_end(&mut self, work: &Work, spot: &Spot) -> Look {
        if work.taken.contains(spot) { Look::Seen(Seen::default()) } else { self.look(spot).await }
    }

    /// A name is given to something: nothing of what had it before is there any more.
    pub(super) fn take_name(&mut self, spot: &Spot) {
        let stays = |work: &Work| work.rule.act == Act::Copy && work.from == *spot;
        let may_have_gone = self.trees.is_under_way(spot) && !self.trees.works.iter().any(stays);
        if self.trees.things.contains_key(spot) && !may_have_gone && !self.has_gone(spot) {
            return self.broken(&format!("{spot:?} is given, where something is: {:?}", self.trees.things[spot]));
        }
        self.trees.things.remove(spot);
        for work in self.trees.works.iter_mut().filter(|work| work.touches(spot)) {
            work.victims.retain(|victim| victim != spot);
            work.taken.insert(spot.clone());
        }
    }

    fn check_sight(&mut self, which: usize, stage: Stage, sight: &Sight) {
        let work = &self.trees.works[which];
        let may_have_gone = self.work_may_have_gone(work);
        let targets: Vec<_> = sight.targets.iter().map(files).collect();
        let ends = Ends { source: files(&sight.source), targets: &targets, may_have_gone };
        if let Err(wrong) = work.rule.check(stage, ends) {
            let seen = format!("source {:?}, targets {:?}", sight.source, sight.targets);
            self.wrong(which, &format!("{wrong}: {seen}"));
        }
        for (number, target) in sight.targets.iter().enumerate() {
            if let Some(seen) = target.seen() {
                self.check_made_once(which, number, seen);
            }
        }
    }

    pub(super) fn work_may_have_gone(&self, work: &Work) -> bool {
        let folder = if work.deed == Deed::Trash { work.to.first() } else { Some(&work.from) };
        let (Some(spot), Some((trashed, since))) = (folder, &work.trashed) else { return false };
        self.may_have_gone(spot.folder, *since, Some(trashed))
    }

    /// A copy that was seen is not made again.
    fn check_made_once(&mut self, which: usize, number: usize, seen: &Seen) {
        let work = &mut self.trees.works[which];
        let (rule, known) = (&work.rule, &mut work.written);
        let mut again = None;
        for (rest, tag) in &seen.files {
            if rule.before.get(rest) != Some(tag) || rule.there.get(rest) == Some(tag) {
                continue;
            }
            let written = seen.written[rest];
            let before = *known.entry((number, rest.clone())).or_insert(written);
            if before != written {
                again = Some(format!("`{rest}` was copied at {before:?}, and again at {written:?}"));
            }
        }
        if let Some(again) = again {
            self.wrong(which, &again);
        }
    }

    /// Directories that were made are copied and moved too, also those without anything in them.
    fn check_directories(&self, which: usize, work: &Work, sight: &Sight) {
        let whole = work.stage() == Stage::Whole;
        let gone = whole && work.rule.act != Act::Copy && !work.from.is_in_trash();
        if let Some(seen) = sight.source.seen().filter(|seen| gone && seen.there) {
            self.wrong(which, &format!("all went, and something is left: {seen:?}"));
        }
        let (came, there) = &work.directories;
        for seen in sight.targets.iter().filter_map(Look::seen) {
            let expected = there.iter().chain(came.iter().filter(|_| whole && work.to.len() == 1));
            let mut missing = expected.filter(|directory| !seen.directories.contains(*directory));
            if let Some(missing) = missing.next().filter(|_| !self.work_may_have_gone(work)) {
                self.wrong(which, &format!("the directory `{missing}` is not at the target: {seen:?}"));
            }
        }
    }

    /// What could not be done is told.
    fn check_told(&self, which: usize, told: &[String], sight: &Sight) {
        let work = &self.trees.works[which];
        let Some(source) = files(&sight.source) else { return };
        let left = source.keys().filter(|_| work.rule.act != Act::Copy).map(|rest| work.from.at(rest));
        if let Some(silent) = left.into_iter().find(|path| !told.contains(&path.to_string())) {
            self.wrong(which, &format!("`{silent}` is left, and that is not among what is told: {told:?}"));
        }
    }

    fn take_over(&mut self, work: &Work, sight: &Sight) {
        if work.rule.act != Act::Copy && !work.taken.contains(&work.from) {
            self.trees.things.remove(&work.from);
            if let Some(seen) = sight.source.seen().filter(|seen| !seen.files.is_empty()) {
                let mut left = Thing::of(&seen.files, work.since);
                left.trashed = work.trashed.clone().filter(|_| work.deed != Deed::Trash).map(|(trashed, _)| trashed);
                self.trees.things.insert(work.from.clone(), left);
            }
        }
        for (spot, look) in work.to.iter().zip(&sight.targets).filter(|(spot, _)| !work.taken.contains(*spot)) {
            self.trees.things.remove(spot);
            let Some(seen) = look.seen().filter(|seen| !seen.files.is_empty()) else { continue };
            let mut put = Thing::of(&seen.files, work.since);
            let (came, there) = &work.directories;
            put.directories.clone_from(there);
            if work.stage() == Stage::Whole && work.to.len() == 1 {
                put.directories.extend(came.iter().filter(|directory| seen.directories.contains(*directory)).cloned());
            }
            put.trashed = work.trashed.clone().filter(|_| work.deed == Deed::Trash).map(|(trashed, _)| trashed);
            self.trees.things.insert(spot.clone(), put);
        }
    }
}

fn files(look: &Look) -> Option<&Contents> {
    look.seen().map(|seen| &seen.files)
}
