//! Uploads: forms with files, and the start of one that comes in chunks (`tus.rs`).

use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::Response;
use futures::StreamExt;
use http::{HeaderMap, StatusCode};
use mapping::access::Write;
use mapping::files::WriteOptions;
use mapping::id::UploadId;
use mapping::path::FilePath;
use serde_json::Value;

use super::access::Granted;
use super::error::{Refusal, malformed};
use super::extract::{Params, Reader};
use super::tickets::{self, Origin, UploadErrand};
use super::{form_files, wire};
use crate::app::State;
use crate::body;
use crate::form::{self, Form};

/// Stores the files of a form under the names that their parts have.
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
    state.finish(async move { form_files::store(folder, &form, reader).await }).await?;
    Ok(StatusCode::CREATED)
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
