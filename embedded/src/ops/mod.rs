//! The S3 operations, one file per concern: read the request, one read or one transaction, answer.

pub(crate) mod buckets;
pub(crate) mod complete;
pub(crate) mod copy;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod list_uploads;
pub(crate) mod part;
pub(crate) mod put;
pub(crate) mod stream;
pub(crate) mod tagging;

use http::HeaderMap;
use s3s::{S3Result, s3_error};

/// Headers that ask for what this store does not do. Ignoring them would be a false promise.
const NOT_DONE: [&str; 5] = [
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-legal-hold",
    "x-amz-write-offset-bytes",
];

/// Refuses a write that asks for more than the store can give.
pub(crate) fn refuse_unsupported(headers: &HeaderMap) -> S3Result<()> {
    if let Some(name) = NOT_DONE.into_iter().find(|name| headers.contains_key(*name)) {
        return Err(s3_error!(NotImplemented, "this store does not support {name}"));
    }
    let private = |acl: &http::HeaderValue| acl == "private" || acl == "bucket-owner-full-control";
    if headers.get("x-amz-acl").is_some_and(|acl| !private(acl)) {
        return Err(s3_error!(AccessControlListNotSupported, "everything in this store is private"));
    }
    Ok(())
}

/// Refuses a version id other than that of the one version there is.
pub(crate) fn only_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("" | "null") => Ok(()),
        Some(_) => Err(s3_error!(NoSuchVersion, "the specified version does not exist")),
    }
}

/// A key from a header or a document; those in the path were looked at by the protocol layer.
pub(crate) fn check_key(key: &str) -> S3Result<()> {
    match key.len() {
        0 => Err(s3_error!(InvalidArgument, "a key is not empty")),
        1..=1024 => Ok(()),
        _ => Err(s3_error!(KeyTooLongError, "a key has at most 1024 bytes")),
    }
}

/// A count as the structures of S3 want it.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
