//! What can be a path, and what can be a new one.

use super::*;
use proptest::prelude::*;

/// What no path can be, and a word of the reason that is given.
const REFUSED: &[(&str, &str)] = &[
    ("", "empty segment"),
    ("/", "empty segment"),
    ("a//b", "empty segment"),
    ("/a", "empty segment"),
    ("a/", "empty segment"),
    (".", "`.` or `..`"),
    ("..", "`.` or `..`"),
    ("a/../b", "`.` or `..`"),
    ("a/./b", "`.` or `..`"),
    (". ", "white space around it"),
    (" .", "white space around it"),
    ("a/.. /b", "white space around it"),
    ("a/\u{3000}..", "white space around it"),
    ("a\0b", "U+0000"),
    ("a\nb", "U+000A"),
    ("a\rb", "U+000D"),
    ("a\tb", "U+0009"),
    ("a\u{1b}[2Jb", "U+001B"),
    ("\u{7f}", "U+007F"),
    ("a/\u{85}b", "U+0085"),
    ("a/b\u{9b}", "U+009B"),
    ("a\\b", "backslash"),
    ("\\", "backslash"),
    ("a\u{fffe}", "U+FFFE"),
    ("\u{ffff}/a", "U+FFFF"),
];

#[test]
fn what_cannot_be_a_path_is_refused_and_the_rule_named() {
    for (text, reason) in REFUSED {
        let error = text.parse::<FilePath>().unwrap_err();
        assert!(error.message().contains(reason), "{text:?}: {error}");
        assert!(!error.message().contains(char::is_control), "{text:?}: {error:?}");
    }
    let long_segment = "x".repeat(MAX_SEGMENT_BYTES + 1);
    let error = long_segment.parse::<FilePath>().unwrap_err();
    assert!(error.message().contains("more than 255 bytes") && error.message().contains("256"), "{error}");
    assert!(error.message().len() < 200, "{error}");
    let long_path = "abcdefghi/".repeat(90) + "x";
    let error = long_path.parse::<FilePath>().unwrap_err();
    assert!(error.message().contains("901 bytes: at most 900"), "{error}");
}

#[test]
fn names_that_people_use_are_taken() {
    let long = ["x".repeat(MAX_SEGMENT_BYTES), "é".repeat(127), format!("{}/x", "d".repeat(MAX_DIRECTORY_NAME_BYTES))];
    let names = [
        "a",
        "a b/c d.txt",
        "日本/é.bin",
        ".hidden",
        "a..b",
        "...",
        ".. .",
        " lead",
        "trail ",
        " ",
        "trail.",
        "CON",
        "50%+#?&=;:@\"'<>~^`{}[]!",
        "e\u{301}",
        "a\u{200d}b",
        "\u{202e}gpj",
        "\u{fdd0}",
        "\u{10ffff}",
        "x.versions",
        ".uploads",
        "x.versions.old/y",
        "x__XLDIR__.txt",
        "xl.meta",
    ];
    for text in names.into_iter().chain(long.iter().map(String::as_str)) {
        let path = text.parse::<FilePath>().unwrap();
        assert_eq!(path.as_str(), text);
        path.check_new_file().unwrap();
    }
}

#[test]
fn names_that_some_store_hides_can_be_read_and_not_made() {
    let long = format!("{}/x", "d".repeat(MAX_DIRECTORY_NAME_BYTES + 1));
    for (text, reason) in [
        ("x__XLDIR__", "`__XLDIR__`"),
        ("__XLDIR__/a", "`__XLDIR__`"),
        (".uploads/a", "`.uploads`"),
        ("a/.versions/b", "`.versions`"),
        ("a/x.versions/b", "`x.versions`"),
        (&long, "at most 246 bytes"),
    ] {
        let error = text.parse::<FilePath>().unwrap().check_new_file().unwrap_err();
        assert!(error.message().contains(reason), "{text}: {error}");
    }
    for text in ["x__XLDIR__", ".uploads", "x.versions", &"d".repeat(MAX_DIRECTORY_NAME_BYTES + 1)] {
        assert!(text.parse::<FilePath>().unwrap().check_new_directory().is_err(), "{text}");
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

#[test]
fn a_path_keeps_its_place_below_what_is_moved() {
    let path = |text: &str| text.parse::<FilePath>().unwrap();
    let moved = |text| path(text).rebased(&path("a/b"), &path("Trash/b")).map(|path| path.to_string());
    assert_eq!(moved("a/b").unwrap(), "Trash/b");
    assert_eq!(moved("a/b/c").unwrap(), "Trash/b/c");
    assert_eq!((moved("a/bc"), moved("a")), (None, None));
}

#[test]
fn what_lies_in_each_other_overlaps() {
    let path = |text: &str| text.parse::<FilePath>().unwrap();
    assert!(path("a").overlaps(&path("a/b")) && path("a/b").overlaps(&path("a")));
    assert!(!path("a/b").overlaps(&path("a/bc")));
    assert!(path("a/b").is_within(&path("a")) && path("a").is_within(&path("a")) && !path("a").is_within(&path("a/b")));
}
