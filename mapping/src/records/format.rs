//! `.folderbridge/format`: which layout the bucket has, and which master keys belong to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::AccountId;
use crate::manifest::Document;
use crate::seal::{KeyId, Sealed};
use crate::store::probe::Verdict;

/// What every process reads before it touches anything else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FormatRecord {
    /// The version of the layout as a whole.
    pub(crate) layout: u32,
    /// A known text sealed with each master key in use: tells a wrong key before it seals anything.
    pub(crate) key_checks: BTreeMap<KeyId, Sealed>,
    /// What the store was found to do when it was first used.
    #[serde(default)]
    pub(crate) probe: Option<Verdict>,
}

impl Document for FormatRecord {
    const KIND: &'static str = "format";

    fn owner(&self) -> Option<AccountId> {
        None
    }

    fn state(&self) -> &'static str {
        "live"
    }
}
