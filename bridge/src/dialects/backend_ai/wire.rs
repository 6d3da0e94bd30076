//! Shapes and spellings of the Backend.AI API: names, permissions, times, pages. Pure: text and JSON in,
//! types out. Folders are shown by `wire_folder.rs`.

use mapping::Timestamp;
use mapping::access::Permission;
use mapping::id::FolderId;
use mapping::name::FolderName;
use mapping::path::{DirPath, FilePath};
use serde_json::{Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use super::error::{Refusal, malformed};
use super::extract::{Params, Reader};

/// The one place that folders lie at, as clients choose one.
pub(super) const HOST: &str = "folderbridge";

/// Names that are routes, so no folder could be reached by one.
const RESERVED: [&str; 8] = [
    "_",
    "create",
    "invitations",
    "purge",
    "restore-from-trash-bin",
    "restore_from_trash_bin",
    "delete-from-trash-bin",
    "delete_from_trash_bin",
];

/// The longest name of a folder that is made here, in characters.
const MAX_NAME: usize = 64;

/// A name for a folder that is made or renamed here.
pub(super) fn new_name(text: &str) -> Result<FolderName, Refusal> {
    let name: FolderName = text.parse()?;
    if text.chars().count() > MAX_NAME {
        return Err(malformed(format!("a folder's name has at most {MAX_NAME} characters")));
    }
    if RESERVED.contains(&text) {
        return Err(malformed(format!("no folder is called `{text}`: it is part of the API's own paths")));
    }
    if text.parse::<FolderId>().is_ok() {
        return Err(malformed("no folder has a name that looks like an id"));
    }
    Ok(name)
}

/// A directory as clients write it: from the folder's root, with or without `/` or `./` before it.
pub(super) fn directory(text: &str) -> Result<DirPath, Refusal> {
    let inside = text.strip_prefix("./").or_else(|| text.strip_prefix('/')).unwrap_or(text);
    Ok(inside.parse::<DirPath>()?)
}

/// A file, or a directory other than the root, as clients write it.
pub(super) fn path(text: &str) -> Result<FilePath, Refusal> {
    directory(text)?.path().cloned().ok_or_else(|| malformed("a path below the folder itself is expected"))
}

/// A permission to grant. `rd` is what the document calls `wd`.
pub(super) fn permission(text: &str) -> Result<Permission, Refusal> {
    match text {
        "ro" => Ok(Permission::Read),
        "rw" => Ok(Permission::Write),
        "wd" | "rd" => Ok(Permission::Delete),
        _ => Err(malformed("a permission is `ro`, `rw` or `wd`")),
    }
}

/// What a permission is called. Published clients know `wd` for what the document calls `rd`; the owner has it.
pub(super) const fn permission_text(permission: Permission, reader: Reader) -> &'static str {
    match (permission, reader) {
        (Permission::Read, _) => "ro",
        (Permission::Write, _) => "rw",
        (Permission::Delete | Permission::Manage, Reader::Client) => "wd",
        (Permission::Delete | Permission::Manage, Reader::Document) => "rd",
    }
}

/// An id as paths have it: without hyphens.
pub(super) fn hex(id: FolderId) -> String {
    id.uuid().as_simple().to_string()
}

const SPACED: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]+00:00");

const ISO: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]+00:00");

/// `2020-11-28 13:30:30.912056+00:00`: how clients print when a folder was made.
pub(super) fn spaced(at: Timestamp) -> String {
    written(at, SPACED)
}

/// `2020-11-28T13:30:30.912056+00:00`: what clients parse as ISO 8601, the older ones no other form of it.
pub(super) fn iso(at: Timestamp) -> String {
    written(at, ISO)
}

fn written(at: Timestamp, format: &[BorrowedFormatItem<'static>]) -> String {
    let nanos = i128::from(at.as_millis()) * 1_000_000;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.to_offset(UtcOffset::UTC).format(format).expect("a moment has all that the format names")
}

/// Which stretch of a list a document's caller wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Paging {
    /// How many on a page; 0 is all.
    size: usize,
    /// Which page, from 0.
    index: usize,
}

impl Paging {
    /// The `paging` of a request: an object, or in a query its text.
    pub(super) fn of(params: &Params) -> Result<Self, Refusal> {
        let object = match params.value(&["paging"]) {
            None => return Ok(Self::default()),
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            Some(value) => value.clone(),
        };
        let number = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Some(0),
            Some(value) => value.as_u64().and_then(|number| usize::try_from(number).ok()),
        };
        match (object.is_object(), number("size"), number("index")) {
            (true, Some(size), Some(index)) => Ok(Self { size, index }),
            _ => Err(malformed("`paging` is an object with whole numbers `size` and `index`")),
        }
    }

    /// The page.
    pub(super) fn page<T>(self, all: Vec<T>) -> Vec<T> {
        if self.size == 0 {
            return all;
        }
        all.into_iter().skip(self.size.saturating_mul(self.index)).take(self.size).collect()
    }

    /// What is said of the pages of a list of `count`.
    pub(super) fn info(self, count: usize) -> Value {
        let pages = if self.size == 0 { usize::from(count > 0) } else { count.div_ceil(self.size) };
        json!({ "pages": pages, "count": count })
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
