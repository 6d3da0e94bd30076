//! What is to be done with a tree, with every name resolved: whoever goes on with it after a crash
//! decides nothing anew.

use serde::{Deserialize, Serialize};

use super::policy::Kind;
use crate::error::{Error, Result, Subject};
use crate::files::STAMP;
use crate::files::trash::is_trash;
use crate::id::{FolderId, JobId, Stamp};
use crate::path::{DirPath, FilePath};
use crate::store::ObjectMeta;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Copy it.
    Copy,
    /// Copy it, and remove what was copied.
    Move,
    /// Remove it.
    Delete,
    /// Bring the files of a directory to where it was moved at once: for everybody they are there already.
    Relocate,
    /// Copy all that is seen in a folder into a new one.
    Clone,
}

impl Work {
    /// Its name, as it is stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Move => "move",
            Self::Delete => "delete",
            Self::Relocate => "relocate",
            Self::Clone => "clone",
        }
    }

    /// Whether what was done of it is found again by doing it again.
    pub(crate) const fn only_adds(self) -> bool {
        match self {
            Self::Copy | Self::Clone => true,
            Self::Move | Self::Delete | Self::Relocate => false,
        }
    }
}

/// A path in a folder, or all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The folder.
    pub folder: FolderId,
    /// The path; the root is the whole folder.
    pub path: DirPath,
}

impl Place {
    pub(in crate::files) const fn at(folder: FolderId, path: FilePath) -> Self {
        Self { folder, path: DirPath::at(path) }
    }
}

/// What to do with a file that is at the target of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Existing {
    /// Nothing was at the target when the names were resolved: what came since is left alone.
    Keep,
    /// Replace it.
    Replace,
    /// Put the other beside it.
    Rename,
}

/// Where something is put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) existing: Existing,
}

/// What is done to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) work: Work,
    pub(crate) kind: Kind,
    pub(crate) source: Place,
    /// None when something is removed.
    pub(crate) target: Option<Target>,
}

impl Plan {
    /// The files of the directory `from` are brought to `to`, where it was moved at once.
    pub(crate) fn relocation(folder: FolderId, from: &FilePath, to: &FilePath) -> Self {
        let place = |path: &FilePath| Place::at(folder, path.clone());
        let target = Some(Target { place: place(to), existing: Existing::Keep });
        Self { work: Work::Relocate, kind: Kind::Directory, source: place(from), target }
    }

    /// All of the folder `source` is copied into `target`, which was made for it.
    pub(crate) fn cloning(source: FolderId, target: FolderId) -> Self {
        let place = |folder| Place { folder, path: DirPath::root() };
        let target = Some(Target { place: place(target), existing: Existing::Keep });
        Self { work: Work::Clone, kind: Kind::Directory, source: place(source), target }
    }

    /// The path that is worked on.
    ///
    /// # Errors
    /// `Internal` when it is a whole folder.
    pub(in crate::files) fn source_path(&self) -> Result<&FilePath> {
        self.source.path.path().ok_or_else(|| Error::internal(Subject::Job, "work on a path without one"))
    }

    /// The path where it is put, if it is put at one.
    pub(crate) fn target_path(&self) -> Option<&FilePath> {
        self.target.as_ref()?.place.path.path()
    }

    /// Whether it is a move into the trash of a folder, or out of it.
    pub(super) fn touches_trash(&self) -> bool {
        let ends = [self.source.path.path(), self.target_path()];
        self.work == Work::Move && ends.into_iter().flatten().any(is_trash)
    }

    /// Where what lies at `path` of the source goes.
    ///
    /// # Errors
    /// `Invalid` when the path there would be too long.
    pub(super) fn target_of(&self, path: &FilePath) -> Result<FilePath> {
        let (Some(from), Some(to)) = (self.source.path.path(), self.target_path()) else { return Ok(path.clone()) };
        match path.as_str().strip_prefix(from.as_str()) {
            None | Some("") => Ok(to.clone()),
            Some(rest) => format!("{to}{rest}").parse(),
        }
    }
}

