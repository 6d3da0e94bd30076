//! Shapes and spellings of the Filesystems API. Pure: text and JSON in, types out.
//!
//! Clients read these objects strictly: one more key in [`Filesystem`] breaks the vendor's SDK.

use std::ops::Range;

use mapping::id::{AccountId, UploadId};
use mapping::name::FolderName;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::error::Refusal;
use crate::range::{self, BadRange, Wanted};

/// A folder, as this API shows it. Exactly these two keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Filesystem {
    /// Its id, a UUID.
    pub filesystem_id: String,
    /// What the account calls it.
    pub filesystem_name: String,
}

/// The answer to the start of an upload, in both spellings that clients look for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UploadStarted {
    /// What the chunks name in their `Content-Range`.
    #[serde(rename = "uploadId")]
    pub upload_id: String,
    /// The same.
    #[serde(rename = "upload_id")]
    pub same: String,
}

/// The answer to `?init=true`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DownloadStarted {
    /// The file's size in bytes.
    pub size: u64,
    /// 20 digits and letters; clients put it into a local file name.
    pub download_id: String,
}

/// What a `POST` on a file asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UploadRequest {
    /// Begin an upload of that many bytes.
    Start(u64),
    /// Make what was uploaded the file.
    Finish(UploadId),
}

/// The name in a body that creates a file system.
pub(super) fn filesystem_name(body: &Value) -> Result<FolderName, Refusal> {
    let name = first(body, &["filesystem_name", "name"]).and_then(Value::as_str);
    let name = name.ok_or(Refusal::Malformed("a JSON object with `filesystem_name` is expected"))?;
    Ok(name.parse::<FolderName>()?)
}

/// The account that a body shares a file system with.
pub(super) fn grantee(body: &Value) -> Result<AccountId, Refusal> {
    let grantee = first(body, &["grantee"]).and_then(Value::as_str);
    let grantee = grantee.ok_or(Refusal::Malformed("a JSON object with `grantee` is expected"))?;
    Ok(grantee.parse::<AccountId>()?)
}

/// `complete` wins where `size` is there too. As in the vendor's server, `"true"` is true.
pub(super) fn upload_request(body: &Value) -> Result<UploadRequest, Refusal> {
    if first(body, &["complete"]).is_some_and(truthy) {
        let id = first(body, &["uploadId", "upload_id", "UploadId"]).and_then(Value::as_str);
        let id = id.ok_or(Refusal::Malformed("`complete` needs `uploadId`"))?;
        return Ok(UploadRequest::Finish(upload_id(id)?));
    }
    match first(body, &["size"]) {
        Some(size) => {
            size.as_u64().map(UploadRequest::Start).ok_or(Refusal::Malformed("`size` is a whole number of bytes"))
        }
        None => Err(Refusal::Malformed("a JSON object with `size`, or with `uploadId` and `complete`, is expected")),
    }
}

/// An id that is none names no upload.
pub(super) fn upload_id(text: &str) -> Result<UploadId, Refusal> {
    text.parse().map_err(|_| Refusal::NoSuchUpload)
}

fn first<'v>(body: &'v Value, names: &[&str]) -> Option<&'v Value> {
    names.iter().find_map(|name| body.get(name)).filter(|value| !value.is_null())
}

fn truthy(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "false" | "0" | "no"),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// `Content-Range` as this API's clients write it: `[ID]:S-E`, with spaces, without brackets,
/// without an id, behind `bytes `, before `/TOTAL` or `/*`. It is no legal `Content-Range`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    /// The upload that it names.
    pub upload: Option<String>,
    /// Its two numbers, whatever the second one means.
    pub start: u64,
    /// See [`Spelled::chunk`] and [`Spelled::wanted`].
    pub end: u64,
    /// Whether it was written as the standard does, behind `bytes`.
    pub standard: bool,
}

/// Parses the header's raw value.
pub(super) fn content_range(value: &str) -> Result<Spelled, Refusal> {
    spelled(value).map_err(|BadRange| Refusal::BadRange)
}

