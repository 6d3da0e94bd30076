//! Paths of the trash.

use crate::path::{DirPath, FilePath};

/// The directory of each folder that is its trash.
pub const TRASH: &str = "Trash";

/// The trash, as a path.
pub(super) fn root() -> FilePath {
    TRASH.parse().expect("it is one segment of letters")
}

/// The trash, as a directory.
pub(in crate::files) fn trash() -> DirPath {
    DirPath::at(root())
}

/// Whether `path` is the trash or lies in it.
pub(in crate::files) fn is_trash(path: &FilePath) -> bool {
    path.as_str() == TRASH || path.is_below(&trash())
}

/// What was put into the trash in one piece and is or holds `path`; `None` outside of the trash.
pub(super) fn entry_of(path: &FilePath) -> Option<FilePath> {
    let rest = path.as_str().strip_prefix(TRASH)?.strip_prefix('/')?;
    trash().join(rest.split('/').next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FilePath {
        text.parse().unwrap()
    }

    #[test]
    fn an_entry_is_what_lies_directly_in_the_trash() {
        for (text, entry) in [
            ("Trash/a", Some("Trash/a")),
            ("Trash/a (1)/b/c", Some("Trash/a (1)")),
            ("Trash", None),
            ("Trashy/a", None),
            ("x/Trash/a", None),
        ] {
            assert_eq!(entry_of(&path(text)).as_ref().map(FilePath::as_str), entry, "{text}");
        }
    }
}
