//! The store as aws-sdk-s3 sees it, in process: what S3 documents, and what a crash leaves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod checksums;
mod common;
mod conditions;
mod copies;
mod crash;
mod listing;
mod multipart;
mod objects;
mod races;
mod recovery;
mod tags;
mod uploads;
mod wire;
