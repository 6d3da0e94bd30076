//! Copies and moves trees and single files, in a folder and between folders, with every choice of what is
//! done where something is.

use std::time::Duration;

use mapping::files::tree::{ConflictPolicy, Progress};
use mapping::jobs::{Begun, Underway};
use mapping::path::FilePath;
use mapping::{Account, Bucket, Error, ErrorKind, Result};

use super::rules::{Act, Merge, Rule};
use super::thing::{Spot, Thing};
use super::work::{Deed, End, State, Work, is_numbered};
use crate::simulation::board::Certainty;
use crate::simulation::client::{Client, misses_file};
use crate::simulation::report::is_unknown;

/// How long anybody waits for an answer, and for work that may be under way without one.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carry {
    Copy,
    Move,
}

/// Something that was asked for: from where to where, and what was there.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) deed: Deed,
    pub(super) from: Spot,
    pub(super) to: Spot,
    pub(super) policy: ConflictPolicy,
    pub(super) source: Thing,
    /// What is at the target, when that is known.
    pub(super) target: Option<Thing>,
    pub(super) start: Duration,
}

impl Client {
    pub(super) async fn carry(&mut self, bucket: &Bucket, account: &Account, carry: Carry) {
        let Some((from, source)) = self.some_thing(false) else { return };
        let folder = match self.below(3) {
            0 => self.some_file().map_or(from.folder, |(folder, _)| folder),
            _ => from.folder,
        };
        let (to, policy) = (self.some_spot(folder, from.is_file()), self.some_policy());
        let Some(target) = self.what_is_at(&to) else { return };
        if self.trees.is_any_on_its_way_to(&to) {
            return;
        }
        let deed = if carry == Carry::Copy { Deed::Copy } else { Deed::Move };
        let Some(here) = self.open_for(deed.name(), bucket, account, from.folder).await else { return };
        let Some(there) = self.open_for(deed.name(), bucket, account, to.folder).await else { return };
        let start = self.cluster.now();
        let answer = match carry {
            Carry::Copy => here.copy_to(&from.root, &there, &to.root, policy).await,
            Carry::Move => here.move_to(&from.root, &there, &to.root, policy).await,
        };
        self.begun(Asked { deed, from, to, policy, source, target, start }, answer).await;
    }

    pub(super) fn some_policy(&self) -> ConflictPolicy {
        match self.below(8) {
            0..=1 => ConflictPolicy::Reject,
            2..=4 => ConflictPolicy::Rename,
            5 => ConflictPolicy::Replace,
            _ => ConflictPolicy::MergeRename,
        }
    }

    /// What is at a target; the outer `None` when that is not known or something is on its way there.
    pub(super) fn what_is_at(&self, spot: &Spot) -> Option<Option<Thing>> {
        if self.trees.is_under_way(spot) {
            return None;
        }
        match self.trees.things.get(spot) {
            Some(thing) => thing.certain().map(|files| Some(thing.clone()).filter(|_| !files.is_empty())),
            None => Some(None),
        }
    }

    /// Judges how a copy or a move began, and waits for it.
    pub(super) async fn begun(&mut self, asked: Asked, answer: Result<Underway>) {
        let Asked { deed, from, to, start, .. } = &asked;
        self.report.answered(deed.name(), &answer);
        let more = format!("{:?} to {to:?}", asked.policy);
        self.did(deed.name(), from.folder, &from.root, &more, &answer);
        let touched_before = !self.trees.touched.insert(to.clone());
        self.touch_names(to);
        if *deed != Deed::Copy {
            self.trees.passed.extend([from.clone(), to.clone()]);
        }
        match answer {
            Ok(underway) => {
                let target = underway.target().cloned().expect("it has a target");
                let there = self.usable(to.folder, *start) == Certainty::Yes;
                if let (true, Err(wrong)) = (there, asked.check_target(&target, touched_before)) {
                    return self.broken(&format!("{from:?} goes to `{target}`: {wrong}"));
                }
                let put = to.beside(target);
                if *deed == Deed::Trash || (there && put != *to) {
                    self.take_name(&put);
                }
                let (id, start) = (underway.id(), *start);
                self.trees.touched.insert(put.clone());
                if asked.deed != Deed::Copy {
                    self.trees.passed.insert(put.clone());
                }
                let work = asked.work(put, self.unanswered(id, None), start);
                self.begin(work, underway).await;
            }
            Err(error) if self.doubts(&asked, &error) => {}
            Err(error) => self.check_refusal(&asked, touched_before, &error),
        }
    }