fn spelled(value: &str) -> Result<Spelled, BadRange> {
    let (value, before_id) = without_unit(value);
    let (upload, numbers) = match value.rsplit_once(':') {
        Some((id, numbers)) => (Some(unwrapped(id)?.to_owned()), numbers),
        None => (None, value),
    };
    let (numbers, behind_id) = without_unit(numbers);
    let (start, end) = without_total(numbers)?.split_once('-').ok_or(BadRange)?;
    let (start, end) = (exact(start)?, exact(end)?);
    if end < start || upload.as_ref().is_some_and(String::is_empty) {
        return Err(BadRange);
    }
    Ok(Spelled { upload, start, end, standard: before_id || behind_id })
}

/// Text without `/TOTAL` or `/*` behind it. What the total says is not believed: the upload knows.
fn without_total(text: &str) -> Result<&str, BadRange> {
    let Some((span, total)) = text.split_once('/') else { return Ok(text) };
    match total.trim() {
        "*" => Ok(span),
        total => range::digits(total).map(|_| span),
    }
}

/// A number of a chunk must be meant: unlike a wish for bytes it is not cut to what there is.
fn exact(text: &str) -> Result<u64, BadRange> {
    let text = text.trim();
    range::digits(text)?;
    text.parse().map_err(|_| BadRange)
}

/// Text without one pair of brackets around it.
fn unwrapped(text: &str) -> Result<&str, BadRange> {
    let text = text.trim();
    match (text.strip_prefix('['), text.ends_with(']')) {
        (Some(inner), true) => Ok(inner[..inner.len() - 1].trim()),
        (None, false) => Ok(text),
        _ => Err(BadRange),
    }
}

/// Text without `bytes` before it, and whether it was there.
fn without_unit(text: &str) -> (&str, bool) {
    let text = text.trim();
    match text.get(..5) {
        Some(unit) if unit.eq_ignore_ascii_case("bytes") && text[5..].starts_with([' ', '=']) => {
            (text[6..].trim_start(), true)
        }
        _ => (text, false),
    }
}

impl Spelled {
    /// The bytes that a chunk of `length` covers. The end is exclusive, as the vendor's clients
    /// mean it; a body that is one byte longer shows that this client means it inclusive.
    pub(super) fn chunk(&self, length: Option<u64>) -> Result<Range<u64>, Refusal> {
        let span = self.end - self.start;
        match length {
            None => Ok(self.start..self.end),
            Some(length) if length == span => Ok(self.start..self.end),
            Some(length) if span.checked_add(1) == Some(length) && self.end < u64::MAX => Ok(self.start..self.end + 1),
            Some(length) => Err(Refusal::LengthMismatch { announced: span, got: length }),
        }
    }

    /// The bytes that a download asks for: as the standard says behind `bytes`, else end exclusive.
    pub(super) const fn wanted(&self) -> Asked {
        if self.standard {
            Asked::Standard(Wanted::From(self.start, Some(self.end)))
        } else {
            Asked::Chunk(self.start, self.end)
        }
    }
}

/// Which bytes of a file a download asks for, and in whose words it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it: 200.
    Whole,
    /// From START to END, exclusive, cut to the file; nothing at all past its end: 200.
    Chunk(u64, u64),
    /// As RFC 9110 says: 206 with `Content-Range`, or 416.
    Standard(Wanted),
}

/// Which bytes the two headers ask for; this API's own header wins.
pub(super) fn asked(content_range_value: Option<&str>, range_value: Option<&str>) -> Result<Asked, Refusal> {
    if let Some(value) = content_range_value {
        return Ok(content_range(value)?.wanted());
    }
    let Some(value) = range_value else { return Ok(Asked::Whole) };
    let wanted = range::parse(value).map_err(|BadRange| Refusal::BadRange)?;
    Ok(wanted.map_or(Asked::Whole, Asked::Standard))
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
