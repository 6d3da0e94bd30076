//! The names that every supported store must give back as they were put: a table of those that some
//! layer likes to change, and as many made up of the same characters. `docs/decisions/0006-key-safety.md`.

use sha2::{Digest, Sha256};

use crate::path::FilePath;

/// Names that a file and a directory can have. No two are one name on any supported store.
pub(super) const NAMES: &[&str] = &[
    // Signs of URLs, queries and XML.
    "plain",
    "+",
    "a+b",
    "%",
    "%2F",
    "%00",
    "%zz",
    "a%20b",
    "a%2Bb",
    "#",
    "?",
    "&",
    "&amp;",
    "&#1;",
    "]]>",
    "a=b;c,d",
    "'\"<>",
    "~$!@()*[]{}|^`",
    "a:b",
    "-",
    "-rf",
    "$folder$",
    // White space and dots at either end, and more than one of them.
    " lead",
    "trail ",
    " ",
    "  ",
    "a  b",
    "a b",
    "a\u{a0}",
    "\u{3000}a",
    ".lead",
    "trail.",
    "trail..",
    "...",
    ".. .",
    "..a",
    "a..",
    ". a",
    ".hidden",
    // One letter, written in more than one way: no store may take one for the other.
    "é",
    "e\u{301}",
    "Case",
    "case",
    "K",
    "\u{212a}",
    "k",
    "ﬁ",
    "fi",
    "ß",
    "ss",
    "İ",
    "i\u{307}",
    "가",
    "\u{1100}\u{1161}",
    // Characters that are not seen, that turn the writing round, or that few programs know.
    "a\u{200d}b",
    "\u{feff}a",
    "\u{ad}",
    "\u{200e}a",
    "\u{202e}gpj.exe",
    "a\u{2028}b",
    "\u{2066}a",
    "\u{fdd0}",
    "\u{fffd}",
    "\u{e000}",
    "\u{1fffe}",
    "\u{10ffff}",
    "日本",
    "😀",
    // Names that mean something to Windows, to a file system or to a store.
    "CON",
    "nul.txt",
    "Thumbs.db",
    "~$doc.docx",
    "lost+found",
    ".DS_Store",
    "xl.meta",
    "part.1",
    "format.json",
    ".minio.sys",
    "__XLDIR__a",
    "x__xldir__",
    "x__XLDIR__.txt",
    ".uploads2",
    "x.versions.old",
    ".Versions",
    "null",
    ".folderbridge",
];

/// Names that a file can have, and a new directory cannot.
pub(super) const FILES: &[&str] = &["x.versions", ".versions", ".uploads"];

/// What made-up names are made of.
const PIECES: &[&str] = &[
    "a",
    "B",
    "7",
    " ",
    ".",
    "+",
    "%",
    "%2",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "#",
    "?",
    ":",
    "*",
    "|",
    "~",
    "$",
    "=",
    ",",
    ";",
    "@",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "^",
    "`",
    "!",
    "-",
    "_",
    "é",
    "\u{301}",
    "日",
    "😀",
    "\u{a0}",
    "\u{200d}",
    "\u{202e}",
    "\u{2028}",
    "\u{feff}",
    "ß",
    "\u{fdd0}",
    "\u{10ffff}",
    "..",
    "//",
    "\\",
    "\u{7f}",
    "\n",
];

/// `count` names, made up anew in each run of the suite, that a file and a directory can have.
pub(super) fn made_up(run: &str, count: usize) -> Vec<String> {
    let all = (0_u64..).map(|number| one(run, number));
    let fits = |name: &String| {
        let path = name.parse::<FilePath>();
        !name.contains('/') && path.is_ok_and(|path| path.check_new_directory().is_ok())
    };
    // The number keeps two equal ones apart.
    all.filter(fits).take(count).enumerate().map(|(number, name)| format!("{number:02}{name}")).collect()
}

fn one(run: &str, number: u64) -> String {
    let dice = Sha256::digest(format!("{run} {number}"));
    let length = usize::from(dice[0] % 12) + 1;
    dice[1..].iter().take(length).map(|die| PIECES[usize::from(*die) % PIECES.len()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_table_can_be_made() {
        for name in NAMES {
            name.parse::<FilePath>().unwrap().check_new_directory().unwrap();
        }
        for name in FILES {
            let path = name.parse::<FilePath>().unwrap();
            assert!(path.check_new_file().is_ok() && path.check_new_directory().is_err(), "{name}");
        }
    }

    #[test]
    fn names_are_made_up_anew_in_each_run() {
        let (one, other) = (made_up("one", 40), made_up("other", 40));
        assert_ne!(one, other);
        assert_eq!(one, made_up("one", 40));
        assert!(one.iter().any(|name| name.contains('\u{202e}')) || one.iter().any(|name| name.contains('%')));
    }
}
