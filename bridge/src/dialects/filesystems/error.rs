//! Statuses and error bodies of the Filesystems API: short text, as the vendor's server sends.
//!
//! A folder that is not there and one that is somebody else's answer alike: 403 "Access denied".

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use mapping::{Error, ErrorKind, Subject};

use crate::failure;
use crate::layers::Fault;

/// Why a request was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The core says so.
    Core(Error),
    /// No `Authorization` header.
    NoCredentials,
    /// A `..` in a path.
    InvalidPath,
    /// A body or a path that cannot be read.
    Malformed(&'static str),
    /// A `Content-Range` or `Range` that cannot be read.
    BadRange,
    /// A chunk without `Content-Range`, or without the id of its upload.
    NoRange(&'static str),
    /// A chunk whose body is not as long as its `Content-Range` says.
    LengthMismatch {
        /// What the header says, its end taken as exclusive.
        announced: u64,
        /// The body's length.
        got: u64,
    },
    /// A JSON body above the limit.
    BodyTooLarge,
    /// No such upload of this file.
    NoSuchUpload,
    /// Nothing lies where something is to be deleted. (The vendor's server answers 400.)
    NothingToDelete,
    /// Sharing with oneself.
    Yourself,
    /// No byte of the file is in the standard range; the size of the file.
    OutOfRange(u64),
    /// Something that concerns the request as such.
    Fault(Fault),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

/// What every layer that answers by itself says in this API's voice.
pub(in crate::dialects) fn voice(fault: Fault) -> Response {
    Refusal::Fault(fault).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        log(&self);
        let status = self.status();
        let mut response = Response::new(Body::from(self.text()));
        *response.status_mut() = status;
        dress(response.headers_mut(), status);
        if let Self::OutOfRange(size) = self {
            let range = HeaderValue::from_str(&format!("bytes */{size}")).expect("digits stand in a header");
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
        response
    }
}

/// The vendor's type of every error. Its text may name what a client sent, so nothing in it may run.
fn dress(headers: &mut HeaderMap, status: StatusCode) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
}

fn log(refusal: &Refusal) {
    if let Refusal::Core(error) = refusal {
        failure::log_refusal(error);
    }
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Core(error) => core_status(error),
            Self::NoCredentials => StatusCode::UNAUTHORIZED,
            Self::InvalidPath | Self::Yourself => StatusCode::FORBIDDEN,
            Self::Malformed(_) | Self::BadRange | Self::NoRange(_) | Self::NothingToDelete => StatusCode::BAD_REQUEST,
            Self::LengthMismatch { .. } => StatusCode::PAYMENT_REQUIRED,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoSuchUpload => StatusCode::NOT_FOUND,
            Self::OutOfRange(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Fault(fault) => fault.status(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Core(error) => core_text(error),
            Self::NoCredentials => "Missing authorization header".to_owned(),
            Self::InvalidPath => "Invalid path".to_owned(),
            Self::Malformed(what) | Self::NoRange(what) => (*what).to_owned(),
            Self::BadRange => "the range header cannot be read".to_owned(),
            Self::LengthMismatch { announced, got } => {
                format!("the range covers {announced} bytes and the body has {got}")
            }
            Self::BodyTooLarge => "the request body is too large".to_owned(),
            Self::NoSuchUpload => "no such upload of this file".to_owned(),
            Self::NothingToDelete => "no such file or directory".to_owned(),
            Self::Yourself => "a file system cannot be shared with its owner".to_owned(),
            Self::OutOfRange(size) => format!("the range lies outside the file of {size} bytes"),
            Self::Fault(fault) => fault.text().to_owned(),
        }
    }
}

fn core_status(error: &Error) -> StatusCode {
    match error.kind() {
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::NotFound if error.subject() == Subject::Folder => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::AlreadyExists | ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::OverQuota => StatusCode::INSUFFICIENT_STORAGE,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Busy | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// How many missing ranges are named.
const MOST_RANGES: usize = 1000;

/// The core's sentence; where it knows what is missing, all of it, in the spelling of this API.
fn core_text(error: &Error) -> String {
    if error.kind() == ErrorKind::NotFound && error.subject() == Subject::Folder {
        return "Access denied".to_owned();
    }
    let missing = error.missing();
    if missing.is_empty() {
        return error.message().to_owned();
    }
    let named = missing.iter().take(MOST_RANGES).map(|range| format!("{}-{}", range.start, range.end));
    let more = match missing.len().saturating_sub(MOST_RANGES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("the upload is not complete; missing (end exclusive): {}{more}", named.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_reads_as_one_that_is_not_yours() {
        let missing = Refusal::from(Error::new(ErrorKind::NotFound, Subject::Folder, "no folder `x`"));
        assert_eq!(missing.status(), StatusCode::FORBIDDEN);
        assert_eq!(missing.text(), "Access denied");
    }

    #[test]
    fn holes_are_named() {
        let error =
            Error::new(ErrorKind::Conflict, Subject::Upload, "the upload has holes").with_missing(vec![0..5, 9..10]);
        let refusal = Refusal::from(error);
        assert_eq!(refusal.status(), StatusCode::CONFLICT);
        assert_eq!(refusal.text(), "the upload is not complete; missing (end exclusive): 0-5, 9-10");
    }

    #[test]
    fn an_error_cannot_run_in_a_browser() {
        let response = Refusal::NoSuchUpload.into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], "default-src 'none'; sandbox");
    }

    #[test]
    fn a_range_outside_the_file_tells_its_size() {
        let response = Refusal::OutOfRange(10).into_response();
        assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(response.headers()[header::CONTENT_RANGE], "bytes */10");
    }
}
