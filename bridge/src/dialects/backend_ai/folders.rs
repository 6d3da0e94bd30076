//! Folders: listed, made, shown, renamed, deleted.

use std::collections::BTreeSet;

use axum::extract::State as Shared;
use axum::response::Response;
use futures::{StreamExt, TryStreamExt, stream};
use http::{StatusCode, Uri};
use mapping::access::{Folder, FolderRef, Manage, Read};
use mapping::accounts::Account;
use mapping::folders::{FolderInfo, NewFolder};
use mapping::id::FolderId;
use mapping::limits::LimitProfile;
use mapping::{Bucket, ErrorKind};
use serde_json::{Value, json};

use super::access::{Caller, Granted};
use super::bin::{self, Deletion};
use super::error::{Refusal, malformed};
use super::extract::{self, Params, Reader};
use super::options;
use super::wire::{self, HOST, Paging};
use super::wire_folder::Shown;
use crate::app::State;
use crate::render;

/// Things looked up at one time.
const LOOKS_AT_ONCE: usize = 16;

/// Lists the folders that the caller sees: an array for published clients, pages for whoever follows the documents.
#[utoipa::path(
    get, path = "/folders", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401)),
)]
pub(super) async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    reader: Reader,
    deletion: Deletion,
    params: Params,
) -> Result<Response, Refusal> {
    let (folders, binned) = listed(&state, &caller, deletion).await?;
    if reader == Reader::Client || params.value(&["all"]).is_some() {
        // Whoever asks for `all` is a client, if one that does not say so.
        let shown = shown(state.bucket(), &caller.account, folders, &binned, false).await?;
        return Ok(render::json(&shown.iter().map(|shown| shown.json(Reader::Client)).collect::<Vec<_>>()));
    }
    let (paging, count) = (Paging::of(&params)?, folders.len());
    let shown = shown(state.bucket(), &caller.account, paging.page(folders), &binned, true).await?;
    let items: Vec<_> = shown.iter().map(|shown| shown.json(reader)).collect();
    Ok(render::json(&json!({ "paging": paging.info(count), "items": items })))
}

/// Makes a folder.
#[utoipa::path(
    post, path = "/folders", tag = "backend-ai",
    responses((status = 201), (status = 400), (status = 401), (status = 406)),
)]
pub(super) async fn create(
    Shared(state): Shared<State>,
    caller: Caller,
    reader: Reader,
    params: Params,
) -> Result<Response, Refusal> {
    let name = wire::new_name(params.needed(&["name", "tagName", "tag_name"])?)?;
    can_be_made(&params)?;
    let made = NewFolder { profile: LimitProfile::Bounded, options: options::of(&params)? };
    let (bucket, account) = (state.bucket().clone(), caller.account.clone());
    let folder = state.finish(async move { bucket.create_folder_with(&account, name, made).await }).await?;
    let shown = shown(state.bucket(), &caller.account, vec![folder], &BTreeSet::new(), false).await?;
    let mut object = shown.first().map(|shown| shown.json(reader)).unwrap_or_default();
    object["folderId"] = object["id"].clone();
    Ok(render::json_with(StatusCode::CREATED, &object))
}

/// Makes a folder, at the path that the documents have.
#[utoipa::path(
    post, path = "/folders/create", tag = "backend-ai",
    responses((status = 201), (status = 400), (status = 401), (status = 406)),
)]
pub(super) async fn create_as_documented(
    state: Shared<State>,
    caller: Caller,
    reader: Reader,
    params: Params,
) -> Result<Response, Refusal> {
    create(state, caller, reader, params).await
}

/// Refuses a kind of folder that is not made here, instead of making another one.
fn can_be_made(params: &Params) -> Result<(), Refusal> {
    if params.text(&["host", "folder_host"]).is_some_and(|host| !host.is_empty() && host != HOST) {
        return Err(malformed(format!("there is no such host: folders lie at `{HOST}`")));
    }
    if params.value(&["group", "group_id", "groupId", "project"]).is_some() {
        return Err(malformed("folders of groups are not offered: share a folder of your own"));
    }
    if params.text(&["unmanaged_path"]).is_some_and(|path| !path.is_empty()) {
        return Err(malformed("folders outside of the bucket are not offered"));
    }
    Ok(())
}

/// Shows a folder, with what it holds.
#[utoipa::path(
    get, path = "/folders/{name}", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 401), (status = 404)),
)]
pub(super) async fn info(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Read>,
    reader: Reader,
) -> Result<Response, Refusal> {
    let shown = shown(state.bucket(), folder.account(), vec![folder.info().await?], &BTreeSet::new(), true).await?;
    let mut object = shown.first().map(|shown| shown.json(reader)).unwrap_or_default();
    object["item"] = object.clone();
    Ok(render::json(&object))
}

