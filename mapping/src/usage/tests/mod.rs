//! The usage over the store in memory: what it costs, what it says, and what a crash does to it.

mod burst;
mod counting;
mod crash;
mod random;

use std::time::Duration;

use super::{Charge, Usage};
use crate::access::{Folder, Manage};
use crate::error::{ErrorKind, Result};
use crate::files::fixture::Fixture;
use crate::files::{Depth, FileMeta, Overwrite, WriteOptions};
use crate::path::FilePath;
use crate::store::BodyStream;
use crate::store::operation::Operation;

/// As the settings have it.
const LATE_WRITE: Duration = Duration::from_secs(15 * 60);

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

/// The usage, which must be what is listed.
async fn exact(fixture: &Fixture) -> Usage {
    let usage = fixture.folder.usage().await.unwrap();
    assert_eq!(usage, fixture.listed().await);
    usage
}
