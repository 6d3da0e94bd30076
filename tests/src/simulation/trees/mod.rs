//! Files and trees that a client copies, moves, removes, moves to the trash and puts back, in the
//! request or as jobs that outlive their replicas. It knows what it may see of them at any moment.

mod again;
mod at_once;
mod at_rest;
mod behind;
mod carry;
mod doubt;
pub mod emptied;
mod eye;
mod follow;
mod look;
mod make;
pub mod rules;
mod settle;
pub mod thing;
mod trash;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use mapping::access::{Delete, Folder, FolderRef};
use mapping::id::FolderId;
use mapping::path::FilePath;
use mapping::{Account, Bucket, Result};

pub(super) use at_rest::{Rest, Swept};

use super::client::Client;
use super::content::Tag;
use at_once::{Left, Moved};
use doubt::Doubt;
use thing::{Spot, Thing, Trashed};
use work::Work;

/// How many names of single files, and as many of trees, a client has in one folder.
const NAMES: u64 = 3;

/// How much of a client's may be under way at once.
const AT_ONCE: usize = 4;

/// What a client has made, and what is on its way.
#[derive(Debug, Default)]
pub(super) struct Trees {
    things: BTreeMap<Spot, Thing>,
    works: Vec<Work>,
    /// Directories that were moved at once and whose files may still follow.
    moved: Vec<Moved>,
    /// Places that such have left, and where nothing was put since.
    left: BTreeMap<Spot, Left>,
    /// Places whose files have not all gone yet, as far as is known.
    waits: BTreeSet<Spot>,
    /// Moves of which nobody knows whether they were done.
    doubts: Vec<Doubt>,
    /// Where it ever made anything, or tried to.
    touched: BTreeSet<Spot>,
    /// What it ever moved, and where to, or tried to: that may be busy.
    passed: BTreeSet<Spot>,
    /// Once everybody has stopped.
    rest: Option<Rest>,
}

impl Trees {
    /// Whether something is on its way from there or to there.
    fn is_under_way(&self, spot: &Spot) -> bool {
        self.works.iter().any(|work| work.touches(spot)) || self.doubts.iter().any(|doubt| doubt.touches(spot))
    }

    /// Whether something is on its way to there, or to a name with a number behind it: two that want one name for
    /// a file may both be told that it is theirs, and one of them fails.
    fn is_any_on_its_way_to(&self, spot: &Spot) -> bool {
        let alike = |to: &Spot| to.folder == spot.folder && to.root.as_str().starts_with(spot.root.as_str());
        self.works.iter().any(|work| work.to.iter().any(alike)) || self.doubts.iter().any(|doubt| doubt.touches(spot))
    }
}

impl Client {
    /// Does one thing with a tree or a single file.
    pub(super) async fn tend_trees(&mut self, bucket: &Bucket, account: &Account) {
        let full = self.trees.works.iter().filter(|work| work.is_running()).count() >= AT_ONCE;
        if !self.trees.doubts.is_empty() && self.below(2) == 0 {
            let which = self.below(self.trees.doubts.len() as u64);
            return self.look_into(usize::try_from(which).expect("few")).await;
        }
        if !self.trees.moved.is_empty() && self.below(3) == 0 {
            return self.tend_moved(bucket, account).await;
        }
        match self.below(64) {
            _ if full => self.follow().await,
            0..=15 => self.make(bucket, account).await,
            16..=22 => self.carry(bucket, account, carry::Carry::Copy).await,
            23..=31 => self.carry(bucket, account, carry::Carry::Move).await,
            32..=35 => self.remove_whole(bucket, account).await,
            36..=43 => self.move_to_trash(bucket, account).await,
            44..=49 => self.put_back(bucket, account).await,
            50 => self.empty_trash(bucket, account).await,
            51..=52 => self.list_trash(bucket, account).await,
            53..=54 => self.cancel_some(bucket).await,
            55 => self.list_jobs(bucket).await,
            56..=60 => self.look_at_some().await,
            _ => self.follow().await,
        }
    }

    /// What of its trees and single files may be where.
    pub(super) fn tree_files(&self) -> impl Iterator<Item = (FolderId, FilePath, Vec<Option<Tag>>)> {
        let all = self.trees.things.iter().flat_map(|(spot, thing)| {
            let files = thing.files.iter();
            files.map(|(rest, possible)| (spot.folder, spot.at(rest), possible.clone()))
        });
        all.collect::<Vec<_>>().into_iter()
    }

    /// Some thing that lies in the trash, or does not, and that nothing is done to; all about it is known.
    fn some_thing(&self, in_trash: bool) -> Option<(Spot, Thing)> {
        let all = self.trees.things.iter();
        let free: Vec<_> = all
            .filter(|(spot, thing)| thing.trashed.is_some() == in_trash && !self.trees.is_under_way(spot))
            .filter(|(_, thing)| thing.certain().is_some_and(|files| !files.is_empty()))
            .collect();
        let which = usize::try_from(self.below(free.len() as u64)).ok().filter(|_| !free.is_empty())?;
        Some((free[which].0.clone(), free[which].1.clone()))
    }

    /// A place for a single file or a tree in `folder`.
    fn some_spot(&self, folder: FolderId, file: bool) -> Spot {
        let (kind, number, mine) = (if file { 'g' } else { 't' }, self.below(NAMES), self.number);
        // In the trash nobody else has things of these names: they would be taken for each other.
        let root = format!("c{mine}/{kind}{number}-{mine}").parse().expect("a path");
        Spot { folder, root }
    }

    /// Whether others may have removed what lay in the trash.
    fn may_have_gone(&self, folder: FolderId, since: std::time::Duration, trashed: Option<&Trashed>) -> bool {
        let Some(trashed) = trashed else { return false };
        let trash_for = self.cluster.settings.trash_for.unwrap_or(std::time::Duration::MAX);
        let over = self.cluster.now() >= trashed.at.saturating_add(trash_for);
        over || self.board.state().may_be_emptied(folder, since)
    }

    fn thing_may_have_gone(&self, spot: &Spot, thing: &Thing) -> bool {
        let emptied = self.board.state().may_be_emptied_by(spot.folder, thing.since, thing.emptyings);
        emptied || self.may_have_gone(spot.folder, thing.since, thing.trashed.as_ref())
    }

    /// Opens the folder that it wants to change something in.
    async fn open_for(
        &self,
        what: &'static str,
        bucket: &Bucket,
        account: &Account,
        folder: FolderId,
    ) -> Option<Folder<Delete>> {
        let start = self.cluster.now();
        let opened: Result<Folder<Delete>> = bucket.folder(account, &FolderRef::Id(folder)).await;
        if opened.is_err() {
            self.judge(what, folder, start, &opened);
        }
        opened.ok()
    }
}
