//! A small durable S3 store for one machine.
//!
//! It is what `folderbridge` uses when no bucket is configured, and what its tests run on. Two things
//! lie in its directory: an index (one SQLite file) and immutable *blob* files. An *object* is a row of
//! the index with an ordered list of *segments*, each a slice of a blob; a multipart upload that is
//! completed, and a copy, therefore move no byte. Small bodies lie in the index itself.
//!
//! ```text
//! aws-sdk-s3 -> http_client() -> s3s (signatures, XML) -> ops/* -> writer (one thread) -> index
//! any S3 client -> a socket -> service() ----^               \---> blobs (files)
//! ```
//!
//! What it promises:
//! * Conditions (`If-Match`, `If-None-Match`) are judged inside the transaction that writes, so of
//!   racing writers exactly one wins.
//! * A body is verified before it is published; a bad one changes nothing.
//! * What was answered survives a crash: blobs are synced before the index names them, the index is
//!   synced before the answer. Writers that wait at the same time share one sync.
//! * A second process on the same directory is refused.
//!
//! The protocol layer logs every refused request as an error, expected ones (404, 412) too: a program
//! that logs should switch the target `s3s` off.
//!
//! ```no_run
//! # async fn open() -> Result<(), embedded::OpenError> {
//! let store = embedded::LocalStore::open(std::path::Path::new("data")).await?;
//! let (access_key, secret_key) = store.key_pair();
//! let http = store.http_client(); // for aws_sdk_s3::config::Builder::http_client
//! # drop((access_key, secret_key, http));
//! store.close().await;
//! # Ok(())
//! # }
//! ```

mod about;
mod blobs;
mod checksums;
mod cleanup;
mod clock;
mod conditions;
mod error;
mod habits;
mod http_client;
mod index;
mod ingest;
mod keys;
mod ops;
mod part_sums;
mod pins;
mod readers;
mod schema;
mod service;
mod store;
mod tags;
#[cfg(test)]
mod testing;
mod writer;

pub use error::OpenError;
pub use habits::Habits;
pub use s3s::service::S3Service;
pub use store::LocalStore;
