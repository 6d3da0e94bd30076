//! A directory as this API shows it, written while it is listed: as `items`, which newer clients read, and
//! as `files`, for older ones, a text that holds JSON. A page of the store's listing is in memory, and the
//! second form until it becomes too long; then the directory is listed a second time instead.

use axum::response::Response;
use bytes::Bytes;
use mapping::access::{Folder, Read};
use mapping::files::{Entry, EntryKind, Page, PageRequest, PageToken};
use mapping::path::DirPath;
use mapping::{Error, ErrorKind, Subject, Timestamp};
use serde_json::{Value, json};

use super::access::Granted;
use super::error::{Refusal, malformed};
use super::extract::Params;
use super::wire;
use crate::listing::{self, PageWriter};

/// The most bytes of the second form that are kept.
const KEPT_BYTES: usize = 4 << 20;

/// Lists a directory.
#[utoipa::path(
    get, path = "/folders/{name}/files", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn files(Granted(folder): Granted<Read>, params: Params) -> Result<Response, Refusal> {
    let directory = directory(&params)?;
    let first = match folder.list(&directory, PageRequest::default()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(why_not(&folder, &directory, error).await),
        first => first?,
    };
    let writer = Writer::new(&directory, folder.created(), KEPT_BYTES);
    Ok(listing::answer(folder, directory, first, writer))
}

/// Which directory. What no directory can be called, and what lies outside of the folder, is a path that is not
/// there: no other answer is documented.
fn directory(params: &Params) -> Result<DirPath, Refusal> {
    let path = match params.value(&["path"]) {
        None => "",
        Some(Value::String(path)) => path,
        Some(_) => return Err(malformed("`path` is a text")),
    };
    wire::directory(path).map_err(|refusal| match refusal {
        Refusal::Core(error) => Error::new(ErrorKind::NotFound, Subject::File, error.message().to_owned()).into(),
        other => other,
    })
}

/// A file is there, and no directory.
async fn why_not(folder: &Folder<Read>, directory: &DirPath, error: Error) -> Refusal {
    let Some(path) = directory.path() else { return error.into() };
    match folder.stat(path).await {
        Ok(_) => Error::invalid(Subject::File, format!("`{path}` is a file, no directory")).into(),
        Err(error) => error.into(),
    }
}

/// Writes `{"folder_path":"/...","items":[...],"files":"[...]"}` page by page.
struct Writer {
    /// What is written before the first entry; nothing once it is.
    opening: String,
    /// The time of directories, which have none of their own.
    since: Timestamp,
    form: Form,
    /// The second form, as far as it is kept.
    kept: Option<List>,
    room: usize,
    /// Whether an entry was written in this form.
    started: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Items,
    Files,
}

#[derive(Default)]
struct List(String);

impl List {
    fn push(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(text);
    }
}

impl Writer {
    fn new(directory: &DirPath, since: Timestamp, room: usize) -> Self {
        let path = Value::from(format!("/{directory}"));
        let opening = format!("{{\"folder_path\":{path},\"items\":[");
        Self { opening, since, form: Form::Items, kept: Some(List::default()), room, started: false }
    }

    fn write(&mut self, entry: &Entry, text: &mut String) {
        if std::mem::replace(&mut self.started, true) {
            text.push(',');
        }
        if self.form == Form::Files {
            text.push_str(&inside_a_text(&file(entry, self.since)));
            return;
        }
        text.push_str(&item(entry, self.since).to_string());
        if let Some(kept) = &mut self.kept {
            kept.push(&inside_a_text(&file(entry, self.since)));
        }
        self.kept = self.kept.take().filter(|kept| kept.0.len() <= self.room);
    }
}

impl PageWriter for Writer {
    fn page(&mut self, page: &Page) -> (Bytes, Option<Option<PageToken>>) {
        let mut text = std::mem::take(&mut self.opening);
        for entry in &page.entries {
            self.write(entry, &mut text);
        }
        if let Some(token) = page.next.clone() {
            return (text.into(), Some(Some(token)));
        }
        if self.form == Form::Files {
            text.push_str("]\"}");
            return (text.into(), None);
        }
        text.push_str("],\"files\":\"[");
        if let Some(List(kept)) = self.kept.take() {
            text.push_str(&kept);
            text.push_str("]\"}");
            return (text.into(), None);
        }
        (self.form, self.started) = (Form::Files, false);
        (text.into(), Some(None))
    }
}

