//! Uploads: begun, filled in any order by chunks of any size, and finished.

use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use mapping::access::{Folder, Write};
use mapping::path::FilePath;
use mapping::upload::{Upload, UploadOptions};
use mapping::{ErrorKind, Subject};

use super::access::Granted;
use super::error::Refusal;
use super::extract::{File, JsonBody, Query};
use super::wire::{self, UploadRequest, UploadStarted};
use crate::app::State;
use crate::{body, render};

/// Begins an upload (`size`), or makes what was uploaded the file (`uploadId` and `complete`).
#[utoipa::path(
    post, path = "/filesystems/{id}/files/{*path}", tag = "filesystems",
    params(("id" = String, Path), ("path" = String, Path)),
    responses((status = 200, body = UploadStarted), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 409)),
)]
pub(super) async fn post(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Write>,
    File(path): File,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    match wire::upload_request(&body)? {
        UploadRequest::Start(size) => start(&state, folder, path, size).await,
        UploadRequest::Finish(id) => {
            let upload = opened(&folder, id.as_str(), &path).await?;
            state.finish(async move { upload.finish().await }).await?;
            Ok(StatusCode::OK.into_response())
        }
    }
}

async fn start(state: &State, folder: Folder<Write>, path: FilePath, size: u64) -> Result<Response, Refusal> {
    let begun = async move { folder.start_upload(path, Some(size), UploadOptions::default()).await };
    let id = state.finish(begun).await?.to_string();
    Ok(render::json(&UploadStarted { same: id.clone(), upload_id: id }))
}

/// Takes a chunk; `Content-Range: [UPLOAD_ID]:START-END` says whose and where.
#[utoipa::path(
    put, path = "/filesystems/{id}/files/{*path}", tag = "filesystems",
    params(("id" = String, Path), ("path" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 402), (status = 403), (status = 404)),
)]
pub(super) async fn put(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Write>,
    File(path): File,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let value = headers.get(header::CONTENT_RANGE).ok_or(Refusal::NoRange("Content-Range is missing"))?;
    let spelled = wire::content_range(value.to_str().map_err(|_| Refusal::BadRange)?)?;
    let id = spelled.upload.as_deref().or_else(|| query.upload());
    let upload = opened(&folder, id.ok_or(Refusal::NoRange("Content-Range names no upload"))?, &path).await?;
    let range = spelled.chunk(body::announced(&headers))?;
    append(&state, upload, range, body).await
}

/// The length of a body that does not announce it shows only at its end.
async fn append(state: &State, upload: Upload, range: std::ops::Range<u64>, body: Body) -> Result<StatusCode, Refusal> {
    let length = range.end - range.start;
    let (stream, passed) = body::counted(body);
    let appended = state.finish(async move { upload.append(range.start, length, stream).await }).await;
    match appended {
        Ok(()) => Ok(StatusCode::OK),
        Err(error) if error.kind() == ErrorKind::Invalid && passed.is_other_than(length) => {
            Err(Refusal::LengthMismatch { announced: length, got: passed.bytes() })
        }
        Err(error) => Err(error.into()),
    }
}

/// The upload of this id, if it is one of this very file: any other is as good as none.
async fn opened(folder: &Folder<Write>, id: &str, path: &FilePath) -> Result<Upload, Refusal> {
    let upload = folder.upload(&wire::upload_id(id)?).await.map_err(|error| match (error.kind(), error.subject()) {
        (ErrorKind::NotFound, Subject::Upload) => Refusal::NoSuchUpload,
        _ => Refusal::Core(error),
    })?;
    if upload.path() != *path {
        return Err(Refusal::NoSuchUpload);
    }
    Ok(upload)
}
