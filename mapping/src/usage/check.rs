//! Counts a folder on demand, says where its usage had drifted, and finds a file and a directory
//! of one name.

use super::Usage;
use super::amount::Amount;
use super::count::is_below_any;
use super::ledger::Ledger;
use crate::error::{Result, Subject};
use crate::id::FolderId;
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::store::{ListPage, ListRequest};

/// How many names of clashes are told; more are only counted.
const MOST_CLASHES: usize = 100;

/// Whether a check saves what it counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// It does.
    Yes,
    /// It only looks.
    No,
}

/// What a check of a folder found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What the usage said.
    pub recorded: Usage,
    /// What is there.
    pub listed: Usage,
    /// Whether the usage was known not to be exact: something went since the last count, or is
    /// under way. A difference is no drift then.
    pub unsettled: bool,
    /// Whether what was counted was saved.
    pub repaired: bool,
    /// The first paths that are a file and a directory.
    pub clashes: Vec<String>,
    /// How many there are.
    pub clash_count: u64,
    /// Whether the store lists in byte order; names are not compared where it does not.
    pub ordered: bool,
}

impl Checked {
    /// Whether the usage was wrong and did not know.
    #[must_use]
    pub fn has_drifted(&self) -> bool {
        !self.unsettled && self.recorded != self.listed
    }
}

impl Ledger<'_> {
    /// Counts the folder and compares.
    pub(crate) async fn check(&self, folder: FolderId, prefix: &FolderPrefix, repair: Repair) -> Result<Checked> {
        let tally = self.tally(folder);
        let _counting = tally.counting.lock().await;
        let before = self.look(folder, &tally).await?;
        let begun = self.begin(folder, &tally).await?;
        let arrivals = self.arrivals(folder, prefix).await?;
        let mut census = Census::new(KeyPrefix::folder(prefix), arrivals.clone());
        let mut request = ListRequest::all(KeyPrefix::folder(prefix));
        loop {
            let page = self.bucket.store().list(request.clone()).await.map_err(|error| error.about(Subject::Folder))?;
            census.take(&page);
            let Some(token) = page.next else { break };
            request.token = Some(token);
        }
        for arrival in &arrivals {
            self.list_files(arrival.clone(), |object| census.add(object.size)).await?;
        }
        let after = self.look(folder, &tally).await?;
        let replica = self.bucket.replica();
        let moved = before.total() != after.total() || !after.held.quiet;
        let unsettled = !arrivals.is_empty() || before.needs_count(replica) || after.needs_count(replica) || moved;
        let repaired = repair == Repair::Yes && self.save(folder, &tally, begun, census.sum).await?.is_some();
        Ok(Checked {
            recorded: before.total().into(),
            listed: census.sum.into(),
            unsettled,
            repaired,
            clashes: census.clashes,
            clash_count: census.clash_count,
            ordered: census.ordered,
        })
    }
}

impl From<Amount> for Usage {
    fn from(amount: Amount) -> Self {
        Self { bytes: amount.bytes, files: amount.files }
    }
}

/// What a walk over a folder's keys has found so far. Memory is bounded by the depth of the tree:
/// in byte order, everything between `a` and `a/` begins with `a`.
#[derive(Debug)]
struct Census {
    folder: KeyPrefix,
    /// Where files are arriving: those are added later.
    arrivals: Vec<KeyPrefix>,
    sum: Amount,
    /// Files that a directory of the same name may still follow, each the beginning of the next.
    open: Vec<String>,
    last: String,
    ordered: bool,
    clashes: Vec<String>,
    clash_count: u64,
}

impl Census {
    const fn new(folder: KeyPrefix, arrivals: Vec<KeyPrefix>) -> Self {
        Self {
            folder,
            arrivals,
            sum: Amount { bytes: 0, files: 0 },
            open: Vec::new(),
            last: String::new(),
            ordered: true,
            clashes: Vec::new(),
            clash_count: 0,
        }
    }

    fn take(&mut self, page: &ListPage) {
        for object in &page.objects {
            self.look(&object.key);
            if !object.key.as_str().ends_with('/') && !is_below_any(&self.arrivals, &object.key) {
                self.add(object.size);
            }
        }
    }

    fn add(&mut self, bytes: u64) {
        self.sum = self.sum.plus(Amount { bytes, files: 1 });
    }

    fn look(&mut self, key: &ObjectKey) {
        let Some(path) = self.folder.rest(key).map(str::to_owned) else { return };
        self.ordered &= self.last < path;
        while self.open.last().is_some_and(|file| !path.starts_with(file.as_str())) {
            self.open.pop();
        }
        let below = |file: &String| path[file.len()..].starts_with('/');
        if let Some(at) = self.open.iter().position(below) {
            let file = self.open.remove(at);
            self.clash_count += 1;
            if self.clashes.len() < MOST_CLASHES {
                self.clashes.push(file);
            }
        }
        self.last.clone_from(&path);
        if !path.ends_with('/') {
            self.open.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::random::SystemRandom;
    use crate::store::{ETag, Listed};

    fn census(paths: &[&str]) -> Census {
        let prefix = FolderPrefix::of(FolderId::random(&SystemRandom));
        let folder = KeyPrefix::folder(&prefix);
        let mut census = Census::new(folder.clone(), Vec::new());
        let listed = |path: &&str| Listed {
            key: ObjectKey::listed(format!("{folder}{path}")),
            size: 5,
            etag: ETag(String::new()),
            modified: Timestamp::from_millis(0),
        };
        for page in paths.chunks(2) {
            census.take(&ListPage { objects: page.iter().map(listed).collect(), ..ListPage::default() });
        }
        census
    }

    #[test]
    fn a_file_and_a_directory_of_one_name_are_found_however_far_apart() {
        let found = census(&["a", "a b", "a b/c", "a-", "a-/", "a.txt", "a/x", "a/x/y", "a/z", "b/", "b/c", "c", "c0"]);
        assert_eq!(found.clashes, ["a b", "a-", "a", "a/x"]);
        assert_eq!((found.sum, found.ordered), (Amount { bytes: 55, files: 11 }, true));
    }

    #[test]
    fn a_store_without_order_is_told() {
        assert!(!census(&["b", "a"]).ordered);
    }
}
