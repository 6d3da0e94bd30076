//! What is to be done with a tree, with every name resolved: whoever goes on with it after a crash
//! decides nothing anew.

use serde::{Deserialize, Serialize};

use super::policy::Kind;
use crate::error::Result;
use crate::files::STAMP;
use crate::files::trash::is_trash;
use crate::id::{FolderId, JobId, Stamp};
use crate::path::FilePath;
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
        }
    }
}

/// A path in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The folder.
    pub folder: FolderId,
    /// The path.
    pub path: FilePath,
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
        let place = |path: &FilePath| Place { folder, path: path.clone() };
        let target = Some(Target { place: place(to), existing: Existing::Keep });
        Self { work: Work::Relocate, kind: Kind::Directory, source: place(from), target }
    }

    /// Where it is put, if anywhere.
    pub(crate) fn target_path(&self) -> Option<&FilePath> {
        self.target.as_ref().map(|target| &target.place.path)
    }

    /// Whether it is a move into the trash of a folder, or out of it.
    pub(super) fn touches_trash(&self) -> bool {
        let Some(target) = &self.target else { return false };
        self.work == Work::Move && (is_trash(&self.source.path) || is_trash(&target.place.path))
    }

    /// Where what lies at `path` of the source goes.
    ///
    /// # Errors
    /// `Invalid` when the path there would be too long.
    pub(super) fn target_of(&self, target: &Target, path: &FilePath) -> Result<FilePath> {
        match path.as_str().strip_prefix(self.source.path.as_str()) {
            None | Some("") => Ok(target.place.path.clone()),
            Some(rest) => format!("{}{rest}", target.place.path).parse(),
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
        let target = Target { place: place("x/y"), existing: Existing::Keep };
        let plan = Plan { work: Work::Copy, kind: Kind::Directory, source: place("a/b"), target: None };
        for (path, expected) in [("a/b", "x/y"), ("a/b/c", "x/y/c"), ("a/b/c/d e", "x/y/c/d e")] {
            assert_eq!(plan.target_of(&target, &path.parse().unwrap()).unwrap().as_str(), expected);
        }
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
