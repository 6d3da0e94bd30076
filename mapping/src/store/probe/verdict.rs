//! What a bucket remembers of a probe, and whether it is enough to serve.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::store::Capabilities;
use crate::store::operation::Operation;

/// What every store must keep. Without it, two replicas, or one that is restarted, lose data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// `If-None-Match: *` on a put: one of two creators learns that it was second.
    CreateOnce,
    /// `If-Match` on a put: nobody overwrites what they have not seen.
    ReplaceWhatWasRead,
    /// Metadata comes back as it was put.
    KeepMetadata,
    /// A range is answered with that range.
    ReadRanges,
    /// ListObjectsV2 pages, folds by a delimiter and starts after a key.
    ListPages,
    /// A multipart upload becomes the object that its parts are.
    JoinParts,
    /// What has spaces or signs in its name is copied like anything else.
    CopyAnyName,
    /// Every call that the bridge makes is there.
    KnowEveryCall,
}

impl Promise {
    /// What is lost without it, for the person who chose the store.
    pub(super) const fn consequence(self) -> &'static str {
        match self {
            Self::CreateOnce => {
                "it ignores `If-None-Match: *` on writes, so two folders of one name could overwrite each other"
            }
            Self::ReplaceWhatWasRead => {
                "it ignores `If-Match` on writes, so two changes of one folder could overwrite each other"
            }
            Self::KeepMetadata => {
                "it does not give metadata back, so a write whose answer was lost could not be told from another's"
            }
            Self::ReadRanges => "it ignores `Range`, so a download could not be resumed",
            Self::ListPages => "it does not list page by page, so files could be missing from a listing",
            Self::JoinParts => "its multipart uploads do not become what was uploaded, so large files would be lost",
            Self::CopyAnyName => "it does not copy every file name, so files could be neither copied nor moved",
            Self::KnowEveryCall => "it does not have a call that serving needs (`folderbridge doctor` says which)",
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.consequence())
    }
}

/// What the probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Which store was tried: see [`S3Store::identity`](crate::store::s3::S3Store::identity). Empty
    /// where that was not noted.
    #[serde(default)]
    pub store: String,
    /// What the store does beyond the promises.
    #[serde(default = "Capabilities::unproved")]
    pub capabilities: Capabilities,
    /// The promises that it breaks.
    #[serde(default)]
    pub broken: Vec<Promise>,
    /// What these credentials may not do. Not kept: others may come.
    #[serde(skip)]
    pub denied: Vec<Operation>,
    /// Whether the store failed before everything was tried. Then it is good for refusals only.
    #[serde(skip)]
    pub incomplete: bool,
}

impl Verdict {
    /// Why this store is refused, as a sentence; `None` when it will do.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        if let Some(denied) = self.missing_permissions() {
            return Some(denied);
        }
        (!self.broken.is_empty()).then(|| format!("this store will not do: {}", self.reasons()))
    }

    /// What is lost by the promises that it breaks, in words; empty when it keeps them.
    #[must_use]
    pub fn reasons(&self) -> String {
        self.broken.iter().map(|promise| promise.consequence()).collect::<Vec<_>>().join("; and ")
    }

    fn missing_permissions(&self) -> Option<String> {
        let mut actions: Vec<_> = self.denied.iter().map(|operation| format!("`{}`", operation.iam_action())).collect();
        actions.sort();
        actions.dedup();
        (!actions.is_empty()).then(|| {
            let actions = actions.join(", ");
            format!("these credentials lack {actions}: allow it, and see `folderbridge doctor` for what needs it")
        })
    }

    /// Whether the promises that it breaks are only such as matter between several writers, so
    /// that one replica that takes locks in its own memory can live without them.
    #[must_use]
    pub fn suits_single_writer(&self) -> bool {
        self.denied.is_empty()
            && !self.incomplete
            && self.broken.iter().all(|promise| matches!(promise, Promise::CreateOnce | Promise::ReplaceWhatWasRead))
    }

    /// What is worse than on a store that does everything, a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let Capabilities { conditional_copy, conditional_delete, conditional_complete, tags, bulk_delete } =
            self.capabilities;
        let mut warnings = Vec::new();
        if !tags {
            warnings.push("it has no object tags: policies and cost reports cannot tell data from control objects");
        }
        if !conditional_complete {
            warnings.push(
                "it does not check conditions when a multipart upload completes: of two uploads that finish at the \
                 same moment, the later one wins",
            );
        }
        if !conditional_delete {
            warnings.push(
                "it does not check conditions on a delete: an overwrite in the same milliseconds may be deleted with it",
            );
        }
        if !conditional_copy {
            warnings.push("it does not check conditions on a copy: a copy that must not overwrite takes four requests");
        }
        if !bulk_delete {
            warnings.push("it does not delete many objects in one request: each of them takes one");
        }
        warnings
    }
}
