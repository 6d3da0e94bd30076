//! Directories that move at once: once that was answered, all is at the new place, and nothing is seen at the
//! old one by anybody who has heard of it. The client goes on working there while the files follow.

use std::time::Duration;

use mapping::files::tree::Work as What;
use mapping::id::{FolderId, JobId};
use mapping::jobs::{JobInfo, JobState};
use mapping::{Account, Bucket, ErrorKind};

use super::eye::Eye;
use super::thing::{Contents, Seen, Spot, Thing};
use super::work::{Deed, Work};
use crate::simulation::board::{BOUND, Certainty};
use crate::simulation::client::Client;
use crate::simulation::report::is_unknown;

/// How long a move is remembered whose job nobody knows.
const REMEMBERED: Duration = Duration::from_secs(60);

/// A directory that was moved at once.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    /// Its job, unless the answer was lost.
    pub(super) id: Option<JobId>,
    pub(super) from: Spot,
    pub(super) to: Spot,
    /// When it was known to have moved.
    pub(super) at: Duration,
}

/// What was at a place that everything has left, and since when.
#[derive(Clone, Debug)]
pub(super) struct Left {
    pub(super) before: Contents,
    pub(super) at: Duration,
}

impl Client {
    /// It was moved at once: from now on it is there.
    pub(super) async fn arrived(&mut self, work: Work, id: Option<JobId>) {
        let (from, to, at) = (work.from.clone(), work.to[0].clone(), self.cluster.now());
        let mut thing = Thing::of(&work.rule.before, work.since);
        thing.directories.clone_from(&work.directories.0);
        match work.deed {
            Deed::Trash => thing.trashed = work.trashed.clone().map(|(trashed, _)| trashed),
            Deed::Restore => {
                thing.emptyings = self.board.state().emptyings();
                if self.work_may_have_gone(&work) {
                    thing.files.values_mut().for_each(|possible| possible.push(None));
                    thing.directories.clear();
                }
            }
            Deed::Copy | Deed::Move | Deed::Remove | Deed::Empty => {}
        }
        self.report.answered("moved at once", &Ok(()));
        self.trees.things.remove(&from);
        self.trees.waits.insert(from.clone());
        self.trees.things.insert(to.clone(), thing);
        self.trees.left.insert(from.clone(), Left { before: work.rule.before, at });
        self.trees.moved.push(Moved { id, from, to: to.clone(), at });
        self.look_at(&to).await;
    }

    /// Something may come to be at a place, or at one of its names with a number.
    pub(super) fn touch_names(&mut self, spot: &Spot) {
        self.trees.left.retain(|left, _| !left.is_name_of(spot));
    }

    /// Works on what has moved, while its files follow.
    pub(super) async fn tend_moved(&mut self, bucket: &Bucket, account: &Account) {
        let count = self.trees.moved.len() as u64;
        let which = usize::try_from(self.below(count)).expect("few");
        let moved = self.trees.moved[which].clone();
        let (from, to) = (moved.from.clone(), moved.to.clone());
        if self.was_just_left(&from) && self.below(3) == 0 {
            return self.write_behind(bucket, account, &moved).await;
        }
        match self.below(16) {
            0..=2 => self.look_at_both(&from, &to).await,
            3..=4 => self.look_behind(&from).await,
            5..=6 => self.follow_moved(bucket, which).await,
            7 => self.look_beside(&from).await,
            8 => self.look_beside(&to).await,
            9 if !self.trees.is_under_way(&to) => self.look_at(&to).await,
            // What is made in the trash by hand nobody has trashed: none of this is known of it.
            _ if self.trees.is_under_way(&to) || (to.is_in_trash() && !self.trees.things.contains_key(&to)) => {}
            _ => self.make_at(bucket, account, to).await,
        }
    }

    /// Looks at a place that everything has left.
    pub(super) async fn look_behind(&mut self, spot: &Spot) {
        let Some(eye) = self.eye(spot.folder).await else { return };
        let start = self.cluster.now();
        let seen = eye.look(spot).await;
        let Some(seen) = self.sight("look behind", spot, start, seen) else { return };
        self.check_left(spot, &seen, start);
    }

    /// Whoever has not heard of the move sees what was there; everybody else sees nothing.
    fn check_left(&self, spot: &Spot, seen: &Seen, start: Duration) {
        let Some(left) = self.trees.left.get(spot) else { return };
        if seen.there && start > left.at + BOUND {
            return self.broken(&format!("all has left {spot:?} at {:?}, and it is seen there: {seen:?}", left.at));
        }
        if let Some((rest, tag)) = seen.files.iter().find(|(rest, tag)| left.before.get(*rest) != Some(tag)) {
            self.broken(&format!("all has left {spot:?}, and `{rest}` holds {tag} there, which it never did"));
        }
    }

