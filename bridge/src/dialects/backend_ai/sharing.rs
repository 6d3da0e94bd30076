//! Members of a folder: added without being asked, changed, removed; and those who leave.

use axum::extract::State as Shared;
use axum::response::Response;
use http::{StatusCode, Uri};
use mapping::access::{Folder, FolderRef, Manage, Permission};
use mapping::accounts::Account;
use mapping::id::{AccountId, FolderId};
use mapping::name::Email;
use mapping::{Error, ErrorKind, Subject};
use serde_json::{Value, json};

use super::access::{Caller, Granted};
use super::error::{Refusal, malformed};
use super::extract::{self, Params, Reader};
use super::wire::{self, permission_text};
use crate::app::State;
use crate::render;

/// Shares a folder with accounts at once: with all of them or, where one is refused, with none.
#[utoipa::path(
    post, path = "/folders/{name}/share", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 201), (status = 400), (status = 401), (status = 404), (status = 412)),
)]
pub(super) async fn share(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Manage>,
    params: Params,
) -> Result<Response, Refusal> {
    let permission = permission_of(&params)?.unwrap_or(Permission::Write);
    let grantees = people(&state, &params).await?;
    let emails: Vec<_> = grantees.iter().map(|grantee| grantee.email.to_string()).collect();
    state.finish(async move { shared_with(&folder, grantees, permission).await }).await?;
    Ok(render::json_with(StatusCode::CREATED, &json!({ "shared_emails": emails })))
}

/// A crash half way leaves it shared with some of them.
async fn shared_with(folder: &Folder<Manage>, grantees: Vec<Account>, permission: Permission) -> mapping::Result<()> {
    let members = folder.members().await?;
    for grantee in &grantees {
        if members.iter().any(|member| member.account == grantee.id) {
            let message = format!("the folder is shared with `{}` already", grantee.email);
            return Err(Error::new(ErrorKind::AlreadyExists, Subject::Account, message));
        }
    }
    for grantee in grantees {
        folder.share(grantee.id, permission).await?;
    }
    Ok(())
}

/// Ends what accounts may do in a folder. Who is no member is passed over.
#[utoipa::path(
    delete, path = "/folders/{name}/unshare", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn unshare(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Manage>,
    params: Params,
) -> Result<Response, Refusal> {
    let members = people(&state, &params).await?;
    let emails = state.finish(async move { unshared_from(&folder, members).await }).await?;
    Ok(render::json(&json!({ "unshared_emails": emails })))
}

async fn unshared_from(folder: &Folder<Manage>, members: Vec<Account>) -> mapping::Result<Vec<String>> {
    let mut emails = Vec::new();
    for member in members {
        match folder.unshare(member.id).await {
            Ok(()) => emails.push(member.email.to_string()),
            Err(error) if error.kind() == ErrorKind::NotFound && error.subject() == Subject::Account => {}
            Err(error) => return Err(error),
        }
    }
    Ok(emails)
}

/// The accounts whose addresses are in `emails`.
async fn people(state: &State, params: &Params) -> Result<Vec<Account>, Refusal> {
    let emails = params.texts(&["emails", "user_emails"])?.unwrap_or_default();
    if emails.is_empty() {
        return Err(malformed("a list `emails` with at least one address is expected"));
    }
    let mut people: Vec<Account> = Vec::new();
    for email in emails {
        let account = state.bucket().account_by_email(&email.parse::<Email>()?).await?;
        if !people.iter().any(|known| known.id == account.id) {
            people.push(account);
        }
    }
    Ok(people)
}

/// Gives up a folder that somebody else shares. Its owner may name a member to be removed instead.
#[utoipa::path(
    post, path = "/folders/{name}/leave", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn leave(
    Shared(state): Shared<State>,
    caller: Caller,
    uri: Uri,
    params: Params,
) -> Result<Response, Refusal> {
    let (which, account) = (extract::folder(&uri)?, caller.account);
    let other = match params.text(&["shared_user_uuid", "sharedUserUuid"]) {
        Some(text) => Some(text.parse::<AccountId>()?).filter(|id| *id != account.id),
        None => None,
    };
    let bucket = state.bucket().clone();
    if let Some(member) = other {
        let folder = bucket.folder::<Manage>(&account, &which).await?;
        state.finish(async move { folder.unshare(member).await }).await?;
    } else {
        state.finish(async move { bucket.leave_folder(&account, &which).await }).await?;
    }
    Ok(said("the folder is not shared with this user any more"))
}

