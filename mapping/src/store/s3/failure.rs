//! The SDK's errors end here: what a store answered becomes a [`StoreError`].

use std::error::Error as StdError;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

use crate::store::{Condition, StoreError, StoreErrorKind, StoreResult};

/// What an SDK call answered, as the port answers it. `what` and `key` are for the log. The SDK's
/// own error is not kept: it prints whole answers, and some of them repeat a signature.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`, and nobody needs it afterwards")]
pub(super) fn failed<E>(what: &'static str, key: &str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let (kind, reason) = match (&error, status) {
        (SdkError::ServiceError(answer), Some(status)) => {
            let meta = answer.err().meta();
            let code = meta.code();
            let reason = format!("{} {}", code.unwrap_or("no code"), meta.message().unwrap_or_default());
            (by_code(code).unwrap_or_else(|| by_status(status)), reason)
        }
        (SdkError::ConstructionFailure(_), _) => (StoreErrorKind::Refused, causes(&error)),
        (SdkError::ResponseError(_), Some(status)) => (by_status(status), causes(&error)),
        _ => (StoreErrorKind::Unavailable, causes(&error)),
    };
    let mut message = format!("{what} `{key}`: {reason}");
    if let Some(status) = status {
        message.push_str(&format!(", status {status}"));
    }
    if let Some(id) = error.request_id() {
        message.push_str(&format!(", request {id}"));
    }
    let region = error.raw_response().and_then(|answer| answer.headers().get("x-amz-bucket-region"));
    if let (StoreErrorKind::Refused, Some(region)) = (kind, region) {
        message.push_str(&format!(": the bucket is in region `{region}`"));
    }
    StoreError::new(kind, message)
}

/// What an error says, and what each of its causes says.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// `If-Match` on a missing key: AWS and MinIO say 404 where SeaweedFS says 412.
pub(super) fn conditional<T>(result: StoreResult<T>, condition: &Condition) -> StoreResult<T> {
    result.map_err(|error| match (error.kind(), condition) {
        (StoreErrorKind::NotFound, Condition::Matches(_)) => {
            StoreError::new(StoreErrorKind::PreconditionFailed, "nothing is there").caused_by(error)
        }
        _ => error,
    })
}

fn by_code(code: Option<&str>) -> Option<StoreErrorKind> {
    Some(match code? {
        "NoSuchKey" | "NotFound" => StoreErrorKind::NotFound,
        "NoSuchUpload" => StoreErrorKind::NoSuchUpload,
        "NoSuchBucket" => StoreErrorKind::NoSuchBucket,
        "PreconditionFailed" => StoreErrorKind::PreconditionFailed,
        "ConditionalRequestConflict" | "OperationAborted" => StoreErrorKind::Conflict,
        "InvalidPart" | "InvalidPartOrder" | "EntityTooSmall" => StoreErrorKind::InvalidPart,
        "InvalidRange" => StoreErrorKind::InvalidRange,
        "RequestTimeout" | "SlowDown" | "SlowDownRead" | "SlowDownWrite" | "IncompleteBody" => {
            StoreErrorKind::Unavailable
        }
        _ => return None,
    })
}

fn by_status(status: u16) -> StoreErrorKind {
    match status {
        401 | 403 => StoreErrorKind::AccessDenied,
        404 => StoreErrorKind::NotFound,
        409 => StoreErrorKind::Conflict,
        412 => StoreErrorKind::PreconditionFailed,
        416 => StoreErrorKind::InvalidRange,
        // A copy or a Complete can fail inside a 200.
        200..=299 | 408 | 429 | 500 | 502..=599 => StoreErrorKind::Unavailable,
        // 501 is what a store says of a call that it does not have.
        _ => StoreErrorKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_more_than_its_status() {
        for (code, status, kind) in [
            (Some("NoSuchUpload"), 404, StoreErrorKind::NoSuchUpload),
            (Some("NoSuchBucket"), 404, StoreErrorKind::NoSuchBucket),
            (None, 404, StoreErrorKind::NotFound),
            (Some("RequestTimeout"), 400, StoreErrorKind::Unavailable),
            (Some("ConditionalRequestConflict"), 409, StoreErrorKind::Conflict),
            (Some("InvalidAccessKeyId"), 403, StoreErrorKind::AccessDenied),
            (Some("EntityTooSmall"), 400, StoreErrorKind::InvalidPart),
            (Some("NotImplemented"), 501, StoreErrorKind::Refused),
            (Some("PermanentRedirect"), 301, StoreErrorKind::Refused),
            (Some("InternalError"), 500, StoreErrorKind::Unavailable),
            (Some("InternalError"), 200, StoreErrorKind::Unavailable),
            (Some("ServiceUnavailable"), 503, StoreErrorKind::Unavailable),
        ] {
            assert_eq!(by_code(code).unwrap_or_else(|| by_status(status)), kind, "{code:?} {status}");
        }
    }
}
