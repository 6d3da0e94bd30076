//! Uploads that come in chunks, one after the other, by tus 1.0: `PATCH` at an offset, `HEAD` for where to
//! go on. Any replica takes any of them. There is no creation: the ticket names the upload.

use axum::body::{Body, HttpBody};
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use mapping::access::Write;
use mapping::path::FilePath;
use mapping::upload::{Upload, UploadOptions};
use mapping::{ErrorKind, Subject};

use super::error::{Problem, Refusal, malformed};
use super::tickets::{Shown, UploadErrand};
use super::wire;
use crate::app::State;
use crate::body;
use crate::query::Pairs;
use crate::range;

/// The most bytes of a file that any store takes.
const MAX_SIZE: u64 = 5 << 40;

/// Takes the bytes of the body for the place that `Upload-Offset` names. With the last of them the file is
/// there.
#[utoipa::path(
    patch, path = "/folders/_/tus/upload", tag = "backend-ai", params(("token" = String, Query)),
    responses((status = 204), (status = 400), (status = 401), (status = 404), (status = 409), (status = 411)),
)]
pub(super) async fn patch(
    Shared(state): Shared<State>,
    Shown(ticket): Shown<UploadErrand>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let start = headers.get("upload-offset").and_then(|value| range::digits(value.to_str().ok()?).ok());
    let start = start.ok_or_else(|| malformed("a header `Upload-Offset` with a number is expected"))?;
    let nothing = body.is_end_stream().then_some(0);
    let Some(length) = body::announced(&headers).or(nothing) else { return Ok(no_length()) };
    let UploadErrand { id, path, size } = ticket.what();
    let (id, path, size) = (id.clone(), target(&uri, path)?, *size);
    let folder = ticket.folder::<Write>().await?;
    let stream = body::counted(body).0;
    let work = async move {
        let upload = folder.take_up_upload(&id, &path, size, UploadOptions::default()).await?;
        let end = upload.append_in_sequence(start, length, stream).await?;
        if end == size {
            finished(&upload).await?;
        }
        Ok(end)
    };
    let end = state.finish(work).await?;
    Ok(answer(StatusCode::NO_CONTENT, Some((end, size))))
}

/// The same, where 20.03 has the token in the path.
#[utoipa::path(
    patch, path = "/folders/_/tus/upload/{token}", tag = "backend-ai", params(("token" = String, Path)),
    responses((status = 204), (status = 400), (status = 401), (status = 404), (status = 409), (status = 411)),
)]
pub(super) async fn patch_by_path(
    state: Shared<State>,
    ticket: Shown<UploadErrand>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    patch(state, ticket, uri, headers, body).await
}

/// Says where to go on. Who is told that all is there has the file: a finish that failed is made up for.
#[utoipa::path(
    head, path = "/folders/_/tus/upload", tag = "backend-ai", params(("token" = String, Query)),
    responses((status = 200), (status = 401), (status = 404)),
)]
pub(super) async fn head(
    Shared(state): Shared<State>,
    Shown(ticket): Shown<UploadErrand>,
) -> Result<Response, Refusal> {
    let UploadErrand { id, size, .. } = ticket.what();
    let folder = ticket.folder::<Write>().await?;
    let upload = match folder.upload(id).await {
        // Nothing came of it yet.
        Err(error) if error.kind() == ErrorKind::NotFound && error.subject() == Subject::Upload => {
            return Ok(answer(StatusCode::OK, Some((0, *size))));
        }
        other => other?,
    };
    let offset = upload.offset().await?;
    if offset == *size {
        state.finish(async move { finished(&upload).await }).await?;
    }
    Ok(answer(StatusCode::OK, Some((offset, *size))))
}

/// The same, where 20.03 has the token in the path.
#[utoipa::path(
    head, path = "/folders/_/tus/upload/{token}", tag = "backend-ai", params(("token" = String, Path)),
    responses((status = 200), (status = 401), (status = 404)),
)]
pub(super) async fn head_by_path(state: Shared<State>, ticket: Shown<UploadErrand>) -> Result<Response, Refusal> {
    head(state, ticket).await
}

/// What this server can do. For everybody: pages ask before they send a token.
#[utoipa::path(
    options, path = "/folders/_/tus/upload", tag = "backend-ai", responses((status = 204)),
)]
pub(super) async fn options() -> Response {
    let mut response = answer(StatusCode::NO_CONTENT, None);
    response.headers_mut().insert("tus-version", HeaderValue::from_static("1.0.0"));
    response.headers_mut().insert("tus-max-size", HeaderValue::from(MAX_SIZE));
    response
}

/// The same, where 20.03 has the token in the path.
#[utoipa::path(
    options, path = "/folders/_/tus/upload/{token}", tag = "backend-ai", params(("token" = String, Path)),
    responses((status = 204)),
)]
pub(super) async fn options_by_path() -> Response {
    options().await
}

/// Makes the file, unless it is made.
async fn finished(upload: &Upload) -> mapping::Result<()> {
    if !upload.is_finished() {
        upload.finish().await?;
    }
    Ok(())
}

/// Where the file goes: clients name with each chunk a directory to put it below, or none.
fn target(uri: &Uri, path: &FilePath) -> Result<FilePath, Refusal> {
    let pairs = Pairs::of(uri);
    let Some(below) = pairs.first("dst_dir").filter(|below| !below.is_empty()) else { return Ok(path.clone()) };
    match wire::directory(below)?.path() {
        None => Ok(path.clone()),
        Some(below) => Ok(format!("{below}/{path}").parse::<FilePath>()?),
    }
}

/// Without a length nobody can tell a body that ended from one that broke off.
fn no_length() -> Response {
    let message = Some("a chunk says how long it is: send `Content-Length`".to_owned());
    let (slug, title) = ("length-required", "The request has no Content-Length.");
    Problem { status: StatusCode::LENGTH_REQUIRED, slug, title, message, data: None }.into_response()
}

fn answer(status: StatusCode, place: Option<(u64, u64)>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static("1.0.0"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some((offset, length)) = place {
        headers.insert("upload-offset", HeaderValue::from(offset));
        headers.insert("upload-length", HeaderValue::from(length));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_below_the_directory_that_its_chunks_name() {
        let path: FilePath = "sub/a.txt".parse().unwrap();
        let goes = |query: &str| target(&format!("/x?token=t{query}").parse().unwrap(), &path);
        for (query, expected) in [
            ("", "sub/a.txt"),
            ("&dst_dir=", "sub/a.txt"),
            ("&dst_dir=.", "sub/a.txt"),
            ("&dst_dir=to%20here/", "to here/sub/a.txt"),
            ("&dst_dir=./x/y", "x/y/sub/a.txt"),
            ("&dst_dir=/x", "x/sub/a.txt"),
        ] {
            assert_eq!(goes(query).unwrap().as_str(), expected, "{query}");
        }
        for query in ["&dst_dir=..", "&dst_dir=a/../..", "&dst_dir=a//b", "&dst_dir=%00"] {
            assert!(goes(query).is_err(), "{query}");
        }
    }
}
