//! Files and directories: listed, made, downloaded, deleted.

use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use mapping::access::{Delete, Folder, Read, Write};
use mapping::files::{Depth, EntryKind, PageRequest, Parents, RangeRequest, ReadOptions, Reading, Removed, Served};
use mapping::path::FilePath;
use mapping::store::ETag;
use mapping::{Error, ErrorKind, Subject};

use super::access::Granted;
use super::error::Refusal;
use super::extract::{Directory, File, Query};
use super::listing;
use super::wire::{self, Asked, DownloadStarted};
use crate::app::State;
use crate::range::Wanted;
use crate::render;

/// Lists the top of a file system.
#[utoipa::path(
    get, path = "/filesystems/{id}/list", tag = "filesystems",
    params(("id" = String, Path)),
    responses((status = 200), (status = 401), (status = 403)),
)]
pub(super) async fn list_root(folder: Granted<Read>, directory: Directory) -> Result<Response, Refusal> {
    list(folder, directory).await
}

/// Lists a directory, names only; one that is not there is shown as empty.
#[utoipa::path(
    get, path = "/filesystems/{id}/list/{*path}", tag = "filesystems",
    params(("id" = String, Path), ("path" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 403)),
)]
pub(super) async fn list(Granted(folder): Granted<Read>, Directory(directory): Directory) -> Result<Response, Refusal> {
    match folder.list(&directory, PageRequest::default()).await {
        Ok(first) => Ok(listing::answer(folder, directory, first)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(render::json(&listing::nothing())),
        Err(error) => Err(error.into()),
    }
}

/// Makes a directory in one that is there.
#[utoipa::path(
    post, path = "/filesystems/{id}/mkdir/{*path}", tag = "filesystems",
    params(("id" = String, Path), ("path" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 403), (status = 409)),
)]
pub(super) async fn mkdir(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Write>,
    Directory(directory): Directory,
) -> Result<StatusCode, Refusal> {
    let root = || Error::new(ErrorKind::AlreadyExists, Subject::File, "Directory already exists");
    let path = directory.path().cloned().ok_or_else(root)?;
    state.finish(async move { folder.mkdir(&path, Parents::Require).await }).await?;
    Ok(StatusCode::OK)
}

/// Deletes a file, or a directory and all that is in it.
#[utoipa::path(
    delete, path = "/filesystems/{id}/files/{*path}", tag = "filesystems",
    params(("id" = String, Path), ("path" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 403)),
)]
pub(super) async fn delete(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Delete>,
    File(path): File,
) -> Result<StatusCode, Refusal> {
    match state.finish(async move { folder.remove(&path, Depth::Tree).await }).await {
        Ok(removed) => all_gone(removed),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Refusal::NothingToDelete),
        Err(error) => Err(error.into()),
    }
}

/// What the store refused to remove is still there: that is no success.
fn all_gone(removed: Removed) -> Result<StatusCode, Refusal> {
    match removed.failures.into_iter().next() {
        None => Ok(StatusCode::OK),
        Some(first) => {
            let message =
                format!("{} of the files could not be deleted, `{}` among them: try again", removed.failed, first.path);
            Err(Error::new(ErrorKind::Unavailable, Subject::File, message).caused_by(first.message).into())
        }
    }
}

/// Downloads a file, or some of its bytes, or (`?init=true`) begins a download.
#[utoipa::path(
    get, path = "/filesystems/{id}/files/{*path}", tag = "filesystems",
    params(("id" = String, Path), ("path" = String, Path), ("init" = Option<bool>, Query)),
    responses((status = 200, body = DownloadStarted), (status = 206), (status = 400), (status = 401),
        (status = 403), (status = 404), (status = 416)),
)]
pub(super) async fn download(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Read>,
    File(path): File,
    query: Query,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if query.init() {
        let size = size(&folder, &path).await?;
        let download_id = state.bucket().random().alphanumeric(20);
        return Ok(render::json(&DownloadStarted { size, download_id }));
    }
    if method == Method::HEAD {
        return head(&folder, &path).await;
    }
    match wire::asked(text(&headers, header::CONTENT_RANGE)?, text(&headers, header::RANGE)?)? {
        Asked::Chunk(start, end) if start == end => {
            size(&folder, &path).await?;
            Ok(StatusCode::OK.into_response())
        }
        asked => {
            let reading = folder.read(&path, options(asked)).await?;
            if is_of_another_version(&reading, asked, headers.get(header::IF_RANGE)) {
                drop(reading);
                return answer(folder.read(&path, ReadOptions::default()).await?, Asked::Whole);
            }
            answer(reading, asked)
        }
    }
}

/// Whether the client has bytes of another version of the file than the one that is being read: it
/// would put the two together. (RFC 9110, 13.1.5; a date is no answer's, so it names no version.)
fn is_of_another_version(reading: &Reading, asked: Asked, if_range: Option<&HeaderValue>) -> bool {
    let standard = matches!(asked, Asked::Standard(_));
    let other = |known: &HeaderValue| known.as_bytes() != reading.meta.etag.0.as_bytes();
    standard && if_range.is_some_and(other)
}

