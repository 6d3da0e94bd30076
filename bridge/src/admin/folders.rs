//! Folders of all accounts: listed, shown, limited, counted.

use axum::extract::State as Shared;
use axum::response::Response;
use mapping::usage::Repair;

use super::access::Operator;
use super::error::Refusal;
use super::extract::{InFolder, JsonBody, PageOf};
use super::limits::{CheckBody, CheckRequest, FolderBody, FolderLimitsRequest, FoldersBody, UsageBody};
use crate::app::State;
use crate::render;

/// Lists folders, a page at a time.
#[utoipa::path(
    get, path = "/folders", tag = "admin",
    params(("after" = Option<String>, Query), ("limit" = Option<u16>, Query)),
    responses((status = 200, body = FoldersBody), (status = 401), (status = 403)),
)]
pub(super) async fn list(Shared(state): Shared<State>, _: Operator, page: PageOf) -> Result<Response, Refusal> {
    let page = state.bucket().all_folders(page.after, page.limit).await?;
    let folders = page.folders.iter().map(FolderBody::from).collect();
    Ok(render::json(&FoldersBody { folders, next: page.next }))
}

/// Shows a folder.
#[utoipa::path(
    get, path = "/folders/{id}", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = FolderBody), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn show(
    Shared(state): Shared<State>,
    _: Operator,
    InFolder(id): InFolder,
) -> Result<Response, Refusal> {
    Ok(render::json(&FolderBody::from(&state.bucket().folder_overview(id).await?)))
}

/// Changes what a folder may hold. It holds on every replica within the cache time; what is there
/// stays.
#[utoipa::path(
    patch, path = "/folders/{id}/limits", tag = "admin",
    params(("id" = String, Path)), request_body = FolderLimitsRequest,
    responses((status = 200, body = FolderBody), (status = 400), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn limit(
    Shared(state): Shared<State>,
    _: Operator,
    InFolder(id): InFolder,
    JsonBody(body): JsonBody<FolderLimitsRequest>,
) -> Result<Response, Refusal> {
    let (bucket, change) = (state.bucket().clone(), body.change());
    let folder = state.finish(async move { bucket.set_folder_limits(id, change).await }).await?;
    tracing::info!(folder.id = %id, limits = ?folder.limits, "changed what a folder may hold");
    Ok(render::json(&FolderBody::from(&folder)))
}

/// Says what a folder holds.
#[utoipa::path(
    get, path = "/folders/{id}/usage", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = UsageBody), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn usage(
    Shared(state): Shared<State>,
    _: Operator,
    InFolder(id): InFolder,
) -> Result<Response, Refusal> {
    // To its end: a count that outlasts the request is kept for the next one.
    let bucket = state.bucket().clone();
    let used = state.finish(async move { bucket.folder_usage(id).await }).await?.into();
    let limits = state.bucket().folder_overview(id).await?.limits.into();
    Ok(render::json(&UsageBody { folder_id: id.to_string(), used, limits }))
}

/// Lists a folder and compares its usage with what is there.
#[utoipa::path(
    post, path = "/folders/{id}/check", tag = "admin",
    params(("id" = String, Path)), request_body = CheckRequest,
    responses((status = 200, body = CheckBody), (status = 400), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn check(
    Shared(state): Shared<State>,
    _: Operator,
    InFolder(id): InFolder,
    JsonBody(body): JsonBody<CheckRequest>,
) -> Result<Response, Refusal> {
    let repair = if body.repair { Repair::Yes } else { Repair::No };
    let bucket = state.bucket().clone();
    let checked = state.finish(async move { bucket.check_folder(id, repair).await }).await?;
    if checked.has_drifted() {
        let (recorded, listed) = (checked.recorded, checked.listed);
        tracing::warn!(folder.id = %id, ?recorded, ?listed, checked.repaired, "a folder's usage was wrong");
    }
    Ok(render::json(&CheckBody::of(id, &checked)))
}
