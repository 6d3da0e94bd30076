//! The core's one error type, sorted by what the caller should do next.

use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a verb of the core answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// Why a verb did not do what was asked. Its message may be shown to the client; its source is
/// for the log only.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    subject: Subject,
    message: String,
    missing: Vec<std::ops::Range<u64>>,
    source: Option<BoxError>,
}

/// What the caller can do about an error. Every dialect matches on it without a wildcard, so a
/// new kind does not compile until each has said how it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nobody is known by these credentials.
    Unauthenticated,
    /// There is no such thing, or it is not for this account to know.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// The account may see the thing and may not do this to it.
    Forbidden,
    /// The request can never succeed as it stands.
    Invalid,
    /// The thing is not in the state that the request needs.
    Conflict,
    /// Something else is at work on the thing; the same request may succeed soon.
    Busy,
    /// More bytes than are taken.
    TooLarge,
    /// A limit of the folder or the account is reached.
    OverQuota,
    /// Too many requests.
    RateLimited,
    /// The store did not answer, or its answer was lost: the outcome may be unknown.
    Unavailable,
    /// A fault of this program or of what it found in the bucket.
    Internal,
}

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An account or its credentials.
    Account,
    /// A folder.
    Folder,
    /// A file or a directory in a folder.
    File,
    /// An unfinished upload.
    Upload,
    /// An invitation.
    Invitation,
    /// Work that goes on in the background.
    Job,
    /// The request itself.
    Request,
}

impl Error {
    /// An error whose message (lower case, no full stop, things in backticks) the client may read.
    #[must_use]
    pub fn new(kind: ErrorKind, subject: Subject, message: impl Into<String>) -> Self {
        Self { kind, subject, message: message.into(), missing: Vec::new(), source: None }
    }

    /// A request that can never succeed.
    #[must_use]
    pub fn invalid(subject: Subject, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, subject, message)
    }

    /// A fault that the client cannot mend: it reads a fixed sentence, the log gets `source`.
    #[must_use]
    pub fn internal(subject: Subject, source: impl Into<BoxError>) -> Self {
        Self::new(ErrorKind::Internal, subject, "internal error").caused_by(source)
    }

    /// The same error with what caused it, for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error with the byte ranges (end exclusive) that an upload still misses.
    #[must_use]
    pub fn with_missing(mut self, missing: Vec<std::ops::Range<u64>>) -> Self {
        self.missing = missing;
        self
    }

    /// What the caller can do.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What it is about.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// What the client may read.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Byte ranges (end exclusive) that an upload still misses; empty for every other error.
    #[must_use]
    pub fn missing(&self) -> &[std::ops::Range<u64>] {
        &self.missing
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