    /// A refusal is true: it says of what is there what is so.
    fn check_refusal(&self, asked: &Asked, touched_before: bool, error: &Error) {
        let Asked { from, to, start, source, .. } = asked;
        let usable = [from, to].map(|spot| self.usable(spot.folder, *start));
        if usable != [Certainty::Yes; 2] || is_unknown(error) && error.kind() != ErrorKind::Internal {
            return;
        }
        let may_have_gone = self.thing_may_have_gone(from, source);
        match error.kind() {
            ErrorKind::NotFound if misses_file(error) && may_have_gone => {}
            ErrorKind::NotFound => self.lost(from, *start, error),
            ErrorKind::AlreadyExists if asked.policy == ConflictPolicy::Reject && touched_before => {}
            ErrorKind::Invalid if from == to => {}
            ErrorKind::Busy => self.check_busy(&[from, to], error),
            ErrorKind::Conflict => {}
            _ => self.broken(&format!("{from:?} to {to:?} ({:?}) is refused: {error:?}", asked.policy)),
        }
    }

    /// Waits until work is done, or has become a job. `None`: a directory was moved at once.
    pub(super) async fn wait(&mut self, underway: Underway, which: usize) -> Option<State> {
        let id = underway.id();
        let waiting = async {
            match self.below(3) {
                0 => underway.ended().await.map(Begun::Done),
                _ => underway.begun().await,
            }
        };
        let begun = tokio::time::timeout(PATIENCE, waiting).await;
        let spot = self.trees.works[which].from.clone();
        let shown = format!("{begun:?}");
        Some(match begun {
            Ok(Ok(Begun::Done(outcome))) => {
                self.did("wait", spot.folder, &spot.root, &shown, &Ok(()));
                if self.trees.works[which].may_be_at_once() && outcome.progress == Progress::default() {
                    return None;
                }
                let end = End::answered(&outcome);
                self.check_counts(which, &end, outcome.progress.done.files);
                State::Over(end)
            }
            Ok(Ok(Begun::Job(id))) => {
                self.did("wait", spot.folder, &spot.root, &shown, &Ok(()));
                self.report.answered("became job", &Ok(()));
                State::Job(id)
            }
            Ok(Err(error)) => {
                if error.kind() == ErrorKind::Internal {
                    self.wrong(which, &format!("it ended in {error:?}"));
                }
                self.did("wait", spot.folder, &spot.root, "", &Err::<(), _>(error));
                self.unanswered(id, None)
            }
            Err(_) => self.unanswered(id, Some(PATIENCE * 2)),
        })
    }
}

impl Asked {
    /// Whether it may be put there.
    fn check_target(&self, target: &FilePath, touched_before: bool) -> Result<(), String> {
        let same = *target == self.to.root;
        let numbered = is_numbered(&self.to.root, target);
        let beside = match self.policy {
            ConflictPolicy::Rename => true,
            ConflictPolicy::MergeRename => self.to.is_file(),
            ConflictPolicy::Reject | ConflictPolicy::Replace => false,
        };
        let taken = self.target.is_some();
        match (self.policy, taken) {
            (ConflictPolicy::Reject, true) => Err("something is there, and that was to be refused".to_owned()),
            _ if beside && taken && same => Err("something is there, and is to stay".to_owned()),
            _ if same || (beside && numbered && touched_before) => Ok(()),
            _ => Err("that was not asked for".to_owned()),
        }
    }

    pub(super) fn work(self, put: Spot, state: State, since: Duration) -> Work {
        let before = self.source.certain().expect("some thing that is known");
        let merged = self.target.filter(|_| put == self.to);
        let there = merged.as_ref().and_then(Thing::certain).unwrap_or_default();
        let beside = self.policy == ConflictPolicy::MergeRename && !there.is_empty();
        let merge = if beside { Merge::Beside } else { Merge::Replace };
        let act = if self.deed == Deed::Copy { Act::Copy } else { Act::Move };
        let rule = Rule { act, merge, before, there };
        let mut work = Work::new(self.deed, self.from, Some(put), rule, state, since);
        let there = merged.map(|thing| thing.directories).unwrap_or_default();
        work.directories = (self.source.directories, there);
        let now = |origin| super::Trashed { origin, at: since };
        work.trashed = match self.deed {
            Deed::Trash => Some((now(work.from.root.clone()), since)),
            _ => self.source.trashed.map(|trashed| (trashed, self.source.since)),
        };
        work
    }
}
