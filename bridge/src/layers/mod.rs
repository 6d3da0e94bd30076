//! What every request passes before and after its handler.
//!
//! [`around`] is for all of them; [`guard`] is put around each API, which answers what no handler
//! answers in its own voice.

mod linger;
mod measure;
mod panic;
mod request_id;
mod timeout;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use http::StatusCode;

pub(crate) use measure::{Meter, tell_route};
pub(crate) use timeout::Patience;

use crate::app::State;

/// What happened to a request that no handler answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No such path.
    NoRoute,
    /// The path takes other methods.
    NoMethod,
    /// The handler panicked.
    Panicked,
    /// The handler took too long.
    TookTooLong,
    /// The client stopped sending its body.
    SlowBody,
}

impl Fault {
    /// Its status, alike in every API.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TookTooLong => StatusCode::SERVICE_UNAVAILABLE,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// One sentence about it.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::NoRoute => "there is nothing at this path",
            Self::NoMethod => "this path does not take this method",
            Self::Panicked => "internal error",
            Self::TookTooLong => "the request took too long: it may or may not have been done",
            Self::SlowBody => "the request body stopped coming",
        }
    }
}

/// How an API says a [`Fault`].
pub(crate) type Voice = fn(Fault) -> Response;

/// Puts an API's own words into what happens around its handlers.
pub(crate) fn guard(router: Router<State>, patience: Patience, voice: Voice) -> Router<State> {
    router
        .method_not_allowed_fallback(move || async move { voice(Fault::NoMethod) })
        .layer(from_fn_with_state((patience, voice), timeout::watch))
        .layer(from_fn_with_state(voice, panic::catch))
}

/// Puts what every request needs around all of them. The outermost comes last.
pub(crate) fn around(router: Router, state: &State) -> Router {
    router
        .layer(from_fn_with_state(state.bucket().tasks().clone(), linger::finish_reading))
        .layer(from_fn_with_state(Arc::clone(state.meter()), measure::measure))
        .layer(from_fn(trace::trace))
        .layer(from_fn_with_state(state.clone(), request_id::identify))
}

#[cfg(test)]
mod tests;
