//! Paths inside a folder. Text becomes one of these at the door and is never looked at as text again.

mod rules;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::rules::{MAX_DIRECTORY_NAME_BYTES, MAX_PATH_BYTES, MAX_SEGMENT_BYTES};
use crate::error::{Error, Subject};

/// A path of a file or a directory inside a folder.
///
/// * not empty, at most [`MAX_PATH_BYTES`] bytes, each segment at most [`MAX_SEGMENT_BYTES`];
/// * segments are parted by single `/`; none is empty; no `/` at either end; none is `.` or `..`,
///   nor with white space around it;
/// * no control character, no backslash (SeaweedFS turns it into `/`), no U+FFFE or U+FFFF.
///
/// What is made anew is held to a little more ([`FilePath::check_new_file`]), because what other
/// programs stored on one store may not be possible on all.
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

    /// Whether every supported store would give back a new file of this path.
    ///
    /// # Errors
    /// `Invalid`, naming the rule: nothing may be written there.
    pub fn check_new_file(&self) -> Result<(), Error> {
        self.check_new_parents()?;
        rules::check_new_file(self.name())
    }

    /// Whether every supported store would give back a new directory of this path.
    ///
    /// # Errors
    /// `Invalid`, naming the rule: nothing may be written there.
    pub fn check_new_directory(&self) -> Result<(), Error> {
        self.0.split('/').try_for_each(rules::check_new_directory)
    }

    fn check_new_parents(&self) -> Result<(), Error> {
        self.parent().path().map_or(Ok(()), Self::check_new_directory)
    }

    /// Whether it is `other` or lies below it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether one of the two is, or lies in, the other.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.is_within(other) || other.is_within(self)
    }

    /// The path that lies below `to` as this one lies below `from`, or `to` for `from` itself; `None` when
    /// it does not lie there, or would be too long.
    pub(crate) fn rebased(&self, from: &Self, to: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(&from.0)?;
        if rest.is_empty() || rest.starts_with('/') { format!("{to}{rest}").parse().ok() } else { None }
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
            return Err(Error::invalid(
                Subject::File,
                format!("the path has {} bytes: at most {MAX_PATH_BYTES} are taken", text.len()),
            ));
        }
        text.split('/').try_for_each(rules::check_segment)?;
        Ok(Self(text.to_owned()))
    }
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

impl Serialize for DirPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DirPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
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
