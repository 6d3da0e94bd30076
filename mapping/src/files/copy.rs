//! Copies and moves one file inside a folder. The bytes never leave the store.

use super::write::stamped;
use super::{FileMeta, already_exists};
use crate::access::{Deletes, Folder, Writes};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::Stamp;
use crate::path::{DirPath, FilePath};
use crate::store::{Condition, CopyRequest, ETag, ObjectMeta};

/// What to do with a file that is already at the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// Replace it.
    #[default]
    Yes,
    /// Refuse.
    No,
}

impl Overwrite {
    pub(crate) const fn condition(self) -> Condition {
        match self {
            Self::Yes => Condition::Always,
            Self::No => Condition::Absent,
        }
    }
}

/// A finished copy, and the file that it was made of.
struct Copied {
    source: ETag,
    copy: FileMeta,
}

impl<A: Writes> Folder<A> {
    /// Copies the file at `from` to `to`, with its content type and metadata.
    ///
    /// A crash leaves the copy or a charge for nothing, which is counted away.
    ///
    /// # Errors
    /// `NotFound` when there is no file at `from`; `Invalid` when both are one path; `AlreadyExists`
    /// under [`Overwrite::No`]; `Conflict` when a directory has the target's name or a file is above
    /// it, or when the source changes meanwhile; `NotFound` also when the folder was deleted meanwhile.
    pub async fn copy_file(&self, from: &FilePath, to: &FilePath, overwrite: Overwrite) -> Result<FileMeta> {
        Ok(self.copy_once(from, to, overwrite).await?.copy)
    }

    async fn copy_once(&self, from: &FilePath, to: &FilePath, overwrite: Overwrite) -> Result<Copied> {
        if from == to {
            return Err(Error::invalid(Subject::File, format!("`{from}` cannot be put onto itself")));
        }
        self.refuse_under_way(from).await?;
        let began = self.bucket().clock().elapsed();
        let Some(source) = self.head_settled(from).await? else { return Err(self.why_not(from).await) };
        let writing = self.begin_write_over(to, overwrite).await?;
        if overwrite == Overwrite::No && writing.existing().is_some() {
            return Err(already_exists(to));
        }
        let charged = self.charge(writing, source.size).await?;
        let stamp = Stamp::random(self.bucket().random());
        let request = CopyRequest {
            from: self.key(from),
            from_etag: Some(source.etag.clone()),
            to: self.key(to),
            size: source.size,
            attributes: stamped(&stamp, source.content_type.clone(), source.metadata.clone()),
        };
        let copy = match self.bucket().store().copy(request, overwrite.condition()).await {
            Ok(etag) => {
                charged.settle();
                let modified = self.bucket().clock().now();
                FileMeta { size: source.size, etag, modified, content_type: source.content_type }
            }
            Err(error) => match self.prove(to, &stamp, charged, error).await {
                Ok(meta) => meta.into(),
                Err(error) => return Err(self.source_changed(from, &source, error).await),
            },
        };
        self.keep_if_live(&self.key(to)).await?;
        self.wait_if_moved_since(began, to).await?;
        Ok(Copied { source: source.etag, copy })
    }

    /// A failed condition of a copy is the source's or the target's: the store does not say which.
    async fn source_changed(&self, from: &FilePath, source: &ObjectMeta, error: Error) -> Error {
        if error.kind() != ErrorKind::AlreadyExists {
            return error;
        }
        match self.head(from).await {
            Ok(Some(now)) if now.etag == source.etag => error,
            Ok(_) => changed(from).caused_by(error),
            Err(error) => error,
        }
    }
}

impl<A: Deletes> Folder<A> {
    /// Moves the file at `from` to `to`: copies it, then removes the source. The directory it was
    /// in stays.
    ///
    /// A crash after the copy leaves both files; never none.
    ///
    /// # Errors
    /// As [`Folder::copy_file`]. `Conflict` also when the source is replaced between the two steps:
    /// then both files are there.
    pub async fn move_file(&self, from: &FilePath, to: &FilePath, overwrite: Overwrite) -> Result<FileMeta> {
        let copied = self.copy_once(from, to, overwrite).await?;
        let charged = self.charge_removal().await?;
        // Not every store looks at a delete's condition, so look as late as possible as well.
        match self.head(from).await? {
            Some(now) if now.etag == copied.source => {
                self.delete_file(from, Condition::Matches(copied.source), charged).await?;
                self.keep_directory(&from.parent()).await;
            }
            Some(_) => {
                charged.cancel();
                return Err(changed(from));
            }
            None => {
                charged.cancel();
                // Otherwise someone removed it already, and it is where it should be.
                self.refuse_moved(&DirPath::at(from.clone())).await?;
            }
        }
        Ok(copied.copy)
    }
}

fn changed(path: &FilePath) -> Error {
    Error::new(ErrorKind::Conflict, Subject::File, format!("`{path}` was changed by someone else meanwhile"))
}
