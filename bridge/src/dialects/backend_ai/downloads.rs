//! Downloads: several files in one answer, one file or a part of it, and what a link stands for.

use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use mapping::access::{Folder, Read};
use mapping::path::{DirPath, FilePath};
use mapping::{Error, ErrorKind, Subject};
use serde_json::Value;

use super::access::Granted;
use super::archives;
use super::error::{Problem, Refusal, malformed};
use super::extract::Params;
use super::mixed::{self, Coding, Found};
use super::tickets::{self, DownloadErrand, Origin, Shown};
use super::wire;
use crate::app::State;
use crate::archive::Format;
use crate::download::{self, Unserved};

/// The most files of one answer.
const MOST_FILES: usize = 10_000;

/// Files looked at at one time.
const LOOKS_AT_ONCE: usize = 16;

/// Clients show how far they are by it, and fail without.
const TOTAL: HeaderName = HeaderName::from_static("x-total-payloads-length");

/// Answers several files as one. All are looked at before the first byte: what is missing is told with the
/// status.
#[utoipa::path(
    get, path = "/folders/{name}/download", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn several(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Read>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Refusal> {
    let files = found(&folder, &params).await?;
    let version = ["x-backendai-version", "x-sorna-version"].iter().find_map(|name| headers.get(*name));
    let coding = Coding::for_version(version.and_then(|value| value.to_str().ok()));
    let (total, boundary) = (mixed::total(&files), state.bucket().random().uuid().as_simple().to_string());
    let kind = HeaderValue::from_str(&format!("multipart/mixed; boundary={boundary}"));
    let mut response = Response::new(download::started(mixed::body(folder, files, coding, boundary)).await?);
    response.headers_mut().insert(header::CONTENT_TYPE, kind.expect("hex digits stand in a header"));
    response.headers_mut().insert(TOTAL, HeaderValue::from(total));
    Ok(response)
}

async fn found(folder: &Folder<Read>, params: &Params) -> Result<Vec<Found>, Refusal> {
    let names = params.texts(&["files", "file"])?.filter(|names| !names.is_empty());
    let names = names.ok_or_else(|| malformed("a list `files` of paths is expected"))?;
    if names.len() > MOST_FILES {
        return Err(malformed(format!("one request takes at most {MOST_FILES} files")));
    }
    let paths = names.iter().map(|name| wire::path(name)).collect::<Result<Vec<_>, _>>()?;
    let looks = paths.into_iter().map(|path| async move {
        let meta = download::look(folder, &path).await?;
        Ok::<_, Error>(Found { path, meta })
    });
    Ok(stream::iter(looks.collect::<Vec<_>>()).buffered(LOOKS_AT_ONCE).try_collect().await?)
}

/// Answers one file, or some bytes of it, or a directory as an archive.
#[utoipa::path(
    get, path = "/folders/{name}/download-single", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 206), (status = 400), (status = 401), (status = 404), (status = 416)),
)]
pub(super) async fn single(
    Granted(folder): Granted<Read>,
    method: Method,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Refusal> {
    let errand = errand(&folder, &params).await?;
    run(&folder, &errand, &method, &headers).await
}

/// Answers a link for a file, or for a directory as an archive.
#[utoipa::path(
    post, path = "/folders/{name}/request-download", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn request_download(
    Granted(folder): Granted<Read>,
    origin: Origin,
    params: Params,
) -> Result<Response, Refusal> {
    match errand(&folder, &params).await {
        Ok(errand) => tickets::give_out(&folder, &errand, &origin),
        Err(error) => missing(error),
    }
}

/// Answers a link for files and directories as one archive.
#[utoipa::path(
    post, path = "/folders/{name}/request-download-archive", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 413)),
)]
pub(super) async fn request_download_archive(
    Granted(folder): Granted<Read>,
    origin: Origin,
    params: Params,
) -> Result<Response, Refusal> {
    let names = params.texts(&["files", "paths"])?.unwrap_or_default();
    let named = names.iter().map(|name| wire::directory(name)).collect::<Result<Vec<_>, _>>()?;
    // The folder itself is everything, whatever else is named.
    let paths: Option<Vec<_>> = named.into_iter().map(|directory| directory.path().cloned()).collect();
    let paths = paths.unwrap_or_default();
    let format = format(&params)?.unwrap_or(Format::Zip);
    let name = params.text(&["filename", "name"]).filter(|name| !name.is_empty()).unwrap_or("archive");
    let dotted = format!(".{}", format.extension());
    let name = if name.ends_with(&dotted) { name.to_owned() } else { format!("{name}{dotted}") };
    match archives::look(&folder, &paths).await {
        Ok(()) => tickets::give_out(&folder, &DownloadErrand::Archive { paths, name, format }, &origin),
        Err(error) => missing(error.into()),
    }
}

