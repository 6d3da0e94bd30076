//! A directory as this API shows it, written while it is listed: a page of the store's listing is in
//! memory, and the names of sub-directories, which stand behind all files.

use std::io;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, stream};
use http::{HeaderValue, header};
use mapping::access::{Folder, Read};
use mapping::files::{Page, PageRequest};
use mapping::path::DirPath;

/// Answers with `first` and all pages behind it.
pub(super) fn answer(folder: Folder<Read>, directory: DirPath, first: Page) -> Response {
    let mut response = Response::new(Body::from_stream(pages(folder, directory, first)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The status is sent before the last page is read, so a failure can only cut the answer off.
fn pages(folder: Folder<Read>, directory: DirPath, first: Page) -> impl Stream<Item = io::Result<Bytes>> {
    let writer = Writer::default();
    stream::try_unfold((writer, Some(first)), move |(mut writer, page)| {
        let (folder, directory) = (folder.clone(), directory.clone());
        async move {
            let Some(page) = page else { return Ok(None) };
            let Some(token) = page.next.clone() else {
                return Ok(Some((writer.last(&page), (writer, None))));
            };
            let text = writer.page(&page);
            let request = PageRequest { token: Some(token), ..PageRequest::default() };
            let next = folder.list(&directory, request).await.map_err(|error| {
                tracing::error!(error = crate::failure::causes(&error), "a listing was cut off");
                io::Error::other(error)
            })?;
            Ok(Some((text, (writer, Some(next)))))
        }
    })
}

/// Writes `{"files":[...],"directories":[...]}` page by page.
#[derive(Default)]
struct Writer {
    begun: bool,
    files: List,
    directories: List,
}

impl Writer {
    /// One page of several.
    fn page(&mut self, page: &Page) -> Bytes {
        if !self.begun {
            self.files.text.push_str("{\"files\":[");
            self.begun = true;
        }
        for entry in &page.entries {
            let list = if entry.is_directory() { &mut self.directories } else { &mut self.files };
            list.push(entry.name());
        }
        Bytes::from(std::mem::take(&mut self.files.text))
    }

    /// The last page, and what was kept for the end.
    fn last(&mut self, page: &Page) -> Bytes {
        let mut text = Vec::from(self.page(page));
        text.extend_from_slice(b"],\"directories\":[");
        text.extend_from_slice(self.directories.text.as_bytes());
        text.extend_from_slice(b"]}");
        Bytes::from(text)
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
    use mapping::files::{Entry, EntryKind, PageToken};
    use mapping::store::ETag;
    use serde_json::{Value, json};

    use super::*;

    fn page(names: &[&str], next: Option<&str>) -> Page {
        let entry = |name: &&str| {
            let kind = EntryKind::File { size: 1, etag: ETag(String::new()), modified: Timestamp::from_millis(0) };
            let kind = if name.ends_with('/') { EntryKind::Directory } else { kind };
            Entry { path: name.trim_end_matches('/').parse().unwrap(), kind }
        };
        Page { entries: names.iter().map(entry).collect(), next: next.map(|text| PageToken::new(text.to_owned())) }
    }

    fn written(pages: &[Page]) -> Value {
        let mut writer = Writer::default();
        let (last, before) = pages.split_last().unwrap();
        let mut text: Vec<u8> = before.iter().flat_map(|page| writer.page(page)).collect();
        text.extend(writer.last(last));
        serde_json::from_slice(&text).unwrap()
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
            assert_eq!(written(pages), expected);
        }
    }
}
