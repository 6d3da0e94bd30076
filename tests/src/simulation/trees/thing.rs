//! A file or a tree of a client, as far as it is known, and where it is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mapping::Timestamp;
use mapping::id::FolderId;
use mapping::path::FilePath;

use crate::simulation::client::Possible;
use crate::simulation::content::Tag;

/// What files hold, by their paths below a root; a single file has the path "".
pub type Contents = BTreeMap<String, Tag>;

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The folder.
    pub folder: FolderId,
    /// The path of the file or directory.
    pub root: FilePath,
}

impl Spot {
    /// The path of what lies below it.
    ///
    /// # Panics
    /// When that is no path.
    #[must_use]
    pub fn at(&self, rest: &str) -> FilePath {
        let root = &self.root;
        if rest.is_empty() { root.clone() } else { format!("{root}/{rest}").parse().expect("a path") }
    }

    /// Whether it is the place of a single file: its name says so.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.root.name().starts_with('g')
    }

    /// Whether it is in the trash.
    #[must_use]
    pub fn is_in_trash(&self) -> bool {
        self.root.as_str().starts_with("Trash/")
    }

    /// Another place in the same folder.
    #[must_use]
    pub const fn beside(&self, root: FilePath) -> Self {
        Self { folder: self.folder, root }
    }
}

/// What a look at a place has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether anything is there, if only an empty directory.
    pub there: bool,
    /// The files.
    pub files: Contents,
    /// The directories below it.
    pub directories: BTreeSet<String>,
    /// When each file was written.
    pub written: BTreeMap<String, Timestamp>,
}

/// Where something in the trash came from.
#[derive(Clone, Debug)]
pub struct Trashed {
    /// Its path then.
    pub origin: FilePath,
    /// When that was, at the earliest.
    pub at: Duration,
}

/// Something that nothing is done to at the moment.
#[derive(Clone, Debug, Default)]
pub struct Thing {
    /// Its files, and what each may hold.
    pub files: BTreeMap<String, Possible>,
    /// Directories that were made on purpose.
    pub directories: BTreeSet<String>,
    /// From when on others may have removed it with the trash.
    pub since: Duration,
    /// When it lies in the trash.
    pub trashed: Option<Trashed>,
    /// How many emptyings had begun when it was put back at once: those may still remove some of it.
    pub emptyings: usize,
}

impl Thing {
    /// What was just seen.
    #[must_use]
    pub fn of(files: &Contents, since: Duration) -> Self {
        let files = files.iter().map(|(rest, tag)| (rest.clone(), vec![Some(*tag)])).collect();
        Self { files, since, ..Self::default() }
    }

    /// What it holds, unless some of that is not known.
    #[must_use]
    pub fn certain(&self) -> Option<Contents> {
        let mut contents = Contents::new();
        for (rest, possible) in &self.files {
            match possible.as_slice() {
                [Some(tag)] => drop(contents.insert(rest.clone(), *tag)),
                [None] => {}
                _ => return None,
            }
        }
        Some(contents)
    }

    /// Holds a look against what is known, and takes what it tells.
    ///
    /// # Errors
    /// What cannot be; `may_have_gone`: others may have removed some of it.
    pub fn compare(&mut self, seen: &Seen, may_have_gone: bool) -> Result<(), String> {
        for (rest, possible) in &mut self.files {
            let found = seen.files.get(rest).copied();
            let gone = may_have_gone && found.is_none();
            if !gone && !possible.contains(&found) {
                return Err(format!("`{rest}` is {found:?} instead of one of {possible:?}"));
            }
            *possible = vec![found];
        }
        if let Some((rest, tag)) = seen.files.iter().find(|(rest, _)| !self.files.contains_key(*rest)) {
            return Err(format!("`{rest}` holds {tag}, which nobody put there"));
        }
        let missing = self.directories.iter().find(|directory| !seen.directories.contains(*directory));
        match missing {
            Some(missing) if !may_have_gone => return Err(format!("the directory `{missing}` is gone")),
            Some(_) => self.directories.clear(),
            None => {}
        }
        self.files.retain(|_, possible| *possible != [None]);
        Ok(())
    }
}
