//! The usage over the store in memory: what it costs, what it says, and what a crash does to it.

mod burst;
mod counting;
mod crash;
mod limits;
mod random;

use std::time::Duration;

use super::{Charge, Charged, Payer, Usage};
use crate::access::{Folder, Manage};
use crate::error::{ErrorKind, Result};
use crate::files::fixture::Fixture;
use crate::files::{Depth, FileMeta, Overwrite, WriteOptions};
use crate::limits::Limits;
use crate::path::FilePath;
use crate::store::BodyStream;
use crate::store::operation::Operation;

/// As the settings have it: the longest that a write may be under way.
const LATE_WRITE: Duration = Duration::from_secs(15 * 60);

/// As the settings have it: how long a beat must stand still.
const DEAD_AFTER: Duration = Duration::from_secs(5 * 60);

fn path(text: &str) -> FilePath {
    text.parse().unwrap()
}

fn zeros(length: usize) -> BodyStream {
    crate::store::Body::from(vec![0; length]).into_stream()
}

async fn try_write(folder: &Folder<Manage>, at: &str, length: usize) -> Result<FileMeta> {
    folder.write(&path(at), Some(length as u64), zeros(length), WriteOptions::default()).await
}

async fn write(folder: &Folder<Manage>, at: &str, length: usize) {
    try_write(folder, at, length).await.unwrap();
}

async fn remove(folder: &Folder<Manage>, at: &str) {
    let removed = folder.remove(&path(at), Depth::Tree).await.unwrap();
    assert_eq!(removed.failed, 0);
}

/// Charges without a write.
async fn charge(folder: &Folder<Manage>, charge: Charge) -> Result<Charged> {
    let payer = Payer { folder: folder.id(), prefix: folder.prefix(), limits: Limits::default() };
    folder.bucket().ledger().charge(payer, charge, None).await
}

/// The usage, which must be what is listed.
async fn exact(fixture: &Fixture) -> Usage {
    let usage = fixture.folder.usage().await.unwrap();
    assert_eq!(usage, fixture.listed().await);
    usage
}
