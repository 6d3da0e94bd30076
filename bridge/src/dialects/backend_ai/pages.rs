//! Lets pages of any origin show tickets: what a link allows it allows to whoever has it. Not a layer that
//! answers `OPTIONS` by itself, for tus says there what the server can do.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

const SAID: [(HeaderName, &str); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, PATCH, OPTIONS"),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "Content-Type, Range, If-Range, Tus-Resumable, Upload-Offset, Upload-Length, Upload-Metadata, \
         Upload-Defer-Length",
    ),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Last-Modified, Tus-Resumable, \
         Tus-Version, Tus-Max-Size, Upload-Offset, Upload-Length",
    ),
];

/// Says so on every answer, refusals too.
pub(super) async fn welcome(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SAID {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
