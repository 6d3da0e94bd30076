//! Uploads: forms with files, and the start of one that comes in chunks (`tus.rs`).

use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::Response;
use futures::StreamExt;
use http::{HeaderMap, StatusCode};
use mapping::access::{Folder, Write};
use mapping::files::WriteOptions;
use mapping::id::UploadId;
use mapping::path::FilePath;
use mapping::{Error, ErrorKind, Subject};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::access::Granted;
use super::error::{Refusal, malformed};
use super::extract::{Params, Reader};
use super::tickets::{self, Origin, UploadErrand};
use super::wire;
use crate::app::State;
use crate::body;
use crate::form::{self, BadForm, Form, Head, Part};

/// Stores the files of a form, one after the other, under the names that their parts have.
#[utoipa::path(
    post, path = "/folders/{name}/upload", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 201), (status = 400), (status = 401), (status = 404), (status = 412)),
)]
pub(super) async fn upload(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Write>,
    reader: Reader,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let boundary = form::boundary(&headers);
    let boundary = boundary.ok_or_else(|| malformed("a form is expected: `multipart/form-data` with a boundary"))?;
    let form = Form::new(&boundary, body::counted(body).0);
    state.finish(async move { store(&folder, &form, reader).await }).await?;
    Ok(StatusCode::CREATED)
}

/// Each file is there when its last byte was stored, whatever becomes of those behind it. A crash, and a form
/// that breaks off, leave those before.
async fn store(folder: &Folder<Write>, form: &Form, reader: Reader) -> mapping::Result<()> {
    let mut stored = Stored::default();
    loop {
        let part = match form.next().await {
            Ok(Some(part)) => part,
            Ok(None) if stored.count == 0 => return Err(Error::invalid(Subject::Request, "the form has no file")),
            Ok(None) => return Ok(()),
            Err(bad) => return Err(stored.before(unreadable(&bad))),
        };
        match store_part(folder, part, reader).await {
            Ok(path) => stored.note(path),
            Err(error) => return Err(stored.before(form.complaint().map_or(error, |bad| unreadable(&bad)))),
        }
    }
}

/// The length that a part says is looked at by the form: a stream of unknown length is stored in pieces that
/// can be sent again when the store fails at one.
async fn store_part(folder: &Folder<Write>, part: Part, reader: Reader) -> mapping::Result<FilePath> {
    let path: FilePath = target(&part.head, reader)?.parse()?;
    folder.write(&path, None, part.body, WriteOptions::default()).await?;
    Ok(path)
}

/// What the file is called. Published clients encode a name that is not extended as well: those that run
/// over newer libraries send no other.
fn target(head: &Head, reader: Reader) -> mapping::Result<String> {
    let name = head.filename.as_deref();
    let name = name.ok_or_else(|| Error::invalid(Subject::Request, "a part of the form is no file"))?;
    let encoded = reader == Reader::Client && !head.is_extended;
    let decoded = encoded.then(|| percent_decode_str(name).decode_utf8().ok()).flatten();
    Ok(decoded.map_or_else(|| name.to_owned(), std::borrow::Cow::into_owned))
}

fn unreadable(bad: &BadForm) -> Error {
    Error::invalid(Subject::Request, bad.to_string())
}

/// What was stored of a form before it failed.
#[derive(Default)]
struct Stored {
    count: u64,
    first: Vec<FilePath>,
}

/// How many of them are named.
const NAMED: usize = 5;

impl Stored {
    fn note(&mut self, path: FilePath) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(path);
        }
    }

    /// The error, with what is there nevertheless.
    fn before(&self, error: Error) -> Error {
        if self.count == 0 || error.kind() == ErrorKind::Internal {
            return error;
        }
        let names = self.first.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let more = if self.count > NAMED as u64 { " and others" } else { "" };
        let message = format!("{}; stored before that: {} ({names}{more})", error.message(), self.count);
        Error::new(error.kind(), error.subject(), message).caused_by(error)
    }
}

/// Answers a link for a file of this size to be sent to. An empty file is there at once: clients send nothing
/// for it.
#[utoipa::path(
    post, path = "/folders/{name}/request-upload", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 412)),
)]
pub(super) async fn request_upload(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Write>,
    origin: Origin,
    params: Params,
) -> Result<Response, Refusal> {
    let path = new_path(params.needed(&["path", "file"])?)?;
    let size = size(&params)?;
    if size == 0 {
        let (folder, path) = (folder.clone(), path.clone());
        let empty = futures::stream::empty().boxed();
        state.finish(async move { folder.write(&path, Some(0), empty, WriteOptions::default()).await }).await?;
    } else {
        folder.check_upload(&path, size).await?;
    }
    let id = UploadId::random(state.bucket().random());
    tickets::give_out(&folder, &UploadErrand { id, path, size }, &origin)
}

/// The same, as it was called in 20.03.
#[utoipa::path(
    post, path = "/folders/{name}/create-upload-session", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 412)),
)]
pub(super) async fn create_upload_session(
    state: Shared<State>,
    folder: Granted<Write>,
    origin: Origin,
    params: Params,
) -> Result<Response, Refusal> {
    request_upload(state, folder, origin, params).await
}

/// Where a file goes. What ends in `/` names none.
fn new_path(text: &str) -> Result<FilePath, Refusal> {
    if text.ends_with('/') {
        return Err(malformed("a file's path does not end in `/`"));
    }
    wire::path(text)
}

fn size(params: &Params) -> Result<u64, Refusal> {
    let size = match params.value(&["size"]) {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => crate::range::digits(text).ok(),
        _ => None,
    };
    size.ok_or_else(|| malformed("a whole number `size` is expected"))
}
