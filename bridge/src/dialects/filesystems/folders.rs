//! Folders and sharing.

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use mapping::access::{Manage, Permission};
use mapping::folders::FolderInfo;

use super::access::{Caller, Granted};
use super::error::Refusal;
use super::extract::JsonBody;
use super::wire::{self, Filesystem};
use crate::app::State;
use crate::render;

/// Lists the caller's own file systems, then those that others share with it.
#[utoipa::path(
    get, path = "/filesystems", tag = "filesystems",
    responses((status = 200, body = Vec<Filesystem>), (status = 401)),
)]
pub(super) async fn list(Shared(state): Shared<State>, Caller(account): Caller) -> Result<Response, Refusal> {
    let folders = state.bucket().folders(&account).await?;
    Ok(render::json(&folders.iter().map(shown).collect::<Vec<_>>()))
}

/// Makes a file system. (The vendor answers 200, not 201.)
#[utoipa::path(
    post, path = "/filesystems", tag = "filesystems",
    responses((status = 200, body = Filesystem), (status = 400), (status = 401), (status = 409)),
)]
pub(super) async fn create(
    Shared(state): Shared<State>,
    Caller(account): Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    let name = wire::filesystem_name(&body)?;
    let bucket = state.bucket().clone();
    let folder = state.finish(async move { bucket.create_folder(&account, name).await }).await?;
    Ok(render::json(&shown(&folder)))
}

/// Deletes a file system and all that is in it.
#[utoipa::path(
    delete, path = "/filesystems/{id}", tag = "filesystems",
    params(("id" = String, Path)),
    responses((status = 200), (status = 401), (status = 403)),
)]
pub(super) async fn delete(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Manage>,
) -> Result<StatusCode, Refusal> {
    state.finish(async move { folder.delete().await }).await?;
    Ok(StatusCode::OK)
}

/// Shares a file system: the grantee may do all but share or delete it.
#[utoipa::path(
    post, path = "/filesystems/{id}/share", tag = "filesystems",
    params(("id" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)),
)]
pub(super) async fn share(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Manage>,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, Refusal> {
    let grantee = wire::grantee(&body)?;
    if grantee == folder.account().id {
        return Err(Refusal::Yourself);
    }
    state.finish(async move { folder.share(grantee, Permission::Delete).await }).await?;
    Ok(StatusCode::OK)
}

fn shown(folder: &FolderInfo) -> Filesystem {
    Filesystem { filesystem_id: folder.id.to_string(), filesystem_name: folder.name.to_string() }
}
