//! Who calls, and the folder that a path names, opened with the permission that a handler needs.

use axum::extract::FromRequestParts;
use http::request::Parts;
use mapping::access::{Access, Folder, FolderRef};
use mapping::accounts::Account;
use mapping::{Error, ErrorKind, Subject};

use super::error::Refusal;
use super::extract;
use crate::app::State;
use crate::auth::bearer;

/// Somebody whose token is good.
pub(super) struct Caller(pub(super) Account);

impl FromRequestParts<State> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let token = bearer::token(&parts.headers).ok_or(Refusal::NoCredentials)?;
        Ok(Self(state.bucket().authenticate_token(token).await?))
    }
}

/// The folder of the request's path, opened with permission `A`, and by whom.
pub(super) struct Granted<A>(pub(super) Folder<A>);

impl<A: Access> FromRequestParts<State> for Granted<A> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let Caller(account) = Caller::from_request_parts(parts, state).await?;
        // An id that is none names no folder; whether it could be one is nobody's business.
        let id = extract::folder_id(&parts.uri).and_then(|id| id.parse().ok()).ok_or_else(no_such_folder)?;
        Ok(Self(state.bucket().folder::<A>(&account, &FolderRef::Id(id)).await?))
    }
}

fn no_such_folder() -> Error {
    Error::new(ErrorKind::NotFound, Subject::Folder, "no such folder")
}
