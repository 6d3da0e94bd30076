//! Who calls, by the signature of the request, and the folder that it names, opened with the permission
//! that a handler needs.

use std::hint::black_box;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, OriginalUri, Request, State as Shared};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use mapping::ErrorKind;
use mapping::access::{Access, Folder};
use mapping::accounts::Account;

use super::error::Refusal;
use super::extract::{self, BODY_LIMIT};
use crate::app::State;
use crate::auth::rate::{Allowance, WINDOW};
use crate::auth::signature::Claim;
use crate::body;

/// Somebody who signed the request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Who.
    pub(super) account: Account,
    /// With the secret of which key.
    pub(super) access_key: Arc<str>,
}

impl FromRequestParts<State> for Caller {
    type Rejection = Refusal;

    /// Only [`authenticate`] makes a caller: on a route without it there is none.
    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or(Refusal::NotAuthenticated)
    }
}

/// The folder of the request's path, opened with permission `A`.
pub(super) struct Granted<A>(pub(super) Folder<A>);

impl<A: Access> FromRequestParts<State> for Granted<A> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let which = extract::folder(&parts.uri)?;
        Ok(Self(state.bucket().folder::<A>(&caller.account, &which).await?))
    }
}

/// Lets through what somebody signed who has requests left, and says how many those are.
pub(super) async fn authenticate(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    match admitted(&state, request).await {
        Ok((request, allowance)) => {
            let mut response = next.run(request).await;
            if let Some(allowance) = allowance {
                tell(allowance, response.headers_mut());
            }
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// The headers by which clients pace themselves.
pub(super) fn tell(allowance: Allowance, headers: &mut HeaderMap) {
    headers.insert("x-ratelimit-limit", HeaderValue::from(allowance.limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(allowance.remaining));
    headers.insert("x-ratelimit-window", HeaderValue::from(WINDOW.as_secs()));
}

async fn admitted(state: &State, request: Request) -> Result<(Request, Option<Allowance>), Refusal> {
    let now = state.bucket().clock().now();
    let claim = Claim::of(request.method(), target(&request), request.headers(), now)?;
    let (mut request, body) = if claim.signs_body() { with_body(request).await? } else { (request, Bytes::new()) };
    let account = proved(state, &claim, &body).await?;
    // Counted once it is proved: nobody can use up the requests of somebody else's key.
    let allowance = state.rate_limit().spend(claim.access_key(), state.bucket().clock().elapsed()).await;
    match allowance {
        Some(spent) if spent.again_in.is_some() => return Err(Refusal::TooManyRequests(spent)),
        _ => {}
    }
    request.extensions_mut().insert(Caller { account, access_key: claim.access_key().into() });
    Ok((request, allowance))
}

/// What stood in the first line of the request. Where a proxy was named the whole URL, its path.
fn target(request: &Request) -> &str {
    let original = request.extensions().get::<OriginalUri>().map_or(request.uri(), |original| &original.0);
    original.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
}

/// Reads the body, which is small where it is signed, for whoever comes next as well.
async fn with_body(request: Request) -> Result<(Request, Bytes), Refusal> {
    let (parts, body) = request.into_parts();
    let bytes = body::small(&parts.headers, body, BODY_LIMIT).await?;
    Ok((Request::from_parts(parts, Body::from(bytes.clone())), bytes))
}

/// A secret that is nobody's.
const NOBODYS: &str = "0000000000000000000000000000000000000000";

/// Whose claim it is. A key that nobody has and a signature that is wrong are one answer, after the same
/// work: one signature, and one look at the store that finds nothing.
async fn proved(state: &State, claim: &Claim, body: &[u8]) -> Result<Account, Refusal> {
    match state.bucket().access_secret(claim.access_key()).await {
        Ok((account, secret)) => {
            if claim.is_of(secret.expose(), body) {
                return Ok(account);
            }
            let in_vain = format!("{}-", claim.access_key());
            let _ = black_box(state.bucket().access_secret(&in_vain).await.is_ok());
            Err(Refusal::NotAuthenticated)
        }
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            black_box(claim.is_of(NOBODYS, body));
            Err(Refusal::NotAuthenticated)
        }
        Err(error) => Err(error.into()),
    }
}
