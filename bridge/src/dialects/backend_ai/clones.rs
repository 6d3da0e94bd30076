//! Folders that are made out of others.

use std::collections::BTreeSet;

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use mapping::access::Read;
use mapping::folders::NewFolder;
use mapping::jobs::{Begun, Outcome};
use mapping::limits::LimitProfile;
use mapping::{Error, ErrorKind, Subject};

use super::access::Granted;
use super::error::{Problem, Refusal, malformed};
use super::extract::{Params, Reader};
use super::wire::HOST;
use super::{folders, options, wire};
use crate::app::State;
use crate::render;

/// Makes a folder of the caller with all that is in this one. What takes long goes on as a background task.
#[utoipa::path(
    post, path = "/folders/{name}/clone", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 201), (status = 400), (status = 401), (status = 403), (status = 404), (status = 406),
        (status = 412)),
)]
pub(super) async fn clone(
    Shared(state): Shared<State>,
    Granted(source): Granted<Read>,
    reader: Reader,
    params: Params,
) -> Result<Response, Refusal> {
    let name = wire::new_name(params.needed(&["target_name", "vfolder_name", "name"])?)?;
    if params.text(&["target_host", "folder_host"]).is_some_and(|host| !host.is_empty() && host != HOST) {
        return Err(malformed(format!("there is no such host: folders lie at `{HOST}`")));
    }
    let made = NewFolder { profile: LimitProfile::Bounded, options: options::of(&params)? };
    let (bucket, account) = (state.bucket().clone(), source.account().clone());
    let cloned = state.finish(async move {
        let (folder, underway) = bucket.clone_folder(&source, name, made).await?;
        let job = match underway.begun().await? {
            Begun::Job(id) => Some(id),
            Begun::Done(outcome) => whole(outcome).map(|()| None)?,
        };
        Ok((folder, job))
    });
    let (folder, job) = cloned.await.map_err(told)?;
    let shown = folders::shown(state.bucket(), &account, vec![folder], &BTreeSet::new(), false).await?;
    let mut object = shown.first().map(|shown| shown.json(reader)).unwrap_or_default();
    object["folderId"] = object["id"].clone();
    object["bgtask_id"] = job.map(|job| job.to_string()).into();
    Ok(render::json_with(StatusCode::CREATED, &object))
}

/// Whether all of it was copied: the folder is there in any case.
fn whole(Outcome { progress, cancelled, .. }: Outcome) -> mapping::Result<()> {
    let message = match progress.failures.first() {
        _ if cancelled => "the clone was stopped before its end: its folder has a part of the files".to_owned(),
        None => return Ok(()),
        Some(first) => {
            let failed = progress.failed;
            format!("the folder was made, and {failed} of the files are not in it: `{}`: {}", first.path, first.message)
        }
    };
    Err(Error::new(ErrorKind::Conflict, Subject::File, message))
}

/// Whoever may see a folder may hear that it is not to be cloned.
fn told(error: Error) -> Refusal {
    if error.kind() != ErrorKind::Forbidden || error.subject() != Subject::Folder {
        return error.into();
    }
    let (status, slug, title) = (StatusCode::FORBIDDEN, "generic-forbidden", "Forbidden operation.");
    let message = Some(error.message().to_owned());
    Refusal::Problem(Box::new(Problem { status, slug, title, message, data: None }))
}
