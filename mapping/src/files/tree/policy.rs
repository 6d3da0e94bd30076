//! What to do where something has the name already, and the names that are given instead.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, Subject};
use crate::path::{FilePath, MAX_DIRECTORY_NAME_BYTES, MAX_SEGMENT_BYTES};

/// What a copy or a move does where something is at its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictPolicy {
    /// Refuse, and change nothing.
    Reject,
    /// Put it beside what is there, as `name (1)`.
    Rename,
    /// Replace files. A directory is merged into the one that is there, file by file; a directory
    /// never replaces a file, nor a file a directory.
    Replace,
    /// Merge a directory into the one that is there; files whose name is taken are put beside what
    /// is there, as [`ConflictPolicy::Rename`] does with everything else.
    MergeRename,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
}

/// `path` with ` (n)` behind its name, before the extension of a file, cut to fit.
///
/// # Errors
/// `Invalid` when the whole path would be too long.
pub(in crate::files) fn numbered(path: &FilePath, n: u32, kind: Kind) -> Result<FilePath> {
    let ((stem, extension), most) = match kind {
        Kind::File => (split(path.name()), MAX_SEGMENT_BYTES),
        Kind::Directory => ((path.name(), ""), MAX_DIRECTORY_NAME_BYTES),
    };
    let suffix = format!(" ({n}){extension}");
    let mut stem = stem.to_owned();
    while stem.len() + suffix.len() > most && stem.pop().is_some() {}
    path.parent().join(&(stem + &suffix)).map_err(|error| {
        Error::invalid(Subject::File, format!("`{path}` is taken, and has no room for a number behind it"))
            .caused_by(error)
    })
}

/// A file's name and its extension with the dot. A dot at the beginning hides a file and begins no
/// extension; one so long that no room is left for a name is none either.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 64 => name.split_at(at),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_stands_behind_the_name_and_before_the_extension() {
        for (path, kind, expected) in [
            ("a/b.txt", Kind::File, "a/b (1).txt"),
            ("a/b.tar.gz", Kind::File, "a/b.tar (1).gz"),
            ("b", Kind::File, "b (1)"),
            (".ssh", Kind::File, ".ssh (1)"),
            ("a/b.d", Kind::Directory, "a/b.d (1)"),
        ] {
            assert_eq!(numbered(&path.parse().unwrap(), 1, kind).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_path_without_room_for_a_number_is_refused() {
        let long = format!("{}/{}/{}/{}", "x".repeat(255), "x".repeat(255), "x".repeat(255), "x".repeat(132));
        assert_eq!(long.len(), 900);
        let error = numbered(&long.parse().unwrap(), 1, Kind::File).unwrap_err();
        assert!(error.message().contains("no room"), "{error}");
    }

    proptest! {
        #[test]
        fn a_numbered_name_is_a_name_and_another(name in "\\PC{1,255}", n in 1_u32..10_000) {
            if let Ok(path) = name.parse::<FilePath>() {
                for kind in [Kind::File, Kind::Directory] {
                    let other = numbered(&path, n, kind).unwrap();
                    prop_assert_ne!(&other, &path);
                    prop_assert_eq!(other.parent(), path.parent());
                }
            }
        }
    }
}
