//! Identities. Each kind is a type of its own, so one cannot be passed for another.

mod invitation;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use invitation::InvitationId;
pub(crate) use invitation::InvitationMark;

use crate::error::{Error, Subject};
use crate::random::Random;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $subject:expr, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one; never used before and never used again.
            #[must_use]
            pub fn random(random: &dyn Random) -> Self {
                Self(random.uuid())
            }

            /// The bare UUID.
            #[must_use]
            pub const fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            /// The hyphenated form, in lower case.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            /// Takes a UUID with or without hyphens, in either case.
            fn from_str(text: &str) -> Result<Self, Error> {
                let plain = matches!(text.len(), 32 | 36).then(|| Uuid::try_parse(text).ok()).flatten();
                plain.map(Self).ok_or_else(|| Error::invalid($subject, concat!("not a valid ", $what, " id: a UUID is expected")))
            }
        }
    };
}

uuid_id!(
    /// An account.
    AccountId, Subject::Account, "account"
);
uuid_id!(
    /// A folder.
    FolderId, Subject::Folder, "folder"
);
uuid_id!(
    /// Work on a tree of files; a job, once it outlasts its request.
    JobId, Subject::Job, "job"
);
uuid_id!(
    /// A running process: names its bundles and leases; never used again after a restart.
    ReplicaId, Subject::Request, "replica"
);

/// An unfinished upload.
///
/// * exactly 20 digits and letters, so it stands unescaped in every URL and header, and `:`, `]`
///   and `/` can end it;
/// * random, never used again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UploadId(String);

/// Length of an [`UploadId`]: 119 random bits.
const UPLOAD_ID_LENGTH: usize = 20;

impl UploadId {
    /// A new one.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        Self(random.alphanumeric(UPLOAD_ID_LENGTH))
    }

    /// The 20 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UploadId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let valid = text.len() == UPLOAD_ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !valid {
            return Err(Error::invalid(Subject::Upload, "not a valid upload id: 20 digits and letters are expected"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for UploadId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A write stamp: random, one per attempt group. Found on an object or in a document, it proves
/// whose write made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(String);

impl Stamp {
    /// A new one.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        Self(random.alphanumeric(16))
    }

    /// The stamp of the copy that `job` makes of the version `version` of a file: whoever goes on
    /// with the job after a crash knows it again.
    #[must_use]
    pub fn of_copy(job: JobId, version: &str) -> Self {
        let digest = hex::encode(Sha256::digest(version.as_bytes()));
        Self(format!("{}{}", Self::copies_of(job), &digest[..16]))
    }

    /// Whether `text` is the stamp of a copy that `job` made of any version.
    #[must_use]
    pub fn is_copy_of(text: &str, job: JobId) -> bool {
        text.len() == 48 && text.starts_with(&Self::copies_of(job))
    }

    fn copies_of(job: JobId) -> String {
        job.0.as_simple().to_string()
    }

    /// The stamp as text, as it stands in an object's metadata.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn ids_survive_text() {
        let account = AccountId::random(&SystemRandom);
        assert_eq!(account.to_string().parse::<AccountId>().unwrap(), account);
        let plain = account.uuid().as_simple().to_string();
        assert_eq!(plain.parse::<AccountId>().unwrap(), account);
        let upload = UploadId::random(&SystemRandom);
        assert_eq!(upload.as_str().parse::<UploadId>().unwrap(), upload);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "x", "{00000000-0000-4000-8000-000000000000}", "urn:uuid:00000000-0000-4000-8000-000000000000"]
        {
            assert!(text.parse::<FolderId>().is_err(), "{text}");
        }
        for text in ["", "short", "twenty-characters-xx", "12345678901234567890a", "1234567890123456789é"] {
            assert!(text.parse::<UploadId>().is_err(), "{text}");
        }
    }
}
