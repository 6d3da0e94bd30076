//! The verbs on files, over the store in memory: what they answer, and how many requests they cost.

mod copy;
mod directories;
mod list;
mod long;
mod opaque;
mod read;
mod revoked;
mod write;

use std::io;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::fixture::Fixture;
use super::*;
use crate::access::Manage;
use crate::store::BodyStream;
use crate::usage::Usage;

pub(crate) fn path(text: &str) -> FilePath {
    text.parse().unwrap()
}

pub(crate) fn directory(text: &str) -> DirPath {
    text.parse().unwrap()
}

/// A body that arrives in two pieces.
pub(crate) fn body(bytes: &[u8]) -> BodyStream {
    let (one, two) = bytes.split_at(bytes.len() / 2);
    let pieces = [one, two].map(|piece| Ok(Bytes::copy_from_slice(piece)));
    stream::iter(pieces).boxed()
}

/// A body that breaks off behind `bytes`.
pub(crate) fn broken(bytes: &[u8]) -> BodyStream {
    let cut = io::Error::new(io::ErrorKind::ConnectionReset, "gone");
    body(bytes).chain(stream::once(async { Err(cut) })).boxed()
}

/// Writes `text` at `at`.
pub(crate) async fn write(folder: &Folder<Manage>, at: &str, text: &str) -> FileMeta {
    let options = WriteOptions::default();
    folder.write(&path(at), Some(text.len() as u64), body(text.as_bytes()), options).await.unwrap()
}

/// What is at `at`.
pub(crate) async fn text(folder: &Folder<Manage>, at: &str) -> String {
    let reading = folder.read(&path(at), ReadOptions::default()).await.unwrap();
    collect(reading).await
}

async fn collect(reading: Reading) -> String {
    let pieces: Vec<Bytes> = reading.body.try_collect().await.unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

/// Stores an object as a program would that knows nothing of us.
async fn foreign(folder: &Folder<Manage>, key: &str, bytes: &[u8]) {
    let key = crate::key::ObjectKey::listed(format!("{}{key}", crate::key::KeyPrefix::folder(folder.prefix())));
    let body = crate::store::Body::from(bytes.to_vec());
    folder.bucket().store().put(&key, body, Default::default(), Default::default()).await.unwrap();
}

async fn names(folder: &Folder<Manage>, at: &str) -> Vec<String> {
    let page = folder.list(&directory(at), PageRequest::default()).await.unwrap();
    page.entries.iter().map(shown).collect()
}

fn shown(entry: &Entry) -> String {
    format!("{}{}", entry.name(), if entry.is_directory() { "/" } else { "" })
}

#[tokio::test]
async fn stat_tells_files_from_directories() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a/b.txt", "hello").await;
    let file = folder.stat(&path("a/b.txt")).await.unwrap();
    assert!(matches!(file.kind, EntryKind::File { size: 5, .. }));
    assert!(folder.stat(&path("a")).await.unwrap().is_directory());
    assert_eq!(folder.stat(&path("x")).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(folder.stat(&path("a/b")).await.unwrap_err().kind(), ErrorKind::NotFound);
}