/// JSON as it stands in a text of JSON, without the quotes around that.
fn inside_a_text(value: &Value) -> String {
    let quoted = Value::from(value.to_string()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

const fn known(entry: &Entry, since: Timestamp) -> (u64, Timestamp) {
    match &entry.kind {
        EntryKind::File { size, modified, .. } => (*size, *modified),
        EntryKind::Directory => (0, since),
    }
}

const fn mode(entry: &Entry) -> &'static str {
    if entry.is_directory() { "drwxr-xr-x" } else { "-rw-r--r--" }
}

/// An entry for newer clients.
fn item(entry: &Entry, since: Timestamp) -> Value {
    let (size, modified) = known(entry, since);
    let modified = wire::iso(modified);
    let kind = if entry.is_directory() { "DIRECTORY" } else { "FILE" };
    json!({
        "name": entry.name(), "type": kind, "size": size, "mode": mode(entry), "created": modified, "modified": modified,
    })
}

/// An entry for older clients, with times in seconds.
fn file(entry: &Entry, since: Timestamp) -> Value {
    let (size, modified) = known(entry, since);
    let seconds = f64::from(u32::try_from(modified.as_millis() / 1000).unwrap_or(u32::MAX))
        + f64::from(u16::try_from(modified.as_millis() % 1000).unwrap_or_default()) / 1000.0;
    json!({
        "mode": mode(entry), "size": size, "ctime": seconds, "mtime": seconds, "atime": seconds,
        "filename": entry.name(), "symlink_target": "",
    })
}

#[cfg(test)]
mod tests {
    use mapping::store::ETag;

    use super::*;

    fn page(names: &[&str], next: Option<&str>) -> Page {
        let at = Timestamp::from_millis(1_606_570_230_500);
        let entry = |name: &&str| {
            let kind = EntryKind::File { size: 5, etag: ETag(String::new()), modified: at };
            let kind = if name.ends_with('/') { EntryKind::Directory } else { kind };
            Entry { path: name.trim_end_matches('/').parse().unwrap(), kind }
        };
        Page {
            entries: names.iter().map(entry).collect(),
            next: next.map(|text| PageToken::new(text.to_owned())),
            made: None,
        }
    }

    /// What is written of a directory with these pages, with room for so many bytes.
    fn written(pages: &[Page], room: usize) -> Value {
        let directory = "s \"p\"".parse().unwrap();
        let (mut writer, mut text, mut at) = (Writer::new(&directory, Timestamp::from_millis(0), room), Vec::new(), 0);
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
    fn both_forms_hold_every_entry() {
        let cases: [(&[Page], Vec<&str>); 4] = [
            (&[page(&[], None)], vec![]),
            (&[page(&["a/", "b", "c \"q\" ü"], None)], vec!["a", "b", "c \"q\" ü"]),
            (
                &[page(&["a/", "b"], Some("x")), page(&[], Some("y")), page(&["c/", "d"], None)],
                vec!["a", "b", "c", "d"],
            ),
            (&[page(&["a"], Some("x")), page(&[], None)], vec!["a"]),
        ];
        for (pages, names) in cases {
            for room in [0, 1, 300, KEPT_BYTES] {
                let object = written(pages, room);
                assert_eq!(object["folder_path"], "/s \"p\"");
                let items = object["items"].as_array().unwrap();
                let files: Vec<Value> = serde_json::from_str(object["files"].as_str().unwrap()).unwrap();
                let of = |list: &[Value], name: &str| -> Vec<String> {
                    list.iter().map(|entry| entry[name].as_str().unwrap().to_owned()).collect()
                };
                assert_eq!(of(items, "name"), names, "{room}");
                assert_eq!(of(&files, "filename"), names, "{room}");
            }
        }
    }

    #[test]
    fn entries_are_shown_as_clients_read_them() {
        let object = written(&[page(&["d/", "f"], None)], KEPT_BYTES);
        let moment = "2020-11-28T13:30:30.500000+00:00";
        let file = json!({
            "name": "f", "type": "FILE", "size": 5, "mode": "-rw-r--r--", "created": moment, "modified": moment,
        });
        assert_eq!(object["items"][1], file);
        assert_eq!(object["items"][0]["type"], "DIRECTORY");
        assert_eq!(object["items"][0]["modified"], "1970-01-01T00:00:00.000000+00:00");
        let files: Value = serde_json::from_str(object["files"].as_str().unwrap()).unwrap();
        let file = json!({
            "mode": "-rw-r--r--", "size": 5, "ctime": 1_606_570_230.5, "mtime": 1_606_570_230.5,
            "atime": 1_606_570_230.5, "filename": "f", "symlink_target": "",
        });
        assert_eq!(files[1], file);
        assert_eq!(files[0]["mode"], "drwxr-xr-x");
    }
}
