//! What clients ask about the place that folders lie at, about limits of a folder, and about the server.

use axum::extract::State as Shared;
use axum::response::Response;
use mapping::access::{Folder, Read};
use mapping::limits::Limit;
use serde_json::{Value, json};

use super::access::Caller;
use super::error::Refusal;
use super::extract::{self, Params};
use super::wire::HOST;
use crate::app::State;
use crate::render;

/// Says where a folder can be made.
#[utoipa::path(get, path = "/folders/_/hosts", tag = "backend-ai", responses((status = 200), (status = 401)))]
pub(super) async fn hosts(_: Caller) -> Response {
    let volume = json!({ "backend": "s3", "capabilities": ["vfolder"], "usage": { "percentage": 0 }, "sftp_scaling_groups": [] });
    render::json(&json!({ "default": HOST, "allowed": [HOST], "volume_info": { HOST: volume } }))
}

/// The same for everybody.
#[utoipa::path(get, path = "/folders/_/all-hosts", tag = "backend-ai", responses((status = 200), (status = 401)))]
pub(super) async fn all_hosts(caller: Caller) -> Response {
    hosts(caller).await
}

/// Says whose folders can be: a user's own.
#[utoipa::path(get, path = "/folders/_/allowed-types", tag = "backend-ai", responses((status = 200), (status = 401)))]
pub(super) async fn allowed_types(_: Caller) -> Response {
    render::json(&json!(["user"]))
}

/// Says how many files and bytes a folder holds.
#[utoipa::path(
    get, path = "/folders/_/usage", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn usage(state: Shared<State>, caller: Caller, params: Params) -> Result<Response, Refusal> {
    let usage = meant(&state, &caller, &params).await?.usage().await?;
    Ok(render::json(&json!({ "file_count": usage.files, "used_bytes": usage.bytes })))
}

/// Says how many bytes a folder holds.
#[utoipa::path(
    get, path = "/folders/_/used-bytes", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn used_bytes(state: Shared<State>, caller: Caller, params: Params) -> Result<Response, Refusal> {
    let usage = meant(&state, &caller, &params).await?.usage().await?;
    Ok(render::json(&json!({ "used_bytes": usage.bytes })))
}

/// Says what a folder holds and may hold; 0 is no limit.
#[utoipa::path(
    get, path = "/folders/_/quota", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn quota(state: Shared<State>, caller: Caller, params: Params) -> Result<Response, Refusal> {
    let folder = meant(&state, &caller, &params).await?;
    let (usage, limits) = (folder.usage().await?, folder.limits().await?);
    let most = |limit: Option<Limit>| limit.map_or(0, |limit| limit.most);
    Ok(render::json(&json!({
        "used": usage.bytes, "limit": most(limits.bytes),
        "used_files": usage.files, "limit_files": most(limits.files),
    })))
}

/// Refuses to change a limit: that is the operator's.
#[utoipa::path(
    post, path = "/folders/_/quota", tag = "backend-ai",
    responses((status = 400), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn set_quota(state: Shared<State>, caller: Caller, params: Params) -> Result<Response, Refusal> {
    meant(&state, &caller, &params).await?;
    Err(Refusal::NotOffered("limits are the operator's: `folderbridge folder limits` changes them"))
}

/// The folder that the parameters mean.
async fn meant(state: &State, caller: &Caller, params: &Params) -> Result<Folder<Read>, Refusal> {
    let which = extract::folder_named(params.needed(&["id", "vfolder_id", "vfolderId", "name"])?)?;
    Ok(state.bucket().folder::<Read>(&caller.account, &which).await?)
}

/// Says that there is nothing to announce.
#[utoipa::path(get, path = "/manager/announcement", tag = "backend-ai", responses((status = 200), (status = 401)))]
pub(super) async fn announcement(_: Caller) -> Response {
    let nothing: Value = json!({ "enabled": false, "message": "" });
    render::json(&nothing)
}
