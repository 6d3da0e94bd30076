//! Accounts: made, listed, shown, given new credentials, refused and taken again.

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use mapping::accounts::{Account, NewAccount};
use mapping::id::AccountId;
use mapping::name::DisplayName;
use mapping::seal::Secret;
use mapping::{Error, Result as CoreResult};

use super::access::Operator;
use super::error::Refusal;
use super::extract::{Id, JsonBody, PageOf};
use super::limits::AccountLimitsRequest;
use super::wire::{AccountBody, AccountRequest, AccountsBody, CredentialsBody};
use crate::app::State;
use crate::render;

/// Lists accounts, a page at a time.
#[utoipa::path(
    get, path = "/accounts", tag = "admin",
    params(("after" = Option<String>, Query), ("limit" = Option<u16>, Query)),
    responses((status = 200, body = AccountsBody), (status = 401), (status = 403)),
)]
pub(super) async fn list(Shared(state): Shared<State>, _: Operator, page: PageOf) -> Result<Response, Refusal> {
    let page = state.bucket().accounts(page.after, page.limit).await?;
    let accounts = page.accounts.iter().map(AccountBody::from).collect();
    Ok(render::json(&AccountsBody { accounts, next: page.next }))
}

/// Makes an account and answers its credentials, this one time.
#[utoipa::path(
    post, path = "/accounts", tag = "admin",
    request_body = AccountRequest,
    responses((status = 201, body = CredentialsBody), (status = 400), (status = 401), (status = 403), (status = 409)),
)]
pub(super) async fn create(
    Shared(state): Shared<State>,
    _: Operator,
    JsonBody(body): JsonBody<AccountRequest>,
) -> Result<Response, Refusal> {
    let new = new_account(body)?;
    let bucket = state.bucket().clone();
    let (account, credentials) = state.finish(async move { bucket.create_account(new).await }).await?;
    tracing::info!(account.id = %account.id, "made an account");
    Ok(render::json_with(StatusCode::CREATED, &CredentialsBody::from(&credentials)))
}

fn new_account(body: AccountRequest) -> CoreResult<NewAccount> {
    let name: DisplayName = body.name.as_ref().unwrap_or(&body.email).chars().take(128).collect::<String>().parse()?;
    let password = body.password.map(Secret::new);
    if password.as_ref().is_some_and(|password| password.expose().is_empty()) {
        return Err(Error::invalid(mapping::Subject::Account, "the password is empty"));
    }
    Ok(NewAccount { email: body.email.parse()?, name, password, issued: None })
}

/// Shows an account.
#[utoipa::path(
    get, path = "/accounts/{id}", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = AccountBody), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn show(Shared(state): Shared<State>, _: Operator, Id(id): Id) -> Result<Response, Refusal> {
    Ok(render::json(&AccountBody::from(&state.bucket().account(id).await?)))
}

/// Replaces an account's credentials; the old ones are refused within the cache time.
#[utoipa::path(
    post, path = "/accounts/{id}/rotate", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = CredentialsBody), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn rotate(Shared(state): Shared<State>, _: Operator, Id(id): Id) -> Result<Response, Refusal> {
    let bucket = state.bucket().clone();
    let credentials = state.finish(async move { bucket.rotate_credentials(id).await }).await?;
    tracing::info!(account.id = %id, "replaced an account's credentials");
    Ok(render::json(&CredentialsBody::from(&credentials)))
}

/// Refuses an account's requests.
#[utoipa::path(
    post, path = "/accounts/{id}/disable", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = AccountBody), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn disable(Shared(state): Shared<State>, _: Operator, Id(id): Id) -> Result<Response, Refusal> {
    Ok(render::json(&AccountBody::from(&switched(&state, id, true).await?)))
}

/// Takes an account's requests again.
#[utoipa::path(
    post, path = "/accounts/{id}/enable", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = AccountBody), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn enable(Shared(state): Shared<State>, _: Operator, Id(id): Id) -> Result<Response, Refusal> {
    Ok(render::json(&AccountBody::from(&switched(&state, id, false).await?)))
}

/// Changes what an account may have. It holds on every replica within the cache time; what is there
/// stays.
#[utoipa::path(
    patch, path = "/accounts/{id}/limits", tag = "admin",
    params(("id" = String, Path)), request_body = AccountLimitsRequest,
    responses((status = 200, body = AccountBody), (status = 400), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn limit(
    Shared(state): Shared<State>,
    _: Operator,
    Id(id): Id,
    JsonBody(body): JsonBody<AccountLimitsRequest>,
) -> Result<Response, Refusal> {
    let (bucket, (folders, folder)) = (state.bucket().clone(), body.change());
    let account = state.finish(async move {
        bucket.set_account_limits(id, folders, folder).await?;
        bucket.account(id).await
    });
    let account = account.await?;
    tracing::info!(account.id = %id, limits = ?account.limits, "changed what an account may have");
    Ok(render::json(&AccountBody::from(&account)))
}

async fn switched(state: &State, id: AccountId, disabled: bool) -> CoreResult<Account> {
    let bucket = state.bucket().clone();
    let account = state.finish(async move {
        bucket.set_disabled(id, disabled).await?;
        bucket.account(id).await
    });
    let account = account.await?;
    tracing::info!(account.id = %id, disabled, "switched an account");
    Ok(account)
}
