//! Moves at once whose answer says that it may have been done. Nobody knows whether the directory has moved, nor
//! under which name; but it is at one place, whole, for whoever looks, and soon it is certain which that is.

use std::collections::BTreeMap;
use std::time::Duration;

use mapping::{Error, ErrorKind};

use super::carry::Asked;
use super::eye::Eye;
use super::follow::UNDER_WAY;
use super::thing::{Seen, Spot};
use super::work::{Deed, State, Work};
use crate::simulation::board::Certainty;
use crate::simulation::client::Client;
use crate::simulation::report::is_unknown;

/// A move that may have been done.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    asked: Asked,
    at: Duration,
}

/// What one replica has shown: the old place, each that may be the new one, and the old place again.
#[derive(Debug)]
struct Sight {
    source: Seen,
    names: BTreeMap<Spot, Seen>,
    source_again: Seen,
}

impl Doubt {
    pub(super) fn touches(&self, spot: &Spot) -> bool {
        self.asked.from == *spot || spot.is_name_of(&self.asked.to)
    }

    /// What it is if it was done, under the name `put`.
    fn work(&self, put: Spot) -> Work {
        let state = State::Over(super::work::End::Whole);
        self.asked.clone().work(put, state, self.asked.start)
    }
}

impl Client {
    /// Whether a request may have moved a directory although it ended in `error`.
    pub(super) fn doubts(&mut self, asked: &Asked, error: &Error) -> bool {
        let stays = asked.from.folder == asked.to.folder && asked.from != asked.to;
        if asked.deed == Deed::Copy
            || !stays
            || asked.from.is_file()
            || !is_unknown(error)
            || error.kind() == ErrorKind::Internal
        {
            return false;
        }
        self.trees.doubts.push(Doubt { asked: asked.clone(), at: self.cluster.now() });
        true
    }

    /// Looks at where it was and where it may be.
    pub(super) async fn look_into(&mut self, which: usize) {
        let (doubt, start) = (self.trees.doubts[which].clone(), self.cluster.now());
        if self.exists(&doubt.asked.from, start) == Certainty::No {
            self.trees.doubts.swap_remove(which);
            return drop(self.trees.things.remove(&doubt.asked.from));
        }
        let Some(eye) = self.eye(doubt.asked.from.folder).await else { return };
        let Some(sight) = self.look_around(&eye, &doubt.asked).await else { return };
        let work = doubt.work(doubt.asked.to.clone());
        let may_have_gone = self.work_may_have_gone(&work);
        if let Err(wrong) = sight.check(&work, may_have_gone) {
            return self.broken(&format!("{wrong}: {sight:?}: {doubt:?}"));
        }
        if start < doubt.at + UNDER_WAY {
            return;
        }
        self.trees.doubts.swap_remove(which);
        match sight.found(&work) {
            Some(put) => {
                self.take_name(&put);
                self.trees.touched.insert(put.clone());
                self.trees.passed.insert(put.clone());
                self.arrived(doubt.work(put), None).await;
            }
            None if may_have_gone && !sight.source_again.there => {
                self.trees.things.remove(&doubt.asked.from);
            }
            None => self.look_at(&doubt.asked.from).await,
        }
    }

    async fn look_around(&mut self, eye: &Eye, asked: &Asked) -> Option<Sight> {
        let (from, start) = (&asked.from, self.cluster.now());
        let source = self.sight("doubt", from, start, eye.look(from).await)?;
        let (start, listed) = (self.cluster.now(), eye.names(&asked.to).await);
        let listed = self.sight("doubt", &asked.to, start, listed)?;
        let spots = listed.into_iter().map(|root| from.beside(root));
        let spots = spots.filter(|spot| spot.is_name_of(&asked.to) && spot != from);
        let on_the_way = |spot: &Spot| self.trees.works.iter().any(|work| work.touches(spot));
        let is_thing = |spot: &Spot| self.trees.things.contains_key(spot) && !self.has_gone(spot);
        let known = |spot: &Spot| is_thing(spot) || on_the_way(spot);
        let spots: Vec<_> = spots.filter(|spot| !known(spot)).collect();
        let mut names = BTreeMap::new();
        for spot in spots {
            let (start, seen) = (self.cluster.now(), eye.look(&spot).await);
            let seen = self.sight("doubt", &spot, start, seen)?;
            names.insert(spot, seen);
        }
        let (start, seen) = (self.cluster.now(), eye.look(from).await);
        let source_again = self.sight("doubt", from, start, seen)?;
        Some(Sight { source, names, source_again })
    }
}

impl Sight {
    /// Each file is at one place at least in the order of the looks, and at one at most in the other.
    fn check(&self, work: &Work, may_have_gone: bool) -> Result<(), String> {
        for (rest, tag) in &work.rule.before {
            let has = |seen: &Seen| usize::from(seen.files.get(rest) == Some(tag));
            let names: usize = self.names.values().map(has).sum();
            if has(&self.source) + names == 0 && !may_have_gone {
                return Err(format!("`{rest}` is at no place"));
            }
            if names + has(&self.source_again) > 1 {
                return Err(format!("`{rest}` is at two places"));
            }
        }
        Ok(())
    }

    /// The name under which it is seen, if it has moved.
    fn found(&self, work: &Work) -> Option<Spot> {
        let before = &work.rule.before;
        let holds = |seen: &Seen| seen.files.iter().any(|(rest, tag)| before.get(rest) == Some(tag));
        let mut moved = self.names.iter().filter(|(_, seen)| holds(seen));
        moved.next().map(|(spot, _)| spot.clone())
    }
}
