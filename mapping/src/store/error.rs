//! What a store can answer instead of what was asked.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{Error, ErrorKind, Subject};

/// What an [`ObjectStore`](super::ObjectStore) answers.
pub type StoreResult<T> = Result<T, StoreError>;

/// A store's refusal or failure. Not shown to clients: [`StoreError::about`] makes what is.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Sorted by what the caller can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreErrorKind {
    /// No such object.
    NotFound,
    /// No such multipart upload: never made, finished, aborted, or dropped by the store.
    NoSuchUpload,
    /// The condition does not hold. (Also `If-Match` on a missing key: AWS and MinIO say 404, SeaweedFS 412.)
    PreconditionFailed,
    /// Racing conditional writes: AWS answers 409; look again.
    Conflict,
    /// A completed part is missing, has another ETag, or is too small.
    InvalidPart,
    /// The range starts at or past the end.
    InvalidRange,
    /// The store refuses the request as it stands: key, size, header.
    Refused,
    /// Credentials or policy do not allow it.
    AccessDenied,
    /// There is no such bucket.
    NoSuchBucket,
    /// The body that the caller gave failed, or was shorter or longer than announced.
    BadBody,
    /// Throttled, timed out, cut off, 5xx, after all retries. A write may have been done.
    Unavailable,
}

impl StoreError {
    /// An error with a message for the log.
    #[must_use]
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the caller can do.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What went wrong, for the log and for whoever starts the program.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether a write that answered this may have been done.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable)
    }

    /// Whether the condition of a write did not hold, as far as the store can tell.
    #[must_use]
    pub const fn is_lost_race(&self) -> bool {
        matches!(self.kind, StoreErrorKind::PreconditionFailed | StoreErrorKind::Conflict)
    }

    /// What a client may read of it, where the caller has no better sentence.
    #[must_use]
    pub fn about(self, subject: Subject) -> Error {
        let (kind, message) = match self.kind {
            StoreErrorKind::NotFound => (ErrorKind::NotFound, "no such file"),
            StoreErrorKind::NoSuchUpload => {
                (ErrorKind::NotFound, "the store no longer has this upload: start it again")
            }
            StoreErrorKind::PreconditionFailed | StoreErrorKind::Conflict => {
                (ErrorKind::Conflict, "it was changed by someone else meanwhile")
            }
            StoreErrorKind::InvalidRange => (ErrorKind::Invalid, "the range lies outside the file"),
            StoreErrorKind::Refused => (ErrorKind::Invalid, "the store refuses this name or size"),
            StoreErrorKind::BadBody => (ErrorKind::Invalid, "the body ended early or was cut off"),
            StoreErrorKind::Unavailable => (ErrorKind::Unavailable, "the store does not answer: try again"),
            StoreErrorKind::InvalidPart | StoreErrorKind::AccessDenied | StoreErrorKind::NoSuchBucket => {
                (ErrorKind::Internal, "internal error")
            }
        };
        Error::new(kind, subject, message).caused_by(self)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
