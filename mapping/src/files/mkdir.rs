//! Makes directories, and keeps those that lost their last entry.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::try_join;

use super::moves::Lies;
use super::write::{bears, stamped};
use super::{CONFLICT_PAUSE, CONFLICTS, already_exists};
use crate::access::{Folder, Writes};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::Stamp;
use crate::key::ObjectKey;
use crate::path::{DirPath, FilePath};
use crate::store::{Body, Condition, StoreError, StoreErrorKind};

/// What most tools give a directory's marker.
const MARKER_TYPE: &str = "application/x-directory";

/// A marker that is there, or is not as far as is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Ours,
    Theirs,
    Nobodys,
}

/// What to do when the directory above a new one is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parents {
    /// It comes to be with the new one, which implies it.
    Create,
    /// Refuse.
    Require,
}

impl<A: Writes> Folder<A> {
    /// Makes the directory `path`. Of two at the same time one is told `AlreadyExists`.
    ///
    /// One write: a crash leaves the directory or nothing.
    ///
    /// # Errors
    /// `AlreadyExists` when the directory is there, marked or implied; `Conflict` when a file has
    /// that name or is above it; `Invalid` under [`Parents::Require`] when the directory above it
    /// is missing, and for a name that no new directory can have.
    pub async fn mkdir(&self, path: &FilePath, parents: Parents) -> Result<()> {
        path.check_new_directory()?;
        self.look_afresh().await?;
        self.wait_until_free(path).await?;
        self.vouch_for(path.as_str().len()).await?;
        let looks = (self.head(path), self.is_directory(path), self.look_above(path), self.has_parent(path, parents));
        let (file, directory, (), parent) = try_join!(looks.0, looks.1, looks.2, looks.3)?;
        if file.is_some() {
            return Err(super::is_a_file(path));
        }
        if directory {
            return Err(already_exists(path));
        }
        if !parent {
            return Err(Error::invalid(Subject::File, format!("the parent directory of `{path}` does not exist")));
        }
        self.put_marker(path).await
    }

    async fn has_parent(&self, path: &FilePath, parents: Parents) -> Result<bool> {
        match (parents, path.parent().path()) {
            (Parents::Create, _) | (Parents::Require, None) => Ok(true),
            (Parents::Require, Some(parent)) => self.is_directory(parent).await,
        }
    }

    pub(super) async fn put_marker(&self, path: &FilePath) -> Result<()> {
        self.put_marker_at(&ObjectKey::marker(self.prefix(), path)).await.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => already_exists(path).caused_by(error),
            _ => error,
        })
    }

    pub(super) async fn put_marker_at(&self, key: &ObjectKey) -> Result<()> {
        let stamp = Stamp::random(self.bucket().random());
        let attributes = stamped(&stamp, Some(MARKER_TYPE.to_owned()), BTreeMap::new());
        for attempt in 1.. {
            let body = Body::from(Bytes::new());
            let put = self.bucket().store().put(key, body, attributes.clone(), Condition::Absent).await;
            let Err(error) = put else { break };
            match self.whose_marker(key, &stamp, &error).await? {
                Marker::Ours => break,
                Marker::Theirs => {
                    let message = format!("`{key}` already exists");
                    return Err(Error::new(ErrorKind::AlreadyExists, Subject::File, message).caused_by(error));
                }
                // A store that says 409 has done nothing, and wants to be asked again.
                Marker::Nobodys if error.kind() == StoreErrorKind::Conflict && attempt < CONFLICTS => {
                    tokio::time::sleep(CONFLICT_PAUSE * attempt).await;
                }
                Marker::Nobodys => return Err(error.about(Subject::File)),
            }
        }
        Ok(())
    }

    /// Whose marker is there after its writing answered `error`.
    async fn whose_marker(&self, key: &ObjectKey, stamp: &Stamp, error: &StoreError) -> Result<Marker> {
        if !error.is_unknown() && !error.is_lost_race() {
            return Ok(Marker::Nobodys);
        }
        match self.bucket().store().head(key).await {
            Ok(meta) if bears(&meta, stamp) => Ok(Marker::Ours),
            Ok(_) => Ok(Marker::Theirs),
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(Marker::Nobodys),
            // Nobody can tell: to be asked again.
            Err(error) => Err(error.about(Subject::File)),
        }
    }

    /// Puts a marker where `directory` has lost its last entry, so that it stays.
    ///
    /// Runs after the entry is gone: looking before would let two deletes of the last two entries
    /// each see the other's. A crash in between lets an implied directory vanish with its last
    /// entry; a directory that is removed at the same moment may come back, empty. Failing here
    /// does not undo the delete, so it is not the delete's failure.
    pub(super) async fn keep_directory(&self, directory: &DirPath) {
        let Some(path) = directory.path() else { return };
        if self.view().await.is_ok_and(|record| record.lies(path) == Lies::Away) {
            return;
        }
        let kept = match self.is_directory(path).await {
            Ok(true) => return,
            Ok(false) => self.put_marker(path).await,
            Err(error) => Err(error),
        };
        if let Err(error) = kept
            && error.kind() != ErrorKind::AlreadyExists
        {
            tracing::warn!(folder.id = %self.id(), error = %error, "an emptied directory was not kept");
        }
    }
}
