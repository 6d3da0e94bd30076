//! Invitations: made, listed, accepted, ended, changed.

use axum::extract::State as Shared;
use axum::response::Response;
use http::{StatusCode, Uri};
use mapping::access::{Manage, Permission};
use mapping::id::{AccountId, InvitationId};
use mapping::invitations::{Invitation, Novelty};
use mapping::name::Email;
use mapping::{Error, ErrorKind, Subject};
use serde_json::{Value, json};

use super::access::{Caller, Granted};
use super::error::{Refusal, malformed};
use super::extract::{Params, Reader};
use super::sharing::{permission_of, said};
use super::wire::{self, permission_text, spaced};
use crate::app::State;
use crate::render;

/// Invites users into a folder: all of them or, where one is refused, none. Who is invited already is not
/// invited again.
#[utoipa::path(
    post, path = "/folders/{name}/invite", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 201), (status = 400), (status = 401), (status = 404), (status = 406),
        (status = 412)),
)]
pub(super) async fn invite(
    Shared(state): Shared<State>,
    Granted(folder): Granted<Manage>,
    reader: Reader,
    params: Params,
) -> Result<Response, Refusal> {
    let permission = permission_of(&params)?.unwrap_or(Permission::Write);
    let mut addresses = Vec::new();
    for invitee in params.texts(&["user_ids", "emails", "userIDs", "user_emails"])?.unwrap_or_default() {
        let address = address(&state, &invitee).await?;
        // Whoever invites himself along with others means the others.
        if address != folder.account().email {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(malformed("no invitee is given: a list `user_ids` of others is expected"));
    }
    let invited = state.finish(async move { folder.invite(&addresses, permission).await }).await?;
    let fresh = invited.iter().filter(|invited| invited.novelty == Novelty::New);
    let emails: Vec<_> = fresh.map(|invited| invited.invitation.invitee.email.to_string()).collect();
    let status = if reader == Reader::Client { StatusCode::CREATED } else { StatusCode::OK };
    Ok(render::json_with(status, &json!({ "invited_ids": emails })))
}

/// The address of an invitee, who is meant by it or by the id of an account.
async fn address(state: &State, invitee: &str) -> Result<Email, Refusal> {
    if let Ok(address) = invitee.parse::<Email>() {
        return Ok(address);
    }
    let id: AccountId = invitee.parse().map_err(|_| malformed("an invitee is an e-mail address"))?;
    Ok(state.bucket().account(id).await?.email)
}

/// Lists the invitations that the caller can accept.
#[utoipa::path(get, path = "/folders/invitations/list", tag = "backend-ai", responses((status = 200), (status = 401)))]
pub(super) async fn list(Shared(state): Shared<State>, caller: Caller, reader: Reader) -> Result<Response, Refusal> {
    Ok(answer(&state.bucket().invitations(&caller.account).await?, reader))
}

/// Lists the invitations that the caller has made and nobody has answered.
#[utoipa::path(
    get, path = "/folders/invitations/list-sent", tag = "backend-ai",
    responses((status = 200), (status = 401)),
)]
pub(super) async fn list_sent(
    Shared(state): Shared<State>,
    caller: Caller,
    reader: Reader,
) -> Result<Response, Refusal> {
    Ok(answer(&state.bucket().sent_invitations(&caller.account).await?, reader))
}

fn answer(invitations: &[Invitation], reader: Reader) -> Response {
    let shown: Vec<_> = invitations.iter().map(|invitation| shown(invitation, reader)).collect();
    render::json(&json!({ "invitations": shown }))
}

/// An invitation with the names that any generation of clients looks for.
fn shown(invitation: &Invitation, reader: Reader) -> Value {
    let permission = permission_text(invitation.permission, reader);
    json!({
        "id": invitation.id.to_string(),
        "inviter": invitation.inviter.email,
        "inviter_user_email": invitation.inviter.email,
        "invitee": invitation.invitee.email,
        "invitee_user_email": invitation.invitee.email,
        "perm": permission,
        "permission": permission,
        "mount_permission": permission,
        "state": "pending",
        "status": "pending",
        "created_at": spaced(invitation.created),
        "modified_at": spaced(invitation.changed),
        "vfolder_id": wire::hex(invitation.folder),
        "vfolder_name": invitation.name,
    })
}

/// Accepts an invitation.
#[utoipa::path(
    post, path = "/folders/invitations/accept", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 406), (status = 412)),
)]
pub(super) async fn accept(Shared(state): Shared<State>, caller: Caller, params: Params) -> Result<Response, Refusal> {
    let id = invitation_id(params.needed(&["inv_id", "invId"])?)?;
    if params.text(&["inv_ak", "invAk"]).is_some_and(|key| !key.is_empty() && *key != *caller.access_key) {
        return Err(no_such_invitation().into());
    }
    let bucket = state.bucket().clone();
    let joined = state.finish(async move { bucket.accept_invitation(&caller.account, &id).await }).await?;
    Ok(said(&format!("the folder `{}` is shared with you now", joined.name)))
}

/// Ends an invitation: the invitee rejects it, the inviter cancels it.
#[utoipa::path(
    delete, path = "/folders/invitations/delete", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn end(Shared(state): Shared<State>, caller: Caller, params: Params) -> Result<Response, Refusal> {
    let id = invitation_id(params.needed(&["inv_id", "invId"])?)?;
    let bucket = state.bucket().clone();
    state.finish(async move { bucket.end_invitation(&caller.account, &id).await }).await?;
    Ok(said("the invitation is deleted"))
}

/// Changes what an invitation offers that nobody has answered.
#[utoipa::path(
    post, path = "/folders/invitations/update/{id}", tag = "backend-ai", params(("id" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn update(
    Shared(state): Shared<State>,
    caller: Caller,
    uri: Uri,
    params: Params,
) -> Result<Response, Refusal> {
    let id = invitation_id(uri.path().rsplit('/').next().unwrap_or_default())?;
    let permission = permission_of(&params)?.ok_or_else(|| malformed("a text `perm` is expected"))?;
    let bucket = state.bucket().clone();
    state.finish(async move { bucket.change_invitation(&caller.account, &id, permission).await }).await?;
    Ok(said("the permission of the invitation is changed"))
}

/// An id that is none names no invitation.
fn invitation_id(text: &str) -> Result<InvitationId, Refusal> {
    text.parse().map_err(|_| no_such_invitation().into())
}

fn no_such_invitation() -> Error {
    Error::new(ErrorKind::NotFound, Subject::Invitation, "no such invitation")
}
