//! Files and directories: made, renamed, moved, deleted.

use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use mapping::access::{Delete, Folder, Write};
use mapping::files::tree::{ConflictPolicy, Progress};
use mapping::files::{Depth, Failure, Parents};
use mapping::id::JobId;
use mapping::jobs::{Begun, Outcome};
use mapping::path::{DirPath, FilePath};
use mapping::{Error, ErrorKind, Subject};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::access::Granted;
use super::error::{Problem, Refusal, malformed};
use super::extract::{Params, Reader};
use super::{folders, wire};
use crate::app::State;
use crate::render;

/// The most directories that are made by one request.
const MOST_DIRECTORIES: usize = 50;

/// How long is waited for directories before the rest of them is not tried any more: less than a request may take.
const MOST_WAITING: Duration = Duration::from_secs(20);

/// Files looked at or removed at one time.
const AT_ONCE: usize = 8;

/// Makes a directory and those above it. One that is there stays as it is, with all that is in it.
///
/// Whoever says `parents` or `exist_ok`, or names several, is told what became of each.
#[utoipa::path(
    post, path = "/folders/{name}/mkdir", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 201), (status = 207), (status = 400), (status = 401), (status = 404),
        (status = 422)),
)]
pub(super) async fn mkdir(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Write>,
    params: Params,
) -> Result<Response, Refusal> {
    let paths = params.texts(&["path", "paths"])?.ok_or_else(|| malformed("a text or a list `path` is expected"))?;
    if paths.is_empty() || paths.len() > MOST_DIRECTORIES {
        return Err(malformed(format!("1 to {MOST_DIRECTORIES} directories are made at a time")));
    }
    let told = params.value(&["parents"]).is_some() || params.value(&["exist_ok"]).is_some();
    let listed = params.value(&["path", "paths"]).is_some_and(Value::is_array);
    let parents = if params.flag(&["parents"], true)? { Parents::Create } else { Parents::Require };
    let may_exist = params.flag(&["exist_ok"], !told)?;
    if !told && !listed {
        let directory = wire::directory(&paths[0])?;
        state.finish(async move { made(&folder, &directory, parents, may_exist).await }).await?;
        return Ok(StatusCode::CREATED.into_response());
    }
    let (mut success, mut failed) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for path in paths {
        if began.elapsed() >= MOST_WAITING {
            failed.push(json!({ "item": path, "msg": "this took too long, so it was not tried: try again" }));
            continue;
        }
        let directory = wire::directory(&path);
        let folder = folder.clone();
        let made = match directory {
            Ok(directory) => state.finish(async move { made(&folder, &directory, parents, may_exist).await }).await,
            Err(Refusal::Core(error)) => Err(error),
            Err(refusal) => return Err(refusal),
        };
        match made {
            Ok(()) => success.push(json!({ "item": path, "msg": null })),
            Err(error) if concerns_one(&error) => failed.push(json!({ "item": path, "msg": error.message() })),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(all_made(&success, &failed))
}

/// What became of each of several directories.
fn all_made(success: &[Value], failed: &[Value]) -> Response {
    let results = json!({ "success": success, "failed": failed });
    if !success.is_empty() || failed.is_empty() {
        let status = if failed.is_empty() { StatusCode::OK } else { StatusCode::MULTI_STATUS };
        return render::json_with(status, &json!({ "results": results }));
    }
    // Clients that print an error by its title break without one.
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let (slug, title) = ("vfolder-operation-failed", "Virtual folder operation has failed.");
    let message = failed[0]["msg"].as_str().map(str::to_owned);
    let mut answer = Problem { status, slug, title, message, data: None }.body();
    answer["results"] = results;
    render::json_with(status, &answer)
}

async fn made(folder: &Folder<Write>, directory: &DirPath, parents: Parents, may_exist: bool) -> mapping::Result<()> {
    let made = match directory.path() {
        Some(path) => folder.mkdir(path, parents).await,
        None => Err(Error::new(ErrorKind::AlreadyExists, Subject::File, "the folder itself is there")),
    };
    match made {
        Err(error) if may_exist && error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Whether an error is about one path, so that the next one may be tried.
fn concerns_one(error: &Error) -> bool {
    error.subject() == Subject::File
        && matches!(
            error.kind(),
            ErrorKind::AlreadyExists | ErrorKind::Busy | ErrorKind::Conflict | ErrorKind::Invalid | ErrorKind::NotFound
        )
}

/// Deletes files, and with `recursive` directories. When one of them cannot be deleted, none is.
#[utoipa::path(
    delete, path = "/folders/{name}/delete-files", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn delete_files(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Delete>,
    reader: Reader,
    params: Params,
) -> Result<Response, Refusal> {
    let wish = Wish::of(&params, reader)?;
    state.finish(async move { wish.delete(&folder).await }).await?;
    Ok(folders::done())
}

/// The same, for clients whose `DELETE` has no body.
#[utoipa::path(
    post, path = "/folders/{name}/delete-files", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn delete_files_by_post(
    state: Shared<State>,
    folder: Granted<Delete>,
    reader: Reader,
    params: Params,
) -> Result<Response, Refusal> {
    delete_files(state, folder, reader, params).await
}

/// Deletes files and directories; large directories go on being deleted behind the answer.
#[utoipa::path(
    post, path = "/folders/{name}/delete-files-async", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 202), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn delete_files_async(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Delete>,
    reader: Reader,
    params: Params,
) -> Result<Response, Refusal> {
    let wish = Wish::of(&params, reader)?;
    let job = state.finish(async move { wish.begin(&folder).await }).await?;
    let job = job.unwrap_or_else(|| JobId::random(state.bucket().random()));
    Ok(render::json_with(StatusCode::ACCEPTED, &json!({ "bgtask_id": job.to_string() })))
}

/// What is to be deleted.
struct Wish {
    paths: Vec<FilePath>,
    depth: Depth,
    /// Clients expect what is not there to be passed over, the documents that it is told.
    missing_is_fine: bool,
}

impl Wish {
    fn of(params: &Params, reader: Reader) -> Result<Self, Refusal> {
        let paths = params.texts(&["files"])?.ok_or_else(|| malformed("a list `files` is expected"))?;
        let paths = paths.iter().map(|path| wire::path(path)).collect::<Result<Vec<_>, _>>()?;
        let depth = if params.flag(&["recursive"], false)? { Depth::Tree } else { Depth::File };
        Ok(Self { paths, depth, missing_is_fine: reader == Reader::Client })
    }

    /// What of it is there, and whether it is a directory.
    async fn there(&self, folder: &Folder<Delete>) -> mapping::Result<Vec<(FilePath, bool)>> {
        let looks = self.paths.iter().map(|path| async move {
            match folder.stat(path).await {
                Ok(entry) if entry.is_directory() && self.depth == Depth::File => {
                    let message = format!("`{path}` is a directory: it is deleted with `recursive` only");
                    Err(Error::new(ErrorKind::Conflict, Subject::File, message))
                }
                Ok(entry) => Ok(Some((path.clone(), entry.is_directory()))),
                Err(error) if error.kind() == ErrorKind::NotFound && self.missing_is_fine => Ok(None),
                Err(error) => Err(error),
            }
        });
        let looks: Vec<_> = looks.collect();
        let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Deletes it. A crash half way leaves the rest, which the same request deletes.
    async fn delete(&self, folder: &Folder<Delete>) -> mapping::Result<()> {
        let there = self.there(folder).await?;
        let deletions: Vec<_> = there.iter().map(|(path, _)| deleted(folder, path, self.depth)).collect();
        stream::iter(deletions).buffered(AT_ONCE).try_collect().await
    }

    /// Deletes the files and begins to delete the directories; says a job that goes on with one.
    async fn begin(&self, folder: &Folder<Delete>) -> mapping::Result<Option<JobId>> {
        let mut job = None;
        for (path, is_directory) in self.there(folder).await? {
            if !is_directory {
                deleted(folder, &path, Depth::File).await?;
                continue;
            }
            match folder.remove_tree(&path).await?.begun().await? {
                Begun::Job(id) => job = job.or(Some(id)),
                Begun::Done(outcome) => whole(outcome)?,
            }
        }
        Ok(job)
    }
}

/// Deletes one thing; one that is gone meanwhile is deleted.
async fn deleted(folder: &Folder<Delete>, path: &FilePath, depth: Depth) -> mapping::Result<()> {
    match folder.remove(path, depth).await {
        Ok(removed) => all_done(removed.failed, removed.failures),
        Err(error) if error.kind() == ErrorKind::NotFound && error.subject() == Subject::File => Ok(()),
        Err(error) => Err(error),
    }
}

fn whole(outcome: Outcome) -> mapping::Result<()> {
    if outcome.cancelled {
        let message = "it was stopped before its end: some of it is done";
        return Err(Error::new(ErrorKind::Conflict, Subject::Job, message));
    }
    let Progress { failed, failures, .. } = outcome.progress;
    all_done(failed, failures)
}

/// What the store refused to do is not done: that is no success.
fn all_done(failed: u64, failures: Vec<Failure>) -> mapping::Result<()> {
    match failures.into_iter().next() {
        None => Ok(()),
        Some(first) => {
            let message = format!("it failed for {failed} of the files, `{}` among them: try again", first.path);
            Err(Error::new(ErrorKind::Unavailable, Subject::File, message).caused_by(first.message))
        }
    }
}

/// Gives a file or a directory another name where it is.
#[utoipa::path(
    post, path = "/folders/{name}/rename-file", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn rename_file(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Delete>,
    params: Params,
) -> Result<Response, Refusal> {
    let from = wire::path(params.needed(&["target_path", "targetPath"])?)?;
    let to = from.parent().join(params.needed(&["new_name", "newName"])?)?;
    state.finish(async move { moved(&folder, &from, &to).await }).await?;
    Ok(folders::done())
}

/// Moves a file or a directory to another path, or into the directory that is there.
#[utoipa::path(
    post, path = "/folders/{name}/move-file", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn move_file(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Delete>,
    params: Params,
) -> Result<Response, Refusal> {
    let from = wire::path(params.needed(&["src"])?)?;
    let to = wire::directory(params.needed(&["dst"])?)?;
    state.finish(async move { moved(&folder, &from, &place_of(&folder, &from, to).await?).await }).await?;
    Ok(folders::done())
}

async fn place_of(folder: &Folder<Delete>, from: &FilePath, to: DirPath) -> mapping::Result<FilePath> {
    let Some(path) = to.path() else { return to.join(from.name()) };
    match folder.stat(path).await {
        Ok(entry) if entry.is_directory() && path != from => to.join(from.name()),
        Ok(_) => Ok(path.clone()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.clone()),
        Err(error) => Err(error),
    }
}

/// A large directory is waited for, and goes on to its end by itself if nobody waits any more.
async fn moved(folder: &Folder<Delete>, from: &FilePath, to: &FilePath) -> mapping::Result<()> {
    whole(folder.move_to(from, folder, to, ConflictPolicy::Reject).await?.ended().await?)
}
