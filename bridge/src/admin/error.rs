//! Statuses and error bodies of the admin API: `{"error": CODE, "message": SENTENCE}`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use mapping::{Error, ErrorKind};
use serde_json::json;

use crate::failure::causes;
use crate::layers::Fault;
use crate::render;

/// Why a request was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The core says so.
    Core(Error),
    /// There is no admin token, so there is no admin API.
    Closed,
    /// No token.
    NoToken,
    /// Another token.
    WrongToken,
    /// The request cannot be read; why.
    Malformed(String),
    /// A JSON body above the limit.
    BodyTooLarge,
    /// Something that concerns the request as such.
    Fault(Fault),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

/// What every layer that answers by itself says in this API's voice, and in that of no API at all.
pub(crate) fn voice(fault: Fault) -> Response {
    Refusal::Fault(fault).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Core(error) = &self
            && matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable)
        {
            tracing::error!(error = causes(error), "an admin request failed");
        }
        let (status, code) = self.status();
        let mut response = render::json_with(status, &json!({ "error": code, "message": self.message() }));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl Refusal {
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Core(error) => core_status(error.kind()),
            Self::Closed => (StatusCode::FORBIDDEN, "closed"),
            Self::NoToken | Self::WrongToken => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "invalid"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Fault(fault) => (fault.status(), fault_code(*fault)),
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::Core(error) => error.message(),
            Self::Closed => "the admin API is closed: set FOLDERBRIDGE_ADMIN_TOKEN on the server to open it",
            Self::NoToken => "the admin token is missing: `Authorization: Bearer TOKEN`",
            Self::WrongToken => "this is not the admin token",
            Self::Malformed(why) => why,
            Self::BodyTooLarge => "the request body is too large",
            Self::Fault(fault) => fault.text(),
        }
    }
}

const fn core_status(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        ErrorKind::AlreadyExists => (StatusCode::CONFLICT, "already_exists"),
        ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "invalid"),
        ErrorKind::Conflict => (StatusCode::CONFLICT, "conflict"),
        ErrorKind::Busy => (StatusCode::CONFLICT, "busy"),
        ErrorKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        ErrorKind::OverQuota => (StatusCode::INSUFFICIENT_STORAGE, "over_quota"),
        ErrorKind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

const fn fault_code(fault: Fault) -> &'static str {
    match fault {
        Fault::NoRoute => "not_found",
        Fault::NoMethod => "method_not_allowed",
        Fault::Panicked => "internal",
        Fault::TookTooLong => "unavailable",
        Fault::SlowBody => "timeout",
    }
}
