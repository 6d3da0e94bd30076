//! Paths inside a folder. Text becomes one of these at the door and is never looked at as text again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Subject};

/// The longest path in bytes. A key may have 1024: the rest is for the folder's prefix and for
/// what a move or a trash puts in front.
pub const MAX_PATH_BYTES: usize = 900;

/// The longest segment in bytes: more is refused by SeaweedFS, MinIO and every file system that a
/// client would download to.
pub const MAX_SEGMENT_BYTES: usize = 255;

/// A path of a file or a directory inside a folder.
///
/// * not empty, at most [`MAX_PATH_BYTES`] bytes, each segment at most [`MAX_SEGMENT_BYTES`];
/// * segments are parted by single `/`; none is empty, `.` or `..`; no `/` at either end;
/// * no control character and no backslash (SeaweedFS turns it into `/`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FilePath(String);

impl FilePath {
    /// The path as text, without `/` at either end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The directory it lies in.
    #[must_use]
    pub fn parent(&self) -> DirPath {
        DirPath(self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned())))
    }

    /// The directories above it, nearest first, without the root.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        self.0.rmatch_indices('/').map(|(at, _)| Self(self.0[..at].to_owned()))
    }

    /// Whether it lies below `directory`, at any depth.
    #[must_use]
    pub fn is_below(&self, directory: &DirPath) -> bool {
        match &directory.0 {
            None => true,
            Some(above) => self.0.strip_prefix(above.as_str()).is_some_and(|rest| rest.starts_with('/')),
        }
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FilePath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_PATH_BYTES {
            return Err(Error::invalid(Subject::File, format!("the path is longer than {MAX_PATH_BYTES} bytes")));
        }
        text.split('/').try_for_each(check_segment)?;
        Ok(Self(text.to_owned()))
    }
}

fn check_segment(segment: &str) -> Result<(), Error> {
    let complaint = match segment {
        "" => "the path has an empty segment",
        "." | ".." => "the path has a `.` or `..` segment",
        long if long.len() > MAX_SEGMENT_BYTES => "the path has a name of more than 255 bytes",
        text if text.chars().any(|c| c.is_control() || c == '\\') => "the path has a control character or a backslash",
        _ => return Ok(()),
    };
    Err(Error::invalid(Subject::File, complaint))
}

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A directory inside a folder: the root, or a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirPath(Option<FilePath>);

impl DirPath {
    /// The folder's root.
    #[must_use]
    pub const fn root() -> Self {
        Self(None)
    }

    /// The directory at `path`.
    #[must_use]
    pub const fn at(path: FilePath) -> Self {
        Self(Some(path))
    }

    /// Its path; `None` for the root.
    #[must_use]
    pub const fn path(&self) -> Option<&FilePath> {
        self.0.as_ref()
    }

    /// The path of `name` in this directory.
    ///
    /// # Errors
    /// `Invalid` when `name` is not one segment or the whole is too long.
    pub fn join(&self, name: &str) -> Result<FilePath, Error> {
        if name.contains('/') {
            return Err(Error::invalid(Subject::File, "a name has no `/`"));
        }
        match &self.0 {
            None => name.parse(),
            Some(path) => format!("{path}/{name}").parse(),
        }
    }
}

impl fmt::Display for DirPath {
    /// The path, or nothing for the root.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |path| path.fmt(f))
    }
}

impl FromStr for DirPath {
    type Err = Error;

    /// Takes `""`, `"/"` and `"."` for the root, and one `/` at the end of any other path.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "" | "/" | "." | "./" => Ok(Self::root()),
            _ => text.strip_suffix('/').unwrap_or(text).parse().map(Self::at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_a_path_is_refused() {
        let long_segment = "x".repeat(256);
        let long_path = "abcdefghi/".repeat(90) + "x";
        for text in [
            "",
            "/",
            "a//b",
            "/a",
            "a/",
            ".",
            "..",
            "a/../b",
            "a/./b",
            "a\0b",
            "a\nb",
            "a\\b",
            "\u{7f}",
            "a/\u{85}",
            &long_segment,
            &long_path,
        ] {
            assert!(text.parse::<FilePath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_that_people_use_are_taken() {
        for text in
            ["a", "a b/c d.txt", "日本/é.bin", ".hidden", "a..b", "...", "50%+#?&=;:@\"'<>~^`{}[]!", &"x".repeat(255)]
        {
            assert_eq!(text.parse::<FilePath>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_path_knows_its_parts() {
        let path: FilePath = "a/b/c".parse().unwrap();
        assert_eq!(path.name(), "c");
        assert_eq!(path.parent().to_string(), "a/b");
        let above: Vec<_> = path.ancestors().map(|path| path.to_string()).collect();
        assert_eq!(above, ["a/b", "a"]);
        assert!(path.is_below(&"a".parse().unwrap()));
        assert!(!"ab/c".parse::<FilePath>().unwrap().is_below(&"a".parse().unwrap()));
        assert!(path.is_below(&DirPath::root()));
    }

    #[test]
    fn a_directory_takes_one_name() {
        assert_eq!(DirPath::root().join("x").unwrap().as_str(), "x");
        assert_eq!("a/".parse::<DirPath>().unwrap().join("x").unwrap().as_str(), "a/x");
        assert!(DirPath::root().join("x/y").is_err());
        assert!(DirPath::root().join("..").is_err());
    }

    proptest! {
        #[test]
        fn what_parses_displays_as_it_was(text in "\\PC{0,40}") {
            if let Ok(path) = text.parse::<FilePath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }

        #[test]
        fn no_parsed_path_escapes(text in "[./a\\\\\u{0}-\u{20}]{0,12}") {
            if let Ok(path) = text.parse::<FilePath>() {
                prop_assert!(path.as_str().split('/').all(|part| !matches!(part, "" | "." | "..")));
                prop_assert!(!path.as_str().contains(|c: char| c.is_control() || c == '\\'));
            }
        }
    }
}
