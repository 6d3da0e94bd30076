//! What one client knows to be there. Nobody else writes where it does, so each look has one right answer.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

/// Places of a client that files come and go at.
const SLOTS: u64 = 6;

/// All that was acknowledged to one client.
pub(crate) struct Oracle {
    /// Where the client's files are.
    pub(crate) directory: String,
    /// What is at each path; `None` is nothing.
    files: BTreeMap<String, Option<Bytes>>,
    /// How often a slot got a new path.
    generations: BTreeMap<u64, u64>,
    /// Directories that were made, and nothing put into.
    pub(crate) made: BTreeSet<String>,
    /// Directories that were moved away.
    pub(crate) left: BTreeSet<String>,
    /// Folders that are there, by name, and those that are not any more.
    pub(crate) folders: BTreeMap<String, bool>,
}

impl Oracle {
    pub(crate) fn new(number: u64) -> Self {
        let (files, generations) = (BTreeMap::new(), BTreeMap::new());
        let (made, left, folders) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        Self { directory: format!("c{number}"), files, generations, made, left, folders }
    }

    /// The path that a slot stands for now.
    pub(crate) fn path(&self, chance: u64) -> String {
        let slot = chance % SLOTS;
        let generation = self.generations.get(&slot).copied().unwrap_or_default();
        format!("{}/d{}/f{slot}-{generation}.bin", self.directory, slot % 2)
    }

    /// A change of a path was acknowledged.
    pub(crate) fn acknowledge(&mut self, path: &str, content: Option<Bytes>) {
        self.files.insert(path.to_owned(), content);
    }

    /// Some request that changes the path had no answer, so it may still have its effect. That is
    /// harmless for as long as nothing else is written there: from now on the slot is another path,
    /// and what was acknowledged of this one holds for ever.
    pub(crate) fn retire(&mut self, chance: u64) {
        *self.generations.entry(chance % SLOTS).or_default() += 1;
    }

    /// What is at a path, as far as anybody ever said.
    pub(crate) fn at(&self, path: &str) -> Option<&Bytes> {
        self.files.get(path).and_then(Option::as_ref)
    }

    /// Each path that was ever written, and what is there.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Option<Bytes>)> {
        self.files.iter()
    }

    /// The names of the files in a directory of this client.
    pub(crate) fn names(&self, directory: &str) -> Vec<String> {
        let there = self.files.iter().filter(|(_, content)| content.is_some());
        let below = there.filter_map(|(path, _)| path.strip_prefix(directory)?.strip_prefix('/'));
        below.map(str::to_owned).collect()
    }
}