/// What a download of the whole file would say before its first byte, by a look at the store alone.
async fn head(folder: &Folder<Read>, path: &FilePath) -> Result<Response, Refusal> {
    let (size, etag) = file(folder, path).await?;
    let mut response = Response::new(Body::empty());
    describe(response.headers_mut(), size, &etag);
    Ok(response)
}

async fn size(folder: &Folder<Read>, path: &FilePath) -> Result<u64, Refusal> {
    Ok(file(folder, path).await?.0)
}

async fn file(folder: &Folder<Read>, path: &FilePath) -> Result<(u64, ETag), Refusal> {
    match folder.stat(path).await?.kind {
        EntryKind::File { size, etag, .. } => Ok((size, etag)),
        EntryKind::Directory => {
            Err(Error::new(ErrorKind::NotFound, Subject::File, format!("`{path}` is a directory")).into())
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Refusal> {
    headers.get(name).map(|value| value.to_str().map_err(|_| Refusal::BadRange)).transpose()
}

const fn options(asked: Asked) -> ReadOptions {
    let range = match asked {
        Asked::Whole => RangeRequest::Whole,
        Asked::Chunk(start, end) => RangeRequest::FromTo(start, end),
        Asked::Standard(Wanted::From(start, None)) => RangeRequest::From(start),
        Asked::Standard(Wanted::From(start, Some(last))) => RangeRequest::FromTo(start, last.saturating_add(1)),
        Asked::Standard(Wanted::Last(count)) => RangeRequest::Suffix(count),
    };
    ReadOptions { range }
}

/// This API's own ranges answer 200, cut to the file; the standard's answer 206, or 416.
fn answer(reading: Reading, asked: Asked) -> Result<Response, Refusal> {
    let Reading { meta, served, range, body } = reading;
    let standard = matches!(asked, Asked::Standard(_));
    if standard && served == Served::PastEnd {
        return Err(Refusal::OutOfRange(meta.size));
    }
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    describe(headers, range.end - range.start, &meta.etag);
    if standard {
        let value = format!("bytes {}-{}/{}", range.start, range.end - 1, meta.size);
        let value = HeaderValue::from_str(&value).expect("digits stand in a header");
        headers.insert(header::CONTENT_RANGE, value);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn describe(headers: &mut HeaderMap, length: u64, etag: &ETag) {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(etag) = HeaderValue::from_str(&etag.0) {
        headers.insert(header::ETAG, etag);
    }
}

#[cfg(test)]
mod tests {
    use mapping::Timestamp;
    use mapping::files::FileMeta;

    use super::*;

    fn reading(served: Served, range: std::ops::Range<u64>) -> Reading {
        let meta = FileMeta {
            size: 10,
            etag: ETag("\"e\"".to_owned()),
            modified: Timestamp::from_millis(0),
            content_type: None,
        };
        Reading { meta, served, range, body: Box::pin(futures::stream::empty()) }
    }

    fn shown(served: Served, range: std::ops::Range<u64>, asked: Asked) -> (u16, Option<String>, String) {
        let response = answer(reading(served, range), asked).into_response();
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), header(header::CONTENT_RANGE), header(header::CONTENT_LENGTH).unwrap_or_default())
    }

    #[test]
    fn the_answer_is_in_the_language_of_the_question() {
        let standard = Asked::Standard(Wanted::From(2, Some(4)));
        assert_eq!(shown(Served::Part, 2..5, standard), (206, Some("bytes 2-4/10".to_owned()), "3".to_owned()));
        assert_eq!(shown(Served::Part, 2..5, Asked::Chunk(2, 5)), (200, None, "3".to_owned()));
        assert_eq!(shown(Served::Whole, 0..10, Asked::Whole), (200, None, "10".to_owned()));
        assert_eq!(shown(Served::PastEnd, 10..10, Asked::Chunk(20, 30)), (200, None, "0".to_owned()));
        let (status, range, _) = shown(Served::PastEnd, 10..10, standard);
        assert_eq!((status, range), (416, Some("bytes */10".to_owned())));
    }

    #[test]
    fn a_range_is_of_the_version_that_the_client_has() {
        let standard = Asked::Standard(Wanted::From(2, Some(4)));
        let cases = [
            (standard, Some("\"e\""), false),
            (standard, None, false),
            (standard, Some("\"old\""), true),
            (standard, Some("W/\"e\""), true),
            (standard, Some("Wed, 21 Oct 2026 07:28:00 GMT"), true),
            (Asked::Chunk(2, 5), Some("\"old\""), false),
            (Asked::Whole, Some("\"old\""), false),
        ];
        for (asked, known, expected) in cases {
            let known = known.map(HeaderValue::from_static);
            let other = is_of_another_version(&reading(Served::Part, 2..5), asked, known.as_ref());
            assert_eq!(other, expected, "{asked:?} {known:?}");
        }
    }

    #[test]
    fn an_inclusive_end_becomes_an_exclusive_one() {
        let range = |asked| options(asked).range;
        assert_eq!(range(Asked::Standard(Wanted::From(2, Some(4)))), RangeRequest::FromTo(2, 5));
        assert_eq!(range(Asked::Standard(Wanted::From(0, Some(u64::MAX)))), RangeRequest::FromTo(0, u64::MAX));
        assert_eq!(range(Asked::Chunk(2, 4)), RangeRequest::FromTo(2, 4));
    }
}