/// The stamp of the copy that the undertaking `id` makes of this version of a file.
///
/// The same bytes written again are another version: their ETag is the same, the stamp of their write is not.
pub(in crate::files) fn stamp(id: JobId, source: &ObjectMeta) -> Stamp {
    let (etag, written) = (&source.etag.0, source.metadata.get(STAMP).map_or("", String::as_str));
    Stamp::of_copy(id, &format!("{etag} {written}"))
}

/// Whose copy a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// This undertaking's, of this version.
    Now,
    /// This undertaking's, of a version that is no more.
    Before,
    /// Somebody else's.
    Elsewhere,
}

/// Whose copy a file is that bears `found`.
pub(super) fn made(found: Option<&str>, id: JobId, source: &ObjectMeta) -> Made {
    match found {
        Some(found) if found == stamp(id, source).as_str() => Made::Now,
        Some(found) if Stamp::is_copy_of(found, id) => Made::Before,
        _ => Made::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, ManualClock};
    use crate::random::SystemRandom;
    use crate::store::ETag;

    fn version(etag: &str, written: &str) -> ObjectMeta {
        let metadata = [(STAMP.to_owned(), written.to_owned())].into();
        ObjectMeta {
            size: 1,
            etag: ETag(etag.to_owned()),
            modified: ManualClock::new().now(),
            content_type: None,
            metadata,
        }
    }

    #[test]
    fn a_path_goes_to_the_same_place_below_the_target() {
        let folder = FolderId::random(&SystemRandom);
        let place = |path: &str| Place { folder, path: path.parse().unwrap() };
        let target = Some(Target { place: place("x/y"), existing: Existing::Keep });
        let plan = Plan { work: Work::Copy, kind: Kind::Directory, source: place("a/b"), target };
        for (path, expected) in [("a/b", "x/y"), ("a/b/c", "x/y/c"), ("a/b/c/d e", "x/y/c/d e")] {
            assert_eq!(plan.target_of(&path.parse().unwrap()).unwrap().as_str(), expected);
        }
        let whole = Plan::cloning(folder, FolderId::random(&SystemRandom));
        assert_eq!(whole.target_of(&"a/b".parse().unwrap()).unwrap().as_str(), "a/b");
    }

    #[test]
    fn a_plan_of_a_path_is_read_as_it_was_written_before_there_were_whole_folders() {
        let folder = FolderId::random(&SystemRandom);
        let stored = format!(
            r#"{{"work":"copy","kind":"file","source":{{"folder":"{folder}","path":"a/b"}},
                "target":{{"place":{{"folder":"{folder}","path":"c"}},"existing":"keep"}}}}"#
        );
        let plan: Plan = serde_json::from_str(&stored).unwrap();
        assert_eq!(plan.source_path().unwrap().as_str(), "a/b");
        assert_eq!(plan.target_path().map(FilePath::as_str), Some("c"));
        let whole = Plan::cloning(folder, folder);
        assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&whole).unwrap()).unwrap(), whole);
        assert_eq!(whole.source_path().unwrap_err().kind(), crate::ErrorKind::Internal);
    }

    #[test]
    fn a_copy_is_known_by_its_undertaking_and_its_version() {
        let (one, other) = (JobId::random(&SystemRandom), JobId::random(&SystemRandom));
        let (old, new, again) = (version("\"1\"", "a"), version("\"2\"", "a"), version("\"1\"", "b"));
        let found = stamp(one, &old);
        assert_eq!(made(Some(found.as_str()), one, &old), Made::Now);
        assert_eq!(made(Some(found.as_str()), one, &new), Made::Before);
        assert_eq!(made(Some(found.as_str()), one, &again), Made::Before, "the same bytes, written again");
        assert_eq!(made(Some(found.as_str()), other, &old), Made::Elsewhere);
        assert_eq!(made(None, one, &old), Made::Elsewhere);
    }
}
