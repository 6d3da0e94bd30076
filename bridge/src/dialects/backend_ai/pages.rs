//! Lets pages of any origin call the API. Never with what the browser keeps: a page needs a key or a link of its
//! own, and with one it could as well send its requests from elsewhere.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

/// Requests that are signed: with whatever headers, as such servers have it, for clients send many.
/// `OPTIONS` needs no signature.
pub(super) fn signed() -> CorsLayer {
    let headers = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-window", "x-total-payloads-length"];
    let headers = headers.map(HeaderName::from_static).into_iter();
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(headers.chain(FILES).collect::<Vec<_>>())
        .max_age(Duration::from_mins(10))
}

/// What answers with files say beside their bytes.
const FILES: [HeaderName; 7] = [
    header::ACCEPT_RANGES,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ETAG,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
];

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

/// Links, which allow what they allow to whoever has them. Said on every answer, refusals too; not by a layer
/// that answers `OPTIONS` by itself, for tus says there what the server can do.
pub(super) async fn welcome(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SAID {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
