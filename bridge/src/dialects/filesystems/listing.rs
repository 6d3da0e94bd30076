//! A directory as this API shows it, written while it is listed: a page of the store's listing is in
//! memory, and the names of sub-directories, which stand behind all files. When these become too
//! many, they are listed a second time instead of kept.

use axum::response::Response;
use bytes::Bytes;
use mapping::access::{Folder, Read};
use mapping::files::{Entry, Page, PageToken};
use mapping::path::DirPath;

use crate::listing::{self, PageWriter};

/// The most bytes of names that are kept: several hundred thousand names.
const KEPT_BYTES: usize = 8 << 20;

/// Answers with `first` and all pages behind it.
pub(super) fn answer(folder: Folder<Read>, directory: DirPath, first: Page) -> Response {
    listing::answer(folder, directory, first, Writer::new(KEPT_BYTES))
}

/// Writes `{"files":[...],"directories":[...]}` page by page.
struct Writer {
    pass: Pass,
    files: List,
    directories: List,
    /// The most bytes of names of directories that are kept.
    room: usize,
}

/// What the pages are read for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Nothing is written yet.
    Begin,
    /// Files; directories are kept for the end.
    Both,
    /// Files; directories are too many to be kept.
    Files,
    /// Directories, in a second listing.
    Directories,
}

impl Writer {
    fn new(room: usize) -> Self {
        Self { pass: Pass::Begin, files: List::default(), directories: List::default(), room }
    }

    fn take(&mut self, entry: &Entry) {
        match (self.pass, entry.is_directory()) {
            (Pass::Begin | Pass::Both | Pass::Files, false) => self.files.push(entry.name()),
            (Pass::Begin | Pass::Both | Pass::Directories, true) => self.directories.push(entry.name()),
            (Pass::Files, true) | (Pass::Directories, false) => {}
        }
        if self.pass == Pass::Both && self.directories.text.len() > self.room {
            self.directories = List::default();
            self.pass = Pass::Files;
        }
    }
}

impl PageWriter for Writer {
    fn page(&mut self, page: &Page) -> (Bytes, Option<Option<PageToken>>) {
        let mut text = String::new();
        if self.pass == Pass::Begin {
            text.push_str("{\"files\":[");
            self.pass = Pass::Both;
        }
        for entry in &page.entries {
            self.take(entry);
        }
        let last = page.next.is_none();
        text.push_str(&std::mem::take(&mut self.files.text));
        if last && self.pass != Pass::Directories {
            text.push_str("],\"directories\":[");
        }
        let again = last && self.pass == Pass::Files;
        if again {
            self.pass = Pass::Directories;
        } else if last || self.pass == Pass::Directories {
            text.push_str(&std::mem::take(&mut self.directories.text));
        }
        if last && !again {
            text.push_str("]}");
        }
        (Bytes::from(text), if again { Some(None) } else { page.next.clone().map(Some) })
    }
}

/// Names in JSON, with commas between.
#[derive(Default)]
struct List {
    text: String,
    started: bool,
}

impl List {
    fn push(&mut self, name: &str) {
        if self.started {
            self.text.push(',');
        }
        self.started = true;
        self.text.push_str(&serde_json::Value::from(name).to_string());
    }
}

/// What is shown of a directory that is not there.
pub(super) fn nothing() -> serde_json::Value {
    serde_json::json!({ "files": [], "directories": [] })
}

#[cfg(test)]
mod tests {
    use mapping::Timestamp;
    use mapping::files::EntryKind;
    use mapping::store::ETag;
    use serde_json::{Value, json};

    use super::*;

    fn page(names: &[&str], next: Option<&str>) -> Page {
        let entry = |name: &&str| {
            let kind = EntryKind::File { size: 1, etag: ETag(String::new()), modified: Timestamp::from_millis(0) };
            let kind = if name.ends_with('/') { EntryKind::Directory } else { kind };
            Entry { path: name.trim_end_matches('/').parse().unwrap(), kind }
        };
        Page {
            entries: names.iter().map(entry).collect(),
            next: next.map(|text| PageToken::new(text.to_owned())),
            made: None,
        }
    }

    /// What is written of a directory with these pages, with room for so many bytes of names.
    fn written(pages: &[Page], room: usize) -> Value {
        let (mut writer, mut text, mut at) = (Writer::new(room), Vec::new(), 0);
        loop {
            let (part, next) = writer.page(&pages[at]);
            text.extend(part);
            at = match next {
                Some(None) => 0,
                Some(Some(_)) => at + 1,
                None => return serde_json::from_slice(&text).unwrap(),
            };
        }
    }

    #[test]
    fn pages_become_one_object() {
        let cases: [(&[Page], Value); 4] = [
            (&[page(&[], None)], json!({"files": [], "directories": []})),
            (&[page(&["a/", "b", "c \"q\" ü"], None)], json!({"files": ["b", "c \"q\" ü"], "directories": ["a"]})),
            (
                &[page(&["a/", "b"], Some("x")), page(&[], Some("y")), page(&["c/", "d"], None)],
                json!({"files": ["b", "d"], "directories": ["a", "c"]}),
            ),
            (&[page(&["a/"], Some("x")), page(&["b/"], None)], json!({"files": [], "directories": ["a", "b"]})),
        ];
        for (pages, expected) in cases {
            for room in [0, 1, 4, KEPT_BYTES] {
                assert_eq!(written(pages, room), expected, "{room}");
            }
        }
    }

    #[test]
    fn names_without_end_are_not_kept() {
        let many = page(&["a/", "b/", "c", "d/", "e/"], Some("x"));
        let mut writer = Writer::new(10);
        for _ in 0..1000 {
            writer.page(&many);
            assert!(writer.directories.text.capacity() < 100);
        }
        assert_eq!(writer.page(&page(&["z/"], None)).1, Some(None), "once more from the first page");
    }
}
