//! Writes to a place that a directory has just left. Who has not heard of that takes them, and what he took
//! follows; everybody else lets them wait until the place is free.

use std::time::Duration;

use mapping::files::WriteOptions;
use mapping::{Account, Bucket, Result};

use super::at_once::{Left, Moved};
use super::follow::UNDER_WAY;
use super::make::FILES;
use super::thing::{Seen, Spot};
use crate::simulation::board::BOUND;
use crate::simulation::client::Client;
use crate::simulation::content::{Tag, body, content, length};
use crate::simulation::report::is_unknown;

/// A write to a place that was left.
struct Behind<'a> {
    rest: &'a str,
    tag: Tag,
    before: Option<Tag>,
    acknowledged: bool,
}

impl Client {
    /// Whether some replica may not have heard yet that everything has left this place.
    pub(super) fn was_just_left(&self, spot: &Spot) -> bool {
        self.trees.left.get(spot).is_some_and(|left| self.cluster.now() <= left.at + BOUND)
    }

    /// Writes a file to where the directory was.
    pub(super) async fn write_behind(&mut self, bucket: &Bucket, account: &Account, moved: &Moved) {
        let (from, to) = (&moved.from, &moved.to);
        let Some(left) = self.trees.left.get(from).cloned() else { return };
        let is_there = self.trees.things.get(to).is_some_and(|thing| thing.certain().is_some());
        if !is_there || self.trees.is_under_way(from) || self.trees.is_under_way(to) || from.is_in_trash() {
            return;
        }
        let rest = FILES[usize::try_from(self.below(FILES.len() as u64)).expect("small")];
        let Some(folder) = self.open_for("write behind", bucket, account, from.folder).await else { return };
        let (tag, start, path) = (self.new_tag(), self.cluster.now(), from.at(rest));
        let bytes = body(&content(tag));
        let answer = folder.write(&path, Some(length(tag) as u64), bytes, WriteOptions::default()).await;
        self.judge("write behind", from.folder, start, &answer);
        self.did("write behind", from.folder, &path, &format!("{tag}"), &answer);
        if answer.as_ref().is_err_and(|error| !is_unknown(error)) {
            return;
        }
        self.may_be_at(from, rest, tag);
        self.may_be_at(to, rest, tag);
        self.trees.left.remove(from);
        self.find(from, to, left, (rest, tag), &answer).await;
    }

    fn may_be_at(&mut self, spot: &Spot, rest: &str, tag: Tag) {
        let possible = self.thing(spot).files.entry(rest.to_owned()).or_insert_with(|| vec![None]);
        possible.push(Some(tag));
    }

    /// Looks for what was written, once everybody has heard of the move.
    async fn find<T>(&mut self, from: &Spot, to: &Spot, left: Left, (rest, tag): (&str, Tag), answer: &Result<T>) {
        let heard = (left.at + BOUND).saturating_sub(self.cluster.now()) + Duration::from_millis(1);
        tokio::time::sleep(heard.max(UNDER_WAY)).await;
        let before = self.trees.things.get(to).and_then(|thing| thing.files.get(rest)).cloned().unwrap_or_default();
        let Some(eye) = self.eye(from.folder).await else { return };
        let (start, seen) = (self.cluster.now(), eye.look(from).await);
        let Some(at_old) = self.sight("look behind", from, start, seen) else { return };
        let (start, seen) = (self.cluster.now(), eye.look(to).await);
        let Some(at_new) = self.sight("look behind", to, start, seen) else { return };
        // What was written at the new place since counts.
        let replaced = before.iter().flatten().any(|other| *other != tag && left.before.get(rest) != Some(other));
        let may_have_gone = self.trees.things.get(to).is_some_and(|thing| self.thing_may_have_gone(to, thing));
        let behind = Behind {
            rest,
            tag,
            before: left.before.get(rest).copied(),
            acknowledged: answer.is_ok() && !replaced && !may_have_gone,
        };
        if let Err(wrong) = behind.check(&at_old, &at_new) {
            self.broken(&format!("`{rest}` was written behind {from:?}, gone to {to:?}, and is {wrong}"));
        }
    }
}

impl Behind<'_> {
    fn check(&self, at_old: &Seen, at_new: &Seen) -> Result<(), String> {
        let holds = |seen: &Seen| seen.files.get(self.rest) == Some(&self.tag);
        match (holds(at_old), holds(at_new)) {
            (true, true) => Err("at both places".to_owned()),
            (false, false) if self.acknowledged => {
                Err(format!("at neither place: {:?}, before {:?}", at_new.files.get(self.rest), self.before))
            }
            _ => Ok(()),
        }
    }
}
