//! House rules that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory of the workspace") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

fn sources_of(packages: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for package in packages {
        sources(&root().join(package), &mut found);
    }
    assert!(found.len() > 10, "there are no sources where they are looked for");
    found
}

/// The words of a line: letters and digits, cut at everything else and where an identifier changes
/// from lower to upper case.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for letter in line.chars() {
        if !letter.is_alphanumeric() || (lower && letter.is_uppercase()) {
            words.push(String::new());
        }
        lower = letter.is_lowercase();
        if letter.is_alphanumeric() {
            let last = words.last_mut().expect("never empty");
            last.extend(letter.to_lowercase());
        }
    }
    words
}

/// What the dialects call things. "A file system" of two words is what a disk has, and allowed.
const DIALECT_WORDS: [&str; 12] = [
    "vfolder",
    "vfolders",
    "drive",
    "drives",
    "filesystem",
    "filesystems",
    "collection",
    "collections",
    "ucloud",
    "thanosql",
    "backendai",
    "axum",
];

#[test]
fn the_core_knows_no_word_of_a_dialect() {
    let mut found = Vec::new();
    for path in sources_of(&["mapping/src"]) {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            let line = line.replace("std::collections", "").replace("collection::", "");
            let words = words(&line);
            let bad = words.iter().filter(|word| DIALECT_WORDS.contains(&word.as_str()));
            let backend = line.to_lowercase().contains("backend.ai").then_some("backend.ai");
            found.extend(
                bad.map(String::as_str).chain(backend).map(|word| format!("{}:{}: {word}", path.display(), number + 1)),
            );
        }
    }
    assert!(found.is_empty(), "words of a dialect in the core:\n{}", found.join("\n"));
}

#[test]
fn words_are_found_inside_identifiers() {
    assert_eq!(words("fn makeVFolder(drive_id)").concat(), "fnmakevfolderdriveid");
    assert!(words("let drive_id = Drive::new()").contains(&"drive".to_owned()));
    assert!(!words("let driver = 1").contains(&"drive".to_owned()));
}

#[test]
fn no_source_file_is_longer_than_300_lines() {
    let long = sources_of(&["bridge", "embedded", "mapping", "tests"]).into_iter().filter_map(|path| {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        (lines > 300).then(|| format!("{} has {lines} lines", path.display()))
    });
    let long: Vec<_> = long.collect();
    assert!(long.is_empty(), "split these:\n{}", long.join("\n"));
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent = sources_of(&["bridge", "embedded", "mapping", "tests"]).into_iter();
    let silent: Vec<_> = silent.filter(|path| !fs::read_to_string(path).unwrap().starts_with("//!")).collect();
    assert!(silent.is_empty(), "no `//!` at the top of {silent:?}");
}

/// The words between backticks that can be names of tests: several joined by underscores. Metrics
/// begin with the program's name.
fn named_tests(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| {
        word.matches('_').count() >= 3
            && !word.starts_with("folderbridge_")
            && word.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[test]
fn every_test_that_the_documents_name_is_there() {
    let sources = sources_of(&["bridge", "embedded", "mapping", "tests"]);
    let code: String = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let (mut named, mut missing) = (0, Vec::new());
    for document in
        ["SEMANTICS.md", "OPERATIONS.md", "AWS.md", "BUCKET.md", "dialects/filesystems.md", "dialects/backend-ai.md"]
    {
        let text = fs::read_to_string(root().join("docs").join(document)).unwrap();
        for test in named_tests(&text) {
            named += 1;
            if !code.contains(&format!("fn {test}(")) {
                missing.push(format!("{document}: {test}"));
            }
        }
    }
    assert!(named > 20, "only {named} tests are named");
    assert!(missing.is_empty(), "the documents name tests that are not there:\n{}", missing.join("\n"));
}