/// Lists the members of a folder, or of all folders that the caller owns.
#[utoipa::path(
    get, path = "/folders/_/shared", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn members(
    Shared(state): Shared<State>,
    caller: Caller,
    reader: Reader,
    params: Params,
) -> Result<Response, Refusal> {
    let folders = match params.text(&["vfolder_id", "vfolderId", "id"]) {
        Some(text) => vec![managed(&state, &caller, text).await?],
        None => own(&state, &caller).await?,
    };
    let mut shared = Vec::new();
    for folder in folders {
        shared.extend(members_of(&folder, reader).await?);
    }
    Ok(render::json(&json!({ "shared": shared })))
}

async fn own(state: &State, caller: &Caller) -> Result<Vec<Folder<Manage>>, Refusal> {
    let mut own = Vec::new();
    for folder in state.bucket().folders(&caller.account).await? {
        if folder.owner != caller.account.id {
            continue;
        }
        match state.bucket().folder::<Manage>(&caller.account, &FolderRef::Id(folder.id)).await {
            // Deleted since it was listed.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            folder => own.push(folder?),
        }
    }
    Ok(own)
}

async fn members_of(folder: &Folder<Manage>, reader: Reader) -> Result<Vec<Value>, Refusal> {
    let members = folder.members().await?;
    let people = folder.bucket().people(members.iter().map(|member| member.account)).await?;
    let info = folder.info().await?;
    let shown = members.iter().filter_map(|member| {
        let person = people.get(&member.account)?;
        Some(json!({
            "vfolder_id": wire::hex(info.id), "vfolder_name": info.name, "status": "ready", "type": "user",
            "owner": info.owner.to_string(),
            "shared_to": { "uuid": person.id.to_string(), "email": person.email },
            "shared_user_uuid": person.id.to_string(),
            "perm": permission_text(member.permission, reader),
        }))
    });
    Ok(shown.collect())
}

/// Changes what a member may do; without a permission it ends.
#[utoipa::path(
    post, path = "/folders/_/shared", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn change_member(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<Response, Refusal> {
    let folder = managed(&state, &caller, params.needed(&["vfolder", "vfolder_id", "vfolderId"])?).await?;
    let member: AccountId = params.needed(&["user", "user_id", "userId"])?.parse()?;
    let permission = permission_of(&params)?;
    state.finish(async move { changed(&folder, member, permission).await }).await?;
    Ok(said("the permission of this user is changed"))
}

/// Changes what several members may do.
#[utoipa::path(
    post, path = "/folders/_/sharing", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn change_members(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<Response, Refusal> {
    let folder = managed(&state, &caller, params.needed(&["vfolder_id", "vfolderId", "vfolder"])?).await?;
    let list = params.value(&["user_perm_list", "userPermList"]).and_then(Value::as_array);
    let changes = list.ok_or_else(|| malformed("a list `user_perm_list` is expected"))?.iter().map(change);
    let changes = changes.collect::<Result<Vec<_>, _>>()?;
    state
        .finish(async move {
            for (member, permission) in changes {
                changed(&folder, member, permission).await?;
            }
            Ok(())
        })
        .await?;
    Ok(said("the permissions of these users are changed"))
}

fn change(entry: &Value) -> Result<(AccountId, Option<Permission>), Refusal> {
    let user = ["user_id", "user", "userId"].iter().find_map(|name| entry[*name].as_str());
    let user = user.ok_or_else(|| malformed("each of `user_perm_list` has a text `user_id`"))?;
    let permission = match ["perm", "permission"].iter().map(|name| &entry[*name]).find(|value| !value.is_null()) {
        None => None,
        Some(value) => Some(wire::permission(value.as_str().unwrap_or_default())?),
    };
    Ok((user.parse()?, permission))
}

async fn changed(folder: &Folder<Manage>, member: AccountId, permission: Option<Permission>) -> mapping::Result<()> {
    match permission {
        Some(permission) => folder.set_permission(member, permission).await,
        None => folder.unshare(member).await,
    }
}

/// The permission that is asked for, if one is.
pub(super) fn permission_of(params: &Params) -> Result<Option<Permission>, Refusal> {
    match params.value(&["perm", "permission"]) {
        None => Ok(None),
        Some(value) => wire::permission(value.as_str().unwrap_or_default()).map(Some),
    }
}

async fn managed(state: &State, caller: &Caller, id: &str) -> Result<Folder<Manage>, Refusal> {
    let id: FolderId = id.parse()?;
    Ok(state.bucket().folder::<Manage>(&caller.account, &FolderRef::Id(id)).await?)
}

/// An answer in words, which clients print.
pub(super) fn said(words: &str) -> Response {
    render::json(&json!({ "msg": words }))
}
