//! What a store is known to do beyond what every store must.

use serde::{Deserialize, Serialize};

/// What a store does. Where it does not, `s3` takes a detour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// CopyObject checks a condition on its target (MinIO and moto ignore it).
    #[serde(default)]
    pub conditional_copy: bool,
    /// DeleteObject checks `If-Match` (MinIO ignores it).
    #[serde(default)]
    pub conditional_delete: bool,
    /// CompleteMultipartUpload checks both conditions (moto ignores `If-Match`).
    #[serde(default)]
    pub conditional_complete: bool,
    /// Objects have tags (R2 has none).
    #[serde(default)]
    pub tags: bool,
    /// DeleteObjects removes many in one request (old forks of MinIO refuse its checksum).
    #[serde(default = "of_course")]
    pub bulk_delete: bool,
}

/// What no verdict of before says, because no store was taken that does not.
const fn of_course() -> bool {
    true
}

impl Capabilities {
    /// What may be relied on before a store was probed.
    #[must_use]
    pub const fn unproved() -> Self {
        Self {
            conditional_copy: false,
            conditional_delete: false,
            conditional_complete: true,
            tags: true,
            bulk_delete: true,
        }
    }

    /// All of it, as AWS does.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            conditional_copy: true,
            conditional_delete: true,
            conditional_complete: true,
            tags: true,
            bulk_delete: true,
        }
    }
}
