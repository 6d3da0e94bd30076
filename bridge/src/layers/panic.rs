//! A handler that panics costs its own request, answered in the API's voice, and nothing else.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;

use super::{Fault, Voice};

pub(super) async fn catch(State(voice): State<Voice>, request: Request, next: Next) -> Response {
    // Safe to go on: what a request shares with others is behind locks that recover or in the bucket.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            tracing::error!(panic = words(panic.as_ref()), "a handler panicked");
            voice(Fault::Panicked)
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}
