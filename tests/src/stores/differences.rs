//! What is known of each store: checks of the conformance suite that it fails, or fails now and
//! then, each with the reason. Anything else that it does otherwise fails a test.

use std::collections::BTreeSet;
use std::str::FromStr;

/// Which program serves a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `minio/minio`.
    MinIo,
    /// `weed server -s3`.
    SeaweedFs,
    /// `ministack`.
    Ministack,
    /// `moto_server`.
    Moto,
    /// `juicefs gateway`.
    JuiceFs,
    /// `rclone serve s3`.
    Rclone,
    /// Any other: nothing is known to differ.
    Unknown,
}

const ALL: [Kind; 6] = [Kind::MinIo, Kind::SeaweedFs, Kind::Ministack, Kind::Moto, Kind::JuiceFs, Kind::Rclone];

/// RELEASE.2025-09-07.
const MINIO: &[&str] = &[
    // It lists those of exactly one key.
    "unfinished uploads are listed below a prefix",
];

/// SeaweedFS 4.48.
const SEAWEEDFS: &[&str] = &[
    // Its Complete checks conditions, but not in one step with the commit.
    "of many completes if absent one wins",
    "of many completes if matching one wins",
    // Of two parts of one number its list may name either.
    "a part put again replaces the first",
];

/// ministack 1.5.33.
const MINISTACK: &[&str] = &[
    // A put without tags leaves those of the object before it.
    "an overwrite clears tags",
    // CreateMultipartUpload ignores its tags, also where a copy is made of parts.
    "an upload carries its attributes",
    "a copy if absent spares what is there",
    "a large object is copied",
    // Complete looks neither at the order of the parts nor at their sizes.
    "parts in the wrong order do not complete",
    "parts that are too small do not complete",
];

/// moto 5.1.22: a mock in memory. It takes no lock between looking and writing, so it is no store for
/// more than one replica.
const MOTO: &[&str] = &[
    // When many write one object at once, an update is lost or two win, now and then.
    "of many puts if absent one wins",
    "of many copies if absent one wins",
    "no update is lost",
    // Its Complete checks `If-None-Match` only, and that without a lock.
    "of many completes if absent one wins",
    "of many completes if matching one wins",
    // It fails at an empty set of tags.
    "tags are replaced and bytes stay",
    // CopyObject ignores `x-amz-copy-source-if-match`.
    "a copy of what changed is refused",
    "a large object is copied",
    // It says of every upload that it began in 2010.
    "unfinished uploads are listed by key",
    // Complete does not look at the order of the parts.
    "parts in the wrong order do not complete",
    // It fails at a part of an upload that is not there.
    "an aborted upload is gone, twice",
    "an upload that never was is no such upload",
    // It finds an upload by its id alone.
    "an upload belongs to its key",
];

impl Kind {
    /// As `FOLDERBRIDGE_TEST_S3_KIND` names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MinIo => "minio",
            Self::SeaweedFs => "seaweedfs",
            Self::Ministack => "ministack",
            Self::Moto => "moto",
            Self::JuiceFs => "juicefs",
            Self::Rclone => "rclone",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it takes no lock between looking and writing. Trying that out, one is refused now and then,
    /// and rightly: whoever wants to try the rest of it takes it nevertheless.
    #[must_use]
    pub const fn is_racy(self) -> bool {
        matches!(self, Self::Moto)
    }

    /// Names of the checks that it is known to fail.
    #[must_use]
    pub fn known(self) -> BTreeSet<&'static str> {
        let known = match self {
            Self::SeaweedFs => SEAWEEDFS,
            Self::Ministack => MINISTACK,
            Self::Moto => MOTO,
            Self::MinIo => MINIO,
            Self::JuiceFs | Self::Rclone | Self::Unknown => &[],
        };
        known.iter().copied().collect()
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = ALL.into_iter().chain([Self::Unknown]).find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("no store `{text}` is known: use one of {:?}", ALL.map(Self::name)))
    }
}
