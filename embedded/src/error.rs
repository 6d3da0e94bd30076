//! Errors: why the store cannot be opened, and how a failure inside becomes an S3 answer.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, s3_error};

/// Why a store cannot be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process (or another `LocalStore` of this one) has the directory open.
    Locked(PathBuf),
    /// A newer version of this program wrote the index.
    Newer {
        /// The directory of the store.
        dir: PathBuf,
        /// The version found in its index.
        found: i64,
    },
    /// There are blobs, but the index that names them is not there or is empty.
    NoIndex(PathBuf),
    /// The operating system refused something.
    Io(PathBuf, io::Error),
    /// The index cannot be opened or is damaged.
    Index(PathBuf, rusqlite::Error),
}

impl OpenError {
    /// Names the path that `error` was about.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |error| Self::Io(path, error)
    }

    /// Names the directory whose index failed.
    pub(crate) fn index(dir: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let dir = dir.to_path_buf();
        move |error| Self::Index(dir, error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked(dir) => write!(f, "the store in `{}` is in use by another process", dir.display()),
            Self::Newer { dir, found } => {
                write!(f, "the store in `{}` was written by a newer version (index version {found})", dir.display())
            }
            Self::NoIndex(dir) => write!(
                f,
                "the store in `{}` has blobs but no index that names them: put `index.sqlite` and `index.sqlite-wal` \
                 back from a backup, or move `blobs` away to begin with an empty store",
                dir.display()
            ),
            Self::Io(path, error) => write!(f, "cannot use `{}`: {error}", path.display()),
            Self::Index(dir, error) => write!(f, "cannot open the index of the store in `{}`: {error}", dir.display()),
        }
    }
}

impl std::error::Error for OpenError {}

/// A statement on the index failed: the caller cannot help it.
pub(crate) fn index_failed(error: rusqlite::Error) -> S3Error {
    S3Error::internal_error(error)
}

/// A file could not be written or read: the caller cannot help it.
pub(crate) fn file_failed(error: io::Error) -> S3Error {
    S3Error::internal_error(error)
}

/// The store was closed while requests were still coming.
pub(crate) fn closed() -> S3Error {
    s3_error!(ServiceUnavailable, "the store is closed")
}

/// A blocking task panicked or was cancelled by the end of the runtime.
pub(crate) fn task_failed(error: tokio::task::JoinError) -> S3Error {
    S3Error::with_source(S3ErrorCode::InternalError, Box::new(error))
}

/// An answer whose code the protocol layer has no name for.
pub(crate) fn custom(code: &'static str, status: StatusCode, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(status);
    error
}
