//! Writes a file whose bytes come as one stream. Readers see the old file or the new one.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::recheck::Gate;
use super::{FileMeta, Overwrite, STAMP, already_exists};
use crate::access::{Folder, Writes};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::Stamp;
use crate::path::FilePath;
use crate::store::{Attributes, Body, BodyStream, ObjectMeta, StoreError, StoreErrorKind};
use crate::usage::Charged;

/// The most bytes that one PUT takes.
const MAX_PUT: u64 = 5 * 1024 * 1024 * 1024;

/// How to write a file.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// What to do with a file that is there.
    pub overwrite: Overwrite,
    /// Its content type.
    pub content_type: Option<String>,
}

impl<A: Writes> Folder<A> {
    /// Writes the file at `path`. A body that breaks off, or has another length than announced,
    /// leaves what was there.
    ///
    /// A crash before the store has the last byte leaves a charge for nothing, which the next
    /// reader of the usage counts away; after it, the file.
    ///
    /// # Errors
    /// `AlreadyExists` under [`Overwrite::No`]; `Conflict` when a directory has that name or a file
    /// is above it; `Busy` while what was moved away from there is still on its way; `Invalid` for a broken body; `NotFound` when the folder was deleted
    /// or is not shared any more when the last bytes come, `Forbidden` and `Unauthenticated` likewise;
    /// `Unavailable` when nobody can tell whether it was written.
    pub async fn write(
        &self,
        path: &FilePath,
        length: Option<u64>,
        body: BodyStream,
        options: WriteOptions,
    ) -> Result<FileMeta> {
        match length {
            Some(length) if length <= MAX_PUT => {
                let gate = Gate::default();
                let written = self.put(path, Body::once(length, gate.around(self, length, body)), options).await;
                gate.refusal().map_or(written, Err)
            }
            _ => self.upload_stream(path, length, body, options).await,
        }
    }

    /// As [`Folder::write`], of bytes that are all there: a store that fails is asked again, which a stream cannot
    /// be sent for.
    ///
    /// # Errors
    /// As [`Folder::write`].
    pub async fn write_bytes(&self, path: &FilePath, bytes: Bytes, options: WriteOptions) -> Result<FileMeta> {
        self.still_granted().await?;
        self.put(path, bytes.into(), options).await
    }

    /// Writes a file that one PUT can take.
    pub(crate) async fn put(&self, path: &FilePath, body: Body, options: WriteOptions) -> Result<FileMeta> {
        let began = self.bucket().clock().elapsed();
        let writing = self.begin_write_over(path, options.overwrite).await?;
        if options.overwrite == Overwrite::No && writing.existing().is_some() {
            return Err(already_exists(path));
        }
        let size = body.size();
        let charged = self.charge(writing, size).await?;
        let stamp = Stamp::random(self.bucket().random());
        let attributes = stamped(&stamp, options.content_type.clone(), BTreeMap::new());
        let condition = options.overwrite.condition();
        let written = match self.bucket().store().put(&self.key(path), body, attributes, condition).await {
            Ok(etag) => {
                charged.settle();
                let modified = self.bucket().clock().now();
                FileMeta { size, etag, modified, content_type: options.content_type }
            }
            Err(error) => self.prove(path, &stamp, charged, error).await.map(FileMeta::from)?,
        };
        self.keep_if_live(&self.key(path)).await?;
        self.wait_if_moved_since(began, path).await?;
        Ok(written)
    }

    /// What became of a write or copy that answered `error`: the file when it bears the stamp.
    pub(super) async fn prove(
        &self,
        path: &FilePath,
        stamp: &Stamp,
        charged: Charged,
        error: StoreError,
    ) -> Result<ObjectMeta> {
        // A store refuses the second sending of what it took the first time: look at that too.
        if error.is_unknown() || error.is_lost_race() {
            let there = self.head(path).await?;
            if let Some(meta) = there.filter(|meta| bears(meta, stamp)) {
                charged.settle();
                return Ok(meta);
            }
        }
        if error.is_unknown() {
            // It may still come to be: `charged` is dropped without a word and stays charged.
            return Err(error.about(Subject::File));
        }
        charged.cancel();
        Err(refused(path, error))
    }
}

fn refused(path: &FilePath, error: StoreError) -> Error {
    match error.kind() {
        StoreErrorKind::PreconditionFailed => already_exists(path).caused_by(error),
        StoreErrorKind::Conflict => {
            let message = format!("`{path}` is being written by someone else: try again");
            Error::new(ErrorKind::Busy, Subject::File, message).caused_by(error)
        }
        _ => error.about(Subject::File),
    }
}

/// What is stored beside the bytes of a file: its own metadata and our stamp.
pub(super) fn stamped(
    stamp: &Stamp,
    content_type: Option<String>,
    mut metadata: BTreeMap<String, String>,
) -> Attributes {
    metadata.insert(STAMP.to_owned(), stamp.as_str().to_owned());
    Attributes { content_type, metadata, tags: BTreeMap::new() }
}

/// Whether `meta` was written by the write that bears `stamp`.
pub(super) fn bears(meta: &ObjectMeta, stamp: &Stamp) -> bool {
    meta.metadata.get(STAMP).is_some_and(|found| found == stamp.as_str())
}