/// Deletes a folder and all that is in it: for good, or into the bin for callers that know it.
#[utoipa::path(
    delete, path = "/folders/{name}", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 204), (status = 401), (status = 404)),
)]
pub(super) async fn delete(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Manage>,
    deletion: Deletion,
) -> Result<StatusCode, Refusal> {
    deleted(&state, folder, deletion).await
}

/// Deletes the folder whose id is in the body, and all that is in it: for good, or into the bin.
#[utoipa::path(
    delete, path = "/folders", tag = "backend-ai",
    responses((status = 204), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn delete_by_id(
    Shared(state): Shared<State>,
    caller: Caller,
    deletion: Deletion,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let folder = state.bucket().folder::<Manage>(&caller.account, &bin::meant(&params)?).await?;
    deleted(&state, folder, deletion).await
}

async fn deleted(state: &State, folder: Folder<Manage>, deletion: Deletion) -> Result<StatusCode, Refusal> {
    let work = async move {
        match deletion {
            Deletion::ForGood => folder.delete().await,
            Deletion::IntoBin => folder.move_to_bin().await,
        }
    };
    state.finish(work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes what the caller calls a folder.
#[utoipa::path(
    post, path = "/folders/{name}/rename", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 201), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn rename(
    Shared(state): Shared<State>,
    caller: Caller,
    uri: Uri,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let which = extract::folder(&uri)?;
    let name = wire::new_name(params.needed(&["new_name", "newName", "name"])?)?;
    let bucket = state.bucket().clone();
    state.finish(async move { bucket.rename_folder(&caller.account, &which, name).await }).await?;
    Ok(StatusCode::CREATED)
}

/// The id of the folder that the caller calls by a name, or called so before it went into the bin.
#[utoipa::path(
    get, path = "/folders/_/id", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn id_of_name(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<Response, Refusal> {
    let name = params.needed(&["name", "vfolder_name", "vfolderName"])?;
    let id = state.bucket().find_folder_id(&caller.account, &extract::folder_named(name)?).await?;
    Ok(render::json(&json!({ "id": id.to_string(), "name": name })))
}

/// The folders that the caller can use, and behind them those in the bin for callers that know it; and which
/// those are.
pub(super) async fn listed(
    state: &State,
    caller: &Caller,
    deletion: Deletion,
) -> Result<(Vec<FolderInfo>, BTreeSet<FolderId>), Refusal> {
    let mut folders = state.bucket().folders(&caller.account).await?;
    if deletion == Deletion::ForGood {
        return Ok((folders, BTreeSet::new()));
    }
    let binned = state.bucket().binned_folders(&caller.account).await?;
    let ids: BTreeSet<_> = binned.iter().map(|binned| binned.id).collect();
    // One that went into the bin between the two looks is in both.
    folders.retain(|folder| !ids.contains(&folder.id));
    folders.extend(binned.into_iter().map(bin::as_listed));
    Ok((folders, ids))
}

/// Folders with their owners' addresses and, if wanted, what they hold. What is gone since it was listed is
/// left out.
pub(super) async fn shown(
    bucket: &Bucket,
    account: &Account,
    folders: Vec<FolderInfo>,
    binned: &BTreeSet<FolderId>,
    filled: bool,
) -> Result<Vec<Shown>, Refusal> {
    let people = bucket.people(folders.iter().map(|folder| folder.owner)).await?;
    let looks: Vec<_> = folders
        .into_iter()
        .map(|folder| {
            let is_binned = binned.contains(&folder.id);
            look_at(bucket, account, folder, is_binned, filled)
        })
        .collect();
    let found: Vec<Option<Shown>> = stream::iter(looks).buffered(LOOKS_AT_ONCE).try_collect().await?;
    let mut shown: Vec<Shown> = found.into_iter().flatten().collect();
    for one in &mut shown {
        one.owner = people.get(&one.folder.owner).map(|person| person.email.to_string());
    }
    Ok(shown)
}

async fn look_at(
    bucket: &Bucket,
    account: &Account,
    folder: FolderInfo,
    is_binned: bool,
    filled: bool,
) -> mapping::Result<Option<Shown>> {
    let filled = match filled {
        false => None,
        true => match holds(bucket, account, folder.id, is_binned).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            found => Some(found?),
        },
    };
    Ok(Some(Shown { is_owner: folder.owner == account.id, folder, owner: None, is_binned, filled }))
}

async fn holds(
    bucket: &Bucket,
    account: &Account,
    id: FolderId,
    is_binned: bool,
) -> mapping::Result<(mapping::Usage, mapping::limits::Limits)> {
    if is_binned {
        // Only its owner has it in his list.
        return Ok((bucket.folder_usage(id).await?, bucket.folder_overview(id).await?.limits));
    }
    let folder = bucket.folder::<Read>(account, &FolderRef::Id(id)).await?;
    Ok((folder.usage().await?, folder.limits().await?))
}

/// What a verb that has nothing to tell answers: an object without anything.
pub(super) fn done() -> Response {
    render::json(&Value::Object(serde_json::Map::new()))
}