/// Does what a link stands for.
#[utoipa::path(
    get, path = "/folders/_/download-with-token", tag = "backend-ai", params(("token" = String, Query)),
    responses((status = 200), (status = 206), (status = 401), (status = 404), (status = 416)),
)]
pub(super) async fn with_token(
    Shown(ticket): Shown<DownloadErrand>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let folder = ticket.folder::<Read>().await?;
    run(&folder, ticket.what(), &method, &headers).await.or_else(missing)
}

/// What one path stands for: a file, or a directory that is wanted as an archive.
async fn errand(folder: &Folder<Read>, params: &Params) -> Result<DownloadErrand, Refusal> {
    let place = wire::directory(params.needed(&["path", "file"])?)?;
    let Some(format) = format(params)? else { return file(folder, place).await };
    let Some(path) = place.path().cloned() else {
        archives::look(folder, &[]).await?;
        let name = format!("folder.{}", format.extension());
        return Ok(DownloadErrand::Archive { paths: Vec::new(), name, format });
    };
    if !folder.stat(&path).await?.is_directory() {
        return file(folder, place).await;
    }
    archives::look(folder, std::slice::from_ref(&path)).await?;
    let name = format!("{}.{}", path.name(), format.extension());
    Ok(DownloadErrand::Archive { paths: vec![path], name, format })
}

async fn file(folder: &Folder<Read>, place: DirPath) -> Result<DownloadErrand, Refusal> {
    let path = place.path().cloned();
    let path = path.ok_or_else(|| malformed("a folder comes as an archive: send `archive` with it"))?;
    download::look(folder, &path).await?;
    Ok(DownloadErrand::File(path))
}

/// Which archive is wanted, if one is: `archive` says yes, or which.
fn format(params: &Params) -> Result<Option<Format>, Refusal> {
    match params.value(&["archive"]) {
        Some(Value::String(text)) if text.eq_ignore_ascii_case("tar") => Ok(Some(Format::Tar)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("zip") => Ok(Some(Format::Zip)),
        _ => Ok(params.flag(&["archive"], false)?.then_some(Format::Zip)),
    }
}

async fn run(
    folder: &Folder<Read>,
    errand: &DownloadErrand,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    match errand {
        DownloadErrand::File(path) => served(folder, path, method, headers).await,
        DownloadErrand::Archive { paths, name, format } => {
            Ok(archives::answer(folder, paths.clone(), name, *format, method).await?)
        }
    }
}

async fn served(
    folder: &Folder<Read>,
    path: &FilePath,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    match download::serve(folder, path, path.name(), method, headers).await {
        Ok(response) => Ok(response),
        Err(Unserved::Core(error)) => Err(error.into()),
        Err(Unserved::OutOfRange(size)) => {
            let title = "The range lies outside of the file.";
            let problem = Problem {
                status: StatusCode::RANGE_NOT_SATISFIABLE,
                slug: "range-not-satisfiable",
                title,
                message: None,
                data: None,
            };
            let mut response = problem.into_response();
            let range = HeaderValue::from_str(&format!("bytes */{size}")).expect("digits stand in a header");
            response.headers_mut().insert(header::CONTENT_RANGE, range);
            Ok(response)
        }
    }
}

/// What clients of links know a missing file by.
fn missing(refusal: Refusal) -> Result<Response, Refusal> {
    match refusal {
        Refusal::Core(error) if error.kind() == ErrorKind::NotFound && error.subject() == Subject::File => {
            let (slug, title) = ("storage/file-not-found", "File not found.");
            let message = Some(error.message().to_owned());
            Ok(Problem { status: StatusCode::NOT_FOUND, slug, title, message, data: None }.into_response())
        }
        other => Err(other),
    }
}
