//! Who may use the admin API: whoever holds its token.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::error::Refusal;
use crate::app::State;
use crate::auth::bearer;

/// Whoever holds the admin token.
pub(super) struct Operator;

impl FromRequestParts<State> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let expected = state.admin().ok_or(Refusal::Closed)?;
        let given = bearer::token(&parts.headers).ok_or(Refusal::NoToken)?;
        if !expected.is(given) {
            return Err(Refusal::WrongToken);
        }
        Ok(Self)
    }
}