    /// Looks at both places through one replica: it shows no file at both.
    async fn look_at_both(&mut self, from: &Spot, to: &Spot) {
        if self.trees.is_under_way(to) {
            return;
        }
        let Some(eye) = self.eye(from.folder).await else { return };
        let shown = self.look_at_through(&eye, to).await;
        let (start, seen) = (self.cluster.now(), eye.look(from).await);
        let Some(seen) = self.sight("look behind", from, start, seen) else { return };
        self.check_left(from, &seen, start);
        if shown && seen.there && self.trees.left.contains_key(from) && self.trees.things.contains_key(to) {
            self.broken(&format!("one replica shows {to:?}, and then it shows {from:?}: {seen:?}"));
        }
    }

    /// What is beside a place: every thing that is there, and nothing that has left.
    pub(super) async fn look_beside(&mut self, spot: &Spot) {
        let Some(eye) = self.eye(spot.folder).await else { return };
        let (start, names) = (self.cluster.now(), eye.names(spot).await);
        let Some(names) = self.sight("look beside", spot, start, names) else { return };
        let beside = |other: &&Spot| other.folder == spot.folder && other.root.parent() == spot.root.parent();
        let there = |other: &&Spot| !self.trees.is_under_way(other) && !self.has_gone(other);
        let mut things = self.trees.things.keys().filter(beside).filter(|other| !other.is_file()).filter(there);
        if let Some(missing) = things.find(|other| !names.contains(&other.root)) {
            return self.broken(&format!("{missing:?} is not listed among {names:?}"));
        }
        let left = self.trees.left.iter().filter(|(_, left)| start > left.at + BOUND);
        let mut left = left.map(|(spot, _)| spot).filter(beside);
        if let Some(left) = left.find(|left| names.contains(&left.root)) {
            self.broken(&format!("all has left {left:?}, and it is listed among {names:?}"));
        }
    }

    /// Asks after the job that brings the files.
    async fn follow_moved(&mut self, bucket: &Bucket, which: usize) {
        let moved = self.trees.moved[which].clone();
        let Some(id) = moved.id else {
            if self.cluster.now() > moved.at + REMEMBERED {
                self.trees.moved.swap_remove(which);
            }
            return;
        };
        let job = bucket.job(id).await;
        self.report.answered("follow", &job);
        match job {
            Ok(job) => {
                self.check_relocation(&moved, &job);
                if job.state.is_over() {
                    self.trees.moved.swap_remove(which);
                    self.trees.waits.remove(&moved.from);
                    self.look_behind(&moved.from).await;
                }
            }
            // It is made a moment later, or by whoever comes across the move, or has been over for long.
            Err(error) if is_unknown(&error) || error.kind() == ErrorKind::NotFound => {
                if self.cluster.now() > moved.at + self.cluster.settings.job_kept_for {
                    self.trees.moved.swap_remove(which);
                }
            }
            Err(error) => self.broken(&format!("the job of {moved:?} cannot be looked at: {error:?}")),
        }
    }

    /// It brings everything and cannot be stopped, unless the folder goes.
    fn check_relocation(&self, moved: &Moved, job: &JobInfo) {
        let target = job.target.as_ref().and_then(|place| place.path.path());
        let places = (job.source.path.path(), target) == (Some(&moved.from.root), Some(&moved.to.root));
        let same = job.work == What::Relocate && places;
        if !same || job.account != self.board.people[self.account].account.id {
            return self.broken(&format!("the job of {moved:?} is another's: {job:?}"));
        }
        let is_there = self.exists(&moved.from, moved.at) == Certainty::Yes;
        let ended_well = job.state == JobState::Done && job.progress.failed == 0;
        if is_there && job.state.is_over() && !ended_well {
            self.broken(&format!("{moved:?} has moved, and its files do not follow: {job:?}"));
        }
    }

    /// The places that everything has left, and where nothing was put since.
    pub(in crate::simulation) fn left(&self) -> impl Iterator<Item = (FolderId, &mapping::path::FilePath)> {
        self.trees.left.keys().map(|spot| (spot.folder, &spot.root))
    }
}

impl Spot {
    /// Whether it is `other`, or that with a number behind it.
    pub(super) fn is_name_of(&self, other: &Self) -> bool {
        self.folder == other.folder && (self == other || super::work::is_numbered(&other.root, &self.root))
    }
}

impl Client {
    /// Looks at a thing through one replica, and answers whether that showed it.
    pub(super) async fn look_at_through(&mut self, eye: &Eye, spot: &Spot) -> bool {
        let start = self.cluster.now();
        let seen = eye.look(spot).await;
        let Some(seen) = self.sight("look", spot, start, seen) else { return false };
        self.take_sight(spot, &seen, start);
        seen.there
    }
}
