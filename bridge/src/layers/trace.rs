//! One line of the log for each request, and a span that marks all others it causes.
//!
//! Neither holds a header or a query: those may hold secrets.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, Span, field};

use super::request_id::RequestId;
use crate::server::Peer;

pub(super) async fn trace(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let span = span(&request);
    let response = next.run(request).instrument(span.clone()).await;
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status();
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), duration_ms, "answered");
        } else {
            tracing::debug!(status = status.as_u16(), duration_ms, "answered");
        }
    });
    response
}

fn span(request: &Request) -> Span {
    let span = tracing::info_span!(
        "request",
        id = field::Empty,
        client = field::Empty,
        method = %request.method(),
        path = request.uri().path(),
    );
    if let Some(id) = request.extensions().get::<RequestId>() {
        span.record("id", id.0.to_str().unwrap_or_default());
    }
    if let Some(peer) = request.extensions().get::<Peer>() {
        span.record("client", field::display(peer.0));
    }
    span
}
